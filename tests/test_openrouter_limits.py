"""The limits of an account as a user meets them: told, waited for, and never paid twice."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from llm_reasonkit.errors import CallError
from llm_reasonkit.openrouter.account import read_account
from llm_reasonkit.openrouter.billing import Bill
from llm_reasonkit.openrouter.client import Client
from llm_reasonkit.openrouter.model import OpenRouterAsyncModel
from llm_reasonkit.openrouter.settings import ClientSettings
from tests.cli import until
from tests.openrouter_calls import Got, ask
from tests.openrouter_server import Answer, KeyLimit, Raw, Server, Stall, admission_control

FREE = "acme/small:free"
NOON = datetime(2026, 10, 1, 12, tzinfo=UTC).timestamp()
DAY = 24 * 3600


def only_error(got: Got, server: Server, code: str) -> str:
    """The error of a call that was not tried again."""
    assert got.error is not None
    assert (got.error.code, got.error.billed) == (code, False)
    assert len(server.chats) == 1
    return str(got.error)


async def until_asked(server: Server, times: int = 1) -> None:
    """Wait until so many requests have arrived."""
    await asyncio.to_thread(until, lambda: len(server.chats) >= times)


# Money


async def test_a_key_limit_is_told_and_ends_with_its_period(
    client: Client, openrouter: Server
) -> None:
    """A key that has spent what it may is refused until the next day, whatever the account has."""
    openrouter.clock = lambda: NOON
    openrouter.account.key_limits[openrouter.key] = KeyLimit(Decimal("0.01"), "daily")
    openrouter.script(Answer("ok", usage_changes={"cost": 0.01}))
    assert (await ask(client, openrouter, max_tokens=10)).text == "ok"
    openrouter.requests.clear()

    words = only_error(await ask(client, openrouter, max_tokens=10), openrouter, "no_credits")
    assert "Key limit exceeded (daily limit)" in words
    assert "Raise it at https://openrouter.ai/settings/keys" in words
    openrouter.clock = lambda: NOON + DAY
    assert (await ask(client, openrouter, max_tokens=10)).error is None


@pytest.mark.parametrize("of_key", [True, False])
async def test_what_can_be_afforded_is_told_and_works(
    client: Client, openrouter: Server, of_key: bool
) -> None:
    """The advice of a refusal, followed to the letter, gets an answer."""
    left = Decimal("0.0001")
    if of_key:
        openrouter.account.key_limits[openrouter.key] = KeyLimit(left)
    else:
        openrouter.account.credits = left

    words = only_error(await ask(client, openrouter), openrouter, "no_credits")
    assert "You requested up to 16384 tokens, but can only afford 249" in words
    if not of_key:
        assert "allow a shorter reply (-o max_tokens 249)" in words
    assert (await ask(client, openrouter, max_tokens=249)).error is None
    assert (await ask(client, openrouter, max_tokens=250)).error is not None


@pytest.mark.parametrize(
    ("bought", "spent", "model", "words"),
    [
        (0, 0, "acme/small", "This account never purchased credits"),
        (1, 2, "acme/small", "Insufficient credits"),
        (1, 2, FREE, "Insufficient credits"),
    ],
)
async def test_no_credit_at_all(
    client: Client, openrouter: Server, bought: int, spent: int, model: str, words: str
) -> None:
    """Who never paid, or owes something, is told where to pay; debts stop free models too."""
    openrouter.account.credits = Decimal(10)
    openrouter.script(Answer("ok", usage_changes={"cost": float(spent)}))
    await ask(client, openrouter)
    openrouter.account.credits = Decimal(bought)
    openrouter.requests.clear()

    said = only_error(await ask(client, openrouter, model=model), openrouter, "no_credits")

    assert words in said
    assert "Add credits at https://openrouter.ai/settings/credits" in said


async def test_free_models_need_no_credit(client: Client, openrouter: Server) -> None:
    """Without credit, and without debt, they answer."""
    openrouter.account.credits = Decimal(0)
    assert (await ask(client, openrouter, model=FREE)).error is None


async def test_credit_held_by_other_calls_is_waited_for(client: Client, openrouter: Server) -> None:
    """What running requests hold comes back: the call is tried again when the server says so."""
    openrouter.account.credits = Decimal("0.0001")
    openrouter.account.minute = 0.1
    openrouter.script(Answer("slow", delay=0.15))
    slow = asyncio.create_task(ask(client, openrouter, max_tokens=200))
    await until_asked(openrouter)

    got = await ask(client, openrouter, max_tokens=200)

    assert got.error is None
    assert (await slow).text == "slow"
    assert {why for _, _, why in got.retries} == {"rate_limited"}
    assert got.retries[0][1] == pytest.approx(0.2)


async def test_a_call_too_dear_to_run_is_not_tried_again(
    client: Client, openrouter: Server
) -> None:
    """Where a call alone is more than may run at a time, waiting would not help."""
    openrouter.account.in_flight_budget = Decimal("0.000001")
    words = only_error(await ask(client, openrouter), openrouter, "no_credits")
    assert "more than your credit lets run at a time" in words
    assert "-o max_tokens" in words


async def test_the_account_says_how_it_stands(client: Client, openrouter: Server) -> None:
    """What the key may still spend, and what is left of credits and free requests, is read."""
    openrouter.account.key_limits[openrouter.key] = KeyLimit(Decimal(5), "monthly")
    openrouter.script(Answer("ok", usage_changes={"cost": 1.25}))
    await ask(client, openrouter)
    await ask(client, openrouter, model=FREE)

    account = await read_account(client, openrouter.key)

    assert (account.limit, account.limit_left, account.resets) == (5, Decimal("3.75"), "monthly")
    assert (account.used, account.used_today) == (Decimal("1.25"), Decimal("1.25"))
    assert (account.credits_bought, account.credits_left) == (10, Decimal("8.75"))
    assert (account.free_left, account.free_limit, account.free_tier) == (999, 1000, False)


# Rates


async def test_the_minute_of_free_models_is_waited_for(client: Client, openrouter: Server) -> None:
    """All keys of an account share it; the call goes on when the server's clock says so."""
    openrouter.account.free_per_minute = 2
    openrouter.account.minute = 0.3
    openrouter.keys.add("sk-or-v1-another-key-0003")
    other = replace_key(openrouter, "sk-or-v1-another-key-0003")
    for server in (openrouter, other):
        assert (await ask(client, server, model=FREE)).retries == []

    got = await ask(client, openrouter, model=FREE)

    assert got.error is None
    assert [why for _, _, why in got.retries] == ["rate_limited"]
    last, before = openrouter.chats[-1].received, openrouter.chats[0].received
    assert last - before >= 0.3


def replace_key(server: Server, key: str) -> Server:
    """The same server for another key; it is only asked for its key."""
    return replace(Server(), key=key, port=server.port)


@pytest.mark.parametrize(("credits_bought", "allowed"), [(9, 50), (10, 1000)])
async def test_the_day_of_free_models_is_not_waited_for(
    client: Client, openrouter: Server, credits_bought: int, allowed: int
) -> None:
    """It says when the next day begins; then it works again."""
    openrouter.clock = lambda: NOON
    openrouter.account.credits = Decimal(credits_bought)
    openrouter.account.minute = 0
    for _ in range(3):
        assert (await ask(client, openrouter, model=FREE)).error is None
    assert (await read_account(client, openrouter.key)).free_left == allowed - 3
    openrouter.account.free_per_day = 3
    openrouter.requests.clear()

    words = only_error(await ask(client, openrouter, model=FREE), openrouter, "daily_limit")

    assert "free-models-per-day" in words
    assert "(reset at 2026-10-02 00:00 UTC)" in words
    openrouter.clock = lambda: NOON + DAY
    assert (await ask(client, openrouter, model=FREE)).error is None


async def test_a_busy_model_does_not_slow_the_others(client: Client, openrouter: Server) -> None:
    """The limit of one model is waited for by its own calls only."""
    openrouter.account.model_per_minute["acme/small"] = 1
    openrouter.account.minute = 0.4
    await ask(client, openrouter)
    busy = asyncio.create_task(ask(client, openrouter))
    await until_asked(openrouter, 2)

    other = await ask(client, openrouter, model="acme/prose")

    assert other.retries == []
    assert not busy.done()
    assert (await busy).error is None


async def test_slow_admission_is_waited_for(client: Client, openrouter: Server) -> None:
    """Where OpenRouter could not look up the credit in time, it is asked again after its pause."""
    openrouter.script(admission_control(0.2), Answer("ok"))
    got = await ask(client, openrouter)
    assert got.text == "ok"
    assert got.retries == [(1, 0.2, "rate_limited")]


# Calls that are given up


async def given_up(
    model: OpenRouterAsyncModel, server: Server, requests: int, **options: Any
) -> Bill:
    """Cancel a call once the server has had so many requests; return what it cost."""
    response = model.prompt("hi", key=server.key, **options)
    task = asyncio.create_task(response.text())
    await until_asked(server, requests)
    await asyncio.to_thread(until, lambda: server.chats[-1].generation is not None)
    # A little of the reply is to arrive.
    await asyncio.sleep(0.1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    bill = await model.late_bill(response, server.key)
    assert bill is not None
    return bill


@pytest.mark.parametrize(("provider", "stops"), [("acme", True), ("amazon-bedrock", False)])
async def test_a_cancelled_stream_costs_what_its_provider_says(
    client: Client, openrouter: Server, provider: str, stops: bool
) -> None:
    """Some providers stop billing, others go on: the server is asked, and believed."""
    openrouter.script(Answer("word " * 400, deltas=400, delay_between=0.05))
    model = OpenRouterAsyncModel("openrouter/anthropic/claude-sonnet-4", client=client)

    bill = await given_up(model, openrouter, 1, provider={"only": [provider]})

    full = Decimal("0.000015") * 500 * (1 if stops else Decimal("1.1"))
    assert bill == Bill(openrouter.ledger.total)
    assert (openrouter.ledger.total < full) is stops
    assert openrouter.generation(openrouter.chats[0].generation or "") == {
        "id": openrouter.chats[0].generation,
        "total_cost": float(openrouter.ledger.total),
        "is_byok": False,
        "cancelled": True,
    }


async def test_tries_before_a_cancelled_one_are_on_its_bill(
    client: Client, openrouter: Server
) -> None:
    """An empty reply that was billed, and a second try under way: both are asked for."""
    openrouter.script(Answer(""), Answer("word " * 90, deltas=90, delay_between=0.05))
    bill = await given_up(
        OpenRouterAsyncModel("openrouter/acme/small", client=client), openrouter, 2
    )
    assert len(openrouter.ledger) == 2
    assert bill == Bill(openrouter.ledger.total)


async def test_a_try_that_left_no_trace_is_unknown(client: Client, openrouter: Server) -> None:
    """A request that was sent and never answered may be billed: it counts as unknown, not as 0."""
    openrouter.script(Stall())
    model = OpenRouterAsyncModel("openrouter/acme/small", client=client)
    response = model.prompt("hi", key=openrouter.key)
    task = asyncio.create_task(response.text())
    await until_asked(openrouter)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert await model.late_bill(response, openrouter.key) == Bill(None, unknown=1)


async def test_what_was_never_sent_costs_nothing(openrouter: Server) -> None:
    """A call that is cancelled while it waits for its turn is known to be free."""
    settings = ClientSettings(base_url=openrouter.base_url, requests_per_minute=1)
    async with Client(settings) as client:
        model = OpenRouterAsyncModel("openrouter/acme/small", client=client)
        await model.prompt("first", key=openrouter.key).text()
        response = model.prompt("second", key=openrouter.key)
        task = asyncio.create_task(response.text())
        await asyncio.sleep(0.1)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert await model.late_bill(response, openrouter.key) == Bill(Decimal(0))
    assert len(openrouter.chats) == 1


async def test_a_reset_before_the_reply_is_unknown_though_the_next_try_works(
    client: Client, openrouter: Server
) -> None:
    """The request may have reached a provider: the bill of the second try is not all there is."""
    openrouter.script(Raw([b""]), Answer("ok"))
    model = OpenRouterAsyncModel("openrouter/acme/small", client=client)
    response = model.prompt("hi", key=openrouter.key)
    assert await response.text() == "ok"
    assert (response.token_details or {})["cost"] == float(openrouter.ledger.total)
    assert response.response_json["tries_of_unknown_cost"] == 1


async def test_a_refusal_after_an_unknown_try_does_not_make_it_free(
    client: Client, openrouter: Server
) -> None:
    """The error of the last try is free; the try before it may not have been."""
    openrouter.script(Raw([b""]), Answer("", error={"code": 402, "message": "no"}, cut="error"))
    model = OpenRouterAsyncModel("openrouter/acme/small", client=client)
    response = model.prompt("hi", key=openrouter.key)
    with pytest.raises(CallError):
        await response.text()
    assert (response.token_details or {}).get("cost") == 0
    assert response.response_json["tries_of_unknown_cost"] == 1
