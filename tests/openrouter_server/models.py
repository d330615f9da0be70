"""The models this server has, with prices that make sums easy to check."""

from __future__ import annotations

from typing import Any

_ALL = "temperature top_p top_k min_p seed stop max_tokens frequency_penalty presence_penalty"
_TOOLS = "tools tool_choice"
_SCHEMA = "response_format structured_outputs"


def row(
    model_id: str,
    name: str,
    prompt: str,
    completion: str,
    parameters: str,
    *,
    slug: str | None = None,
    inputs: tuple[str, ...] = ("text",),
    context: int = 128_000,
    max_output: int | None = 16_384,
    **more: Any,
) -> dict[str, Any]:
    """Build a row of the catalogue; prices are USD per token."""
    prices = more.pop("prices", {})
    return {
        "id": model_id,
        "canonical_slug": slug or model_id,
        "name": name,
        "created": 1_760_000_000,
        "description": f"{name}, as played by this server.",
        "context_length": context,
        "architecture": {
            "modality": "text->text",
            "input_modalities": list(inputs),
            "output_modalities": ["text"],
            "tokenizer": "Other",
            "instruct_type": None,
        },
        "pricing": {"prompt": prompt, "completion": completion, **prices},
        "top_provider": {
            "context_length": context,
            "max_completion_tokens": max_output,
            "is_moderated": False,
        },
        "per_request_limits": None,
        "supported_parameters": parameters.split(),
        "default_parameters": {},
        **more,
    }


MODELS: dict[str, dict[str, Any]] = {
    each["id"]: each
    for each in (
        row(
            "acme/small",
            "Acme: Small",
            "0.0000001",
            "0.0000004",
            f"{_ALL} {_TOOLS} {_SCHEMA}",
            slug="acme/small-2026-01-15",
            inputs=("text", "image", "file", "audio"),
            prices={"input_cache_read": "0.00000001"},
        ),
        row(
            "acme/small:free",
            "Acme: Small (free)",
            "0",
            "0",
            f"{_ALL} {_TOOLS}",
            slug="acme/small-2026-01-15",
        ),
        row(
            "acme/thinker",
            "Acme: Thinker",
            "0.000003",
            "0.000015",
            f"{_ALL} {_TOOLS} {_SCHEMA} reasoning include_reasoning reasoning_effort",
            inputs=("text", "image"),
            prices={
                "input_cache_read": "0.0000003",
                "input_cache_write": "0.00000375",
                "overrides": [
                    {"min_prompt_tokens": 200_000, "prompt": "0.000006", "completion": "0.0000225"}
                ],
            },
            reasoning={"mandatory": True},
        ),
        row("acme/prose", "Acme: Prose", "0.0000002", "0.0000002", _ALL, max_output=None),
        row(
            "anthropic/claude-sonnet-4",
            "Anthropic: Claude Sonnet 4",
            "0.000003",
            "0.000015",
            f"{_ALL} {_TOOLS} {_SCHEMA} reasoning include_reasoning",
            slug="anthropic/claude-4-sonnet-20250522",
            inputs=("image", "text", "file"),
        ),
        row(
            "~acme/small-latest",
            "Acme: Small Latest",
            "0.0000001",
            "0.0000004",
            f"{_ALL} {_TOOLS} {_SCHEMA}",
            alias_target={"name": "Acme: Small", "slug": "acme/small"},
        ),
        row("openrouter/auto", "Auto Router", "-1", "-1", f"{_ALL} {_TOOLS} {_SCHEMA}"),
    )
}
PRESETS = {"brief": "acme/small"}
"""Models by the presets that name them."""
_ROUTERS = {"openrouter/auto": "acme/small", "openrouter/free": "acme/small:free"}
_ROUTING_SUFFIXES = {"nitro", "floor", "exacto", "online"}


def find(model_id: str) -> dict[str, Any] | None:
    """Return the row that serves `model_id`."""
    base, at, preset = model_id.partition("@preset/")
    if at and preset not in PRESETS:
        return None
    base, *suffixes = (base or PRESETS.get(preset, "")).split(":")
    name = ":".join([base, *(s for s in suffixes if s not in _ROUTING_SUFFIXES)])
    row = MODELS.get(_ROUTERS.get(name, name))
    if row and "alias_target" in row:
        return MODELS[row["alias_target"]["slug"]]
    return row


def served_name(row: dict[str, Any]) -> str:
    """Return the name under which replies of a model come: dated, with the variant it is."""
    _, colon, variant = str(row["id"]).partition(":")
    return f"{row['canonical_slug']}{colon}{variant}"


def has_base(model_id: str) -> bool:
    """Whether the model exists apart from the variant asked for."""
    return model_id.split(":")[0] in MODELS
