"""Error replies with OpenRouter's own words."""

from __future__ import annotations

import time
from collections.abc import Sequence
from email.utils import formatdate
from typing import Any, Literal

from .behaviours import Refuse

Hint = Literal["seconds", "date"]


def refuse(
    status: int, message: str, headers: dict[str, str] | None = None, /, **meta: Any
) -> Refuse:
    """Build the usual error body; `meta` is what its metadata hold, `headers` among them."""
    error: dict[str, Any] = {"message": message, "code": status}
    if meta:
        error["metadata"] = meta
    return Refuse(status, error, headers or {})


def retry_after(seconds: float, form: Hint = "seconds") -> dict[str, str]:
    """Build the header in either of its forms; a date has whole seconds."""
    value = f"{seconds:g}" if form == "seconds" else formatdate(time.time() + seconds, usegmt=True)
    return {"Retry-After": value}


def rate_limited(seconds: float | None = None, form: Hint = "seconds") -> Refuse:
    """Too many requests a minute, with or without a hint."""
    words = "Rate limit exceeded: free-models-per-min."
    return refuse(429, words, retry_after(seconds, form) if seconds is not None else None)


def over_limit(words: str, limit: int, reset: float) -> Refuse:
    """One of OpenRouter's own limits, until `reset`, in seconds since 1970."""
    headers = _limits(limit, round(reset * 1000))
    return refuse(429, f"Rate limit exceeded: {words}", headers, headers=headers)


def _limits(limit: int, reset_ms: int) -> dict[str, str]:
    return {
        "X-RateLimit-Limit": str(limit),
        "X-RateLimit-Remaining": "0",
        "X-RateLimit-Reset": str(reset_ms),
    }


def admission_control(seconds: float) -> Refuse:
    """OpenRouter was too slow to look up the balance."""
    return refuse(
        429,
        "OpenRouter could not verify available credits for this request in time.",
        retry_after(seconds),
        limit_source="openrouter_admission_control",
    )


def upstream_rate_limited(
    header: float | None = None, metadata: float | None = None, *, is_byok: bool = False
) -> Refuse:
    """The provider's limit; the hint is in a header, in the metadata, or missing."""
    meta: dict[str, Any] = {
        "raw": "acme/small is temporarily rate-limited upstream. Please retry shortly",
        "provider_name": "Acme Cloud",
        "is_byok": is_byok,
    }
    if metadata is not None:
        meta["retry_after_seconds"] = metadata
    headers = retry_after(header) if header is not None else None
    return refuse(429, "Provider returned error", headers, **meta)


def daily_limit(reset_ms: int, allowance: int = 50) -> Refuse:
    """All free requests of the day are used up until `reset_ms`, milliseconds since 1970."""
    limits = _limits(allowance, reset_ms)
    words = "free-models-per-day. Add 10 credits to unlock 1000 free model requests per day"
    return refuse(
        429,
        f"Rate limit exceeded: {'free-models-per-day-high-balance.' if allowance > 50 else words}",
        limits,
        headers=limits,
        limit_source="openrouter_free_tier_daily",
    )


def no_credits(
    asked: int = 8192, affordable: int = 1848, source: str = "openrouter_credits"
) -> Refuse:
    """The balance, or what the key may spend of it, does not cover the largest possible reply."""
    return refuse(
        402,
        f"This request requires more credits, or fewer max_tokens. You requested up to {asked}"
        f" tokens, but can only afford {affordable}. To increase, visit"
        " https://openrouter.ai/settings/credits and add more credits",
        limit_source=source,
    )


def negative_balance() -> Refuse:
    """More was spent than bought; not even free models answer."""
    return refuse(402, "Insufficient credits. Add more using https://openrouter.ai/credits")


def never_purchased() -> Refuse:
    """Nothing was ever bought."""
    return refuse(
        402,
        "Insufficient credits. This account never purchased credits. Make sure your key is on the"
        " correct account or org, and if so, purchase more at"
        " https://openrouter.ai/settings/credits",
    )


def in_flight(seconds: float) -> Refuse:
    """Requests that still run hold the rest of the balance."""
    return refuse(
        402,
        "This request would exceed your available credits given your current in-flight requests.",
        retry_after(seconds),
        reason="in_flight_budget_exhausted",
        limit_source="openrouter_in_flight_budget",
    )


def weight_exceeds_budget() -> Refuse:
    """The request alone is more than may run at a time."""
    return refuse(
        402,
        "This request would exceed your available credits given your current in-flight requests.",
        reason="weight_exceeds_budget",
        limit_source="openrouter_in_flight_budget",
    )


def key_limit(period: str = "daily") -> Refuse:
    """The key's own limit is reached."""
    return refuse(
        403,
        f"Key limit exceeded ({period} limit). Manage it using https://openrouter.ai/settings/keys",
        limit_source="openrouter_key_limit",
    )


def management_key() -> Refuse:
    """A key that manages others does no inference; the words are not on record."""
    return refuse(403, "Management keys cannot be used for inference")


def management_only() -> Refuse:
    """An ordinary key does not manage."""
    return refuse(403, "Only management keys can perform this operation")


def moderated(model: str = "acme/small") -> Refuse:
    """The input was flagged."""
    return refuse(
        403,
        f'{model} requires moderation on Acme Cloud. Your input was flagged for "violence".'
        " No credits were charged.",
        reasons=["violence"],
        flagged_input="how to…",
        provider_name="Acme Cloud",
        model_slug=model,
    )


def guardrail() -> Refuse:
    """A guardrail of the account blocks what is asked."""
    return refuse(403, "Request blocked: prompt injection patterns detected")


def no_endpoint(
    step: str = "Filter by Max Price",
    words: str = "No endpoints found that can handle the requested parameters.",
    funnel: Sequence[tuple[str, int]] = (("All endpoints", 3),),
) -> Refuse:
    """No provider is left after the request's own filters, of which `step` took the last ones."""
    counts = [{"step": name, "endpoint_count": count} for name, count in funnel]
    return refuse(404, words, routing_funnel=counts, failed_routing_step=step)


def too_long(limit: int, text: int, tools: int, output: int) -> Refuse:
    """Prompt and reply do not fit into the model's context; all in tokens."""
    parts = [f"{text} of text input"]
    parts += [f"{tools} of tool input"] if tools else []
    parts += [f"{output} in the output"] if output else []
    return refuse(
        400,
        f"This endpoint's maximum context length is {limit} tokens. However, you requested about"
        f" {text + tools + output} tokens ({', '.join(parts)}). Please reduce the length of either"
        " one, or use the context-compression plugin to compress your prompt automatically.",
        provider_name=None,
    )


def provider_refuses(raw: str, code: int = 400) -> Refuse:
    """The provider does not take the request as it is; its words are JSON in a string."""
    return refuse(code, "Provider returned error", raw=raw, provider_name="Acme Cloud")


def bad_gateway(raw: str | None = '{"error":{"message":"upstream exploded"}}') -> Refuse:
    """The provider failed; its words are JSON in a string, or missing."""
    meta = {"raw": raw, "provider_name": "Acme Cloud"} if raw else {}
    return refuse(502, "Provider returned error", **meta)


def overloaded(seconds: float | None = None) -> Refuse:
    """No provider has room."""
    headers = retry_after(seconds) if seconds is not None else None
    return refuse(503, "Service temporarily overloaded", headers)


def web_page(status: int = 524) -> Refuse:
    """A page of the network in front of OpenRouter."""
    body = f"<!DOCTYPE html><html><head><title>openrouter.ai | {status}: A timeout</title></html>"
    return Refuse(status, body=body.encode(), content_type="text/html")
