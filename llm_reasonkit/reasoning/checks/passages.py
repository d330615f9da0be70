"""Find the passage a model says it quotes, and tell altered quotes from made-up ones."""

from __future__ import annotations

import re
import unicodedata
from array import array
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cached_property
from itertools import pairwise
from typing import Literal

from llm_reasonkit.reasoning.checks.folding import WORD, Folded, fold, says_something, words
from llm_reasonkit.reasoning.checks.languages import language_of, stem
from llm_reasonkit.reasoning.checks.outcome import Fact, id_of, rows, shortened, text_of

QuoteStatus = Literal["exact", "altered", "fabricated", "empty"]

# Share of words that a quote and the likest passage must have in common, in order.
_ALTERED_FROM = 0.6
# For a slip inside a word or two the share of characters decides instead.
_ALTERED_CHARACTERS_FROM = 0.85
_COMPARED_WORDS = 300
_POSITIONS_A_WORD = 2000
_TRIED_PLACES = 1000
_SPACED_SCRIPTS_END = "\u0e00"
_TELLING_CHARACTERS = 2000
_ELLIPSIS = re.compile(r"\s*[\[(]?\s*\.\.\.\.?\s*[\])]?\s*")
_ENDS = " \"'.,;:"


@dataclass(frozen=True, slots=True)
class Passage:
    """Where a quote was found: `start` and `end` are offsets in the document as it was given.

    exact: it stands there, folding apart. altered: something very like it does (`found`).
    fabricated: nothing like it does. empty: too little to be looked for.
    """

    status: QuoteStatus
    document: str = ""
    start: int = -1
    end: int = -1
    found: str = ""
    note: str = ""

    @property
    def place(self) -> str:
        """The document and offset, for a reader."""
        return f"{self.document}, character {self.start}"


class Document:
    """A text that quotes are looked for in; folded once, indexed when a quote is not there."""

    def __init__(self, ident: str, text: str, name: str = "") -> None:
        self.id = ident
        self.name = name
        self.folded = Folded(text)

    @cached_property
    def words(self) -> frozenset[str]:
        """The words of the text and of its name, caseless and without accents."""
        return frozenset(words(f"{self.name} {self.folded.original}"))

    def find(self, quote: str) -> tuple[int, int] | None:
        """Find a folded quote that does not begin or end inside a word or number."""
        start = self.folded.text.find(quote)
        for _ in range(_TRIED_PLACES):
            if start == -1:
                return None
            if not self._is_cut(start, start + len(quote)):
                return start, start + len(quote)
            start = self.folded.text.find(quote, start + 1)
        return None

    def _is_cut(self, start: int, end: int) -> bool:
        text = self.folded.text
        before, after = text[max(0, start - 2) : start], text[end : end + 2]
        return (
            _joined(before[-1:], text[start])
            or _joined(text[end - 1], after[:1])
            or (after != "" and unicodedata.combining(after[0]) != 0)
            # 1.5 is not 5, 1,500 is not 1, and -5 is not 5 (but 2010-2015 holds 2015).
            or (text[start].isdigit() and re.fullmatch(r"\d[.,]|(?:^|[\s(])-", before) is not None)
            or (text[end - 1].isdigit() and re.fullmatch(r"[.,]\d", after) is not None)
        )

    @cached_property
    def _index(self) -> tuple[array[int], dict[str, array[int]]]:
        """Offsets of the words, and at which of them each word stands."""
        offsets: array[int] = array("L")
        places: dict[str, array[int]] = {}
        for number, match in enumerate(WORD.finditer(self.folded.text)):
            offsets.append(match.start())
            places.setdefault(match.group().casefold(), array("L")).append(number)
        return offsets, places

    def likest(self, quote: str) -> tuple[float, int, int]:
        """Return how like the likest stretch is (0 to 1) and its offsets in the folded text."""
        asked = [w.casefold() for w in WORD.findall(quote[: _COMPARED_WORDS * 20])]
        asked = asked[:_COMPARED_WORDS]
        offsets, places = self._index
        votes: Counter[int] = Counter()
        for position, word in enumerate(asked):
            votes.update(
                place - position for place in places.get(word, array("L"))[:_POSITIONS_A_WORD]
            )
        best = (0.0, 0, 0)
        for shift, _ in sorted(votes.items(), key=lambda vote: (-vote[1], vote[0]))[:8]:
            best = max(best, self._compare(asked, shift, offsets), key=lambda found: found[0])
        return best

    def _compare(self, asked: list[str], shift: int, offsets: array[int]) -> tuple[float, int, int]:
        slack = max(2, len(asked) // 4)
        first = max(0, shift - slack)
        last = min(len(offsets), shift + len(asked) + slack)
        stretch = self.folded.text[
            offsets[first] : offsets[last] if last < len(offsets) else len(self.folded.text)
        ]
        found = list(WORD.finditer(stretch))
        there = [match.group().casefold() for match in found]
        blocks = [
            block
            for block in SequenceMatcher(None, asked, there, autojunk=False).get_matching_blocks()
            if block.size
        ]
        # What the quote has before and after its first and last match stands for as many words.
        begin = max(0, blocks[0].b - blocks[0].a)
        tail = len(asked) - blocks[-1].a - blocks[-1].size
        end = min(len(there), blocks[-1].b + blocks[-1].size + tail)
        share = 2 * sum(block.size for block in blocks) / (len(asked) + end - begin)
        start = offsets[first] + found[begin].start()
        return share, start, offsets[first] + found[end - 1].end()


def documents(question: object, sources: object, earlier: object = None) -> list[Document]:
    """Return as documents the question (its id is `question`), each source, and all texts of
    earlier findings in one."""
    given: list[tuple[str, object, str]] = [("question", question, "")]
    given += [(id_of(row), row.get("text"), text_of(row, "name")) for row in rows(sources)]
    given += [("earlier findings", "\n".join(strings_in(earlier)), "")]
    return [Document(i, text, name) for i, text, name in given if isinstance(text, str) and text]


def strings_in(value: object) -> Iterator[str]:
    """Yield every text inside a JSON value."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            yield item
        elif isinstance(item, Mapping):
            waiting.extend(reversed(list(item.values())))
        elif isinstance(item, list):
            waiting.extend(reversed(item))


def locate(quote: str, places: Sequence[Document]) -> Passage:
    """Find a quote in the documents, in their order."""
    wanted = fold(quote)
    bare = wanted.strip(_ENDS)
    if not says_something(bare):
        return Passage("empty", note="too short to prove anything")
    for candidate in dict.fromkeys((wanted, bare)):
        for document in places:
            span = document.find(candidate)
            if span:
                return _passage("exact", document, span)
    return _left_out(bare, places) or _altered(bare, places)


def located(name: str, span: str, found: Passage) -> Fact:
    """State that a span stands where it is said to stand."""
    if found.status == "exact":
        return Fact(name, "passed", found.place)
    return Fact(name, "failed", complaint(span, found))


def complaint(span: str, found: Passage) -> str:
    """Say what is wrong with a quote that does not stand where it should."""
    what = {"altered": "altered", "fabricated": "made up", "empty": "empty"}[found.status]
    return f"{what}: “{shortened(span)}”; {found.note}"


def _left_out(wanted: str, places: Sequence[Document]) -> Passage | None:
    parts = [part.strip(_ENDS) for part in _ELLIPSIS.split(wanted)]
    parts = [part for part in parts if part]
    if len(parts) < 2 or sum(len(words(part)) for part in parts) < 4:
        return None
    for document in places:
        spans = [document.find(part) for part in parts]
        if all(spans):
            known = [span for span in spans if span]
            whole = min(span[0] for span in known), max(span[1] for span in known)
            return _passage("altered", document, whole, "it leaves out what stands in between")
    return None


def _altered(wanted: str, places: Sequence[Document]) -> Passage:
    best: tuple[float, int, int] = (0.0, 0, 0)
    where: Document | None = None
    for document in places:
        found = document.likest(wanted)
        if found[0] > best[0]:
            best, where = found, document
    if where is None:
        return Passage("fabricated", note="nothing like it stands there")
    share, start, end = best
    near = where.folded.text[start:end]
    if share < _ALTERED_FROM and not _same_but_for_slips(wanted, near):
        return Passage("fabricated", note="nothing like it stands there")
    return _passage("altered", where, (start, end), f"there stands “{shortened(near)}”")


def _same_but_for_slips(quote: str, near: str) -> bool:
    if max(len(quote), len(near)) > 300:
        return False
    matcher = SequenceMatcher(None, quote.casefold(), near.casefold(), autojunk=False)
    return matcher.ratio() >= _ALTERED_CHARACTERS_FROM


def _passage(
    status: QuoteStatus, document: Document, span: tuple[int, int], note: str = ""
) -> Passage:
    start, end = document.folded.span_in_original(*span)
    found = document.folded.original[start:end]
    return Passage(status, document.id, start, end, found, note)


def _joined(left: str, right: str) -> bool:
    """Tell whether two neighbours are one word; scripts without spaces have no such seams."""
    return (
        left.isalnum()
        and right.isalnum()
        and left < _SPACED_SCRIPTS_END
        and right < _SPACED_SCRIPTS_END
    )


class Vocabulary:
    """The words of some documents by sentence, to establish that something is not mentioned."""

    def __init__(self, places: Sequence[Document]) -> None:
        # What stands in each language: the stems of each sentence, and of neighbours joined.
        self._lines: dict[str | None, list[set[str]]] = {}
        self._joined: dict[str | None, set[str]] = {}
        for document in places:
            text = document.folded.original
            language = language_of(words(text[:_TELLING_CHARACTERS]))
            lines = self._lines.setdefault(language, [])
            joined = self._joined.setdefault(language, set())
            for line in re.split(r"[.!?]\s|\n", text):
                found = words(line)
                lines.append({stem(word, language) for word in found})
                joined.update(stem(a + b, language) for a, b in pairwise(found))

    def mentions(self, term: str) -> bool:
        """Tell whether some sentence holds all words of a term, in any form or spelling."""
        wanted = words(term)
        for language, lines in self._lines.items():
            stems = [stem(word, language) for word in wanted]
            together = stem("".join(wanted), language)
            if together in self._joined[language]:
                return True
            if any(line.issuperset(stems) or together in line for line in lines):
                return True
        return False
