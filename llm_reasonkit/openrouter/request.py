"""From an llm prompt to the body of a chat request."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import llm
from llm.parts import (
    AttachmentPart,
    Message,
    Part,
    ReasoningPart,
    TextPart,
    ToolCallPart,
    ToolResultPart,
)

from llm_reasonkit.openrouter.options import OpenRouterOptions, provider_preferences

_SAMPLING = (
    "temperature",
    "top_p",
    "top_k",
    "min_p",
    "frequency_penalty",
    "presence_penalty",
    "repetition_penalty",
    "max_tokens",
    "seed",
    "stop",
    "models",
)
# Several providers refuse a strict schema that has any of these.
_BOUNDS = frozenset(
    {
        "minItems",
        "maxItems",
        "uniqueItems",
        "minLength",
        "maxLength",
        "pattern",
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "multipleOf",
        "minProperties",
        "maxProperties",
    }
)
_AUDIO_FORMATS = {"audio/wav": "wav", "audio/x-wav": "wav", "audio/mpeg": "mp3"}

Schema = Mapping[str, Any]


def build_body(prompt: llm.Prompt, model: str, *, stream: bool, reasons: bool) -> dict[str, Any]:
    """Return the request body for `prompt`.

    model: OpenRouter's id. reasons: whether the model may be asked how to reason.
    Raises ValueError for what OpenRouter cannot be sent.
    """
    options = prompt.options
    if not isinstance(options, OpenRouterOptions):
        raise TypeError(f"options of an OpenRouter model expected, not {type(options).__name__}")
    body: dict[str, Any] = {
        "model": model,
        "messages": list(_messages(prompt.messages)),
        "stream": stream,
    }
    given = {name: getattr(options, name) for name in _SAMPLING}
    body |= {name: value for name, value in given.items() if value is not None}
    if reasoning := _reasoning(options, hidden=prompt.hide_reasoning and reasons):
        body["reasoning"] = reasoning
    if preferences := provider_preferences(options):
        body["provider"] = dict(preferences)
    if isinstance(prompt.schema, dict) and prompt.schema:
        body["response_format"] = _response_format(prompt.schema)
    if prompt.tools:
        body["tools"] = [_tool(tool) for tool in prompt.tools]
    return body


def _reasoning(options: OpenRouterOptions, *, hidden: bool) -> dict[str, Any]:
    reasoning: dict[str, Any] = {}
    if options.reasoning_effort:
        reasoning["effort"] = options.reasoning_effort
    if options.reasoning_max_tokens:
        reasoning["max_tokens"] = options.reasoning_max_tokens
    if hidden:
        reasoning["exclude"] = True
    return reasoning


def _messages(messages: Iterable[Message]) -> Iterator[dict[str, Any]]:
    for message in messages:
        if message.role == "tool":
            yield from _tool_results(message.parts)
        elif message.role == "assistant":
            yield _assistant(message.parts)
        elif content := _content(message.parts):
            yield {"role": message.role, "content": content}


def _tool_results(parts: Iterable[Part]) -> Iterator[dict[str, Any]]:
    for part in parts:
        if isinstance(part, ToolResultPart) and not part.server_executed:
            yield {"role": "tool", "tool_call_id": part.tool_call_id, "content": part.output}


def _assistant(parts: list[Part]) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": _content(parts) or None}
    calls = [
        {
            "id": part.tool_call_id,
            "type": "function",
            "function": {"name": part.name, "arguments": _arguments(part.arguments)},
        }
        for part in parts
        if isinstance(part, ToolCallPart) and not part.server_executed
    ]
    if calls:
        message["tool_calls"] = calls
    details = [
        detail
        for part in parts
        if isinstance(part, ReasoningPart)
        for detail in ((part.provider_metadata or {}).get("openrouter") or {}).get(
            "reasoning_details", ()
        )
    ]
    if details:
        message["reasoning_details"] = details
    return message


def _arguments(arguments: Mapping[str, Any]) -> str:
    # llm keeps arguments that are not JSON under this one key.
    raw = arguments.get("_raw") if len(arguments) == 1 else None
    return raw if isinstance(raw, str) else json.dumps(arguments)


def _content(parts: Iterable[Part]) -> str | list[dict[str, Any]]:
    """Return plain text where that is enough: not all models take a list of parts."""
    content: list[dict[str, Any]] = []
    for part in parts:
        if isinstance(part, TextPart) and part.text:
            content.append({"type": "text", "text": part.text})
        elif isinstance(part, AttachmentPart) and part.attachment:
            content.append(_attachment(part.attachment))
    if all(item["type"] == "text" for item in content):
        return "".join(item["text"] for item in content)
    return content


def _attachment(attachment: llm.Attachment) -> dict[str, Any]:
    mime = attachment.resolve_type() or ""
    if mime in _AUDIO_FORMATS:
        audio = {"data": _base64(attachment), "format": _AUDIO_FORMATS[mime]}
        return {"type": "input_audio", "input_audio": audio}
    if mime == "application/pdf":
        name = f"{attachment.id()[:16]}.pdf"
        return {"type": "file", "file": {"filename": name, "file_data": _url(attachment, mime)}}
    if mime.startswith("image/"):
        return {"type": "image_url", "image_url": {"url": _url(attachment, mime)}}
    raise ValueError(f"OpenRouter takes images, PDF and audio files, not {mime or 'unknown types'}")


def _url(attachment: llm.Attachment, mime: str) -> str:
    return attachment.url or f"data:{mime};base64,{_base64(attachment)}"


def _base64(attachment: llm.Attachment) -> str:
    return str(attachment.base64_content())


def _tool(tool: llm.Tool | llm.ServerSideTool) -> dict[str, Any]:
    if isinstance(tool, llm.Tool):
        function = {"name": tool.name, "parameters": tool.input_schema}
        if tool.description:
            function["description"] = tool.description
        return {"type": "function", "function": function}
    # A plain ServerSideTool holds a specification of the user's own; a subclass is another
    # plugin's, for its own models.
    if type(tool) is not llm.ServerSideTool or not tool.spec:
        raise ValueError(f"OpenRouter models do not know the server-side tool {tool.name!r}")
    return dict(tool.spec)


def _response_format(schema: Schema) -> dict[str, Any]:
    strict = _is_closed(schema)
    return {
        "type": "json_schema",
        "json_schema": {
            "name": "output",
            "strict": strict,
            "schema": _without_bounds(schema) if strict else schema,
        },
    }


def _is_closed(schema: Schema) -> bool:
    """Whether every object says that it has all of its properties and no others."""
    if schema.get("type") == "object" or "properties" in schema:
        names = set(schema.get("properties", ()))
        if schema.get("additionalProperties") is not False:
            return False
        if names != set(schema.get("required", ())):
            return False
    return all(_is_closed(part) for part in _subschemas(schema))


def _without_bounds(schema: Schema) -> dict[str, Any]:
    return {key: _map_subschemas(key, value) for key, value in schema.items() if key not in _BOUNDS}


def _map_subschemas(key: str, value: Any) -> Any:  # noqa: ANN401 - any JSON value
    if key in ("properties", "$defs", "definitions") and isinstance(value, dict):
        return {name: _without_bounds(part) for name, part in value.items()}
    if key in ("anyOf", "allOf", "oneOf", "prefixItems") and isinstance(value, list):
        return [_without_bounds(part) for part in value]
    if key == "items" and isinstance(value, dict):
        return _without_bounds(value)
    return value


def _subschemas(schema: Schema) -> Iterator[Schema]:
    for key, value in schema.items():
        if key in ("properties", "$defs", "definitions") and isinstance(value, dict):
            yield from (part for part in value.values() if isinstance(part, dict))
        elif key in ("anyOf", "allOf", "oneOf", "prefixItems") and isinstance(value, list):
            yield from (part for part in value if isinstance(part, dict))
        elif key == "items" and isinstance(value, dict):
            yield value
