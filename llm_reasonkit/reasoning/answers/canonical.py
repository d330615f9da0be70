"""The form in which answers are compared: typed, so that 1,000 is 1000 and 12 is never 17."""

from __future__ import annotations

import ast
import json
import re
import warnings
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from llm_reasonkit.reasoning.answers.answer import Answer
from llm_reasonkit.reasoning.answers.choices import read_choice
from llm_reasonkit.reasoning.answers.dates import is_numeric_date, read_date, read_time
from llm_reasonkit.reasoning.answers.equality import sameness
from llm_reasonkit.reasoning.answers.expressions import read_expression
from llm_reasonkit.reasoning.answers.form import AnswerForm, Kind
from llm_reasonkit.reasoning.answers.latex import plain
from llm_reasonkit.reasoning.answers.lists import FRAMES, split_list
from llm_reasonkit.reasoning.answers.literals import read_literal
from llm_reasonkit.reasoning.answers.numbers import Quantity, read_quantity
from llm_reasonkit.reasoning.answers.patterns import any_of
from llm_reasonkit.reasoning.answers.restating import side_taken, without_question
from llm_reasonkit.reasoning.answers.texts import polarity, text_key
from llm_reasonkit.reasoning.checks.folding import words
from llm_reasonkit.reasoning.checks.wordlists import NEGATIONS
from llm_reasonkit.reasoning.units import PERCENT, unit_of

_LONGEST_TEXT = 2000
_MOST_ITEMS = 200
_VARIABLE = re.compile(r"([A-Za-z]['’]{0,2}(?:\([a-z]\))?)\s*(?:=|≈|:=|∈)\s*(?=[^=\s])")
# `it is Jupiter` answers `Jupiter`. Other subjects (`Mars is larger`) belong to the answer.
_IT_IS = any_of(r"(?:(?:it is|c['’]est|(?:es|das) ist)\s+(?=\S))+")
_NO_ANSWER = frozenset().union(
    *NEGATIONS.values(),
    ("probably", "possibly", "likely", "perhaps", "maybe", "unclear", "unknown", "uncertain"),
    ("peut", "probablement", "vielleicht", "wahrscheinlich", "möglicherweise"),
)
# Where not just a number is asked for, `2,3` is two of them.
_PAIR = re.compile(r"\d,\d{1,2}(?!\d)")
# `10-15` and `3-1` are a range and a score, `3:2` and `1 in 36` are parts of a whole.
_RANGE = re.compile(r"\d+\s*[-–]\s*\d+")
# Words that may name two units are the one that was asked for.
_MEANT = {("degree", "kelvin"), ("pound", "pound_sterling")}
_RATIO = re.compile(r"(\d+)\s*(:|to|in|out of)\s*(\d+)")
# Where a ratio is asked for, 1:2 is 1/2; a chance of 1 to 2 may be 1/3.
_ASKS_RATIO = any_of(r"\b(?:ratio|odds|proportion)\b")
_MEASURED = re.compile(r"([^+]+[\d)π]|[^+]*pi)\s+([a-z][a-z ]*[²³]?(?:\^[23])?)", re.I)
_ANY_UNITS = re.compile(r"(?:(?:square|cubic|sq\.?) )?units?", re.I)
_INTERVAL = re.compile(r"([(\[])([^()\[\],;]+)[,;]([^()\[\],;]+)([)\]])")
_IN_A_YEAR = re.compile(r"(?:in )?(?:the year )?((?:1\d|20)\d\d)(?: (?:AD|CE))?\.?", re.I)
_DECADE = re.compile(r"(?:the )?(?:1\d|20)\d0['’]?s\.?", re.I)
_INFINITY = re.compile(r"\+?\s*(?:∞|\boo\b)|(?:^\+?|(?<=^-))infinity$", re.I)
# What is called by a number is no number: version 3.10 is not 3.1.
_IDENTIFIER = any_of(r"\b(?:which|what)(?: is the)?(?: \w+)? (?:version|release|section|chapter)\b")
_GOES_ON = any_of(r"(?:\.\.\.|…|\betc\.?|\band so on)\W*$")
_THEY_ARE = any_of(r"^(?:the|these|they)\b[^,;\n]{0,60}?\bare\b:?\s+")
_SPACED = re.compile(r"[\w.-]+(?: [\w.-]+){2,}")
_HAS_WORDS = re.compile(r"(?!oo|pi)[^\W\d_]{2,}|^[\w\s.,;]*$")
_REMARK = re.compile(r"\s\([^()\d]*\)$")
_YEAR = re.compile(r"(?:1\d|20)\d\d")
_FENCE = re.compile(r"\s*```[\w+-]*[ \t]*\n(.*?)\n?```\s*", re.S)


def canonical(raw: str, form: AnswerForm) -> Answer | None:
    """Return the answer in the form it is compared in, or None if it is none of that kind."""
    text = raw.strip()
    if not text or (len(text) > _LONGEST_TEXT and form.kind != "code"):
        return None
    if form.literal:
        key = read_literal(text)
        return Answer(text, "text", key) if key else None
    match form.kind:
        case "number":
            return _number(text, form) or _infinite(text)
        case "choice":
            letter = choice_letter(text, form)
            return Answer(text, "choice", letter) if letter else None
        case "yes-no":
            side = polarity(text) or side_taken(text, form.asked)
            return Answer(text, "yes-no", side) if side else None
        case "date":
            return _date(text, form)
        case "list":
            return _list(text, form)
        case "code":
            return Answer(text, "code", _code_key(text))
    return replace(_text(without_question(text, form.asked), form), text=text)


def _number(text: str, form: AnswerForm) -> Answer | None:
    quantity = read_quantity(text) or _computed(text)
    if quantity is None and "=" in text:
        # `3 x 6 = 18` ends in what it comes to.
        after = plain(text).rpartition("=")[2]
        quantity = read_quantity(after) or _computed(after)
    ratio = _RATIO.fullmatch(plain(text).strip(" .")) if form.share else None
    if ratio and (ratio[2] in ("in", "out of") or _ASKS_RATIO.search(form.asked)):
        quantity = quantity or read_quantity(f"{ratio[1]}/{ratio[3]}")
    return None if quantity is None else _of_quantity(quantity, text, form)


def _infinite(text: str) -> Answer | None:
    """Read the limit of what grows without end."""
    found = _INFINITY.sub("oo", plain(text).strip(" .*"))
    return Answer(text, "number", found) if found in ("oo", "-oo") else None


def _of_quantity(quantity: Quantity, text: str, form: AnswerForm) -> Answer:
    """Take a bare number as what was asked for; 0.5, asked for in per cent, stays a half."""
    if form.unit and quantity.unit:
        word = quantity.unit.name.removesuffix("s")
        quantity = quantity.read_as(form.unit) if (word, form.unit.base) in _MEANT else quantity
    is_share = form.unit == PERCENT and 0 < quantity.value < 1
    if form.unit and quantity.unit is None and not is_share:
        quantity = quantity.read_as(form.unit)
    return Answer(text, "number", number_key(quantity), quantity)


def _computed(text: str) -> Quantity | None:
    """Read a formula without variables, such as `3√2` or `2^10`, as its value; `3√2 m` as well."""
    if _RANGE.fullmatch(text):
        return None
    expression = read_expression(text)
    value = expression.constant() if expression else None
    if value is None:
        measured = _MEASURED.fullmatch(plain(text).strip(" ."))
        number = _computed(measured[1]) if measured else None
        return _with_unit(number, measured[2]) if measured and number else None
    if isinstance(value, Fraction):
        return Quantity(value)
    return Quantity(Fraction(value), exact=False) if abs(value) < float("inf") else None


def _with_unit(number: Quantity, unit_name: str) -> Quantity | None:
    if _ANY_UNITS.fullmatch(unit_name):
        return number
    unit, rest = unit_of(unit_name)
    return number.read_as(unit) if unit and not rest else None


def number_key(quantity: Quantity) -> str:
    """Write a quantity in base units: `18 dollar`, `1/2`, `5000 meter`, `50 %`."""
    if quantity.unit is None:
        value, unit = quantity.value, ""
    elif quantity.unit.base == "percent":
        value, unit = quantity.value, " %"
    else:
        value, unit = quantity.in_base, f" {quantity.unit.base}"
    thing = f" {quantity.thing}" if quantity.thing else ""
    return f"{value if quantity.exact else format(float(value), '.12g')}{unit}{thing}"


def choice_letter(text: str, form: AnswerForm) -> str | None:
    """Return the letter of the option that a text names, if there is just one."""
    letter = read_choice(plain(text), form.letters, form.choices)
    if letter or not form.choices:
        return letter
    # `45` for the option `45 km`: the only one with that value.
    given = _text(text, AnswerForm("text"))
    if given.quantity is None and given.expression is None and not given.items:
        return None
    as_text = AnswerForm("text")
    options = [(name, _text(option, as_text)) for name, option in form.options.items()]
    equal = [name for name, option in options if sameness(given, option, as_text) == "same"]
    return equal[0] if len(equal) == 1 else None


def _date(text: str, form: AnswerForm) -> Answer | None:
    written = read_date(_REMARK.sub("", plain(text)), day_first=form.day_first)
    if written is None and _YEAR.fullmatch(text):
        written = text
    if written is None and not is_numeric_date(text):
        return None
    return Answer(text, "date", written or text_key(text))


def _list(text: str, form: AnswerForm) -> Answer | None:
    if _GOES_ON.search(text):
        return None
    frame, parts = split_list(_THEY_ARE.sub("", text))
    if len(parts) > _MOST_ITEMS or not any(c.isalnum() for part in parts for c in part):
        return None
    if len(parts) == 1 and form.ordered and _SPACED.fullmatch(parts[0]):
        parts = parts[0].split()
    inner = AnswerForm("text", unit=form.unit, share=form.share)
    items = tuple(_text(part, inner) for part in parts)
    if frame == "," and form.ordered:
        frame = "[]"
    return _with_items(text, "list", items, frame)


def _with_items(text: str, kind: Kind, items: Sequence[Answer], frame: str) -> Answer:
    if frame == "{}":
        items = list({item.key: item for item in items}.values())
    keys = [item.key for item in items]
    if frame in ("{}", ","):
        items = [
            item for _, item in sorted(zip(keys, items, strict=True), key=lambda pair: pair[0])
        ]
        keys.sort()
    opening, closing = (frame[0], frame[1]) if len(frame) == 2 else ("", "")
    return Answer(
        text, kind, f"{opening}{' | '.join(keys)}{closing}", None, None, tuple(items), frame
    )


def _text(text: str, form: AnswerForm) -> Answer:
    """Read a short text as what it is: a number, a date, a tuple, a formula, or words."""
    named = _VARIABLE.match(plain(text))
    if named is not None and "=" not in plain(text)[named.end() :]:
        return replace(_text(plain(text)[named.end() :], form), text=text, name=named[1])
    bare = plain(text).strip("` ")
    said = _IT_IS.match(bare)
    if said is not None and _NO_ANSWER.isdisjoint(words(bare)):
        return replace(_text(bare[said.end() :], form), text=text)
    if year := _IN_A_YEAR.fullmatch(bare):
        bare = year[1]
    bare = _INFINITY.sub("oo", bare)
    if _DECADE.fullmatch(bare) or _IDENTIFIER.search(form.asked):
        return Answer(text, "text", text_key(bare))
    quantity = read_quantity(bare)
    if quantity is not None and not quantity.thing and not _PAIR.search(bare):
        return _of_quantity(quantity, text, form)
    date = read_date(bare, day_first=form.day_first) or read_time(bare)
    if date is not None:
        return Answer(text, "date", date)
    side = polarity(bare)
    if side is not None:
        return Answer(text, "yes-no", side)
    if bare[:1] in FRAMES and "," in bare:
        frame, parts = split_list(bare)
        if frame != "," and 2 <= len(parts) <= _MOST_ITEMS:
            return _with_items(text, "list", [_text(part, form) for part in parts], frame)
    if interval := _INTERVAL.fullmatch(bare):
        ends = [_text(interval[n].strip(), form) for n in (2, 3)]
        return _with_items(text, "list", ends, interval[1] + interval[4])
    parts = split_list(bare)[1] if "," in bare else []
    if len(parts) > 1 and all(read_quantity(part) or read_expression(part) for part in parts):
        return _with_items(text, "list", [_text(part, form) for part in parts], ",")
    expression = read_expression(bare)
    if expression is not None:
        value = _computed(bare)
        key = number_key(value) if value else expression.key
        return Answer(text, "text", key, value, expression)
    # The spaces of a formula that is not evaluated, a matrix or a union, mean nothing.
    return Answer(
        text, "text", text_key(bare if _HAS_WORDS.search(bare) else "".join(bare.split()))
    )


def _code_key(text: str) -> str:
    """Compare code without its fence, and Python by its syntax tree."""
    fenced = _FENCE.fullmatch(text)
    body = (fenced[1] if fenced else text).strip("`\n")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.unparse(ast.parse(body))
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return "\n".join(line.rstrip() for line in body.splitlines())


def from_json(value: object, form: AnswerForm) -> Answer | None:
    """Return the answer in a JSON value, or None for null and what is not of the kind."""
    if form.literal:
        return canonical(value if isinstance(value, str) else repr(value), form)
    if isinstance(value, bool):
        return canonical("yes" if value else "no", form)
    if isinstance(value, int | float):
        return canonical(json.dumps(value), form)
    if isinstance(value, str):
        return canonical(value, form)
    if isinstance(value, list) and value and all(isinstance(v, str | int | float) for v in value):
        if len(value) == 1:
            return from_json(value[0], form)
        joined = "; ".join(str(part) for part in value)
        return canonical(joined, form) if form.kind in ("list", "text") else None
    return None
