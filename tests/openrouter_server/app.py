"""The ASGI application: connections, and who answers which path."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from . import billing, chat, checks, listings, models, surfaces
from .refusals import management_key, refuse

if TYPE_CHECKING:
    from .server import Request, Server

PREFIX = "/api/v1"
_CORS = (
    ("access-control-allow-origin", "*"),
    ("access-control-expose-headers", "X-Generation-Id,X-Provider-Name,request-id,cf-ray"),
)
_PREFLIGHT = {
    "access-control-allow-methods": "GET,OPTIONS,PATCH,DELETE,POST,PUT",
    "access-control-allow-headers": "Authorization, Content-Type, HTTP-Referer, X-Title",
}


class Exchange:
    """One request on its connection."""

    def __init__(self, scope: Any, receive: Any, send: Any, server: Server) -> None:
        self.scope = scope
        self.server = server
        self.gone = asyncio.Event()
        self._receive = receive
        self._send = send

    async def read(self) -> bytes:
        """Read the request's body."""
        body = b""
        while True:
            message = await self._receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                return body

    @asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        """Set `gone` when the client hangs up."""

        async def watch() -> None:
            while (await self._receive())["type"] != "http.disconnect":
                pass
            self.gone.set()

        task = asyncio.create_task(watch())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def wait(self, seconds: float | None) -> None:
        """Wait, but not longer than the client does."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self.gone.wait(), seconds)

    async def start(self, status: int, headers: Iterable[tuple[str, str]]) -> None:
        """Send the status line and headers."""
        encoded = [(name.encode(), value.encode()) for name, value in (*headers, *_CORS)]
        await self._send({"type": "http.response.start", "status": status, "headers": encoded})

    async def write(self, data: bytes, *, last: bool = False) -> None:
        """Send a piece of the body."""
        await self._send({"type": "http.response.body", "body": data, "more_body": not last})

    async def reply(
        self, status: int, body: bytes, kind: str = "application/json", **headers: str
    ) -> None:
        """Send a whole reply."""
        await self.start(status, [("content-type", kind), *headers.items()])
        await self.write(body, last=True)

    async def cut_off(self) -> None:
        """Reset the connection once what was written has reached the client."""
        await asyncio.sleep(0.02)
        self.reset()

    def reset(self) -> None:
        """Reset the connection."""
        self.server.transports[self.scope["client"]].abort()
        self.gone.set()


async def handle(exchange: Exchange) -> None:
    """Answer one request."""
    server, scope = exchange.server, exchange.scope
    raw = await exchange.read()
    headers = {name.decode(): value.decode("latin-1") for name, value in scope["headers"]}
    authorization = headers.pop("authorization", "")
    request = server.record(scope["method"], scope["path"], headers, raw)
    path = scope["path"].removeprefix(PREFIX)
    async with exchange.watched():
        if scope["method"] == "OPTIONS":
            await exchange.reply(204, b"", "text/plain", **_PREFLIGHT)
        elif scope["method"] == "POST" and path in (*chat.SURFACES, "/embeddings"):
            await _inference(exchange, request, raw, path, authorization)
        else:
            query = parse_qs(scope["query_string"].decode())
            found = server.next_behaviour(request, model=path)
            found = found or listings.public(server, path, query)
            if found is None and path.startswith(listings.PRIVATE):
                found = checks.check_key(authorization, server.all_keys)
                key = checks.key_of(authorization)
                found = found or listings.private(server, path, query, key)
            await chat.send(exchange, found or listings.NO_SUCH_PATH, request)
    request.cancelled = exchange.gone.is_set()


async def _inference(
    exchange: Exchange, request: Request, raw: bytes, path: str, authorization: str
) -> None:
    server, key = exchange.server, checks.key_of(authorization)
    refusal = checks.check_key(authorization, server.all_keys)
    if key == server.management_key:
        refusal = management_key()
    if refusal:
        await chat.send(exchange, refusal, request)
    elif path == "/embeddings":
        await _embed(exchange, request, key)
    else:
        await chat.answer(exchange, request, raw, key, path)


async def _embed(exchange: Exchange, request: Request, key: str) -> None:
    body, server = request.body, exchange.server
    row = models.find(str(body.get("model"))) if isinstance(body, dict) else None
    if row is None or not body.get("input"):
        refusal = refuse(400, f"{request.body} is not a request for embeddings")
        await chat.send(exchange, refusal, request)
        return
    tokens = sum(billing.count_tokens(str(text)) for text in _listed(body["input"]))
    usd = billing.cost(billing.prices_at(row["pricing"], tokens, server.now), tokens, 0)
    request.generation = server.new_id()
    server.settle(request.generation, billing.Bill(usd, key, server.now))
    reply = {
        "object": "list",
        "data": surfaces.embeddings(body),
        "model": models.served_name(row),
        "usage": {"prompt_tokens": tokens, "total_tokens": tokens, "cost": float(usd)},
        "id": request.generation,
    }
    await exchange.reply(200, json.dumps(reply).encode())


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
