"""Calls of the client in tests, and what came of them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from llm_reasonkit.errors import CallError
from llm_reasonkit.openrouter.client import Client
from llm_reasonkit.openrouter.events import Reasoning, Receipt, Text, ToolCall
from tests.openrouter_server import Server

BODY = {"model": "acme/small", "messages": [{"role": "user", "content": "hi"}], "stream": True}


class Got:
    """What came of one call."""

    def __init__(self) -> None:
        self.events: list[Any] = []
        self.receipt: Receipt | None = None
        self.error: CallError | None = None
        self.retries: list[tuple[int, float, str]] = []

    @property
    def text(self) -> str:
        return "".join(event.text for event in self.events if isinstance(event, Text))

    @property
    def reasoning(self) -> str:
        return "".join(event.text for event in self.events if isinstance(event, Reasoning))

    @property
    def calls(self) -> dict[str, tuple[str, str]]:
        calls: dict[str, tuple[str, str]] = {}
        for piece in (event for event in self.events if isinstance(event, ToolCall)):
            name, arguments = calls.get(piece.id, ("", ""))
            calls[piece.id] = (name + piece.name, arguments + piece.arguments)
        return calls

    @property
    def cost(self) -> Decimal | None:
        """USD of the reply and of the known earlier attempts; None if its own is unknown."""
        usage = self.receipt.usage if self.receipt else None
        if self.receipt is None or usage is None or usage.cost is None:
            return None
        return usage.cost + sum(
            (each.cost for each in self.receipt.earlier if each.cost), Decimal(0)
        )


async def ask(client: Client, server: Server, **changes: Any) -> Got:
    """Make one call and collect everything."""
    got = Got()

    def note(*retry: Any) -> None:
        got.retries.append(retry)

    try:
        async for event in client.stream({**BODY, **changes}, key=server.key, on_retry=note):
            if isinstance(event, Receipt):
                got.receipt = event
            else:
                got.events.append(event)
    except CallError as error:
        got.error = error
    return got
