"""Arithmetic: exact, refused where it is none, and found in prose without false alarms."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_reasonkit.reasoning.arithmetic import (
    NotArithmetic,
    check_equation,
    evaluate,
    in_digits,
    numbers_in,
)
from llm_reasonkit.reasoning.equations import equations_in

VALUES = {
    "12 * 3": 36,
    "2 + 3 * 4": 14,
    "(2 + 3) * 4": 20,
    "-2^2": -4,
    "2^-3": Fraction(1, 8),
    "2 ** 10": 1024,
    "7 / 2": Fraction(7, 2),
    "10 - 4 - 3": 3,
    "0.1 + 0.2": Fraction(3, 10),
    "17 % 5": 2,
    "12 % (5)": 2,
    "17%5": 2,
    "20%": Fraction(1, 5),
    "20% of 50": 10,
    "50 * 20%": 10,
    "10% + 20%": Fraction(3, 10),
    "1 - 5%": Fraction(19, 20),
    "1,234.5 + 1": Fraction(2471, 2),
    "1'000'000": 10**6,
    "1\u202f000 * 2": 2000,
    "1,5 + 1": Fraction(5, 2),
    "0,125 * 8": 1,
    ".5 * 4": 2,
    "1.5 million × 2": 3 * 10**6,
    "2 Thousand": 2000,
    "3 bn / 3": 10**9,
    "12 ÷ 5": Fraction(12, 5),
    "5M + 10k": 5_010_000,
    "3 x 4": 12,
    "3x4": 12,
    "6 · 7": 42,
    "5 − 8": -3,
    "$12 * 3": 36,
    "12 € + 3 €": 15,
    "((((1))))": 1,
}
REFUSED = {
    "": "it ends too early",
    "3 +": "it ends too early",
    "(1 + 2": "expected ')'",
    "3 4": "character 3: unexpected '4'",
    "2^3^2": "character 4: unexpected '^2'",
    "a + 1": "character 1: unexpected 'a'",
    "__import__('os')": "character 1",
    "1e9": "character 2",
    "1.234,56": "character 6",
    "1 / 0": "divides by zero",
    "5 % 0": "divides by zero",
    "0 ^ -1": "divides by zero",
    "2 ^ 0.5": "not whole",
    "9 ^ 9999": "too large",
    "(9^800) * (9^800)": "too large",
    "50 + 20%": "without saying of what",
    "$1 + €1": "mixes currencies",
    "1" * 301: "longer than 300 characters",
    "1+" * 140 + "1 1": "unexpected '1'",
}
HOLD = [
    *("12 * 3 = 36", "36 = 12 * 3", "2 + 2 = 4 = 8 / 2", "3 < 2 + 2 <= 4", "2 + 2 > 3 >= 3"),
    *(
        "2 + 2 == 4",
        "2 + 2 ≠ 5",
        "2 + 2 != 5",
        "1 ≤ 2 ≥ 1",
        "20% of 50 = 10",
        "1 - 5% = 95%",
        "3 / 4 * 100 = 75%",
    ),
    *("1/3 + 1/3 = 2/3", "0.1 + 0.2 = 0.3", "4 * 250,000 = 1 million"),
]
ROUNDED = [
    *("2/3 = 0.67", "2/3 = 67%", "100/3 = 33", "25 / 2 = 13", "0.67 = 2/3", "1000/7 = 142.86"),
    *("4,567 * 300 = 1.37 million", "7 / 2 ≈ 4", "1000 / 7 ≈ 140", "12 * 3 ~ 38"),
]
WRONG = {
    "12 * 3 = 40": "12 * 3 is 36, not 40",
    "40 = 12 * 3": "12 * 3 is 36, not 40",
    "2/3 = 0.66": "2/3 is 0.666666666667…, not 0.66",
    "2/3 = 66%": "2/3 is 0.666666666667…, not 66%",
    "7 / 2 = 4": "7 / 2 is 3.5, not 4",
    "1/3 = 0.3": "1/3 is 0.333333333333…, not 0.3",
    "12 * 3 = 5 * 8": "12 * 3 is 36 and 5 * 8 is 40",
    "2 + 2 = 4 = 5": "4 = 5 does not hold",
    "2 + 2 < 4": "2 + 2 is 4",
    "2 + 2 != 4": "2 + 2 is 4",
    "12 * 3 ≈ 50": "12 * 3 is 36, not 50",
    "10^20 * 3 = 1": "10^20 * 3 is 3e+20, not 1",
    "1 - 1 = 1": "1 - 1 is 0, not 1",
    "3 / 4 * 100 = 76%": "3 / 4 * 100 is 75, not 76%",
    "3 / 4 > 75%": "3 / 4 is 0.75",
}


@pytest.mark.parametrize(("text", "value"), VALUES.items(), ids=VALUES)
def test_a_term_has_its_exact_value(text: str, value: Any) -> None:
    """Numbers, signs, percentages and separators are read as people mean them, and exactly."""
    assert evaluate(text) == value


@pytest.mark.parametrize(("text", "why"), REFUSED.items(), ids=[t[:20] for t in REFUSED])
def test_what_is_no_arithmetic_is_refused(text: str, why: str) -> None:
    """What cannot be read, or read in two ways, or would take too long, is refused with why."""
    with pytest.raises(NotArithmetic) as refused:
        evaluate(text)
    assert why in str(refused.value)


TERMS = st.recursive(
    st.integers(0, 99).map(lambda n: (str(n), Fraction(n))),
    lambda inner: st.tuples(inner, st.sampled_from("+-*/%"), inner).map(
        lambda part: (f"({part[0][0]} {part[1]} ({part[2][0]}))", worked_out(part))
    ),
    max_leaves=8,
)


def worked_out(part: Any) -> Fraction | None:
    (_, left), sign, (_, right) = part
    if left is None or right is None or (sign in "/%" and right == 0):
        return None
    return {
        "+": lambda: left + right,
        "-": lambda: left - right,
        "*": lambda: left * right,
        "/": lambda: left / right,
        "%": lambda: left % right,
    }[sign]()


@given(TERMS)
def test_random_terms_have_the_value_they_were_made_with(made: tuple[str, Fraction | None]) -> None:
    """Whatever is nested in whatever: the value is the one worked out while building it."""
    text, value = made
    if value is None:
        with pytest.raises(NotArithmetic, match="zero"):
            evaluate(text)
    elif len(text) <= 300:
        assert evaluate(text) == value


@pytest.mark.parametrize("text", HOLD)
def test_a_right_equation_holds(text: str) -> None:
    """Relations hold exactly, also in a chain."""
    found = check_equation(text)
    assert (found.holds, found.rounded, found.problem) == (True, False, "")


@pytest.mark.parametrize("text", ROUNDED)
def test_a_rounded_equation_holds_and_says_so(text: str) -> None:
    """A figure rounded to at least two digits is right; `≈` allows a tenth."""
    found = check_equation(text)
    assert (found.holds, found.rounded) == (True, True)


@pytest.mark.parametrize(("text", "problem"), WRONG.items(), ids=WRONG)
def test_a_wrong_equation_says_what_is_right(text: str, problem: str) -> None:
    """An equation that does not hold names the value that would."""
    found = check_equation(text)
    assert (found.holds, found.problem) == (False, problem)


@pytest.mark.parametrize("text", ["36", "12 * 3 = x", "= 3", "12 * 3 ="])
def test_half_an_equation_is_none(text: str) -> None:
    """Without a relation, or with a side missing or in letters, there is nothing to check."""
    with pytest.raises(NotArithmetic):
        check_equation(text)


def test_an_equation_keeps_its_sides() -> None:
    """Sides are handed on exactly, and whether any of them was worked out."""
    found = check_equation(" 1/3 < 0.5 ")
    assert (found.text, found.sides) == ("1/3 < 0.5", (Fraction(1, 3), Fraction(1, 2)))
    assert found.computed
    assert not check_equation("3 = 3").computed


def test_numbers_are_written_in_digits() -> None:
    """Decimals are written out as far as 12 digits, with an ellipsis where there are more."""
    assert in_digits(Fraction(5, 2)) == "2.5"
    assert in_digits(Fraction(1200)) == "1200"
    assert in_digits(Fraction(2, 3)) == "0.666666666667…"
    assert in_digits(Fraction(10**20)) == "1e+20"


def test_the_numbers_of_a_text_are_found() -> None:
    """Numbers in prose are read as in terms, scales included."""
    assert numbers_in("In 2020 we sold 1,200 for $1.5 million (12%).") == {
        *(Fraction(2020), Fraction(1200), Fraction(1_500_000), Fraction(12)),
    }


FOUND_WRONG = {
    "We sell 12 boxes at 3 each: 12 * 3 = 40.": "12 * 3 = 40",
    "Then (3 + 4 = 8) follows": "3 + 4 = 8",
    "- 3 + 4 = 9": "3 + 4 = 9",
    "1. **5 × 5 = 24** per box": "5 × 5 = 24",
    r"so \(3 \times 4 + 1 = 14\).": "3 * 4 + 1 = 14",
    "total = 3*4 = 13": "3*4 = 13",
    "f(2) = 2^2 + 1 = 6": "2^2 + 1 = 6",
    "It takes 3 * 12 = 38 eggs": "3 * 12 = 38",
    "20% of 50 = 11 people": "20% of 50 = 11",
    "1.5 million * 2 = 4 million": "1.5 million * 2 = 4 million",
    "$12 * 3 = $37 a month": "$12 * 3 = $37",
    "so -3 + 5 = 3": "-3 + 5 = 3",
    "They are 3 + 4 = 8, of 20": "3 + 4 = 8",
    "(2 + 3) * 4 = 21": "(2 + 3) * 4 = 21",
    "((2 + 3) * 4 = 21)": "(2 + 3) * 4 = 21",
    "(as 2 * (3 + 4) = 15)": "2 * (3 + 4) = 15",
}
LEFT_ALONE = [
    *("a - 3 + 4 = 9", "x3 + 4 = 8", "2x + 3 = 7", "3 + 4 = 7x", "3 + 4 = 9 - x", "k * 3 + 1 = 5"),
    *("12 kg + 3 kg = 16 kg", "3 times 4 + 2 = 14", "twice 4 + 2 = 10", "log 4 + 3 = 5"),
    *("3 + 4 = 7 times 2", "√4 + 1 = 3", "√ 4 + 1 = 3", r"\frac{1}{2} + 2 = 2.5", "4! + 1 = 25"),
    *("2020-2024 = 5 years", "10:2 + 1 = 6", "E = mc^2", "n = 30", "p < 0.05", "3 = 3", "1 < 2"),
    *("3 of 5 + 1 = 2", "2 * 3 = 6 x", "3(4) = 12", "3 + 4 = 7°", "50 + 20% = 60", "a = b = c"),
    *(
        "Level 2 = 16 / 4",
        "Age (34) = 15 + 20",
        "1/4 : 20 = 4/4",
        "2 / 3 = 0.666...",
        "3B - 30 = 45",
    ),
    *(
        "2x - 16 = 4x - 64",
        "if 3/4 = 9, then 1/4 = 3",
        "7.5 / 1/2 = 15",
        "12.8 ÷ (2/5) = 12.8 × (5/2)",
    ),
    *("4x = 4 * 10 = 40", "3 / 4 * 100 = 75%", "0.5 * 100 = 50% of them", "36 KB = 30 * 1200 KB"),
    *("no figures at all", "", "3 + 4", "3 * = 4", "3 + 1 = 5 dozen", "(1 + 1)) + 2 = 5 * y"),
]


@pytest.mark.parametrize(("text", "sum_"), FOUND_WRONG.items(), ids=FOUND_WRONG)
def test_a_wrong_sum_in_a_text_is_found(text: str, sum_: str) -> None:
    """A sum that a text states in figures is cut out of it and worked out."""
    assert [(found.text, found.holds) for found in equations_in(text)] == [(sum_, False)]


@pytest.mark.parametrize("text", LEFT_ALONE)
def test_what_belongs_to_something_larger_is_left_alone(text: str) -> None:
    """Algebra, units in between, years, words that calculate: no sum is read into them."""
    assert [found.text for found in equations_in(text) if not found.holds] == []


def test_several_sums_are_found_in_order() -> None:
    """Each sum of a text is found, right ones too."""
    text = "First 5+5=11, then 6 + 6 = 12; finally 1,000 + 1 = 1,002?"
    assert [found.holds for found in equations_in(text)] == [False, True, False]


@pytest.mark.parametrize("part", ["(", "1", "1,111", "3 + ", "= ", "3=3 ", "*", "\t", "9 ^ "])
def test_a_long_text_is_searched_in_linear_time(part: str) -> None:
    """Megabytes of figures and signs are gone through, whatever they repeat."""
    assert equations_in(part * (1_000_000 // len(part))) == []
