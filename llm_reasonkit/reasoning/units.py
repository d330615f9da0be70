"""Units of measure and money: what a word after a number counts, in units that can be compared."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pint import UnitRegistry

# In pint's notation. Its own registry takes a second to load and knows points, links and hands as
# units, which in answers are things; each currency is a dimension, as without a rate none converts
# into another.
_DEFINITIONS = """
kilo- = 1000 = k-
mega- = 1e6 = M-
giga- = 1e9 = G-
tera- = 1e12 = T-
milli- = 1e-3 = m-
micro- = 1e-6 = µ- = μ-
nano- = 1e-9 = n-
centi- = 1e-2 = c-
deci- = 1e-1 = d-
meter = [length] = m = metre
inch = 0.0254 * meter = in = inches
foot = 0.3048 * meter = ft = feet
yard = 0.9144 * meter = yd
mile = 1609.344 * meter = mi
nautical_mile = 1852 * meter
second = [time] = s = sec
minute = 60 * second = min
hour = 3600 * second = h = hr
day = 24 * hour
week = 7 * day
year = 365.25 * day = yr
month = year / 12
decade = 10 * year
century = 100 * year = _ = centuries
gram = [mass] = g
tonne = 1000 * kilogram = _ = metric_ton
pound = 453.59237 * gram = lb
ounce = pound / 16 = oz
ton = 2000 * pound
liter = 1e-3 * meter ** 3 = L = l = litre
gallon = 3.785411784 * liter = gal
quart = gallon / 4 = qt
pint = gallon / 8
cup = gallon / 16
fluid_ounce = gallon / 128 = floz
tablespoon = gallon / 256 = tbsp
teaspoon = gallon / 768 = tsp
acre = 4046.8564224 * meter ** 2
hectare = 10000 * meter ** 2 = ha
newton = kilogram * meter / second ** 2 = N
joule = newton * meter = J
calorie = 4.184 * joule = cal
electron_volt = 1.602176634e-19 * joule = eV
watt = joule / second = W
horsepower = 745.699871582 * watt = hp
watt_hour = 3600 * joule = Wh
pascal = newton / meter ** 2 = Pa
atmosphere = 101325 * pascal = atm
hertz = 1 / second = Hz
ampere = [current] = A = amp
volt = watt / ampere = V
ohm = volt / ampere = Ω
kelvin = [temperature] = K
degree_Celsius = kelvin; offset: 273.15 = _ = celsius = degC = C
degree_Fahrenheit = 5 / 9 * kelvin; offset: 233.15 + 200 / 9 = _ = fahrenheit = degF = F
mole = [substance] = mol
degree = [angle]
radian = 57.29577951308232 * degree = rad
byte = [information] = B
bit = byte / 8
mile_per_hour = mile / hour = mph
kilometer_per_hour = kilometer / hour = kph
percentage_point = [percentage_point]
dollar = [dollar] = _ = usd = buck
cent = dollar / 100 = _ = penny = pennies
euro = [euro] = _ = eur
pound_sterling = [pound_sterling] = _ = gbp = sterling
yen = [yen] = _ = jpy
yuan = [yuan] = _ = cny = rmb
rupee = [rupee] = _ = inr
franc = [franc] = _ = chf
ruble = [ruble] = _ = rub = rouble
won = [won] = _ = krw
peso = [peso] = _ = mxn
"""
_SIGNS = {
    "$": "dollar", "€": "euro", "£": "pound_sterling", "¥": "yen", "円": "yen", "元": "yuan",
    "₹": "rupee", "₽": "ruble", "₩": "won", "¢": "cent", "%": "percent", "°": "degree",
}  # fmt: skip
_MONEY = frozenset(_SIGNS[sign] for sign in "$€£¥元₹₽₩") | {"franc", "peso"}
_PHRASES = [
    (re.compile(pattern, re.IGNORECASE), to)
    for pattern, to in (
        (r"\bper\s+cent\b|\bpct\b|[\uff05\u066a]|\bpercentage\b(?! point)", "percent"),
        (r"\b(?:percentage|percent) points?\b", "percentage_point"),
        (r"(?:°\s*|\bdeg(?:rees?)?\s+)(?:C\b|celsius\b)|℃", "degC"),
        (r"(?:°\s*|\bdeg(?:rees?)?\s+)(?:F\b|fahrenheit\b)|℉", "degF"),
        (r"\b(?:square|sq\.?)\s+(\w+)", r"\1^2"),
        (r"\b(?:cubic|cu\.?)\s+(\w+)", r"\1^3"),
        (r"\b(?:US|us)\s*(?=dollars?|\$)", ""),
        (r"\bpounds?\s+sterling\b", "pound_sterling"),
        (r"\b(fluid ounce|metric ton|nautical mile|watt hour)", lambda m: m[1].replace(" ", "_")),
        # `18 in total` is no length.
        (r"^in\s+(?=[a-z])", "by "),
    )
]
_NAMES = frozenset(re.findall(r"[^\W\d]\w*(?!-|\w)", _DEFINITIONS))
_PREFIXES = ("", *re.findall(r"[^\W\d]\w*(?=-)", _DEFINITIONS))
# kilomètre, kilómetro
_PLAIN_LETTERS = str.maketrans("èéó", "eeo")
_LONGEST = 60
_WORD = re.compile(r"[^\W\d_]+(?:_[^\W\d_]+)*|[%°$€£¥₹₽₩¢元円]")


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit: in what it is compared (`base`), how many of those it is, and where its zero lies."""

    name: str = field(compare=False)
    base: str
    factor: Fraction = Fraction(1)
    offset: Fraction = Fraction(0)

    def in_base(self, value: Fraction) -> Fraction:
        """Convert a value in this unit to base units."""
        return value * self.factor + self.offset


PERCENT = Unit("percent", "percent", Fraction(1, 100))


@lru_cache(maxsize=1)
def _registry() -> UnitRegistry[Fraction]:
    # Imported only when a word is the name of a unit.
    from pint import UnitRegistry

    registry: UnitRegistry[Fraction] = UnitRegistry(None, non_int_type=Fraction)
    registry.load_definitions(_DEFINITIONS.strip().splitlines())
    return registry


@lru_cache(maxsize=4096)
def unit_of(text: str) -> tuple[Unit | None, str]:
    """Read the unit at the beginning of a text; return it, and the words left over.

    `dollars per ticket` is dollars, and `per ticket` is left; of `ducks` all is left.
    """
    for pattern, to in _PHRASES:
        text = pattern.sub(to, text)
    text = text.translate(_PLAIN_LETTERS).strip().strip(".,;:!")
    words = text.split()
    # `18 dollars per day` answers how many dollars: a rate of money is money.
    first = _parse(words[0]) if words else None
    most = 1 if first and first.base in _MONEY else min(len(words), 5)
    for end in range(most, 0, -1):
        unit = _parse(" ".join(words[:end]))
        if unit is not None:
            return unit, " ".join(words[end:])
    return None, text


def _parse(text: str) -> Unit | None:
    plainly = text.replace("²", "^2").replace("³", "^3")
    plainly = _WORD.sub(lambda word: _SIGNS.get(word[0], word[0]), plainly)
    if plainly == "percent":
        return PERCENT
    if not _WORD.search(plainly) or len(plainly) > _LONGEST:
        return None
    if re.search(r"\d", re.sub(r"\^-?\d", "", plainly)) or plainly.split()[-1] in ("per", "/"):
        return None
    # A single letter is a unit only as it is written: `M` is no meter.
    for spelling in dict.fromkeys((plainly, plainly.lower() if len(plainly) > 1 else plainly)):
        if spelling.removesuffix("s") in _MONEY:
            return Unit(spelling, spelling.removesuffix("s"))
        named = all(_is_name(word) for word in _WORD.findall(spelling))
        unit = _looked_up(spelling) if named else None
        if unit is not None:
            return unit
    return None


def _is_name(word: str) -> bool:
    """Tell whether a word may name a unit: pint, which knows, takes long to load."""
    if word in ("per", "squared", "cubed"):
        return True
    rests = [word.removeprefix(prefix) for prefix in _PREFIXES if word.startswith(prefix)]
    return any(rest in _NAMES or rest[:-1] in _NAMES for rest in rests)


def _looked_up(name: str) -> Unit | None:
    registry = _registry()
    try:
        unit = registry.parse_units(name)
        one = registry.Quantity(Fraction(1), unit).to_base_units()
        zero = registry.Quantity(Fraction(0), unit).to_base_units()
    # Pint reads with Python's tokenizer: what it raises on odd text has no common root.
    except Exception:  # noqa: BLE001
        return None
    powers = sorted((base, str(power)) for base, power in one.unit_items())
    written = " ".join(base if power == "1" else f"{base}^{power}" for base, power in powers)
    offset = Fraction(zero.magnitude)
    return Unit(name, written, Fraction(one.magnitude) - offset, offset) if written else None


def money_sign(text: str) -> Unit | None:
    """Return the currency that a sign in front of a number stands for, or None."""
    sign = text.strip()[-1:]
    return _parse(sign) if _SIGNS.get(sign) in _MONEY else None
