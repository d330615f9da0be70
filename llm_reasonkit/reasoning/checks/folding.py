"""Texts made comparable: spelling variants of the same characters folded, and its words.

Folding keeps words, numbers, signs, case and punctuation; it evens out white space, invisible
characters, the shapes of quotation marks and dashes, composed and decomposed letters, and
emphasis marks. Superscripts and fractions stay: folded, 10² would read 102.
"""

from __future__ import annotations

import re
import unicodedata
from array import array
from collections.abc import Sequence
from functools import lru_cache

from llm_reasonkit.reasoning.checks.wordlists import STOP_WORDS

_SAME_CHARACTER = {
    **dict.fromkeys("\u201c\u201d\u201e\u201f\u00ab\u00bb\u2033\u301d\u301e", '"'),
    **dict.fromkeys("\u2018\u2019\u201a\u201b\u2039\u203a\u2032\u00b4\u02bc", "'"),
    **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe63\uff0d", "-"),
}
_KEPT_FORMS = ("<super>", "<sub>", "<fraction>", "<circle>")
# What folding changes; the stretches in between are copied whole, so that 10 MB take a second.
# Emphasis marks lean on a word with one side only: `**so**`, but not `2*3` or `a * b`.
_CHANGED = re.compile(
    r"(?P<markup>(?<![\w*`])[*_`]+(?=[^\W_]|[$€£¥])|(?<=[^\W_]|[%€])[*_`]+(?![\w*`]))"
    r"|\s{2,}|[^\S ]"
    r"|[^\x20-\x7e\u0410-\u0418\u041a-\u0438\u043a-\u044f\u3400-\u9fff]"
)
# Letters with a stroke or tied together are not composed of others, as Unicode sees it.
_WITHOUT_STROKE = str.maketrans(
    {"\u00f8": "o", "\u0142": "l", "\u0111": "d", "\u00e6": "ae", "\u0153": "oe"}
)
# Scripts that set no spaces between words are taken character by character.
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff"
WORD = re.compile(rf"[{_UNSPACED}]|[^\W_{_UNSPACED}]+")
_SENTENCE_END = re.compile(
    r"(?<=[.!?])[\"')\]]*\s+|(?<=[\u3002\uff01\uff1f])|\n\s*\n|\n(?=\s*(?:[-*•]|\d+[.)])\s)"
)


class Folded:
    """A folded text, and the offset in the original of each of its characters."""

    __slots__ = ("_pieces", "offsets", "original", "text")

    def __init__(self, original: str) -> None:
        self.original = original
        self.offsets = array("L")
        self._pieces = [""]
        copied = 0
        for match in _CHANGED.finditer(original):
            self._append(original[copied : match.start()], range(copied, match.start()))
            if not match["markup"]:
                folded = _fold_character(match.group()[0])
                self._append(folded, [match.start()] * len(folded))
            copied = match.end()
        self._append(original[copied:], range(copied, len(original)))
        self.text = "".join(self._pieces)
        del self._pieces

    def _append(self, piece: str, offsets: Sequence[int]) -> None:
        if piece.startswith(" ") and self._pieces[-1].endswith(" "):
            piece, offsets = piece[1:], offsets[1:]
        if piece:
            self._pieces.append(piece)
            self.offsets.extend(offsets)

    def span_in_original(self, start: int, end: int) -> tuple[int, int]:
        """Translate a stretch of the folded text into offsets of the original."""
        return self.offsets[start], self.offsets[end - 1] + 1


@lru_cache(maxsize=4096)
def _fold_character(character: str) -> str:
    if character.isspace():
        return " "
    if character in _SAME_CHARACTER:
        return _SAME_CHARACTER[character]
    if unicodedata.category(character) in ("Cc", "Cf") or "\ufe00" <= character <= "\ufe0f":
        return ""
    if unicodedata.decomposition(character).startswith(_KEPT_FORMS):
        return character
    return "".join(
        _SAME_CHARACTER.get(part, part) for part in unicodedata.normalize("NFKD", character)
    )


def fold(text: str) -> str:
    """Return the folded form of a text, without blank ends."""
    return Folded(text).text.strip()


def words(text: str) -> list[str]:
    """Return the words and numbers of a text, caseless and without accents."""
    folded = fold(text)
    if not folded.isascii():
        folded = "".join(c for c in folded if not unicodedata.combining(c))
    return WORD.findall(folded.casefold().translate(_WITHOUT_STROKE))


def says_something(text: str) -> bool:
    """Tell whether a text holds a number or a word that carries meaning."""
    return any(
        word.isdigit() or word >= "\u0e00" or (len(word) > 1 and word not in STOP_WORDS)
        for word in WORD.findall(text.casefold())
    )


def sentences(text: str) -> list[tuple[int, int]]:
    """Return where the sentences (and list items) of a text begin and end."""
    spans, start = [], 0
    for match in _SENTENCE_END.finditer(text):
        spans.append((start, match.start()))
        start = match.end()
    spans.append((start, len(text)))
    return [(a, b) for a, b in spans if text[a:b].strip()]
