"""Answers that repeat the question: `the capital is Canberra`, `Austen wrote Emma`."""

from __future__ import annotations

import re

from llm_reasonkit.reasoning.checks.folding import words
from llm_reasonkit.reasoning.checks.wordlists import NEGATIONS, STOP_WORDS

_COPULA = r"(?:is|are|was|were|['’]s)"
# What is asked about: `what was the capital of Rome?`, `which planet is the largest?`.
_ASKED = re.compile(
    rf"\W*(?P<lead>(?:what|which|who|where|when)\b[^,]*?)\s*\b{_COPULA}\s+(?P<about>[^?]+?)\W*",
    re.IGNORECASE,
)
_DID = re.compile(r"\W*(?:who|what|which(?: \w+)?)\s+(?P<did>[^?]+?)\W*", re.IGNORECASE)
_KIND = re.compile(r"\W*(?:which|what)\s+(\w+)", re.IGNORECASE)
_SENTENCE = re.compile(rf"(?P<subject>.+?)\s+{_COPULA}\s+(?P<rest>.+)", re.IGNORECASE | re.DOTALL)
_ARTICLES = frozenset(("the", "a", "an"))
_DOUBTS = frozenset(words("or probably possibly likely perhaps maybe might may could unclear"))
_HEDGED = _DOUBTS.union(NEGATIONS["en"])
_SHORTEST_DEED = 2
_SHORT_FORMS = {"y": "yes", "t": "yes", "n": "no", "f": "no"}
_PREFIXES = ("in", "im", "un", "non")
_NOT = re.compile(r"n['’]t\b|(?<=can)not\b")


def without_question(text: str, asked: str) -> str:
    """Return the answer without the words of the question that it repeats.

    `The capital is Canberra` and `Canberra is the capital` answer `what is the capital of
    Australia?` with `Canberra`; `Austen wrote Emma` answers `who wrote Emma?` with `Austen`. What
    denies, doubts, or is a choice between two subjects is left as it is.
    """
    if not asked or "or" in words(asked) or not _HEDGED.isdisjoint(words(text)):
        return text
    bare = text.strip().rstrip(".!")
    return (
        _without_subject(bare, asked)
        or _without_deed(bare, asked)
        or _without_kind(bare, asked)
        or text
    )


def side_taken(text: str, asked: str) -> str | None:
    """Return `yes` or `no` for a text that is the end of a yes-no question, denied or not.

    `Not valid` and `it is invalid` answer `is the argument valid?`; `y` and `f` are short forms.
    """
    bare = text.strip(" \t\n.!*`\"'()")
    if len(bare) == 1:
        return _SHORT_FORMS.get(bare.lower())
    question, said = words(asked), words(_NOT.sub(" not", bare))
    if not (_HEDGED.isdisjoint(question) and _DOUBTS.isdisjoint(said)):
        return None
    denials = sum(word in NEGATIONS["en"] for word in said)
    meant, predicate = _meant(said), _meant(question)
    if meant and predicate and meant[-1] in {prefix + predicate[-1] for prefix in _PREFIXES}:
        # not valid, invalid
        meant[-1], denials = predicate[-1], denials + 1
    if denials > 1 or not meant or predicate[-len(meant) :] != meant:
        return None
    return "no" if denials else "yes"


def _meant(said: list[str]) -> list[str]:
    return [word for word in said if word not in STOP_WORDS and word not in NEGATIONS["en"]]


def _without_subject(text: str, asked: str) -> str:
    question, sentence = _ASKED.fullmatch(asked), _SENTENCE.fullmatch(text)
    if question is None or sentence is None:
        return ""
    about, kind = _content(question["about"]), set(_content(question["lead"])[1:])
    if _begins(about, kind, sentence["subject"]):
        return sentence["rest"]
    return sentence["subject"] if _begins(about, kind, sentence["rest"]) else ""


def _begins(about: list[str], kind: set[str], text: str) -> bool:
    """Tell whether a text is the beginning of what is asked about, or its kind (`the planet`)."""
    said = _content(text)
    named = [word for word in said if word not in kind]
    return bool(said) and named == about[: len(named)]


def _without_deed(text: str, asked: str) -> str:
    question = _DID.fullmatch(asked)
    did = words(question["did"]) if question else []
    said = words(text)
    if len(did) < _SHORTEST_DEED or said[-len(did) :] != did or len(said) == len(did):
        return ""
    # The last of its words that are not the question's ends the answer.
    ends = [match.end() for match in re.finditer(r"\S+", text)]
    return next((text[:end] for end in ends if words(text[:end]) == said[: -len(did)]), "")


def _without_kind(text: str, asked: str) -> str:
    """Take `river` off `River Nile`, asked `which river …?`."""
    kind = _KIND.match(asked)
    named = re.fullmatch(rf"(?:the\s+)?{re.escape(kind[1])}\s+(.+)", text, re.I) if kind else None
    return named[1] if named else ""


def _content(text: str) -> list[str]:
    return [word for word in words(text) if word not in _ARTICLES]
