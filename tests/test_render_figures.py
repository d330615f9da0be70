"""Money, time and counts: exact where known, said where unknown."""

from __future__ import annotations

from decimal import Decimal

import pytest

from llm_reasonkit.reasoning.result import Cost, Tokens
from llm_reasonkit.render import figures


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        ("0", "$0"),
        ("0.000", "$0"),
        ("0.0123", "$0.0123"),
        ("0.01234", "$0.0123"),
        ("0.5", "$0.50"),
        ("0.25", "$0.25"),
        ("0.125", "$0.125"),
        ("0.99999", "$1.00"),
        ("0.008262", "$0.0083"),
        ("0.000012", "$0.000012"),
        ("0.0000123", "$0.000012"),
        ("1E-7", "$0.0000001"),
        ("0.000000000001", "$0.000000000001"),
        ("1", "$1.00"),
        ("12.345", "$12.34"),
        ("1234567.891", "$1,234,567.89"),
        ("-0.02", "-$0.02"),
    ],
)
def test_usd_keeps_the_digits_that_matter(amount: str, shown: str) -> None:
    """Small sums keep two significant digits, large ones cents, nothing is `$0`."""
    assert figures.usd(Decimal(amount)) == shown


@pytest.mark.parametrize(
    ("cost", "shown"),
    [
        (None, ""),
        (Cost(unknown_calls=1), "cost unknown"),
        (Cost(usd=Decimal(0), source="billed"), "$0"),
        (Cost(usd=Decimal("0.0123"), source="billed"), "$0.0123 billed"),
        (Cost(usd=Decimal("0.0123"), source="computed"), "$0.0123 computed"),
        (Cost(usd=Decimal("0.0123"), source="billed", unknown_calls=2), "$0.0123, 2 unknown"),
        (Cost(usd=Decimal(0), source="billed", unknown_calls=1), "$0, 1 unknown"),
    ],
)
def test_call_cost_names_its_source(cost: Cost | None, shown: str) -> None:
    """A step's cost says whether it was billed or computed; unknown is never shown as 0."""
    assert figures.call_cost(cost) == shown


@pytest.mark.parametrize(
    ("cost", "shown"),
    [
        (None, "-"),
        (Cost(), "-"),
        (Cost(unknown_calls=3), "unknown"),
        (Cost(usd=Decimal(0), source="billed"), "$0"),
        (Cost(usd=Decimal("0.5"), source="billed"), "$0.50"),
        (Cost(usd=Decimal("0.5"), source="billed", unknown_calls=3), "≥ $0.50"),
    ],
)
def test_run_cost_in_a_list(cost: Cost | None, shown: str) -> None:
    """In a list a sum with unknown parts is a lower bound, and no call is a dash."""
    assert figures.run_cost(cost) == shown


def test_cost_by_source_keeps_billed_computed_and_unknown_apart() -> None:
    """Each source has its own sum; unknown calls are counted."""
    calls = [
        Cost(usd=Decimal("0.01"), source="billed"),
        Cost(usd=Decimal("0.02"), source="billed"),
        Cost(usd=Decimal("0.005"), source="computed"),
        Cost(usd=Decimal(0), source="billed"),
        Cost(unknown_calls=1),
        Cost(unknown_calls=1),
    ]
    total = Cost(usd=Decimal("0.035"), source="computed", unknown_calls=2)
    shown = figures.cost_by_source(total, calls)
    assert shown == "$0.03 billed + $0.005 computed + 2 calls of unknown cost"


@pytest.mark.parametrize(
    ("total", "shown"),
    [
        (Cost(), "no call was made"),
        (Cost(unknown_calls=1), "1 call of unknown cost"),
        (Cost(usd=Decimal(0), source="billed"), "$0"),
        (Cost(usd=Decimal(0), source="billed", unknown_calls=1), "$0 + 1 call of unknown cost"),
        (Cost(usd=Decimal("0.5"), source="billed"), "$0.50 billed"),
    ],
)
def test_cost_of_a_run_without_its_calls(total: Cost, shown: str) -> None:
    """Where no call is at hand, the total speaks for itself."""
    assert figures.cost_by_source(total, []) == shown


@pytest.mark.parametrize(
    ("ms", "shown"),
    [
        (None, ""),
        (0, "0.0 s"),
        (449, "0.4 s"),
        (59_999, "59.9 s"),
        (60_000, "1m 00s"),
        (125_400, "2m 05s"),
        (3_599_999, "59m 59s"),
        (3_720_000, "1h 02m"),
    ],
)
def test_duration(ms: int | None, shown: str) -> None:
    """Milliseconds become seconds, minutes or hours, never rounded up to the next unit."""
    assert figures.duration(ms) == shown


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        (None, "?"),
        (0, "0"),
        (9_999, "9,999"),
        (10_000, "10k"),
        (999_999, "999k"),
        (1_250_000, "1.2M"),
    ],
)
def test_short_count(number: int | None, shown: str) -> None:
    """A count takes at most five characters; the unknown is a question mark."""
    assert figures.short_count(number) == shown


def test_tokens() -> None:
    """Tokens nobody stated are left out of a line and called unknown in the summary."""
    assert figures.tokens_in_out(Tokens()) == ""
    assert figures.tokens_in_out(Tokens(input=12_040)) == "12k→?"
    assert figures.all_tokens(Tokens()) == "unknown"
    assert (
        figures.all_tokens(Tokens(input=12_040, output=3_100, reasoning=1_200, cached=1_000))
        == "12,040 in (1,000 cached), 3,100 out (1,200 reasoning)"
    )
