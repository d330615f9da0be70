"""Figures and names of one text against another, however they are written."""

from __future__ import annotations

import pytest

from llm_reasonkit.reasoning.checks.backing import follows, holds_all_words_of, lacking, speaks_of
from llm_reasonkit.reasoning.checks.figures import figures_asserted, figures_given
from llm_reasonkit.reasoning.checks.names import Usage, names_in, names_lacking
from llm_reasonkit.reasoning.checks.passages import Document

HELD = [
    ("It is 330 metres tall", "today it is 330 m tall"),
    ("1,000 people", "1000 people"),
    ("a thousand people", "1.000 Menschen"),
    ("two hundred and fifty", "250 were there"),
    ("1 000 km", "1000 kilometres"),
    ("1'500 francs", "1500 CHF"),
    ("1.234.567 people", "1,234,567 people"),
    ("The fee is 1.500 litres", "it was 1.5 litres"),
    ("Die Menge ist 1,500 Liter", "es waren 1.5 Liter"),
    ("1,234.5 litres", "1.234,5 litres"),
    ("On 14 July 1889", "July 14th, 1889"),
    ("in March 1889", "completed on 31 March 1889"),
    ("in 1889", "on 1889-03-31"),
    ("in March 1889", "in 1889-03"),
    ("on 12 March 2024", "am 12. März 2024"),
    ("on 12 March 2024", "le 12 mars 2024"),
    ("on 12 March 2024", "12/03/2024"),
    ("on 14 July 1889", "on July 14, in the year 1889"),
    ("in May", "in May 2024"),
    ("Am 1.3. war es", "am 1. März"),
    ("1st of May", "May 1"),
    ("more than 300 metres", "330 metres"),
    ("at most 50", "48 of them"),
    ("about 330", "it is 324"),
    ("nearly 12 percent", "11.8 %"),
    ("12.5%", "12,5 Prozent"),
    ("12 %", "douze pour cent"),
    ("zwölf Prozent", "12 %"),
    ("1.5 million people", "1,500,000 people"),
    ("3 thousand people", "3000 people"),
    ("$1.5m", "$1,500,000"),
    ("$3 billion", "$3bn"),
    ("2 Mio. Euro", "2.000.000 Euro"),
    ("5m people", "5 million people"),
    ("90 minutes", "1.5 hours"),
    ("nearly six kilometres", "at 5,834 metres"),
    ("50% of them", "half of them"),
    ("ein Viertel, also 25 %", "ein Viertel"),
    ("1990s", "in 1994"),
    ("nineteen eighty-four", "in 1984"),
    ("21st century", "the twenty-first century"),
    ("8 to 10%", "8–10% a year"),
    ("quatre-vingt-dix", "90 personnes"),
    ("minus five degrees", "-5 degrees"),
    ("-5 °C", "−5 °C"),
    ("0.5", "a value of .5"),
    ("3-day course", "a three-day course"),
    ("One of them left", "they left"),
    ("Hundreds of people came", "412 people came"),
    ("5 points", "5 points"),
    ("version 3D", "no figure at all"),
    ("9" * 500, "nobody can mean that"),
    ("five \ud800 cats", "5 cats"),
]
NOT_HELD = [
    ("It is 330 metres", "it is 324 metres"),
    ("1,000 people", "10,000 people"),
    ("March 1889", "March 1887"),
    ("in March", "in April 1889"),
    ("14 July 1889", "14 June 1889"),
    ("14 July 1889", "13 July 1889"),
    ("12/03/2024", "13/03/2024"),
    ("45/13/2024 is no date but 45", "nothing"),
    ("12%", "12 dollars"),
    ("330 feet", "330 metres"),
    ("12 °C", "12 °F"),
    ("12 km", "12 hours"),
    ("5 patients", "in May 2024"),
    ("2 patients", "half of them"),
    ("5 percentage points", "5 dollars"),
    ("$1,500", "€1,500"),
    ("more than 300 m", "290 m"),
    ("at most 5", "7"),
    ("about 300", "400"),
    ("more than 100,000 homes", "nearly 90,000 homes"),
    ("mehr als 100.000 waren es", "es waren 90.000"),
    ("two hundred", "three hundred"),
    ("5 percent", "5 percentage points"),
    ("1.5 million", "1.5 billion"),
    ("-5 °C", "5 °C"),
    ("zwölf Prozent", "13 %"),
    ("douze", "treize"),
    ("1990s", "in 2004"),
    ("1.5", "15"),
    ("19 patients", "in 2019"),
    ("102 counts", "10² counts"),
    ("nine of 12 may have left", "nine may have left"),
]


@pytest.mark.parametrize(("claim", "quote"), HELD)
def test_a_figure_is_found_however_it_is_written(claim: str, quote: str) -> None:
    """Separators, words, units, languages, ranges and dates do not hide a figure."""
    assert figures_asserted(claim).lacking_in(figures_given(quote)) == []


@pytest.mark.parametrize(("claim", "quote"), NOT_HELD)
def test_another_figure_is_another(claim: str, quote: str) -> None:
    """Neither a digit, a sign, a unit, a scale, a month nor a bound may differ."""
    assert figures_asserted(claim).lacking_in(figures_given(quote))


@pytest.mark.parametrize(
    ("claim", "quote", "calculation", "result"),
    [
        ("fell by 27%", "from 12.5% to 9.1%", "(12.5 - 9.1) / 12.5 * 100", True),
        ("fell by 27.2%", "from 12.5% to 9.1%", "(12.5 - 9.1) / 12.5 = 0.272", True),
        ("374 stayed", "412 came, 38 left", "412 - 38", True),
        ("paid $3.2 million", "a third of $9.6 million", "9.6 / 3", True),
        ("fell by 28%", "from 12.5% to 9.1%", "(12.5 - 9.1) / 12.5 * 100", False),
        ("374 stayed", "412 came, 38 left", "", False),
        ("374 stayed", "412 came, 38 left", "four hundred", False),
        ("374 stayed", "412 came, 38 left", "412 - 40 + 2", False),
        ("374 stayed", "412 came, 38 left", "412-38+412-412+38-38+412-412", False),
        ("1100 stayed", "412 came, 38 left", "1000 + 100", False),
        ("in May 2024", "in 2023", "2023 + 1", False),
        ("a ratio of 0.125 in all", "3 in the one, 24 in the other", "3 / 24", True),
        ("a ratio of 0.125 in all", "3 in the one, 6 in the other", "3 / 6", False),
        ("1,500 of them in all", "4 of 374.9 each", "4 * 374.9", True),
    ],
)
def test_a_number_may_follow_by_a_calculation(
    claim: str, quote: str, calculation: str, result: bool
) -> None:
    """It has to come out, from figures of the quote; a date follows from none."""
    given = figures_given(quote)
    (missing,) = figures_asserted(claim).lacking_in(given)
    assert follows(missing, given, calculation) is result


NAMES = {
    "Alice founded Acme in 1990.": ["Alice", "Acme"],
    "Bob founded Acme.": ["Bob", "Acme"],
    "Sales doubled.": [],
    "Revenue doubled.": [],
    "Investments doubled.": [],
    "The Eiffel Tower was finished in March.": ["Eiffel", "Tower"],
    "Die Stadt Paris wurde von Alexandre Dumas gegründet.": ["Paris", "Alexandre", "Dumas"],
    "Peter Roth leitet die Firma Krüger & Klein.": ["Peter", "Roth", "Krüger", "Klein"],
    "Der Umsatz stieg um 20 Prozent.": [],
    "La tour Eiffel est à Paris.": ["Eiffel", "Paris"],
    "Clairement, la tour est à Paris.": ["Paris"],
    "The team runs PostgreSQL 3.1.2 and GPT-4 on 10x less, with 3D.": ["PostgreSQL", "3.1.2",
                                                                     "GPT-4", "3D"],
    "SALES DOUBLED IN OSLO": [],
    "Yesterday Macron resigned on Monday.": ["Macron"],
    "Jean-Pierre Müller's dog": ["Jean-Pierre", "Müller"],
    "A1 is B. C left.": ["A1"],
}  # fmt: skip
USAGE = Usage.of(["The bridge opened. Then Alice left; investments paid off."])


@pytest.mark.parametrize(("text", "names"), NAMES.items())
def test_names_are_told_by_their_capitals(text: str, names: list[str]) -> None:
    """What a capital says depends on the place, the language and the texts around."""
    assert names_in(text, USAGE) == names


@pytest.mark.parametrize(
    ("claim", "quote", "around", "missing"),
    [
        ("The Eiffel Tower was finished.", "The tower was completed", "eiffel tower", []),
        ("The Eiffel Tower was finished.", "The tower was completed", "tower", ["Eiffel"]),
        ("The Eiffel Tower was built.", "It was built by Nouguier", "eiffel tower", []),
        ("The Eiffel Tower was built.", "Nouguier built the tower", "eiffel", ["Eiffel"]),
        ("The World Health Organization warned.", "The WHO warned", "", []),
        ("The WHO warned.", "The World Health Organization warned", "", []),
        ("Germany grew.", "The German economy grew", "", []),
        ("Müller & Söhne won.", "MULLER & SOHNE won", "", []),
        ("Dr. Marchand left.", "Marchand left", "", []),
        ("GPT-4 won.", "GPT-3 won", "gpt 3 won", ["GPT-4"]),
        ("Python 3.11.2 is out", "Python 3.2.11 is out", "", ["3.11.2"]),
        ("NASA launched it.", "ESA launched it.", "nasa esa", ["NASA"]),
    ],
)
def test_a_name_that_only_the_text_around_holds(
    claim: str, quote: str, around: str, missing: list[str]
) -> None:
    """It is allowed where the quote names nobody else; acronyms and other forms are the name."""
    assert names_lacking(claim, quote, frozenset(around.split()), USAGE) == missing


@pytest.mark.parametrize(
    ("claim", "quote", "result"),
    [
        ("The tower is made of iron.", "All of it is built from iron.", True),
        ("The tower is tall.", "All claims are verified.", False),
        ("It fell by 12 %.", "C'est 12 % de moins.", True),
        ("Die Preiserhöhung kommt.", "Der Preisanstieg blieb aus.", True),
        ("12 May", "on May 12th", True),
    ],
)
def test_a_quote_has_to_speak_of_the_same(claim: str, quote: str, result: bool) -> None:
    """One word, figure or beginning of a word in common is enough, none is not."""
    assert speaks_of(claim, quote) is result


@pytest.mark.parametrize(
    ("claim", "quote", "result"),
    [
        ("The tower is made of iron.", "The tower is made of iron, they say.", True),
        ("The tower is made of iron.", "The tower is made of wood.", False),
        ("The tower is made of iron.", "The tower is not made of iron.", False),
        ("The tower is made of iron.", "It is a myth that the tower is made of iron.", False),
        ("It is 330 m.", "It is 300 m.", False),
        ("In May the 2 towers fell.", "In June the 2 towers fell.", False),
    ],
)
def test_what_says_the_same_denies_nothing(claim: str, quote: str, result: bool) -> None:
    """A quote that holds all of a claim and no denial cannot refute it."""
    assert holds_all_words_of(claim, quote) is result


def test_what_is_lacking_is_listed_as_it_is_written() -> None:
    """Figures come first, then names."""
    document = Document("S1", "The bridge opened.", "https://example.org/oslo")
    claim = "The Oslo bridge of Anna Berg cost $3 million on 3 May 2020."
    assert lacking(claim, "The bridge opened.", document, USAGE) == [
        "$3 1000000",
        "3 May 2020",
        "Anna",
        "Berg",
    ]
