"""How often each member of a panel is right, learnt from how they agree, and from the user's marks.

Expectation-maximisation after Dawid and Skene (Applied Statistics 28, 1979), in the one-coin form:
a member is right with some probability, else it gives a wrong answer, or one that nobody can read.
No run needs a label; a marked one counts with its mark. What so few runs teach is shrunk toward
the mean of all.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

# Fewer runs than these say too little about a member.
ENOUGH_RUNS = 30
# Agreement teaches no more of a member than so many answers known to be right or wrong, however
# many the runs: who errs alike agrees as if it were right.
WORTH_RUNS = 100

_ROUNDS = 60
_STILL = 1e-5
# Over how many answers mistakes spread: two wrong ones are the same in about a third of the cases,
# however many options there are.
_WRONG_ANSWERS = 3
_PRIOR_RUNS = 4.0
_LEAST, _MOST = 0.02, 0.98
# Weak members that err in their own ways look weaker than they are: together they keep a say.
_LEAST_WEIGHT = 0.15


@dataclass(frozen=True, slots=True)
class Run:
    """How a panel voted once.

    clusters: the number of the answer each member gave. options: how many answers were open to
    them, if that is known. right: the cluster that the user marked right; wrong: those marked
    wrong. silent: members whose reply held no answer that could be read; one that was not asked, or
    could not be reached, is left out.
    """

    clusters: Mapping[str, int]
    options: int | None = None
    right: int | None = None
    wrong: frozenset[int] = frozenset()
    silent: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Reliability:
    """What is known of a member: what share of its votes was right, over how many replies, and what
    share of those held a vote."""

    right: float
    runs: int
    voted: float = 1.0


def learn(history: Sequence[Run]) -> dict[str, Reliability]:
    """Estimate how often each member is right, from runs of any of them.

    Only members with at least `ENOUGH_RUNS` replies beside others' are returned.
    """
    runs = [r for r in history if len(r.clusters) > 1 or r.right is not None or r.wrong]
    replies = Counter(member for run in runs for member in (*run.clusters, *run.silent))
    shares = dict.fromkeys(sorted(replies), 0.7)
    patterns = _patterns(runs)
    for _ in range(_ROUNDS):
        updated = _step(patterns, shares)
        moved = max((abs(updated[member] - shares[member]) for member in shares), default=0.0)
        shares = updated
        if moved < _STILL:
            break
    voted = Counter(member for run in runs for member in run.clusters)
    known = {}
    for member, count in replies.items():
        if count >= ENOUGH_RUNS and voted[member]:
            answered = voted[member] / count
            known[member] = Reliability(min(_MOST, shares[member] / answered), count, answered)
    return known


def _patterns(runs: Sequence[Run]) -> list[tuple[Run, int]]:
    """Return the runs that differ, each with how often it occurred: of thousands, few differ."""
    keys = [
        (frozenset(run.clusters.items()), run.options, run.right, run.wrong, run.silent)
        for run in runs
    ]
    which = dict(zip(keys, runs, strict=True))
    return [(which[key], times) for key, times in Counter(keys).items()]


def _step(patterns: Sequence[tuple[Run, int]], shares: Mapping[str, float]) -> dict[str, float]:
    """Weigh each answer of each run by the members behind it, then each member by its answers."""
    right = dict.fromkeys(shares, 0.0)
    count = dict.fromkeys(shares, 0)
    for run, times in patterns:
        chances = _chances(run, shares)
        for member, cluster in run.clusters.items():
            right[member] += chances[cluster] * times
            count[member] += times
        for member in run.silent:
            count[member] += times
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
    wrong = max(1, min(run.options - 1, _WRONG_ANSWERS) if run.options else _WRONG_ANSWERS)
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

    A member that is more often wrong than right, and below the middle one by more than two standard
    errors, as an adversary is, weighs nothing. The shares right of the others are drawn to their
    mean by as much of their spread as chance explains (Efron and Morris, Journal of the American
    Statistical Association 70, 1975), so that comparable members weigh the same. What is left makes
    a vote weigh the root of its member's odds of being right, less 1: rising faster than the
    log-odds that suit independent mistakes (Nitzan and Paroush, International Economic Review 23,
    1982), since weak members share theirs.
    """
    if len(panel) < 3 or any(member not in known for member in panel):
        return {}
    shares = {member: known[member].right * known[member].voted for member in sorted(panel)}
    noise = {
        member: share * (1 - share) * (1 / known[member].runs + 1 / WORTH_RUNS)
        for member, share in shares.items()
    }
    ignored = {}
    worst = min(shares, key=lambda member: shares[member])
    if shares[worst] < min(0.5, median(shares.values()) - 2 * math.sqrt(noise[worst])):
        ignored[worst] = 0.0
        del shares[worst]
    mean = math.fsum(shares.values()) / len(shares)
    spread = math.fsum((share - mean) ** 2 / noise[member] for member, share in shares.items())
    chance = len(shares) - 1
    if spread <= chance:
        return ignored | dict.fromkeys(shares, 1.0) if ignored else {}
    real = 1 - chance / spread
    return ignored | {m: _weight(mean + real * (share - mean)) for m, share in shares.items()}


def _weight(share: float) -> float:
    return max(_LEAST_WEIGHT, math.sqrt(share / (1 - share)) - 1)
