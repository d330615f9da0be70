"""How often each member of a panel is right, learnt from how they agree, and from the user's marks.

Expectation-maximisation after Dawid and Skene (Applied Statistics 28, 1979), in the one-coin form:
a member is right with some probability, else it gives one of the wrong answers. No run needs a
label; a marked one counts with its mark. As models share mistakes, what agreement alone teaches is
shrunk toward the panel's mean.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

# Fewer runs than these say too little about a member.
ENOUGH_RUNS = 30
# A member this far ahead of the mean of the others (in share right) is no longer outvoted: at 10
# points a plurality still mostly beats the best member, at 30 it never does.
FAR_STRONGER = 0.15

_ROUNDS = 60
_STILL = 1e-5
# How many wrong answers a member can give, where the number of options is not known.
_WRONG_ANSWERS = 4
_PRIOR_RUNS = 4.0
_LEAST, _MOST = 0.02, 0.98
_LEAST_WEIGHT = 0.05
# Over how many answers mistakes seem to spread: over many more they do in theory, over one where
# members share them.
_SPREAD = 3


@dataclass(frozen=True, slots=True)
class Run:
    """How a panel voted once.

    clusters: the number of the answer each member gave; a member of no vote is left out. options:
    how many answers were open to them, if that is known. right: the cluster that the user marked
    right; wrong: those marked wrong.
    """

    clusters: Mapping[str, int]
    options: int | None = None
    right: int | None = None
    wrong: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Reliability:
    """What is known of a member: the share of its votes that were right, and over how many runs."""

    right: float
    runs: int


def learn(history: Sequence[Run]) -> dict[str, Reliability]:
    """Estimate how often each member is right, from runs of any of them.

    Only members with at least `ENOUGH_RUNS` votes beside others' are returned.
    """
    runs = [run for run in history if len(run.clusters) > 1 or run.right is not None]
    votes: dict[str, int] = {}
    for run in runs:
        for member in run.clusters:
            votes[member] = votes.get(member, 0) + 1
    shares = dict.fromkeys(sorted(votes), 0.7)
    for _ in range(_ROUNDS):
        updated = _step(runs, shares)
        moved = max((abs(updated[member] - shares[member]) for member in shares), default=0.0)
        shares = updated
        if moved < _STILL:
            break
    return {
        member: Reliability(shares[member], votes[member])
        for member in shares
        if votes[member] >= ENOUGH_RUNS
    }


def _step(runs: Sequence[Run], shares: Mapping[str, float]) -> dict[str, float]:
    """Weigh each answer of each run by the members behind it, then each member by its answers."""
    right = dict.fromkeys(shares, 0.0)
    count = dict.fromkeys(shares, 0)
    for run in runs:
        chances = _chances(run, shares)
        for member, cluster in run.clusters.items():
            right[member] += chances[cluster]
            count[member] += 1
    mean = math.fsum(right.values()) / max(1, sum(count.values()))
    return {
        member: min(
            _MOST, max(_LEAST, (right[member] + _PRIOR_RUNS * mean) / (count[member] + _PRIOR_RUNS))
        )
        for member in shares
    }


def _chances(run: Run, shares: Mapping[str, float]) -> dict[int, float]:
    """Return for each answer of a run the chance that it is the right one; all may be wrong."""
    clusters = sorted(set(run.clusters.values()))
    if run.right is not None:
        return {cluster: float(cluster == run.right) for cluster in clusters}
    wrong = max(1, run.options - 1 if run.options else _WRONG_ANSWERS)
    logs = {cluster: 0.0 for cluster in clusters if cluster not in run.wrong}
    for cluster in logs:
        logs[cluster] = math.fsum(
            math.log(shares[member] if given == cluster else (1 - shares[member]) / wrong)
            for member, given in run.clusters.items()
        )
    # None of them: as many chances as there are answers that nobody gave.
    unsaid = max(0, wrong + 1 - len(clusters))
    none = math.fsum(math.log((1 - shares[member]) / wrong) for member in run.clusters)
    top = max([*logs.values(), none])
    odds = {cluster: math.exp(log - top) for cluster, log in logs.items()}
    total = math.fsum(odds.values()) + unsaid * math.exp(none - top)
    return {cluster: odds.get(cluster, 0.0) / total if total else 0.0 for cluster in clusters}


def weights_of(panel: Sequence[str], known: Mapping[str, Reliability]) -> dict[str, float]:
    """Return what each member's vote weighs; empty where each should weigh the same.

    Votes are weighed only where one member is far stronger than the rest: between comparable
    members learnt weights lose to plain votes. A weight is the log-odds of being right against
    giving some one wrong answer.
    """
    if len(panel) < 2 or any(member not in known for member in panel):
        return {}
    shares = {member: known[member].right for member in panel}
    best = max(sorted(panel), key=lambda member: shares[member])
    others = [shares[member] for member in panel if member != best]
    if shares[best] - math.fsum(others) / len(others) < FAR_STRONGER:
        return {}
    return {
        m: max(_LEAST_WEIGHT, math.log(share * _SPREAD / (1 - share)))
        for m, share in shares.items()
    }
