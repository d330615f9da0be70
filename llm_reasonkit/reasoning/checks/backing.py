"""Whether a quote bears a claim out, as far as code can tell.

The numbers, dates and names of the claim have to stand in the quote, or follow from figures that
do by a calculation that comes out; and the two have to speak of the same thing. What the words in
between mean is left to a judge.
"""

from __future__ import annotations

from fractions import Fraction

from llm_reasonkit.reasoning.arithmetic import NotArithmetic, evaluate
from llm_reasonkit.reasoning.checks.figures import (
    Date,
    Figures,
    Number,
    figures_asserted,
    figures_given,
)
from llm_reasonkit.reasoning.checks.folding import words
from llm_reasonkit.reasoning.checks.names import Usage, names_lacking
from llm_reasonkit.reasoning.checks.passages import Document
from llm_reasonkit.reasoning.checks.similarity import Fingerprint, share_of_words_in
from llm_reasonkit.reasoning.checks.wordlists import DENIALS

# What a calculation may use besides the figures of the quote: 1 - a/b, shares, hours, years.
_CONSTANTS = frozenset(map(Fraction, (1, 7, 12, 24, 60, 100, 365, 1000, 1_000_000)))
_MOST_OPERANDS = 6
_SCALES = (1, 10**3, 10**6, 10**9)
_SAME_BEGINNING = 5


def lacking(
    claim: str, quote: str, document: Document, usage: Usage, calculation: str = ""
) -> list[str]:
    """Return what a claim states and a quote of the document does not hold: figures and names.

    calculation: a term such as `(12.5 - 9.1) / 12.5`, from which one of the figures may follow.
    """
    given = figures_given(quote)
    left = [
        figure.text
        for figure in figures_asserted(claim).lacking_in(given)
        if not follows(figure, given, calculation)
    ]
    return [*left, *names_lacking(claim, quote, document.words, usage)]


def follows(figure: Number | Date, given: Figures, calculation: str) -> bool:
    """Tell whether a calculation leads from figures that are given to one that is not."""
    term = calculation.split("=")[0].strip()
    if isinstance(figure, Date) or not term:
        return False
    try:
        result = evaluate(term)
    except NotArithmetic:
        return False
    operands = figures_given(term).numbers
    # 9.6 / 3, where a third of 9.6 million is spoken of.
    there = {value / scale for n in given.numbers for value in n.values for scale in _SCALES}
    there.update(map(Fraction, given.parts))
    held = [number for number in operands if number.values & there]
    if not held or len(operands) > _MOST_OPERANDS:
        return False
    if not all(n in held or n.values <= _CONSTANTS for n in operands):
        return False
    scales = (1, 100) if figure.unit == "percent" else _SCALES
    return any(abs(result * s - v) <= figure.step / 2 for s in scales for v in figure.values)


def speaks_of(claim: str, quote: str) -> bool:
    """Tell whether a quote has any word or figure in common with a claim."""
    if share_of_words_in(claim, quote):
        return True
    asserted = figures_asserted(claim)
    if len(asserted.lacking_in(figures_given(quote))) < len(asserted.numbers + asserted.dates):
        return True
    # In a compound or another language a word may be seen by its beginning only.
    beginnings = {word[:_SAME_BEGINNING] for word in words(claim) if len(word) >= _SAME_BEGINNING}
    return any(word[:_SAME_BEGINNING] in beginnings for word in words(quote))


def holds_all_words_of(claim: str, quote: str) -> bool:
    """Tell whether a quote says all that a claim says and denies nothing, so that the one cannot
    contradict the other."""
    if share_of_words_in(claim, quote) != 1 or not DENIALS.isdisjoint(words(quote)):
        return False
    if figures_asserted(claim).lacking_in(figures_given(quote)):
        return False
    return not Fingerprint.of(claim).contradicts(Fingerprint.of(quote))
