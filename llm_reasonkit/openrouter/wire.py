"""What OpenRouter sends back, as typed events: bytes go in, text and a receipt come out. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from llm_reasonkit.errors import CallError
from llm_reasonkit.openrouter import failures
from llm_reasonkit.openrouter.chunk_pattern import ChunkPattern
from llm_reasonkit.openrouter.events import (
    Attempt,
    Event,
    Reasoning,
    Receipt,
    Text,
    ToolCall,
    Usage,
)
from llm_reasonkit.openrouter.json_values import (
    amount,
    count,
    first_json,
    items,
    mapping,
    parse_json,
    word,
)

_MERGED_DETAILS = {"reasoning.text": "text", "reasoning.summary": "summary"}


def _read_usage(raw: object) -> Usage | None:
    """Read a `usage` object, each field of which may be missing, null or of an odd type."""
    if not isinstance(raw, dict):
        return None
    prompt_details = mapping(raw.get("prompt_tokens_details"))
    completion_details = mapping(raw.get("completion_tokens_details"))
    cost = amount(raw.get("cost"))
    # Other replies report the provider's price too, but there it is already in `cost`.
    if cost is not None and raw.get("is_byok") is True:
        upstream = mapping(raw.get("cost_details")).get("upstream_inference_cost")
        cost += amount(upstream) or 0
    return Usage(
        input=count(raw.get("prompt_tokens")),
        output=count(raw.get("completion_tokens")),
        reasoning=count(completion_details.get("reasoning_tokens")),
        cached=count(prompt_details.get("cached_tokens")),
        cache_written=count(prompt_details.get("cache_write_tokens")),
        cost=cost,
        raw=raw,
    )


class Reader:
    """Turns the bytes of one reply into events.

    `feed` takes the bytes of an event stream in any cut, `read_body` those of a whole JSON reply;
    `close` comes last. None of them raises: what went wrong is in `failure`.
    """

    def __init__(self, model: str) -> None:
        self.failure: CallError | None = None
        self.done = False
        self.has_output = False
        self.id: str | None = None
        self._asked = model
        self._unfinished_line: list[bytes] = []
        self._unparsed = ""
        self._pattern = ChunkPattern()
        self._text: list[str] = []
        self._calls: dict[int, ToolCall] = {}
        self._last_call = 0
        self._model: str | None = None
        self._provider: str | None = None
        self._finish: str | None = None
        self._native_finish: str | None = None
        self._usage: Usage | None = None
        self._details: list[dict[str, Any]] = []
        self._annotations: list[Mapping[str, Any]] = []
        self._refusal = ""
        self._metadata: Mapping[str, Any] | None = None

    @property
    def partial(self) -> str:
        """The text of the answer so far."""
        return "".join(self._text)

    def feed(self, data: bytes) -> list[Event]:
        """Take the next bytes of the stream and return the events they complete."""
        if b"\n" not in data:
            self._unfinished_line.append(data)
            return []
        if self._unfinished_line:
            data = b"".join((*self._unfinished_line, data))
        lines = data.split(b"\n")
        rest = lines.pop()
        self._unfinished_line = [rest] if rest else []
        events: list[Event] = []
        for line in lines:
            if line.startswith(b"data:"):
                self._read_data(line[5:].decode("utf-8", "replace").strip(), events)
            elif self._unparsed and not line.strip():
                self.fail(failures.unreadable(self._unparsed.encode(), self._asked))
            if self.is_over:
                break
        return events

    def read_body(self, body: bytes) -> list[Event]:
        """Take a whole reply and return its events."""
        events: list[Event] = []
        try:
            reply = parse_json(body)
        except ValueError:
            self.failure = failures.unreadable(body, self._asked)
            return events
        self.done = True
        self._read_chunk(reply, events)
        return events

    def close(self) -> list[Event]:
        """Say that no more bytes will come, and return what was left; judges the whole reply."""
        left = [] if self.is_over else self.feed(b"\n")
        if self.failure:
            return left
        if not self.done and self._finish is None:
            cut_off = failures.cut_off if self.has_output else failures.network
            self.fail(cut_off("the connection ended before the reply did", self._asked))
        elif not self.has_output and (self._refusal or self._finish == "content_filter"):
            self.fail(failures.refused(self._refusal or "content filter", self._asked))
        elif not self.has_output and self._finish in (None, "stop"):
            self.fail(failures.empty(self._asked))
        return left

    @property
    def is_over(self) -> bool:
        """Whether nothing more is to be expected."""
        return self.done or self.failure is not None

    def break_off(self, error: CallError) -> None:
        """Say that the connection failed with `error`, which an ended reply survives."""
        if self._finish is not None:
            self.done = True
        elif self.has_output and error.code == "network":
            self.fail(failures.cut_off("the connection was lost", self._asked))
        else:
            self.fail(error)

    def fail(self, error: CallError) -> None:
        """End the reply with an error, which is given what has been received."""
        error.partial = self.partial
        error.request_id = error.request_id or self.id
        self.failure = error

    def receipt(self, earlier: tuple[Attempt, ...] = ()) -> Receipt:
        """Sum up the reply as far as it is known."""
        return Receipt(
            id=self.id,
            model=self._model,
            provider=self._provider,
            finish_reason=self._finish,
            native_finish_reason=self._native_finish,
            usage=self._usage,
            reasoning_details=tuple(self._details),
            annotations=tuple(self._annotations),
            metadata=self._metadata,
            earlier=earlier,
            is_free=self.failure is not None and not self.failure.billed,
        )

    def _read_data(self, data: str, events: list[Event]) -> None:
        if not self._unparsed and (text := self._pattern.text_of(data)):
            self._add_text(text, events)
            return
        data = self._unparsed + data
        self._unparsed = ""
        while data and not self.failure:
            if data.startswith("[DONE]"):
                self.done = True
                return
            try:
                chunk, end = first_json(data)
            except ValueError:
                # An event may be spread over several data lines; `close` finds it incomplete
                # if it never ends.
                self._unparsed = data + "\n"
                return
            self._read_chunk(chunk, events)
            if end == len(data):
                self._pattern.learn(data, chunk)
            # Some upstreams glue two events into one line.
            data = data[end:].lstrip().removeprefix("data:").lstrip()

    def _read_chunk(self, chunk: object, events: list[Event]) -> None:
        if not isinstance(chunk, dict):
            self.fail(failures.unreadable(str(chunk).encode(), self._asked))
            return
        self.id = word(chunk.get("id")) or self.id
        self._model = word(chunk.get("model")) or self._model
        self._provider = word(chunk.get("provider")) or self._provider
        if usage := chunk.get("usage"):
            self._usage = _read_usage(usage)
        if metadata := chunk.get("openrouter_metadata"):
            self._metadata = mapping(metadata)
        error = chunk.get("error")
        if choice := mapping(next(iter(items(chunk.get("choices"))), None)):
            message = choice.get("delta") or choice.get("message")
            if isinstance(message, dict):
                self._read_message(message, events)
            self._finish = self._finish or word(choice.get("finish_reason"))
            self._native_finish = self._native_finish or word(choice.get("native_finish_reason"))
            error = error or choice.get("error")
        # "Token limit reached" next to `length` is how some providers say that the reply is cut.
        if error and self._finish != "length":
            self._fail_in_band(error)
        elif self._finish == "error":
            reason = self._native_finish or "no reason given"
            self._fail_in_band({"code": 502, "message": reason})

    def _fail_in_band(self, error: object) -> None:
        failure = failures.in_band(error, self._asked)
        # OpenRouter does not charge for a reply that is an error from its first word on.
        failure.billed = failure.billed or self.has_output
        self.fail(failure)

    def _read_message(self, message: Mapping[str, Any], events: list[Event]) -> None:
        if details := message.get("reasoning_details"):
            self._add_details(details)
        if reasoning := message.get("reasoning"):
            self.has_output = True
            events.append(Reasoning(str(reasoning)))
        if content := message.get("content"):
            self._add_text(content if isinstance(content, str) else _text_of_parts(content), events)
        self._annotations += filter(None, map(mapping, items(message.get("annotations"))))
        if refusal := message.get("refusal"):
            self._refusal += str(refusal)
        if calls := message.get("tool_calls"):
            self.has_output = True
            events.extend(
                self._read_tool_call(mapping(call), position)
                for position, call in enumerate(items(calls))
            )

    def _add_text(self, text: str, events: list[Event]) -> None:
        self.has_output = self.has_output or not text.isspace()
        self._text.append(text)
        events.append(Text(text))

    def _read_tool_call(self, call: Mapping[str, Any], position: int) -> ToolCall:
        function = mapping(call.get("function"))
        call_id, name = word(call.get("id")) or "", word(function.get("name")) or ""
        arguments = function.get("arguments")
        if arguments is None:
            arguments = ""
        elif not isinstance(arguments, str):
            arguments = json.dumps(arguments, default=float)
        index = call.get("index")
        if not isinstance(index, int):
            starts = bool(name) and (not self._calls or call_id not in self._ids())
            index = len(self._calls) if starts else self._last_call
        known = self._calls.get(index)
        # Some providers number every call 0 and tell them apart by id alone.
        if known and call_id and name and call_id != known.id:
            index, known = max(self._calls) + 1, None
        self._last_call = index
        if known is None:
            call_id = call_id or f"call_{self.id or position}_{index}"
            known = self._calls[index] = ToolCall(call_id, name, "")
            return ToolCall(known.id, name, arguments)
        return ToolCall(known.id, "" if known.name else name, arguments)

    def _ids(self) -> set[str]:
        return {call.id for call in self._calls.values()}

    def _add_details(self, details: object) -> None:
        """Join the pieces of a detail, so that a stream leaves the list a whole reply would."""
        for detail in filter(None, map(mapping, items(details))):
            last = self._details[-1] if self._details else {}
            body = _MERGED_DETAILS.get(word(detail.get("type")) or "")
            if body and _continues(last, detail, body):
                text = str(last.get(body) or "") + str(detail.get(body) or "")
                last.update({key: value for key, value in detail.items() if value})
                last[body] = text
            else:
                self._details.append(dict(detail))


def _continues(last: Mapping[str, Any], detail: Mapping[str, Any], body: str) -> bool:
    """Whether `detail` is a further piece of `last`; a signature ends what it signs."""
    same = all(detail.get(key) == last.get(key) for key in ("type", "index"))
    signed = bool(last.get("signature") and detail.get(body))
    return same and not signed and detail.get("id") in (None, last.get("id"))


def _text_of_parts(content: object) -> str:
    parts = content if isinstance(content, list) else [content]
    return "".join(str(mapping(part).get("text") or "") for part in parts)
