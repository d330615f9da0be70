"""How often members are right, learnt from agreement and from marks; what panels have in common."""

from __future__ import annotations

import random

import pytest

from llm_reasonkit.reasoning.correlation import (
    Pairing,
    independent_votes,
    mean_phi,
    pairings,
    to_swap,
)
from llm_reasonkit.reasoning.reliability import Reliability, Run, learn, weights_of

SHARES = {"strong": 0.95, "a": 0.6, "b": 0.6, "c": 0.55, "d": 0.5}


def history(shares: dict[str, float], runs: int, options: int | None = None, marks: int = 0):
    """Runs of members that are right with given chances, and else wrong in one of twenty ways."""
    chance = random.Random(7)
    found = []
    for number in range(runs):
        said = {
            member: 0 if chance.random() < share else chance.randint(1, 20)
            for member, share in shares.items()
        }
        found.append(Run(said, options, right=0 if number < marks else None))
    return found


def test_the_strong_member_is_found_without_labels():
    """A hundred runs that nobody marked show who is right most often."""
    known = learn(history(SHARES, 100))
    assert max(known, key=lambda member: known[member].right) == "strong"
    assert all(abs(known[m].right - share) < 0.15 for m, share in SHARES.items())
    assert known["strong"].runs == 100


def test_the_order_of_members_does_not_matter():
    """The estimates do not depend on who comes first."""
    turned = dict(reversed(SHARES.items()))
    one = learn(history(SHARES, 60))
    runs = [Run(dict(reversed(run.clusters.items()))) for run in history(SHARES, 60)]
    other = learn(runs)
    assert set(one) == set(turned)
    assert all(one[m].right == pytest.approx(other[m].right, abs=1e-9) for m in one)


def test_members_that_hardly_agree_are_estimated_low():
    """Where nobody agrees the estimates still end, and say that most are mostly wrong."""
    known = learn(history({"a": 0.3, "b": 0.3, "c": 0.3}, 60))
    assert sorted(reliability.right for reliability in known.values())[1] < 0.5


def test_what_agreement_cannot_tell_ends_all_the_same():
    """Two that agree on every other yes-no question are taken for equals, and not for good ones."""
    known = learn([Run({"a": 0, "b": 0}, options=2), Run({"a": 0, "b": 1}, options=2)] * 25)
    assert known["a"].right == pytest.approx(known["b"].right)
    assert known["a"].right < 0.7


def test_too_few_runs_teach_nothing():
    """Below thirty votes a member's reliability is not known."""
    assert learn(history(SHARES, 20)) == {}
    assert learn([]) == {}


def test_a_run_with_one_voter_says_nothing_unless_it_is_marked():
    """Nobody agrees with a lone voter, but a mark tells whether it was right."""
    assert learn([Run({"a": 0})] * 50) == {}
    right, wrong = Run({"a": 0}, right=0), Run({"a": 0}, wrong=frozenset({0}))
    assert learn([right] * 50)["a"].right > 0.9
    assert learn([right, wrong] * 25)["a"].right == pytest.approx(0.5)
    assert learn([wrong] * 50)["a"].right < 0.1


def test_marks_count_where_agreement_misleads():
    """Two that echo each other look right until their shared answers are marked wrong."""
    echo = [Run({"a": 1, "b": 1, "c": 0}, options=4)] * 40
    assert learn(echo)["a"].right > learn(echo)["c"].right
    marked = [Run({"a": 1, "b": 1, "c": 0}, options=4, right=0)] * 40
    assert learn(marked)["c"].right > 0.9 > learn(marked)["a"].right
    denied = [Run({"a": 1, "b": 1, "c": 0}, options=2, wrong=frozenset({1}))] * 40
    assert learn(denied)["c"].right > learn(denied)["a"].right


def test_when_every_answer_is_marked_wrong_nobody_was_right():
    """A run in which the only answers are known to be wrong counts against all."""
    known = learn([Run({"a": 0, "b": 1}, options=2, wrong=frozenset({0, 1}))] * 40)
    assert known["a"].right < 0.1


def test_who_gives_no_answer_is_not_right():
    """A member whose replies often cannot be read has little to decide, however right its votes."""
    silent = frozenset("bcd")
    runs = [Run(dict.fromkeys("abcd", 0)), Run({"a": 0, "e": 0}, silent=silent)] * 20
    known = learn([*runs, *[Run({}, silent=frozenset("f"), right=0)] * 40])
    assert known["b"].right > 0.9
    assert (known["b"].runs, known["b"].voted) == (40, 0.5)
    assert "f" not in known
    weights = weights_of("abcd", known)
    assert weights["a"] > sum(weights[member] for member in "bcd")


def test_a_far_stronger_member_weighs_more():
    """One strong and four weak are weighed; comparable members, or unknown ones, are not."""
    known = learn(history(SHARES, 200))
    weights = weights_of(list(SHARES), known)
    assert weights["strong"] > sum(weights[m] for m in "abcd")
    assert min(weights.values()) > 0
    even = {name: Reliability(0.8, 100) for name in "abc"}
    assert weights_of(["a", "b", "c"], even) == {}
    spread = {"a": Reliability(0.95, 100), "b": Reliability(0.85, 100), "c": Reliability(0.6, 100)}
    assert weights_of("abc", spread)["a"] > 1 > weights_of("abc", spread)["c"]
    assert weights_of(["a", "x"], even) == {}
    assert weights_of(["a"], even) == {}


def test_a_member_that_is_mostly_wrong_is_not_counted():
    """An adversary weighs nothing; a member that is weak but mostly right keeps its vote."""
    shares = {"a": 0.8, "b": 0.75, "c": 0.8, "d": 0.7}
    adverse = [
        Run({**run.clusters, "e": next((c for c in run.clusters.values() if c), 21)})
        for run in history(shares, 100)
    ]
    assert weights_of("abcde", learn(adverse)) == {**dict.fromkeys("abcd", 1.0), "e": 0.0}
    weak = {name: Reliability(share, 100) for name, share in {**shares, "e": 0.55}.items()}
    assert weights_of("abcde", weak)["e"] > 0
    assert weights_of("ae", {"a": Reliability(0.9, 99), "e": Reliability(0.1, 99)}) == {}


def test_what_chance_explains_gives_nobody_more_weight():
    """The same shares are chance over thirty runs, and in part a difference over thousands."""
    shares = {"a": 0.8, "b": 0.75, "c": 0.8, "d": 0.7, "e": 0.65}
    few, many = (
        weights_of("abcde", {name: Reliability(share, runs) for name, share in shares.items()})
        for runs in (30, 3000)
    )
    assert few == {}
    assert many["a"] == many["c"] > many["b"] > many["d"] > many["e"] > 0
    assert many["a"] < many["d"] + many["e"]


def test_weak_members_outvote_a_stronger_one_together():
    """Members that are mostly wrong, but none far more than the others, keep a say."""
    shares = {"a": 0.7, "b": 0.4, "c": 0.4, "d": 0.35, "e": 0.35}
    weights = weights_of("abcde", {m: Reliability(share, 100) for m, share in shares.items()})
    assert weights["b"] == weights["e"] > 0
    assert sum(weights[member] for member in "bcde") > weights["a"] > weights["b"] + weights["c"]


def test_members_are_compared_in_pairs():
    """Agreement, correlation of being right and shared mistakes are counted."""
    runs = [
        *[Run({"a": 0, "b": 0}, right=0)] * 6,
        *[Run({"a": 1, "b": 1}, right=0)] * 3,
        Run({"a": 1, "b": 2}, right=0),
        *[Run({"a": 0, "b": 1})] * 10,
        *[Run({"a": 0, "c": 0})] * 3,
    ]
    assert pairings(runs) == [Pairing("a", "b", 20, 0.45, pytest.approx(1.0), 0.75)]
    assert mean_phi(pairings(runs)) == pytest.approx(1.0)


def test_what_was_not_marked_is_not_known():
    """Without marks, or without any mistake among them, correlation is unknown."""
    assert pairings([Run({"a": 0, "b": 0})] * 10) == [Pairing("a", "b", 10, 1.0)]
    right = pairings([Run({"a": 0, "b": 0}, right=0)] * 10)
    assert (right[0].phi, right[0].same_wrong) == (None, None)
    assert mean_phi(right) is None


@pytest.mark.parametrize(
    ("members", "correlation", "votes"),
    [(5, 0.0, 5.0), (5, 1.0, 1.0), (3, 0.446, 1.585), (1, 0.5, 1.0), (3, -0.2, 3.0)],
)
def test_correlated_votes_are_worth_fewer(members: int, correlation: float, votes: float):
    """Three members with a correlation of 0.446 are worth 1.6 votes."""
    assert independent_votes(members, correlation) == pytest.approx(votes, abs=0.01)


def test_the_echo_of_a_better_member_is_the_one_to_swap():
    """A member that says what a stronger one says already adds least."""
    known = {"a": Reliability(0.9, 50), "b": Reliability(0.85, 50), "c": Reliability(0.7, 50)}
    found = [Pairing("a", "b", 50, 0.98), Pairing("a", "c", 50, 0.6), Pairing("b", "c", 50, 0.6)]
    assert to_swap(["a", "b", "c"], found, known) == "b"
    assert to_swap(["a", "b"], found, known) is None
    assert to_swap(["a", "b", "x"], found, known) is None
