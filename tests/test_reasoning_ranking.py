"""Wins from a judge that saw every two answers in both orders."""

from __future__ import annotations

import itertools

import pytest

from llm_reasonkit.reasoning.ranking import Judgement, Ranking, rank


def test_both_orders_count() -> None:
    """A win that both orders agree on counts; the leader has more wins than any other."""
    judged = [Judgement(0, 1, "first"), Judgement(1, 0, "second")]
    assert rank([0, 1], judged) == Ranking({0: 1, 1: 0}, 1, 0)


@pytest.mark.parametrize(
    "judged",
    [
        [],
        [Judgement(0, 1, "first")],
        [Judgement(0, 1, "first"), Judgement(1, 0, "first")],
        [Judgement(0, 1, "equal"), Judgement(1, 0, "equal")],
        [Judgement(0, 1, "first"), Judgement(1, 0, "equal")],
    ],
)
def test_nothing_decided(judged: list[Judgement]) -> None:
    """One order only, orders that disagree, or equality decide nothing, and nobody leads."""
    assert rank([0, 1], judged) == Ranking({0: 0, 1: 0}, 0, None)


def test_shared_lead() -> None:
    """Of two that won as often none leads."""
    circle = [(0, 1), (1, 2), (2, 0)]
    judged = [Judgement(a, b, "first") for a, b in circle]
    judged += [Judgement(b, a, "second") for a, b in circle]
    assert rank([0, 1, 2], judged) == Ranking({0: 1, 1: 1, 2: 1}, 3, None)


def test_order_of_judgements_does_not_matter() -> None:
    """The same judgements give the same ranking in every order."""
    judged = [
        Judgement(0, 1, "first"),
        Judgement(1, 0, "second"),
        Judgement(0, 2, "second"),
        Judgement(2, 0, "first"),
    ]
    found = [rank([0, 1, 2], order) for order in itertools.permutations(judged)]
    assert all(ranking == found[0] for ranking in found)


@pytest.mark.parametrize("members", [[], [3]])
def test_nobody_to_beat(members: list[int]) -> None:
    """One answer, or none, has not won against anyone."""
    assert rank(members, []).leader is None
