"""What an agreement is worth: how often answers with such an agreement were right.

`calibrated` rests on the user's own marks, `prior` on public recordings of other people's
questions, `agreement` only restates the votes. Nothing here is a probability that follows from the
votes as if they were independent: they are not.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from llm_reasonkit.reasoning.answers import AnswerForm, Kind
from llm_reasonkit.reasoning.answers.expressions import read_expression
from llm_reasonkit.reasoning.answers.numbers import read_quantity
from llm_reasonkit.reasoning.result import Confidence

ENOUGH_MARKS = 50
ENOUGH_IN_CELL = 10
ENOUGH_FOR_ISOTONIC = 200

# How many marks the expectation of a cell counts for.
_SHRINKAGE = 10
_Z = 1.959964
# Leading votes / (members + 1), and how often the answer was right: where it is worked out, and
# where it is picked among words. With one member added in the denominator 2 of 2 and 4 of 5 fall
# on one curve, as they do in the recordings. Sources: panels of 2 to 5 of the models in
# WildEval/ZeroEval (GSM8K) and TIGER-AI-Lab/MMLU-Pro. Beside each the least and the most among
# panels.
_STRENGTHS = (1 / 6, 1 / 4, 1 / 3, 1 / 2, 2 / 3, 3 / 4, 5 / 6)
_WORKED_OUT = (0.18, 0.32, 0.60, 0.84, 0.955, 0.975, 0.99)
_PICKED = (0.22, 0.31, 0.41, 0.64, 0.81, 0.88, 0.94)
_SPREAD = (0.08, 0.12, 0.12, 0.12, 0.08, 0.06, 0.05)
_BANDS = (0.2, 0.3, 0.4, 0.6, 0.7, 0.8)


@dataclass(frozen=True, slots=True)
class Pattern:
    """An agreement: of what kind the answer is, how many of how many members are behind it.

    worked_out: the answer was not picked among words (see `is_worked_out`). families: makers of
    the models behind it; samples of one model are one family.
    """

    kind: Kind
    worked_out: bool
    leading: int
    members: int
    families: int

    @property
    def strength(self) -> float:
        """Leading votes of members, on the scale of the curves."""
        return self.leading / (self.members + 1)

    @property
    def cell(self) -> tuple[Kind, int]:
        """Which agreements it is pooled with: those of its kind that are about as strong."""
        return self.kind, bisect_right(_BANDS, self.strength)


@dataclass(frozen=True, slots=True)
class Mark:
    """The user's verdict on a run that had an agreement; `unsure` gives none."""

    pattern: Pattern
    right: bool


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """How often agreements of one cell were right: their number, share and interval (95 %).

    expected: what the prior says of them.
    """

    kind: Kind
    strength: float
    marks: int
    right: float
    interval: tuple[float, float]
    expected: float


def is_worked_out(form: AnswerForm) -> bool:
    """Tell whether answers are worked out rather than picked among words.

    So are numbers, also those to choose from: wrong ones scatter, and agreement says more.
    """
    if form.kind == "choice":
        numbers = sum(bool(read_quantity(text) or read_expression(text)) for text in form.choices)
        return bool(form.choices) and numbers >= 0.8 * len(form.choices)
    return form.kind != "yes-no"


def confidence_in(pattern: Pattern, marks: Sequence[Mark] = ()) -> Confidence:
    """Return how often answers like this one were right, and on what that rests."""
    cell = [mark for mark in marks if mark.pattern.cell == pattern.cell]
    if len(marks) >= ENOUGH_MARKS and len(cell) >= ENOUGH_IN_CELL:
        return _calibrated(pattern, cell, marks)
    if pattern.families > 1:
        return _prior(pattern)
    share = pattern.leading / pattern.members
    return Confidence(
        overall=share,
        kind="agreement",
        interval=wilson(pattern.leading, pattern.members),
        basis=f"{pattern.leading} of {pattern.members} agree; how often that is right is not known",
    )


def prior(pattern: Pattern) -> float:
    """Return how often answers with such an agreement were right in public recordings."""
    return _interpolated(_WORKED_OUT if pattern.worked_out else _PICKED, pattern.strength)


def wilson(right: float, count: float) -> tuple[float, float]:
    """Return the 95 % interval of a share (Wilson, JASA 22, 1927)."""
    if not count:
        return 0.0, 1.0
    share, z2 = right / count, _Z * _Z
    middle = (share + z2 / (2 * count)) / (1 + z2 / count)
    half = _Z / (1 + z2 / count) * math.sqrt(share * (1 - share) / count + z2 / (4 * count**2))
    return max(0.0, middle - half), min(1.0, middle + half)


def curve(marks: Sequence[Mark]) -> list[CurvePoint]:
    """Return what the marks show, by kind of answer and from weak to strong agreement."""
    points = []
    for cell, found in sorted(_by_cell(marks).items()):
        right = sum(mark.right for mark in found)
        points.append(
            CurvePoint(
                kind=cell[0],
                strength=math.fsum(mark.pattern.strength for mark in found) / len(found),
                marks=len(found),
                right=right / len(found),
                interval=wilson(right, len(found)),
                expected=math.fsum(prior(mark.pattern) for mark in found) / len(found),
            )
        )
    return points


def _calibrated(pattern: Pattern, cell: Sequence[Mark], marks: Sequence[Mark]) -> Confidence:
    shift = _shift(marks)
    estimates = {
        key: _shrunk(found, shift)
        for key, found in _by_cell(marks).items()
        if key[0] == pattern.kind
    }
    value, weight = estimates[pattern.cell]
    basis = f"your marks: {len(cell)} of such answers, {len(marks)} in all"
    if len(marks) >= ENOUGH_FOR_ISOTONIC:
        value = _isotonic(estimates)[pattern.cell]
        basis += ", in a curve that rises with agreement"
    return Confidence(
        overall=value, kind="calibrated", interval=wilson(value * weight, weight), basis=basis
    )


def _shrunk(cell: Sequence[Mark], shift: float) -> tuple[float, float]:
    """Estimate a cell with a Beta prior around what all marks together lead one to expect."""
    expected = math.fsum(_shifted(prior(mark.pattern), shift) for mark in cell) / len(cell)
    weight = len(cell) + _SHRINKAGE
    return (sum(mark.right for mark in cell) + _SHRINKAGE * expected) / weight, weight


def _shift(marks: Sequence[Mark]) -> float:
    """Return by how much (in log-odds) all of the user's marks are better than the prior.

    Found by bisection, so that the shifted prior expects as many right as there are.
    """
    right = sum(mark.right for mark in marks)
    low, high = -4.0, 4.0
    for _ in range(40):
        middle = (low + high) / 2
        expected = math.fsum(_shifted(prior(mark.pattern), middle) for mark in marks)
        low, high = (middle, high) if expected < right else (low, middle)
    return (low + high) / 2


def _shifted(share: float, shift: float) -> float:
    return 1 / (1 + math.exp(-math.log(share / (1 - share)) - shift))


def _isotonic(
    estimates: Mapping[tuple[Kind, int], tuple[float, float]],
) -> dict[tuple[Kind, int], float]:
    """Make estimates rise with agreement by pooling neighbours that do not (Ayer et al. 1955)."""
    blocks: list[tuple[float, float, list[tuple[Kind, int]]]] = []
    for key, (value, weight) in sorted(estimates.items()):
        blocks.append((value, weight, [key]))
        while len(blocks) > 1 and blocks[-2][0] >= blocks[-1][0]:
            (one, here, left), (other, there, right) = blocks[-2:]
            pooled = (one * here + other * there) / (here + there)
            blocks[-2:] = [(pooled, here + there, left + right)]
    return {key: value for value, _, keys in blocks for key in keys}


def _prior(pattern: Pattern) -> Confidence:
    value = prior(pattern)
    spread = _interpolated(_SPREAD, pattern.strength)
    how = "worked out" if pattern.worked_out else "picked among options"
    return Confidence(
        overall=value,
        kind="prior",
        interval=(max(0.0, value - spread), min(1.0, value + spread)),
        basis=f"public benchmarks with answers {how}, other models and questions than yours",
    )


def _interpolated(heights: Sequence[float], strength: float) -> float:
    at = min(max(strength, _STRENGTHS[0]), _STRENGTHS[-1])
    place = min(bisect_right(_STRENGTHS, at), len(_STRENGTHS) - 1)
    left, right = _STRENGTHS[place - 1 : place + 1]
    part = (at - left) / (right - left)
    return heights[place - 1] + part * (heights[place] - heights[place - 1])


def _by_cell(marks: Sequence[Mark]) -> dict[tuple[Kind, int], list[Mark]]:
    cells: dict[tuple[Kind, int], list[Mark]] = {}
    for mark in marks:
        cells.setdefault(mark.pattern.cell, []).append(mark)
    return cells
