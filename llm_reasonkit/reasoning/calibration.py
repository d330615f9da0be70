"""What an agreement is worth: how often answers with such an agreement were right.

`calibrated` rests on the user's own marks, `prior` on public recordings of other people's
questions, `agreement` only restates the votes. Nothing here is a probability that follows from the
votes as if they were independent: they are not.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from llm_reasonkit.reasoning.answers import Kind
from llm_reasonkit.reasoning.result import Confidence

ENOUGH_MARKS = 50
ENOUGH_IN_CELL = 10

_Z = 1.959964
# Agreement of no majority, of one, of a large one, and of all.
_BANDS = (0.5, 0.75, 1.0)
# The log-odds of being right are a line over the log-odds of the vote: its level and its slope, for
# open answers, whose mistakes scatter, and for closed ones. Sources: panels of 2 to 7 of the models
# in WildEval/ZeroEval (GSM8K) and TIGER-AI-Lab/MMLU-Pro.
_OPEN = (1.0, 1.6)
_CLOSED = (0.1, 1.0)
_CLOSED_KINDS: frozenset[Kind] = frozenset({"choice", "yes-no"})
# How far panels differ in level and in slope, and one agreement from the line (standard
# deviations).
_LEVELS, _SLOPES, _OFF_LINE = 0.5, 0.3, 0.2
_ROUNDS, _STRIDE = 30, 0.5


@dataclass(frozen=True, slots=True)
class Pattern:
    """An agreement: of what kind the answer is, how many of how many members are behind it.

    members: those that were asked; what others would have said is not known. families: makers of
    the models behind it; samples of one model are one family.
    """

    kind: Kind
    leading: int
    members: int
    families: int

    @property
    def share(self) -> float:
        """Leading votes of those asked."""
        return self.leading / self.members

    @property
    def log_odds(self) -> float:
        """Log-odds of the vote, with half a vote on either side (Haldane, 1956)."""
        return math.log((self.leading + 0.5) / (self.members - self.leading + 0.5))

    @property
    def cell(self) -> tuple[Kind, int]:
        """Which agreements it is counted with: those of its kind that are about as strong."""
        return self.kind, bisect_right(_BANDS, self.share)


@dataclass(frozen=True, slots=True)
class Mark:
    """The user's verdict on a run that had an agreement; `unsure` gives none."""

    pattern: Pattern
    right: bool


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """How often agreements of one cell were right: their number, share and interval (95 %).

    agreement: leading votes of those asked, on average. expected: what the prior says of them.
    """

    kind: Kind
    agreement: float
    marks: int
    right: float
    interval: tuple[float, float]
    expected: float


@dataclass(frozen=True, slots=True)
class _Line:
    """Log-odds of being right over log-odds of the vote, and how surely it is known.

    variances: of the level, of both together, and of the slope.
    """

    level: float
    slope: float
    variances: tuple[float, float, float]

    def at(self, log_odds: float) -> float:
        """Return how often such answers are right."""
        return _share(self.level + self.slope * log_odds)

    def interval(self, log_odds: float) -> tuple[float, float]:
        """Return between what lies how often such answers are right (95 %)."""
        level, both, slope = self.variances
        variance = level + 2 * both * log_odds + slope * log_odds**2 + _OFF_LINE**2
        middle, half = self.level + self.slope * log_odds, _Z * math.sqrt(variance)
        return _share(middle - half), _share(middle + half)


def confidence_in(pattern: Pattern, marks: Sequence[Mark] = ()) -> Confidence:
    """Return how often answers like this one were right, and on what that rests."""
    cell = sum(mark.pattern.cell == pattern.cell for mark in marks)
    if len(marks) >= ENOUGH_MARKS and cell >= ENOUGH_IN_CELL:
        line = _fitted(pattern.kind, marks)
        return Confidence(
            overall=line.at(pattern.log_odds),
            kind="calibrated",
            interval=line.interval(pattern.log_odds),
            basis=f"your marks: {cell} of such answers, {len(marks)} in all",
        )
    if pattern.families > 1:
        line = _fitted(pattern.kind)
        how = "to choose from" if pattern.kind in _CLOSED_KINDS else "not given to choose from"
        return Confidence(
            overall=line.at(pattern.log_odds),
            kind="prior",
            interval=line.interval(pattern.log_odds),
            basis=f"public benchmarks with answers {how}, other models and questions than yours",
        )
    return Confidence(
        overall=pattern.share,
        kind="agreement",
        interval=wilson(pattern.leading, pattern.members),
        basis=f"{pattern.leading} of {pattern.members} agree; how often that is right is not known",
    )


def prior(pattern: Pattern) -> float:
    """Return how often answers with such an agreement were right in public recordings."""
    return _fitted(pattern.kind).at(pattern.log_odds)


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
    cells: dict[tuple[Kind, int], list[Mark]] = {}
    for mark in marks:
        cells.setdefault(mark.pattern.cell, []).append(mark)
    points = []
    for (kind, _), found in sorted(cells.items()):
        right = sum(mark.right for mark in found)
        points.append(
            CurvePoint(
                kind=kind,
                agreement=math.fsum(mark.pattern.share for mark in found) / len(found),
                marks=len(found),
                right=right / len(found),
                interval=wilson(right, len(found)),
                expected=math.fsum(prior(mark.pattern) for mark in found) / len(found),
            )
        )
    return points


def _fitted(kind: Kind, marks: Sequence[Mark] = ()) -> _Line:
    """Draw the public line of a kind toward the user's marks of that kind.

    Logistic recalibration (Platt, 1999) with a normal prior on level and slope: the most likely
    line, by Newton's method, and its variances from the curvature there.
    """
    public_level, public_slope = level, slope = _CLOSED if kind in _CLOSED_KINDS else _OPEN
    alike = Counter(mark for mark in marks if mark.pattern.kind == kind)
    # Sorted, as sums of fractions depend on their order.
    seen = sorted((mark.pattern.log_odds, mark.right, times) for mark, times in alike.items())
    variances = _LEVELS**2, 0.0, _SLOPES**2
    for _ in range(_ROUNDS if seen else 0):
        up, along = (public_level - level) / _LEVELS**2, (public_slope - slope) / _SLOPES**2
        of_level, of_both, of_slope = 1 / _LEVELS**2, 0.0, 1 / _SLOPES**2
        for log_odds, right, times in seen:
            share = _share(level + slope * log_odds)
            up += times * (right - share)
            along += times * (right - share) * log_odds
            weight = times * share * (1 - share)
            of_level += weight
            of_both += weight * log_odds
            of_slope += weight * log_odds**2
        area = of_level * of_slope - of_both**2
        variances = of_slope / area, -of_both / area, of_level / area
        rise = variances[0] * up + variances[1] * along
        turn = variances[1] * up + variances[2] * along
        # Far from where it ends a whole step would go too far.
        part = min(1.0, _STRIDE / max(abs(rise), abs(turn), _STRIDE))
        level, slope = level + part * rise, slope + part * turn
    return _Line(level, slope, variances)


def _share(log_odds: float) -> float:
    return 1 / (1 + math.exp(-log_odds))
