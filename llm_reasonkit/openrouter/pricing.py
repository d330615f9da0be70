"""What a reply costs by the catalogue's prices, where no bill came. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from llm_reasonkit.reasoning.limits import Price

if TYPE_CHECKING:
    from llm_reasonkit.openrouter.events import Usage

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def is_free_variant(model_id: str) -> bool:
    """Whether OpenRouter never bills this model."""
    is_free = "free" in model_id.split(":")[1:] or model_id.removesuffix("/free") == "openrouter"
    return is_free and not has_fees(model_id)


def has_fees(model_id: str) -> bool:
    """Whether a reply may cost more than its tokens: it searches the web, or a preset decides."""
    return "online" in model_id.split(":")[1:] or "@preset/" in model_id


def has_paid_tools(body: Mapping[str, Any]) -> bool:
    """Whether OpenRouter's own tools may be used, which cost something on free models, too."""
    return any(tool["type"] != "function" for tool in body.get("tools", ()))


def price(pricing: Mapping[str, Any], name: str) -> Decimal | None:
    """Return one price in USD per token or unit; None where it is unknown.

    A price that is not listed is 0, one below 0 means that it depends on the request.
    """
    try:
        value = Decimal(str(pricing.get(name) or 0))
    except InvalidOperation:
        return None
    return value if value.is_finite() and value >= 0 else None


def cost_from_usage(
    pricing: Mapping[str, Any], usage: Usage, at: datetime | None
) -> Decimal | None:
    """Compute what `usage` costs in USD; None where a price or a count is not known.

    at: time of the request in UTC, for prices that change with the hour; None where unknown.
    """
    if usage.input is None or usage.output is None:
        return None
    prices = _prices_for(pricing, usage.input, at)
    cached, written = usage.cached or 0, usage.cache_written or 0
    # Without a price of its own a cached token costs what any other does.
    rows = (
        ("prompt", max(0, usage.input - cached - written)),
        ("input_cache_read" if "input_cache_read" in prices else "prompt", cached),
        ("input_cache_write" if "input_cache_write" in prices else "prompt", written),
        # Reasoning tokens are output tokens: `internal_reasoning` must not be added to them.
        ("completion", usage.output),
        ("request", 1),
    )
    total = Decimal(0)
    for name, count in rows:
        each = price(prices, name)
        if each is None:
            return None
        total += each * count
    return total


def dearest(pricing: Mapping[str, Any]) -> Price | None:
    """Return the most that a model can cost by its prices, whatever the hour and the length.

    None where a price is not known.
    """
    if "prompt" not in pricing or "completion" not in pricing:
        return None
    rows = [pricing, *({**pricing, **override} for override in pricing.get("overrides") or ())]
    # A provider may charge for writing the prompt into its cache, without being asked to.
    prompt = _largest(rows, "prompt", "input_cache_write")
    completion, request = _largest(rows, "completion"), _largest(rows, "request")
    if prompt is None or completion is None or request is None:
        return None
    return Price(prompt=prompt, completion=completion, request=request)


def _largest(rows: Sequence[Mapping[str, Any]], *names: str) -> Decimal | None:
    prices = [price(row, name) for row in rows for name in names]
    known = [each for each in prices if each is not None]
    return max(known) if len(known) == len(prices) else None


def _prices_for(
    pricing: Mapping[str, Any], prompt_tokens: int, at: datetime | None
) -> Mapping[str, Any]:
    """Apply the overrides that hold for this request; later ones win."""
    prices = dict(pricing)
    overrides = prices.pop("overrides", None) or ()
    for override in overrides:
        if _applies(override, prompt_tokens, at):
            prices.update(override)
    return prices


def _applies(override: Mapping[str, Any], prompt_tokens: int, at: datetime | None) -> bool:
    least, days = override.get("min_prompt_tokens"), override.get("utc_days")
    start, end = override.get("utc_start"), override.get("utc_end")
    if least is not None and prompt_tokens <= least:
        return False
    if start is None and end is None and days is None:
        return True
    if at is None or (days is not None and _DAYS[at.weekday()] not in days):
        return False
    # Clock times are numbers: 1030 is 10:30.
    now, start, end = at.hour * 100 + at.minute, int(start or 0), int(end or 2400)
    return start <= now < end if start <= end else now >= start or now < end
