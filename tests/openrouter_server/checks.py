"""The checks that OpenRouter makes before a request reaches a provider."""

from __future__ import annotations

import json
from typing import Any

from . import models
from .behaviours import Refuse
from .refusals import refuse

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


def check_key(authorization: str, known: set[str]) -> Refuse | None:
    """Refuse a missing or unknown key."""
    if not authorization:
        return refuse(401, "No cookie auth credentials found")
    if authorization.removeprefix("Bearer ") not in known:
        return refuse(401, "User not found.")
    return None


def read_body(raw: bytes) -> dict[str, Any] | Refuse:
    """Decode a request body."""
    try:
        body = json.loads(raw)
    except ValueError:
        return refuse(400, "Input must have at least 1 token.")
    if not isinstance(body, dict) or not (body.get("messages") or body.get("prompt")):
        return refuse(400, 'Input required: specify "prompt" or "messages"')
    return body


def check_request(body: dict[str, Any]) -> Refuse | None:
    """Refuse what no provider would be asked."""
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
    row = models.find((asked + fallbacks)[0])
    assert row is not None
    return _check_model(body, row)


def _check_model(body: dict[str, Any], row: dict[str, Any]) -> Refuse | None:
    supported = set(row["supported_parameters"])
    reasoning = body.get("reasoning") or {}
    if row.get("reasoning", {}).get("mandatory") and (
        reasoning.get("effort") == "none" or reasoning.get("enabled") is False
    ):
        return refuse(400, "Reasoning is mandatory for this endpoint and cannot be disabled.")
    if body.get("tools") and "tools" not in supported:
        return refuse(404, "No endpoints found that support tool use.")
    if _has_image(body) and "image" not in row["architecture"]["input_modalities"]:
        return refuse(404, "No endpoints found that support image input")
    wants_all = (body.get("provider") or {}).get("require_parameters")
    if wants_all and "response_format" in body and "structured_outputs" not in supported:
        return refuse(404, "No endpoints found that can handle the requested parameters.")
    return None


def _has_image(body: dict[str, Any]) -> bool:
    contents = (message.get("content") for message in body.get("messages") or ())
    return any(
        part.get("type") == "image_url"
        for content in contents
        if isinstance(content, list)
        for part in content
    )
