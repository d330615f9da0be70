"""Who serves a request, at what price, and what is said when nobody may or can."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from llm_reasonkit.openrouter import catalogue
from llm_reasonkit.openrouter.client import Client
from llm_reasonkit.openrouter.model import OpenRouterAsyncModel, own_folder
from llm_reasonkit.openrouter.options import OpenRouterOptions, provider_preferences
from tests.openrouter_calls import Got, ask
from tests.openrouter_server import (
    Answer,
    Refuse,
    Server,
    bad_gateway,
    rate_limited,
    refuse,
    upstream_rate_limited,
)
from tests.openrouter_server.models import MODELS

TOOL = {"type": "function", "function": {"name": "clock", "parameters": {}}}
IMAGE = {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}


def served(got: Got) -> tuple[str | None, str | None]:
    """The model and the provider that answered."""
    assert got.error is None, got.error
    assert got.receipt is not None
    return got.receipt.model, got.receipt.provider


# Providers


@pytest.mark.parametrize(
    ("wishes", "provider"),
    [
        ({}, "Acme Cloud"),
        ({"order": ["turbo"]}, "Turbo"),
        ({"order": ["turbo/fast", "budget"]}, "Turbo"),
        ({"only": ["budget"]}, "Budget Inference"),
        ({"ignore": ["acme"]}, "Budget Inference"),
        ({"sort": "price"}, "Budget Inference"),
        ({"sort": "throughput"}, "Turbo"),
        ({"sort": {"by": "latency", "partition": "model"}}, "Turbo"),
        ({"quantizations": ["fp8"]}, "Turbo"),
        ({"max_price": {"prompt": "0.06"}}, "Budget Inference"),
        ({"max_price": {"prompt": "0.2", "completion": "0.4"}, "ignore": ["budget"]}, "Acme Cloud"),
        ({"data_collection": "deny", "sort": "price"}, "Acme Cloud"),
        ({"zdr": True}, "Turbo"),
    ],
)
async def test_preferences_choose_a_provider_whose_price_is_billed(
    client: Client, openrouter: Server, wishes: dict[str, Any], provider: str
) -> None:
    """Preferences reach the server as they are; the bill is that of the provider that served."""
    got = await ask(client, openrouter, provider=wishes)

    factor = {"Acme Cloud": 1, "Budget Inference": Decimal("0.5"), "Turbo": 3}[provider]
    assert served(got) == ("acme/small-2026-01-15", provider)
    assert got.receipt is not None
    usage = got.receipt.usage
    assert usage is not None
    assert usage.input is not None
    assert usage.output is not None
    listed = Decimal("0.0000001") * usage.input + Decimal("0.0000004") * usage.output
    assert got.cost == openrouter.ledger.total == listed * factor


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ({"max_price": 2, "provider": {"max_price": {"prompt": 1}}}, ("1", "2")),
        ({"max_price": 2, "provider": {"max_price": {"prompt": 3, "completion": 1}}}, ("2", "1")),
        ({"provider": '{"max_price": {"prompt": 0.5, "completion": "7"}}'}, ("0.5", "7")),
    ],
)
def test_of_two_highest_prices_the_lower_counts(
    given: dict[str, Any], sent: tuple[str, str]
) -> None:
    """A preference cannot lift the price that a budget was reckoned with."""
    most = provider_preferences(OpenRouterOptions(**given))["max_price"]
    assert (most["prompt"], most["completion"]) == sent


def test_a_highest_price_that_is_none_is_refused() -> None:
    """A mistake in it is told before anything is sent."""
    with pytest.raises(ValueError, match="banana"):
        OpenRouterOptions(provider='{"max_price": {"banana": 1}}')


async def test_the_next_provider_steps_in(client: Client, openrouter: Server) -> None:
    """A provider that fails is stood in for by the next one, and the reply tells of it."""
    openrouter.script(upstream_rate_limited(), provider="acme")

    model = OpenRouterAsyncModel("openrouter/acme/small", client=client)
    response = model.prompt("hi", key=openrouter.key)
    await response.text()

    attempts = response.response_json["openrouter_metadata"]["attempts"]
    assert [(row["provider"], row["status"]) for row in attempts] == [
        ("Acme Cloud", 429),
        ("Budget Inference", 200),
    ]


async def test_a_pinned_provider_fails_as_itself(client: Client, openrouter: Server) -> None:
    """Without fallbacks its own error comes, in its own words, and is tried again."""
    openrouter.script(upstream_rate_limited(metadata=0.01), provider="acme")
    pinned = {"order": ["acme"], "allow_fallbacks": False}
    got = await ask(client, openrouter, provider=pinned)
    assert served(got)[1] == "Acme Cloud"
    assert [why for _, _, why in got.retries] == ["rate_limited"]


# Nobody is left


@pytest.mark.parametrize(
    ("body", "words", "helps"),
    [
        (
            {"model": "acme/small:free", "provider": {"data_collection": "deny"}},
            "data policy (Free model training)",
            "https://openrouter.ai/settings/privacy",
        ),
        (
            {"provider": {"max_price": {"prompt": "0.01"}}},
            "max_price",
            "Raise -o max_price; where none was given, renew the prices",
        ),
        (
            {"model": "acme/prose", "tools": [TOOL]},
            "support tool use",
            "llm providers search openrouter --supports tools",
        ),
        (
            {"model": "acme/prose", "messages": [{"role": "user", "content": [IMAGE]}]},
            "support image input",
            "llm providers search openrouter --supports images",
        ),
        (
            {
                "model": "acme/prose",
                "provider": {"require_parameters": True},
                "response_format": {"type": "json_schema", "json_schema": {"schema": {}}},
            },
            "handle the requested parameters",
            "Leave require_parameters out of -o provider",
        ),
        (
            {"provider": {"only": ["nobody"]}},
            "Providers serving acme/small: acme, budget, turbo/fast",
            "Change only, order or ignore in -o provider",
        ),
        (
            {"model": "acme/guarded"},
            "0 endpoints out of 1 requested are available",
            "https://openrouter.ai/workspaces/default/guardrails",
        ),
    ],
)
async def test_why_nobody_may_serve_is_told(
    client: Client,
    openrouter: Server,
    monkeypatch: pytest.MonkeyPatch,
    body: dict[str, Any],
    words: str,
    helps: str,
) -> None:
    """Each filter that takes the last provider is told in OpenRouter's words, with its own way out;
    nothing is tried again."""
    monkeypatch.setitem(MODELS, "acme/guarded", {**MODELS["acme/prose"], "id": "acme/guarded"})
    openrouter.account.guarded.add("acme/guarded")

    got = await ask(client, openrouter, **body)

    assert got.error is not None
    assert (got.error.code, got.error.status) == ("unavailable", 404)
    assert words in str(got.error)
    assert helps in str(got.error)
    assert len(openrouter.chats) == 1


async def test_a_policy_of_the_account_counts_too(client: Client, openrouter: Server) -> None:
    """Who lets no provider learn from prompts cannot use most free models, and is told where."""
    openrouter.account.lets_train = False
    got = await ask(client, openrouter, model="acme/small:free")
    assert "https://openrouter.ai/settings/privacy" in str(got.error)


@pytest.mark.parametrize("model", ["acme/nothing", "acme/prose:free", "acme/small@preset/none"])
async def test_a_model_that_is_not_there(client: Client, openrouter: Server, model: str) -> None:
    """An unknown model, a variant that does not exist and an unknown preset are all not found."""
    got = await ask(client, openrouter, model=model)
    assert got.error is not None
    assert (got.error.code, len(openrouter.chats)) == ("model_not_found", 1)
    assert model in str(got.error)
    assert "llm providers search openrouter WORD" in str(got.error)


@pytest.mark.parametrize("step", ["Filter by Fallback", "Filter by Moon Phase"])
async def test_steps_nobody_has_heard_of(client: Client, openrouter: Server, step: str) -> None:
    """A new reason is told as it is, and not taken for a wrong id or for a failure that passes."""
    openrouter.script(refuse(404, "The moon is full.", failed_routing_step=step))
    got = await ask(client, openrouter)
    assert got.error is not None
    assert (got.error.code, len(openrouter.chats)) == ("unavailable", 1)
    assert "The moon is full. Ask for less in -o provider" in str(got.error)


# Ids


@pytest.mark.parametrize(
    ("asked", "model", "provider"),
    [
        ("acme/small:nitro", "acme/small-2026-01-15", "Turbo"),
        ("acme/small:floor", "acme/small-2026-01-15", "Budget Inference"),
        ("acme/small:nitro:floor", "acme/small-2026-01-15", "Budget Inference"),
        ("acme/small:exacto", "acme/small-2026-01-15", "Acme Cloud"),
        ("acme/small:free", "acme/small-2026-01-15:free", "Budget Inference"),
        ("acme/small:free:nitro", "acme/small-2026-01-15:free", "Budget Inference"),
        ("~acme/small-latest", "acme/small-2026-01-15", "Acme Cloud"),
        ("openrouter/auto", "acme/small-2026-01-15", "Acme Cloud"),
        ("openrouter/free", "acme/small-2026-01-15:free", "Budget Inference"),
        ("@preset/brief", "acme/small-2026-01-15", "Acme Cloud"),
        ("acme/prose@preset/brief", "acme/prose", "Acme Cloud"),
    ],
)
async def test_suffixes_routers_and_aliases(
    client: Client, openrouter: Server, asked: str, model: str, provider: str
) -> None:
    """Every way to name a model ends at a concrete one, which the reply names."""
    assert served(await ask(client, openrouter, model=asked)) == (model, provider)


# Fallbacks


@pytest.mark.parametrize(
    "refusal",
    [bad_gateway(), rate_limited(9), refuse(400, "This endpoint's maximum context length is 9")],
)
async def test_the_server_falls_back_after_any_error(
    client: Client, openrouter: Server, refusal: Refuse
) -> None:
    """Whatever stops the first model, the second one answers, and its price is billed."""
    openrouter.script(refusal, model="acme/small")
    got = await ask(client, openrouter, models=["acme/thinker"], max_tokens=100)
    assert served(got)[0] == "acme/thinker"
    assert got.retries == []
    assert got.receipt is not None
    usage = got.receipt.usage
    assert usage is not None
    dear = Decimal("0.000003") * (usage.input or 0) + Decimal("0.000015") * (usage.output or 0)
    assert got.cost == openrouter.ledger.total == dear


async def test_a_fallback_without_a_bill_is_reckoned_at_its_own_price(
    client: Client, openrouter: Server
) -> None:
    """The model that served gives the price, and of a free and a paid one of the same name the
    one that the reply names."""
    known = await catalogue.refresh(own_folder(), client)
    openrouter.keeps_bill = lambda generation: True
    costs = []
    for fallback in ("acme/small", "acme/small:free"):
        openrouter.script(bad_gateway(), model="acme/prose")
        usage = {"cost": None, "prompt_tokens": 1000, "completion_tokens": 500}
        openrouter.script(Answer("x", usage_changes=usage), model=fallback)
        model = OpenRouterAsyncModel(
            "openrouter/acme/prose", known.get("acme/prose"), client=client
        )
        response = model.prompt("hi", key=openrouter.key, models=[fallback])
        await response.text()
        costs.append((response.token_details or {}).get("cost"))
    assert costs == [0.0003, 0.0]


async def test_when_every_model_fails_each_is_told(client: Client, openrouter: Server) -> None:
    """The last error decides; those before it are told with their providers' own words."""
    openrouter.script(bad_gateway(), model="acme/small")
    openrouter.script(refuse(400, "prose is out of ink"), model="acme/prose")
    got = await ask(client, openrouter, models=["acme/prose"])
    assert got.error is not None
    assert got.error.code == "bad_request"
    assert "prose is out of ink; before that: Acme Cloud: upstream exploded." in str(got.error)


async def test_the_best_of_a_pool_is_asked_first(client: Client, openrouter: Server) -> None:
    """Without a partition the models compete."""
    sort = {"by": "price", "partition": "none"}
    got = await ask(
        client, openrouter, model="acme/thinker", models=["acme/prose"], provider={"sort": sort}
    )
    assert served(got)[0] == "acme/prose"


# What a model cannot do


async def test_a_prompt_longer_than_the_context(
    client: Client, openrouter: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told with all numbers and how to find a model that reads as much."""
    row = {**MODELS["acme/prose"], "context_length": 10_000}
    monkeypatch.setitem(MODELS, "acme/prose", row)
    long = [{"role": "user", "content": "x" * 40_000}]

    got = await ask(client, openrouter, model="acme/prose", messages=long, max_tokens=100)

    assert got.error is not None
    assert (got.error.code, got.error.billed) == ("context_exceeded", False)
    assert "maximum context length is 10000 tokens" in str(got.error)
    assert "10101 tokens (10001 of text input, 100 in the output)" in str(got.error)
    assert "llm providers search openrouter --context 10101" in str(got.error)
    assert len(openrouter.chats) == 1


@pytest.mark.parametrize(
    ("context", "body"),
    [(10_000, {"transforms": ["middle-out"]}), (8192, {})],
)
async def test_a_prompt_may_be_compressed(
    client: Client,
    openrouter: Server,
    monkeypatch: pytest.MonkeyPatch,
    context: int,
    body: dict[str, Any],
) -> None:
    """Where OpenRouter leaves out the middle, as it does unasked for small models, it succeeds."""
    row = {**MODELS["acme/prose"], "context_length": context}
    monkeypatch.setitem(MODELS, "acme/prose", row)
    long = [{"role": "user", "content": "x" * 90_000}]
    got = await ask(client, openrouter, model="acme/prose", messages=long, **body)
    assert got.receipt is not None
    assert got.receipt.usage is not None
    assert got.receipt.usage.input == context


async def test_a_model_that_must_reason(client: Client, openrouter: Server) -> None:
    """It cannot be told not to, and the option to leave out is named."""
    got = await ask(client, openrouter, model="acme/thinker", reasoning={"effort": "none"})
    assert got.error is not None
    assert got.error.code == "bad_request"
    assert "Leave out -o reasoning_effort none" in str(got.error)


async def test_too_short_a_reply_for_a_provider(client: Client, openrouter: Server) -> None:
    """The provider's own minimum is told in its words."""
    openrouter.provider_minimum = 16
    got = await ask(client, openrouter, max_tokens=5)
    assert got.error is not None
    assert "Expected a value >= 16, but got 5" in str(got.error)
    assert "The model's provider does not take the request as it is" in str(got.error)
    assert (await ask(client, openrouter, max_tokens=16)).error is None


async def test_reasoning_that_is_kept_back_is_paid_for(client: Client, openrouter: Server) -> None:
    """Excluded from the reply, it is counted all the same."""
    openrouter.script(Answer("42", reasoning="six times seven"))
    got = await ask(client, openrouter, model="acme/thinker", reasoning={"exclude": True})
    assert (got.text, got.reasoning) == ("42", "")
    assert got.receipt is not None
    assert got.receipt.usage is not None
    assert got.receipt.usage.reasoning == 4
    assert got.receipt.usage.output == 5


@pytest.mark.parametrize("stream", [True, False])
async def test_what_nobody_knows_yet_is_passed_over(
    client: Client, openrouter: Server, stream: bool
) -> None:
    """Unknown keys in any place and any order, and words unheard of, change nothing."""
    openrouter.script(
        Answer("ok", reasoning="hm", odd=True, finish_reason="stop", native_finish_reason="NEW")
    )
    got = await ask(client, openrouter, stream=stream)
    assert (got.text, got.reasoning) == ("ok", "hm")
    assert got.receipt is not None
    assert got.cost == openrouter.ledger.total > 0
    assert got.receipt.native_finish_reason == "NEW"


async def test_errors_with_everything_in_them(client: Client, openrouter: Server) -> None:
    """`availability`, `user_id` and routing metadata are used where they help and never needed."""
    openrouter.verbose_errors = True
    openrouter.script(refuse(429, "Slow down"), Answer("ok"))
    got = await ask(client, openrouter)
    assert got.text == "ok"
    assert got.retries == [(1, 0.01, "rate_limited")]
    openrouter.script(refuse(400, "No"))
    assert "400): No." in str((await ask(client, openrouter)).error)
