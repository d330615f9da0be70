"""Which answers are the same: equivalence classes that do not depend on any order.

A ladder decides: equal canonical forms, then what a model said of the pairs that were left open,
and vetoes (another number, unit or polarity) that nothing overrules. Likeness never merges: by
edit distance 12 is close to 17, by embeddings an increase is close to a decrease.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from llm_reasonkit.reasoning.answers import Answer, AnswerForm, Sameness, sameness

Rung = Literal["canonical", "model", "ambiguous", "veto", "none"]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two answers of which only a model can tell whether they mean the same; texts as given."""

    left: str
    right: str


@dataclass(frozen=True, slots=True)
class Cluster:
    """Answers that are the same.

    number: its place, the largest is 0. answer: the one shown for all. members: indices of the
    answers. rung: what put it together or kept it apart: `canonical` (equal forms), `model`
    (a model said so), `ambiguous` (its answers equal others that contradict each other), `veto`
    (a contradiction with every other answer), `none` (a single answer, nothing to decide).
    """

    number: int
    answer: Answer
    members: tuple[int, ...]
    rung: Rung


@dataclass(frozen=True, slots=True)
class Clustering:
    """The clusters, largest first, and the pairs that a model may be asked about."""

    clusters: tuple[Cluster, ...]
    open_pairs: tuple[Pair, ...]


def cluster(
    answers: Mapping[int, Answer], form: AnswerForm, verdicts: Mapping[Pair, bool] | None = None
) -> Clustering:
    """Group the answers, by index, into classes of the same answer.

    verdicts: what a model said of earlier `open_pairs`, true only if each side follows from the
    other. Where A = B and B = C but A and C contradict each other, only equal forms stay together.
    """
    relation = _Relation(answers, form, verdicts or {})
    groups: list[tuple[tuple[str, ...], Rung]] = []
    for component in relation.components():
        if relation.is_consistent(component):
            groups.append((component, relation.rung_of(component)))
        else:
            groups += [((key,), "ambiguous") for key in component]
    numbered = sorted(
        (
            (sorted(i for key in keys for i in relation.holders[key]), keys, rung)
            for keys, rung in groups
        ),
        key=lambda group: (-len(group[0]), min(group[1])),
    )
    clusters = tuple(
        Cluster(number, relation.shown(keys), tuple(members), rung)
        for number, (members, keys, rung) in enumerate(numbered)
    )
    return Clustering(clusters, relation.open_pairs([keys for _, keys, _ in numbered]))


class _Relation:
    """How each two canonical forms relate; everything goes by form, so no order can matter."""

    def __init__(
        self, answers: Mapping[int, Answer], form: AnswerForm, verdicts: Mapping[Pair, bool]
    ) -> None:
        self.holders: dict[str, list[int]] = {}
        self._answers: dict[str, Answer] = {}
        for index, answer in sorted(answers.items(), key=lambda item: (item[1].text, item[0])):
            key = identity(answer)
            self.holders.setdefault(key, []).append(index)
            self._answers.setdefault(key, answer)
        self._keys = sorted(self.holders)
        self._by_model: set[frozenset[str]] = set()
        self._same: dict[frozenset[str], Sameness] = {}
        for place, one in enumerate(self._keys):
            for other in self._keys[place + 1 :]:
                self._same[frozenset((one, other))] = self._compare(one, other, form, verdicts)

    def _compare(
        self, one: str, other: str, form: AnswerForm, verdicts: Mapping[Pair, bool]
    ) -> Sameness:
        found = sameness(self._answers[one], self._answers[other], form)
        if found != "unsure":
            return found
        left, right = self._answers[one].text, self._answers[other].text
        said = {verdicts.get(Pair(left, right)), verdicts.get(Pair(right, left))} - {None}
        if said == {True}:
            self._by_model.add(frozenset((one, other)))
            return "same"
        return "different" if said else "unsure"

    def relation(self, one: str, other: str) -> Sameness:
        return "same" if one == other else self._same[frozenset((one, other))]

    def components(self) -> list[tuple[str, ...]]:
        left, found = list(self._keys), []
        while left:
            reached = [left.pop(0)]
            for key in reached:
                near = [other for other in left if self.relation(key, other) == "same"]
                reached += near
                left = [other for other in left if other not in near]
            found.append(tuple(sorted(reached)))
        return found

    def is_consistent(self, keys: Sequence[str]) -> bool:
        return all(self.relation(one, other) != "different" for one in keys for other in keys)

    def rung_of(self, keys: Sequence[str]) -> Rung:
        if any(pair <= set(keys) for pair in self._by_model):
            return "model"
        if len(keys) > 1 or len(self.holders[keys[0]]) > 1:
            return "canonical"
        others = [other for other in self._keys if other not in keys]
        if others and all(self.relation(keys[0], other) == "different" for other in others):
            return "veto"
        return "none"

    def shown(self, keys: Sequence[str]) -> Answer:
        """Return the form that most hold, in its shortest wording."""
        most = min(keys, key=lambda key: (-len(self.holders[key]), len(key), key))
        return self._answers[most]

    def open_pairs(self, groups: Sequence[Sequence[str]]) -> tuple[Pair, ...]:
        """Return one pair for each two clusters that nothing keeps apart."""
        pairs = []
        for place, here in enumerate(groups):
            for there in groups[place + 1 :]:
                found = {self.relation(one, other) for one in here for other in there}
                if found == {"unsure"}:
                    left, right = sorted((self.shown(here).text, self.shown(there).text))
                    pairs.append(Pair(left, right))
        return tuple(sorted(pairs, key=lambda pair: (pair.left, pair.right)))


def identity(answer: Answer) -> str:
    """Return a name that only answers of the very same form share."""
    return (
        f"{answer.name}={answer.frame}{answer.key}" if answer.name or answer.frame else answer.key
    )
