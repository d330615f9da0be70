"""Scores of a bench: accuracy with its interval, cost of a right answer, luck, equal money."""

from __future__ import annotations

from decimal import Decimal

import pytest

from llm_reasonkit.reasoning.answers import canonical, form_of
from llm_reasonkit.reasoning.bench import (
    Outcome,
    Score,
    best_model,
    equal_cost,
    is_right,
    mcnemar,
    pairings,
    score,
)
from llm_reasonkit.reasoning.result import Cost


def outcome(right: bool, usd: str | None = "0.01", *, answered: bool = True) -> Outcome:
    cost = Cost(unknown_calls=1) if usd is None else Cost(usd=Decimal(usd), source="billed")
    return Outcome(right=right, answered=answered, cost=cost)


def scored(name: str, right: int, of: int, usd: str | None = "0.01") -> Score:
    return score(name, "model", [outcome(n < right, usd) for n in range(of)])


@pytest.mark.parametrize(
    ("answer", "known", "question", "right"),
    [
        ("2.0", "2", "How many moons has Mars?", True),
        ("3", "2", "How many moons has Mars?", False),
        ("true", "yes", "Is 7 a prime?", True),
        ("the Dutch capital", "Amsterdam", "What is the name of the city?", False),
    ],
)
def test_is_right(answer: str, known: str, question: str, right: bool) -> None:
    """An answer is right if it equals the known one in whatever form; what is unsure is not."""
    form = form_of(question)
    expected = canonical(known, form)
    assert expected is not None
    assert is_right(canonical(answer, form), expected, form) is right
    assert not is_right(None, expected, form)


def test_score() -> None:
    """Right, answered and asked are counted apart; a question that was left out counts nowhere."""
    outcomes = [outcome(True), outcome(False), outcome(False, answered=False), None]
    found = score("a", "model", outcomes)
    assert (found.right, found.answered, found.questions) == (1, 2, 3)
    assert found.accuracy == pytest.approx(1 / 3)
    assert found.interval[0] < 1 / 3 < found.interval[1]
    assert (found.usd, found.usd_per_right) == (Decimal("0.03"), Decimal("0.03"))


def test_unknown_cost_is_kept_apart() -> None:
    """Calls of unknown cost are counted, and missing from the sum."""
    found = score("a", "model", [outcome(True), outcome(True, None)])
    assert (found.usd, found.unknown_calls) == (Decimal("0.01"), 1)
    assert score("a", "model", [outcome(True, None)]).usd_per_right is None


def test_nothing_asked_or_right() -> None:
    """Without a question there is no accuracy; without a right answer it has no price."""
    assert score("a", "model", [None]).accuracy is None
    assert score("a", "model", [outcome(False)]).usd_per_right is None


@pytest.mark.parametrize(
    ("one", "other", "p"),
    [(0, 0, 1.0), (1, 0, 1.0), (5, 0, 0.0625), (0, 6, 0.03125), (5, 5, 1.0), (9, 1, 0.021484375)],
)
def test_mcnemar(one: int, other: int, p: float) -> None:
    """The exact two-sided p of a fair coin tossed for each question that only one got right."""
    assert mcnemar(one, other) == pytest.approx(p)


def test_pairings() -> None:
    """Contestants are compared on the questions both were asked."""
    a = [outcome(True), outcome(True), outcome(False), None]
    b = [outcome(True), outcome(False), outcome(True), outcome(True)]
    (pair,) = pairings({"a": a, "b": b})
    assert (pair.one, pair.other, pair.questions) == ("a", "b", 3)
    assert (pair.only_one, pair.only_other, pair.p) == (1, 1, 1.0)


def test_best_model() -> None:
    """The best is right most often; of equals the cheapest that is known to be."""
    cheap, dear, unknown = scored("c", 3, 4), scored("d", 3, 4, "0.5"), scored("u", 3, 4, None)
    weak = scored("w", 1, 4)
    assert best_model([weak, unknown, dear, cheap]) == cheap
    assert best_model([weak]) == weak
    assert best_model([]) is None
    assert best_model([cheap.model_copy(update={"kind": "panel"})]) is None


@pytest.mark.parametrize(
    ("rival", "model", "calls", "samples"),
    [
        (scored("p", 1, 4, "0.035"), scored("m", 1, 4), 3, 3),
        (scored("p", 1, 4, "0.005"), scored("m", 1, 4), 3, 1),
        (scored("p", 1, 4, "9"), scored("m", 1, 4), 3, 25),
        (scored("p", 1, 4, None), scored("m", 1, 4), 3, 3),
        (scored("p", 1, 4), scored("m", 1, 4, None), 40, 25),
        (scored("p", 1, 4, "0"), scored("m", 1, 4, "0"), 5, 5),
    ],
)
def test_equal_cost(rival: Score, model: Score, calls: int, samples: int) -> None:
    """The rival's money, question by question, is spent on samples; as many calls where it is not
    known; never more than 25."""
    assert equal_cost(rival, model, calls)[0] == samples
