"""OpenRouter's rules for the request fields that this package sends.

Types, ranges and words as its OpenAPI document has them (version 1.0.0), kept as a JSON Schema.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Schema = dict[str, Any]


def _closed(required: Mapping[str, Schema], optional: Mapping[str, Schema] | None = None) -> Schema:
    """An object with these keys and no others."""
    return {
        "type": "object",
        "properties": {**required, **(optional or {})},
        "required": list(required),
        "additionalProperties": False,
    }


def _several(items: Schema) -> Schema:
    return {"type": "array", "minItems": 1, "items": items}


_NUMBER = {"type": "number"}
_STRING = {"type": "string"}
_NAME = {"type": "string", "minLength": 1}
_BOOLEAN = {"type": "boolean"}
_OBJECT = {"type": "object"}
_POSITIVE = {"type": "integer", "minimum": 1}
_STRINGS = {"type": "array", "items": _STRING}

_TEXT_PART = _closed({"type": {"const": "text"}, "text": _STRING})
_IMAGE = _closed(
    {"url": {"type": "string", "pattern": "^(https?:|data:image/)"}},
    {"detail": {"enum": ["auto", "low", "high", "original"]}},
)
_IMAGE_PART = _closed({"type": {"const": "image_url"}, "image_url": _IMAGE})
_FILE = _closed(
    {}, {"filename": _STRING, "file_data": {"type": "string", "pattern": "^(https?:|data:)"}}
)
_FILE_PART = _closed({"type": {"const": "file"}, "file": _FILE})
_AUDIO = _closed({"data": _STRING, "format": {"enum": ["wav", "mp3"]}})
_AUDIO_PART = _closed({"type": {"const": "input_audio"}, "input_audio": _AUDIO})
_PART = {"anyOf": [_TEXT_PART, _IMAGE_PART, _FILE_PART, _AUDIO_PART]}
_CONTENT = {"anyOf": [_STRING, _several(_PART)]}
_CALL = _closed(
    {
        "id": _NAME,
        "type": {"const": "function"},
        "function": _closed({"name": _STRING, "arguments": _STRING}),
    }
)
_MESSAGE = {
    "anyOf": [
        _closed({"role": {"enum": ["system", "user"]}, "content": _CONTENT}),
        _closed(
            {"role": {"const": "assistant"}},
            {
                "content": {"anyOf": [_CONTENT, {"type": "null"}]},
                "tool_calls": _several(_CALL),
                "reasoning_details": {"type": "array", "items": _OBJECT},
            },
        ),
        _closed({"role": {"const": "tool"}, "tool_call_id": _NAME, "content": _STRING}),
    ]
}
_SORT = {"enum": ["price", "throughput", "latency", "exacto"]}
_PRICE = {"type": "string", "pattern": r"^\d+(\.\d+)?$"}
_PROVIDER = _closed(
    {},
    {
        "order": _STRINGS,
        "only": _STRINGS,
        "ignore": _STRINGS,
        "allow_fallbacks": _BOOLEAN,
        "require_parameters": _BOOLEAN,
        "data_collection": {"enum": ["allow", "deny"]},
        "quantizations": _STRINGS,
        "sort": {
            "anyOf": [_SORT, _closed({}, {"by": _SORT, "partition": {"enum": ["model", "none"]}})]
        },
        "max_price": _closed(
            {}, dict.fromkeys(("prompt", "completion", "request", "image", "audio"), _PRICE)
        ),
    },
)
_FORMAT = _closed(
    {
        "type": {"const": "json_schema"},
        "json_schema": _closed(
            {"name": {"type": "string", "pattern": "^[a-zA-Z0-9_-]{1,64}$"}},
            {"strict": _BOOLEAN, "schema": _OBJECT},
        ),
    }
)
_FUNCTION = _closed(
    {"name": {"type": "string", "maxLength": 64}}, {"description": _STRING, "parameters": _OBJECT}
)
# What else a tool has depends on its type.
_TOOL = {
    "type": "object",
    "properties": {
        "type": {"type": "string", "pattern": "^(function|openrouter:[a-z_]+)$"},
        "function": _FUNCTION,
    },
    "required": ["type"],
}
_REASONING = {
    **_closed(
        {},
        {
            "effort": {"enum": ["max", "xhigh", "high", "medium", "low", "minimal", "none"]},
            "max_tokens": _POSITIVE,
            "exclude": _BOOLEAN,
        },
    ),
    "not": {"required": ["effort", "max_tokens"]},
}
CHAT_REQUEST = _closed(
    {"messages": _several(_MESSAGE), "model": _NAME, "stream": _BOOLEAN},
    {
        "models": {**_STRINGS, "maxItems": 3},
        "temperature": {**_NUMBER, "minimum": 0, "maximum": 2},
        "top_p": {**_NUMBER, "exclusiveMinimum": 0, "maximum": 1},
        "top_k": {"type": "integer", "minimum": 0},
        "min_p": {**_NUMBER, "minimum": 0, "maximum": 1},
        "frequency_penalty": {**_NUMBER, "minimum": -2, "maximum": 2},
        "presence_penalty": {**_NUMBER, "minimum": -2, "maximum": 2},
        "repetition_penalty": {**_NUMBER, "exclusiveMinimum": 0, "maximum": 2},
        "max_tokens": _POSITIVE,
        "seed": {"type": "integer"},
        "stop": {**_STRINGS, "maxItems": 4},
        "reasoning": _REASONING,
        "provider": _PROVIDER,
        "response_format": _FORMAT,
        "tools": _several(_TOOL),
    },
)
