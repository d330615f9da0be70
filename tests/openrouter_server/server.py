"""The server: an account, a script, a journal, and the thread that listens."""

from __future__ import annotations

import asyncio
import itertools
import json
import random
import socket
import string
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from . import app, billing, models, schema
from .behaviours import Answer, Behaviour, Refuse

ReplyTo = Callable[[Mapping[str, Any]], "str | Answer | Refuse | None"]


@dataclass
class Request:
    """A line of the journal. `headers` are in lower case and never hold the key."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: Any
    received: float
    status: int | None = 200
    generation: str | None = None
    cancelled: bool = False


@dataclass
class Server:
    """A look-alike of OpenRouter; use it as a context manager.

    reply: called with the body of each request that is not scripted; gives the text or the
    behaviour, or None for the default. generation_lag: how many times `/generation` answers 404
    before it knows a new id. credits: USD bought.
    """

    seed: int = 0
    port: int = 0
    key: str = "sk-or-v1-test-key-0001"
    reply: ReplyTo | None = None
    credits: Decimal = Decimal(10)
    generation_lag: int = 0
    keys: set[str] = field(default_factory=set)
    requests: list[Request] = field(default_factory=list)
    ledger: billing.Ledger = field(default_factory=billing.Ledger)
    transports: dict[Any, asyncio.Transport] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._uvicorn: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None
        self.reset()

    def reset(self) -> None:
        """Forget scripts, journal and bills, and start the same sequence of ids again."""
        self.keys = {self.key}
        self.reply = None
        self.generation_lag = 0
        self.requests.clear()
        self.ledger = billing.Ledger()
        self._random = random.Random(self.seed)
        self._numbers = itertools.count()
        self._scripts: dict[str | None, deque[Behaviour]] = defaultdict(deque)
        self._asked: dict[str, int] = defaultdict(int)

    def script(self, *behaviours: Behaviour, model: str | None = None) -> None:
        """Queue what to do with the next requests, or with those for one model or path."""
        with self._lock:
            self._scripts[model].extend(behaviours)

    @property
    def now(self) -> float:
        """Seconds since 1970."""
        return time.time()

    @property
    def base_url(self) -> str:
        """What a client takes for https://openrouter.ai/api/v1."""
        return f"http://127.0.0.1:{self.port}{app.PREFIX}"

    @property
    def chats(self) -> list[Request]:
        """The chat requests of the journal."""
        return [request for request in self.requests if request.path.endswith("/completions")]

    def next_behaviour(self, model: str) -> Behaviour | None:
        """Take what is scripted next for `model`, or for any."""
        with self._lock:
            for name in (model, None) if not model.startswith("/") else (model,):
                if self._scripts[name]:
                    return self._scripts[name].popleft()
        return None

    def default_answer(self, body: Mapping[str, Any]) -> Answer | Refuse:
        """Answer what nobody scripted."""
        made = self.reply(body) if self.reply else None
        if isinstance(made, Answer | Refuse):
            return made
        if made is not None:
            return Answer(made)
        wanted = (body.get("response_format") or {}).get("json_schema")
        row = models.find(body.get("model") or body["models"][0])
        if wanted and row and "structured_outputs" in row["supported_parameters"]:
            return Answer(json.dumps(schema.instance(wanted["schema"])))
        return Answer(f"alpha one, reply {next(self._numbers) + 1}")

    def limited(self, answer: Answer, limit: int | None) -> tuple[Answer, int]:
        """Cut an answer to `limit` tokens; return it and the tokens it has."""
        thought = billing.count_tokens(answer.reasoning)
        called = "".join(call.arguments for call in answer.tool_calls)
        count = thought + billing.count_tokens((answer.text or "") + called)
        if limit is None or count <= limit:
            return answer, count
        text = (answer.text or "")[: 4 * max(0, limit - thought)]
        return replace(answer, text=text or None, finish_reason="length"), max(limit, thought)

    def new_id(self) -> str:
        """Return the next generation id."""
        with self._lock:
            tail = "".join(self._random.choices(string.ascii_letters + string.digits, k=20))
        return f"gen-1760000000-{tail}"

    def record(self, method: str, path: str, headers: Mapping[str, str], raw: bytes) -> Request:
        """Add a line to the journal."""
        try:
            body = json.loads(raw) if raw else None
        except ValueError:
            body = raw
        request = Request(method, path, headers, body, time.monotonic())
        with self._lock:
            self.requests.append(request)
        return request

    def generation(self, generation: str) -> dict[str, Any] | None:
        """Return what `/generation` knows, which comes late."""
        self._asked[generation] += 1
        if generation not in self.ledger or self._asked[generation] <= self.generation_lag:
            return None
        return {"id": generation, "total_cost": float(self.ledger[generation]), "is_byok": False}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one request (ASGI)."""
        await app.handle(app.Exchange(scope, receive, send, self))

    def __enter__(self) -> Server:
        server, transports = self, self.transports

        class Protocol(H11Protocol):
            """Lets the application find the transport, to be able to cut it off."""

            def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
                transports[transport.get_extra_info("peername")] = transport
                super().connection_made(transport)

            def connection_lost(self, exc: Exception | None) -> None:
                transports.pop(self.transport.get_extra_info("peername"), None)
                super().connection_lost(exc)

        # With the protocol named, asyncio turns Nagle's algorithm off, which costs 40 ms a reply.
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        self.port = listener.getsockname()[1]
        config = uvicorn.Config(
            server,
            http=Protocol,
            lifespan="off",
            log_level="critical",
            access_log=False,
            # uvicorn's 5 s are httpx's too: a busy client would send into a closing connection.
            timeout_keep_alive=75,
        )
        self._uvicorn = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._uvicorn.run, kwargs={"sockets": [listener]}, name="openrouter-server"
        )
        self._thread.start()
        while not self._uvicorn.started:
            time.sleep(0.005)
        return self

    def __exit__(self, *_: object) -> None:
        assert self._uvicorn is not None
        assert self._thread is not None
        self._uvicorn.should_exit = True
        self._thread.join()
