"""Who is better, from a judge that saw every two answers in both orders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the judge said of two answers, shown in this order; members by number."""

    first: int
    second: int
    better: Literal["first", "second", "equal"]

    @property
    def winner(self) -> int | None:
        """The member that was found better."""
        if self.better == "equal":
            return None
        return self.first if self.better == "first" else self.second


@dataclass(frozen=True, slots=True)
class Ranking:
    """Wins by member, how many pairs were decided alike in both orders, who won most (if one)."""

    wins: Mapping[int, int]
    decided: int
    leader: int | None


def rank(members: Sequence[int], judged: Sequence[Judgement]) -> Ranking:
    """Count the wins on which both orders agree; a pair judged in one order decides nothing."""
    winners = {(each.first, each.second): each.winner for each in judged}
    wins = dict.fromkeys(members, 0)
    decided = 0
    for (first, second), winner in winners.items():
        if first < second and winner is not None and winners.get((second, first)) == winner:
            wins[winner] += 1
            decided += 1
    best = sorted(wins, key=lambda member: -wins[member])
    leads = len(best) == 1 or (len(best) > 1 and wins[best[0]] > wins[best[1]])
    return Ranking(wins, decided, best[0] if decided and leads else None)
