"""How much the members of a panel have in common, and what their votes are worth together."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from llm_reasonkit.reasoning.reliability import Reliability, Run

# Two members that agreed on fewer runs than these are not compared.
ENOUGH_TOGETHER = 10


@dataclass(frozen=True, slots=True)
class Pairing:
    """Two members: how many runs they answered together, and in what share of them alike.

    phi: correlation of their being right, over marked runs; None where that is not known.
    same_wrong: of the marked runs where both were wrong, the share where both gave the same answer.
    """

    one: str
    other: str
    runs: int
    agreement: float
    phi: float | None = None
    same_wrong: float | None = None


def pairings(history: Sequence[Run]) -> list[Pairing]:
    """Compare each two members that answered at least `ENOUGH_TOGETHER` runs together."""
    members = sorted({member for run in history for member in run.clusters})
    found = []
    for one, other in combinations(members, 2):
        both = [run for run in history if one in run.clusters and other in run.clusters]
        if len(both) >= ENOUGH_TOGETHER:
            alike = sum(run.clusters[one] == run.clusters[other] for run in both)
            marked = [run for run in both if run.right is not None]
            phi, wrong = _phi(one, other, marked), _same_wrong(one, other, marked)
            found.append(Pairing(one, other, len(both), alike / len(both), phi, wrong))
    return found


def _phi(one: str, other: str, marked: Sequence[Run]) -> float | None:
    """Return the correlation of two members' being right (Pearson's phi)."""
    pairs = [(r.clusters[one] == r.right, r.clusters[other] == r.right) for r in marked]
    if len(pairs) < ENOUGH_TOGETHER:
        return None
    count = len(pairs)
    here, there = (sum(pair[side] for pair in pairs) / count for side in (0, 1))
    spread = math.sqrt(here * (1 - here) * there * (1 - there))
    if not spread:
        return None
    return (sum(a and b for a, b in pairs) / count - here * there) / spread


def _same_wrong(one: str, other: str, marked: Sequence[Run]) -> float | None:
    wrong = [r for r in marked if r.right not in (r.clusters[one], r.clusters[other])]
    if not wrong:
        return None
    return sum(r.clusters[one] == r.clusters[other] for r in wrong) / len(wrong)


def independent_votes(members: int, correlation: float) -> float:
    """Return how many independent votes so many correlated ones are worth: n / (1 + (n - 1) r).

    The design effect of cluster samples (Kish 1965); r is the mean phi of the pairs.
    """
    return members / (1 + (members - 1) * min(1.0, max(0.0, correlation)))


def mean_phi(found: Sequence[Pairing]) -> float | None:
    """Return the mean correlation of the pairs for which it is known."""
    known = [pairing.phi for pairing in found if pairing.phi is not None]
    return math.fsum(known) / len(known) if known else None


def to_swap(
    panel: Sequence[str], found: Sequence[Pairing], known: Mapping[str, Reliability]
) -> str | None:
    """Return the member that adds least: the one that is seldom right, or an echo of a better one.

    Each member counts what it is right about, less what the likest stronger member says already.
    None where too little is known of any of them, or the panel is a pair.
    """
    if len(panel) < 3 or any(member not in known for member in panel):
        return None
    alike = {frozenset((p.one, p.other)): p.agreement for p in found}

    def adds(member: str) -> float:
        right = known[member].right
        echoes = [
            alike.get(frozenset((member, other)), 0.0)
            for other in panel
            if (known[other].right, other) > (right, member)
        ]
        return right * (1 - max(echoes, default=0.0))

    return min(sorted(panel), key=adds)
