"""Numbers and quantities, in the many ways in which they are written."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from fractions import Fraction

from llm_reasonkit.reasoning.answers.latex import in_line, plain
from llm_reasonkit.reasoning.units import PERCENT, Unit, money_sign, unit_of

_LANGUAGES = ("en", "fr", "de", "es", "it", "pt", "nl")
_LONGEST = 200
_MOST_DIGITS = 400
_DIGITS = (
    r"\d{1,3}(?:\.\d{3})+,\d+(?!\d)|\d+(?:\.\d{3}){2,}(?!\d)|\d{1,2}(?:,\d{2})+,\d{3}(?!\d)"
    r"|\d+(?:[,' _]\d{3})*(?:[.,]\d+)?(?!\d)|\d+|[.,]\d+"
)
_POWER = (
    r"(?:\s*[x×*·]\s*10\s*(?:\^|\*\*)\s*\(?\s*(?P<exponent>[-+]?\d{1,3})\)?"
    r"|[eE](?P<e>[-+]?\d{1,3}))"
)
_TENS = re.compile(r"10\s*(?:\^|\*\*)\s*\(?\s*([-+]?\d{1,3})\s*\)?")
_THOUSANDS = re.compile(r"[1-9]\d{0,2}(?:,\d{2,3})*,\d{3}(?:\.\d+)?")
_SCALE = {
    "hundred": 100, "thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12,
    "mn": 10**6, "bn": 10**9, "tn": 10**12, "mio": 10**6, "mrd": 10**9,
    "dozen": 12, "lakh": 10**5, "crore": 10**7, "millionen": 10**6, "millions": 10**6,
}  # fmt: skip
_SCALE_WORD = re.compile(rf"({'|'.join(sorted(_SCALE, key=len, reverse=True))})\b", re.I)
_AMOUNT = re.compile(
    rf"(?P<sign>[-+]\s*)?(?P<money>(?:US|us|CA|A)?[$€£¥₹₽₩])?\s*(?P<inner>[-+]\s*)?"
    rf"(?P<digits>{_DIGITS})(?:{_POWER}|(?P<k>[kKM])(?!\w))?",
)
_FRACTION = re.compile(
    r"(?P<sign>-\s*)?(?:(?P<whole>\d+)\s*(?:\+|\s|(?=\())\s*)?"
    r"\({0,3}\s*(?P<minus>-\s*)?\({0,3}(?P<above>\d+)\){0,3}\s*/\s*\({0,3}(?P<below>\d+)\){0,3}"
)
# Of `5!` nobody can tell whether 5 or 120 is meant; `391!` is no factorial that anybody works out.
_FACTORIAL = re.compile(r"(?<![\d$€£.,])\d{1,2}(?:!| factorial\b)")
_IN_PROSE = re.compile(
    rf"(?<![\w.,/^–-])-?[$€£¥₹₽₩]?\s?-?(?:\d+\s+\d+/\d+|\({{0,3}}\d+\){{0,3}}/\({{0,3}}\d+\){{0,3}}|(?>{_DIGITS}))"
    r"(?:\s*%)?(?![\w^]|[/.–-]\d)(?!\s*[.):]\s*$)"
)
_ROUGHLY = re.compile(
    r"(?:(?:about|approximately|approx\.?|around|roughly|nearly|almost|exactly|only|just|a total of"
    r"|in total|total(?: of)?|equals?|is|are|was|be|≈|~|=|:|\*\*|\*|`|\"|')\s*)+",
    re.I,
)
_CURRENCY_FIRST = re.compile(r"^([A-Z]{3})\s?([-\d.,]+)$")
_CLOCKED = re.compile(r"^(\d+)\s*h(?:ours?|rs?)?\s*(\d{1,2})\s*(?:m|min)?$")
# `9 square units` names no unit.
_UNITS = re.compile(r"(?<=[\d\s)])\s*\b(?:square |cubic |sq\.? )?units?(?:\s*\^\d)?$", re.I)
_WORDS_BEFORE_SCALE = re.compile(r"\b(?:a|an)\s+(?=hundred|thousand|million|billion|dozen)", re.I)
_NAMED_FRACTIONS = {
    "half": Fraction(1, 2), "third": Fraction(1, 3), "quarter": Fraction(1, 4),
    "fourth": Fraction(1, 4), "fifth": Fraction(1, 5), "sixth": Fraction(1, 6),
    "eighth": Fraction(1, 8), "tenth": Fraction(1, 10),
}  # fmt: skip
_IN_WORDS = re.compile(
    rf"(?:(?P<whole>.+?)\s+and\s+)?(?P<count>a|an|one|two|three|four|five|six|seven|eight|nine)?"
    rf"[\s-]*(?P<part>{'|'.join(_NAMED_FRACTIONS)})s?(?:\s+(?:of\s+)?(?:an?\s+)?(?P<rest>.*))?$",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number as it was written, with what it counts.

    value: the number itself. unit: None for a bare number. thing: what is counted when that is no
    unit (`ducks`). step: the last decimal place of a number written with a point, else 0; figures:
    how many digits it has that matter. exact: False for the value of a root or of pi.
    """

    value: Fraction
    unit: Unit | None = None
    thing: str = ""
    step: Fraction = Fraction(0)
    figures: int = 0
    exact: bool = True

    @property
    def in_base(self) -> Fraction:
        """The value in base units."""
        return self.unit.in_base(self.value) if self.unit else self.value

    def read_as(self, unit: Unit) -> Quantity:
        """Return a bare number with the unit that was asked for."""
        return replace(self, unit=unit)


def read_quantity(text: str) -> Quantity | None:
    """Read a text that is a number and, at most, what it counts; None when it is anything else."""
    if len(text) > _LONGEST or _FACTORIAL.search(text):
        return None
    bare = _tidied(text)
    if not bare:
        return None
    found = _starting_quantity(bare)
    if found is None:
        found = _in_words(bare)
    return found


def amounts_in(text: str) -> list[str]:
    """Return the numbers of a text as they are written, with a sign of money or per cent.

    Numbers inside of words and list markers are none.
    """
    return [match[0].strip(" .,") for match in _IN_PROSE.finditer(text)]


def _tidied(text: str) -> str:
    text = unicodedata.normalize("NFKC", _digits_in_ascii(plain(_fractions(in_line(text)))))
    text = text.replace("\u2212", "-").replace("\u2013", "-").replace("\u2044", "/").strip()
    text = re.sub(r"^\(([^()]*)\)$", r"\1", text)
    text = _ROUGHLY.sub("", text, count=1) if _ROUGHLY.match(text) else text
    text = _CURRENCY_FIRST.sub(r"\2 \1", _UNITS.sub("", _CLOCKED.sub(r"\1 hours \2 minutes", text)))
    text = re.sub(r"^(?:minus|negative)\s+", "-", text.strip(" \t\n*_`\"'“”‘’"), flags=re.I)
    text = re.sub(
        r"(?<=[\w%])\s+\([^()]*\)$|(?<=\d)(?:st|nd|rd|th)$|^an?\s+(?=[$€£¥]?\d)", "", text
    )
    return text.rstrip(" .;:!*_`\"'“”’,")


def _fractions(text: str) -> str:
    """NFKC would make 1½ read 11/2."""
    return re.sub(
        r"(\d)?([¼-¾⅐-⅞])", lambda m: f"{m[1] or ''} {unicodedata.normalize('NFKC', m[2])}", text
    )


def _digits_in_ascii(text: str) -> str:
    if text.isascii():
        return text
    return "".join(str(unicodedata.digit(c)) if c.isdecimal() else c for c in text)


def _starting_quantity(text: str) -> Quantity | None:
    """Read a number at the very beginning, and all that follows as its unit."""
    for reader in (_fraction_at, _amount_at):
        read = reader(text)
        if read is not None:
            quantity, rest = read
            return _with_unit(quantity, rest)
    return None


def _fraction_at(text: str) -> tuple[Quantity, str] | None:
    match = _FRACTION.match(text)
    if match is None or int(match["below"]) == 0 or re.match(r"\s*[/\d]", text[match.end() :]):
        return None
    value = Fraction(int(match["above"]), int(match["below"]))
    if match["whole"]:
        value += int(match["whole"])
    if (match["sign"] is None) != (match["minus"] is None):
        value = -value
    return Quantity(value), text[match.end() :].lstrip(")")


def _amount_at(text: str) -> tuple[Quantity, str] | None:
    tens = _TENS.fullmatch(text)
    if tens:
        return Quantity(Fraction(10) ** int(tens[1])), ""
    match = _AMOUNT.match(text)
    if match is None or len(match["digits"]) > _MOST_DIGITS:
        return None
    value, step, figures = _decimal(match["digits"])
    factor = Fraction(10) ** int(match["exponent"] or match["e"] or 0)
    if match["k"]:
        factor *= 10**6 if match["k"] == "M" else 1000
    if (match["sign"] or match["inner"] or "+").strip() == "-":
        value = -value
    unit = money_sign(match["money"]) if match["money"] else None
    return Quantity(value * factor, unit, "", step * factor, figures), text[match.end() :]


def _decimal(digits: str) -> tuple[Fraction, Fraction, int]:
    """Read digits with separators: the value, its last decimal place, its figures.

    A comma is a decimal comma only where it can be nothing else: `3,5`, `1.234,56`, `0,125`.
    """
    bare = re.sub(r"[' _]", "", digits)
    if bare.count(".") > 1 or (
        "," in bare and (bare.rfind(",") > bare.rfind(".") >= 0 or not _THOUSANDS.fullmatch(bare))
    ):
        bare = bare.replace(".", "").replace(",", ".")
    bare = bare.replace(",", "")
    places = len(bare.partition(".")[2])
    figures = len(bare.replace(".", "").lstrip("0"))
    return Fraction(bare), Fraction(1, 10**places) if places else Fraction(0), figures


def _with_unit(quantity: Quantity, rest: str) -> Quantity | None:
    """Read what stands behind a number; None when it is no unit and no thing that is counted."""
    rest = re.sub(r"^\s*/\s*(?=[^\W\d_])", "per ", rest).strip().lstrip("-)").strip()
    if scale := _SCALE_WORD.match(rest):
        quantity, rest = _times(quantity, _SCALE[scale[1].lower()]), rest[scale.end() :].strip()
    if not rest:
        return quantity
    if quantity.unit is None:
        unit, left = unit_of(rest)
        if unit is not None:
            quantity, rest = quantity.read_as(unit), left
    elif (named := unit_of(rest))[0] == quantity.unit:
        rest = named[1]
    if re.match(r"\d|[-+*/^=<>&|(\[{,]|√|π|(?:or|and|to|but|by|x|not|nor|if|when|pi|sqrt)\b", rest):
        return _compound(quantity, rest)
    if rest and (not re.match(r"[^\W\d_][^\d]*$", rest) or len(rest.split()) > 8):
        return None
    return replace(quantity, thing=rest)


def _times(quantity: Quantity, factor: int) -> Quantity:
    return replace(quantity, value=quantity.value * factor, step=quantity.step * factor)


def _compound(quantity: Quantity, rest: str) -> Quantity | None:
    """Read `1 hour 30 minutes` and `5 ft and 3 in` as one quantity."""
    if quantity.unit is None or quantity.unit is PERCENT:
        return None
    more = _starting_quantity(re.sub(r"^(?:and\b|,)\s*", "", rest))
    if more is None or more.unit is None or more.unit.base != quantity.unit.base:
        return None
    if more.unit.factor >= quantity.unit.factor:
        return None
    in_first = (more.in_base - quantity.unit.offset) / quantity.unit.factor
    return Quantity(quantity.value + in_first, quantity.unit, more.thing)


def _in_words(text: str) -> Quantity | None:
    negative = text.startswith("-")
    text = text.lstrip("- ")
    part = _IN_WORDS.fullmatch(text)
    if part is not None:
        found = _fraction_in_words(part)
        return replace(found, value=-found.value) if found and negative else found
    text = _WORDS_BEFORE_SCALE.sub("one ", text)
    words = text.split()
    for end in range(min(len(words), 12), 0, -1):
        value = _spelt_out(" ".join(words[:end]))
        if value is not None:
            signed = -value if negative else value
            return _with_unit(Quantity(signed), " ".join(words[end:]))
    return None


def _fraction_in_words(part: re.Match[str]) -> Quantity | None:
    count = part["count"]
    if not count and not part["whole"] and part["part"].lower() not in ("half", "quarter"):
        # `third` is a place, `a third` a part.
        return None
    value = _NAMED_FRACTIONS[part["part"].lower()]
    if count and count.lower() not in ("a", "an"):
        value *= _spelt_out(count) or 1
    if part["whole"]:
        whole = read_quantity(part["whole"])
        if whole is None or whole.unit or whole.thing:
            return None
        value += whole.value
    return _with_unit(Quantity(value), part["rest"] or "")


def _spelt_out(words: str) -> Fraction | None:
    """Return the number that words spell out in one of the languages, or None."""
    if any(c.isdigit() for c in words) or len(words) > 120:
        return None
    from text_to_num import text2num

    whole, point, decimals = words.lower().partition(" point ")
    for language in _LANGUAGES:
        try:
            value = Fraction(text2num(whole, language))
            places = [text2num(digit, language) for digit in decimals.split()] if point else []
        except ValueError:
            continue
        return value + sum(Fraction(place, 10**n) for n, place in enumerate(places, 1))
    return None
