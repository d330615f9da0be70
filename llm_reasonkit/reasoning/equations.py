"""Find the sums that a text states in figures, such as `12 * 3 = 40`, and work them out.

What belongs to something larger that cannot be read (algebra, units in between, a formula's
beginning in words) is left out: a false alarm costs more trust than a sum that nobody checked.
"""

from __future__ import annotations

import re

from llm_reasonkit.reasoning.arithmetic import (
    CURRENCY,
    MINUS,
    NUMBER,
    RELATION,
    TIMES,
    Equation,
    NotArithmetic,
    check_equation,
)

_TOKEN = rf"(?:{NUMBER}|{RELATION}|\*\*|{TIMES}|{MINUS}|{CURRENCY}|[/÷]|of\b|[+^%()])"
_RUN = re.compile(rf"{_TOKEN}(?:[ \t\u00a0]*{_TOKEN})*")
_LONGEST_RUN = 1000
_LATEX = {r"\times": "*", r"\cdot": "*", r"\div": "÷", r"\approx": "≈", r"\%": "%", r"\$": "$"}
_LATEX_COMMAND = re.compile(r"\\(?:times|cdot|div|approx)\b|\\[%$()\[\]]")
# A list's bullets, and emphasis: marks that lean on a word with one side only.
_MARKUP = re.compile(r"(?m)^[ \t]*[-*+•][ \t]+|(?<!\S)(?:\*\*?|__?|`)(?=\S)|(?<=\S)(?:\*\*|__|`)")
# What may be arithmetic and as well something else: a span of years, algebra (`3B - 30 = 45`), a
# fraction below a fraction.
_AMBIGUOUS = re.compile(
    r"\b(?:1[5-9]|20)\d\d-\d|(?<![$€£¥\d.,])(?:\d[\d.,]*)[kKMB]\b|[/÷]\s*\d+/\d"
)
# What makes a term of the words or signs around it.
_GOES_BEFORE = re.compile(
    r"[\w)\]}|√!°.,^\\]$|\d\s*:\s*$"
    r"|(?:\\\w+|[√∑∏∫=^÷]|\b(?:times|plus|minus|by|over|per|twice|half|double|triple|root|log|ln"
    r"|sin|cos|tan|exp)|\b[b-hj-z])\s+$",
    re.IGNORECASE,
)
_GOES_ON = re.compile(
    r"[\w(\[{^°!\\…]|[.,]\d|\.\."
    r"|\s+(?:[b-hj-z]\b|times|plus|minus|over|divided|multiplied|squared|cubed|percent|hundred"
    r"|dozen|cents|[kmgt]i?b\b)",
    re.IGNORECASE,
)
_OPERATOR_FIRST = re.compile(rf"[+*/÷^%)\u00d7\u00b7\u22c5]|{MINUS}\s|of\b|x\b", re.IGNORECASE)
_SHARE = re.compile(r"\d+/\d+\s*=")
_OF_WHAT = re.compile(r"(?<=%)\s*of$")
_OPERATOR_LAST = re.compile(rf"(?:[+*/÷^(\u00d7\u00b7\u22c5]|{MINUS}|\bof|x)$", re.IGNORECASE)


def equations_in(text: str) -> list[Equation]:
    """Return the sums stated in a text, in order, each of them worked out."""
    plain = _LATEX_COMMAND.sub(lambda command: _LATEX.get(command.group(), " "), text)
    plain = _MARKUP.sub(" ", plain)
    found = []
    for run in _RUN.finditer(plain):
        stated = _stated(run, plain)
        try:
            equation = check_equation(stated)
        except NotArithmetic:
            continue
        if equation.computed and not _is_share(equation):
            found.append(equation)
    return found


def _is_share(equation: Equation) -> bool:
    """Tell whether a fraction of something is meant, as in: if 3/4 = 9, then 1/4 = 3."""
    return bool(_SHARE.match(equation.text)) and equation.sides[0] < 1 <= equation.sides[1]


def _stated(run: re.Match[str], text: str) -> str:
    """Cut what belongs to something larger off the ends of a run of figures and signs."""
    written = _OF_WHAT.sub("", run.group())
    relations = list(re.finditer(RELATION, written))
    if not relations or len(written) > _LONGEST_RUN or _AMBIGUOUS.search(written):
        return ""
    start, end = 0, len(written)
    before, after = text[max(0, run.start() - 20) : run.start()], text[run.end() : run.end() + 20]
    first, last = written[: relations[0].start()].strip(), written[relations[-1].end() :].strip()
    # `Level 2 = 16 / 4`: the 2 is a name.
    is_label = re.fullmatch(rf"\(?{NUMBER}\)?", first) and before[-2:].strip().isalpha()
    if not first or is_label or _OPERATOR_FIRST.match(first) or _GOES_BEFORE.search(before):
        start = relations[0].end()
    elif first.count("(") > first.count(")"):
        start = written.index("(") + 1
    if not last or _OPERATOR_LAST.search(last) or _GOES_ON.match(after):
        end = relations[-1].start()
    elif last.count(")") > last.count("("):
        end = written.rindex(")")
    return written[start:end].strip()
