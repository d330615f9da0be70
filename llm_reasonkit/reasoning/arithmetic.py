"""Arithmetic as people and models write it, evaluated exactly; nothing is ever executed.

Read are numbers (`1,234.5`, `1.5 million`, `$12`, `20%`), `+ - * /`, `^` for powers, `a % b` for
the remainder, `20% of 50`, brackets, and relations between such terms (`=`, `≈`, `<`, `>=` …).
Everything else is refused rather than guessed. A comma before three digits separates thousands,
but for `0,125`.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Context, Decimal, Inexact
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

from llm_reasonkit.reasoning.grammar import NotReadable, read

if TYPE_CHECKING:
    from lark import Token, Tree

_MOST_CHARACTERS = 300
_MOST_BITS = 4096
# How far apart `≈` allows two sides to be.
_ABOUT = Fraction(1, 10)

_SCALES = {
    "thousand": 10**3,
    "k": 10**3,
    "million": 10**6,
    "m": 10**6,
    "billion": 10**9,
    "bn": 10**9,
    "b": 10**9,
    "trillion": 10**12,
}
# English digits with separators of thousands, or any digits with a point or comma for decimals.
NUMBER = (
    r"(?:[1-9]\d{0,2}(?:(?:,\d{3})+|(?:['\u2019\u00a0\u2009\u202f]\d{3})+)(?!\d)(?:\.\d+)?"
    r"|\d+(?:[.,]\d+)?|\.\d+)"
    r"(?:[ ]?(?i:thousand|million|billion|trillion|bn)\b|[kKMB]\b)?"
)
TIMES = r"[*\u00d7\u00b7\u22c5]|[xX](?=\s*[\d($€£¥.])"
MINUS = r"[-\u2212]"
CURRENCY = "[$€£¥]"
RELATION = r"<=|>=|==|!=|[=≈~≤≥≠<>]"
_GRAMMAR = rf"""
    ?start: sum
    ?sum: product
        | sum "+" product           -> add
        | sum _MINUS product        -> subtract
    ?product: signed
        | product _TIMES signed     -> multiply
        | product _DIVIDED signed   -> divide
        | product _MODULO signed    -> remainder
        | percent _OF signed        -> multiply
    ?signed: power
        | _MINUS power              -> negative
    ?power: value
        | value _POWER exponent     -> raised
    ?exponent: value
        | _MINUS value              -> negative
    ?value: amount
        | percent
    percent: amount "%"
    ?amount: NUMBER
        | _CURRENCY NUMBER
        | NUMBER _CURRENCY
        | "(" sum ")"

    NUMBER: /{NUMBER}/
    _MINUS: /{MINUS}/
    _TIMES: /{TIMES}/
    _DIVIDED: "/" | "÷"
    _POWER.1: "^" | "**"
    _MODULO.1: /(?<=\s)%(?=\s*[\d(.])|%(?=[\d(.])/
    _OF: "of"i
    _CURRENCY: /{CURRENCY}/
    %ignore /\s+/
"""
_NAMES = {
    "NUMBER": "a number",
    "LPAR": "'('",
    "RPAR": "')'",
    "PLUS": "'+'",
    "_MINUS": "'-'",
    "_TIMES": "'*'",
    "_DIVIDED": "'/'",
    "_POWER": "'^'",
    "PERCENT": "'%'",
    "$END": "the end",
}
_EQUAL = frozenset({"=", "==", "≈", "~"})
_RELATIONS: dict[str, Callable[[Fraction, Fraction], bool]] = {
    **dict.fromkeys(_EQUAL, operator.eq),
    **dict.fromkeys(("!=", "≠"), operator.ne),
    **dict.fromkeys(("<=", "≤"), operator.le),
    **dict.fromkeys((">=", "≥"), operator.ge),
    "<": operator.lt,
    ">": operator.gt,
}


class NotArithmetic(ValueError):
    """The text is no arithmetic that can be evaluated; the message says why."""


@dataclass(frozen=True, slots=True)
class _Quantity:
    """A value. `step` is the weight of its last digit if it was written out, not worked out."""

    value: Fraction
    step: Fraction | None = None
    is_percentage: bool = False


@dataclass(frozen=True, slots=True)
class Equation:
    """A relation between two or more sides, and whether it holds.

    rounded: it holds, but only because one side is the other rounded. computed: some side had to
    be worked out; `3 = 3` merely states. problem: what is right, where it does not hold.
    """

    text: str
    sides: tuple[Fraction, ...]
    holds: bool
    rounded: bool
    computed: bool
    problem: str


def evaluate(text: str) -> Fraction:
    """Return the exact value of a term such as `12 * (3 + 1/2)`. Raises NotArithmetic."""
    return _quantity(text).value


def check_equation(text: str) -> Equation:
    """Work out a relation such as `12 * 3 = 36` or `2 + 2 = 4 < 5`.

    `=` also holds for a figure of at least two digits that is the exact one rounded
    (`2/3 = 0.67`), `≈` also for one that is at most a tenth away. Raises NotArithmetic.
    """
    signs = re.findall(RELATION, text)
    if not signs:
        raise NotArithmetic("it states no relation, such as =")
    sides = [(side.strip(), _quantity(side)) for side in re.split(RELATION, text)]
    rounded, problems = False, []
    for sign, pair in zip(signs, pairwise(sides), strict=True):
        match _holds(sign, pair[0][1], pair[1][1]):
            case "rounded":
                rounded = True
            case "not":
                problems.append(_correction(pair, sign))
    return Equation(
        text=text.strip(),
        sides=tuple(side.value for _, side in sides),
        holds=not problems,
        rounded=rounded and not problems,
        computed=any(side.step is None for _, side in sides),
        problem="; ".join(problems),
    )


def numbers_in(text: str) -> frozenset[Fraction]:
    """Return the numbers that stand in a text, without their signs and percent signs."""
    return frozenset(_number(written).value for written in set(re.findall(NUMBER, text)))


def in_digits(value: Fraction) -> str:
    """Write a number in decimals, with an ellipsis where 12 digits are not all of it."""
    context = Context(prec=12)
    decimal = context.divide(Decimal(value.numerator), Decimal(value.denominator))
    form = "f" if -15 <= decimal.adjusted() <= 15 else "e"
    return f"{decimal.normalize(context):{form}}{'…' if context.flags[Inexact] else ''}"


def _holds(sign: str, left: _Quantity, right: _Quantity) -> Literal["exactly", "rounded", "not"]:
    """Tell whether a relation holds; `3 / 4 * 100 = 75%` does, as people write it."""
    if sign not in _EQUAL:
        return "exactly" if _RELATIONS[sign](left.value, right.value) else "not"
    readings = ((left, right), (_in_points(left), _in_points(right)))
    if any(one.value == other.value for one, other in readings):
        return "exactly"
    about = sign in "≈~"
    return "rounded" if any(_is_rounding(*sides, about=about) for sides in readings) else "not"


def _in_points(side: _Quantity) -> _Quantity:
    """Take a percentage for the number before its sign."""
    if not side.is_percentage:
        return side
    return _Quantity(side.value * 100, None if side.step is None else side.step * 100)


def _is_rounding(left: _Quantity, right: _Quantity, *, about: bool) -> bool:
    """Tell whether one side was written as the other one rounded."""
    apart = abs(left.value - right.value)
    if about and apart <= _ABOUT * max(abs(left.value), abs(right.value)):
        return True
    return any(
        side.step is not None
        and apart <= side.step / 2
        # Nobody who reads `7 / 2 = 4` takes it for a rounded figure.
        and (about or abs(side.value) >= 10 * side.step)
        for side in (left, right)
    )


def _correction(pair: tuple[tuple[str, _Quantity], ...], sign: str) -> str:
    """Say what two sides are that are not what they were said to be."""
    worked_out = [f"{text} is {in_digits(side.value)}" for text, side in pair if side.step is None]
    stated = [text for text, side in pair if side.step is not None]
    if sign in _EQUAL and len(stated) == 1:
        return f"{worked_out[0]}, not {stated[0]}"
    return " and ".join(worked_out) or f"{stated[0]} {sign} {stated[1]} does not hold"


def _quantity(text: str) -> _Quantity:
    if len(set(re.findall(CURRENCY, text))) > 1:
        raise NotArithmetic("it mixes currencies")
    try:
        return _value(read(_GRAMMAR, text, _NAMES, _MOST_CHARACTERS))
    except NotReadable as error:
        raise NotArithmetic(str(error)) from error
    except ZeroDivisionError as error:
        raise NotArithmetic("it divides by zero") from error


def _value(term: Tree[Token] | Token) -> _Quantity:
    if isinstance(term, str):
        return _number(term)
    parts = [_value(part) for part in term.children]
    first = parts[0]
    match term.data:
        case "negative":
            return _Quantity(-first.value, first.step, first.is_percentage)
        case "percent":
            step = None if first.step is None else first.step / 100
            return _Quantity(first.value / 100, step, is_percentage=True)
    value = _combined(term.data, first, parts[1])
    if _bits(value) > _MOST_BITS:
        raise NotArithmetic("its numbers get too large")
    both = first.is_percentage and parts[1].is_percentage
    return _Quantity(value, is_percentage=both and term.data in ("add", "subtract"))


def _combined(operation: str, left: _Quantity, right: _Quantity) -> Fraction:
    match operation:
        case "add" | "subtract":
            # 50 + 20% may mean 60 as well as 50.2; 1 - 5% is the same either way.
            if left.is_percentage != right.is_percentage and left.value != 1:
                raise NotArithmetic("it adds a percentage without saying of what")
            return left.value + right.value * (1 if operation == "add" else -1)
        case "multiply":
            return left.value * right.value
        case "divide":
            return left.value / right.value
        case "remainder":
            return left.value % right.value
    return _raised(left.value, right.value)


def _raised(base: Fraction, exponent: Fraction) -> Fraction:
    if exponent.denominator != 1:
        raise NotArithmetic("an exponent is not whole, and the result not exact")
    if _bits(base) * abs(exponent) > _MOST_BITS:
        raise NotArithmetic("its numbers get too large")
    return base ** int(exponent)


def _bits(value: Fraction) -> int:
    return value.numerator.bit_length() + value.denominator.bit_length()


def _number(written: str) -> _Quantity:
    digits = written.rstrip("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ ")
    scale = written[len(digits) :].strip()
    weight = _SCALES[scale.lower()] if scale else 1
    plain = re.sub(r"['\u2019\s]|(?<!^0),(?=\d{3}(?!\d))", "", digits).replace(",", ".")
    decimals = len(plain.partition(".")[2])
    return _Quantity(Fraction(plain) * weight, Fraction(weight, 10**decimals))
