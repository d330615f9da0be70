"""What a call cost where its reply does not say so: asked for, reckoned, or left unknown."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import llm
import pytest

from llm_reasonkit.errors import CallError
from llm_reasonkit.openrouter import catalogue
from llm_reasonkit.openrouter.billing import ask_bills
from llm_reasonkit.openrouter.client import Client
from llm_reasonkit.openrouter.ids import own_folder
from llm_reasonkit.openrouter.model import OpenRouterAsyncModel
from llm_reasonkit.openrouter.settings import ClientSettings
from tests.openrouter_server import Answer, Raw, Server, Stall

NO_COST = {"cost": ..., "cost_details": ...}
NEVER = 99


def told(data: dict[str, Any]) -> Raw:
    """A reply of `/generation`."""
    return Raw([json.dumps({"data": data}).encode()], 200, "application/json")


async def asked(
    client: Client, server: Server, model_id: str = "acme/small", **options: Any
) -> llm.AsyncResponse:
    """Call a model whose prices are known; the response is done, or broke off."""
    known = await catalogue.refresh(own_folder(), client)
    model = OpenRouterAsyncModel(f"openrouter/{model_id}", known.get(model_id), client=client)
    response = model.prompt("hi", key=server.key, **options)
    try:
        await response.text()
    except CallError:
        assert response.response_json
    return response


def cost_of(response: llm.AsyncResponse) -> Decimal | None:
    usd = (response.token_details or {}).get("cost")
    return None if usd is None else Decimal(str(usd))


def source_of(response: llm.AsyncResponse) -> tuple[Any, Any]:
    raw = response.response_json or {}
    return raw.get("cost_source"), raw.get("tries_of_unknown_cost")


def questions(server: Server) -> int:
    return sum(request.path.endswith("/generation") for request in server.requests)


async def test_a_bill_that_came_is_not_asked_for(client: Client, openrouter: Server) -> None:
    """A reply that states its cost makes no further request."""
    response = await asked(client, openrouter)
    assert cost_of(response) == openrouter.ledger.total
    assert questions(openrouter) == 0


@pytest.mark.parametrize("lag", [0, 1, 2])
@pytest.mark.parametrize("answer", [{"usage": None}, {"usage_changes": NO_COST}])
async def test_a_missing_bill_is_asked_for(
    client: Client, openrouter: Server, answer: dict[str, Any], lag: int
) -> None:
    """Without a usage chunk, or a cost in it, the server is asked, again if it does not know."""
    openrouter.generation_lag = lag
    openrouter.script(Answer("alpha", **answer))
    response = await asked(client, openrouter)
    assert cost_of(response) == openrouter.ledger.total > 0
    assert source_of(response) == (None, None)
    assert questions(openrouter) == lag + 1


async def test_what_is_never_told_is_reckoned_from_usage_and_prices(
    client: Client, openrouter: Server
) -> None:
    """The catalogue's prices give the cost, which is marked as computed."""
    openrouter.generation_lag = NEVER
    changes = {"prompt_tokens": 1000, "completion_tokens": 500, **NO_COST}
    openrouter.script(Answer("alpha", usage_changes=changes))
    response = await asked(client, openrouter)
    assert cost_of(response) == Decimal("0.0003")
    assert source_of(response) == ("computed", None)
    assert questions(openrouter) == 3


async def test_the_model_that_served_gives_the_prices(client: Client, openrouter: Server) -> None:
    """Where another model stood in, its prices are reckoned with, under its dated name too."""
    openrouter.generation_lag = NEVER
    changes = {"prompt_tokens": 1000, "completion_tokens": 500, **NO_COST}
    served = "anthropic/claude-4-sonnet-20250522"
    openrouter.script(Answer("alpha", usage_changes=changes, model=served))
    response = await asked(client, openrouter, models="anthropic/claude-sonnet-4")
    assert cost_of(response) == Decimal("0.0105")


@pytest.mark.parametrize(
    "answer",
    [
        Answer("alpha", usage=None),
        Answer("alpha", usage_changes=NO_COST, model="acme/unheard-of"),
    ],
)
async def test_what_nobody_tells_is_unknown(
    client: Client, openrouter: Server, answer: Answer
) -> None:
    """Without a count, or a price, there is no cost, and that is said."""
    openrouter.generation_lag = NEVER
    openrouter.script(answer)
    response = await asked(client, openrouter)
    assert cost_of(response) is None
    assert source_of(response) == (None, 1)


async def test_a_broken_reply_is_asked_for(client: Client, openrouter: Server) -> None:
    """What came before a connection was lost may be billed, and is looked up by its id."""
    openrouter.script(Answer("one two three", cut="drop", cut_after=1))
    openrouter.script(told({"total_cost": 0.00042, "is_byok": False}), model="/generation")
    response = await asked(client, openrouter)
    assert cost_of(response) == Decimal("0.00042")


async def test_earlier_tries_are_asked_for(client: Client, openrouter: Server) -> None:
    """An empty reply without usage, repeated, is on the bill together with the one that worked;
    an error before the first word is free without asking."""
    error = {"code": 502, "message": "Provider returned error"}
    openrouter.script(
        Answer(None, usage=None), Answer("x", error=error, cut="error"), Answer("at last")
    )
    openrouter.script(told({"total_cost": 0.00042}), model="/generation")
    response = await asked(client, openrouter)
    said = openrouter.ledger[(response.response_json or {})["id"]]
    assert len(openrouter.chats) == 3
    assert cost_of(response) == said + Decimal("0.00042")
    assert questions(openrouter) == 1


async def test_an_earlier_try_that_stays_unknown_is_said(
    client: Client, openrouter: Server
) -> None:
    """The cost is then the sum of what is known, with the number of what is not."""
    openrouter.generation_lag = NEVER
    openrouter.script(Answer(None, usage=None), Answer("at last"))
    response = await asked(client, openrouter)
    assert cost_of(response) == openrouter.ledger[(response.response_json or {})["id"]]
    assert source_of(response) == (None, 1)


async def test_free_models_are_not_asked_about(client: Client, openrouter: Server) -> None:
    """A `:free` model costs 0, whatever its reply leaves out."""
    openrouter.script(Answer("alpha", usage=None))
    response = await asked(client, openrouter, "acme/small:free")
    assert cost_of(response) == 0
    assert questions(openrouter) == 0


@pytest.mark.parametrize(
    ("data", "usd"),
    [
        ({"total_cost": 0.25}, {"gen-1": Decimal("0.25")}),
        (
            {"total_cost": 0.25, "is_byok": True, "upstream_inference_cost": 1.5},
            {"gen-1": Decimal("1.75")},
        ),
        (
            {"total_cost": 0.25, "is_byok": False, "upstream_inference_cost": 1.5},
            {"gen-1": Decimal("0.25")},
        ),
        ({"total_cost": 0.25, "is_byok": True}, {"gen-1": Decimal("0.25")}),
        ({"total_cost": None}, {}),
        ({"total_cost": "0.25"}, {}),
        ({}, {}),
    ],
)
async def test_what_the_server_tells(
    client: Client, openrouter: Server, data: dict[str, Any], usd: dict[str, Decimal]
) -> None:
    """The user's own key at a provider adds what that provider charged; oddities are no bill."""
    openrouter.script(*[told(data)] * 3, model="/generation")
    assert await ask_bills(["gen-1", "gen-1"], client, openrouter.key) == usd


async def test_odd_replies_are_no_bill(client: Client, openrouter: Server) -> None:
    """Neither a list nor a page in place of an object is read as a cost."""
    openrouter.script(
        Raw([b"[]"], 200, "application/json"),
        Raw([b'{"data": 3}'], 200, "application/json"),
        Raw([b"<html>"], 200, "text/html"),
        model="/generation",
    )
    assert await ask_bills(["gen-1"], client, openrouter.key) == {}


async def test_nobody_waits_long_for_a_bill(openrouter: Server) -> None:
    """A server that does not answer is given up, in spite of its own client's patience."""
    openrouter.script(Stall(), model="/generation")
    async with Client(ClientSettings(base_url=openrouter.base_url)) as client:
        assert await ask_bills(["gen-1"], client, openrouter.key) == {}
