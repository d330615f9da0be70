"""What the client makes of errors: which it tries again, which it explains, and how."""

from __future__ import annotations

import asyncio
import json
import time
from decimal import Decimal
from typing import Any

import pytest

from llm_reasonkit.openrouter.client import Client
from llm_reasonkit.openrouter.failures import network
from llm_reasonkit.openrouter.settings import ClientSettings
from tests.openrouter_calls import ask
from tests.openrouter_server import (
    Answer,
    Behaviour,
    Drop,
    Raw,
    Refuse,
    Server,
    Stall,
    admission_control,
    bad_gateway,
    daily_limit,
    guardrail,
    in_flight,
    key_limit,
    moderated,
    no_credits,
    no_endpoint,
    overloaded,
    rate_limited,
    refuse,
    upstream_rate_limited,
    web_page,
)

EMPTY = Answer("", finish_reason="stop")
FIRST_EVENT_ERROR: dict[str, Any] = {"cut": "error", "cut_after": 0}
GATEWAY = {"code": 502, "message": "Network connection lost."}


@pytest.mark.parametrize("reason", ["It hung up", "It hung up."])
def test_a_reason_is_one_sentence(reason: str) -> None:
    """What the network says of itself is quoted with one full stop, whoever put it there."""
    assert "failed: It hung up. Check the network" in str(network(reason, "acme/small"))


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (rate_limited(), "rate_limited"),
        (rate_limited(0), "rate_limited"),
        (rate_limited(0, "date"), "rate_limited"),
        (admission_control(0), "rate_limited"),
        (refuse(429, "Rate limit exceeded: limit_rpm/acme/small/7. High demand"), "rate_limited"),
        (upstream_rate_limited(header=0), "rate_limited"),
        (upstream_rate_limited(metadata=0), "rate_limited"),
        (upstream_rate_limited(is_byok=True), "rate_limited"),
        (in_flight(0), "rate_limited"),
        (refuse(408, "Operation timed out"), "timeout"),
        (refuse(500, "Internal Server Error"), "server"),
        (bad_gateway(), "server"),
        (bad_gateway(None), "server"),
        (overloaded(), "server"),
        (overloaded(0), "server"),
        (refuse(504, "Timeout"), "timeout"),
        (web_page(524), "timeout"),
        (web_page(502), "server"),
        (Refuse(520, body=b"", content_type="text/plain"), "server"),
        (refuse(529, "Provider returned error"), "server"),
        (Drop(), "network"),
        (Raw([b""]), "network"),
        (Raw([b": OPENROUTER PROCESSING\n\n"]), "network"),
        (Raw([b"<html>maintenance</html>"], content_type="text/html"), "server"),
        (Raw([b'{"choices": [{"mess'], content_type="application/json"), "server"),
        (Raw([b"[1, 2]"], content_type="application/json"), "server"),
        (Raw([b"data: {oops\n\n", b"data: [DONE]\n\n"]), "server"),
        (Answer("x", error=GATEWAY, **FIRST_EVENT_ERROR), "server"),
        (Answer("x", error=GATEWAY, error_shape="observed", **FIRST_EVENT_ERROR), "server"),
        (Answer("x", error=GATEWAY, error_shape="bare", **FIRST_EVENT_ERROR), "server"),
        (
            Answer("x", error={"code": "server_error", "message": "?"}, **FIRST_EVENT_ERROR),
            "server",
        ),
        (Answer("x", error={"code": 429, "message": "slow"}, **FIRST_EVENT_ERROR), "rate_limited"),
        (Answer("x", error={"code": "429", "message": "?"}, **FIRST_EVENT_ERROR), "rate_limited"),
        (Answer("x", error={"code": "²", "message": "?"}, **FIRST_EVENT_ERROR), "server"),
        (
            Answer("x", error={"metadata": {"error_type": "timeout"}}, **FIRST_EVENT_ERROR),
            "timeout",
        ),
        (
            Answer("x", error={"metadata": {"error_type": "unheard_of"}}, **FIRST_EVENT_ERROR),
            "server",
        ),
        (Refuse(500, body=b'{"error": "boom"}'), "server"),
        (Refuse(500, body=b'"boom"'), "server"),
        (Answer("x", error={"code": 524, "message": "slow"}, **FIRST_EVENT_ERROR), "timeout"),
        (
            Answer("", finish_reason="error", native_finish_reason="MALFORMED_FUNCTION_CALL"),
            "server",
        ),
        (EMPTY, "empty"),
        (Answer(None), "empty"),
        (Answer(" \n "), "empty"),
        (Answer("", finish_reason=None), "empty"),
        (Raw([b'data: {"choices": []}\n\n', b"data: [DONE]\n\n"]), "empty"),
    ],
)
async def test_what_may_pass_is_tried_again(
    client: Client, openrouter: Server, failure: Behaviour, code: str
) -> None:
    """A failure that may not last costs the user nothing but a moment."""
    openrouter.script(failure, Answer("there you are"))

    got = await ask(client, openrouter)

    assert (got.error, got.text) == (None, "there you are")
    assert [(attempt, why) for attempt, _, why in got.retries] == [(1, code)]
    assert len(openrouter.chats) == 2


@pytest.mark.parametrize(
    ("failure", "code", "words"),
    [
        (refuse(400, "temperature: too hot"), "bad_request", ["temperature: too hot"]),
        (refuse(401, "User not found."), "auth", ["User not found", "llm keys set openrouter"]),
        (no_credits(8192, 1848), "no_credits", ["8192", "1848", "max_tokens"]),
        (
            refuse(402, "no", reason="weight_exceeds_budget"),
            "no_credits",
            ["settings/credits"],
        ),
        (key_limit(), "no_credits", ["Key limit exceeded", "settings/keys"]),
        (moderated(), "moderated", ["violence", "Rephrase"]),
        (refuse(403, "Request blocked: prompt injection"), "refused", ["prompt injection"]),
        (no_endpoint(), "unavailable", ["requested parameters", "max_price"]),
        (refuse(404, "No endpoints found for acme/gone."), "model_not_found", ["acme/gone"]),
        (
            refuse(404, "The free model has been deprecated. Transition to acme/small"),
            "model_not_found",
            ["Transition to acme/small"],
        ),
        (refuse(413, "Payload Too Large"), "bad_request", ["Payload Too Large"]),
        (guardrail(), "refused", ["prompt injection", "workspaces/default/guardrails"]),
        (
            Answer("x", error={"metadata": {"error_type": "refusal"}}, **FIRST_EVENT_ERROR),
            "moderated",
            ["Rephrase"],
        ),
        (
            Answer("x", error={"code": "context_length_exceeded"}, **FIRST_EVENT_ERROR),
            "context_exceeded",
            ["--context"],
        ),
        (refuse(422, "Invalid argument"), "bad_request", ["Invalid argument"]),
        (daily_limit(4_000_000_000_000), "daily_limit", ["2096-10-02", "UTC", "used up"]),
        (Refuse(302, headers={"location": "https://evil.example/"}), "bad_request", ["redirects"]),
        (Answer(None, refusal="I can't help with that."), "refused", ["I can't help"]),
        (Answer("", finish_reason="content_filter"), "refused", ["content filter"]),
    ],
)
async def test_what_will_not_pass_is_explained_at_once(
    client: Client, openrouter: Server, failure: Behaviour, code: str, words: list[str]
) -> None:
    """A lasting error is not tried again; it says what happened and what helps, in one line."""
    openrouter.script(failure)

    got = await ask(client, openrouter)

    assert got.error is not None
    assert got.error.code == code
    assert all(word in str(got.error) for word in words)
    assert str(got.error).isprintable()
    assert len(openrouter.chats) == 1


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ('{"error":{"message":"upstream exploded"}}', "Acme Cloud: upstream exploded"),
        ('{"detail":"no such region"}', "Acme Cloud: no such region"),
        ("plain words", "Acme Cloud: plain words"),
        ("bad \x1b[31mred\x1b[0m\nwords", "Acme Cloud: bad [31mred [0m words"),
    ],
)
async def test_the_providers_own_words_are_shown(
    openrouter: Server, raw: str, said: str, stream: bool
) -> None:
    """`metadata.raw` says what "Provider returned error" hides, without terminal escapes."""
    settings = ClientSettings(base_url=openrouter.base_url, retry_attempts=0)
    openrouter.script(bad_gateway(raw))

    async with Client(settings) as client:
        got = await ask(client, openrouter, stream=stream)

    assert said in str(got.error)


async def test_a_zod_error_is_readable(client: Client, openrouter: Server) -> None:
    """Validation errors that come as JSON in a string are told field by field."""
    issues = json.dumps([{"path": ["limit"], "message": "Number must be at most 1000"}])
    body = {"success": False, "error": {"name": "ZodError", "message": issues}}
    openrouter.script(Refuse(400, body=json.dumps(body).encode()))

    got = await ask(client, openrouter)

    assert "limit: Number must be at most 1000" in str(got.error)


@pytest.mark.parametrize(
    ("hint", "least"),
    [
        (rate_limited(0.2), 0.2),
        (rate_limited(36_000, "date"), 3500),
        (upstream_rate_limited(metadata=0.2), 0.2),
        (in_flight(0.2), 0.2),
        (overloaded(0.2), 0.2),
        (refuse(429, "slow", {"X-RateLimit-Reset": str(int((time.time() + 36_000) * 1000))}), 3500),
        (refuse(429, "slow", headers={"Retry-After": "0.2"}), 0.2),
    ],
)
async def test_the_servers_hint_is_kept(openrouter: Server, hint: Refuse, least: float) -> None:
    """The pause before the next try is at least what the server asks for."""
    settings = ClientSettings(base_url=openrouter.base_url, retry_delay_ms=1, total_timeout=9)
    openrouter.script(hint, Answer("ok"))

    async with Client(settings) as client:
        got = await ask(client, openrouter)

    if least < 9:
        assert got.text == "ok"
        assert got.retries[0][1] >= least
        one, two = openrouter.chats
        assert two.received - one.received >= least
    else:
        assert got.error is not None
        assert got.error.retry_after is not None
        assert got.error.retry_after >= least


@pytest.mark.parametrize("bad", ["soon", "nan", "inf", "-5", "Tue, 99 Foo 2026"])
async def test_an_unreadable_hint_is_ignored(client: Client, openrouter: Server, bad: str) -> None:
    """A Retry-After that makes no sense does no harm."""
    openrouter.script(refuse(429, "slow", {"Retry-After": bad}), Answer("ok"))

    got = await ask(client, openrouter)

    assert got.text == "ok"


@pytest.mark.parametrize("attempts", [0, 1, 3])
async def test_retries_are_counted_after_the_first_request(
    openrouter: Server, attempts: int
) -> None:
    """`retry_attempts` is how often a failed request is repeated, and no more."""
    openrouter.script(*[bad_gateway()] * 9)
    settings = ClientSettings(
        base_url=openrouter.base_url, retry_delay_ms=1, retry_attempts=attempts
    )

    async with Client(settings) as client:
        got = await ask(client, openrouter)

    assert got.error is not None
    assert got.error.code == "server"
    assert len(openrouter.chats) == 1 + attempts


async def test_empty_replies_are_asked_for_twice_more(openrouter: Server) -> None:
    """A model that stays silent is asked three times in all, whatever retries are allowed."""
    openrouter.script(*[EMPTY] * 9)
    settings = ClientSettings(base_url=openrouter.base_url, retry_delay_ms=1, retry_attempts=8)

    async with Client(settings) as client:
        got = await ask(client, openrouter)

    assert got.error is not None
    assert got.error.code == "empty"
    assert len(openrouter.chats) == 3


async def test_the_bill_of_an_empty_reply_is_not_lost(client: Client, openrouter: Server) -> None:
    """What earlier tries cost is on the receipt of the one that worked."""
    openrouter.script(EMPTY, EMPTY, Answer("at last"))

    got = await ask(client, openrouter)

    assert got.receipt is not None
    assert [attempt.code for attempt in got.receipt.earlier] == ["empty", "empty"]
    assert openrouter.ledger.total == got.cost
    assert openrouter.ledger.total > Decimal(0)


@pytest.mark.parametrize("stream", [True, False])
async def test_nothing_is_repeated_after_the_first_token(
    client: Client, openrouter: Server, stream: bool
) -> None:
    """An error in the middle keeps the partial text, and says that it is partial."""
    openrouter.script(Answer("one two three", error=GATEWAY, cut="error", cut_after=2))

    got = await ask(client, openrouter, stream=stream)

    assert got.error is not None
    assert got.error.code == "server"
    assert got.error.partial == got.text
    assert "one two three".startswith(got.text)
    assert got.error.request_id is not None
    assert got.receipt is not None
    assert len(openrouter.chats) == 1


@pytest.mark.parametrize("shape", ["documented", "bare"])
@pytest.mark.parametrize(
    ("code", "again"), [(502, True), (524, True), ("server_error", True), (403, False)]
)
async def test_errors_in_a_whole_reply(
    client: Client, openrouter: Server, shape: Any, code: Any, again: bool
) -> None:
    """A reply with status 200 that is an error, whole or in its choice, is one: tried again where
    that may help, and on nobody's bill."""
    error = {"code": code, "message": "no reply"}
    openrouter.script(Answer(None, error=error, error_shape=shape), Answer("ok"))

    got = await ask(client, openrouter, stream=False)

    assert (got.text == "ok", got.error is None) == (again, again)
    assert len(openrouter.chats) == 1 + again
    first = openrouter.chats[0].generation
    assert openrouter.ledger[str(first)] == 0


@pytest.mark.parametrize("done", [True, False])
@pytest.mark.parametrize("shape", ["documented", "observed", "bare"])
async def test_errors_in_the_stream_are_never_taken_for_its_end(
    client: Client, openrouter: Server, shape: Any, done: bool
) -> None:
    """Every shape of error after the first token ends the call with that error."""
    answer = Answer(
        "one two three", error=GATEWAY, error_shape=shape, cut="error", cut_after=1, done=done
    )
    openrouter.script(answer)

    got = await ask(client, openrouter)

    assert "Network connection lost" in str(got.error)
    assert got.text == "one t"


@pytest.mark.parametrize("cut", ["drop", "end"])
async def test_a_connection_that_breaks_is_not_an_end(
    client: Client, openrouter: Server, cut: Any
) -> None:
    """A reply that stops without saying so is incomplete, however politely it stops."""
    openrouter.script(Answer("one two three", cut=cut, cut_after=2))

    got = await ask(client, openrouter)

    assert got.error is not None
    assert (got.error.code, got.error.partial) == ("interrupted_stream", "one two th")
    assert got.error.billed


async def test_silence_ends_in_the_idle_timeout(openrouter: Server) -> None:
    """A stalled stream is given up after idle_timeout, with what it brought."""
    settings = ClientSettings(base_url=openrouter.base_url, idle_timeout=0.2)
    openrouter.script(Answer("one two three", cut="stall", cut_after=1))

    async with Client(settings) as client:
        got = await ask(client, openrouter)

    assert got.error is not None
    assert (got.error.code, got.error.partial) == ("timeout", "one t")
    assert "0.2 seconds" in str(got.error)


async def test_comments_alone_end_in_the_total_timeout(openrouter: Server) -> None:
    """Signs of life keep a call going only until total_timeout."""
    settings = ClientSettings(base_url=openrouter.base_url, idle_timeout=0.3, total_timeout=0.5)
    openrouter.script(Answer("one two three", cut="stall_with_comments", cut_after=1))

    async with Client(settings) as client:
        got = await ask(client, openrouter)

    assert got.error is not None
    assert (got.error.code, got.error.partial) == ("timeout", "one t")
    assert "0.5 seconds" in str(got.error)


@pytest.mark.parametrize("stream", [True, False])
async def test_a_server_that_never_answers_is_given_up(openrouter: Server, stream: bool) -> None:
    """Total time is capped over all tries, before any byte came."""
    settings = ClientSettings(
        base_url=openrouter.base_url, retry_delay_ms=1, idle_timeout=0.2, total_timeout=0.5
    )
    openrouter.script(*[Stall()] * 9)

    async with Client(settings) as client:
        async with asyncio.timeout(3):
            got = await ask(client, openrouter, stream=stream)

    assert got.error is not None
    assert got.error.code == "timeout"


async def test_a_slow_whole_reply_may_be_silent_longer(openrouter: Server) -> None:
    """The idle timeout is for streams: a reply in one piece is silent until it is there."""
    settings = ClientSettings(base_url=openrouter.base_url, idle_timeout=0.1)
    openrouter.script(Answer("slow", delay=0.3))

    async with Client(settings) as client:
        got = await ask(client, openrouter, stream=False)

    assert got.text == "slow"


async def test_an_unreachable_server_says_so() -> None:
    """Nobody listening is a network error, and certainly not billed."""
    settings = ClientSettings(base_url="http://127.0.0.1:9/api/v1", retry_attempts=0)

    async with Client(settings) as client:
        got = await ask(client, Server())

    assert got.error is not None
    assert (got.error.code, got.error.billed) == ("network", False)
    assert "Check the network" in str(got.error)


@pytest.mark.parametrize(
    ("failure", "billed"),
    [(no_credits(), False), (bad_gateway(), False), (web_page(524), True), (Drop(), True)],
)
async def test_it_is_said_whether_a_failure_was_billed(
    openrouter: Server, failure: Behaviour, billed: bool
) -> None:
    """`billed` is False only where it is certain."""
    settings = ClientSettings(base_url=openrouter.base_url, retry_attempts=0)
    openrouter.script(failure)

    async with Client(settings) as client:
        got = await ask(client, openrouter)

    assert got.error is not None
    assert got.error.billed is billed
