"""The words that checks found in the question and its sources, and where they stand there.

A check names a place in one of two ways: `document` (or `source`), `start` and `end` as offsets,
or `place` and the `span` that was found there. Both are read wherever they stand in its value.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Protocol

from llm_reasonkit.reasoning.checks.passages import Document, documents, locate
from llm_reasonkit.reasoning.result import Result
from llm_reasonkit.render.outline import outline

QUESTION = "question"
# Shorter texts are shown whole, of longer ones this much around each quote.
_SHOWN_WHOLE = 2_000
_AROUND = 250
_LONG_WORD = 20


class Source(Protocol):
    """A text that was given with the question; the first one is `S1` in a run, and so on."""

    @property
    def name(self) -> str: ...

    @property
    def text(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Quote:
    """Words that a check found: in `document`, at the offsets `start` to `end` if they are known.

    number: counted from 1 over the whole run. ident: what the run calls them (`E1`). about: what
    they are there for.
    """

    number: int
    stage: str
    ident: str
    about: str
    document: str
    start: int | None
    end: int | None
    words: str


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a text. quotes: those it is part of. ended: those that end with it.

    left_out: how many characters before it are not shown.
    """

    text: str
    quotes: tuple[Quote, ...] = ()
    ended: tuple[Quote, ...] = ()
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class QuotedText:
    """A text with the words that were found in it; unplaced: those whose offsets are not known.

    pieces: the text around the quotes, empty if the text itself is not at hand. left_out: how many
    characters after the last piece are not shown.
    """

    ident: str
    name: str
    pieces: tuple[Piece, ...]
    unplaced: tuple[Quote, ...]
    left_out: int = 0

    @property
    def quotes(self) -> list[Quote]:
        """Every quote that is shown here."""
        return [*(quote for piece in self.pieces for quote in piece.ended), *self.unplaced]


def quoted_texts(result: Result, sources: Sequence[Source] = ()) -> list[QuotedText]:
    """Return the texts of which checks found words, the question first.

    sources: what was given with the question, where it is known.
    """
    texts = {QUESTION: (QUESTION, result.question)}
    texts |= {f"S{number}": (item.name, item.text) for number, item in enumerate(sources, 1)}
    found: dict[str, list[Quote]] = {ident: [] for ident in texts}
    for quote in _quotes(result, sources):
        found.setdefault(quote.document, []).append(quote)
    shown = []
    for ident, here in found.items():
        name, text = texts.get(ident, ("", ""))
        placed = [quote for quote in here if _stands(quote, text)]
        unplaced = tuple(quote for quote in here if quote not in placed and quote.words)
        if placed or unplaced:
            pieces, left_out = _pieces(text, placed) if placed else ((), 0)
            shown.append(QuotedText(ident, name, pieces, unplaced, left_out))
    return shown


def _quotes(result: Result, sources: Sequence[Source]) -> list[Quote]:
    """Find the quotes of a run, each once, with what the last check said of it."""
    given = [{"id": f"S{number}", "text": item.text} for number, item in enumerate(sources, 1)]
    places = documents(result.question, given)
    found: dict[tuple[str, str, str, int | None], Quote] = {}
    for stage, entries in outline(result).items():
        for row in _rows([entry.step.output for entry in entries if entry.step.kind == "check"]):
            quote = _quote(stage, row, places)
            if quote is not None:
                key = (stage, quote.ident, quote.document, quote.start)
                number = found[key].number if key in found else len(found) + 1
                found[key] = replace(quote, number=number)
    return list(found.values())


def _rows(value: object) -> Iterator[Mapping[str, Any]]:
    """Yield the objects anywhere in a JSON value, those that hold others first."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, Mapping):
            yield item
            waiting.extend(reversed(list(item.values())))
        elif isinstance(item, list):
            waiting.extend(reversed(item))


def _quote(stage: str, row: Mapping[str, Any], places: Sequence[Document]) -> Quote | None:
    ident, document = row.get("id"), row.get("document") or row.get("source")
    start, end = row.get("start"), row.get("end")
    words = row.get("quote") or row.get("span") or ""
    if not isinstance(ident, str) or not isinstance(words, str):
        return None
    if isinstance(document, str) and isinstance(start, int) and isinstance(end, int):
        return Quote(0, stage, ident, _about(row), document, start, end, words)
    place = row.get("place")
    if not (words and isinstance(place, str) and place):
        return None
    document = place.partition(",")[0]
    found = locate(words, [text for text in places if text.id == document])
    if found.status == "exact":
        return Quote(0, stage, ident, _about(row), document, found.start, found.end, found.found)
    return Quote(0, stage, ident, _about(row), document, None, None, words)


def _about(row: Mapping[str, Any]) -> str:
    said = [row.get(key) for key in ("stance", "claim", "severity", "outcome")]
    return " ".join(part for part in said if isinstance(part, str))


def _stands(quote: Quote, text: str) -> bool:
    """Tell whether the quote's offsets fit this text."""
    if quote.start is None or quote.end is None or not 0 <= quote.start < quote.end <= len(text):
        return False
    return not quote.words or text[quote.start : quote.end] == quote.words


def _pieces(text: str, placed: Sequence[Quote]) -> tuple[tuple[Piece, ...], int]:
    """Cut a text where quotes begin and end; the number is what is left out behind the last."""
    spans = [(quote, quote.start or 0, quote.end or 0) for quote in placed]
    pieces: list[Piece] = []
    shown_to = 0
    for low, high in _windows(text, [(start, end) for _, start, end in spans]):
        cuts = {low, high} | {at for _, *ends in spans for at in ends if low < at < high}
        for begin, finish in pairwise(sorted(cuts)):
            over = tuple(quote for quote, start, end in spans if start <= begin and finish <= end)
            ended = tuple(quote for quote, _, end in spans if end == finish)
            pieces.append(Piece(text[begin:finish], over, ended, begin - shown_to))
            shown_to = finish
    return tuple(pieces), len(text) - shown_to


def _windows(text: str, spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    if len(text) <= _SHOWN_WHOLE:
        return [(0, len(text))]
    windows: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        low, high = _beginning_of_word(text, start - _AROUND), _end_of_word(text, end + _AROUND)
        if windows and low <= windows[-1][1]:
            windows[-1] = windows[-1][0], max(high, windows[-1][1])
        else:
            windows.append((low, high))
    return windows


def _beginning_of_word(text: str, at: int) -> int:
    at = max(0, at)
    return text.rfind(" ", max(0, at - _LONG_WORD), at) + 1 or at


def _end_of_word(text: str, at: int) -> int:
    at = min(len(text), at)
    found = text.find(" ", at, at + _LONG_WORD)
    return at if found == -1 else found
