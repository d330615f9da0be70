"""The other ways in: `/completions`, `/responses` and `/embeddings`, in their plainest form."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from . import replies
from .behaviours import Answer

_DIMENSIONS = 8


def as_chat(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return a request to any of the surfaces in the form of a chat request."""
    chat = dict(body)
    said = chat.pop("input", None) or chat.pop("prompt", None)
    if "messages" not in chat:
        chat["messages"] = said if _is_messages(said) else [{"role": "user", "content": said}]
    if instructions := chat.pop("instructions", None):
        chat["messages"] = [{"role": "system", "content": instructions}, *chat["messages"]]
    for name in ("max_completion_tokens", "max_output_tokens"):
        if name in chat:
            chat["max_tokens"] = chat.pop(name)
    return chat


def _is_messages(said: Any) -> bool:
    return isinstance(said, list) and all(isinstance(item, dict) for item in said)


def completion_body(generation: replies.Generation) -> dict[str, Any]:
    """Return a whole reply of `/completions`."""
    reply = replies.body(generation)
    if "choices" not in reply:
        return reply
    choice = reply["choices"][0]
    return reply | {"object": "text_completion", "choices": [_text_choice(choice, "message")]}


def completion_stream(generation: replies.Generation) -> Iterator[bytes | object]:
    """Yield the events of a streamed reply of `/completions`."""
    for event in replies.stream(generation):
        chunk = _chunk(event)
        if chunk is None or not chunk.get("choices"):
            yield event
        else:
            choice = _text_choice(chunk["choices"][0], "delta")
            yield _event(chunk | {"object": "text_completion", "choices": [choice]})


def _text_choice(choice: Mapping[str, Any], body: str) -> dict[str, Any]:
    plain = {name: value for name, value in choice.items() if name != body}
    return plain | {"text": choice[body].get("content") or ""}


def response_body(generation: replies.Generation) -> dict[str, Any]:
    """Return a whole reply of `/responses`."""
    answer, number = generation.answer, generation.id[-8:]
    failed = answer.error is not None and answer.error_shape != "beside_usage"
    cut_off = answer.finish_reason == "length"
    content = {"type": "output_text", "text": answer.text or "", "annotations": []}
    message = {"id": f"msg_tmp_{number}", "type": "message", "role": "assistant"}
    return {
        "id": generation.id,
        "object": "response",
        "created_at": generation.created,
        "model": generation.model,
        "status": "failed" if failed else "incomplete" if cut_off else "completed",
        "error": answer.error if failed else None,
        "incomplete_details": {"reason": "max_output_tokens"} if cut_off else None,
        "output": [message | {"status": "completed", "content": [content]}],
        "usage": _response_usage(generation.usage),
        "store": False,
        "previous_response_id": None,
    }


def response_stream(generation: replies.Generation) -> Iterator[bytes | object]:
    """Yield the events of a streamed reply of `/responses`, which ends in [DONE] here."""
    whole, answer = response_body(generation), generation.answer
    begun = whole | {"status": "in_progress", "output": [], "usage": None}
    item = whole["output"][0]
    events: list[dict[str, Any] | object] = [
        {"type": "response.created", "response": begun},
        {"type": "response.in_progress", "response": begun},
        {"type": "response.output_item.added", "item": item | {"content": []}},
    ]
    events += [_delta(item, piece, "reasoning_text") for piece in _pieces(answer.reasoning, answer)]
    events += [_delta(item, piece, "output_text") for piece in _pieces(answer.text or "", answer)]
    if answer.cut:
        del events[3 + answer.cut_after :]
    if answer.cut and answer.cut != "error":
        events.append(replies.CUT)
    elif answer.cut:
        events.append({"type": "response.failed", "response": whole})
    else:
        events.append({"type": "response.output_item.done", "item": item})
        kind = "incomplete" if whole["incomplete_details"] else "completed"
        events.append({"type": f"response.{kind}", "response": whole})
    yield b": \n\n"
    for number, event in enumerate(events):
        is_cut = not isinstance(event, dict)
        yield event if is_cut else _event({**event, "sequence_number": number})
    if answer.done and answer.cut in (None, "error"):
        yield b"data: [DONE]\n\n"


def _pieces(text: str, answer: Answer) -> list[str]:
    return replies.split(text, answer.deltas)


def _delta(item: Mapping[str, Any], piece: str, kind: str) -> dict[str, Any]:
    return {"type": f"response.{kind}.delta", "item_id": item["id"], "delta": piece}


def _response_usage(usage: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if usage is None:
        return None
    renamed = {"prompt_tokens": "input_tokens", "completion_tokens": "output_tokens"}
    renamed |= {f"{name}_details": f"{new}_details" for name, new in renamed.items()}
    return {renamed.get(name, name): value for name, value in usage.items()}


def embeddings(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return a vector for each input: the same for the same text, and of length one or so."""
    texts = body["input"] if isinstance(body["input"], list) else [body["input"]]
    return [
        {"object": "embedding", "index": index, "embedding": _vector(str(text))}
        for index, text in enumerate(texts)
    ]


def _vector(text: str) -> list[float]:
    digest = hashlib.sha256(text.encode()).digest()[:_DIMENSIONS]
    return [byte / 128 - 1 for byte in digest]


def _chunk(event: bytes | object) -> dict[str, Any] | None:
    if not isinstance(event, bytes) or not event.startswith(b"data: {"):
        return None
    chunk: dict[str, Any] = json.loads(event[6:])
    return chunk


def _event(chunk: Mapping[str, Any]) -> bytes:
    return b"data: " + json.dumps(chunk, ensure_ascii=False).encode() + b"\n\n"
