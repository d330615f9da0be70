"""What `--budget` means, what is no budget, and the most that a call can cost."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_reasonkit.reasoning.limits import (
    Limits,
    Price,
    dearer,
    fewest_tokens_of,
    most_tokens_of,
    parse_budget,
)

SMALL = Price(prompt=Decimal("0.0000001"), completion=Decimal("0.0000004"))


@pytest.mark.parametrize(
    ("text", "limits"),
    [
        ("$0.50", Limits(usd=Decimal("0.50"))),
        ("0.50", Limits(usd=Decimal("0.50"))),
        ("$.50", Limits(usd=Decimal("0.50"))),
        ("2", Limits(usd=Decimal(2))),
        ("0.5USD", Limits(usd=Decimal("0.5"))),
        ("$0.5usd", Limits(usd=Decimal("0.5"))),
        ("2000t", Limits(tokens=2000)),
        ("1.5k", Limits(tokens=1500)),
        ("30s", Limits(seconds=30)),
        ("0.5s", Limits(seconds=0.5)),
        ("2m", Limits(seconds=120)),
        ("2min", Limits(seconds=120)),
        ("1h", Limits(seconds=3600)),
        ("$0.50,30s", Limits(usd=Decimal("0.50"), seconds=30)),
        ("30S, 2000T, $0.50", Limits(usd=Decimal("0.50"), tokens=2000, seconds=30)),
    ],
)
def test_a_budget_is_read(text: str, limits: Limits) -> None:
    """Money, tokens and seconds are told apart by their unit, in any order and combination."""
    assert parse_budget(text) == limits


@pytest.mark.parametrize(
    "text",
    [
        *("bash.50", "zsh.50", "-bash.50", "/bin/bash.50", "/usr/bin/zsh.50", "sh.5", "bash"),
        *("./ask.sh.50", "../ask.50", "/home/me/bin/ask.50", "bash.50,30s", "30s,-zsh.50"),
    ],
)
def test_what_the_shell_made_of_a_dollar_is_explained(text: str) -> None:
    """`"$0.50"` in double quotes arrives with the name of the shell or the script in it."""
    with pytest.raises(ValueError, match=r"in place of \$0; .* single quotes") as raised:
        parse_budget(text)
    assert "--budget '$0.50'" in str(raised.value)


def test_a_dollar_and_digit_lost_to_the_shell_are_not_read_as_less() -> None:
    """`"$1.50"` in double quotes arrives as `.50`, which is no budget for that reason."""
    with pytest.raises(ValueError, match="begins with a point"):
        parse_budget(".50")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no budget; write"),
        ("cheap", "no budget; write"),
        ("-0.50", "no budget; write"),
        ("1e3", "no budget; write"),
        ("$0.50,", "no budget; write"),
        ("0", "a budget of nothing"),
        ("$0.00", "a budget of nothing"),
        ("0t", "a budget of nothing"),
        ("$5t", "money and 't' at once"),
        ("$5s", "money and 's' at once"),
        ("5 EUR", "unknown unit 'eur'"),
        ("1.5t", "tokens come whole"),
        ("$1,$2", "limits usd twice"),
        ("1s,1m", "limits seconds twice"),
    ],
)
def test_what_is_no_budget_is_refused(text: str, words: str) -> None:
    """A mistake is named, rather than read as something that was not meant."""
    with pytest.raises(ValueError, match=words) as raised:
        parse_budget(text)
    assert "\n" not in str(raised.value)


@given(st.decimals(min_value=Decimal("0.000001"), max_value=10**6, places=6))
def test_money_is_read_to_the_last_digit(amount: Decimal) -> None:
    """No amount passes through binary fractions."""
    assert parse_budget(f"${amount:f}").usd == amount


@given(st.text(max_size=20))
def test_any_text_is_a_budget_or_a_mistake(text: str) -> None:
    """Whatever is typed gives limits or a ValueError, and nothing else."""
    try:
        limits = parse_budget(text)
    except ValueError:
        return
    assert limits != Limits()


def test_limits_fill_each_other_s_gaps() -> None:
    """What one leaves open the other decides; where both speak the first one holds."""
    typed = Limits(usd=Decimal("0.50"), calls=5)
    assert typed.or_else(Limits(usd=Decimal(9), seconds=30)) == Limits(
        usd=Decimal("0.50"), seconds=30, calls=5
    )
    assert Limits(usd=Decimal(0)).or_else(Limits(usd=Decimal(9))).usd == 0


def test_the_most_that_a_call_can_cost() -> None:
    """Prompt, reply and the fee for the request add up, exactly."""
    assert SMALL.at_most(1000, 500) == Decimal("0.0003")
    assert Price(Decimal(0), Decimal(0), Decimal("0.01")).at_most(10, 10) == Decimal("0.01")


def test_what_costs_nothing_is_free() -> None:
    """A price is free only if nothing in it costs anything."""
    nothing = Decimal(0)
    assert Price(nothing, nothing).is_free
    assert not SMALL.is_free
    assert not Price(nothing, nothing, Decimal("0.01")).is_free


def test_the_dearer_of_two_prices() -> None:
    """Each part counts by itself, and a price that nobody knows has no bound."""
    other = Price(Decimal("0.0000002"), Decimal("0.0000001"), Decimal("0.01"))
    most = Price(Decimal("0.0000002"), Decimal("0.0000004"), Decimal("0.01"))
    assert dearer(SMALL, other) == dearer(other, SMALL) == most
    assert dearer(SMALL, None) is dearer(None, SMALL) is None


@given(st.text())
def test_a_text_has_no_more_tokens_than_bytes(text: str) -> None:
    """The bound is never below the number of characters, and holds for half characters too."""
    assert most_tokens_of(text) >= len(text)


def test_a_word_is_a_token_at_least() -> None:
    """However long words are, a prompt has no fewer tokens than words."""
    assert [fewest_tokens_of(text) for text in ("", " \n", "one", "a bb\n\nccc")] == [0, 0, 1, 3]
