"""Count the votes of a panel and say what they amount to.

    rule = Rule(threshold=Decimal("0.8"))          how votes are counted
    ballots = [Ballot("a", "openai", "vote", reading.answer), Ballot("b", "google", "pending")]
    verdict = decide(ballots, rule, form)          at any time; a pending ballot counts as no vote
    is_decided(ballots, rule, form)                (stopping) nothing outstanding can change it

The same ballots give the same verdict in every order. A member that failed, could not be read, was
cancelled or not asked stays in the denominator.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_CEILING, Decimal
from typing import Literal

from llm_reasonkit.reasoning.answers import Answer, AnswerForm, canonical, sameness
from llm_reasonkit.reasoning.arithmetic import NotArithmetic, evaluate
from llm_reasonkit.reasoning.clustering import Cluster, Pair, cluster
from llm_reasonkit.reasoning.divergence import first_divergence, first_field_apart

BallotStatus = Literal["vote", "no_vote", "failed", "cancelled", "not_asked", "pending"]
DecidedBy = Literal["votes", "check", "reliability"]

_SHARE_PLACES = Decimal("0.0001")
_EQUAL = 1e-9


@dataclass(frozen=True, slots=True)
class Ballot:
    """What became of one member.

    member: its name, unique in the panel (samples of one model are `id#1`, `id#2`). family: who
    made the model. answer: set when the status is `vote`. reason: why it is none. reply: what it
    wrote, to show where it diverges.
    """

    member: str
    family: str
    status: BallotStatus
    answer: Answer | None = None
    reason: str = ""
    reply: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """How votes are counted.

    threshold: share of the members (or, for `of="asked"`, of those asked) that must agree.
    weights: what a member's vote weighs in finding the winner, from `reliability.weights_of`; empty
    is one each, and a vote that weighs nothing is no agreement either. strength: measured
    reliability, which breaks ties, and says who is asked first where not all need be.
    """

    threshold: Decimal = Decimal("0.8")
    of: Literal["members", "asked"] = "members"
    weights: Mapping[str, float] = field(default_factory=dict)
    strength: Mapping[str, float] = field(default_factory=dict)

    def weight(self, ballot: Ballot) -> float:
        """What a vote counts for in finding the winner."""
        return self.weights.get(ballot.member, 1.0) if self.weights else 1.0


@dataclass(frozen=True, slots=True)
class Dissent:
    """A position that did not win: its answer, who holds it (indices), where it first diverges."""

    answer: Answer
    members: tuple[int, ...]
    point: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a panel's votes amount to.

    status: `done` (accepted), `no_consensus` (a leading answer below the threshold, or no vote at
    all), `tie`. winner: the leading cluster, None when tied or nobody voted; tied: the clusters
    that share the lead then. leading, members, asked, needed, share, families: as in the result's
    `agreement`. notes: sentences for the user. A member is its index in the ballots.
    """

    status: Literal["done", "no_consensus", "tie"]
    winner: Cluster | None
    tied: tuple[Cluster, ...]
    clusters: tuple[Cluster, ...]
    dissent: tuple[Dissent, ...]
    decided_by: DecidedBy | None
    leading: int
    members: int
    asked: int
    needed: int
    share: Decimal
    families: int
    threshold: Decimal
    accepted: bool
    open_pairs: tuple[Pair, ...]
    notes: tuple[str, ...]


def needed_votes(threshold: Decimal, members: int) -> int:
    """Return how many votes a threshold takes: its share of the members, rounded up, at least 1."""
    return max(1, int((threshold * members).to_integral_value(ROUND_CEILING)))


def decide(
    ballots: Sequence[Ballot],
    rule: Rule,
    form: AnswerForm,
    verdicts: Mapping[Pair, bool] | None = None,
) -> Verdict:
    """Find the answer that leads, and whether enough members stand behind it.

    Most votes win. A tie is broken by code, where the question is a sum that it can work out, else
    by measured reliability, else it stays one. verdicts: what a model said of `open_pairs`.
    """
    votes = {i: b.answer for i, b in enumerate(ballots) if b.status == "vote" and b.answer}
    clustering = cluster(votes, form, verdicts)
    leaders = _leaders(clustering.clusters, ballots, rule)
    value = _worked_out(form)
    right = _holding(value, clustering.clusters, form)
    winner, decided_by = _winner(leaders, clustering.clusters, ballots, rule, right)
    asked = [b for b in ballots if b.status not in ("not_asked", "pending")]
    counted = asked if rule.of == "asked" else list(ballots)
    shown = winner or next(iter(leaders), None)
    needed = needed_votes(rule.threshold, len(counted))
    backers = counting(shown.members, ballots, rule) if shown else []
    leading, behind = len(backers), families_of(backers, ballots)
    accepted = winner is not None and is_enough(leading, len(behind), needed, ballots)
    return Verdict(
        status="done" if accepted else "tie" if leaders and not winner else "no_consensus",
        winner=winner,
        tied=() if winner else leaders,
        clusters=clustering.clusters,
        dissent=_dissent(winner, clustering.clusters, ballots),
        decided_by=decided_by,
        leading=leading,
        members=len(ballots),
        asked=len(asked),
        needed=needed,
        share=(Decimal(leading) / max(1, len(counted))).quantize(_SHARE_PLACES),
        families=len(behind),
        threshold=rule.threshold,
        accepted=accepted,
        open_pairs=clustering.open_pairs,
        notes=(
            *_notes_on_value(value, right, winner, clustering.clusters, form),
            *_notes(winner, clustering.clusters, ballots, rule, decided_by),
        ),
    )


def families_of(members: Sequence[int], ballots: Sequence[Ballot]) -> frozenset[str]:
    """Return the families of some members."""
    return frozenset(ballots[index].family for index in members)


def is_enough(leading: int, families: int, needed: int, panel: Sequence[Ballot]) -> bool:
    """Tell whether so many votes are accepted; one family alone is not, if the panel has more."""
    return leading >= needed and families >= min(2, len({ballot.family for ballot in panel}))


def counting(members: Sequence[int], ballots: Sequence[Ballot], rule: Rule) -> list[int]:
    """Return the members whose votes weigh something."""
    return [index for index in members if rule.weight(ballots[index])]


def weight_of(members: Sequence[int], ballots: Sequence[Ballot], rule: Rule) -> float:
    """Return what some members' votes weigh together, the same in whatever order."""
    return math.fsum(rule.weight(ballots[index]) for index in members)


def _leaders(
    clusters: Sequence[Cluster], ballots: Sequence[Ballot], rule: Rule
) -> tuple[Cluster, ...]:
    weights = [weight_of(found.members, ballots, rule) for found in clusters]
    most = max(weights, default=0.0)
    return tuple(
        found for found, weight in zip(clusters, weights, strict=True) if most - weight < _EQUAL
    )


def _worked_out(form: AnswerForm) -> Answer | None:
    """Return the answer that code comes to, where the question is a sum.

    The sums that members write in their replies confirm nothing: of 123 ties of recorded replies
    between an answer whose sums are all right and another, the former was right 59 times.
    """
    try:
        return canonical(str(evaluate(form.term)), form) if form.term else None
    except NotArithmetic:
        return None


def _holding(value: Answer | None, clusters: Sequence[Cluster], form: AnswerForm) -> Cluster | None:
    if value is None:
        return None
    return next((c for c in clusters if sameness(c.answer, value, form) == "same"), None)


def _winner(
    leaders: Sequence[Cluster],
    clusters: Sequence[Cluster],
    ballots: Sequence[Ballot],
    rule: Rule,
    right: Cluster | None,
) -> tuple[Cluster | None, DecidedBy | None]:
    if len(leaders) == 1:
        outvoted = any(
            len(other.members) >= len(leaders[0].members)
            for other in clusters[:2]
            if other != leaders[0]
        )
        return leaders[0], "reliability" if outvoted else "votes"
    if right in leaders:
        return right, "check"
    by_strength = sorted(
        (
            (max(rule.strength.get(ballots[i].member, 0.0) for i in c.members), c.number)
            for c in leaders
        ),
        reverse=True,
    )
    if len(by_strength) > 1 and by_strength[0][0] - by_strength[1][0] > _EQUAL:
        return clusters[by_strength[0][1]], "reliability"
    return None, None


def _dissent(
    winner: Cluster | None, clusters: Sequence[Cluster], ballots: Sequence[Ballot]
) -> tuple[Dissent, ...]:
    if winner is None:
        return tuple(Dissent(c.answer, c.members) for c in clusters)
    others = [found for found in clusters if found != winner]
    return tuple(Dissent(c.answer, c.members, _point(winner, c, ballots)) for c in others)


def _point(winner: Cluster, other: Cluster, ballots: Sequence[Ballot]) -> str:
    if other.answer.kind == "json":
        return first_field_apart(winner.answer, other.answer)
    return first_divergence(_speaker(winner, ballots).reply, _speaker(other, ballots).reply)


def _speaker(found: Cluster, ballots: Sequence[Ballot]) -> Ballot:
    """Return the member whose reply stands for a cluster: one whatever the order."""
    return min((ballots[i] for i in found.members), key=lambda ballot: ballot.member)


def _notes_on_value(
    value: Answer | None,
    right: Cluster | None,
    winner: Cluster | None,
    clusters: Sequence[Cluster],
    form: AnswerForm,
) -> list[str]:
    if value is None or not clusters or (right and len(clusters) == 1):
        return []
    against = "" if right == winner else ", which is not the leading answer"
    if right is None:
        against = ", which nobody answered"
    return [f"worked out by code, {form.term} is {value.text}{against}"]


def _most_against(
    winner: Cluster, clusters: Sequence[Cluster], ballots: Sequence[Ballot], rule: Rule
) -> int:
    """Return how many votes that weigh something the strongest other answer has."""
    others = (counting(found.members, ballots, rule) for found in clusters if found != winner)
    return max(map(len, others), default=0)


def _notes(
    winner: Cluster | None,
    clusters: Sequence[Cluster],
    ballots: Sequence[Ballot],
    rule: Rule,
    decided_by: DecidedBy | None,
) -> list[str]:
    if winner is None:
        return []
    notes = []
    strengths = {**rule.weights, **rule.strength}
    voters = sorted((ballots[i] for c in clusters for i in c.members), key=lambda b: b.member)
    best = max(voters, key=lambda b: strengths.get(b.member, 0.0))
    dissents = all(ballots[i].member != best.member for i in winner.members)
    ignored = [b.member for b in voters if not rule.weight(b)]
    if ignored:
        notes.append(f"not counted, as it is far more often wrong than the others: {ignored[0]}")
    outvoted = _most_against(winner, clusters, ballots, rule) >= len(
        counting(winner.members, ballots, rule)
    )
    if decided_by == "reliability" and outvoted and not dissents:
        notes.append(f"{best.member} decided: it has been right more often than the others")
    if strengths and dissents:
        notes.append(f"{best.member}, most often right so far, dissents")
    behind = families_of(winner.members, ballots)
    if len(winner.members) > 1 and len(behind) == 1 and len({b.family for b in ballots}) > 1:
        notes.append(f"all that agree are of one family ({min(behind)})")
    if any(found.rung == "ambiguous" for found in clusters):
        notes.append("some answers equal others that contradict each other, and count apart")
    return notes
