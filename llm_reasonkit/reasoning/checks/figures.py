"""The figures of a text, its numbers and dates, and which of them another text does not hold.

They are compared by what they mean: 1,000 is a thousand, 12 March is 2024-03-12, 90 minutes are an
hour and a half. Where a way of writing is open (1.500, 3/4/2024), each reading counts.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from llm_reasonkit.reasoning.checks.figure_words import FRACTIONS, MONTHS, UNITS
from llm_reasonkit.reasoning.checks.folding import fold, words
from llm_reasonkit.reasoning.checks.languages import language_of
from llm_reasonkit.reasoning.checks.wordlists import FUNCTION_WORDS
from llm_reasonkit.reasoning.units import unit_of

Bound = Literal["", "above", "below", "about"]
# A year, a month and a day of the month; what is not said is None.
Day = tuple[int | None, int | None, int | None]

_READ_CHARACTERS = 20_000
_MOST_DIGITS = 400
# What "about" and its like allow.
_ABOUT = Fraction(1, 20)

_PHRASES = [
    (re.compile(pattern, re.IGNORECASE), to)
    for pattern, to in (
        (r"(?<=[^\W\d_])-(?=[^\W\d_])", " "),
        (
            r"\s?(?:(?:\bpercent(?:age)?|%) points?|\bprozentpunkten?|\bpoints? de pourcentage)\b",
            " pp",
        ),
        (r"\s?\b(?:per ?cent|pct|prozent|pour ?cent|por ?ciento|por ?cento|procent)\b", " %"),
        (r"\s?(?:(?:degrees?|grad|degr[eé]s?) (?:celsius|c)|°\s?c)\b", " celsius"),
        (r"\s?(?:(?:degrees?|grad|degr[eé]s?) (?:fahrenheit|f)|°\s?f)\b", " fahrenheit"),
        (r"\b(?:us|u\.s\.) ?(?=\$|dollars?\b)", ""),
        # Hundreds of people are no hundred people.
        (
            r"\b(?:dozens|hundreds|thousands|millions|hunderte|tausende|centaines|milliers)\b",
            "many",
        ),
    )
]
_MINUS = re.compile(r"\b(?:minus|moins|negative|meno|menos)\s(?=\d)", re.IGNORECASE)
_MONEY = {"$": "dollar", "€": "euro", "£": "pound_sterling", "¥": "yen"}
_SCALES = {"k": 3, "m": 6, "mn": 6, "mio": 6, "mln": 6, "bn": 9, "mrd": 9, "mia": 9}
_NUMBER = re.compile(
    r"(?<![\w.,])(?<![A-Z]-)(?P<sign>(?<![\w)%])-(?=[$€£¥]?[\d.]))?(?P<money>[$€£¥])?\s?"
    r"(?P<digits>\d{1,3}(?:[ '.,]\d{3})+(?!\d)(?:[.,]\d+)?|\d+(?:[.,]\d+)?|\.\d+)(?![.,]?\d)"
    r"(?:\s(?P<zeros>1(?:000){1,4})(?!\d)|(?P<scale>k|m)(?![^\W_])|\s?(?P<scale_word>"
    r"(?i:mn|mio|mln|bn|mrd|mia))\b\.?)?"
    r"(?:(?P<decade>s)|st|nd|rd|th|er|eme|e)?(?P<unit>\s?-?(?:%|°|[$€£¥]|[^\W\d_]+))?"
)

_BOUNDS: dict[Bound, str] = {
    "above": r"more than|over|above|at least|exceed(?:s|ed|ing)?|upwards of|no (?:fewer|less) than"
    r"|mehr als|uber|mindestens|plus d[e']|au moins|mas de|al menos|piu di|almeno|meer dan|>=?|≥",
    "below": r"less than|fewer than|under|below|at most|up to|no more than|weniger als|unter"
    r"|hochstens|bis zu|moins d[e']|au plus|menos de|meno di|minder dan|<=?|≤",
    "about": r"about|around|roughly|approximately|approx\.?|nearly|almost|some|circa|ca\.?|~|≈"
    r"|rund|etwa|ungefahr|fast|knapp|environ|pres de|presque|casi|unos|quasi|bijna|ongeveer",
}
_BEFORE = re.compile(
    "|".join(rf"(?P<{bound}>(?<!\w)(?:{listed})\s?$)" for bound, listed in _BOUNDS.items()),
    re.IGNORECASE,
)

_MONTH = f"(?P<month>{'|'.join(sorted(MONTHS, key=len, reverse=True))})"
_DAY = r"(?<![\w.,])(?P<day>\d{1,2})"
_OF = "(?:of |de |del |di )?"
_YEAR = r"(?P<year>\d{4})(?!\d)"
_DATES = [
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"{_DAY}(?:st|nd|rd|th|er|\.)?\s?{_OF}{_MONTH}\b\.?(?:,?\s{_OF}{_YEAR})?",
        rf"\b{_MONTH}\b\.?\s(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?![\w:]|[.,]\d|\s?%)(?:,?\s{_YEAR})?",
        rf"\b{_MONTH}\b\.?,?\s{_OF}{_YEAR}",
        rf"(?<=\w )\b{_MONTH}\b",
    )
]
_ISO = re.compile(r"(?<![\w-])(\d{4})-(\d{1,2})(?:-(\d{1,2}))?(?![\w-])")
_SLASHED = re.compile(r"(?<![\d./-])(\d{1,2})([./-])(\d{1,2})\2(\d{4})(?!\d|[./-]\d)")
_SHORT = re.compile(r"(?<![\d.,])(\d{1,2})\.(\d{1,2})\.(?!\d)")
# Words that are months for sure only with a capital or a year.
_WORDS_TOO = frozenset(("may", "march", "mar", "mai", "mars", "dec", "mayo"))


@dataclass(frozen=True, slots=True)
class Number:
    """A number as it stands in a text: what it may mean, and its unit if it has one.

    step: the weight of its last digit.
    """

    text: str
    values: frozenset[Fraction]
    unit: str = ""
    bound: Bound = ""
    is_decade: bool = False
    step: Fraction = Fraction(1)

    def is_held_by(self, other: Number) -> bool:
        """Tell whether a text with `other` in it holds this number."""
        mine, theirs = self.values, other.values
        if self.unit and other.unit and self.unit != other.unit:
            one, another = unit_of(self.unit)[0], unit_of(other.unit)[0]
            if one is None or another is None or one.base != another.base:
                return False
            mine = frozenset(map(one.in_base, mine))
            theirs = frozenset(map(another.in_base, theirs))
        if mine & theirs:
            return True
        if self.bound and bool(self.unit) == bool(other.unit):
            return any(_within(v, self.bound, o) for v in mine for o in theirs)
        return self.is_decade and any(0 <= o - v < 10 for v in mine for o in theirs)


@dataclass(frozen=True, slots=True)
class Date:
    """A date as it stands in a text, and the days it may mean."""

    text: str
    days: frozenset[Day]

    def is_held_by(self, other: Figures) -> bool:
        """Tell whether a text with these figures holds this date."""
        years = {value for number in other.numbers for value in number.values}
        return any(
            month == m and day in (None, d) and (year in (None, y) or (y is None and year in years))
            for year, month, day in self.days
            for date in other.dates
            for y, m, d in date.days
        )


@dataclass(frozen=True, slots=True)
class Figures:
    """The numbers and dates of a text. parts: 3 for a third."""

    numbers: tuple[Number, ...] = ()
    dates: tuple[Date, ...] = ()
    parts: tuple[int, ...] = ()

    def lacking_in(self, other: Figures) -> list[Number | Date]:
        """Return the figures that a text with the others does not hold."""
        numbers = [n for n in self.numbers if not any(map(n.is_held_by, other.numbers))]
        return [*numbers, *(date for date in self.dates if not date.is_held_by(other))]


def figures_asserted(text: str) -> Figures:
    """Read the figures that a text asserts: what another text has to hold to bear it out."""
    written, language = _in_digits(text, ones=False)
    dates, rest = _dates_and_rest(written, language)
    return Figures(tuple(_numbers_in(rest, language)), tuple(dates))


def figures_given(text: str) -> Figures:
    """Read all that may be a figure in a text: also `one`, `half` and the parts of dates."""
    written, language = _in_digits(text, ones=True)
    dates, rest = _dates_and_rest(written, language)
    # A year and a day are numbers, too; that May is the fifth month says nothing of five.
    given = {
        Fraction(p) for date in dates for y, _, d in date.days for p in (y, d) if p is not None
    }
    parts = tuple(FRACTIONS[word] for word in words(rest) if word in FRACTIONS)
    given.update(value for n in parts for value in (Fraction(1, n), Fraction(100, n)))
    numbers = [*_numbers_in(rest, None), *(Number(str(n), frozenset({n})) for n in given)]
    return Figures(tuple(numbers), tuple(dates), parts)


def _in_digits(text: str, *, ones: bool) -> tuple[str, str | None]:
    """Fold a text, without accents, and write its number words in digits; tell its language."""
    folded = fold(text[:_READ_CHARACTERS]).encode(errors="replace").decode()
    language = language_of(words(folded))
    for pattern, to in _PHRASES:
        folded = pattern.sub(to, folded)
    composed = unicodedata.normalize("NFC", folded)
    spelt = _spelt_in_digits(composed, language, above=0.0 if ones else 1.5)
    bare = "".join(c for c in unicodedata.normalize("NFD", spelt) if not unicodedata.combining(c))
    if spelt != composed:
        # nineteen ninety comes out as two numbers
        bare = re.sub(r"\b(1[5-9]|20) (\d\d)\b(?![.,]?\d)", r"\1\2", bare)
    return _MINUS.sub("-", bare), language


def _spelt_in_digits(text: str, language: str | None, above: float) -> str:
    from text_to_num import alpha2digit

    for code in [language] if language else FUNCTION_WORDS:
        spelt: str = alpha2digit(text, code, above)
        if spelt != text:
            return spelt
    return text


def _dates_and_rest(text: str, language: str | None) -> tuple[list[Date], str]:
    found: list[Date] = []

    def take(match: re.Match[str], days: set[Day]) -> str:
        valid = {day for day in days if 1 <= (day[1] or 0) <= 12 and 1 <= (day[2] or 1) <= 31}
        if not valid:
            return match.group()
        found.append(Date(match.group().strip(), frozenset(valid)))
        return ";"

    def iso(match: re.Match[str]) -> str:
        year, month, day = match.groups()
        return take(match, {(int(year), int(month), int(day) if day else None)})

    def slashed(match: re.Match[str]) -> str:
        first, _, second, year = match.groups()
        days: set[Day] = {
            (int(year), int(first), int(second)),
            (int(year), int(second), int(first)),
        }
        return take(match, days)

    def short(match: re.Match[str]) -> str:
        return take(match, {(None, int(match[2]), int(match[1]))})

    def named(match: re.Match[str]) -> str:
        name, parts = match["month"], match.groupdict()
        unsure = name.lower() in _WORDS_TOO or parts.get("day") is None
        if unsure and parts.get("year") is None and not name[0].isupper():
            return match.group()
        year, day = (int(part) if (part := parts.get(key)) else None for key in ("year", "day"))
        return take(match, {(year, MONTHS[name.lower()], day)})

    text = _SLASHED.sub(slashed, _ISO.sub(iso, text))
    if language == "de":
        text = _SHORT.sub(short, text)
    for pattern in _DATES:
        text = pattern.sub(named, text)
    return found, text


def _numbers_in(text: str, language: str | None) -> Iterator[Number]:
    for match in _NUMBER.finditer(text):
        unit = (match["unit"] or "").strip(" -").lower()
        if match["unit"] and match["unit"][0].isalpha() and unit not in UNITS:
            continue  # 3D is a name
        if len(match["digits"]) > _MOST_DIGITS:
            continue
        counted = UNITS.get(unit, _MONEY.get(unit, ""))
        values = set(_readings(match["digits"], language))
        scale, money = (
            (match["scale"] or match["scale_word"] or "").lower(),
            _MONEY.get(match["money"] or ""),
        )
        step = _last_place(match["digits"], values)
        if match["zeros"] and max(values) < 1000:
            values = {value * int(match["zeros"]) for value in values}
            step *= int(match["zeros"])
        elif scale:
            scaled = {value * 10 ** _SCALES[scale] for value in values}
            # 5m are five metres or five million
            values = values | scaled if scale == "m" and not money else scaled
            step *= 10 ** _SCALES[scale]
        if match["sign"]:
            values = {-value for value in values}
        before = _BEFORE.search(text[max(0, match.start() - 20) : match.start()])
        yield Number(
            text=text[
                match.start() : match.end() if counted or not unit else match.start("unit")
            ].strip(" -"),
            values=frozenset(values),
            unit=money or counted,
            bound=before.lastgroup if before else "",  # type: ignore[arg-type]
            is_decade=bool(match["decade"]),
            step=step,
        )


def _readings(digits: str, language: str | None) -> Iterator[Fraction]:
    """Yield what digits with separators may mean, in a language or in any."""
    bare = digits.replace(" ", "").replace("'", "")
    marks = [c for c in bare if c in ".,"]
    if len(set(marks)) == 2:
        whole, _, part = bare.rpartition(marks[-1])
        yield Fraction(f"{re.sub('[.,]', '', whole)}.{part}")
        return
    if len(marks) == 1 and re.fullmatch(r"[1-9]\d{0,2}[.,]\d{3}", bare):
        of_thousands = "," if language == "en" else "."
        if language is None or marks[0] == of_thousands:
            yield Fraction(re.sub("[.,]", "", bare))
        if language is None or marks[0] != of_thousands:
            yield Fraction(bare.replace(",", "."))
        return
    yield Fraction(re.sub("[.,]", "", bare) if len(marks) > 1 else bare.replace(",", "."))


def _last_place(digits: str, readings: set[Fraction]) -> Fraction:
    """Return the weight of the last digit, which is 1 where all separators are of thousands."""
    whole = Fraction(re.sub(r"\D", "", digits))
    return (
        Fraction(1) if readings == {whole} else Fraction(1, 10 ** len(re.split("[.,]", digits)[-1]))
    )


def _within(claimed: Fraction, bound: Bound, given: Fraction) -> bool:
    if bound == "about":
        return abs(given - claimed) <= abs(claimed) * _ABOUT
    return given >= claimed if bound == "above" else given <= claimed
