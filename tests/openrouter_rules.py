"""OpenRouter's rules for the request fields that this package sends.

Types, ranges and words as its OpenAPI document has them (version 1.0.0), kept as a JSON Schema.
"""

from __future__ import annotations

from typing import Any

_NUMBER = {"type": "number"}
_STRINGS = {"type": "array", "items": {"type": "string"}}
_TEXT_PART = {
    "type": "object",
    "properties": {"type": {"const": "text"}, "text": {"type": "string"}},
    "required": ["type", "text"],
    "additionalProperties": False,
}
_IMAGE_PART = {
    "type": "object",
    "properties": {
        "type": {"const": "image_url"},
        "image_url": {
            "type": "object",
            "properties": {
                "url": {"type": "string", "pattern": "^(https?:|data:image/)"},
                "detail": {"enum": ["auto", "low", "high", "original"]},
            },
            "required": ["url"],
            "additionalProperties": False,
        },
    },
    "required": ["type", "image_url"],
    "additionalProperties": False,
}
_FILE_PART = {
    "type": "object",
    "properties": {
        "type": {"const": "file"},
        "file": {
            "type": "object",
            "properties": {
                "filename": {"type": "string"},
                "file_data": {"type": "string", "pattern": "^(https?:|data:)"},
            },
            "additionalProperties": False,
        },
    },
    "required": ["type", "file"],
    "additionalProperties": False,
}
_AUDIO_PART = {
    "type": "object",
    "properties": {
        "type": {"const": "input_audio"},
        "input_audio": {
            "type": "object",
            "properties": {"data": {"type": "string"}, "format": {"enum": ["wav", "mp3"]}},
            "required": ["data", "format"],
            "additionalProperties": False,
        },
    },
    "required": ["type", "input_audio"],
    "additionalProperties": False,
}
_CONTENT = {
    "anyOf": [
        {"type": "string"},
        {
            "type": "array",
            "minItems": 1,
            "items": {"anyOf": [_TEXT_PART, _IMAGE_PART, _FILE_PART, _AUDIO_PART]},
        },
    ]
}
_CALL = {
    "type": "object",
    "properties": {
        "id": {"type": "string", "minLength": 1},
        "type": {"const": "function"},
        "function": {
            "type": "object",
            "properties": {"name": {"type": "string"}, "arguments": {"type": "string"}},
            "required": ["name", "arguments"],
            "additionalProperties": False,
        },
    },
    "required": ["id", "type", "function"],
    "additionalProperties": False,
}
_MESSAGE = {
    "anyOf": [
        {
            "type": "object",
            "properties": {"role": {"enum": ["system", "user"]}, "content": _CONTENT},
            "required": ["role", "content"],
            "additionalProperties": False,
        },
        {
            "type": "object",
            "properties": {
                "role": {"const": "assistant"},
                "content": {"anyOf": [_CONTENT, {"type": "null"}]},
                "tool_calls": {"type": "array", "minItems": 1, "items": _CALL},
                "reasoning_details": {"type": "array", "items": {"type": "object"}},
            },
            "required": ["role"],
            "additionalProperties": False,
        },
        {
            "type": "object",
            "properties": {
                "role": {"const": "tool"},
                "tool_call_id": {"type": "string", "minLength": 1},
                "content": {"type": "string"},
            },
            "required": ["role", "content", "tool_call_id"],
            "additionalProperties": False,
        },
    ]
}
_PROVIDER = {
    "type": "object",
    "properties": {
        "order": _STRINGS,
        "only": _STRINGS,
        "ignore": _STRINGS,
        "allow_fallbacks": {"type": "boolean"},
        "require_parameters": {"type": "boolean"},
        "data_collection": {"enum": ["allow", "deny"]},
        "quantizations": _STRINGS,
        "sort": {
            "anyOf": [
                {"enum": ["price", "throughput", "latency", "exacto"]},
                {
                    "type": "object",
                    "properties": {
                        "by": {"enum": ["price", "throughput", "latency", "exacto"]},
                        "partition": {"enum": ["model", "none"]},
                    },
                    "additionalProperties": False,
                },
            ]
        },
        "max_price": {
            "type": "object",
            "properties": {
                kind: {"type": "string", "pattern": r"^\d+(\.\d+)?$"}
                for kind in ("prompt", "completion", "request", "image", "audio")
            },
            "additionalProperties": False,
        },
    },
    "additionalProperties": False,
}
_FORMAT = {
    "type": "object",
    "properties": {
        "type": {"const": "json_schema"},
        "json_schema": {
            "type": "object",
            "properties": {
                "name": {"type": "string", "pattern": "^[a-zA-Z0-9_-]{1,64}$"},
                "strict": {"type": "boolean"},
                "schema": {"type": "object"},
            },
            "required": ["name"],
            "additionalProperties": False,
        },
    },
    "required": ["type", "json_schema"],
    "additionalProperties": False,
}
_TOOL = {
    "type": "object",
    "properties": {
        "type": {"type": "string", "pattern": "^(function|openrouter:[a-z_]+)$"},
        "function": {
            "type": "object",
            "properties": {
                "name": {"type": "string", "maxLength": 64},
                "description": {"type": "string"},
                "parameters": {"type": "object"},
            },
            "required": ["name"],
            "additionalProperties": False,
        },
    },
    "required": ["type"],
}
CHAT_REQUEST: dict[str, Any] = {
    "type": "object",
    "properties": {
        "model": {"type": "string", "minLength": 1},
        "models": {**_STRINGS, "maxItems": 3},
        "messages": {"type": "array", "minItems": 1, "items": _MESSAGE},
        "stream": {"type": "boolean"},
        "temperature": {**_NUMBER, "minimum": 0, "maximum": 2},
        "top_p": {**_NUMBER, "exclusiveMinimum": 0, "maximum": 1},
        "top_k": {"type": "integer", "minimum": 0},
        "min_p": {**_NUMBER, "minimum": 0, "maximum": 1},
        "frequency_penalty": {**_NUMBER, "minimum": -2, "maximum": 2},
        "presence_penalty": {**_NUMBER, "minimum": -2, "maximum": 2},
        "repetition_penalty": {**_NUMBER, "exclusiveMinimum": 0, "maximum": 2},
        "max_tokens": {"type": "integer", "minimum": 1},
        "seed": {"type": "integer"},
        "stop": {**_STRINGS, "maxItems": 4},
        "reasoning": {
            "type": "object",
            "properties": {
                "effort": {"enum": ["max", "xhigh", "high", "medium", "low", "minimal", "none"]},
                "max_tokens": {"type": "integer", "minimum": 1},
                "exclude": {"type": "boolean"},
            },
            "not": {"required": ["effort", "max_tokens"]},
            "additionalProperties": False,
        },
        "provider": _PROVIDER,
        "response_format": _FORMAT,
        "tools": {"type": "array", "minItems": 1, "items": _TOOL},
    },
    "required": ["messages", "model", "stream"],
    "additionalProperties": False,
}
