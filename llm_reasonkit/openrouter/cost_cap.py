"""`max_cost_per_request` for a call by itself, outside of runs, which keep a budget."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import reduce
from typing import Any

from llm_reasonkit.errors import LimitError, UsageError
from llm_reasonkit.openrouter import catalogue
from llm_reasonkit.openrouter.ids import own_folder
from llm_reasonkit.openrouter.json_values import JsonSource
from llm_reasonkit.openrouter.options import PriceKind, lower_prices
from llm_reasonkit.openrouter.pricing import dearest, has_fees, has_paid_tools
from llm_reasonkit.reasoning.limits import LARGEST_IMAGE, Price, dearer, most_tokens_of

# Tokens; if a reply has to be shorter, its prompt is not worth paying for.
LEAST_REPLY = 256
_WAY_OUT = "raise max_cost_per_request, or take it out (where it is: llm reasonkit config show)"
_UNBOUNDED = 10**9


async def within_cap(
    body: dict[str, Any], most: Decimal, source: JsonSource
) -> tuple[dict[str, Any], Callable[[], bool]]:
    """Return a request that costs `most` USD at most, and what tells whether to repeat it.

    source: asked for the catalogue where the cached one lacks a model. Raises what `hold` raises,
    CallError where the catalogue cannot be fetched.
    """
    known = catalogue.load(own_folder())
    if not all(map(known.get, _models_of(body))):
        known = await catalogue.refresh(own_folder(), source)
    held, tries = hold(body, most, known)
    spare = iter(range(1, tries))
    return held, lambda: next(spare, None) is not None


def hold(
    body: dict[str, Any], most: Decimal, known: catalogue.Catalogue
) -> tuple[dict[str, Any], int]:
    """Bound a request to `most` USD; also return how often it can be billed within that.

    Reckoned with a token for each byte of the prompt and the dearest of the catalogue's prices, to
    which OpenRouter is held; the reply may be as long as can be paid for. Raises UsageError where
    nobody knows what the call costs, LimitError where it costs more.
    """
    ids = _models_of(body)
    rows = [row for row in map(known.get, ids) if row is not None]
    price = None
    if len(rows) == len(ids) and not (has_paid_tools(body) or any(map(has_fees, ids))):
        price = reduce(dearer, (dearest(row.pricing) for row in rows))
    if price is None:
        raise UsageError(
            f"nobody knows what {', '.join(ids)} may cost, so max_cost_per_request cannot hold: "
            f"name another model, {_WAY_OUT}"
        )
    if price.is_free:
        return body, _UNBOUNDED
    prompt = most_prompt_tokens(body)
    left = most - price.at_most(prompt, 0)
    wanted = body.get("max_tokens") or max(row.context_length or _UNBOUNDED for row in rows)
    payable = int(left // price.completion) if price.completion else wanted
    if left < 0 or payable < min(wanted, LEAST_REPLY):
        usd = price.at_most(prompt, min(wanted, LEAST_REPLY))
        raise LimitError(
            f"max_cost_per_request is ${most:f} and this call may cost ${usd.normalize():f}: its "
            f"prompt may have {prompt:,} tokens, one for each byte. Shorten it, name a cheaper "
            f"model, {_WAY_OUT}"
        )
    reply = min(payable, wanted)
    held = {**body, "provider": _held_to(price, body.get("provider") or {})}
    if reply < wanted:
        # More than a model can write some providers refuse.
        reply = held["max_tokens"] = min(reply, rows[0].max_output or reply)
    return held, int(most // price.at_most(prompt, reply))


def most_prompt_tokens(body: Mapping[str, Any]) -> int:
    """Return how many tokens a request can have at most before its reply."""
    attached = [
        part
        for message in body["messages"]
        if isinstance(message["content"], list)
        for part in message["content"]
        if part["type"] != "text"
    ]
    return _bytes(body) + sum(_most_tokens_of(part) - _bytes(part) for part in attached)


def _most_tokens_of(part: Mapping[str, Any]) -> int:
    if part["type"] == "image_url":
        return LARGEST_IMAGE
    # What the provider fetches may be of any size.
    is_fetched = not part.get("file", {}).get("file_data", "data:").startswith("data:")
    return _UNBOUNDED if is_fetched else _bytes(part)


def _bytes(value: object) -> int:
    return most_tokens_of(json.dumps(value, ensure_ascii=False, default=str))


def _models_of(body: Mapping[str, Any]) -> list[str]:
    return [body["model"], *body.get("models", ())]


def _held_to(price: Price, preferences: Mapping[str, Any]) -> dict[str, Any]:
    """Add the prices, in USD per million tokens, to what is asked of OpenRouter's routing."""
    ours: dict[PriceKind, str] = {
        "prompt": format((price.prompt * 10**6).normalize(), "f"),
        "completion": format((price.completion * 10**6).normalize(), "f"),
    }
    return {**preferences, "max_price": lower_prices(ours, preferences.get("max_price") or {})}
