"""Answers as JSON bodies and as event streams."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .behaviours import Answer, ToolCall

CUT = object()
"""Stands in a stream for the moment at which it is cut."""


@dataclass(frozen=True)
class Generation:
    """The facts of one reply: `usage` is the whole object, None where there is none to send."""

    id: str
    created: int
    model: str
    provider: str
    answer: Answer
    usage: Mapping[str, Any] | None
    metadata: Mapping[str, Any] | None = None


def body(generation: Generation) -> dict[str, Any]:
    """Return the whole reply as one object."""
    answer = generation.answer
    message: dict[str, Any] = {"role": "assistant", "content": answer.text, "refusal": None}
    if answer.refusal:
        message["refusal"] = answer.refusal
    if answer.reasoning or answer.reasoning_details is not None:
        message["reasoning"] = answer.reasoning or None
        message["reasoning_details"] = _details(answer, answer.reasoning)
    if answer.tool_calls:
        message["tool_calls"] = [
            {
                "id": call.id or f"call_{index}",
                "type": "function",
                "function": {"name": call.name, "arguments": call.arguments},
            }
            for index, call in enumerate(answer.tool_calls)
        ]
    if answer.annotations:
        message["annotations"] = list(answer.annotations)
    choice = _choice(answer, answer.finish_reason) | {"message": message}
    reply = _head(generation, "chat.completion") | {"choices": [choice]}
    if generation.usage is not None:
        reply["usage"] = generation.usage
    if answer.error and answer.error_shape == "bare":
        return {"error": answer.error}
    if answer.error and answer.error_shape == "beside_usage":
        return reply | {"error": answer.error}
    if answer.error:
        choice |= {"error": answer.error, "finish_reason": "error"}
    return _odd(reply, generation) if answer.odd else reply


def stream(generation: Generation) -> Iterator[bytes | object]:
    """Yield the events of a streamed reply, and CUT at the moment at which it is cut."""
    answer, end = generation.answer, generation.answer.line_end

    def event(chunk: Mapping[str, Any]) -> bytes:
        chunk = _odd(chunk, generation) if answer.odd else chunk
        return b"data: " + json.dumps(chunk, ensure_ascii=False).encode() + end + end

    comment = b": OPENROUTER PROCESSING" + end + end
    yield from [comment] * answer.comments
    if answer.debug_chunk:
        debug = {"debug": {"echo_upstream_body": {}}, "choices": []}
        yield event(_head(generation, "chat.completion.chunk") | debug)
    sent = 0
    if answer.cut and answer.cut_after == 0:
        yield from _cut(generation, event)
        return
    for delta in _deltas(answer):
        yield event(_chunk(generation, delta))
        yield from [comment] * answer.comments_between
        sent += bool(delta.get("content"))
        if answer.cut and sent == answer.cut_after:
            yield from _cut(generation, event)
            return
    yield event(_chunk(generation, {"content": ""}, answer.finish_reason))
    if generation.usage is not None and answer.usage:
        yield event(_usage_chunk(generation))
    if answer.done:
        yield b"data: [DONE]" + end + end
    if answer.trailing:
        yield answer.trailing


def _odd(value: Any, generation: Generation) -> Any:
    """Strew in keys that nobody knows yet, and shuffle those of every object."""
    if isinstance(value, list):
        return [_odd(item, generation) for item in value]
    if not isinstance(value, Mapping):
        return value
    items = [(name, _odd(item, generation)) for name, item in value.items()]
    items.append(("x_new", {"kind": "unheard_of", "list": [None, 1, "a"]}))
    random.Random(f"{generation.id}{len(items)}").shuffle(items)
    return dict(items)


def _cut(generation: Generation, event: Any) -> Iterator[bytes | object]:
    answer = generation.answer
    if answer.cut == "error":
        chunk = _head(generation, "chat.completion.chunk") | {"error": answer.error, "choices": []}
        if answer.error_shape == "documented":
            chunk["choices"] = [
                {"index": 0, "delta": {"content": ""}, "finish_reason": "error"},
            ]
        if answer.error_shape == "bare":
            chunk = {"error": answer.error, "user_id": "user_1"}
        yield event(chunk)
        if answer.done:
            yield b"data: [DONE]\n\n"
    else:
        yield CUT


def _deltas(answer: Answer) -> Iterator[dict[str, Any]]:
    for piece in split(answer.reasoning, answer.deltas if answer.reasoning else 0):
        yield {
            "content": "",
            "reasoning": piece,
            "reasoning_details": [
                {"type": "reasoning.text", "text": piece, "format": "acme-v1", "index": 0}
            ],
        }
    for detail in answer.reasoning_details or ():
        yield {"content": "", "reasoning": None, "reasoning_details": [detail]}
    if answer.refusal:
        yield {"content": None, "refusal": answer.refusal}
    for piece in split(answer.text or "", answer.deltas):
        yield {"content": piece}
    for annotation in answer.annotations:
        yield {"content": "", "annotations": [annotation]}
    for index, call in enumerate(answer.tool_calls):
        yield from _tool_deltas(index, call)


def _tool_deltas(index: int, call: ToolCall) -> Iterator[dict[str, Any]]:
    for number, piece in enumerate(split(call.arguments, call.pieces) or [None]):
        delta: dict[str, Any] = {"function": {"arguments": piece}}
        if piece is None:
            del delta["function"]["arguments"]
        if call.numbered:
            delta["index"] = index
        if number == 0:
            delta |= {"type": "function"}
            delta["function"]["name"] = call.name
        if call.id is not None and (number == 0 or call.identified):
            delta["id"] = call.id
        elif number:
            delta["id"] = ""
        yield {"content": None, "tool_calls": [delta]}


def split(text: str, count: int) -> list[str]:
    """Cut a text into at most `count` pieces of the same size."""
    if not text:
        return []
    size = -(-len(text) // max(1, count))
    return [text[start : start + size] for start in range(0, len(text), size)]


def _details(answer: Answer, text: str) -> list[Mapping[str, Any]]:
    told = {"type": "reasoning.text", "text": text, "format": "acme-v1", "index": 0}
    return [*([told] if text else []), *(answer.reasoning_details or ())]


def _head(generation: Generation, kind: str) -> dict[str, Any]:
    head = {
        "id": generation.id,
        "object": kind,
        "created": generation.created,
        "model": generation.model,
        "provider": generation.provider,
    }
    if generation.metadata is not None and kind == "chat.completion":
        head["openrouter_metadata"] = generation.metadata
    return head


def _choice(answer: Answer, finish_reason: str | None) -> dict[str, Any]:
    native = (answer.native_finish_reason or finish_reason) if finish_reason else None
    return {
        "index": 0,
        "finish_reason": finish_reason,
        "native_finish_reason": native,
        "logprobs": None,
    }


def _chunk(
    generation: Generation, delta: Mapping[str, Any], finish_reason: str | None = None
) -> dict[str, Any]:
    choice = _choice(generation.answer, finish_reason)
    choice["delta"] = {"role": "assistant", **delta}
    return _head(generation, "chat.completion.chunk") | {"choices": [choice]}


def _usage_chunk(generation: Generation) -> dict[str, Any]:
    answer = generation.answer
    chunk = _chunk(generation, {"content": ""}, answer.finish_reason if answer.usage == 3 else None)
    if answer.usage == 2:
        chunk["choices"] = []
    if answer.usage == 3:
        chunk["service_tier"] = None
    if answer.error and answer.error_shape == "beside_usage":
        chunk["error"] = answer.error
    if generation.metadata is not None:
        chunk["openrouter_metadata"] = generation.metadata
    return chunk | {"usage": generation.usage}
