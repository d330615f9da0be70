"""Read the answer of a reply that does not announce it: from its opening line or its last words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from llm_reasonkit.reasoning.answers.answer import Answer
from llm_reasonkit.reasoning.answers.canonical import canonical
from llm_reasonkit.reasoning.answers.form import AnswerForm
from llm_reasonkit.reasoning.answers.heads import (
    computes,
    head_letter,
    options_named,
    texts_of_others,
)
from llm_reasonkit.reasoning.answers.latex import plain
from llm_reasonkit.reasoning.answers.numbers import amounts_in
from llm_reasonkit.reasoning.answers.patterns import any_of
from llm_reasonkit.reasoning.answers.texts import (
    blank_abbreviations,
    leading_polarity,
    text_key,
)
from llm_reasonkit.reasoning.checks.folding import sentences, words
from llm_reasonkit.reasoning.checks.languages import language_of, stem
from llm_reasonkit.reasoning.checks.wordlists import NEGATIONS

_LEAD_IN = any_of(
    r"(?:(?:so|therefore|thus|hence|in conclusion|conclusion|final verdict)\s*[,:]?\s+)+"
)
_NONE_FITS = any_of(
    r"\bnone of (?:the|these) (?:\w+ )?(?:options|choices|answers|statements)",
    r"\bnot (?:available|listed|among|present|provided|one of)\b.{0,30}\b(?:options|choices)",
    r"\bn[o't]{1,2} match any|\bno correct (?:answer|option)",
)
_CONDITION = any_of(r"^\W*(?:if|when|after|since|because|as)\b[^,]*,")
_LEFT_OPEN = any_of(
    r"\b(?:if|whether|unless|could|might|may|let's|let us|need to|determine|likely|ob|si|se)\b",
    r"[?？]",
)
_DENIED = any_of(r"(?:\b(?:not|cannot|never)\b|n't\b)(?:(?!\bis\b)[^,;:]){0,20}$")
_COMMA = re.compile(r"[,;:]")
_BOLD = re.compile(r"\*\*([^*\n]{1,120})\*\*")
_SENTENCE = re.compile(r"[^.!?。！？\n]*+(?:\.\d[^.!?。！？\n]*+)*+[.!?。！？]?[*\"')\]]*")
_CONCLUDES = any_of(
    r"\b(?:therefore|thus|hence|so|consequently|altogether|overall|finally|accordingly)\b",
    r"\bin (?:conclusion|total|summary|all)\b",
    r"\b(?:also|daher|somit|donc|ainsi|por (?:lo )?tanto|entonces|quindi|pertanto|portanto|dus)\b",
    r"[∴⇒]|итак|поэтому|следовательно|所以|因此|故|したがって|よって|따라서",
)
_WHOLE_END = re.compile(r"[.!?。！？)\]}$*\"'`|”’>%]\s*$")


def read_ending(
    text: str, form: AnswerForm
) -> Iterator[tuple[Literal["opening", "ending"], Answer | None]]:
    """Yield what the opening and the ending of a reply say, the likelier first."""
    lines = [line.strip() for line in text.splitlines() if line.strip(" \t*_`#-|>")]
    if not lines or _NONE_FITS.search(text):
        return
    yield "opening", _opening(lines, form)
    if form.kind == "choice" and _enumerates(lines, form):
        return
    yield "ending", _last_line(lines, form)
    yield "ending", _conclusion(lines, form)
    if form.kind == "choice" and _WHOLE_END.search(lines[-1]):
        yield "ending", _only_option(text, form)


def _opening(lines: list[str], form: AnswerForm) -> Answer | None:
    if form.kind == "yes-no":
        return _side(lines[0], form)
    if form.kind != "choice":
        return None
    answer = _option_line(lines[0], form)
    others = {other.key for line in lines[1:] if (other := _option_line(line, form))}
    return answer if answer and others <= {answer.key} else None


def _side(line: str, form: AnswerForm) -> Answer | None:
    """Read `No, …`, `So yes, …`, and a sentence that repeats what was asked: `it is not sound`."""
    bare = _LEAD_IN.sub("", line.strip(" \t*_`#>-•"), count=1)
    side = leading_polarity(bare + " ") or _repeated(line, form)
    return canonical(side, form) if side else None


def _repeated(line: str, form: AnswerForm) -> str | None:
    """Return the side that a line takes by repeating the question's words, denied or not."""
    if not form.predicate:
        return None
    taken = set()
    for start, end in sentences(line):
        sentence = _CONDITION.sub("", line[start:end])
        clause = next((c for c in _COMMA.split(sentence) if _repeats(c, form)), None)
        if clause is None or _LEFT_OPEN.search(sentence):
            continue
        said = words(clause)
        denials = sum(word in NEGATIONS[language_of(said) or "en"] for word in said)
        taken.add({0: "yes", 1: "no"}.get(denials))
    return taken.pop() if len(taken) == 1 else None


def _repeats(clause: str, form: AnswerForm) -> bool:
    return form.predicate <= {stem(word) for word in words(clause)}


def _option_line(line: str, form: AnswerForm) -> Answer | None:
    """Read a line that is an option as it stands in the question: `(B) Distress`."""
    bare = plain(line).strip(" \t*_`#>-•")
    letter, rest = head_letter(bare, form)
    own = form.options.get(letter or "", "")
    if letter and (not text_key(rest) or (own and text_key(rest).startswith(text_key(own)[:40]))):
        return canonical(letter, form)
    return None


def _last_line(lines: list[str], form: AnswerForm) -> Answer | None:
    line = lines[-1]
    if form.kind == "choice":
        return _option_line(line, form) or canonical(line, form)
    if form.kind == "yes-no":
        return _side(line, form)
    if form.kind in ("number", "date"):
        return canonical(line.strip(" \t*_`#>-•"), form)
    return None


def _conclusion(lines: list[str], form: AnswerForm) -> Answer | None:
    """Read the last sentence, where it names one possible answer and no other."""
    if not _WHOLE_END.search(lines[-1]) and form.kind != "number":
        return None
    whole = [match.span() for match in _SENTENCE.finditer(blank_abbreviations(lines[-1]))]
    parts = (lines[-1][start:end] for start, end in reversed(whole))
    sentence = next((part for part in parts if part.strip(" *\"')]")), "")
    if form.kind == "choice":
        return _named_option(sentence, form)
    bold = {
        answer.key: answer for part in _BOLD.findall(sentence) if (answer := canonical(part, form))
    }
    if len(bold) == 1 and form.kind != "list":
        return next(iter(bold.values()))
    if form.kind != "number":
        return None
    head = sentence.rpartition("=")[2] if "=" in sentence else sentence
    concluding = bool(_CONCLUDES.search(sentence)) or "=" in sentence or len(lines) > 1
    if computes(head):
        return None
    found = {
        answer.key: answer
        for amount in amounts_in(plain(head))
        if (answer := canonical(amount, form))
    }
    return next(iter(found.values())) if len(found) == 1 and concluding else None


def _enumerates(lines: list[str], form: AnswerForm) -> bool:
    """Tell whether a reply ends in a list of options."""
    last = [_option_line(line, form) for line in lines[-2:]]
    return len(last) == 2 and all(last)


def _only_option(text: str, form: AnswerForm) -> Answer | None:
    """Return the one option that a reply names by letter and text: `is (B) dirty lancing`."""
    named = {
        letter
        for letter, choice in form.options.items()
        for mark in re.finditer(rf"(?<!\w){re.escape(letter)}[).:]\W*", text)
        if text_key(choice)
        and text_key(text[mark.end() : mark.end() + 300]).startswith(text_key(choice)[:40])
    }
    return canonical(named.pop(), form) if len(named) == 1 else None


def _named_option(sentence: str, form: AnswerForm) -> Answer | None:
    """Return the one option that a text names."""
    named = options_named(sentence)
    named &= set(form.letters)
    if len(named) == 1:
        letter = named.pop()
        before, _, rest = sentence.rpartition(letter)
        if _DENIED.search(before) or text_key(rest.strip("* )")) in texts_of_others(letter, form):
            return None
        return canonical(letter, form)
    if named or not form.choices:
        return None
    words = f" {text_key(sentence)} "
    told = [
        letter
        for letter, choice in form.options.items()
        if len(text_key(choice)) >= 3 and f" {text_key(choice)} " in words
    ]
    return canonical(told[0], form) if len(told) == 1 else None
