"""Which contestant answers known questions best, and whether that is more than luck."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import combinations
from math import comb
from typing import Literal

from llm_reasonkit.reasoning.answers import Answer, AnswerForm, sameness
from llm_reasonkit.reasoning.calibration import wilson
from llm_reasonkit.reasoning.clustering import identity
from llm_reasonkit.reasoning.result import SCHEMA_VERSION, Cost, Record, Usd, total_cost

ContestantKind = Literal["model", "panel", "protocol", "profile", "baseline"]

_MOST_SAMPLES = 25


class Outcome(Record):
    """What became of one question. answered: an answer could be read. cost: of all its calls."""

    right: bool
    answered: bool
    cost: Cost


class Score(Record):
    """How one contestant did.

    questions: that it was asked; one that the budget left out is none. answered: of which an answer
    could be read. interval: 95 %, of the accuracy (Wilson). usd: what is known of the cost;
    unknown_calls are missing from it. usd_per_right: usd for each right answer.
    """

    name: str
    kind: ContestantKind
    questions: int
    answered: int
    right: int
    accuracy: float | None
    interval: tuple[float, float]
    usd: Usd | None
    unknown_calls: int
    usd_per_right: Usd | None


class Pairing(Record):
    """Two contestants on the questions that both were asked.

    only_one, only_other: questions that only this one got right. p: the chance of a difference at
    least this large between equals (McNemar's test, exact).
    """

    one: str
    other: str
    questions: int
    only_one: int
    only_other: int
    p: float


class BenchReport(Record):
    """Scores, every two of them compared, and what a reader should know of how they came about.

    left_out: how many answers there was no budget for.
    """

    schema_version: int = SCHEMA_VERSION
    scores: list[Score]
    pairings: list[Pairing]
    notes: list[str]
    left_out: int = 0


def is_right(answer: Answer | None, known: Answer, form: AnswerForm) -> bool:
    """Tell whether an answer is the known one; what cannot be told to be is not."""
    if answer is None:
        return False
    return identity(answer) == identity(known) or sameness(answer, known, form) == "same"


def score(name: str, kind: ContestantKind, outcomes: Sequence[Outcome | None]) -> Score:
    """Sum up what became of each question; None is one that was not asked."""
    found = [outcome for outcome in outcomes if outcome is not None]
    right = sum(outcome.right for outcome in found)
    cost = total_cost(outcome.cost for outcome in found)
    return Score(
        name=name,
        kind=kind,
        questions=len(found),
        answered=sum(outcome.answered for outcome in found),
        right=right,
        accuracy=right / len(found) if found else None,
        interval=wilson(right, len(found)),
        usd=cost.usd,
        unknown_calls=cost.unknown_calls,
        usd_per_right=cost.usd / right if cost.usd is not None and right else None,
    )


def pairings(contestants: Mapping[str, Sequence[Outcome | None]]) -> list[Pairing]:
    """Compare each two contestants, question by question."""
    found = []
    for (one, here), (other, there) in combinations(contestants.items(), 2):
        both = [(a, b) for a, b in zip(here, there, strict=True) if a is not None and b is not None]
        only_one = sum(a.right and not b.right for a, b in both)
        only_other = sum(b.right and not a.right for a, b in both)
        found.append(
            Pairing(
                one=one,
                other=other,
                questions=len(both),
                only_one=only_one,
                only_other=only_other,
                p=mcnemar(only_one, only_other),
            )
        )
    return found


def mcnemar(only_one: int, only_other: int) -> float:
    """Return the two-sided p of McNemar's exact test (McNemar, Psychometrika 12, 1947).

    Under equality each question that only one got right is a fair coin.
    """
    tosses = only_one + only_other
    tail = sum(comb(tosses, k) for k in range(min(only_one, only_other) + 1))
    return min(1.0, float(Fraction(2 * tail, 2**tosses)))


def best_model(scores: Sequence[Score]) -> Score | None:
    """Return the model that was right most often; of equals the cheapest, then the first."""
    models = [each for each in scores if each.kind == "model" and each.questions]
    most = max((each.right / each.questions for each in models), default=None)
    best = [each for each in models if each.right / each.questions == most]
    return min(best, key=lambda each: (each.usd is None, each.usd or Decimal(0)), default=None)


def equal_cost(rival: Score, model: Score, calls: int) -> tuple[int, str]:
    """Return how many samples of a model the rival's money buys, and on what that rests.

    calls: of the rival for each question, which decide where a cost is not known or nothing.
    """
    known = not (rival.unknown_calls or model.unknown_calls) and rival.questions
    if not (known and rival.usd and model.usd):
        return min(calls, _MOST_SAMPLES), "as many calls, as the cost is not known or nothing"
    bought = (rival.usd / rival.questions) / (model.usd / model.questions)
    if bought > _MOST_SAMPLES:
        return _MOST_SAMPLES, f"at most {_MOST_SAMPLES}; its money would buy {int(bought)}"
    return max(1, int(bought)), "what its money buys, rounded down"
