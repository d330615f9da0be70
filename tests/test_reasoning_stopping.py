"""Stopping early: never another verdict than that of the whole panel."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llm_reasonkit.reasoning.answers import AnswerForm, canonical, sameness
from llm_reasonkit.reasoning.stopping import is_decided, is_likely, lead_probability, next_wave
from llm_reasonkit.reasoning.voting import Ballot, Rule, decide

NUMBER = AnswerForm("number")
HALF = Rule(Decimal("0.5"))
HEAVY = {"m0": 9.0, "m1": 1.0, "m2": 1.0, "m3": 1.0, "m4": 1.0}


def panel(*said: str | None, families: str = "abcdefgh") -> list[Ballot]:
    """Members that said something, nothing (None) or are still pending (`?`)."""
    ballots = []
    for place, (answer, family) in enumerate(zip(said, families, strict=False)):
        status = "pending" if answer == "?" else "vote" if answer else "no_vote"
        value = canonical(answer, NUMBER) if status == "vote" else None
        ballots.append(Ballot(f"m{place}", family, status, value))
    return ballots


@pytest.mark.parametrize(
    ("said", "rule", "decided"),
    [
        (["12", "12", "?"], HALF, True),
        (["12", "12", "?"], Rule(), False),
        (["12", "17", "?"], HALF, False),
        (["12", "?", "?"], HALF, False),
        (["?", "?"], HALF, False),
        ([None, None, "?"], HALF, False),
        (["12", "12", "12", "?", "?"], Rule(Decimal("0.6")), True),
        (["12", "12", "12", "?", "?"], Rule(), False),
        (["12", "12", "12", "17", "?"], Rule(), False),
        (["12", "12", "12", "17", "17", "?"], Rule(), False),
        (["12", "12", "12", None, "17", "?"], Rule(), True),
        (["12", "17", "18"], Rule(), True),
        (["12", "12", "12", "?", "?"], Rule(weights={"m3": 9.0, "m0": 1.0}), False),
        (["12", "17", "18", "?", "?"], Rule(weights=HEAVY), True),
        (["12", "17", "18", "?", "?"], Rule(), False),
        (["42 dollars", "42", "42", "?"], HALF, False),
        (["3 guests", "3 guests", "3 guests", "3 people", "3 ducks", "?"], HALF, False),
    ],
)
def test_decided_is_what_no_pending_vote_can_change(
    said: list[str | None], rule: Rule, decided: bool
):
    """Winner and acceptance both have to be certain, though a vote may part what is joined."""
    assert is_decided(panel(*said), rule, NUMBER) is decided


def test_a_second_family_may_still_be_missing():
    """Three of one family are enough votes, but not accepted before another maker agrees."""
    ballots = panel("12", "12", "12", "?", "?", families="aaabb")
    assert not is_decided(ballots, Rule(Decimal("0.6")), NUMBER)


def test_members_kept_in_reserve_do_not_count():
    """With `of="asked"` two that agree are decided, whatever is not asked."""
    ballots = [*panel("12", "12"), Ballot("m2", "c", "not_asked")]
    assert is_decided(ballots, Rule(of="asked"), NUMBER)


@pytest.mark.parametrize(
    ("said", "rule", "count"),
    [
        (["?", "?", "?"], HALF, 2),
        (["?", "?", "?", "?", "?"], Rule(Decimal("0.6")), 3),
        (["?", "?", "?"], Rule(), 3),
        (["12", "?", "?"], HALF, 1),
        (["12", "17", "?"], HALF, 1),
        (["12", "12", "?"], HALF, 0),
        (["12", "17", "?", "?"], HALF, 2),
    ],
)
def test_a_wave_is_the_fewest_that_could_decide(said: list[str | None], rule: Rule, count: int):
    """No more members are asked at once than could settle it by agreeing."""
    waiting = [place for place, answer in enumerate(said) if answer == "?"]
    assert next_wave(panel(*said), rule, NUMBER) == waiting[:count]


def test_a_wave_holds_two_makers_where_one_alone_is_not_accepted():
    """Second comes the first member of another family; the others keep their places."""
    assert next_wave(panel("?", "?", "?", families="aab"), HALF, NUMBER) == [0, 2]
    assert next_wave(panel("12", "17", "?", "?", families="aaba"), HALF, NUMBER) == [2, 3]


def test_the_most_reliable_are_asked_first():
    """Two that are mostly right mostly agree; whoever is not known yet comes last."""
    known = Rule(Decimal("0.5"), strength={"m0": 0.6, "m1": 0.8, "m3": 0.9})
    assert next_wave(panel("?", "?", "?", "?", "?"), known, NUMBER) == [3, 1, 0]
    assert next_wave(panel("12", "17", "?", "?"), known, NUMBER) == [3, 2]
    assert next_wave(panel("?", "?", "?", "?", families="abaa"), known, NUMBER) == [3, 1, 0]


def test_a_member_that_is_not_counted_decides_nothing():
    """A vote that weighs nothing is no agreement, and cannot become one."""
    rule = Rule(Decimal("0.6"), weights={"m0": 0.0})
    assert not is_decided(panel("12", "12", "12", "?", "?"), rule, NUMBER)
    assert is_decided(panel("17", "12", "12", "12", "?"), rule, NUMBER)
    alone = Rule(weights={"m4": 0.0})
    assert is_decided(panel("12", "12", "12", "17", "?"), alone, NUMBER)


SAID = ["12", "17", "42 dollars", "42", "42 euros", None]


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.sampled_from(SAID), min_size=1, max_size=4),
    st.integers(1, 2),
    st.sampled_from(["0.34", "0.5", "0.6", "0.8", "1"]),
    st.sampled_from(
        [
            {},
            {"m0": 0.0, "m4": 0.0},
            {"m0": 2.5, "m1": 0.5, "m2": 0.5, "m3": 1.0, "m4": 1.0, "m5": 0.2},
        ]
    ),
)
def test_no_outcome_of_the_rest_changes_what_is_decided(
    said: list[str | None], left: int, threshold: str, weights: dict[str, float]
):
    """Every way in which the pending members may vote ends in the same winner and acceptance."""
    rule = Rule(Decimal(threshold), weights=weights)
    ballots = panel(*said, *["?"] * left)
    if not is_decided(ballots, rule, NUMBER):
        return
    now = decide(
        [replace(b, status="no_vote") if b.status == "pending" else b for b in ballots],
        rule,
        NUMBER,
    )
    for rest in product([*SAID, "99"], repeat=left):
        then = decide(panel(*said, *rest), rule, NUMBER)
        assert then.accepted == now.accepted
        assert now.winner is not None
        assert then.winner is not None
        assert sameness(now.winner.answer, then.winner.answer, NUMBER) == "same"


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.sampled_from(["12", "12", "17", "42 dollars", "42", None]), min_size=3, max_size=5),
    st.sampled_from(["0.5", "0.8"]),
    st.sampled_from([{}, HEAVY, {"m0": 0.0, "m1": 1.0, "m2": 1.0, "m3": 1.0, "m4": 1.0}]),
    st.permutations([f"m{place}" for place in range(5)]),
)
def test_whoever_is_asked_first_the_verdict_is_the_same(
    said: list[str | None], threshold: str, weights: dict[str, float], order: list[str]
):
    """Asked in waves, in any order, a panel comes to the winner and acceptance of all its votes."""
    strength = {member: place / 10 for place, member in enumerate(order)}
    rule, whole = Rule(Decimal(threshold), weights=weights, strength=strength), panel(*said)
    early = [replace(ballot, status="pending", answer=None) for ballot in whole]
    while wave := next_wave(early, rule, NUMBER):
        for index in wave:
            early[index] = whole[index]
    now, then = decide(early, rule, NUMBER), decide(whole, rule, NUMBER)
    assert now.accepted == then.accepted
    assert (now.winner is None) == (then.winner is None)
    if now.winner and then.winner:
        assert sameness(now.winner.answer, then.winner.answer, NUMBER) == "same"


@pytest.mark.parametrize(
    ("first", "second", "probability"),
    [
        (0, 0, Fraction(1, 2)),
        (1, 0, Fraction(3, 4)),
        (2, 0, Fraction(7, 8)),
        (4, 0, Fraction(31, 32)),
        (1, 1, Fraction(1, 2)),
    ],
)
def test_the_posterior_of_a_lead_is_exact(first: int, second: int, probability: Fraction):
    """After n unanimous samples it is 1 - 0.5 ** (n + 1)."""
    assert lead_probability(first, second) == probability


@pytest.mark.parametrize(
    ("counts", "likely"),
    [([], False), ([3], False), ([4], True), ([4, 1], False), ([8, 2], True), ([5, 5], False)],
)
def test_samples_stop_when_the_lead_is_likely(counts: list[int], likely: bool):
    """Four unanimous samples reach 0.95, three do not."""
    assert is_likely(counts) is likely


def test_the_certainty_can_be_chosen():
    """A lower certainty stops earlier."""
    assert is_likely([3], Fraction(9, 10))
