"""What OpenRouter's errors mean, and the command or setting that helps. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

_OTHERS = (
    "take another model, or name some to fall back on (llm think --fallback a,b, plain llm"
    " -o models a,b)"
)
_FASTER = "ask for a fast provider (-o route lowest-latency)"
_ADD_CREDITS = "Add credits at https://openrouter.ai/settings/credits"
_FREE_ONES = "take a :free model (llm providers search openrouter --free)"


@dataclass(frozen=True, slots=True)
class Kind:
    """What one group of errors means for the user and for the bill."""

    code: str
    meaning: str
    remedy: str
    free: bool = True


BAD_REQUEST = Kind(
    "bad_request",
    "OpenRouter refused the request",
    "Change what it names (all options: llm models -m MODEL --options)",
)
PROVIDER_REFUSED = Kind(
    "bad_request",
    "The model's provider does not take the request as it is",
    f"Change what it names, or {_OTHERS}",
)
MUST_REASON = Kind(
    "bad_request",
    "The model cannot be told not to reason",
    "Leave out -o reasoning_effort none, or take another model",
)
CONTEXT = Kind(
    "context_exceeded",
    "Prompt and reply do not fit into the model's context",
    "Give it less, lower -o max_tokens, or take a model that reads more"
    " (llm providers search openrouter --context TOKENS)",
)
TOO_LARGE = Kind(
    "bad_request", "The request is too large", "Give it less text, or smaller attachments"
)
NOT_FOUND = Kind(
    "model_not_found",
    "OpenRouter has no such model",
    "Look for the right id with: llm providers search openrouter WORD",
)
AUTH = Kind(
    "auth",
    "OpenRouter does not accept the key",
    "Get a valid one at https://openrouter.ai/keys, then: llm keys set openrouter",
)
MANAGEMENT_KEY = Kind(
    "auth",
    "The key is for managing other keys, not for asking models",
    "Make an ordinary one at https://openrouter.ai/keys, then: llm keys set openrouter",
)
NO_CREDITS = Kind(
    "no_credits", "There is not enough credit for this request", f"{_ADD_CREDITS}, or {_FREE_ONES}"
)
TOO_DEAR = replace(
    NO_CREDITS, remedy=f"{_ADD_CREDITS}, allow a shorter reply (-o max_tokens N), or {_FREE_ONES}"
)
KEY_LIMIT = Kind(
    "no_credits",
    "The spending limit of your key is reached",
    "Raise it at https://openrouter.ai/settings/keys, or set another key: llm keys set openrouter",
)
TOO_HEAVY = Kind(
    "no_credits",
    "This request alone may cost more than your credit lets run at a time",
    f"Allow a shorter reply (-o max_tokens N), or {_ADD_CREDITS[0].lower()}{_ADD_CREDITS[1:]}",
)
IN_FLIGHT = Kind(
    "rate_limited",
    "Requests that still run hold the rest of your credit",
    "Wait for them, allow shorter replies (-o max_tokens N), or add credits at"
    " https://openrouter.ai/settings/credits",
)
FORBIDDEN = Kind(
    "refused",
    "OpenRouter does not allow this request",
    f"See the settings of your account at https://openrouter.ai/settings, or {_OTHERS}",
)
GUARDRAIL = Kind(
    "refused",
    "A guardrail of your account blocks the request",
    "Rephrase it, or change the guardrail at https://openrouter.ai/workspaces/default/guardrails",
)
MODERATED = Kind("moderated", "The input was flagged by moderation", f"Rephrase it, or {_OTHERS}")
NO_PROVIDER = Kind(
    "unavailable",
    "No provider of this model may serve the request",
    "Ask for less in -o provider, or see https://openrouter.ai/settings/privacy",
)
DAILY = Kind(
    "daily_limit",
    "Today's free requests are used up",
    "Wait for the reset, or take a model without :free",
)
BUSY = Kind(
    "rate_limited",
    "Requests come faster than OpenRouter allows",
    "Set requests_per_minute under [providers.openrouter] (llm reasonkit config init), or"
    f" {_OTHERS}",
)
PROVIDER_BUSY = Kind(
    "rate_limited",
    "The model's provider has no room now",
    f"Wait a little, or {_OTHERS}",
)
ADMISSION = Kind(
    "rate_limited", "OpenRouter was too slow to look up your credit", "Try again in a little while"
)
TIMEOUT = Kind(
    "timeout",
    "The model did not answer in time",
    f"Try again, {_FASTER}, or take a faster model (llm providers recommend)",
    free=False,
)
SERVER = Kind("server", "The model's provider failed", f"Try again, or {_OTHERS}")
OVERLOADED = replace(SERVER, meaning="The model is not available at the moment")

_BY_STATUS: Mapping[int, Kind] = {
    400: BAD_REQUEST,
    401: AUTH,
    402: NO_CREDITS,
    403: FORBIDDEN,
    404: NO_PROVIDER,
    408: TIMEOUT,
    413: TOO_LARGE,
    429: BUSY,
    503: OVERLOADED,
    504: TIMEOUT,
    524: TIMEOUT,
    529: OVERLOADED,
}
_BY_REASON = {"in_flight_budget_exhausted": IN_FLIGHT, "weight_exceeds_budget": TOO_HEAVY}
_BY_TYPE = {
    "context_length_exceeded": CONTEXT,
    "content_policy_violation": MODERATED,
    "refusal": MODERATED,
}
# The first that is found in the words, in lower case, decides.
_BY_WORDS: tuple[tuple[int, str, Kind], ...] = (
    (400, r"not a valid model|no models provided", NOT_FOUND),
    (400, r"maximum context length|context_length_exceeded", CONTEXT),
    (400, r"reasoning is mandatory", MUST_REASON),
    (402, r"can only afford [1-9]", TOO_DEAR),
    (403, r"management key", MANAGEMENT_KEY),
    (403, r"requires moderation|flagged", MODERATED),
    (403, r"request blocked", GUARDRAIL),
    (404, r"no endpoints found for \S+$|deprecated", NOT_FOUND),
    (429, r"-per-day", DAILY),
)
# What took the last provider of a model, by the step that OpenRouter names or by its words; the
# first that is found decides.
_WITHOUT_PROVIDERS: Mapping[str, str] = {
    r"guardrail": "Change the guardrail at https://openrouter.ai/workspaces/default/guardrails",
    r"data policy": "Allow such providers at https://openrouter.ai/settings/privacy, or leave"
    " data_collection and zdr out of -o provider",
    r"max.price": "Raise -o max_price; where none was given, renew the prices:"
    " llm providers search openrouter WORD --refresh",
    r"tool": "Take a model that can use tools: llm providers search openrouter --supports tools",
    r"image": "Take a model that takes images: llm providers search openrouter --supports images",
    r"allowed providers": "Change only, order or ignore in -o provider, or your account's lists at"
    " https://openrouter.ai/settings/preferences",
    r"parameters": "Leave require_parameters out of -o provider, or take a model that supports"
    " what is asked for: llm providers search openrouter --supports schema",
}


def kind_of(status: int, words: str, metadata: Mapping[str, Any]) -> Kind:
    """Return what an error is about.

    words: as shown to the user. metadata: of the error, any part of which may be missing.
    """
    said = words.lower().rstrip(".")
    source = str(metadata.get("limit_source"))
    by_word = (kind for at, words, kind in _BY_WORDS if at == status and re.search(words, said))
    if kind := _BY_REASON.get(str(metadata.get("reason"))):
        return kind
    if source == "openrouter_key_limit" or (status == 403 and "key limit exceeded" in said):
        return KEY_LIMIT
    if source == "openrouter_free_tier_daily":
        return DAILY
    if source == "openrouter_admission_control":
        return ADMISSION
    if status < 500 and (kind := _BY_TYPE.get(str(metadata.get("error_type")))):
        return kind
    if kind := next(by_word, None):
        return kind
    if status == 403 and "flagged_input" in metadata:
        return MODERATED
    if status == 404:
        return _without_provider(f"{metadata.get('failed_routing_step')} {said}".lower())
    if "raw" in metadata and status in (400, 422, 429):
        return PROVIDER_BUSY if status == 429 else PROVIDER_REFUSED
    return _BY_STATUS.get(status) or (SERVER if status >= 500 else BAD_REQUEST)


def _without_provider(said: str) -> Kind:
    remedies = (remedy for words, remedy in _WITHOUT_PROVIDERS.items() if re.search(words, said))
    return replace(NO_PROVIDER, remedy=next(remedies, NO_PROVIDER.remedy))


def remedy_for(kind: Kind, words: str, model: str) -> str:
    """Return the remedy with what the error itself tells put into it: numbers and the model."""
    remedy = kind.remedy
    if affordable := re.search(r"can only afford (\d+)", words):
        remedy = remedy.replace("max_tokens N", f"max_tokens {affordable[1]}")
    if wanted := re.search(r"requested about (\d+) tokens", words):
        remedy = remedy.replace("TOKENS", wanted[1])
    # What was asked for may be a path of the server's.
    return remedy.replace("MODEL", f"openrouter/{model}") if "/" in model else remedy
