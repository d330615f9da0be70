"""What a reply brings, as typed events: pieces of text, of reasoning, of tool calls, a receipt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import groupby
from typing import Any, NamedTuple


class Text(NamedTuple):
    """A piece of the answer."""

    text: str


class Reasoning(NamedTuple):
    """A piece of what the model thought before it answered."""

    text: str


class ToolCall(NamedTuple):
    """A piece of a tool call: `name` is empty but for its first piece, `id` never is."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens and USD of one reply, as the server counted them; None where it did not say.

    `cost` is what the call cost in truth: the bill, plus the provider's own where the user's
    key at that provider paid for it. `reasoning` is part of `output`, `cached` of `input`.
    """

    input: int | None = None
    output: int | None = None
    reasoning: int | None = None
    cached: int | None = None
    cache_written: int | None = None
    cost: Decimal | None = None
    raw: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Attempt:
    """A try that gave no reply and may have been billed: how it ended, and what it cost in USD,
    None where that is unknown."""

    code: str
    request_id: str | None
    cost: Decimal | None


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the server said about the reply as a whole: always the last event of a stream.

    `model` is the model that served it, `metadata` the server's account of its routing,
    `annotations` what it cites. `is_free`: it is an error that nobody is charged for.
    """

    id: str | None = None
    model: str | None = None
    provider: str | None = None
    finish_reason: str | None = None
    native_finish_reason: str | None = None
    usage: Usage | None = None
    reasoning_details: tuple[Mapping[str, Any], ...] = ()
    annotations: tuple[Mapping[str, Any], ...] = ()
    metadata: Mapping[str, Any] | None = None
    earlier: tuple[Attempt, ...] = ()
    is_free: bool = False


Event = Text | Reasoning | ToolCall | Receipt


def joined(events: list[Event]) -> list[Event]:
    """Join neighbouring pieces of text, and of reasoning, into one."""
    result: list[Event] = []
    for kind, group in groupby(events, type):
        pieces = list(group)
        if kind is Text or kind is Reasoning:
            text = "".join(piece.text for piece in pieces if isinstance(piece, Text | Reasoning))
            result.append(kind(text))
        else:
            result.extend(pieces)
    return result
