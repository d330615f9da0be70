"""The form in which answers are compared: typed, so that 1,000 is 1000 and 12 is never 17."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from llm_reasonkit.reasoning.answers.answer import Answer
from llm_reasonkit.reasoning.answers.choices import read_choice
from llm_reasonkit.reasoning.answers.dates import is_numeric_date, read_date
from llm_reasonkit.reasoning.answers.equality import sameness
from llm_reasonkit.reasoning.answers.expressions import read_expression
from llm_reasonkit.reasoning.answers.form import AnswerForm, Kind
from llm_reasonkit.reasoning.answers.latex import plain
from llm_reasonkit.reasoning.answers.numbers import Quantity, read_quantity
from llm_reasonkit.reasoning.answers.patterns import any_of
from llm_reasonkit.reasoning.answers.texts import polarity, text_key
from llm_reasonkit.reasoning.checks.folding import words
from llm_reasonkit.reasoning.checks.wordlists import NEGATIONS
from llm_reasonkit.reasoning.units import PERCENT

_LONGEST_TEXT = 2000
_MOST_ITEMS = 200
_VARIABLE = re.compile(r"([A-Za-z]|[A-Za-z]\([a-z]\))\s*(?:=|≈|:=)\s*(?=[^=\s])")
# `it is Jupiter` answers `Jupiter`. Other subjects (`Mars is larger`) belong to the answer.
_IT_IS = any_of(r"(?:(?:it is|c['’]est|(?:es|das) ist)\s+(?=\S))+")
_NO_ANSWER = frozenset().union(
    *NEGATIONS.values(),
    ("probably", "possibly", "likely", "perhaps", "maybe", "unclear", "unknown", "uncertain"),
    ("peut", "probablement", "vielleicht", "wahrscheinlich", "möglicherweise"),
)
# Where not just a number is asked for, `2,3` is two of them.
_PAIR = re.compile(r"\d,\d{1,2}(?!\d)")
_FRAMES = {"{": "}", "[": "]", "(": ")"}
_YEAR = re.compile(r"(?:1\d|20)\d\d")
_BULLET = re.compile(r"^\s*(?:[-*•–]|\d{1,3}[.)])\s+", re.M)
_FENCE = re.compile(r"\s*```[\w+-]*[ \t]*\n(.*?)\n?```\s*", re.S)


def canonical(raw: str, form: AnswerForm) -> Answer | None:
    """Return the answer in the form it is compared in, or None if it is none of that kind."""
    text = raw.strip()
    if not text or (len(text) > _LONGEST_TEXT and form.kind != "code"):
        return None
    match form.kind:
        case "number":
            return _number(text, form)
        case "choice":
            letter = choice_letter(text, form)
            return Answer(text, "choice", letter) if letter else None
        case "yes-no":
            side = polarity(text)
            return Answer(text, "yes-no", side) if side else None
        case "date":
            return _date(text, form)
        case "list":
            return _list(text, form)
        case "code":
            return Answer(text, "code", _code_key(text))
    return _text(text, form)


def _number(text: str, form: AnswerForm) -> Answer | None:
    quantity = read_quantity(text)
    if quantity is None:
        quantity = _computed(text)
    if quantity is None and "=" in text:
        # `3 x 6 = 18` ends in what it comes to.
        after = text.rpartition("=")[2]
        quantity = read_quantity(after) or _computed(after)
    return None if quantity is None else _of_quantity(quantity, text, form)


def _of_quantity(quantity: Quantity, text: str, form: AnswerForm) -> Answer:
    """Take a bare number as what was asked for; 0.5, asked for in per cent, stays a half."""
    is_share = form.unit == PERCENT and 0 < quantity.value < 1
    if form.unit and quantity.unit is None and not is_share:
        quantity = quantity.read_as(form.unit)
    return Answer(text, "number", number_key(quantity), quantity)


def _computed(text: str) -> Quantity | None:
    """Read a formula without variables, such as `3√2` or `2^10`, as its value."""
    expression = read_expression(text)
    value = expression.constant() if expression else None
    if value is None:
        return None
    if isinstance(value, Fraction):
        return Quantity(value)
    return Quantity(Fraction(value), exact=False) if abs(value) < float("inf") else None


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
    written = read_date(plain(text), day_first=form.day_first)
    if written is None and _YEAR.fullmatch(text):
        written = text
    if written is None and not is_numeric_date(text):
        return None
    return Answer(text, "date", written or text_key(text))


def _list(text: str, form: AnswerForm) -> Answer | None:
    frame, parts = split_list(text)
    if len(parts) > _MOST_ITEMS or not any(c.isalnum() for part in parts for c in part):
        return None
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


def split_list(text: str) -> tuple[str, list[str]]:
    """Split a list at its separators, outside of brackets: how it is framed, and its parts."""
    bare = plain(text).strip().rstrip(".").strip("`")
    literal = _literal(bare)
    if literal is not None:
        return literal
    frame = ","
    if bare[:1] in _FRAMES and bare.endswith(_FRAMES[bare[0]]) and _closes_at_end(bare):
        frame, bare = bare[0] + bare[-1], bare[1:-1]
    if _BULLET.search(bare):
        numbered = bool(re.match(r"\s*\d", bare))
        parts = [line for line in _BULLET.sub("\n", bare).splitlines() if line.strip()]
        return ("[]" if numbered and frame == "," else frame), [part.strip() for part in parts]
    separator = ";" if ";" in bare else "\n" if "\n" in bare else ","
    parts = _split_outside_brackets(bare, separator)
    if separator == "," and len(parts) > 1:
        parts[-1] = re.sub(r"^\s*(?:and|or)\s+", "", parts[-1])
    if len(parts) <= 2 and separator == ",":
        parts = [piece for part in parts for piece in re.split(r"\s+and\s+", part)]
    return frame, [part.strip() for part in parts if part.strip()]


def _literal(text: str) -> tuple[str, list[str]] | None:
    """Read a list, tuple or set of Python or JSON."""
    if text[:1] not in _FRAMES or not re.search(r"[\"']", text):
        return None
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None
    if not isinstance(value, list | tuple | set):
        return None
    frame = "[]" if isinstance(value, list) else "()" if isinstance(value, tuple) else "{}"
    return frame, [part if isinstance(part, str) else repr(part) for part in value]


def _closes_at_end(text: str) -> bool:
    depth = 0
    for place, character in enumerate(text):
        depth += (character in "([{") - (character in ")]}")
        if depth == 0:
            return place == len(text) - 1
    return False


def _split_outside_brackets(text: str, separator: str) -> list[str]:
    parts, depth, start = [], 0, 0
    for place, character in enumerate(text):
        depth += (character in "([{") - (character in ")]}")
        between_digits = (
            separator == ","
            and re.match(r"\d", text[place - 1 : place] or " ")
            and re.match(r"\d{3}(?!\d)", text[place + 1 :])
            and not re.match(r".*,\s", text)
        )
        if character == separator and depth <= 0 and not between_digits:
            parts.append(text[start:place])
            start = place + 1
    return [*parts, text[start:]]


def _text(text: str, form: AnswerForm) -> Answer:
    """Read a short text as what it is: a number, a date, a tuple, a formula, or words."""
    named = _VARIABLE.match(plain(text))
    if named is not None and "=" not in plain(text)[named.end() :]:
        return replace(_text(plain(text)[named.end() :], form), text=text, name=named[1])
    bare = plain(text)
    said = _IT_IS.match(bare)
    if said is not None and _NO_ANSWER.isdisjoint(words(bare)):
        return replace(_text(bare[said.end() :], form), text=text)
    quantity = read_quantity(bare)
    if quantity is not None and not quantity.thing and not _PAIR.search(bare):
        return _of_quantity(quantity, text, form)
    date = read_date(bare, day_first=form.day_first)
    if date is not None:
        return Answer(text, "date", date)
    side = polarity(bare)
    if side is not None:
        return Answer(text, "yes-no", side)
    if bare[:1] in _FRAMES and "," in bare:
        frame, parts = split_list(bare)
        if frame != "," and 2 <= len(parts) <= _MOST_ITEMS:
            return _with_items(text, "list", [_text(part, form) for part in parts], frame)
    parts = split_list(bare)[1] if "," in bare else []
    if len(parts) > 1 and all(read_quantity(part) or read_expression(part) for part in parts):
        return _with_items(text, "list", [_text(part, form) for part in parts], ",")
    expression = read_expression(bare)
    if expression is not None:
        value = _computed(bare)
        key = number_key(value) if value else re.sub(r"\s+", "", bare)
        return Answer(text, "text", key, value, expression)
    return Answer(text, "text", text_key(text))


def _code_key(text: str) -> str:
    """Compare code without its fence, and Python by its syntax tree."""
    fenced = _FENCE.fullmatch(text)
    body = (fenced[1] if fenced else text).strip("`\n")
    try:
        return ast.unparse(ast.parse(body))
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return "\n".join(line.rstrip() for line in body.splitlines())


def from_json(value: object, form: AnswerForm) -> Answer | None:
    """Return the answer in a JSON value, or None for null and what is not of the kind."""
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
