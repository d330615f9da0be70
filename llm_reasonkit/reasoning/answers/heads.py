"""Read the answer at the head of a text: what follows "the answer is"."""

from __future__ import annotations

import re

from llm_reasonkit.reasoning.answers.answer import Answer
from llm_reasonkit.reasoning.answers.canonical import canonical
from llm_reasonkit.reasoning.answers.choices import CALLED
from llm_reasonkit.reasoning.answers.equality import is_opposed
from llm_reasonkit.reasoning.answers.form import AnswerForm
from llm_reasonkit.reasoning.answers.latex import plain
from llm_reasonkit.reasoning.answers.literals import literal_at
from llm_reasonkit.reasoning.answers.numbers import amounts_in, read_quantity
from llm_reasonkit.reasoning.answers.patterns import any_of, unmarked
from llm_reasonkit.reasoning.answers.texts import (
    blank_abbreviations,
    leading_polarity,
    polarity,
    text_key,
)
from llm_reasonkit.reasoning.units import Unit

_PADDING = " \t\r\n:：=*_#>\"'`“”—\\|"
_SENTENCE_END = re.compile(
    r"(?<=[^\W\d_])[.!?](?=\s|$|[\"'*)])|(?<=[\d)\]}%$*\"'])[.?](?=[\s\"'*]|$)"
    r"|(?<=[)\]}%$*\"'])!(?=\s|$)|[。！？]|\n"
)
_CUTS = any_of(
    r",\s|;|\s[-–—]\s|\s\(",
    r"\b(?:because|since|which|where|as|when|so|but|due|after|for|if|and|in|per|that|assuming)\b",
    r"\b(?:rounded|or)\b",
)
_LEAD_IN = any_of(
    r"(?:(?:that|indeed|simply|therefore|thus|clearly|likely|probably|given by|given as|option"
    r"|choice|letter|the|:)\s+)+"
)
_HEDGE = any_of(
    r"^(?:(?:so|therefore|thus|hence|in conclusion|conclusion|final verdict|clearly|simply|i would"
    r" say|(?:most )?likely|most probably|probably|generally|usually)\s*[,:]?\s+)+"
)
_MARKED = re.compile(r"[(\[*_]*\w+[)\]*_]+(?=\s)")
_JOINS = any_of(r",\s|;|and|or")
_EXPLAINS = any_of(r"\s\(|because|since|which|where|as|when|so|but|due|if|assuming")
_NUMBER_FOLLOWS = re.compile(r"\s*[-$€£]?\d")
_COMPUTES = re.compile(
    r"[\w)]\s*[+*/×÷^]\s*[\w(.$€£]|(?:\d|\)|\b[a-z])\s+[-−]\s+[\w($€£]|\d[a-z]\b"
    r"|\d (?:minus|plus)\b|(?<![A-Za-z])[A-Za-z]\(\d|(?<![\d$€£.,])\d{1,2}(?:!| factorial\b)"
)
# The brackets of `Final answer: <…>`, copied.
_PLACEHOLDER = re.compile(r"^[\s:*]*<([^<>\n]+)>(?=[\s.*]*$)")
# `more than 20` is any number but 20.
_IS_BOUND = any_of(r"(?:\bnot|n't|\b(?:more|less|fewer|greater|larger|smaller) than|[<>≠])\W*$")
_BULLET = re.compile(r"[-*•]\s|\d{1,3}[.)]\s")
_NAMED = re.compile(
    r"(?<!\w)\(([A-Z]|\d{1,2})\)|\*\*([A-Z]|\d{1,2})[.):]?\*\*"
    r"|\b(?:[Oo]ption|[Cc]hoice|[Aa]nswer|[Ss]tatement) ([A-Z]|\d{1,2})\b"
    r"|\b([A-Z]) is (?:the )?(?:correct|right|best)\b"
)
_LISTED = re.compile(
    r"\(([A-Z](?:, ?[A-Z])+)\)|\b[Oo]ptions ([A-Z](?:(?:,|,? and|,? or) [A-Z])+)\b"
)
_ALSO = re.compile(
    r"^[\s*_]*(?:(?:,|;|/|&|and|or|und|oder|et|ou|y|o|e|和|或)[\s*_]*(?:options?\s+)?"
    r"|(?=\()|(?=[A-Z](?:\W+(?:and |or )?[A-Z])*\W*$))"
    r"[\[(\"'`*]*([A-Z]|\d{1,2})(?:[\])\"'`*.]|\b)"
)
_FEW_WORDS = 8
_CONDITION = re.compile(r"\W*(?:if|when|unless)\b")
_VARIABLE = re.compile(r"\s*[=≈<>^+/]")


def read_head(text: str, form: AnswerForm, following: str = "") -> Answer | None:
    """Read the answer at the head of a text; `following` are the lines after it.

    What comes after it in the sentence explains it; a second answer beside it makes it none.
    """
    if form.literal:
        value = literal_at(text) or literal_at(following)
        # `Final answer: abc`, at the end of a reply, is a string without its quotation marks.
        is_bare = not value and not following.strip() and len(text.split()) <= _FEW_WORDS
        return canonical(text if is_bare else value or "", form)
    text = _PLACEHOLDER.sub(r"\1", text)
    if form.kind == "choice":
        return _choice(text, form, following)
    if form.kind == "yes-no":
        side = side_of(text, following)
        return canonical(side, form) if side else canonical(_clause(text), form)
    if form.kind == "list" and _BULLET.match(text):
        return canonical(f"{text}\n{following}".partition("\n\n")[0], form)
    clause = _clause(text)
    for attempt in _attempts(clause, form):
        answer = canonical(attempt, form)
        if answer is not None:
            return answer
    return only_amount(clause, form) if form.kind == "number" else None


def side_of(line: str, following: str = "") -> str | None:
    """Return `yes` or `no` where a line begins with it, and the next does not with the other."""
    bare = unmarked(line).strip(_PADDING)
    marked = _MARKED.match(bare)
    side = leading_polarity(_HEDGE.sub("", bare, count=1) + " ") or (marked and polarity(marked[0]))
    other = leading_polarity(unmarked(following.lstrip().partition("\n")[0]) + " ")
    return side if other in (None, side) else None


def _clause(text: str) -> str:
    bare = text.strip(_PADDING)
    end = _SENTENCE_END.search(blank_abbreviations(bare))
    return (bare[: end.start()] if end else bare).strip(_PADDING)


def _attempts(clause: str, form: AnswerForm) -> list[str]:
    lead_in = _LEAD_IN.match(clause)
    bare = clause[lead_in.end() :] if lead_in and form.kind != "text" else clause
    attempts = [bare]
    if form.kind in ("number", "date"):
        if "=" in bare:
            return [bare, *_attempts(bare.rpartition("=")[2].strip(_PADDING), form)]
        stated = next(
            (bare[: c.start()] for c in _CUTS.finditer(bare) if _EXPLAINS.fullmatch(c[0])), bare
        )
        if not computes(stated):
            attempts += [bare[: cut.start()] for cut in _cuts(bare)][::-1]
    elif form.kind == "text" and len(bare.split()) > 12:
        attempts = [bare[: cut.start()] for cut in _CUTS.finditer(bare) if cut.start()][:1]
    return [attempt.strip(_PADDING) for attempt in attempts if attempt.strip(_PADDING)]


def _cuts(clause: str) -> list[re.Match[str]]:
    """Return where a clause may end early; none where a second number is joined to the first."""
    cuts = []
    for cut in _CUTS.finditer(clause):
        if _JOINS.fullmatch(cut[0]) and _NUMBER_FOLLOWS.match(clause, cut.end()):
            return []
        cuts.append(cut)
        if _EXPLAINS.fullmatch(cut[0]):
            break
    return cuts


def computes(clause: str) -> bool:
    """Tell whether a clause holds a term that was not worked out, such as `32 + 0.8x`."""
    return bool(_COMPUTES.search(clause))


def only_amount(clause: str, form: AnswerForm, *, asked: bool = True) -> Answer | None:
    """Return the one number of a sentence; asked: or the one of the unit asked for (`$8 a day`)."""
    if computes(clause):
        return None
    found = amounts_in(plain(clause).strip(" .!*()"))
    if asked and form.unit and len(found) > 1:
        found = [amount for amount in found if _is_of(amount, form.unit)]
    if len(found) != 1 or _IS_BOUND.search(plain(clause).partition(found[0])[0]):
        return None
    reverse = found[0].endswith("%") and is_opposed(clause, form.asked)
    return None if reverse else canonical(found[0], form)


def _is_of(amount: str, unit: Unit) -> bool:
    quantity = read_quantity(amount)
    return bool(quantity and quantity.unit and quantity.unit.base == unit.base)


def _choice(text: str, form: AnswerForm, following: str) -> Answer | None:
    bare = unmarked(plain(text).strip(_PADDING)).lstrip("}")
    letter, rest = head_letter(bare, form)
    if letter is None:
        clause = _clause(bare)
        return canonical(clause, form) or canonical(bare, form) or _only_marked(clause, form)
    also = _ALSO.match(rest)
    if (also and also[1] in form.letters) or _is_option(following, form, letter):
        return None
    if _CONDITION.match(rest) and options_named(rest, form) - {letter}:
        return None
    if text_key(_clause(rest)) in texts_of_others(letter, form):
        return None
    return Answer(text.strip(" :*.\n"), "choice", letter)


def head_letter(text: str, form: AnswerForm) -> tuple[str | None, str]:
    """Return the letter of an option at the very beginning, and what follows it."""
    letters = "|".join(re.escape(letter) for letter in form.letters)
    head = re.match(
        rf"(?:(?:the\s+)?(?:{CALLED})\s+)?[\[(\"'`*_{{\s]*({letters})(?!(?a:\w)|['’])"
        r"(?P<close>[\])}\"'`*_]*(?:\s*[.):,;—–-])?)",
        text,
        re.I if len(text) < 3 else 0,
    )
    if head is None:
        return None, text
    letter, rest = head[1].upper(), text[head.end() :]
    bracketed = bool(head["close"]) or not re.match(r"[ \t]*[^\W_]", rest)
    own = form.options.get(letter, "")
    is_variable = not head["close"].strip("`*_\"'") and _VARIABLE.match(rest)
    if (bracketed and not is_variable) or (own and text_key(rest).startswith(text_key(own)[:20])):
        return letter, rest
    # Without a bracket `A` and `I` are words; other letters are options before `is`, `because` …
    follows = re.match(r"\s*(?:is|because|since|as|which|and|or|,|with|for|would)\b", rest)
    return (letter, rest) if letter not in ("A", "I") and follows else (None, text)


def texts_of_others(letter: str, form: AnswerForm) -> set[str]:
    """Return the texts of options that a letter does not stand for, as they are compared."""
    texts = {other: text_key(text) for other, text in form.options.items() if text}
    return set(texts.values()) - {texts.get(letter)}


def options_named(text: str, form: AnswerForm) -> set[str]:
    """Return the letters that stand for options in a text: `(B)`, `**B**`, `option B`."""
    found = {next(filter(None, found)) for found in _NAMED.findall(text)}
    found = found.union(*(re.findall(r"\b[A-Z]\b", listed[0]) for listed in _LISTED.finditer(text)))
    return found & set(form.letters)


def _only_marked(clause: str, form: AnswerForm) -> Answer | None:
    """Return the one option that a sentence names in brackets."""
    named = options_named(clause, form)
    return canonical(named.pop(), form) if len(named) == 1 else None


def _is_option(following: str, form: AnswerForm, letter: str) -> bool:
    """Tell whether the next line is one more option, as part of a list of answers."""
    line = following.lstrip().partition("\n")[0]
    other, rest = head_letter(line.strip(_PADDING), form)
    if other is None or other == letter:
        return False
    own = form.options.get(other, "")
    return bool(own) and text_key(rest).startswith(text_key(own)[:20])
