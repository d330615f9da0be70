"""Values as people type them: times and sums of money; callbacks of options."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from decimal import Decimal

import click

_UNITS = {"h": "hours", "d": "days", "w": "weeks"}


def moment(context: click.Context, option: click.Parameter, value: str | None) -> datetime | None:
    """Read `24h`, `7d`, `4w` (ago) or an ISO date."""
    if value is None:
        return None
    try:
        if match := re.fullmatch(r"(\d{1,6})([hdw])", value):
            return datetime.now().astimezone() - timedelta(**{_UNITS[match[2]]: int(match[1])})
        return datetime.fromisoformat(value).astimezone()
    except (ValueError, OverflowError) as error:
        raise click.BadParameter(
            f"{value!r} is no time; give 24h, 7d, 4w or a date such as 2026-11-01"
        ) from error


def usd(context: click.Context, option: click.Parameter, value: str | None) -> Decimal | None:
    """Read `0.50` or `$0.50`."""
    if value is None:
        return None
    digits = value.strip().removeprefix("$")
    if not digits.replace(".", "", 1).isdecimal():
        raise click.BadParameter(f"{value!r} is not an amount of USD; give one such as 0.50")
    return Decimal(digits)
