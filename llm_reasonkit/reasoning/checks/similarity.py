"""Tell whether two short texts say the same in other words.

Words are compared as stems, with common synonyms taken as one word, and by letter trigrams. Close
texts that differ in a number, a negation or a direction (raise, lower) are never the same: a
string measure alone calls “increase the dose” and “decrease the dose” alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from llm_reasonkit.reasoning.checks.folding import stem, words
from llm_reasonkit.reasoning.checks.wordlists import NEGATIONS, OPPOSITES, STOP_WORDS, SYNONYMS

_COMPARED_CHARACTERS = 1000
COMPARED_TEXTS = 400


def _concepts() -> dict[str, str]:
    concepts: dict[str, str] = {}
    for line in SYNONYMS:
        group = [stem(word) for word in line]
        for word in group:
            concepts.setdefault(word, group[0])
    return concepts


_CONCEPTS = _concepts()


def _concept(word: str) -> str:
    return _CONCEPTS.get(stem(word), stem(word))


_OPPOSED = [(_concept(left), _concept(right)) for left, right in OPPOSITES]


class Likeness(NamedTuple):
    """How much two texts share (0 to 1): of their words, of the shorter one's, of trigrams."""

    words: float
    contained: float
    trigrams: float


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What of a text is compared."""

    concepts: frozenset[str]
    trigrams: frozenset[str]
    numbers: frozenset[str]
    negated: bool

    @classmethod
    def of(cls, text: str) -> Fingerprint:
        """Read a text; what lies beyond the first thousand characters is not compared."""
        found = words(text[:_COMPARED_CHARACTERS])
        bare = " ".join(word for word in found if word not in STOP_WORDS)
        return cls(
            concepts=frozenset(
                _concept(word)
                for word in found
                if word not in STOP_WORDS and word not in NEGATIONS and not word.isdigit()
            ),
            trigrams=frozenset(bare[i : i + 3] for i in range(max(1, len(bare) - 2))),
            numbers=frozenset(word for word in found if word.isdigit()),
            negated=sum(word in NEGATIONS for word in found) % 2 == 1,
        )

    def likeness(self, other: Fingerprint) -> Likeness:
        """Measure what two texts share."""
        shared = len(self.concepts & other.concepts)
        smaller = min(len(self.concepts), len(other.concepts))
        return Likeness(
            shared / max(1, len(self.concepts | other.concepts)),
            shared / smaller if smaller >= 3 else 0.0,
            len(self.trigrams & other.trigrams) / max(1, len(self.trigrams | other.trigrams)),
        )

    def contradicts(self, other: Fingerprint) -> bool:
        """Tell whether something speaks against their meaning the same, however alike they are."""
        if self.numbers and other.numbers and self.numbers != other.numbers:
            return True
        if self.negated != other.negated:
            return True
        here, there = self.concepts - other.concepts, other.concepts - self.concepts
        return any((a in here and b in there) or (b in here and a in there) for a, b in _OPPOSED)

    def says_the_same_as(self, other: Fingerprint) -> bool:
        """Tell whether two texts say the same, as far as their words show it."""
        if not self.concepts or not other.concepts or self.contradicts(other):
            return False
        shares = self.likeness(other)
        # At 0.6 one word of four may differ, and an accountant is no lawyer.
        return shares.words >= 0.65 or shares.contained >= 0.8 or shares.trigrams >= 0.7


def duplicates(items: Sequence[str]) -> list[tuple[int, int]]:
    """Return the pairs (earlier, later) that say the same; a later one is paired once.

    Looks at the first 400 texts only, so that its time stays bounded.
    """
    prints = [Fingerprint.of(item) for item in items[:COMPARED_TEXTS]]
    pairs: list[tuple[int, int]] = []
    for later, second in enumerate(prints):
        match = next(
            (n for n, first in enumerate(prints[:later]) if second.says_the_same_as(first)), None
        )
        if match is not None:
            pairs.append((match, later))
    return pairs
