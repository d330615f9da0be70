"""Counting votes: plurality of valid ones, ties and strong members by rule, in every order."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llm_reasonkit.reasoning.answers import AnswerForm, canonical, read
from llm_reasonkit.reasoning.divergence import first_divergence
from llm_reasonkit.reasoning.families import distinct, family_of, model_key
from llm_reasonkit.reasoning.voting import Ballot, Rule, decide, needed_votes

NUMBER = AnswerForm("number")
HALF = Rule(threshold=Decimal("0.5"))


def ballot(member: str, said: str | None, family: str | None = None, **kwargs) -> Ballot:
    """A member of a family of its own that voted, or did not."""
    if said is None:
        return Ballot(member, family or member, "no_vote", reason="no answer found")
    if said in ("failed", "cancelled", "not_asked", "pending"):
        return Ballot(member, family or member, said)
    return Ballot(member, family or member, "vote", canonical(said, NUMBER), **kwargs)


def panel(*said: str | None) -> list[Ballot]:
    """Members a, b, c, … and what each said."""
    return [ballot(name, answer) for name, answer in zip("abcdefghij", said, strict=False)]


@pytest.mark.parametrize(
    ("threshold", "members", "needed"),
    [
        ("0.8", 2, 2),
        ("0.8", 3, 3),
        ("0.8", 4, 4),
        ("0.8", 5, 4),
        ("0.6", 5, 3),
        ("0.6", 3, 2),
        ("0.1", 10, 1),
        ("0.7", 10, 7),
        ("1", 3, 3),
        ("0.01", 3, 1),
        ("0.8", 0, 1),
    ],
)
def test_needed_votes_are_rounded_up_exactly(threshold: str, members: int, needed: int):
    """0.7 of 10 is seven, not the eight that floating point would make of it."""
    assert needed_votes(Decimal(threshold), members) == needed


def test_most_votes_win():
    """The leading answer is accepted when enough members stand behind it."""
    verdict = decide(panel("12", "12", "17", "12.0", "twelve"), Rule(), NUMBER)
    assert (verdict.status, verdict.leading, verdict.needed) == ("done", 4, 4)
    assert verdict.winner is not None
    assert verdict.winner.answer.key == "12"
    assert (verdict.decided_by, verdict.share, verdict.families) == ("votes", Decimal("0.8"), 4)
    assert [d.answer.key for d in verdict.dissent] == ["17"]


@pytest.mark.parametrize("missing", [None, "failed", "cancelled", "not_asked", "pending"])
def test_members_without_a_vote_stay_in_the_denominator(missing: str | None):
    """Three of four agree; the fourth is missing, and 0.8 of four is all four."""
    verdict = decide(panel("12", "12", "12", missing), Rule(), NUMBER)
    assert (verdict.status, verdict.accepted) == ("no_consensus", False)
    assert (verdict.members, verdict.leading, verdict.needed) == (4, 3, 4)
    assert verdict.winner is not None


def test_only_those_asked_may_count():
    """Two that were asked and agree are two of two; the third was kept in reserve."""
    rule = Rule(of="asked")
    verdict = decide(panel("12", "12", "not_asked"), rule, NUMBER)
    assert (verdict.accepted, verdict.needed, verdict.asked) == (True, 2, 2)
    assert verdict.share == 1
    assert not decide(panel("12", "failed", "not_asked"), rule, NUMBER).accepted


def test_one_family_of_those_asked_is_not_enough():
    """Two of one maker that agree are not accepted while another maker's was not asked."""
    ballots = panel("12", "12", "not_asked")
    alike = [replace(ballot, family="openai") for ballot in ballots[:2]]
    verdict = decide([*alike, ballots[2]], Rule(of="asked"), NUMBER)
    assert (verdict.accepted, verdict.leading, verdict.needed) == (False, 2, 2)
    assert decide(alike, Rule(of="asked"), NUMBER).accepted


def test_nobody_voted():
    """Without a vote there is no winner, and no error."""
    verdict = decide(panel(None, "failed"), Rule(), NUMBER)
    assert (verdict.status, verdict.winner, verdict.leading) == ("no_consensus", None, 0)
    assert decide([], Rule(), NUMBER).status == "no_consensus"


def test_a_tie_stays_a_tie():
    """Two and two, and nothing known of anybody: both are reported, none wins."""
    verdict = decide(panel("12", "17", "12", "17"), HALF, NUMBER)
    assert (verdict.status, verdict.winner, verdict.decided_by) == ("tie", None, None)
    assert [c.answer.key for c in verdict.tied] == ["12", "17"]
    assert len(verdict.dissent) == 2
    assert not verdict.accepted


def test_code_breaks_a_tie():
    """Of equal votes on a sum its value wins, before what was reliable so far; it is said."""
    form = AnswerForm("number", term="17 * 23")
    verdict = decide(panel("401", "391", "401", "391.0"), Rule(strength={"a": 0.9}), form)
    assert verdict.winner is not None
    assert (verdict.winner.answer.key, verdict.decided_by) == ("391", "check")
    assert verdict.notes[0] == "worked out by code, 17 * 23 is 391"
    assert decide(panel("401", "402"), Rule(), form).status == "tie"


def test_code_does_not_outvote_silently():
    """A majority against the value of a sum stays the leader, and the user is told."""
    form = AnswerForm("number", term="17 * 23")
    verdict = decide(panel("401", "391", "401"), HALF, form)
    assert verdict.winner is not None
    assert (verdict.winner.answer.key, verdict.decided_by) == ("401", "votes")
    assert verdict.notes == ("worked out by code, 17 * 23 is 391, which is not the leading answer",)
    assert decide(panel("391", "391"), HALF, form).notes == ()


def test_code_tells_of_an_answer_that_nobody_gave():
    """That all agree on a wrong sum is accepted, and the user is told what it comes to."""
    form = AnswerForm("number", term="17 * 23")
    verdict = decide(panel("401", "401"), HALF, form)
    assert verdict.accepted
    assert verdict.notes == ("worked out by code, 17 * 23 is 391, which nobody answered",)
    assert decide(panel(None, "failed"), HALF, form).notes == ()
    rounded = AnswerForm("number", term="17 / 3")
    assert decide(panel("5.67", "5.6667"), HALF, rounded).notes == ()


def test_a_sum_that_code_cannot_work_out():
    """A sum beyond code's means leaves the tie to what else is known."""
    form = AnswerForm("number", term="sqrt(144)")
    assert decide(panel("12", "14"), Rule(), form).status == "tie"


def test_reliability_breaks_a_tie():
    """The member that was most often right decides between equals, and the verdict says so."""
    rule = Rule(strength={"a": 0.7, "b": 0.9, "c": 0.8})
    verdict = decide(panel("12", "17", "12", "17"), rule, NUMBER)
    assert verdict.winner is not None
    assert (verdict.winner.answer.key, verdict.decided_by) == ("17", "reliability")
    assert verdict.notes == ("b decided: it has been right more often than the others",)


def test_equal_reliability_breaks_no_tie():
    """Two that are as reliable as each other stay tied."""
    assert decide(panel("12", "17"), Rule(strength={"a": 0.5, "b": 0.5}), NUMBER).status == "tie"


def test_a_far_stronger_member_is_not_outvoted_silently():
    """With weights one member may win against two; it is no consensus, and the user is told."""
    rule = Rule(weights={"a": 3.0, "b": 1.0, "c": 1.0}, strength={"a": 0.95, "b": 0.7, "c": 0.7})
    verdict = decide(panel("12", "17", "17"), rule, NUMBER)
    assert verdict.winner is not None
    assert (verdict.winner.answer.key, verdict.decided_by) == ("12", "reliability")
    assert (verdict.leading, verdict.accepted) == (1, False)
    assert "a decided" in verdict.notes[0]


def test_a_vote_that_weighs_nothing_is_no_agreement():
    """Who is mostly wrong sides with nobody, stays in the denominator, and the user is told."""
    rule = Rule(
        Decimal("0.6"),
        weights={"a": 1.0, "b": 1.0, "c": 1.0, "d": 0.0},
        strength={"a": 0.9, "b": 0.8, "c": 0.8, "d": 0.1},
    )
    verdict = decide(panel("12", "17", "17", "12"), rule, NUMBER)
    assert verdict.winner is not None
    assert (verdict.winner.answer.key, verdict.decided_by) == ("17", "reliability")
    assert (verdict.leading, verdict.members, verdict.accepted) == (2, 4, False)
    assert verdict.notes == (
        "not counted, as it is far more often wrong than the others: d",
        "a, most often right so far, dissents",
    )


def test_the_user_is_told_who_decided_beside_a_vote_that_weighs_nothing():
    """Whoever wins against more votes is named, also where another's vote is not counted."""
    rule = Rule(
        weights={"a": 3.0, "b": 1.0, "c": 1.0, "d": 0.0},
        strength={"a": 0.95, "b": 0.6, "c": 0.6, "d": 0.1},
    )
    assert decide(panel("12", "17", "17", "19"), rule, NUMBER).notes == (
        "not counted, as it is far more often wrong than the others: d",
        "a decided: it has been right more often than the others",
    )
    alone = decide(panel("12", "17", None, "17"), rule, NUMBER)
    assert alone.decided_by == "reliability"
    assert len(alone.notes) == 2


def test_the_user_is_told_of_a_strong_dissenter():
    """A minority that was most often right is pointed out."""
    rule = Rule(strength={"a": 0.9, "b": 0.6, "c": 0.6})
    verdict = decide(panel("12", "17", "17"), rule, NUMBER)
    assert verdict.notes == ("a, most often right so far, dissents",)


def test_one_family_is_no_consensus_where_the_panel_has_more():
    """Three models of one maker against one of another are not accepted."""
    ballots = [
        *(ballot(name, "12", "meta") for name in "abc"),
        ballot("d", None, "google"),
    ]
    verdict = decide(ballots, HALF, NUMBER)
    assert (verdict.leading, verdict.families, verdict.accepted) == (3, 1, False)
    assert verdict.notes == ("all that agree are of one family (meta)",)
    assert decide(ballots[:3], HALF, NUMBER).accepted


def test_an_ambiguity_is_pointed_out():
    """Answers that contradict each other through a third count apart, and it is said."""
    ballots = panel("42 dollars", "42", "42 euros", "42 euros")
    assert decide(ballots, HALF, NUMBER).notes == (
        "some answers equal others that contradict each other, and count apart",
    )


def test_dissent_shows_where_it_first_diverges():
    """Each dissenting position comes with its holders and its first differing sentence."""
    ballots = [
        ballot("a", "12", reply="There are 3 ponds. Each pond has 4 ducks. So 12."),
        ballot("b", "12", reply="It is 12."),
        ballot("c", "15", reply="There are 3 ponds. Each pond has 5 ducks. So 15."),
    ]
    dissent = decide(ballots, HALF, NUMBER).dissent
    assert [(d.members, d.point) for d in dissent] == [((2,), "Each pond has 5 ducks.")]


@pytest.mark.parametrize(
    ("leading", "dissenting", "point"),
    [
        ("The drug is safe.", "The drug is not safe.", "The drug is not safe."),
        ("It takes 3 days.", "Let me think. There were 9 hens.", "There were 9 hens."),
        ("It is safe.", "I agree with that view.", "I agree with that view."),
        ("", "One. Two.", "Two."),
        ("<think>5 ducks</think>4 ducks.", "<think>4 ducks</think>5 ducks.", "5 ducks."),
        ("It is safe.", "", ""),
    ],
)
def test_the_first_divergence(leading: str, dissenting: str, point: str):
    """A contradiction or a new number counts, else the last sentence; hidden reasoning does not."""
    assert first_divergence(leading, dissenting) == point


def test_dissent_on_a_field():
    """Of JSON answers the first field that differs is the point."""
    form = AnswerForm("json", schema='{"type": "object"}')
    said = [
        '{"age": 36, "name": "Ada"}',
        '{"name": "Ada", "age": 37}',
        '{"name": "ada", "age": 36}',
    ]
    ballots = [
        Ballot(str(n), str(n), "vote", read(text, form).answer) for n, text in enumerate(said)
    ]
    (dissent,) = decide(ballots, HALF, form).dissent
    assert (dissent.members, dissent.point) == ((1,), "age: 37")
    fewer = [*ballots[:1], Ballot("1", "1", "vote", read('{"age": 36}', form).answer), ballots[2]]
    assert decide(fewer, HALF, form).dissent[0].point == ""


PANELS = [
    ["12", "12", "17", None],
    ["12", "17", "12", "17"],
    ["42 dollars", "42", "42 euros", "42"],
    ["12", "13", "14", "failed"],
]


@pytest.mark.parametrize("said", PANELS)
@pytest.mark.parametrize(
    "rule",
    [
        Rule(),
        HALF,
        Rule(strength={"a": 0.7, "b": 0.9, "c": 0.7}),
        Rule(weights={"a": 1.5, "b": 0.1, "c": 0.4, "d": 0.2}),
    ],
)
def test_the_order_of_members_does_not_matter(said: list[str | None], rule: Rule):
    """The same ballots in any order give the same verdict, member by member."""
    ballots = panel(*said)

    def told(order):
        verdict = decide(order, rule, NUMBER)
        names = [
            (c.number, c.answer.key, c.rung, sorted(order[i].member for i in c.members))
            for c in verdict.clusters
        ]
        dissent = [
            (d.answer.key, sorted(order[i].member for i in d.members)) for d in verdict.dissent
        ]
        winner = verdict.winner and verdict.winner.number
        return (verdict.status, winner, names, dissent, verdict.notes, verdict.decided_by)

    expected = told(ballots)
    assert all(told(list(order)) == expected for order in permutations(ballots))


@settings(max_examples=100)
@given(st.lists(st.sampled_from(["1", "2", "3", None, "failed"]), min_size=1, max_size=7))
def test_votes_are_counted_as_anybody_would(said: list[str | None]):
    """The leader has as many votes as its answer was given, and it is accepted by the threshold."""
    verdict = decide(panel(*said), Rule(Decimal("0.6")), NUMBER)
    counts = [said.count(answer) for answer in ("1", "2", "3")]
    assert verdict.leading == max(counts)
    tied = counts.count(max(counts)) > 1
    enough = max(counts) >= needed_votes(Decimal("0.6"), len(said)) and max(counts) >= min(
        2, len(said)
    )
    assert verdict.accepted == (enough and not tied)


@pytest.mark.parametrize(
    ("model", "family", "key"),
    [
        ("openrouter/anthropic/claude-sonnet-4", "anthropic", "claude-sonnet-4"),
        ("openrouter/anthropic/claude-3.5-sonnet:beta", "anthropic", "claude-3-5-sonnet"),
        ("claude-3-5-sonnet-latest", "anthropic", "claude-3-5-sonnet"),
        ("gpt-4o", "openai", "gpt-4o"),
        ("o3-mini", "openai", "o3-mini"),
        ("openrouter/openai/gpt-4o", "openai", "gpt-4o"),
        ("gemini/gemini-2.5-pro", "google", "gemini-2-5-pro"),
        ("openrouter/google/gemma-2-9b-it:free", "google", "gemma-2-9b-it"),
        ("openrouter/meta-llama/llama-3.3-70b-instruct:free", "meta", "llama-3-3-70b-instruct"),
        ("openrouter/x-ai/grok-4", "xai", "grok-4"),
        ("openrouter/acme/wonder-1", "acme", "wonder-1"),
        ("openrouter/z-ai/wonder-1", "zhipu", "wonder-1"),
        ("my-model", "my-model", "my-model"),
        ("gpt-4o#3", "openai", "gpt-4o"),
        ("Qwen2-72B-Instruct", "qwen", "qwen2-72b-instruct"),
    ],
)
def test_the_maker_and_the_model_are_told_from_an_id(model: str, family: str, key: str):
    """Who serves a model, and in which variant, does not matter; an unknown maker is its own."""
    assert (family_of(model), model_key(model)) == (family, key)


def test_two_providers_of_one_model_are_one_member():
    """The same model behind two ids is asked once; the second id is there to fall back on."""
    groups = distinct(["gpt-4o", "claude-sonnet-4", "openrouter/openai/gpt-4o"])
    assert groups == [["gpt-4o", "openrouter/openai/gpt-4o"], ["claude-sonnet-4"]]
