"""Read the answer of a reply that does not announce it: from its opening line or its last words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from llm_reasonkit.reasoning.answers.answer import Answer
from llm_reasonkit.reasoning.answers.canonical import canonical
from llm_reasonkit.reasoning.answers.form import AnswerForm
from llm_reasonkit.reasoning.answers.heads import (
    head_letter,
    only_amount,
    options_named,
    side_of,
    texts_of_others,
)
from llm_reasonkit.reasoning.answers.latex import plain
from llm_reasonkit.reasoning.answers.patterns import any_of, unmarked
from llm_reasonkit.reasoning.answers.texts import (
    blank_abbreviations,
    polarity,
    text_key,
)
from llm_reasonkit.reasoning.checks.folding import sentences, words
from llm_reasonkit.reasoning.checks.languages import language_of, stem
from llm_reasonkit.reasoning.checks.wordlists import NEGATIONS

_NONE_FITS = any_of(
    r"\bnone of (?:the|these) (?!other|remaining)(?:\w+ )?(?:options|choices|answers|statements)",
    r"\bnot (?:available|listed|among|present|provided|one of)\b.{0,30}\b(?:options|choices)",
    r"\bn[o't]{1,2} match any|\bno correct (?:answer|option)",
)
_CONDITION = any_of(
    r"^\W*(?:(?:so|thus|therefore|hence|in this case)\b,?\s*)*"
    r"(?:if|when|after|since|because|as|to)\b[^,]*,"
)
_LEFT_OPEN = any_of(
    r"\b(?:if|whether|unless|could|might|may|let's|let us|need to|determine|likely|ob|si|se)\b",
    r"\b(?:hardly|barely|scarcely|doubt\w*|fail(?:s|ed)?|false|untrue|not (?:only|just|merely))\b",
    r"[?？]|\b(?:but|and) not\b|\bnot (?:specified|stated|said|clear|known)\b",
)
_DENIED = any_of(r"(?:\b(?:not|cannot|never)\b|n't\b)(?:(?!\bis\b)[^,;:]){0,20}$")
_REJECTS = any_of(
    r"^\W*(?:(?:is|are|was|must be|would be) (?:also |therefore |clearly )?)?"
    r"(?:not\b|n't|irrelevant|ruled out|unlikely|(?P<false>wrong|incorrect|false\b|invalid))"
)
# What stands before the option that a sentence settles on, and before the value that it ends in.
_SETTLES = any_of(
    r"(?:\b(?:is|are|be|as)|[:=])\s*(?:the |statement |option |choice |answer )*[\W_]*$"
)
_COMES_TO = any_of(r"(?:\b(?:equal to|equals?|is|are|was|be|on)\b|[=≈:])\s*")
_SEVERAL = any_of(r"\b(?:or|either|and)\b")
_OTHERS = any_of(r"\b(?:other|others|remaining|rest)\b")
_COMMA = re.compile(r"[,;:]")
_BOLD = re.compile(r"\*\*([^*\n]{1,120})\*\*")
_SENTENCE = re.compile(r"[^.!?。！？\n]*+(?:\.\d[^.!?。！？\n]*+)*+[.!?。！？]?[*\"')\]]*")
_CONCLUDES = any_of(
    r"\b(?:therefore|thus|hence|so|consequently|altogether|overall|finally|accordingly)\b",
    r"\bin (?:conclusion|total|summary|all)\b",
    r"\b(?:also|daher|somit|donc|ainsi|por (?:lo )?tanto|entonces|quindi|pertanto|portanto|dus)\b",
    r"[∴⇒]|итак|поэтому|следовательно|所以|因此|故|したがって|よって|따라서",
)
_ITEM = re.compile(r"[\W_]{0,4}[A-Z]\**[.):]\W*\w")
_TWO_SIGNS = re.compile(r"\w\w|\d")
_LETTER = re.compile(r"[^\W\d_]")
# How far back from the end a conclusion is looked for.
_LINES = 4
_WHOLE_END = re.compile(r"[.!?。！？)\]}$*\"'`|”’>%]\s*$")


def read_ending(
    text: str, form: AnswerForm
) -> Iterator[tuple[Literal["opening", "ending"], Answer | None]]:
    """Yield what the opening and the ending of a reply say, the likelier first."""
    lines = [line.strip() for line in text.splitlines() if line.strip(" \t*_`#-|>")]
    if not lines or _NONE_FITS.search(text):
        return
    yield "opening", _opening(lines, form)
    if form.kind == "choice" and (_enumerates(lines, form) or _contradicts(lines[-1], form)):
        return
    yield "ending", _last_line(lines, form)
    yield "ending", _conclusion(lines, form)
    if form.kind == "choice" and _WHOLE_END.search(lines[-1]):
        yield "ending", _only_option(text, form)


def _opening(lines: list[str], form: AnswerForm) -> Answer | None:
    if form.kind == "yes-no":
        return _side(lines[0], form, "".join(lines[1:2])) or _lone_side(lines, form)
    if form.kind != "choice":
        return None
    answer = _option_line(lines[0], form)
    others = {other.key for line in lines[1:] if (other := _option_line(line, form))}
    return answer if answer and others <= {answer.key} else None


def _side(line: str, form: AnswerForm, following: str = "") -> Answer | None:
    """Read `No, …`, `So yes, …`, and a sentence that repeats what was asked: `it is not sound`."""
    side = side_of(line, following) or _repeated(line, form)
    return canonical(side, form) if side else None


def _lone_side(lines: list[str], form: AnswerForm) -> Answer | None:
    """Read the side that stands on a line of its own, where no other line is the other side."""
    sides = {side for line in lines if (side := polarity(unmarked(line)))}
    return canonical(sides.pop(), form) if len(sides) == 1 else None


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
    bare = unmarked(plain(line))
    letter, rest = head_letter(bare, form)
    if letter is None:
        return None
    own, said = text_key(form.options.get(letter, "")), text_key(rest)
    if said in texts_of_others(letter, form):
        return None
    # A lone small letter (`c)`) numbers a part of the question.
    is_option = said.startswith(own[:40]) if own and said else not said and letter in bare
    return canonical(letter, form) if is_option else None


def _last_line(lines: list[str], form: AnswerForm) -> Answer | None:
    if form.kind == "choice":
        is_text = _TWO_SIGNS.search(lines[-1])
        return _option_line(lines[-1], form) or (canonical(lines[-1], form) if is_text else None)
    if form.kind == "yes-no":
        return _side(lines[-1], form, "".join(lines[-2:-1]))
    if form.kind in ("number", "date"):
        return canonical(unmarked(lines[-1]), form)
    return None


def _conclusion(lines: list[str], form: AnswerForm) -> Answer | None:
    """Read the last sentence, where it names one possible answer and no other."""
    if not _WHOLE_END.search(lines[-1]) and form.kind != "number":
        return None
    said = _sentences(lines[-_LINES:])
    sentence = said[-1].rstrip() if said else ""
    concluding = bool(_CONCLUDES.search(sentence))
    if form.kind == "choice":
        concluding = concluding or (len(said) == 1 and "=" not in sentence)
        return _settled_option(said, form) or (_value(sentence, form) if concluding else None)
    bold = {
        answer.key: answer for part in _BOLD.findall(sentence) if (answer := canonical(part, form))
    }
    if len(bold) == 1 and form.kind != "list":
        return next(iter(bold.values()))
    if form.kind == "date":
        return _value(sentence, form)
    head = sentence.rpartition("=")[2] if "=" in sentence else sentence
    if form.kind != "number":
        return None
    if lines[-1].startswith("|") and "=" not in sentence:
        # One row of a table among others.
        return None
    is_last = concluding or "=" in sentence or len(lines) > 1 or len(said) == 1
    return only_amount(head, form, asked=concluding) if is_last else None


def _sentences(lines: list[str]) -> list[str]:
    spans = [
        (line, *each.span())
        for line in lines
        for each in _SENTENCE.finditer(blank_abbreviations(line))
    ]
    said = [line[start:end] for line, start, end in spans]
    return [sentence for sentence in said if sentence.strip(" *\"')]")]


def _value(sentence: str, form: AnswerForm) -> Answer | None:
    """Return what a sentence comes to at its end: `so the sum is 12`, `signed on 3 May 1998`."""
    sentence = plain(sentence)
    places = list(_COMES_TO.finditer(sentence))
    if not places or options_named(sentence, form):
        return None
    before, value = sentence[: places[-1].end()], sentence[places[-1].end() :]
    if _DENIED.search(before) or _SEVERAL.search(before):
        return None
    return canonical(unmarked(value).rstrip(".!"), form)


def _settled_option(said: list[str], form: AnswerForm) -> Answer | None:
    """Return the option that the last sentence names; an earlier one has to settle on it."""
    for place, sentence in enumerate(reversed(said)):
        named = options_named(sentence, form)
        if _OTHERS.search(sentence) and (place or len(named) > 1):
            continue
        if named and place and not _settles(sentence, named):
            return None
        if named or not place:
            answer = _named_option(sentence, form, is_alone=len(said) == 1)
            if named or answer:
                return answer
    return None


def _settles(sentence: str, named: set[str]) -> bool:
    before = sentence.rpartition(next(iter(named)))[0]
    return len(named) == 1 and bool(_SETTLES.search(before) or _CONCLUDES.search(sentence))


def _enumerates(lines: list[str], form: AnswerForm) -> bool:
    """Tell whether a reply ends in a list of options, or of what is said of each."""
    last = [_ITEM.match(line) or _option_line(line, form) for line in lines[-2:]]
    return len(last) == 2 and all(last)


def _contradicts(line: str, form: AnswerForm) -> bool:
    """Tell whether a line is a letter with the text of another option."""
    letter, rest = head_letter(unmarked(line), form)
    return letter is not None and text_key(rest) in texts_of_others(letter, form)


def _only_option(text: str, form: AnswerForm) -> Answer | None:
    """Return the one option that a reply names, by letter and text: `is (B) dirty lancing`."""
    others = {
        letter
        for sentence in _sentences(text.splitlines())
        if not _OTHERS.search(sentence)
        for letter in options_named(sentence, form)
    }
    named = {
        letter
        for letter, choice in form.options.items()
        for mark in re.finditer(rf"(?<!\w){re.escape(letter)}[).:]\W*", text)
        if text_key(choice)
        and text_key(text[mark.end() : mark.end() + 300]).startswith(text_key(choice)[:40])
    }
    return canonical(named.pop(), form) if len(named) == 1 and others <= named else None


def _named_option(sentence: str, form: AnswerForm, *, is_alone: bool) -> Answer | None:
    """Return the one option that a sentence names and does not deny.

    An option that is told by its text, in a sentence among others, has to be their conclusion.
    """
    named = options_named(sentence, form)
    if len(named) == 1:
        letter = named.pop()
        before, _, rest = sentence.rpartition(letter)
        # `So (B) is false` answers what is false; `(B) is false` is a step on the way.
        rejected = _REJECTS.search(rest.strip("* )"))
        if rejected and not (rejected["false"] and _CONCLUDES.search(sentence)):
            return None
        if _DENIED.search(before):
            return None
        if text_key(rest.strip("* )")) in texts_of_others(letter, form):
            return None
        return canonical(letter, form)
    if named:
        return None
    words = f" {text_key(sentence)} "
    # A number in a sentence may be any step on the way.
    told = [
        letter
        for letter, choice in form.options.items()
        if _LETTER.search(choice) and f" {text_key(choice)} " in words
    ]
    if len(told) != 1:
        return None
    before, _, rest = words.partition(f" {text_key(form.options[told[0]])} ")
    if rest.strip(" .!") and not is_alone and not _CONCLUDES.search(sentence):
        return None
    return None if _DENIED.search(before) or _REJECTS.search(rest) else canonical(told[0], form)
