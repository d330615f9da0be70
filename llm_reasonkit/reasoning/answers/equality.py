"""Whether two answers are the same: yes, no, or not to be told without understanding them."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from fractions import Fraction
from itertools import takewhile
from typing import Literal

from llm_reasonkit.reasoning.answers.answer import Answer
from llm_reasonkit.reasoning.answers.form import AnswerForm
from llm_reasonkit.reasoning.answers.numbers import Quantity
from llm_reasonkit.reasoning.answers.patterns import any_of
from llm_reasonkit.reasoning.answers.texts import leading_polarity, text_key
from llm_reasonkit.reasoning.checks.folding import words
from llm_reasonkit.reasoning.checks.languages import stem
from llm_reasonkit.reasoning.checks.similarity import Fingerprint
from llm_reasonkit.reasoning.checks.wordlists import STOP_WORDS
from llm_reasonkit.reasoning.units import PERCENT

Sameness = Literal["same", "different", "unsure"]

_HOW_MANY = any_of(
    r"\bhow many (?:(?:of|the|these|those|h(?:is|er)|its|their|our|my|your|more|fewer|total) )*(.*)"
)
# What is said of any number.
_SAYS_NOTHING = STOP_WORDS.union(words("total altogether overall left remaining more"))
_TYPED = frozenset({"choice", "yes-no"})
_ISO = re.compile(r"(?:-?\d{4}|-)(?:-\d\d)*(?:T.*)?$")
_POINT = re.compile(r"(?<=[^\W\d_])\.(?=\s|$)")
_NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?")


def sameness(one: Answer, other: Answer, form: AnswerForm) -> Sameness:
    """Compare two answers to one question.

    `unsure` is for texts that say it in other words, and for numbers of which one names a thing or
    a unit that the question does not settle. A different number, unit or polarity is `different`.
    """
    if form.literal:
        return "same" if one.key == other.key else "different"
    if one.name and other.name and one.name != other.name:
        return "different"
    if one.key == other.key and one.frame == other.frame:
        return "same"
    if one.kind == other.kind == "text" and _unpointed(one.key) == _unpointed(other.key):
        return "same"
    if one.quantity and other.quantity:
        return _same_quantity(one.quantity, other.quantity, form)
    if one.expression and other.expression:
        return "same" if one.expression.is_same_as(other.expression) else "different"
    if one.items and other.items:
        return _same_items(one, other, form)
    if one.kind == other.kind == "date":
        return _same_date(one.key, other.key)
    if one.kind in _TYPED and other.kind in _TYPED:
        return "different"
    return "different" if _is_vetoed(one, other) else "unsure"


def _unpointed(key: str) -> str:
    """`Dr. Smith` and `Dr Smith` are one name."""
    return _POINT.sub("", key)


def _same_quantity(one: Quantity, other: Quantity, form: AnswerForm) -> Sameness:
    if one.unit and other.unit:
        if one.unit.base != other.unit.base:
            return "different"
        equal = _same_value(one, other, in_base=one.unit != other.unit)
    elif one.unit or other.unit:
        return _same_with_bare(*((one, other) if other.unit else (other, one)), form)
    else:
        equal = _same_value(one, other)
    return _same_thing(one.thing, other.thing, form) if equal else "different"


def _same_with_bare(bare: Quantity, named: Quantity, form: AnswerForm) -> Sameness:
    """Compare a bare number with one that names its unit."""
    as_written = _same_value(bare, named)
    if named.unit != PERCENT and bare.thing:
        # 5 apples are no 5 km, but 5 bucks may be 5 dollars.
        return "unsure" if as_written else "different"
    if named.unit and named.unit != PERCENT:
        is_asked = form.unit or _may_be_counted(_named(named.unit.name), form)
        return ("same" if is_asked else "unsure") if as_written else "different"
    as_share = bare.value == named.in_base
    if as_share and (form.share or form.unit == PERCENT):
        return "same"
    return "unsure" if as_share or as_written else "different"


def _same_value(one: Quantity, other: Quantity, *, in_base: bool = False) -> bool:
    """Tell whether two numbers are equal, or one is the other rounded to its last decimal place."""
    left, right = (one.in_base, other.in_base) if in_base else (one.value, other.value)
    if one.exact and other.exact and not in_base:
        equal = left == right
    else:
        equal = math.isclose(left, right, rel_tol=1e-9)
    if equal or in_base:
        return equal
    return _is_rounding(one, other) or _is_rounding(other, one)


def _is_rounding(short: Quantity, long: Quantity) -> bool:
    """Tell whether `short`, written with decimals, is `long` rounded: 3.14 of pi, 0.667 of 2/3.

    Money is not rounded away, and one decimal place is too few: 12.5 is not 12.46.
    """
    if (
        not short.step
        or short.step > Fraction(1, 100)
        or abs(short.value - long.value) > short.step / 2
    ):
        return False
    endless = not long.exact or _is_endless(long.value)
    return (short.figures >= 3 and (endless or 0 < long.step < short.step)) or endless


def _is_endless(value: Fraction) -> bool:
    below = value.denominator
    for prime in (2, 5):
        while below % prime == 0:
            below //= prime
    return below != 1


def _same_thing(one: str, other: str, form: AnswerForm) -> Sameness:
    """Compare what is counted; a bare number leaves it to the question, also its direction."""
    if Fingerprint.of(one).contradicts(Fingerprint.of(other)):
        return "different"
    if bool(one) != bool(other) and is_opposed(one or other, form.asked):
        return "different"
    here, there = _named(one), _named(other)
    if here and there:
        return "same" if here & there else "unsure"
    return "same" if _may_be_counted(here | there, form) else "unsure"


def _may_be_counted(named: set[str], form: AnswerForm) -> bool:
    """Tell whether a thing may be what a question counts: rolls are none of `how many boxes`."""
    asked = _HOW_MANY.search(form.asked)
    counted = takewhile(lambda word: word not in STOP_WORDS, words(asked[1]) if asked else [])
    wanted = {stem(word) for word in counted}
    return not wanted or not named or bool(wanted & named)


def _named(thing: str) -> set[str]:
    return {stem(word) for word in words(thing) if word not in _SAYS_NOTHING}


def is_opposed(text: str, asked: str) -> bool:
    """Tell whether a text says the reverse of what was asked: a decrease, asked for an increase."""
    reverse, right = (
        replace(Fingerprint.of(each), numbers=frozenset(), negated=False) for each in (text, asked)
    )
    return reverse.contradicts(right)


def _same_items(one: Answer, other: Answer, form: AnswerForm) -> Sameness:
    if len(one.items) != len(other.items):
        return "different"
    framed = {one.frame, other.frame}
    if one.kind == other.kind == "list" and "," not in framed:
        if len(framed) > 1 and form.kind != "list":
            return "different"
        if "{}" not in framed:
            pairs = [sameness(a, b, form) for a, b in zip(one.items, other.items, strict=True)]
            return _all_same(pairs)
    left, unmatched = list(other.items), []
    for item in one.items:
        match = next((n for n, its in enumerate(left) if sameness(item, its, form) == "same"), None)
        if match is None:
            unmatched.append(item)
        else:
            left.pop(match)
    if not unmatched:
        return "same"
    open_pairs = [[sameness(item, its, form) == "unsure" for its in left] for item in unmatched]
    by_either = [*open_pairs, *zip(*open_pairs, strict=True)]
    return "unsure" if all(map(any, by_either)) else "different"


def _all_same(pairs: list[Sameness]) -> Sameness:
    if "different" in pairs:
        return "different"
    return "unsure" if "unsure" in pairs else "same"


def _same_date(one: str, other: str) -> Sameness:
    """A date given in part does not contradict the whole date, but is not it either."""
    shorter, longer = sorted((one, other), key=len)
    return (
        "unsure"
        if longer.startswith(shorter) or not (_ISO.match(one) and _ISO.match(other))
        else "different"
    )


def _is_vetoed(one: Answer, other: Answer) -> bool:
    """Tell whether two texts cannot mean the same, whatever a model says: a number, a unit or a
    direction differs."""
    if one.kind == other.kind == "code":
        return False
    left, right = text_key(one.text), text_key(other.text)
    numbers = [sorted(_NUMBER.findall(text)) for text in (left, right)]
    if all(numbers) and numbers[0] != numbers[1]:
        return True
    sides = {leading_polarity(one.text), leading_polarity(other.text)} - {None}
    return len(sides) == 2 or Fingerprint.of(left).contradicts(Fingerprint.of(right))
