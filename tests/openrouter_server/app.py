"""The ASGI application: routes, checks, and the sending of what was decided."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from . import billing, checks, models, replies
from .behaviours import Answer, Behaviour, Drop, Raw, Refuse, Stall
from .refusals import refuse

if TYPE_CHECKING:
    from .server import Request, Server

PREFIX = "/api/v1"


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
        encoded = [(name.encode(), value.encode()) for name, value in headers]
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
        if scope["method"] == "POST" and path == "/chat/completions":
            await _chat(exchange, request, raw, authorization)
        elif scripted := server.next_behaviour(path):
            await _send(exchange, scripted, request)
        elif scope["method"] == "GET" and path == "/models":
            await _send(exchange, _models(server), request)
        else:
            query = parse_qs(scope["query_string"].decode())
            await _account(exchange, request, path, query, authorization)
    request.cancelled = exchange.gone.is_set()


async def _chat(exchange: Exchange, request: Request, raw: bytes, authorization: str) -> None:
    server = exchange.server
    body = checks.read_body(raw)
    refusal = checks.check_key(authorization, set(server.keys))
    if refusal is None and isinstance(body, Refuse):
        refusal = body
    if refusal is None and isinstance(body, dict):
        await _first_that_answers(exchange, request, body)
        return
    await _send(exchange, refusal or refuse(500, "Internal Server Error"), request)


async def _first_that_answers(exchange: Exchange, request: Request, body: dict[str, Any]) -> None:
    """Try `model` and then `models`, as OpenRouter does after whatever error."""
    server = exchange.server
    asked = [body["model"]] if body.get("model") else []
    asked += body.get("models") or []
    refusal, attempts = None, []
    for model in asked or [""]:
        behaviour = server.next_behaviour(model)
        if isinstance(behaviour, Raw | Drop | Stall):
            await _send(exchange, behaviour, request)
            return
        if not isinstance(behaviour, Refuse):
            if refusal := checks.check_request(body):
                break
            behaviour = behaviour or server.default_answer({**body, "model": model})
        if isinstance(behaviour, Answer):
            await _answer(exchange, request, {**body, "model": model}, behaviour, attempts)
            return
        refusal = behaviour
        attempts.append({"provider": "Acme Cloud", "model": model, "status": refusal.status})
    assert refusal is not None
    await _send(exchange, refusal, request)


async def _answer(
    exchange: Exchange,
    request: Request,
    body: dict[str, Any],
    answer: Answer,
    attempts: list[dict[str, Any]],
) -> None:
    """Answer as `body["model"]`, after other models' failed `attempts`."""
    server = exchange.server
    row = models.find(body["model"])
    assert row is not None
    prompt = billing.prompt_tokens(body)
    limit = body.get("max_tokens")
    answer, completion = server.limited(answer, limit)
    usage = billing.usage_object(answer, row["pricing"], prompt, completion)
    metadata = _metadata(request.body, body["model"], answer, attempts)
    generation = replies.Generation(
        id=server.new_id(),
        created=int(server.now),
        model=answer.model or row["canonical_slug"],
        answer=answer,
        usage=usage if answer.usage else None,
        metadata=metadata if "x-openrouter-metadata" in request.headers else None,
    )
    request.generation = generation.id
    said = usage.get("cost")
    billed = Decimal(repr(said)) if isinstance(said, int | float) else Decimal(0)
    billed += answer.upstream or 0
    server.ledger.book(generation.id, Decimal(0) if answer.cut else billed)
    await exchange.wait(answer.delay) if answer.delay else None
    kind = answer.content_type
    if body.get("stream"):
        await exchange.start(200, _headers(kind or "text/event-stream", generation.id))
        await _stream(exchange, generation)
    else:
        data = json.dumps(replies.body(generation), ensure_ascii=False).encode()
        await exchange.start(200, _headers(kind or "application/json", generation.id))
        await exchange.write(data, last=True)


def _headers(kind: str, generation: str) -> list[tuple[str, str]]:
    return [
        ("content-type", kind),
        ("cache-control", "no-cache"),
        ("x-generation-id", generation),
        ("access-control-expose-headers", "X-Generation-Id,X-Provider-Name,request-id,cf-ray"),
    ]


async def _stream(exchange: Exchange, generation: replies.Generation) -> None:
    answer = generation.answer
    for event in replies.stream(generation):
        if exchange.gone.is_set():
            return
        if not isinstance(event, bytes):
            await _cut(exchange, answer)
            return
        size = answer.write or len(event)
        for start in range(0, len(event), size):
            await exchange.write(event[start : start + size])
            if answer.write:
                # Lets the piece leave before the next one joins it.
                await asyncio.sleep(0)
        if answer.delay_between:
            await exchange.wait(answer.delay_between)
    await exchange.write(b"", last=True)


async def _cut(exchange: Exchange, answer: Answer) -> None:
    if answer.cut == "drop":
        await exchange.cut_off()
    elif answer.cut == "end":
        await exchange.write(b"", last=True)
    while answer.cut == "stall_with_comments" and not exchange.gone.is_set():
        await exchange.write(b": OPENROUTER PROCESSING\n\n")
        await exchange.wait(0.02)
    if answer.cut == "stall":
        await exchange.wait(None)


async def _send(exchange: Exchange, behaviour: Behaviour, request: Request) -> None:
    if isinstance(behaviour, Refuse):
        error = {"error": behaviour.error, "user_id": "user_1"}
        body = behaviour.body if behaviour.body is not None else json.dumps(error).encode()
        await exchange.reply(
            behaviour.status, body, behaviour.content_type, **dict(behaviour.headers)
        )
    elif isinstance(behaviour, Raw):
        kind = ("content-type", behaviour.content_type)
        await exchange.start(behaviour.status, [kind, *behaviour.headers.items()])
        for data in behaviour.writes:
            await exchange.write(data)
            await asyncio.sleep(0)
        if behaviour.reset:
            await exchange.cut_off()
        else:
            await exchange.write(b"", last=True)
    elif isinstance(behaviour, Drop):
        exchange.reset()
    elif isinstance(behaviour, Stall):
        await exchange.wait(None)
    request.status = getattr(behaviour, "status", None)


def _models(server: Server) -> Raw:
    rows = list(models.MODELS.values())
    data = {"data": rows, "total_count": len(rows), "links": {"next": None}}
    caching = {"cache-control": "public, max-age=300, stale-while-revalidate=3600"}
    return Raw([json.dumps(data).encode()], 200, "application/json", caching)


async def _account(
    exchange: Exchange,
    request: Request,
    path: str,
    query: dict[str, list[str]],
    authorization: str,
) -> None:
    server = exchange.server
    refusal = checks.check_key(authorization, set(server.keys))
    spent = float(server.ledger.total)
    if path in ("/key", "/auth/key"):
        data: Any = {"label": "sk-or-v1-tes...key", "limit": None, "usage": spent}
        data |= {"limit_remaining": None, "is_free_tier": False, "is_management_key": False}
    elif path == "/credits":
        data = {"total_credits": float(server.credits), "total_usage": spent}
    elif path == "/generation":
        generation = query.get("id", [""])[0]
        data = server.generation(generation)
        if data is None:
            refusal = refusal or refuse(404, f"Generation {generation} not found")
    else:
        refusal = Refuse(404, body=b"<html><title>404</title></html>", content_type="text/html")
        data = None
    if refusal:
        await _send(exchange, refusal, request)
        return
    request.status = 200
    await exchange.reply(200, json.dumps({"data": data}).encode())


def _metadata(
    body: dict[str, Any], served: str, answer: Answer, failed: list[dict[str, Any]]
) -> dict[str, Any]:
    attempt = {"provider": answer.provider, "model": served, "status": 200}
    return {
        "requested": body.get("model"),
        "strategy": "fallback" if failed else "direct",
        "attempt": len(failed) + 1,
        "is_byok": answer.upstream is not None,
        "attempts": [*failed, attempt],
    }
