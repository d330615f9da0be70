"""The names in a text, told by their capitals, and which of them another text does not hold.

Capitals tell little at the start of a sentence, and in German nothing about a single word: such a
word is taken for a name only where more speaks for it. What is doubtful is no name, so that a
claim is not refused for a word that is none.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from llm_reasonkit.reasoning.checks.figure_words import MONTHS, UNITS
from llm_reasonkit.reasoning.checks.folding import fold, words
from llm_reasonkit.reasoning.checks.languages import language_of, stem
from llm_reasonkit.reasoning.checks.wordlists import (
    ARTICLES,
    COMMON_WORDS,
    FUNCTION_WORDS,
    PRONOUNS,
    TITLES,
    WEEKDAYS,
)

_READ_CHARACTERS = 200_000
_TOKEN = re.compile(r"[^\W_]+(?:[.&/-][^\W_]+)*")
_VERSION = re.compile(r"(?!\d{1,3}(?:\.\d{3})+$)\d{1,3}(?:\.\d{1,3}){2,}")
_STARTS_SENTENCE = re.compile(r"(?:^|[.!?:;] |[-*•] )[\"'(\[]*$")
_COMMON_ENDINGS = (
    *("s", "ing", "ed", "tion", "sion", "ment", "ness", "ity", "ance", "ence", "ship", "ism"),
)
# Words that never are names, whatever their capital.
_NEVER = frozenset().union(
    *FUNCTION_WORDS.values(),
    (PRONOUNS | TITLES | WEEKDAYS).union(MONTHS),
    (unit for unit in UNITS if len(unit) > 1),
)
# Endings between a country or person and what is named after them.
_DERIVED = ("s", "n", "an", "ian", "ish", "er", "y", "e", "es")


@dataclass(frozen=True, slots=True)
class Usage:
    """How words are written in some texts: which in lower case, which with a capital inside a
    sentence (caseless and without accents)."""

    lower: frozenset[str] = frozenset()
    capital: frozenset[str] = frozenset()

    @classmethod
    def of(cls, texts: Iterable[str]) -> Usage:
        """Read the beginning of each text."""
        lower: set[str] = set()
        capital: set[str] = set()
        for text in texts:
            for token in _tokens(text):
                if token.text.islower():
                    lower.update(token.words)
                elif not token.starts_sentence:
                    capital.update(token.words)
        return cls(frozenset(lower), frozenset(capital))


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    words: tuple[str, ...]
    starts_sentence: bool
    # The token before, and the same if nothing but a space is between them.
    before: _Token | None
    after: _Token | None

    @property
    def has_capital(self) -> bool:
        return self.text[0].isupper() and len(self.text) > 1 and not _NEVER.issuperset(self.words)

    @property
    def is_common(self) -> bool:
        return COMMON_WORDS.issuperset(self.words)

    @property
    def is_spelt_like_a_name(self) -> bool:
        """GPT-4, PostgreSQL, NASA, 3D, 2.1.0: no word of a dictionary, and no number."""
        if self.text.casefold() in UNITS:
            return False
        if any(c.isdigit() for c in self.text):
            if any(c.isalpha() for c in self.text):
                return self.text[0].isalpha() or any(c.isupper() for c in self.text)
            return _VERSION.fullmatch(self.text) is not None
        return re.search(r"[^\W_][A-Z]", self.text) is not None


def _tokens(text: str) -> list[_Token]:
    text = unicodedata.normalize("NFC", fold(text[:_READ_CHARACTERS]))
    tokens: list[_Token] = []
    end = -1
    for match in _TOKEN.finditer(text):
        start = match.start()
        tokens.append(
            _Token(
                text=match.group(),
                words=tuple(words(match.group())),
                starts_sentence=bool(_STARTS_SENTENCE.search(text[max(0, start - 6) : start])),
                before=tokens[-1] if tokens else None,
                after=tokens[-1] if tokens and text[end:start] in (" ", " & ") else None,
            )
        )
        end = match.end()
    return tokens


def names_in(text: str, usage: Usage) -> list[str]:
    """Return the words of a text that are names or parts of one, as they are written.

    usage: of the texts around it, which tells `Bob` from `Sales` at the start of a sentence.
    """
    language = language_of(words(text[:_READ_CHARACTERS])) or "en"
    shouts = text.isupper()
    tokens = _tokens(text)
    before_name = {id(t.after) for t in tokens if t.after and t.has_capital}
    found = []
    for token in tokens:
        if token.is_spelt_like_a_name and not (shouts and token.text.isalpha()):
            found.append(token.text)
        elif token.has_capital and not shouts:
            in_run = id(token) in before_name or bool(token.after and token.after.has_capital)
            if language == "de":
                is_name = in_run and not _is_german_noun(token)
            elif token.starts_sentence:
                in_run = in_run and not token.is_common
                is_name = in_run or _is_name_at_start(token, language, usage)
            else:
                is_name = True
            if is_name:
                found.append(token.text)
    return found


def _is_german_noun(token: _Token) -> bool:
    """In a run of capitals the first, after an article, is a noun: die Stadt Paris."""
    in_run = token.after is not None and token.after.has_capital
    return not in_run and (token.before is not None and ARTICLES.issuperset(token.before.words))


def _is_name_at_start(token: _Token, language: str, usage: Usage) -> bool:
    if usage.lower.issuperset(token.words):
        return False
    if usage.capital.issuperset(token.words):
        return True
    return language == "en" and not (
        token.is_common
        or stem(token.words[0]) in COMMON_WORDS
        or token.words[0].endswith(_COMMON_ENDINGS)
    )


def names_lacking(text: str, quote: str, around: frozenset[str], usage: Usage) -> list[str]:
    """Return the names of a text that a quote does not hold.

    around: the words of the document that the quote stands in. A name that only they hold is
    allowed where the quote names nobody else, or begins with `it` or `she`.
    """
    said = words(quote)
    there = set(said)
    tokens = _tokens(quote)
    spelt = {token.text.casefold() for token in tokens}
    mine = set(words(text))
    named = names_in(text, usage)
    others = [n for n in names_in(quote, usage) if not mine.issuperset(words(n))]
    initials = "".join(token.text[0] for token in tokens if token.text[0].isupper())
    speaks_of_it = not others or not PRONOUNS.isdisjoint(said[:1])
    acronyms = _acronyms(named)
    lacking = []
    for name in dict.fromkeys(named):
        parts = words(name)
        held = (
            name.casefold() in spelt
            or (not _VERSION.fullmatch(name) and all(_holds(there, part) for part in parts))
            or bool(acronyms.get(name, set()) & there)
            or (name.isupper() and len(name) > 2 and name in initials)
        )
        if not held and not (speaks_of_it and around.issuperset(parts)):
            lacking.append(name)
    return lacking


def _acronyms(named: list[str]) -> dict[str, set[str]]:
    """For each name the acronyms that it may be part of: of it and its neighbours."""
    found: dict[str, set[str]] = {}
    for start in range(len(named)):
        for end in range(start + 3, min(len(named), start + 6) + 1):
            short = "".join(name[0] for name in named[start:end]).lower()
            for name in named[start:end]:
                found.setdefault(name, set()).add(short)
    return found


def _holds(there: set[str], part: str) -> bool:
    if part in there:
        return True
    return any(
        longer.removeprefix(shorter) in _DERIVED
        for word in there
        if abs(len(word) - len(part)) <= 3
        for shorter, longer in [sorted((word, part), key=len)]
        if len(shorter) >= 4 and longer.startswith(shorter) and longer != shorter
    )
