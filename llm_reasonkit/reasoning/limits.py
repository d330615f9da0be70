"""Limits of a run: what `--budget` means, and the worst that a call can cost."""

from __future__ import annotations

import re
from dataclasses import astuple, dataclass
from decimal import Decimal

_PART = re.compile(r"(?P<usd>\$)?(?P<number>\d+(?:\.\d*)?|\.\d+)(?P<unit>[a-z]*)", re.IGNORECASE)
# `"$0.50"` in double quotes: the shell puts its own name, or that of the script, where `$0` stood.
_SHELL_ATE = re.compile(r"(?:\.{0,2}/|-?[a-z_]).*\.\d+|(?:.*/)?-?\w*sh", re.IGNORECASE)
# No model counts an image as more tokens.
LARGEST_IMAGE = 50_000
_TOKENS = {"t": 1, "k": 1000}
_SECONDS = {"s": 1, "m": 60, "min": 60, "h": 3600}


@dataclass(frozen=True, slots=True)
class Limits:
    """What a run may use: USD, tokens in and out, seconds, calls; None is no limit."""

    usd: Decimal | None = None
    tokens: int | None = None
    seconds: float | None = None
    calls: int | None = None

    def or_else(self, others: Limits) -> Limits:
        """Return these limits, with those of the others where there is none here."""
        pairs = zip(astuple(self), astuple(others), strict=True)
        return Limits(*(own if own is not None else other for own, other in pairs))


NO_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Price:
    """USD per token, and per call."""

    prompt: Decimal
    completion: Decimal
    request: Decimal = Decimal(0)

    @property
    def is_free(self) -> bool:
        """Whether a call costs nothing, however long it is."""
        return not (self.prompt or self.completion or self.request)

    def at_most(self, prompt_tokens: int, reply_tokens: int) -> Decimal:
        """Return the most that a call of this size can cost, in USD."""
        return self.request + self.prompt * prompt_tokens + self.completion * reply_tokens


def dearer(one: Price | None, other: Price | None) -> Price | None:
    """Return the most that either costs, None where one of them is unknown."""
    if one is None or other is None:
        return None
    return Price(
        prompt=max(one.prompt, other.prompt),
        completion=max(one.completion, other.completion),
        request=max(one.request, other.request),
    )


def parse_budget(text: str) -> Limits:
    """Read a budget such as `$0.50`, `0.50`, `20000t`, `30s` or `$0.50,30s`.

    Raises ValueError with what is wrong and how to write it.
    """
    found: dict[str, Decimal] = {}
    for part in text.replace(" ", "").split(","):
        if _SHELL_ATE.fullmatch(part):
            raise ValueError(
                f"{text!r}: the shell put its own name in place of $0; "
                "write the budget in single quotes, as in --budget '$0.50'"
            )
        kind, amount = _amount(part, text)
        if kind in found:
            raise ValueError(f"{text!r} limits {kind} twice")
        found[kind] = amount
    tokens = found.get("tokens")
    seconds = found.get("seconds")
    return Limits(
        usd=found.get("usd"),
        tokens=None if tokens is None else int(tokens),
        seconds=None if seconds is None else float(seconds),
    )


def _amount(part: str, text: str) -> tuple[str, Decimal]:
    match = _PART.fullmatch(part)
    if match is None:
        raise ValueError(f"{text!r} is no budget; write '$0.50', '20000t', '30s' or '$0.50,30s'")
    unit = match["unit"].lower()
    if not match["usd"] and part.startswith("."):
        raise ValueError(
            f"{text!r} begins with a point: in double quotes the shell takes the $ and a digit "
            "away; write '0.50', or '$0.50' in single quotes"
        )
    number = Decimal(match["number"])
    if number == 0:
        raise ValueError(f"{part!r}: a budget of nothing allows no call")
    if unit in ("", "usd"):
        return "usd", number
    if match["usd"]:
        raise ValueError(f"{part!r} is money and {unit!r} at once")
    if unit in _TOKENS:
        number *= _TOKENS[unit]
        if number != int(number):
            raise ValueError(f"{part!r}: tokens come whole")
        return "tokens", number
    if unit in _SECONDS:
        return "seconds", number * _SECONDS[unit]
    raise ValueError(f"{part!r}: unknown unit {unit!r}; use $, t (tokens) or s (seconds)")


def most_tokens_of(text: str) -> int:
    """Return how many tokens a text can be at most, in any tokenizer that works on bytes."""
    return len(text.encode("utf-8", "replace"))


def fewest_tokens_of(text: str) -> int:
    """Return how many tokens a text has at least, in any tokenizer that keeps words apart."""
    return len(text.split())
