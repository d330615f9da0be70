"""The checks that OpenRouter makes before a request reaches a provider."""

from __future__ import annotations

import json
from typing import Any

from . import billing, models
from .behaviours import Refuse
from .refusals import provider_refuses, refuse, too_long

_PREFERENCES = {
    "order",
    "only",
    "ignore",
    "allow_fallbacks",
    "require_parameters",
    "data_collection",
    "zdr",
    "enforce_distillable_text",
    "quantizations",
    "sort",
    "max_price",
    "preferred_min_throughput",
    "preferred_max_latency",
    "options",
}
_COMPRESSED_BY_DEFAULT = 8192
_INPUTS = ("messages", "prompt", "input")


def check_key(authorization: str, known: set[str]) -> Refuse | None:
    """Refuse a missing or unknown key."""
    if not authorization:
        return refuse(401, "No cookie auth credentials found")
    if key_of(authorization) not in known:
        return refuse(401, "User not found.")
    return None


def key_of(authorization: str) -> str:
    """Return the key in the header of that name."""
    return authorization.removeprefix("Bearer ")


def read_body(raw: bytes) -> dict[str, Any] | Refuse:
    """Decode a request body."""
    try:
        body = json.loads(raw)
    except ValueError:
        return refuse(400, "Input must have at least 1 token.")
    if not isinstance(body, dict) or not any(body.get(name) for name in _INPUTS):
        return refuse(400, 'Input required: specify "prompt" or "messages"')
    return body


def check_request(body: dict[str, Any]) -> Refuse | None:
    """Refuse what is wrong whichever model would answer; none of it counts against a limit."""
    fallbacks = body.get("models") or []
    if len(fallbacks) > 3:
        return refuse(400, "'models' array must have 3 items or fewer.")
    unknown = set(body.get("provider") or {}) - _PREFERENCES
    if unknown:
        names = ", ".join(f"'{name}'" for name in sorted(unknown))
        return refuse(400, f"Unrecognized key(s) in object: {names}")
    asked = [body["model"]] if body.get("model") else []
    if not asked + fallbacks:
        return refuse(400, "No models provided")
    for model_id in asked + fallbacks:
        if models.find(model_id) is None:
            if models.has_base(model_id):
                return refuse(404, f"No endpoints found for {model_id}.")
            return refuse(400, f"{model_id} is not a valid model ID")
    return None


def check_model(body: dict[str, Any], row: dict[str, Any], minimum: int | None) -> Refuse | None:
    """Refuse what this model cannot do.

    minimum: the fewest tokens that its providers let a reply be limited to.
    """
    reasoning = body.get("reasoning") or {}
    if row.get("reasoning", {}).get("mandatory") and (
        reasoning.get("effort") == "none" or reasoning.get("enabled") is False
    ):
        return refuse(400, "Reasoning is mandatory for this endpoint and cannot be disabled.")
    limit = body.get("max_tokens")
    if minimum and limit and limit < minimum:
        said = (
            "Invalid 'max_output_tokens': integer below minimum value."
            f" Expected a value >= {minimum}, but got {limit} instead."
        )
        return provider_refuses(json.dumps({"error": {"message": said}}))
    return None


def check_context(body: dict[str, Any], row: dict[str, Any]) -> Refuse | None:
    """Refuse what is longer than the model's context, unless it is to be compressed."""
    text, tools = billing.prompt_tokens(body)
    output = body.get("max_tokens") or 0
    limit = row["context_length"]
    if _compresses(body, row) or text + tools + output <= limit:
        return None
    return too_long(limit, text, tools, output)


def prompt_after_compression(body: dict[str, Any], row: dict[str, Any]) -> int:
    """Return the tokens of the prompt as the model gets it."""
    prompt = sum(billing.prompt_tokens(body))
    room = row["context_length"] - (body.get("max_tokens") or 0)
    return min(prompt, max(1, room)) if _compresses(body, row) else prompt


def _compresses(body: dict[str, Any], row: dict[str, Any]) -> bool:
    """Whether the middle of a prompt that is too long is left out: as asked, or for small ones."""
    if "transforms" in body:
        return "middle-out" in body["transforms"]
    plugins = {plugin.get("id"): plugin for plugin in body.get("plugins") or ()}
    plugin = plugins.get("context-compression")
    if plugin is not None:
        return bool(plugin.get("enabled", True))
    return bool(row["context_length"] <= _COMPRESSED_BY_DEFAULT)
