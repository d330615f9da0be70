"""Replies of models: who answers, what it costs, and how it is sent."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from . import billing, checks, models, replies, routing, surfaces
from .accounts import Wanted
from .behaviours import Answer, Behaviour, Drop, Raw, Refuse, Stall

if TYPE_CHECKING:
    from .app import Exchange
    from .server import Request, Server

_USUAL_TTL = 300
_Render = tuple[
    Callable[[replies.Generation], dict[str, Any]],
    Callable[[replies.Generation], Iterator[bytes | object]],
]
SURFACES: Mapping[str, _Render] = {
    "/chat/completions": (replies.body, replies.stream),
    "/completions": (surfaces.completion_body, surfaces.completion_stream),
    "/responses": (surfaces.response_body, surfaces.response_stream),
}


@dataclass(frozen=True)
class Ask:
    """One request on its way: `body` in the form of a chat request, `key` whoever pays."""

    exchange: Exchange
    request: Request
    body: dict[str, Any]
    key: str
    path: str

    @property
    def server(self) -> Server:
        """Where it was sent."""
        return self.exchange.server

    def to(self, model: str) -> dict[str, Any]:
        """The body as it would be if `model` alone had been asked."""
        return {**self.body, "model": model}


@dataclass(frozen=True)
class _Failure:
    """A model that did not answer."""

    model: str
    provider: str
    refusal: Refuse

    @property
    def attempt(self) -> dict[str, Any]:
        return {"provider": self.provider, "model": self.model, "status": self.refusal.status}

    @property
    def previous(self) -> dict[str, Any]:
        meta = self.refusal.error.get("metadata", {})
        said = {name: self.refusal.error.get(name) for name in ("code", "message")}
        return {**said, "provider_name": self.provider, "raw": meta.get("raw")}


async def answer(exchange: Exchange, request: Request, raw: bytes, key: str, path: str) -> None:
    """Answer a request to a model, whichever of the surfaces it came in by."""
    body = checks.read_body(raw)
    if isinstance(body, Refuse):
        await send(exchange, body, request)
        return
    ask = Ask(exchange, request, surfaces.as_chat(body), key, path)
    if await _from_cache(ask):
        return
    failures: list[_Failure] = []
    for model in _in_order(ask.body):
        behaviour = ask.server.next_behaviour(request, model=model)
        if isinstance(behaviour, Raw | Drop | Stall):
            await send(exchange, behaviour, request)
            return
        if not isinstance(behaviour, Refuse) and (refusal := checks.check_request(ask.body)):
            await send(exchange, refusal, request)
            return
        if await _model_answers(ask, model, behaviour, failures):
            return
    *earlier, last = failures
    await send(exchange, _with_previous(last.refusal, earlier), request)


def _in_order(body: Mapping[str, Any]) -> list[str]:
    """Return the models as they are tried: one after the other, or the best of the pool first."""
    asked = [body["model"]] if body.get("model") else []
    asked += body.get("models") or []
    sort = (body.get("provider") or {}).get("sort")
    if isinstance(sort, dict) and sort.get("partition") == "none" and all(map(models.find, asked)):
        asked.sort(key=lambda model: _rank(body, model))
    return asked or [""]


def _rank(body: Mapping[str, Any], model: str) -> float:
    row = models.find(model)
    assert row is not None
    found = routing.route(body, row)
    if isinstance(found, Refuse):
        return float("inf")
    if routing.sort_of(body) == "price":
        return float(row["pricing"]["prompt"]) * float(found[0].factor)
    return routing.sort_key(body)(found[0])


async def _model_answers(
    ask: Ask, model: str, behaviour: Answer | Refuse | None, failures: list[_Failure]
) -> bool:
    """Let a model answer, or add to `failures` why it does not."""
    server, body = ask.server, ask.to(model)
    if isinstance(behaviour, Refuse):
        failures.append(_Failure(model, routing.ACME.name, behaviour))
        return False
    row = models.find(model)
    assert row is not None
    found = _admissible(ask, body, row)
    if isinstance(found, Refuse):
        failures.append(_Failure(model, routing.ACME.name, found))
        return False
    with _admitted(ask, body, row) as held:
        usual = held if isinstance(held, Refuse) else behaviour or server.default_answer(body)
        if isinstance(usual, Refuse):
            failures.append(_Failure(model, found[0].name, usual))
            return False
        for endpoint in found:
            scripted = server.next_behaviour(ask.request, provider=endpoint.slug)
            if isinstance(scripted, Refuse):
                failures.append(_Failure(model, endpoint.name, scripted))
                continue
            reply = scripted or usual
            if isinstance(reply, Answer):
                await _answer(ask, body, row, endpoint, reply, failures, held)
            else:
                await send(ask.exchange, reply, ask.request)
            return True
    return False


def _admissible(
    ask: Ask, body: dict[str, Any], row: dict[str, Any]
) -> list[routing.Endpoint] | Refuse:
    """Return who may serve a request that has sense and fits."""
    server = ask.server
    refusal = checks.check_model(body, row, server.provider_minimum)
    if refusal is None:
        found = routing.route(
            body,
            row,
            trains=server.account.lets_train,
            guarded=row["id"] in server.account.guarded,
        )
        refusal = found if isinstance(found, Refuse) else checks.check_context(body, row)
    return refusal or found


@contextmanager
def _admitted(
    ask: Ask, body: dict[str, Any], row: dict[str, Any]
) -> Iterator[Refuse | Callable[[], None]]:
    """Hold the worst case of a call, as far as the account allows it; gives what lets go of it."""
    server = ask.server
    text, tools = billing.prompt_tokens(body)
    prices = billing.prices_at(row["pricing"], text + tools, server.now)
    most = body.get("max_tokens") or row["top_provider"]["max_completion_tokens"]
    wanted = Wanted(
        key=ask.key,
        model=row["id"],
        is_free=row["id"].endswith(":free"),
        prompt=prices["prompt"] * (text + tools),
        completion=prices["completion"],
        max_tokens=most or row["context_length"],
    )
    refusal = server.account.admit(wanted, server.ledger, server.now)
    if refusal:
        yield refusal
        return
    with ExitStack() as held:
        held.callback(server.account.release, wanted)
        yield held.close


@dataclass(frozen=True)
class _Price:
    """What a reply costs: all of it, or a part where its provider stops when nobody reads."""

    whole: Decimal
    rates: Mapping[str, Decimal]
    prompt: int
    completion: int
    stops: bool

    def part(self, share: float) -> Decimal:
        """Return the bill for a share of the reply."""
        if not self.stops:
            return self.whole
        return billing.cost(self.rates, self.prompt, round(self.completion * share))

    def of_stream(self, answer: Answer) -> Decimal:
        """Return the bill for a stream that is cut as `answer` says; errors are nobody's bill."""
        if answer.cut is None:
            return self.whole
        return Decimal(0) if answer.cut == "error" else self.part(answer.cut_after / answer.deltas)


async def _answer(
    ask: Ask,
    body: dict[str, Any],
    row: dict[str, Any],
    endpoint: routing.Endpoint,
    answer: Answer,
    failures: list[_Failure],
    release: Callable[[], None],
) -> None:
    server, streams = ask.server, bool(body.get("stream"))
    generation, price = _generate(ask, body, row, endpoint, answer, failures)
    ask.request.generation = generation.id
    server.running.add(generation.id)
    await ask.exchange.wait(answer.delay) if answer.delay else None
    release()
    # Booked before the client can look.
    usd = price.of_stream(answer) if streams else price.whole
    server.settle(generation.id, billing.Bill(usd, ask.key, server.now))
    share = await _send_answer(ask, generation)
    if share is not None:
        bill = billing.Bill(price.part(share), ask.key, server.now)
        server.settle(generation.id, bill, cancelled=True)
    server.running.discard(generation.id)


def _generate(
    ask: Ask,
    body: dict[str, Any],
    row: dict[str, Any],
    endpoint: routing.Endpoint,
    answer: Answer,
    failures: list[_Failure],
) -> tuple[replies.Generation, _Price]:
    """Make the reply of one provider of a model, after the `failures` of others."""
    server = ask.server
    answer, completion = server.limited(answer, body.get("max_tokens"))
    if answer.error and answer.error_shape != "beside_usage" and not body.get("stream"):
        answer = replace(answer, finish_reason="error")
    prompt = checks.prompt_after_compression(body, row)
    tariff = billing.tariff(body, row, endpoint.factor)
    usage, billed = billing.usage_object(answer, tariff, prompt, completion, server.now)
    if (body.get("reasoning") or {}).get("exclude"):
        answer = replace(answer, reasoning="", reasoning_details=None)
    provider = answer.provider or endpoint.name
    tells = "x-openrouter-metadata" in ask.request.headers
    generation = replies.Generation(
        id=server.new_id(),
        created=int(server.now),
        model=answer.model or models.served_name(row),
        provider=provider,
        answer=answer,
        usage=usage if answer.usage else None,
        metadata=_metadata(ask, body["model"], provider, answer, failures) if tells else None,
    )
    rates = billing.prices_at(tariff.pricing, prompt, server.now)
    return generation, _Price(billed, rates, prompt, completion, endpoint.stops)


async def _send_answer(ask: Ask, generation: replies.Generation) -> float | None:
    """Send a reply; return which share of it was sent when the client hung up, None if it did
    not."""
    if ask.exchange.gone.is_set() and ask.body.get("stream"):
        return 0
    headers = [("x-generation-id", generation.id), ("cache-control", "no-cache")]
    # It is sent only sometimes.
    headers += [("x-provider-name", generation.provider)] if generation.id[-1].islower() else []
    headers += _remember(ask, generation)
    return await _send_generation(ask, generation, headers)


async def _send_generation(
    ask: Ask, generation: replies.Generation, headers: list[tuple[str, str]]
) -> float | None:
    whole, pieces = SURFACES[ask.path]
    kind = generation.answer.content_type
    if ask.body.get("stream"):
        kind = kind or "text/event-stream"
        await ask.exchange.start(200, [("content-type", kind), *headers])
        return await _stream(ask.exchange, generation, list(pieces(generation)))
    data = json.dumps(whole(generation), ensure_ascii=False).encode()
    kind = kind or "application/json"
    await ask.exchange.start(200, [("content-type", kind), *headers])
    ask.server.running.discard(generation.id)
    await ask.exchange.write(data, last=True)
    return None


async def _stream(
    exchange: Exchange, generation: replies.Generation, events: list[bytes | object]
) -> float | None:
    reply = generation.answer
    for number, event in enumerate(events):
        if exchange.gone.is_set():
            return number / len(events)
        if not isinstance(event, bytes):
            exchange.server.running.discard(generation.id)
            await _cut(exchange, reply)
            return None
        if event is events[-1]:
            exchange.server.running.discard(generation.id)
        size = reply.write or len(event)
        for start in range(0, len(event), size):
            await exchange.write(event[start : start + size])
            if reply.write:
                # Lets the piece leave before the next one joins it.
                await asyncio.sleep(0)
        if reply.delay_between:
            await exchange.wait(reply.delay_between)
    await exchange.write(b"", last=True)
    return None


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


async def send(exchange: Exchange, behaviour: Behaviour, request: Request) -> None:
    """Do what is not the answer of a model."""
    if isinstance(behaviour, Refuse):
        body = behaviour.body
        if body is None:
            body = json.dumps(exchange.server.error_body(behaviour, request)).encode()
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


def _with_previous(refusal: Refuse, earlier: list[_Failure]) -> Refuse:
    """Add to the last error those of the models before it."""
    if not earlier or refusal.body is not None:
        return refusal
    previous = [failure.previous for failure in earlier]
    metadata = {**refusal.error.get("metadata", {}), "previous_errors": previous}
    return replace(refusal, error={**refusal.error, "metadata": metadata})


def _metadata(
    ask: Ask, served: str, provider: str, answer: Answer, failures: list[_Failure]
) -> dict[str, Any]:
    attempt = {"provider": provider, "model": served, "status": 200}
    return {
        "requested": ask.body.get("model"),
        "strategy": "fallback" if failures else "direct",
        "attempt": len(failures) + 1,
        "is_byok": answer.upstream is not None,
        "attempts": [*(failure.attempt for failure in failures), attempt],
    }


def _cache_key(ask: Ask) -> tuple[str, str, bytes] | None:
    # The order of the keys matters: that is how OpenRouter does it.
    if ask.request.headers.get("x-openrouter-cache") != "true":
        return None
    return ask.key, ask.path, json.dumps(ask.body).encode()


def _remember(ask: Ask, generation: replies.Generation) -> list[tuple[str, str]]:
    """Keep a reply for whoever asks the same; return the headers that say so."""
    cached = _cache_key(ask)
    if cached is None:
        return []
    ttl = int(ask.request.headers.get("x-openrouter-cache-ttl", _USUAL_TTL))
    ask.server.cached[cached] = (ask.server.now, ttl, generation)
    return [("x-openrouter-cache-status", "MISS"), ("x-openrouter-cache-ttl", str(ttl))]


async def _from_cache(ask: Ask) -> bool:
    """Send the reply that is kept for this request, if there is one: a new id, and no cost."""
    server, cached = ask.server, _cache_key(ask)
    if cached is None or cached not in server.cached:
        return False
    stored, ttl, before = server.cached[cached]
    age = server.now - stored
    if age >= ttl or ask.request.headers.get("x-openrouter-cache-clear") == "true":
        del server.cached[cached]
        return False
    nothing = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0, "cost": 0}
    generation = replace(before, id=server.new_id(), usage=nothing, metadata=None)
    server.settle(generation.id, billing.Bill(Decimal(0), ask.key, server.now))
    ask.request.generation = generation.id
    headers = [
        ("x-generation-id", generation.id),
        ("x-openrouter-cache-status", "HIT"),
        ("x-openrouter-cache-age", str(int(age))),
        ("x-openrouter-cache-ttl", str(ttl)),
        ("x-openrouter-cache-source-id", before.id),
    ]
    await _send_generation(ask, generation, headers)
    return True
