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
from typing import Any, Literal

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from . import app, billing, models, replies, schema
from .accounts import Account
from .behaviours import Answer, Behaviour, Refuse

ReplyTo = Callable[[Mapping[str, Any]], "str | Behaviour | None"]
SchemaMode = Literal["honoured", "fenced", "prose", "truncated", "wrong"]


@dataclass
class Request:
    """A line of the journal. `headers` are in lower case and never hold the key.

    number: which request to its path it is, from 1.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    body: Any
    received: float
    number: int
    status: int | None = 200
    generation: str | None = None
    cancelled: bool = False


@dataclass
class Server:
    """A look-alike of OpenRouter; use it as a context manager.

    key: an ordinary one; management_key: one that may not ask a model. What follows is set after
    the start, and is back at its default after `reset`.
    reply: called with the body of each request that is not scripted; gives the text or the
    behaviour, or None for the default. account: its credits and limits. clock: tells the seconds
    since 1970. generation_lag: how many times `/generation` answers 404 before it knows a new id.
    keeps_bill: the ids that it never knows. account_lag: how many of the latest bills `/key` and
    `/credits` do not know yet. schema_mode: what comes where a JSON Schema is asked for.
    provider_minimum: the fewest tokens that a reply may be limited to. credits_are_secret,
    plain_models, verbose_errors: `/credits` is for management keys, `/models` has nothing beside
    `data`, errors have everything that may be in them, as was seen at one time or another.
    """

    seed: int = 0
    port: int = 0
    key: str = "sk-or-v1-test-key-0001"
    management_key: str = "sk-or-v1-management-key-0002"
    requests: list[Request] = field(default_factory=list)
    transports: dict[Any, asyncio.Transport] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._uvicorn: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None
        self.reset()

    def reset(self) -> None:
        """Forget scripts, journal and bills, and start the same sequence of ids again."""
        self.keys = {self.key}
        self.account = Account()
        self.reply: ReplyTo | None = None
        self.clock: Callable[[], float] = time.time
        self.generation_lag = 0
        self.keeps_bill: Callable[[str], bool] = lambda generation: False
        self.account_lag = 0
        self.schema_mode: SchemaMode = "honoured"
        self.provider_minimum: int | None = None
        self.credits_are_secret = False
        self.plain_models = False
        self.verbose_errors = False
        self.requests.clear()
        self.ledger = billing.Ledger()
        self.running: set[str] = set()
        self.cancelled: set[str] = set()
        self.cached: dict[Any, tuple[float, int, replies.Generation]] = {}
        self._random = random.Random(self.seed)
        self._numbers = itertools.count()
        self._scripts: dict[tuple[str | None, str | None], deque[Behaviour]] = defaultdict(deque)
        self._conditional: list[tuple[Callable[[Request], bool], deque[Behaviour]]] = []
        self._counts: dict[str, int] = defaultdict(int)
        self._asked: dict[str, int] = defaultdict(int)

    def script(
        self,
        *behaviours: Behaviour,
        model: str | None = None,
        provider: str | None = None,
        when: Callable[[Request], bool] | None = None,
    ) -> None:
        """Queue what to do with the next requests: with all, or those for one model or path, at
        one provider of the model's, or of which `when` is true."""
        with self._lock:
            if when is not None:
                self._conditional.append((when, deque(behaviours)))
            else:
                self._scripts[model, provider].extend(behaviours)

    @property
    def now(self) -> float:
        """Seconds since 1970."""
        return self.clock()

    @property
    def all_keys(self) -> set[str]:
        """Every key that is known here."""
        return {*self.keys, self.management_key}

    @property
    def base_url(self) -> str:
        """What a client takes for https://openrouter.ai/api/v1."""
        return f"http://127.0.0.1:{self.port}{app.PREFIX}"

    @property
    def chats(self) -> list[Request]:
        """The chat requests of the journal."""
        return [request for request in self.requests if request.path.endswith("/completions")]

    def next_behaviour(
        self, request: Request, *, model: str | None = None, provider: str | None = None
    ) -> Behaviour | None:
        """Take what is scripted next for a request, for `model` or any, or at `provider`."""
        with self._lock:
            if provider is None:
                for when, queue in self._conditional:
                    if queue and when(request):
                        return queue.popleft()
            names: list[tuple[str | None, str | None]] = [(model, provider)]
            if provider is None and not (model or "").startswith("/"):
                names.append((None, None))
            for name in names:
                if self._scripts[name]:
                    return self._scripts[name].popleft()
        return None

    def default_answer(self, body: Mapping[str, Any]) -> Behaviour:
        """Answer what nobody scripted."""
        made = self.reply(body) if self.reply else None
        if isinstance(made, str):
            return Answer(made)
        if made is not None:
            return made
        wanted = (body.get("response_format") or {}).get("json_schema")
        row = models.find(body["model"])
        if wanted and row and "structured_outputs" in row["supported_parameters"]:
            return self._instance(wanted["schema"])
        return Answer(f"alpha one, reply {next(self._numbers) + 1}")

    def _instance(self, wanted: Mapping[str, Any]) -> Answer:
        text = json.dumps(schema.instance(wanted))
        said = {
            "honoured": text,
            "fenced": f"Here you are:\n```json\n{text}\n```",
            "prose": "I would rather put it in words.",
            "truncated": text[: len(text) // 2],
            "wrong": json.dumps({"not": ["what", "was", "asked"]}),
        }
        cut_off = self.schema_mode == "truncated"
        return Answer(said[self.schema_mode], finish_reason="length" if cut_off else "stop")

    def error_body(self, refusal: Refuse, request: Request) -> dict[str, Any]:
        """Return the whole of an error reply."""
        body: dict[str, Any] = {"error": dict(refusal.error), "user_id": "user_1"}
        if self.verbose_errors:
            again = {"retryable": True, "retry_after": 0.01}
            lasting = {"retryable": False, "retry_after": None}
            body["error"]["availability"] = again if refusal.status in (429, 503) else lasting
            if "x-openrouter-metadata" in request.headers:
                body["openrouter_metadata"] = {"strategy": "direct", "attempt": 0, "attempts": []}
        return body

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
        with self._lock:
            self._counts[path] += 1
            number = self._counts[path]
            request = Request(method, path, headers, body, time.monotonic(), number)
            self.requests.append(request)
        return request

    def settle(self, generation: str, bill: billing.Bill, *, cancelled: bool = False) -> None:
        """Put a reply on the bill."""
        self.ledger.book(generation, bill)
        if cancelled:
            self.cancelled.add(generation)

    @property
    def told_ledger(self) -> billing.Ledger:
        """The bills as far as `/key` and `/credits` know them."""
        return self.ledger.without_latest(self.account_lag) if self.account_lag else self.ledger

    def generation(self, generation: str) -> dict[str, Any] | None:
        """Return what `/generation` knows, which comes late."""
        self._asked[generation] += 1
        if generation in self.running or generation not in self.ledger:
            return None
        if self._asked[generation] <= self.generation_lag or self.keeps_bill(generation):
            return None
        return {
            "id": generation,
            "total_cost": float(self.ledger[generation]),
            "is_byok": False,
            "cancelled": generation in self.cancelled,
        }

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
