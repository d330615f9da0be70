"""Which language a text is in, and the stems of its words."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from llm_reasonkit.reasoning.checks.wordlists import FUNCTION_WORDS

if TYPE_CHECKING:
    from snowballstemmer import Stemmer

_READ_WORDS = 400
_STEMMERS = {
    "de": "german",
    "fr": "french",
    "es": "spanish",
    "it": "italian",
    "nl": "dutch",
    "pt": "portuguese",
}
_SUFFIXES = (
    *("isations", "izations", "isation", "ization", "ations", "ation", "ingly", "ments", "ment"),
    *("ings", "ing", "edly", "ed", "ies", "es", "s", "ly"),
)
# Of verbs that are long enough to be told without it: rehearsal, approval.
_NOUN_SUFFIXES = ("als", "al")


def language_of(words: Sequence[str]) -> str | None:
    """Return the code of the language whose function words stand there most often.

    words: caseless and without accents, as `folding.words` gives them. None where none of them is
    a function word that we know.
    """
    read = words[:_READ_WORDS]
    counts = {code: sum(w in known for w in read) for code, known in FUNCTION_WORDS.items()}
    best = max(counts, key=lambda code: counts[code])
    return best if counts[best] else None


@lru_cache(maxsize=16384)
def stem(word: str, language: str | None = "en") -> str:
    """Cut the endings of a word: plans, planned and planning are one.

    In English only the commonest, as more would make one word of account and accountant; in
    other languages with the stemmers of the Snowball project.
    """
    if language not in _STEMMERS:
        return _english(word)
    found: str = _stemmer(language).stemWord(word)
    # Ingenieurin, Ingenieurinnen
    return found[:-1] if language == "de" and found.endswith("inn") else found


@lru_cache(maxsize=8)
def _stemmer(language: str) -> Stemmer:
    from snowballstemmer import stemmer

    return stemmer(_STEMMERS[language])


def _english(word: str) -> str:
    for suffix in _NOUN_SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= 6:
            return word.removesuffix(suffix)
    for suffix in _SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= 3 and not word.endswith("ss"):
            word = word[: -len(suffix)] + ("y" if suffix == "ies" else "")
            break
    if len(word) > 4 and word[-1] == word[-2] and word[-1] not in "sl":
        word = word[:-1]
    return word.removesuffix("e") if len(word) > 4 else word
