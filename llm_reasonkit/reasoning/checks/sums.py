"""Sums that an argument states, worked out again."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from llm_reasonkit.reasoning.arithmetic import (
    Equation,
    NotArithmetic,
    check_equation,
    in_digits,
    numbers_in,
)
from llm_reasonkit.reasoning.checks.outcome import (
    Fact,
    Outcome,
    listed,
    rows,
    shortened,
    text_of,
    texts,
)
from llm_reasonkit.reasoning.equations import equations_in

_MOST = 20
_COUNTED = 12
_SEARCHED_CHARACTERS = 200_000


def sums(sums: object, question: object, sources: object = None) -> Outcome:
    """Work out the sums of an argument: those that the question states in figures, and those
    that a model read out of its words, which count only where their figures stand in the text.

    sums: texts such as `12 * 3 = 40`. The value has the `wrong` ones, with what is right.
    """
    asked = question if isinstance(question, str) else ""
    material = [asked, *(text_of(row, "text") for row in rows(sources))]
    facts: list[Fact] = []
    stated = {_bare(found.text): found for found in equations_in(asked[:_SEARCHED_CHARACTERS])}
    figures: frozenset[Fraction] | None = None
    for text in texts(sums)[:_MOST]:
        if _bare(text) in stated:
            continue
        figures = numbers_of(material) if figures is None else figures
        try:
            found = check_equation(text)
        except NotArithmetic as error:
            facts.append(Fact(_name(text), "not_checkable", str(error)))
            continue
        if strange := strange_figures(found, figures):
            detail = f"{listed(strange)} does not stand in the text"
            facts.append(Fact(_name(text), "not_checkable", detail))
        elif found.computed:
            stated[_bare(text)] = found
    kept = list(stated.values())[:_MOST]
    facts = [judged(found) for found in kept] + facts
    return Outcome(facts, {"wrong": [found.problem for found in kept if not found.holds]})


def judged(found: Equation, where: str = "") -> Fact:
    """State whether a sum is right; `where` tells whose it is."""
    detail = "rounded" if found.rounded else found.problem
    return Fact(_name(found.text, where), "passed" if found.holds else "failed", detail)


def numbers_of(material: Iterable[str]) -> frozenset[Fraction]:
    """Return the numbers that stand in some texts, as far as they are searched."""
    return frozenset[Fraction]().union(
        *(numbers_in(text[:_SEARCHED_CHARACTERS]) for text in dict.fromkeys(material))
    )


def strange_figures(found: Equation, given: frozenset[Fraction]) -> list[str]:
    """Return the numbers of a sum that are not among those given, as themselves or per cent.

    Small whole ones that it calculates with may stand there as words, or be counted.
    """
    small = frozenset(map(Fraction, range(_COUNTED + 1))) - frozenset(found.sides)
    written = sorted(numbers_in(found.text) - small)
    return [in_digits(n) for n in written if not given & {n, n * 100, n / 100}]


def _bare(text: str) -> str:
    return "".join(text.split())


def _name(text: str, where: str = "") -> str:
    return f"the sum {shortened(text)}{where} is right"
