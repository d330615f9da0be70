"""Money as whole numbers, and text as SQLite takes it."""

from __future__ import annotations

import random
from decimal import Decimal

import pytest

from llm_reasonkit.store.rows import from_pico, title_of, to_pico


@pytest.mark.parametrize(
    ("usd", "units"),
    [
        ("0", 0),
        ("1", 10**12),
        ("0.09", 90_000_000_000),
        ("0.000000000001", 1),
        ("0.0000000000005", 0),
        ("0.0000000000015", 2),
        ("0.0000000000025", 2),
        ("0.00000000000250000000000000000000001", 3),
        ("-0.5", -(10**12) // 2),
        ("1234567.123456789012", 1_234_567_123_456_789_012),
    ],
)
def test_usd_becomes_whole_units(usd, units):
    """USD are counted in units of 1e-12, half to even, rounded once."""
    assert to_pico(Decimal(usd)) == units


def test_money_comes_back_as_it_went_in():
    """Any number of units survives the way to USD and back, written without an exponent."""
    dice = random.Random(7)
    for units in [0, 1, 10**13, *(dice.randrange(10 ** dice.randrange(1, 19)) for _ in range(500))]:
        usd = from_pico(units)

        assert to_pico(usd) == units
        assert Decimal(format(usd, "f")) * 10**12 == units


def test_a_title_is_one_short_line():
    """A question of many lines gives a title of one, cut where it gets long."""
    assert title_of("Should we\n\tuse microservices?") == "Should we use microservices?"
    assert title_of("a" * 60) == "a" * 60
    assert title_of("a" * 61) == "a" * 59 + "…"
