"""What the server can be told to do with a request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal


@dataclass(frozen=True)
class ToolCall:
    """A call of a tool, sent in pieces when streamed.

    numbered, identified: whether its pieces carry an index, and an id beyond the first.
    """

    name: str
    arguments: str = "{}"
    id: str | None = None
    pieces: int = 2
    numbered: bool = True
    identified: bool = False


def citation(url: str, title: str, content: str) -> dict[str, Any]:
    """Return the annotation by which a reply cites a page that a search of the web found."""
    cited = {"url": url, "title": title, "content": content, "start_index": 0, "end_index": 0}
    return {"type": "url_citation", "url_citation": cited}


@dataclass(frozen=True)
class Answer:
    """A reply with status 200.

    text: None stands for content null. deltas: pieces of text when streamed. provider: None for
    the one that was routed to. usage: shape of the usage chunk (1 choice without finish_reason, 2
    no choices, 3 finish_reason again, None no chunk). usage_changes: laid over the usage object; a
    value of ... drops the key. annotations: what the reply cites, as in `citation`. cached,
    cache_written: tokens of the prompt. upstream: USD charged at the user's own provider (BYOK).
    cut: what happens after `cut_after` pieces of text. error: the error object that goes with
    cut="error", in one of its shapes, or beside the usage chunk. write: bytes in one write, None
    for an event a write. odd: unknown keys are strewn in, and the known ones come in another
    order.
    """

    text: str | None = "alpha one"
    deltas: int = 3
    reasoning: str = ""
    reasoning_details: Sequence[Mapping[str, Any]] | None = None
    tool_calls: Sequence[ToolCall] = ()
    annotations: Sequence[Mapping[str, Any]] = ()
    refusal: str | None = None
    finish_reason: str | None = "stop"
    native_finish_reason: str | None = None
    model: str | None = None
    provider: str | None = None
    usage: Literal[1, 2, 3] | None = 2
    usage_changes: Mapping[str, Any] = field(default_factory=dict)
    cached: int = 0
    cache_written: int = 0
    upstream: Decimal | None = None
    comments: int = 1
    comments_between: int = 0
    done: bool = True
    trailing: bytes = b""
    line_end: bytes = b"\n"
    write: int | None = None
    debug_chunk: bool = False
    odd: bool = False
    content_type: str | None = None
    delay: float = 0
    delay_between: float = 0
    cut: Literal["drop", "end", "stall", "stall_with_comments", "error"] | None = None
    cut_after: int = 0
    error: Mapping[str, Any] | None = None
    error_shape: Literal["documented", "observed", "bare", "beside_usage"] = "documented"


@dataclass(frozen=True)
class Refuse:
    """An error reply: `error` is the object inside, `body` replaces the whole of it."""

    status: int
    error: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    content_type: str = "application/json"


@dataclass(frozen=True)
class Raw:
    """Exactly these writes, with this status; `reset` ends them with a cut connection."""

    writes: Sequence[bytes]
    status: int = 200
    content_type: str = "text/event-stream"
    headers: Mapping[str, str] = field(default_factory=dict)
    reset: bool = False


@dataclass(frozen=True)
class Drop:
    """The connection is reset before a reply."""


@dataclass(frozen=True)
class Stall:
    """Nothing is sent until the client gives up."""


Behaviour = Answer | Refuse | Raw | Drop | Stall
