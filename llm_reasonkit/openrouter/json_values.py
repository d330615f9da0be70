"""JSON from OpenRouter, any part of which may be missing, null or of an odd type. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Protocol

# Money must not pass through binary floats on its way in.
_DECODER = json.JSONDecoder(parse_float=Decimal)

# To write out 1e999999999 takes minutes.
_MOST_DIGITS = 30


def parse_json(body: bytes | str) -> object:
    """Decode JSON with exact decimals. Raises ValueError, also for what is nested too deeply."""
    written = body.decode("utf-8-sig", "replace") if isinstance(body, bytes) else body
    try:
        return _DECODER.decode(written)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def first_json(written: str) -> tuple[object, int]:
    """Decode the value that a text begins with; also return where it ends. Raises ValueError."""
    try:
        return _DECODER.raw_decode(written)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


class JsonSource(Protocol):
    """Whatever can fetch JSON from OpenRouter."""

    async def get_json(self, path: str, *, key: str | None = None) -> object:
        """Fetch `path` under the base URL. Raises CallError."""
        ...


def mapping(value: object) -> Mapping[str, Any]:
    """Return an object; an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def items(value: object) -> list[Any]:
    """Return a list; an empty one for anything else."""
    return value if isinstance(value, list) else []


def strings(value: object) -> list[str]:
    """Return the texts of a list."""
    return [item for item in items(value) if isinstance(item, str)]


def word(value: object) -> str | None:
    """Return a text that is not empty, None for anything else."""
    return value if isinstance(value, str) and value else None


def count(value: object) -> int | None:
    """Return a whole number, also one written `12.0`; None for anything else."""
    number = amount(value)
    return int(number) if number is not None and number == number.to_integral_value() else None


def amount(value: object) -> Decimal | None:
    """Return a number that was decoded exactly; None for anything else, and for one of no sense."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return None
    number = Decimal(value)
    return number if abs(number.adjusted()) < _MOST_DIGITS else None
