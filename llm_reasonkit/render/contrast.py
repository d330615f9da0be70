"""Where several answers differ: what only one of them says, to the word."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from llm_reasonkit.reasoning.checks.folding import WORD, sentences

Span = tuple[int, int]

# Two sentences that share fewer of their words do not say about the same.
_SAME = 0.6
# Each sentence is held against each of the others; where that are too many, only equal ones count.
_MOST_COMPARED = 100_000


@dataclass(frozen=True, slots=True)
class _Sentence:
    span: Span
    places: tuple[Span, ...]
    words: tuple[str, ...]


def only_here(texts: Sequence[str]) -> list[list[Span]]:
    """Return for each text the stretches of what none of the others says.

    A sentence that stands elsewhere in about the same words is compared with the closest one word
    by word; any other counts whole. Spelling counts, case and punctuation do not. Nothing is
    reported where fewer than two texts say anything.
    """
    split = [list(_sentences(text)) for text in texts]
    if sum(map(bool, split)) < 2:
        return [[] for _ in texts]
    count = sum(map(len, split))
    found = []
    for number, mine in enumerate(split):
        others = {
            sentence.words
            for other, each in enumerate(split)
            if other != number
            for sentence in each
        }
        near = others if count * len(others) <= _MOST_COMPARED else ()
        new = (sentence for sentence in mine if sentence.words not in others)
        found.append([span for sentence in new for span in _new_in(sentence, near)])
    return found


def _sentences(text: str) -> Iterator[_Sentence]:
    for start, end in sentences(text):
        matches = list(WORD.finditer(text, start, end))
        if matches:
            places = tuple(match.span() for match in matches)
            words = tuple(match.group().casefold() for match in matches)
            yield _Sentence((places[0][0], places[-1][1]), places, words)


def _new_in(sentence: _Sentence, others: Collection[tuple[str, ...]]) -> list[Span]:
    share, closest = max(
        ((_likeness(sentence.words, each), each) for each in others), default=(0.0, ())
    )
    if share < _SAME:
        return [sentence.span]
    matcher = SequenceMatcher(None, sentence.words, closest, autojunk=False)
    return [
        (sentence.places[start][0], sentence.places[end - 1][1])
        for what, start, end, _, _ in matcher.get_opcodes()
        if what in ("replace", "delete")
    ]


def _likeness(one: Sequence[str], other: Sequence[str]) -> float:
    """Return the share of words that two sentences have in common (Dice's coefficient)."""
    mine, theirs = set(one), set(other)
    return 2 * len(mine & theirs) / (len(mine) + len(theirs))
