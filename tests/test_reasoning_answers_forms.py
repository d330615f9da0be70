"""The parts that answers are made of: LaTeX, numbers, units, formulas, dates, lists."""

from __future__ import annotations

from fractions import Fraction

import pytest

from llm_reasonkit.reasoning.answers import AnswerForm, canonical
from llm_reasonkit.reasoning.answers.dates import read_date, read_time
from llm_reasonkit.reasoning.answers.expressions import read_expression
from llm_reasonkit.reasoning.answers.latex import boxed, plain
from llm_reasonkit.reasoning.answers.lists import split_list
from llm_reasonkit.reasoning.answers.numbers import read_quantity
from llm_reasonkit.reasoning.answers.restating import side_taken, without_question
from llm_reasonkit.reasoning.units import money_sign, unit_of


@pytest.mark.parametrize(
    ("latex", "text"),
    [
        ("no latex, $5 and $6", "no latex, $5 and $6"),
        ("$x$ and $5", "x and $5"),
        ("$$x$$", "x"),
        ("\\(x\\)", "x"),
        ("\\frac{1}{2}", "((1)/(2))"),
        ("\\sqrt[3]{8}", "((8)^(1/3))"),
        ("\\sqrt{\\frac{1}{2}}", "sqrt(((1)/(2)))"),
        ("\\text{cm}", "cm"),
        ("90^\\circ", "90°"),
        ("x^{10}", "x^(10)"),
        ("a_{12}", "a_12"),
        ("\\{1, 2\\}", "{1, 2}"),
        ("\\unknown{x}", "\\unknown{x}"),
        ("1{,}000", "1,000"),
        ("\\left( \\tfrac12 \\right)", "( ((1)/(2)) )"),
        ("\\text{" * 8 + "deep" + "}" * 8, "\\text{\\text{deep}}"),
    ],
)
def test_latex_becomes_plain_text(latex: str, text: str):
    """Markup goes, amounts of money and unknown commands stay."""
    assert plain(latex) == text


def test_boxes_are_found_with_their_braces():
    """A box ends at its own brace; one that is cut off is none."""
    assert [inside for _, inside in boxed("\\boxed{\\frac{1}{2}} and \\boxed{3")] == [
        "\\frac{1}{2}"
    ]
    assert boxed("\\boxed{a\\}b}") == [(12, "a\\}b")]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ducks",
        "12 or 13",
        "12-15",
        "3:30",
        "2 + 2",
        "$18 and $20",
        "4 red and 6 blue",
        "1/0",
        "1/2/3",
        "5'3",
        "x" * 300,
        "9" * 500,
        "third",
        "18 (approximately eighteen ducks and a few hens that came by yesterday evening late)" * 2,
        "18 a b c d e f g h i j",
        "5 kg and 3 km",
        "5 kg and 3 kg",
        "ducks and a half",
        "$18 ducks and $20",
        "18 #!",
    ],
)
def test_what_is_no_single_number_is_none(text: str):
    """Ranges, sums, times, several numbers and prose are no quantity."""
    assert read_quantity(text) is None


@pytest.mark.parametrize(
    ("text", "value", "base"),
    [
        ("5 ft and 3 in", Fraction("1.6002"), "meter"),
        ("1 h 30 min", Fraction(5400), "second"),
        ("2.5 million dollars", Fraction(2500000), "dollar"),
        ("-$5", Fraction(-5), "dollar"),
        ("$-5", Fraction(-5), "dollar"),
        ("£3", Fraction(3), "pound_sterling"),
        ("$18 dollars", Fraction(18), "dollar"),
        ("3 cubic meters", Fraction(3), "meter^3"),
        ("3 fluid ounces", Fraction("88.7205886875e-6"), "meter^3"),
        ("-40 °F", Fraction("233.15"), "kelvin"),
        ("60 mph", Fraction("26.8224"), "meter second^-1"),
    ],
)
def test_quantities_are_converted_exactly(text: str, value: Fraction, base: str):
    """Units are converted without rounding, compound ones added up."""
    quantity = read_quantity(text)
    assert quantity is not None
    assert quantity.unit is not None
    assert (quantity.in_base, quantity.unit.base) == (value, base)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("one point five", Fraction(3, 2)),
        ("two and a half", Fraction(5, 2)),
        ("three quarters", Fraction(3, 4)),
        ("half a million", Fraction(500000)),
        ("minus a third", Fraction(-1, 3)),
        ("2nd", Fraction(2)),
        ("3 × 10⁸", Fraction(300000000)),
        ("10²", Fraction(100)),
        ("12,34,567", Fraction(1234567)),
        ("1.234.567,8", Fraction("1234567.8")),
        ("-2/3", Fraction(-2, 3)),
        ("-(1/2)", Fraction(-1, 2)),
        ("(-1)/(2)", Fraction(-1, 2)),
    ],
)
def test_numbers_are_read_in_many_spellings(text: str, value: Fraction):
    """Words, powers, separators and fractions are numbers."""
    quantity = read_quantity(text)
    assert quantity is not None
    assert quantity.value == value


@pytest.mark.parametrize("text", ["ducks", "per", "12", "", "in total", "x" * 80, "(((", "!"])
def test_what_is_no_unit_is_none(text: str):
    """Things, numbers and odd text are no units."""
    assert unit_of(text)[0] is None


def test_a_sign_of_money_is_its_currency():
    """`US$` is the dollar, a letter is no currency."""
    dollar = money_sign("US$")
    assert dollar is not None
    assert dollar.base == "dollar"
    assert money_sign("x") is None
    assert money_sign("%") is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "cat",
        "hello",
        "5 apples",
        "x = 5",
        "f(x)",
        "sin",
        "2 +",
        "x.y",
        "'a'",
        "[1]",
        "lambda: 1",
        "sin(1, 2)",
        "1 if 2 else 3",
        "x" * 300,
        "a" + "(" * 150,
        "1j",
        "sin(x=1)",
    ],
)
def test_what_is_no_formula_is_none(text: str):
    """Words, equations, calls of other functions and Python are no formulas."""
    expression = read_expression(text)
    assert expression is None or expression.constant() is None


@pytest.mark.parametrize(
    "text", ["9**9**9", "1/0", "ln(-1)", "(-8)^(1/2)", "sqrt(-1)", "+10^999999"]
)
def test_what_has_no_value_has_none(text: str):
    """Powers beyond bounds, divisions by zero and complex roots have no value to compare."""
    expression = read_expression(text)
    assert expression is not None
    assert expression.constant() is None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("+3", 3),
        ("-(2 - 5)", 3),
        ("sqrt(4/9)", Fraction(2, 3)),
        ("abs(-2)", 2),
        ("2^-1", Fraction(1, 2)),
        ("√16", 4),
    ],
)
def test_formulas_without_variables_have_a_value(text: str, value: object):
    """Rational results stay exact."""
    expression = read_expression(text)
    assert expression is not None
    assert expression.constant() == value


def test_formulas_undefined_at_different_points_differ():
    """The logarithm of x is not that of its absolute value."""
    one, other = read_expression("ln(x)"), read_expression("ln(abs(x))")
    assert one is not None
    assert other is not None
    assert not one.is_same_as(other)


@pytest.mark.parametrize(
    ("text", "day_first", "iso"),
    [
        ("July 4, 1776", None, "1776-07-04"),
        ("4.7.1776", True, "1776-07-04"),
        ("7/4/1776", False, "1776-07-04"),
        ("7/4/1776", None, None),
        ("2024/01/31", None, "2024-01-31"),
        ("31 janvier 2024", None, "2024-01-31"),
        ("2024年", None, "2024"),
        ("2024年1月", None, "2024-01"),
        ("July 1776", None, "1776-07"),
        ("4 July", None, "--07-04"),
        ("31 February 2024", None, None),
        ("ducks", None, None),
        ("in 3 days", None, None),
        ("a" * 70, None, None),
        ("may 5 be", None, None),
        ("99999999999999999999 May", None, None),
    ],
)
def test_dates_are_read_as_far_as_they_are_given(
    text: str, day_first: bool | None, iso: str | None
):
    """Parts that were not written stay unknown; an open order of day and month is no date."""
    assert read_date(text, day_first=day_first) == iso


@pytest.mark.parametrize(
    ("text", "frame", "parts"),
    [
        ("a, b and c", ",", ["a", "b", "c"]),
        ("a and b", ",", ["a", "b"]),
        ("[1, 2]", "[]", ["1", "2"]),
        ("(1, (2, 3))", "()", ["1", "(2, 3)"]),
        ("(1) and (2)", ",", ["(1)", "(2)"]),
        ("['a', 1]", "[]", ["a", "1"]),
        ("('a', 'b')", "()", ["a", "b"]),
        ("{'a': 1}", "{}", ["'a': 1"]),
        ("{'a'}", "{}", ["a"]),
        ("['a', oops]", "[]", ["'a'", "oops"]),
        ("1. a\n2. b", "[]", ["a", "b"]),
        ("a\nb", ",", ["a", "b"]),
        ("1,000", ",", ["1,000"]),
        ("[1", ",", ["[1"]),
        ("[[1]", ",", ["[[1]"]),
    ],
)
def test_lists_are_split_outside_of_brackets(text: str, frame: str, parts: list[str]):
    """Brackets, bullets, semicolons, lines and commas separate; thousands do not."""
    assert split_list(text) == (frame, parts)


@pytest.mark.parametrize(
    ("text", "kind"),
    [("", "text"), ("x" * 3000, "text"), (", ".join("abc" * 100), "list"), ("...", "list")],
)
def test_what_is_too_long_or_empty_is_no_answer(text: str, kind: str):
    """Answers are short; a list of hundreds, or of nothing, is none."""
    assert canonical(text, AnswerForm(kind)) is None


@pytest.mark.parametrize("text", ["10-15", "3 - 1", "3:2", "10 to 15", "2 cats 5 m", "five or six"])
def test_a_range_or_a_score_is_no_number(text: str):
    """Two numbers are neither one of them nor their difference."""
    assert canonical(text, AnswerForm("number")) is None


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("3:30 pm", "15:30"),
        ("12 a.m.", "00:00"),
        ("15.05", "15:05"),
        ("09:15", "09:15"),
        ("3:30", None),
        ("14", None),
        ("14:30 pm", None),
        ("25:10", None),
        ("noon", None),
    ],
)
def test_times_of_day_are_read_where_the_half_is_known(text: str, time: str | None):
    """Half past three may be in the morning or in the afternoon."""
    assert read_time(text) == time


@pytest.mark.parametrize(
    ("text", "asked", "answer"),
    [
        ("The sky is blue.", "What color is the sky?", "blue"),
        ("The color is blue", "What color is the sky?", "blue"),
        ("London hosted the games", "Which city hosted the games?", "London"),
        ("Vitamin D", "Which vitamin is it?", "D"),
        ("The capital is Paris, not Lyon.", "What is the capital?", None),
        ("The capital is probably Paris.", "What is the capital?", None),
        ("A is the father of B", "What is the relation of A to B?", None),
        ("The ball is heavier", "Which is heavier, the ball or the cube?", None),
        ("The largest city is Sydney", "What is the capital of Australia?", None),
        ("hosted the games", "Which city hosted the games?", None),
        ("Paris", "", None),
        ("It is red", "Why?", None),
    ],
)
def test_the_words_of_the_question_are_taken_off(text: str, asked: str, answer: str | None):
    """An answer in a whole sentence is the one that it puts into the question's words."""
    assert without_question(text, asked) == (answer or text)


@pytest.mark.parametrize(
    ("text", "asked", "side"),
    [
        ("not valid", "Is the argument valid?", "no"),
        ("The argument is valid.", "Is the argument valid?", "yes"),
        ("It is invalid", "Is the argument valid?", "no"),
        ("It is not invalid", "Is the argument valid?", None),
        ("They cannot fly", "Can penguins fly?", "no"),
        ("It might be valid", "Is the argument valid?", None),
        ("valid", "Is it not valid?", None),
        ("the argument", "Is the argument valid?", None),
        ("it is", "Is the argument valid?", None),
        ("n", "", "no"),
        ("x", "Is the argument valid?", None),
    ],
)
def test_the_end_of_a_yes_no_question_answers_it(text: str, asked: str, side: str | None):
    """What was asked, said again or denied once, is yes or no; what doubts it is neither."""
    assert side_taken(text, asked) == side
