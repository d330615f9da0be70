"""Tell whether two short texts say the same in other words.

Words are compared as stems and by lists of synonyms. Two ideas that differ in one word that
matters are two ideas: where each text has a word that the other has nothing for, they say the same
only if they are long and have nearly all else in common. A string measure alone calls “increase
the dose” and “decrease the dose” alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from llm_reasonkit.reasoning.checks.folding import words
from llm_reasonkit.reasoning.checks.languages import language_of, stem
from llm_reasonkit.reasoning.checks.wordlists import (
    FUNCTION_WORDS,
    LIGHT_WORDS,
    NEGATIONS,
    OPPOSITES,
    SYNONYMS,
)

_COMPARED_CHARACTERS = 1000
COMPARED_TEXTS = 400
# Words with this much of a beginning in common are forms of one word: machine, machinery.
_SAME_BEGINNING = 6
_MOST_ENDING = 4
# Texts as long as this may differ in a word each, if they share this much of the others.
_LONG = 8
_SHARED_FROM = 0.8


@lru_cache(maxsize=8)
def _grouped(language: str) -> dict[str, set[int]]:
    """The groups of synonyms that each stem is in."""
    found: dict[str, set[int]] = {}
    for number, line in enumerate(SYNONYMS.get(language, [])):
        for word in line:
            found.setdefault(stem(word, language), set()).add(number)
    return found


@lru_cache(maxsize=16384)
def _groups_of(word: str, language: str) -> frozenset[int]:
    grouped = _grouped(language)
    if word in grouped:
        return frozenset(grouped[word])
    return frozenset().union(*(groups for form, groups in grouped.items() if _forms(word, form)))


@lru_cache(maxsize=8)
def _opposed(language: str) -> list[tuple[str, str]]:
    pairs = OPPOSITES.get(language, [])
    return [(stem(left, language), stem(right, language)) for left, right in pairs]


@lru_cache(maxsize=8)
def _light(language: str) -> frozenset[str]:
    return frozenset(stem(word, language) for word in LIGHT_WORDS.get(language, ()))


def _forms(word: str, other: str) -> bool:
    """Tell whether two stems are, by their letters, forms of one word."""
    short, long = sorted((word, other), key=len)
    return (
        len(short) >= _SAME_BEGINNING
        and long.startswith(short[:_SAME_BEGINNING])
        and max(len(long) - len(short), len(short) - _SAME_BEGINNING) <= _MOST_ENDING
    )


@lru_cache(maxsize=65536)
def _are_one(word: str, other: str, language: str) -> bool:
    """Tell whether two stems are forms of one word, or synonyms."""
    if word == other or _forms(word, other):
        return True
    return not _groups_of(word, language).isdisjoint(_groups_of(other, language))


def _stems(found: Sequence[str], language: str) -> frozenset[str]:
    without_content = FUNCTION_WORDS[language] | NEGATIONS[language]
    return frozenset(
        stem(word, language) for word in found if word not in without_content and not word.isdigit()
    )


def _without_counterpart(stems: frozenset[str], others: frozenset[str], language: str) -> set[str]:
    return {w for w in stems - others if not any(_are_one(w, o, language) for o in others)}


def share_of_words_in(text: str, other: str) -> float | None:
    """Return which share of the words of a text that carry meaning another one has, in any form;
    None where the text has no such words."""
    here, there = words(text), words(other)
    language = language_of([*there, *here]) or "en"
    meant = _stems(here, language)
    if not meant:
        return None
    return 1 - len(_without_counterpart(meant, _stems(there, language), language)) / len(meant)


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What of a text is compared: its words that carry meaning, numbers, and whether it denies."""

    stems: frozenset[str]
    numbers: frozenset[str]
    negated: bool
    language: str

    @classmethod
    def of(cls, text: str, language: str | None = None) -> Fingerprint:
        """Read a text; what lies beyond the first thousand characters is not compared.

        language: its code, where more is known of it than the text itself tells.
        """
        found = words(text[:_COMPARED_CHARACTERS])
        language = language or language_of(found) or "en"
        return cls(
            stems=_stems(found, language),
            numbers=frozenset(word for word in found if word.isdigit()),
            negated=sum(word in NEGATIONS[language] for word in found) % 2 == 1,
            language=language,
        )

    def contradicts(self, other: Fingerprint) -> bool:
        """Tell whether something speaks against their meaning the same, however alike they are."""
        if self.numbers and other.numbers and self.numbers != other.numbers:
            return True
        if self.negated != other.negated:
            return True
        here = _without_counterpart(self.stems, other.stems, self.language)
        there = _without_counterpart(other.stems, self.stems, self.language)
        return any(
            (self._has(a, here) and self._has(b, there))
            or (self._has(b, here) and self._has(a, there))
            for a, b in _opposed(self.language)
        )

    def _has(self, word: str, stems: set[str]) -> bool:
        return word in stems or any(_are_one(word, other, self.language) for other in stems)

    def says_the_same_as(self, other: Fingerprint) -> bool:
        """Tell whether two texts say the same, as far as their words show it."""
        if not self.stems or not other.stems or self.contradicts(other):
            return False
        light = _light(self.language)
        here = _without_counterpart(self.stems, other.stems, self.language) - light
        there = _without_counterpart(other.stems, self.stems, self.language) - light
        shared = min(len(self.stems - light) - len(here), len(other.stems - light) - len(there))
        if not here and not there:
            return True
        if not here or not there:
            return shared >= 3 and len(here | there) <= shared
        differing = max(len(here), len(there))
        return shared >= _LONG and shared / (shared + differing) >= _SHARED_FROM


def duplicates(items: Sequence[str]) -> list[tuple[int, int]]:
    """Return the pairs (earlier, later) that say the same; a later one is paired once.

    Looks at the first 400 texts only, so that its time stays bounded.
    """
    items = items[:COMPARED_TEXTS]
    # One short text may not tell its language; all of them together do.
    language = language_of([word for item in items for word in words(item[:_COMPARED_CHARACTERS])])
    prints = [Fingerprint.of(item, language) for item in items]
    pairs: list[tuple[int, int]] = []
    for later, second in enumerate(prints):
        match = next(
            (n for n, first in enumerate(prints[:later]) if second.says_the_same_as(first)), None
        )
        if match is not None:
            pairs.append((match, later))
    return pairs
