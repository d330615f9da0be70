"""Which answers are the same: labelled pairs, contradictory near-duplicates among them."""

from __future__ import annotations

import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_reasonkit.reasoning.answers import AnswerForm, canonical, form_of, sameness

FORMS = {
    "number": AnswerForm("number"),
    "text": AnswerForm("text"),
    "list": AnswerForm("list"),
    "ordered": AnswerForm("list", ordered=True),
    "yes-no": AnswerForm("yes-no"),
    "date": AnswerForm("date"),
    "us date": form_of("What is the date? Answer in MM/DD/YYYY.", "date"),
    "eu date": form_of("What is the date? Answer in DD/MM/YYYY.", "date"),
    "code": AnswerForm("code"),
    "percent": form_of("What percentage of the students passed?"),
    "share": form_of("What is the probability of heads?"),
    "dollars": form_of("How many dollars does she earn?"),
    "euros": form_of("How much is it in euros?", "number"),
    "minutes": form_of("How many minutes does it take?"),
    "km": form_of("How far is it in km?"),
    "cents": form_of("How many cents does it cost?"),
    "celsius": form_of("How warm is it, in degrees Celsius?", "number"),
    "wage": form_of("What is the wage in pounds?"),
    "rise": form_of("By what percent did the price increase?"),
    "ratio": form_of("What is the ratio of cats to dogs?"),
    "length": form_of("How long is the diagonal?"),
    "french": form_of("Combien de kilomètres reste-t-il ?"),
    "boxes": form_of("How many of the boxes does Tom need for 200 eggs?"),
    "year": form_of("In which year did the wall fall?"),
    "version": form_of("Which version of the library fixed it?"),
    "capital": form_of("What is the capital of Australia?"),
    "planet": form_of("Which planet is the largest in the solar system?"),
    "writer": form_of("Who wrote Pride and Prejudice?"),
    "river": form_of("Which river flows through Cairo?"),
    "material": form_of("What is heavier, the ball or the cube?"),
    "capitals": form_of("What are the capitals of France and Spain?"),
    "safe": form_of("Is the argument valid?"),
    "prime": form_of("Is 91 prime?"),
    "options": form_of("Which metal?", choices=["Copper (Cu)", "Iron", "45 km", "1/2", "None"]),
}

# A line: the form, and answers that are all the same.
SAME = """
number | 1,000 | 1000 | 1e3 | one thousand | 1 000 | 1000.0 | 10^3 | 1'000 | 1.000,0
number | 1/2 | 0.5 | .5 | one half | half | \\frac{1}{2} | $\\frac12$ | ½ | 0,5
number | 42 | 42.0 | forty-two | **42** | 42. | about 42 | \\boxed{42} | "42" | x = 42
number | -5 | −5 | minus five | negative 5 | (-5) | -5.00
number | 1500000 | 1.5 million | 1,500,000 | 1.5 x 10^6 | 1.5e6 | 1.5\\times10^{6}
number | 12 | 12 apples | a dozen | twelve | 12 (twelve) | 3 x 4 = 12
number | 5 km | 5000 m | 5 kilometers | 5,000 meters
number | 90 minutes | 1.5 hours | 1 hour 30 minutes | 5400 seconds
number | $18 | 18 dollars | 18 USD | \\$18 | $18.00 | US$18 | 1800 cents
number | 20°C | 68°F | 20 degrees Celsius
number | 3.14159 | 3.14 | \\pi
number | 2/3 | 0.667 | \\frac{2}{3}
number | 2/3 | 0.67
number | 1\\frac{1}{2} | 1.5 | 3/2 | 1 1/2 | 1½ | one and a half
number | \\frac{\\sqrt{3}}{2} | \\sqrt{3}/2 | 0.866 | sqrt(3)/2
number | 2\\pi | 6.28 | 2*pi
number | 3\\sqrt{2} | 3√2 | \\sqrt{18} | 4.243
number | 100 km/h | 100 kilometers per hour | 100 kph
number | 2 kg | 2000 g | 2000 grams
number | 1234.56 | 1,234.56 | 1.234,56 | $1,234.56
number | 45° | 45 degrees | 45^\\circ
number | 105 | a hundred and five | one hundred five
number | 2,300,000 | two million three hundred thousand
number | 12 people | 12
number | 34 | trente-quatre | vierunddreißig | treinta y cuatro
number | 5 square feet | 5 sq ft | 5 ft^2
number | 25% | 25 percent | 25 per cent | 25 %
number | 1,23,456 | 123456
number | ১২৩ | 123 | १२३ | １２３
number | 2^10 | 1024
number | 7k | 7000 | 7 thousand
number | 3.0 | 3 | 3.00
number | 0.125 | 1/8 | 0,125
number | 72 hours | 3 days
number | 8 oz | 0.5 lb | 0.5 pounds
percent | 50 | 50% | 0.5 | 1/2 | fifty percent
percent | 12.5 | 12.5% | 12.5 percent | 1/8
share | 0.5 | 50% | 1/2 | one half
share | 3/4 | 75 % | 0.75
dollars | 42 | $42 | 42 dollars | forty-two dollars
euros | 42 | €42 | 42 euros | 42 EUR
minutes | 90 | 90 minutes | 1.5 hours | 90 min
km | 5 | 5 km | 5000 m
text | Paris | It is Paris. | paris. | **Paris** | "Paris" | PARIS
text | The Eiffel Tower | Eiffel Tower | eiffel tower | the Eiffel tower.
text | São Paulo | Sao Paulo | são paulo
text | x = 5 | 5 | $x=5$ | 5.0 | five
text | 2x + 1 | 1 + 2x | 2x+1 | $2x + 1$
text | (x+1)^2 | x^2 + 2x + 1 | (1+x)^2 | x^{2}+2x+1
text | \\frac{1}{\\sqrt{2}} | \\frac{\\sqrt{2}}{2} | \\sqrt{2}/2
text | (3, 4) | (3,4) | ( 3 , 4 ) | \\left(3, 4\\right)
text | 6 - 5i | -5i + 6 | 6-5i
text | p - q | -q + p | $p-q$
text | 3/7 | \\dfrac{3}{7} | \\frac37
text | July 20, 1969 | 20 July 1969 | 1969-07-20 | 20. Juli 1969 | 20 juillet 1969 | 1969年7月20日
text | True | yes | true | Yes. | correct
text | False | no | No | incorrect
text | 1,024 | 1024 | 2^{10}
text | New-York | New York | new york
text | café | cafe | Café
text | \\text{Evelyn} | Evelyn | \\mathrm{evelyn}
text | y = 2x + 3 | y=3+2x
text | an apple | apple | Apple
text | e^{2x} | e^(2x) | \\exp(2x)
text | 2\\sin x | 2 sin(x) | 2\\sin(x)
text | \\{1, 2\\} | {2, 1} | \\{2,1\\}
text | 10, 20 | 20, 10
text | \\ln(2) | ln 2
text | 14\\frac{1}{2} | 14.5 | 29/2
text | 4x(y+1) | 4xy + 4x
list | red, green and blue | blue; red; green | Blue, Green, Red | - red\\n- blue\\n- green
list | {1, 2, 3} | {3, 2, 1} | 1, 2, 3 | {1, 1, 2, 3}
list | ['a', 'b'] | ["a", "b"] | [ 'a' , 'b' ]
list | [1, 2] | (1, 2) | [1.0, 2.0]
list | Paris; Rome | rome, paris | Rome and Paris
list | 1,000; 2,000 | 2000, 1000
ordered | red, green, blue | red; green; blue | 1. red\\n2. green\\n3. blue
yes-no | yes | Yes. | TRUE | **Yes** | ja | oui | sí | はい | 是 | да
yes-no | no | No! | false | nein | non | нет | いいえ | nope
date | 2024-04-03 | April 3, 2024 | 3 April 2024 | 3rd April 2024 | 3. April 2024 | 3 avril 2024
date | March 2024 | 2024-03 | 2024/03
date | 2024-03-05 15:30 | March 5, 2024 3:30 pm | 2024-03-05T15:30
us date | 04/03/2024 | April 3, 2024 | 2024-04-03
eu date | 04/03/2024 | 4 March 2024 | 2024-03-04
date | 25/12/2024 | December 25, 2024 | 12/25/2024
date | July 4 | 4th of July
date | May 3, 1998 | May 3, 1998 (a Sunday)
boxes | 20 | 20 boxes | 20 big boxes | 20 in total
list | 2, 3 | The primes are 2 and 3.
code | x = 1 | x=1 | ```python\\nx = 1\\n``` | x = (1)
code | SELECT 1; | ```sql\\nSELECT 1;\\n```
celsius | 25 | 25°C | 25 degrees | 25 degrees Celsius | 25 C | 77 F
wage | £312.50 | 312.5 | 312.50 pounds | GBP 312.50
rise | 25% | 25 | a 25% increase | +25% | 25 percent
ratio | 3:2 | 3 to 2 | 3/2 | 6:4 | 1.5
share | 1/36 | 1 in 36 | 1 out of 36
length | 10\\sqrt{3} | 10√3 | 10\\sqrt{3} \\text{ units} | 10·sqrt(3)
length | 10\\sqrt{3} \\text{ m} | 10√3 meters
length | 2.5 hours | 2h 30m | 2h30
number | 2.5M | 2500000 | 2.5 million
number | 9\\pi | 9π | 9\\pi \\text{ square units}
number | \\infty | ∞ | +\\infty | infinity
french | 42 | 42 km | 42 kilomètres | quarante-deux
year | 1989 | in 1989 | the year 1989 | 1989 AD
text | 1970s | the 1970s
text | 3:30 PM | 15:30 | 3:30 p.m.
text | x² + 1 | x^2 + 1 | 1 + x^{2}
text | (1, 2] | (1,2] | \\left(1, 2\\right] | x \\in (1,2]
text | (-\\infty, 2) \\cup (3, \\infty) | (-∞,2)∪(3,∞)
text | \\begin{pmatrix} 1 & 2 \\\\ 3 & 4 \\end{pmatrix} | \\begin{bmatrix}1&2\\\\3&4\\end{bmatrix}
text | f'(x) = 3x^2 | 3x^2
text | Dr. Smith | Dr Smith
text | 5\\cdot\\sqrt{2} | 5√2
version | 3.10 | 3.10.
capital | Canberra | The capital is Canberra. | The capital of Australia is Canberra
capital | Canberra | It is Canberra | Canberra is the capital of Australia.
planet | Jupiter | the planet Jupiter | The largest planet is Jupiter. | The planet is Jupiter.
writer | Jane Austen | Jane Austen wrote Pride and Prejudice.
river | the Nile | Nile | the river Nile | River Nile
safe | yes | valid | It is valid. | The argument is valid | Y
safe | no | not valid | invalid | It isn't valid. | The argument is not valid | F
prime | no | 91 is not prime | It is not prime.
list | 2, 3, 5 and 7 | 2, 3, 5, 7 | 2; 3; 5; 7
list | x = 1 or x = 3 | x = 1, 3 | 3 and 1
ordered | 4, 7, 9 | 4 < 7 < 9 | 4 7 9
ordered | Venus → Earth → Mars | Venus > Earth > Mars | 1. Venus\\n2. Earth\\n3. Mars
ordered | fig kiwi pear | fig, kiwi, pear
date | 31 BC | 31 B.C. | 31 BCE
date | 2024-06-05T00:00 | June 5, 2024
options | A | (A) | A. | **A** | copper (cu) | A) Copper (Cu) | option A | Copper (Cu)
options | B | Iron | iron | B. Iron | (B) Iron
options | C | 45 km | 45000 m | 45 kilometers
options | D | 0.5 | \\frac{1}{2} | 1/2 | D. 1/2
"""

# A line: the form, and answers of which no two are the same.
DIFFERENT = """
number | 12 | 17 | 21 | 120 | 1.2
number | 3.5 | 35 | 3 | 0.35 | 3.6
number | 5 | -5 | 0.5 | 50
number | 1,000 | 1,001 | 100 | 10,000 | 1.0001
number | 42 dollars | 42 euros | 42 km | 42 kg | 42%
number | 5 km | 5 m | 5 miles | 5 kg
number | 12.5 | 12.46 | 12.54
number | 0.33 | 0.34 | 0.3 | 1/4
number | 20°C | 20°F | 20 kelvin
number | 3 apples | 3 oranges
number | 1/2 | 1/3 | 2 | 1/20
number | 1e3 | 1e4 | 1e-3
number | 25 | 25 million | 25 thousand
number | 123456789012 | 123456789013
number | 2^10 | 2^11 | 210
number | 1 hour | 1 minute | 1 day
number | 99.9 | 99.99 | 100
number | \\sqrt{2} | \\sqrt{3} | 2
number | 10% | 10 percentage points
number | 33 | 33.33 | 33.4
number | one hundred | one thousand | one
number | $1.50 | $1.55 | $15 | 15 cents
number | 2.5 hours | 2 hours 5 minutes | 25 hours
number | 7 years | 7 months
percent | 50 | 5 | 500%
share | 0.5 | 0.05 | 50
dollars | 42 | 43 | 42 euros | 42 yen
euros | 42 | 42 dollars | £42
minutes | 90 | 90 hours | 9
text | increase | decrease
text | It increases | It decreases
text | It is Paris | It is not Paris
text | Paris | It is probably Paris
text | Dr. Smith | Dr. Jones
text | increase the dose | decrease the dose
text | Sydney | Canberra | Melbourne
text | C++ | C | C#
text | nk | kn
text | 2x + 1 | 2x - 1 | 2y + 1 | x + 2
text | (3, 4) | (4, 3) | (3, 5) | (3, 4, 5)
text | x^2 | x^3 | 2x
text | x = 5 | y = 5
text | k = n = 1 | 1
text | the drug is safe | the drug is not safe
text | before the meal | after the meal
text | 1969-07-20 | 1969-07-21 | 1979-07-20
text | Apollo 11 | Apollo 12 | Apollo 13
text | buy | sell
text | yes | no
text | [1, 2] | [2, 1]
text | [0, 1) | [0, 1]
text | cat | act
text | 15 and 1 | 5 and 3
text | 12 Angry Men | 12
text | King Henry IV | King Henry V
text | \\frac{1}{2} | \\frac{1}{3} | \\frac{2}{1}
text | a^b | b^a
text | 6 - 5i | 6 + 5i | 5 - 6i
text | always | never
text | 3:2 | 2:3
text | -3 | 3
text | left | right
text | e^x | e^{-x} | x^e
text | 10 am | 10 pm
list | red, green | red, blue | red | red, green, blue
list | [1, 2] | [2, 1] | [1, 3]
list | {1, 2} | {1, 2, 3} | {1, 3}
list | Paris, Rome | Paris, London
ordered | red, green | green, red
ordered | first; second; third | first; third; second
yes-no | yes | no
date | 2024-04-03 | 2024-03-04 | 2023-04-03
date | 03/04/2024 | April 3, 2024
date | March 2024 | April 2024 | March 2023
date | 1 May 2020 | 1 May 2021
us date | 04/03/2024 | 03/04/2024
code | x = 1 | x = 2 | y = 1
code | a - b | b - a
code | SELECT 1; | SELECT 2;
cents | 35 | 3.5 | 53 | 35 dollars
celsius | 25 | 25°F | 25 K | -25
wage | £312.50 | $312.50 | £3125
rise | 25% | 25% decrease | 125%
ratio | 3:2 | 2:3 | 3:4
number | 5 apples | 5 km | $5
number | 2.5M | 2.5 m | 2.5 billion
number | \\infty | -\\infty | 0
number | infinity | -infinity | 8
number | 100 C | 100 F | 100 K
french | 42 | 42 miles | 4,2
text | [0, 1) | (0, 1] | (0, 1) | [0, 1]
text | [1, 2] | {1, 2} | (1, 2)
text | `['x', 'y']` | ['y', 'x'] | ('x', 'y')
text | 1970s | 1980s | 1970
text | a b | ab
text | 3:30 PM | 3:30 AM | 15:31
text | \\begin{pmatrix} 1 \\\\ 2 \\end{pmatrix} | \\begin{pmatrix} 2 \\\\ 1 \\end{pmatrix}
text | (-∞,2)∪(3,∞) | (-∞,2)∪(4,∞) | (-∞,2]∪(3,∞)
version | 3.10 | 3.1 | 3.11 | 310
capital | Canberra | Sydney is the capital. | The capital is not Canberra.
material | the ball | The ball is made of iron | The cube is made of iron
capitals | The capital of France is Paris | The capital of Spain is Paris
list | tea, coffee, and bread and butter | tea, coffee, bread, butter
list | 4, 9 | 49 | 4.9
date | 31 BC | 31 AD | 13 BC
date | 2024-06-05T00:00 | 2024-06-05T10:00
options | A | B | C | D | E
"""


def pairs(table: str) -> list[tuple[str, str, str]]:
    """Return each two answers that stand on one line of a table, with their form."""
    found = []
    for line in table.strip().splitlines():
        name, *answers = (part.strip().replace("\\n", "\n") for part in line.split(" | "))
        found += [(name, a, b) for n, a in enumerate(answers) for b in answers[n + 1 :]]
    return found


def compared(name: str, one: str, other: str) -> str:
    """Compare two answers both ways; an answer that is none of its kind fails the test."""
    form = FORMS[name]
    left, right = canonical(one, form), canonical(other, form)
    assert left is not None, one
    assert right is not None, other
    assert sameness(left, right, form) == sameness(right, left, form)
    return sameness(left, right, form)


def test_there_are_enough_pairs():
    """The tables hold at least three hundred labelled pairs of each label's kind together."""
    assert len(pairs(SAME)) >= 300
    assert len(pairs(DIFFERENT)) >= 150


@pytest.mark.parametrize(("name", "one", "other"), pairs(SAME))
def test_the_same_answer_is_recognised(name: str, one: str, other: str):
    """Different ways of writing one answer are the same, whichever comes first."""
    assert compared(name, one, other) == "same"


@pytest.mark.parametrize(("name", "one", "other"), pairs(DIFFERENT))
def test_different_answers_are_kept_apart(name: str, one: str, other: str):
    """Answers that differ in a number, unit, sign, order or direction are never the same."""
    assert compared(name, one, other) != "same"


@pytest.mark.parametrize(
    ("name", "one", "other"),
    [
        ("number", "12", "17"),
        ("number", "42 dollars", "42 euros"),
        ("text", "increase the dose", "decrease the dose"),
        ("text", "the drug is safe", "the drug is not safe"),
        ("text", "it takes 12 days", "it takes 17 days"),
        ("text", "Yes, it does", "No, it does not"),
        ("text", "2x", "3x"),
        ("yes-no", "yes", "no"),
        ("options", "A", "B"),
        ("date", "2024-04-03", "2024-03-04"),
        ("list", "1, 2", "1, 3"),
        ("text", "x = 5", "y = 5"),
        ("number", "20°C", "20 kg"),
        ("number", "5%", "50"),
        ("number", "5 dollars less", "5 dollars more"),
    ],
)
def test_a_contradiction_is_beyond_doubt(name: str, one: str, other: str):
    """Where a number, unit or polarity differs, no model is asked whether it means the same."""
    assert compared(name, one, other) == "different"


@pytest.mark.parametrize(
    ("name", "one", "other"),
    [
        ("text", "the United Kingdom", "Great Britain"),
        ("text", "Paris", "Paris, France"),
        ("text", "Paris", "12"),
        ("number", "3 guests", "3 people"),
        ("boxes", "20 rolls", "20"),
        ("boxes", "20 km", "20"),
        ("number", "50%", "0.5"),
        ("number", "50%", "50"),
        ("date", "03/04/2024", "April 3, 2024"),
        ("date", "2024", "April 3, 2024"),
        ("list", "the UK, France", "Great Britain, France"),
        ("list", "[the UK, France]", "[Great Britain, France]"),
        ("code", "x = 1", "x = 1 + 0"),
    ],
)
def test_what_words_alone_do_not_settle_is_left_open(name: str, one: str, other: str):
    """Other words, an open unit or a date given in part are neither the same nor different."""
    assert compared(name, one, other) == "unsure"


@given(st.integers(-(10**12), 10**12), st.integers(-(10**12), 10**12))
def test_whole_numbers_are_the_same_just_when_they_are_equal(one: int, other: int):
    """No two whole numbers are ever taken for one, with or without separators."""
    form = FORMS["number"]
    left, right = canonical(f"{one:,}", form), canonical(str(other), form)
    assert left is not None
    assert right is not None
    assert (sameness(left, right, form) == "same") == (one == other)


@pytest.mark.parametrize(("one", "other"), [("50%, 3", "50, 4"), ("50%, 7", "50, 4")])
def test_one_contradiction_keeps_two_lists_apart(one: str, other: str):
    """It does so wherever it stands, and whichever list comes first."""
    assert compared("list", one, other) == compared("list", other, one) == "different"


@pytest.mark.parametrize("name", ["text", "code"])
def test_what_python_would_warn_of_is_text(name: str):
    """`5or 3` makes Python's parser warn; nobody is to see that."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        canonical("5or 3", FORMS[name])
    assert not caught


@given(st.text(max_size=80), st.sampled_from(sorted(FORMS)))
def test_any_text_is_the_same_as_itself(text: str, name: str):
    """Whatever a model writes is read without failing, and equals itself if it is an answer."""
    answer = canonical(text, FORMS[name])
    assert answer is None or sameness(answer, answer, FORMS[name]) == "same"
