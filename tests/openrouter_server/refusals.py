"""Error replies with OpenRouter's own words."""

from __future__ import annotations

import time
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


def daily_limit(reset_ms: int) -> Refuse:
    """All free requests of the day are used up until `reset_ms`, milliseconds since 1970."""
    limits = {
        "X-RateLimit-Limit": "50",
        "X-RateLimit-Remaining": "0",
        "X-RateLimit-Reset": str(reset_ms),
    }
    return refuse(
        429,
        "Rate limit exceeded: free-models-per-day. Add 10 credits to unlock 1000 free model"
        " requests per day",
        limits,
        headers=limits,
        limit_source="openrouter_free_tier_daily",
    )


def no_credits(asked: int = 8192, affordable: int = 1848) -> Refuse:
    """The balance does not cover the largest possible reply."""
    return refuse(
        402,
        f"This request requires more credits, or fewer max_tokens. You requested up to {asked}"
        f" tokens, but can only afford {affordable}. To increase, visit"
        " https://openrouter.ai/settings/credits and add more credits",
        limit_source="openrouter_credits",
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


def key_limit() -> Refuse:
    """The key's own limit is reached."""
    return refuse(
        403,
        "Key limit exceeded (daily limit). Manage it using https://openrouter.ai/settings/keys",
        limit_source="openrouter_key_limit",
    )


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


def no_endpoint(step: str = "Filter by Max Price") -> Refuse:
    """No provider is left after the request's own filters."""
    return refuse(
        404,
        "No endpoints found that can handle the requested parameters.",
        routing_funnel=[{"step": "All endpoints", "endpoint_count": 3}],
        failed_routing_step=step,
    )


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
