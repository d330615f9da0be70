"""An llm prompt as llama.cpp's chat endpoint wants it; pure, nothing is loaded or sent."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import llm
from llm.parts import AttachmentPart, Message, TextPart, ToolCallPart, ToolResultPart
from pydantic import Field, field_validator

from llm_reasonkit.errors import CallError

Json = dict[str, Any]

DEFAULT_MAX_TOKENS = 512
# A small model that is in doubt goes on for ever: these close what its schema leaves open.
# At most so many items, fewer where they would get less than this many characters a field.
_ITEMS = 8
_SHORTEST = 80
_OPTIONS = {"anyOf", "oneOf"}
# Less than ordinary text has, since quotes, keys and line breaks take their part.
_CHARACTERS_PER_TOKEN = 2


class LocalOptions(llm.Model.Options):
    """What `-o` takes for a local model; what is left out is the runtime's own default."""

    max_tokens: int | None = Field(
        default=None, ge=1, description=f"Longest reply, in tokens; default {DEFAULT_MAX_TOKENS}"
    )
    temperature: float | None = Field(
        default=None, ge=0, le=5, description="Randomness of the reply, 0 for none"
    )
    top_p: float | None = Field(
        default=None, ge=0, le=1, description="Sample from the likeliest tokens of this total share"
    )
    top_k: int | None = Field(
        default=None, ge=0, description="Sample from this many of the likeliest tokens, 0 for all"
    )
    min_p: float | None = Field(
        default=None, ge=0, le=1, description="Drop tokens below this share of the likeliest one's"
    )
    repeat_penalty: float | None = Field(
        default=None, ge=0, le=5, description="Penalty on repeated tokens, 1 for none"
    )
    seed: int | None = Field(
        default=None, ge=0, lt=2**32 - 1, description="Same seed and options, same reply"
    )
    stop: list[str] | None = Field(
        default=None, description="Text that ends the reply, or a JSON list of such texts"
    )
    threads: int | None = Field(
        default=None, ge=1, le=512, description="CPU threads; default is all cores but one"
    )

    @field_validator("stop", mode="before")
    @classmethod
    def _one_or_more(cls, stop: object) -> object:
        if not isinstance(stop, str):
            return stop
        try:
            texts = json.loads(stop)
        except ValueError:
            return [stop]
        return texts if isinstance(texts, list) else [stop]


def chat_request(prompt: llm.Prompt) -> Json:
    """Build the body of the chat request; raises CallError where the history holds a file."""
    options = prompt.options.model_dump(exclude_none=True, exclude={"threads"})
    max_tokens = options.get("max_tokens", DEFAULT_MAX_TOKENS)
    request: Json = {
        **options,
        "max_tokens": max_tokens,
        "messages": [row for message in prompt.messages for row in _rows(message)],
        "stream": True,
        "stream_options": {"include_usage": True},
        # Reports while a long prompt is read are the chances to cancel it.
        "return_progress": True,
        # Reusing the last prompt changes the last bits of the arithmetic, and so may a reply.
        "cache_prompt": "seed" not in options,
    }
    # llm has made a dict of a pydantic class by now.
    if isinstance(prompt.schema, dict):
        schema = bounded(prompt.schema, max_tokens * _CHARACTERS_PER_TOKEN)
        request["response_format"] = {
            "type": "json_schema",
            "json_schema": {"name": "reply", "schema": schema, "strict": True},
        }
    else:
        # A small model falls into verbatim loops; this makes the next turn of one ever unlikelier.
        # Not for JSON, whose form is repetition.
        request["dry_multiplier"] = 0.8
    return request


def bounded(schema: Any, room: int) -> Any:  # noqa: ANN401 - a schema is a dict or a bool
    """Return `schema` with an end to whatever it leaves open, so that a reply of it closes.

    `room` characters are shared out evenly over the properties of an object and the items of an
    array. Bounds that are there stay; open objects get no keys beyond those named.
    """
    if not isinstance(schema, dict):
        return schema  # `true` and `false` are schemas too
    closed = dict(schema)
    # An object spread over `allOf` and the like has keys that no single part of it names.
    whole = "allOf" not in schema and not ("properties" in schema and schema.keys() & _OPTIONS)
    for key in _OPTIONS & schema.keys() if whole else ():
        closed[key] = [bounded(option, room) for option in schema[key]]
    for key in ("$defs", "definitions"):
        if key in closed:
            closed[key] = {
                name: bounded(part, room // _ITEMS) for name, part in closed[key].items()
            }
    kinds = schema.get("type", ())
    kinds = (kinds,) if isinstance(kinds, str) else kinds
    if "string" in kinds and not schema.keys() & {"enum", "const", "pattern", "format"}:
        closed.setdefault("maxLength", max(room, _SHORTEST, schema.get("minLength", 0)))
    if "array" in kinds:
        items = schema.get("items", True)
        fields = len(items.get("properties", ())) if isinstance(items, dict) else 1
        fitting = room // (_SHORTEST * max(1, fields))
        most = max(1, min(_ITEMS, fitting), schema.get("minItems", 0))
        closed.setdefault("maxItems", most)
        closed["items"] = bounded(items, room // max(1, closed["maxItems"]))
    if parts := schema.get("properties"):
        share = room // len(parts)
        closed["properties"] = {name: bounded(part, share) for name, part in parts.items()}
        if whole:
            closed.setdefault("additionalProperties", False)
    return closed


def _rows(message: Message) -> Iterator[Json]:
    """Yield `message` in the wire's form: each tool result is a message of its own there."""
    for part in message.parts:
        if isinstance(part, AttachmentPart):
            raise CallError(
                "local models read text only, and the conversation holds an attachment",
                code="bad_request",
                billed=False,
            )
        if isinstance(part, ToolResultPart):
            yield {"role": "tool", "tool_call_id": part.tool_call_id, "content": part.output}
    text = "".join(part.text for part in message.parts if isinstance(part, TextPart))
    calls = [_tool_call(part) for part in message.parts if isinstance(part, ToolCallPart)]
    if calls:
        yield {"role": message.role, "content": text, "tool_calls": calls}
    elif text:
        yield {"role": message.role, "content": text}


def _tool_call(part: ToolCallPart) -> Json:
    function = {"name": part.name, "arguments": json.dumps(part.arguments)}
    return {"type": "function", "id": part.tool_call_id, "function": function}
