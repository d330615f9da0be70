"""Tokens, prices and the ledger of what was billed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from threading import Lock
from typing import Any

from .behaviours import Answer

OCR_PAGE = Decimal("0.002")
"""USD for reading a page of a PDF for a model that takes no files."""
_WEB_SEARCH = "0.007"
_CONDITIONS = ("min_prompt_tokens", "utc_start", "utc_end")


@dataclass(frozen=True)
class Tariff:
    """What a request is billed by: prices in USD as in the catalogue, and fees in USD on top."""

    pricing: Mapping[str, Any]
    searches: int = 0
    pages: int = 0

    @property
    def fees(self) -> Decimal:
        """USD for what OpenRouter does beside asking the model."""
        return self.searches * Decimal(self.pricing.get("web_search", _WEB_SEARCH)) + (
            self.pages * OCR_PAGE
        )


def tariff(body: Mapping[str, Any], row: Mapping[str, Any], factor: Decimal = Decimal(1)) -> Tariff:
    """Return what a request is billed by at a provider that takes `factor` times the list price."""
    plugins = {plugin.get("id") for plugin in body.get("plugins") or ()}
    tools = {tool.get("type") for tool in body.get("tools") or ()}
    searches = (
        "web" in plugins
        or "openrouter:web_search" in tools
        or "online" in str(body.get("model")).split(":")[1:]
    )
    reads_files = "file" in row["architecture"]["input_modalities"]
    pages = sum(part.get("type") == "file" for part in parts(body))
    return Tariff(scaled(row["pricing"], factor), int(searches), 0 if reads_files else pages)


def scaled(pricing: Mapping[str, Any], factor: Decimal) -> dict[str, Any]:
    """Return all prices times `factor`."""
    result: dict[str, Any] = {}
    for name, value in pricing.items():
        if name == "overrides":
            result[name] = [scaled(override, factor) for override in value]
        else:
            result[name] = value if name in _CONDITIONS else str(Decimal(value) * factor)
    return result


def parts(body: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the parts of all messages that are made of parts."""
    for message in body.get("messages") or ():
        content = message.get("content")
        yield from content if isinstance(content, list) else ()


def count_tokens(text: str) -> int:
    """Count four characters as a token."""
    return -(-len(text) // 4)


def prompt_tokens(body: Mapping[str, Any]) -> tuple[int, int]:
    """Count the tokens of all messages with the schema, and those of the tools."""
    texts = (body.get("messages"), body.get("prompt"), body.get("response_format"))
    tools = body.get("tools")
    text = sum(count_tokens(_text(part)) for part in texts if part)
    return text, count_tokens(_text(tools)) if tools else 0


def _text(value: Any) -> str:
    if isinstance(value, Mapping):
        return "".join(_text(item) for item in value.values())
    if isinstance(value, list):
        return "".join(_text(item) for item in value)
    return str(value)


def prices_at(pricing: Mapping[str, Any], prompt: int, now: float) -> dict[str, Decimal]:
    """Return the prices that hold for a prompt of this many tokens at this time."""
    prices = dict(pricing)
    at = datetime.fromtimestamp(now, UTC).strftime("%H%M")
    for override in prices.pop("overrides", ()):
        start, end = override.get("utc_start", "0000"), override.get("utc_end", "2400")
        within = start <= at < end if start <= end else at >= start or at < end
        if prompt > override.get("min_prompt_tokens", -1) and within:
            prices.update(override)
    return {name: Decimal(value) for name, value in prices.items() if name not in _CONDITIONS}


def cost(
    prices: Mapping[str, Decimal], prompt: int, completion: int, cached: int = 0, written: int = 0
) -> Decimal:
    """Return what the tokens cost in USD, as the JSON number that the reply will carry."""
    read, write = (
        prices.get(name, prices["prompt"]) for name in ("input_cache_read", "input_cache_write")
    )
    exact = prices["prompt"] * (prompt - cached - written) + read * cached + write * written
    exact += prices["completion"] * completion
    return Decimal(repr(float(exact)))


def usage_object(
    answer: Answer, rates: Tariff, prompt: int, completion: int, now: float
) -> tuple[dict[str, Any], Decimal]:
    """Return the usage object of a reply, and what it is billed, in USD, said or not."""
    prices = prices_at(rates.pricing, prompt, now)
    inference = cost(prices, prompt, completion, answer.cached, answer.cache_written)
    if answer.finish_reason == "error" or (not completion and answer.finish_reason is None):
        # OpenRouter's insurance against replies that are none.
        inference = Decimal(0)
    billed = float((Decimal(0) if answer.upstream is not None else inference) + rates.fees)
    upstream = inference if answer.upstream is None else answer.upstream
    usage: dict[str, Any] = {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "cost": billed or 0,
        "is_byok": answer.upstream is not None,
        "prompt_tokens_details": {
            "cached_tokens": answer.cached,
            "cache_write_tokens": answer.cache_written,
            "audio_tokens": 0,
        },
        "cost_details": {"upstream_inference_cost": float(upstream)},
        "completion_tokens_details": {
            "reasoning_tokens": count_tokens(answer.reasoning),
            "image_tokens": 0,
        },
    }
    if rates.searches:
        usage["server_tool_use_details"] = {"web_search_requests": rates.searches}
        del usage["is_byok"]
    usage.update(answer.usage_changes)
    said = usage["cost"] if isinstance(usage["cost"], int | float) else billed
    usage = {name: value for name, value in usage.items() if value is not ...}
    return usage, Decimal(repr(said)) + (answer.upstream or 0)


@dataclass(frozen=True)
class Bill:
    """What a key was billed, in USD, and when, in seconds since 1970."""

    usd: Decimal
    key: str
    at: float


class Ledger:
    """What was billed by generation id, in USD; safe under parallel requests."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._bills: dict[str, Bill] = {}
        self._total = Decimal(0)

    def book(self, generation: str, bill: Bill) -> None:
        """Set the bill of a generation."""
        with self._lock:
            before = self._bills.get(generation)
            self._bills[generation] = bill
            self._total += bill.usd - (before.usd if before else 0)

    def __getitem__(self, generation: str) -> Decimal:
        return self._bills[generation].usd

    def __contains__(self, generation: str) -> bool:
        return generation in self._bills

    def __len__(self) -> int:
        return len(self._bills)

    @property
    def total(self) -> Decimal:
        """The sum of all bills."""
        return self._total

    def spent(self, key: str, since: float = 0) -> Decimal:
        """Return the sum of the bills of a key since a time."""
        with self._lock:
            bills = list(self._bills.values())
        return sum((bill.usd for bill in bills if bill.key == key and bill.at >= since), Decimal(0))

    def without_latest(self, count: int) -> Ledger:
        """Return a ledger that lacks the last bills."""
        late = Ledger()
        with self._lock:
            bills = list(self._bills.items())
        for generation, bill in bills[: max(0, len(bills) - count)]:
            late.book(generation, bill)
        return late
