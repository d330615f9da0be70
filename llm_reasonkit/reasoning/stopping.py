"""When the rest of a panel need not be asked any more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from math import comb

from llm_reasonkit.reasoning.answers import Answer, AnswerForm, sameness
from llm_reasonkit.reasoning.clustering import Cluster, cluster, identity
from llm_reasonkit.reasoning.voting import (
    Ballot,
    Rule,
    counting,
    families_of,
    is_enough,
    needed_votes,
    weight_of,
)

CERTAINTY = Fraction(95, 100)


def is_decided(ballots: Sequence[Ballot], rule: Rule, form: AnswerForm) -> bool:
    """Tell whether no outcome of the pending votes can change the winner or its acceptance.

    A pending vote may support any answer, link two that nothing keeps apart, or part answers that
    are held together only by being like a third.
    """
    pending = [index for index, ballot in enumerate(ballots) if ballot.status == "pending"]
    if not pending:
        return True
    votes = {i: b.answer for i, b in enumerate(ballots) if b.status == "vote" and b.answer}
    clusters = cluster(votes, form).clusters
    if not clusters:
        return False
    leader = max(clusters, key=lambda found: weight_of(_firm(found, votes), ballots, rule))
    firm = _firm(leader, votes)
    rest = weight_of(pending, ballots, rule)
    rivals = _rivals(leader, clusters, votes, form)
    most = max((weight_of(members, ballots, rule) for members in rivals), default=0.0)
    if weight_of(firm, ballots, rule) <= most + rest:
        return False
    # Those still pending will have been asked.
    counted = [b for b in ballots if rule.of == "members" or b.status != "not_asked"]
    needed = needed_votes(rule.threshold, len(counted))
    backers = counting(firm, ballots, rule)
    if is_enough(len(backers), len(families_of(backers, ballots)), needed, counted):
        return True
    friends = [i for c in clusters if _may_join(leader, c, votes, form) for i in c.members]
    possible = counting([*friends, *pending], ballots, rule)
    return not is_enough(len(possible), len(families_of(possible, ballots)), needed, counted)


def _firm(found: Cluster, votes: dict[int, Answer]) -> list[int]:
    """Return the members that hold the very same form, which no other answer can part."""
    keys = {index: identity(votes[index]) for index in found.members}
    return max(
        ([i for i in found.members if keys[i] == key] for key in sorted(set(keys.values()))),
        key=len,
    )


def _rivals(
    leader: Cluster, clusters: Sequence[Cluster], votes: dict[int, Answer], form: AnswerForm
) -> list[list[int]]:
    """Return the votes against the leader, together where a further vote might link them."""
    left = [found for found in clusters if found.number != leader.number]
    firm = set(_firm(leader, votes))
    groups = [[i for i in leader.members if i not in firm]]
    while left:
        linked = [left.pop(0)]
        for found in linked:
            near = [other for other in left if _may_join(found, other, votes, form)]
            linked += near
            left = [other for other in left if other not in near]
        groups.append([index for found in linked for index in found.members])
    return groups


def _may_join(one: Cluster, other: Cluster, votes: dict[int, Answer], form: AnswerForm) -> bool:
    return any(
        sameness(votes[a], votes[b], form) != "different"
        for a in one.members
        for b in other.members
    )


def next_wave(ballots: Sequence[Ballot], rule: Rule, form: AnswerForm) -> list[int]:
    """Return which pending members to ask next: the fewest that could decide it, if they agree.

    The most reliable first, as they agree most often, and where that is not known in the order of
    the panel; but second a member of another family than the first: one family alone is not
    accepted. Empty when it is decided already.
    """
    pending = sorted(
        (index for index, ballot in enumerate(ballots) if ballot.status == "pending"),
        key=lambda index: -rule.strength.get(ballots[index].member, 0.0),
    )
    other = [i for i in pending if ballots[i].family != ballots[pending[0]].family][:1]
    order = list(dict.fromkeys([*pending[:1], *other, *pending]))
    votes = {i: b.answer for i, b in enumerate(ballots) if b.status == "vote" and b.answer}
    clusters = cluster(votes, form).clusters
    agreed = clusters[0].answer if clusters else Answer("yes", "yes-no", "yes")

    def supposing(count: int) -> list[Ballot]:
        supposed = list(ballots)
        for index in order[:count]:
            supposed[index] = replace(ballots[index], status="vote", answer=agreed)
        return supposed

    return next(order[:n] for n in range(len(order) + 1) if is_decided(supposing(n), rule, form))


def is_likely(counts: Sequence[int], certainty: Fraction = CERTAINTY) -> bool:
    """Tell whether the leading answer of samples of one model is its most frequent one.

    counts: votes for each answer. The chance that the leader is more frequent than the second,
    under a Beta(leader + 1, second + 1) posterior, has to reach `certainty`: the Beta rule of
    Adaptive-Consistency (Aggarwal et al. 2023, arXiv:2305.11860). For samples of one model only:
    members of a panel are not drawn from one distribution.
    """
    first, second = sorted([*counts, 0, 0], reverse=True)[:2]
    return lead_probability(first, second) >= certainty


def lead_probability(first: int, second: int) -> Fraction:
    """Return P(p > 1/2) for p ~ Beta(first + 1, second + 1), as an exact binomial sum."""
    trials = first + second + 1
    below = sum(comb(trials, k) for k in range(first + 1, trials + 1))
    return 1 - Fraction(below, 2**trials)
