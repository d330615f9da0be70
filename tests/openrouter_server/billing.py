"""Tokens, prices and the ledger of what was billed."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from threading import Lock
from typing import Any

from .behaviours import Answer


def count_tokens(text: str) -> int:
    """Count four characters as a token."""
    return -(-len(text) // 4)


def prompt_tokens(body: Mapping[str, Any]) -> int:
    """Count the tokens of all messages, tools and the schema."""
    parts = (body.get("messages"), body.get("tools"), body.get("response_format"))
    return sum(count_tokens(_text(part)) for part in parts if part)


def _text(value: Any) -> str:
    if isinstance(value, Mapping):
        return "".join(_text(item) for item in value.values())
    if isinstance(value, list):
        return "".join(_text(item) for item in value)
    return str(value)


def cost(
    pricing: Mapping[str, Any], prompt: int, completion: int, cached: int = 0, written: int = 0
) -> Decimal:
    """Return the bill in USD, as the JSON number that the reply will carry."""
    prices = dict(pricing)
    for override in prices.pop("overrides", ()):
        if prompt > override["min_prompt_tokens"]:
            prices.update(override)
    each = {name: Decimal(value) for name, value in prices.items() if name != "min_prompt_tokens"}
    read, write = (
        each.get(name, each["prompt"]) for name in ("input_cache_read", "input_cache_write")
    )
    exact = each["prompt"] * (prompt - cached - written) + read * cached + write * written
    exact += each["completion"] * completion
    return Decimal(repr(float(exact)))


def usage_object(
    answer: Answer, pricing: Mapping[str, Any], prompt: int, completion: int
) -> dict[str, Any]:
    """Return the usage object of a reply."""
    reasoning = count_tokens(answer.reasoning)
    billed = cost(pricing, prompt, completion)
    usage: dict[str, Any] = {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "cost": 0 if answer.upstream is not None else float(billed),
        "is_byok": answer.upstream is not None,
        "prompt_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0, "audio_tokens": 0},
        "cost_details": {
            "upstream_inference_cost": float(billed if answer.upstream is None else answer.upstream)
        },
        "completion_tokens_details": {"reasoning_tokens": reasoning, "image_tokens": 0},
    }
    usage.update(answer.usage_changes)
    return {name: value for name, value in usage.items() if value is not ...}


class Ledger:
    """What was billed by generation id, in USD; safe under parallel requests."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._bills: dict[str, Decimal] = {}

    def book(self, generation: str, amount: Decimal) -> None:
        """Set the bill of a generation."""
        with self._lock:
            self._bills[generation] = amount

    def __getitem__(self, generation: str) -> Decimal:
        return self._bills[generation]

    def __contains__(self, generation: str) -> bool:
        return generation in self._bills

    def __len__(self) -> int:
        return len(self._bills)

    @property
    def total(self) -> Decimal:
        """The sum of all bills."""
        with self._lock:
            return sum(self._bills.values(), Decimal(0))
