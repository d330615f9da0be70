"""Routes and fallbacks, as a user types or configures them: what is sent, and what is told."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli import llm, process, write_protocol
from tests.openrouter_server import Answer, Server, bad_gateway, no_credits, refuse
from tests.openrouter_server.models import MODELS

SAY = """\
protocol: say
title: Say
summary: One call.
steps:
  verdict: {prompt: Decide., max_tokens: 100}
answer: verdict
"""
TWO_CALLS = """\
protocol: say
title: Say
summary: Two calls, one after the other.
steps:
  facts: {prompt: Collect., max_tokens: 100}
  verdict: {prompt: "{{ facts }} Decide.", max_tokens: 100}
answer: verdict
"""


@pytest.fixture(autouse=True)
def _say(user_folder: Path, openrouter: Server) -> None:
    write_protocol(user_folder, SAY, "say")
    configure(user_folder, "")


def configure(folder: Path, text: str) -> None:
    """Write the configuration: hardly any waiting between tries, and `text` for OpenRouter."""
    path = folder / "reasonkit" / "config.toml"
    path.write_text(f"[providers.openrouter]\nretry_attempts = 1\nretry_delay_ms = 1\n{text}\n")


@pytest.fixture
def mine(openrouter: Server, user_folder: Path) -> str:
    """A model of another provider: `mine/prose`."""
    openrouter.keys.add("DUMMY_KEY")
    row = {"model_id": "mine/prose", "model_name": "acme/prose", "api_base": openrouter.base_url}
    (user_folder / "extra-openai-models.yaml").write_text(yaml.safe_dump([row]))
    return "mine/prose"


def sent(server: Server) -> list[dict[str, Any]]:
    """What each request says of models and routing."""
    return [
        {key: chat.body[key] for key in ("model", "models", "provider") if key in chat.body}
        for chat in server.chats
    ]


def sort_of(server: Server) -> Any:
    return (server.chats[0].body.get("provider") or {}).get("sort")


def think(*arguments: str) -> Any:
    """Think in one call and return the result object."""
    ended = llm("think", "q", "--protocol", "say", "--json", *arguments)
    assert ended.exit_code in (0, 5), ended.stderr
    return json.loads(ended.stdout)


def think_apart(*arguments: str) -> Any:
    """Do the same in a process of its own, at whose end llm closes OpenAI's client."""
    return json.loads(process("think", "q", "--protocol", "say", "--json", *arguments).stdout)


# Routes


@pytest.mark.parametrize(
    ("route", "sort"),
    [
        ("lowest-cost", "price"),
        ("lowest-latency", "latency"),
        ("highest-throughput", "throughput"),
        ("auto", None),
    ],
)
def test_route_of_a_named_model_chooses_its_provider(
    openrouter: Server, route: str, sort: str | None
) -> None:
    """With -m the route says which of the model's providers is preferred."""
    think("-m", "acme/small", "--route", route)
    assert (openrouter.chats[0].body["model"], sort_of(openrouter)) == ("acme/small", sort)


@pytest.mark.parametrize("provider", [[], ["--provider", "openrouter"]])
def test_route_without_a_model_is_openrouters_choice(
    openrouter: Server, provider: list[str]
) -> None:
    """Without a model or a pool OpenRouter's own router picks one."""
    think("--route", "lowest-cost", *provider)
    assert (openrouter.chats[0].body["model"], sort_of(openrouter)) == ("openrouter/auto", "price")


@pytest.mark.parametrize("typed", [True, False])
def test_route_across_a_pool(openrouter: Server, user_folder: Path, typed: bool) -> None:
    """Without a model the pool is --fallback, else fallback_models, and all of it competes."""
    configure(user_folder, "" if typed else 'fallback_models = ["acme/prose", "acme/small"]')
    pool = ["--fallback", "acme/prose,acme/small"] if typed else []
    think("--route", "lowest-latency", *pool)
    body = openrouter.chats[0].body
    assert (body["model"], body["models"]) == ("acme/prose", ["acme/small"])
    assert sort_of(openrouter) == {"by": "latency", "partition": "none"}


def test_fallbacks_of_a_named_model_do_not_compete_with_it(openrouter: Server) -> None:
    """With -m the others are asked only when it fails, whatever the route."""
    think("-m", "acme/thinker", "--route", "lowest-cost", "--fallback", "acme/small")
    assert openrouter.chats[0].body["models"] == ["acme/small"]
    assert sort_of(openrouter) == "price"


def test_provider_preferences_stay(openrouter: Server) -> None:
    """What -o provider says is sent beside the route, and wins over it."""
    wanted = '{"order": ["acme"], "sort": "latency"}'
    think(
        "-m", "acme/small", "--fallback", "acme/prose", "--route", "lowest-cost", "-o", "provider",
        wanted,
    )  # fmt: skip
    preferences = openrouter.chats[0].body["provider"]
    assert (preferences["order"], preferences["sort"]) == (["acme"], "latency")


def test_suffixes_are_passed_on(openrouter: Server) -> None:
    """`:nitro`, `:floor` and `:exacto` are for the server."""
    think("-m", "acme/small:nitro", "--fallback", "acme/prose:floor")
    assert [row["model"] for row in sent(openrouter)] == ["acme/small:nitro"]
    assert sent(openrouter)[0]["models"] == ["acme/prose:floor"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--route", "fallback"], "add --fallback a,b"),
        (["--route", "fallback", "-m", "acme/small"], "add --fallback a,b"),
        (["--route", "cheapest"], "'cheapest' is not one of"),
        (["--route", "lowest-cost", "-m", "gpt-4o-mini", "--key", "k"], "not one of its models"),
        (["-m", "acme/small", "--fallback", "smol"], "unknown model 'smol'"),
        (["-m", "acme/small", "--fallback", "gpt-4o-mini"], "gpt-4o-mini: "),
        (["-m", "acme/small", "--fallback", "acme/smalll"], "nearest: openrouter/acme/small"),
    ],
)
def test_mistakes(openrouter: Server, arguments: list[str], says: str) -> None:
    """A route or a chain that cannot be is told before any call."""
    ended = llm("think", "q", *arguments)
    assert (ended.exit_code, openrouter.chats) == (2, [])
    assert says in ended.stderr


# Fallbacks on the server


def test_server_falls_back(openrouter: Server) -> None:
    """The server is given the chain, and the run tells who answered at what cost, and why."""
    openrouter.script(bad_gateway(), model="acme/small")
    found = think("-m", "acme/small", "--fallback", "acme/prose,acme/thinker")
    assert sent(openrouter)[0]["models"] == ["acme/prose", "acme/thinker"]
    (step,) = found["steps"]
    assert (step["model"], step["model_served"]) == ("openrouter/acme/small", "acme/prose")
    assert step["provider"] == "Acme Cloud"
    why = "acme/small at Acme Cloud answered with status 502"
    assert step["fell_back"] == [why]
    assert found["warnings"] == [f"fell back in verdict: {why}"]
    assert Decimal(step["cost"]["usd"]) == openrouter.ledger.total > 0
    shown = llm("reasonkit", "show", found["run_id"], "--json")
    assert json.loads(shown.stdout)["steps"][0]["fell_back"] == [why]


def test_a_longer_chain_goes_on_after_the_server(openrouter: Server) -> None:
    """The server takes three models; when they fail the next ones are asked by us."""
    for name in ("acme/small", "acme/prose", "acme/thinker"):
        openrouter.script(refuse(400, "no"), model=name)
    chain = "acme/prose,acme/thinker,anthropic/claude-sonnet-4,~acme/small-latest"
    found = think("-m", "acme/small", "--fallback", chain)
    assert [(row["model"], row.get("models")) for row in sent(openrouter)] == [
        ("acme/small", ["acme/prose", "acme/thinker"]),
        ("anthropic/claude-sonnet-4", ["~acme/small-latest"]),
    ]
    assert found["steps"][0]["model_served"] == "anthropic/claude-4-sonnet-20250522"
    assert "openrouter/acme/small: " in found["warnings"][0]


def test_a_wrong_id_does_not_spoil_the_chain(openrouter: Server, user_folder: Path) -> None:
    """A configured id that the catalogue does not have is kept from the server and named."""
    configure(user_folder, 'fallback_models = ["acme/smalll", "acme/prose"]')
    found = think("-m", "acme/small")
    assert sent(openrouter)[0]["models"] == ["acme/prose"]
    assert found["warnings"][0].startswith(
        "not there to fall back on: OpenRouter has no model 'acme/smalll'; "
        "nearest: openrouter/acme/small"
    )


def test_the_dearest_of_the_chain_is_reserved(openrouter: Server) -> None:
    """A budget that the first model would fit but the fallback would not is no budget for both."""
    cheap = think("-m", "acme/small", "--budget", "0.001")
    assert cheap["status"] == "done"
    ended = llm(
        "think", "q", "--protocol", "say", "-m", "acme/small", "--fallback", "acme/thinker",
        "--budget", "0.001",
    )  # fmt: skip
    assert (ended.exit_code, len(openrouter.chats)) == (3, 1)


def test_a_chain_reads_what_its_widest_model_reads(
    openrouter: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a fallback with a larger context may take is reserved, not what the first one reads."""
    monkeypatch.setitem(MODELS, "acme/prose", {**MODELS["acme/prose"], "context_length": 9_000})
    long = "x" * 40_000
    asked = ("think", long, "--protocol", "say", "-m", "acme/prose")
    alone = llm(*asked, "--budget", "0.003")
    chain = llm(*asked, "--budget", "0.003", "--fallback", "acme/small")
    assert (alone.exit_code, chain.exit_code) == (5, 3)
    assert "$0.008" in chain.stderr
    assert llm(*asked, "--budget", "0.01", "--fallback", "acme/small").exit_code == 0


# Fallbacks of ours


def test_another_providers_model_steps_in(openrouter: Server, mine: str) -> None:
    """Any llm model can be fallen back on; each attempt is told with the provider's words."""
    openrouter.script(bad_gateway(), bad_gateway(), model="acme/small")
    found = think_apart("-m", "acme/small", "--fallback", mine)
    assert [row["model"] for row in sent(openrouter)] == ["acme/small"] * 2 + ["acme/prose"]
    (step,) = found["steps"]
    assert (step["model"], step["model_served"]) == ("openrouter/acme/small", mine)
    assert "upstream exploded" in step["fell_back"][0]
    assert found["status"] == "done"


def test_openrouter_steps_in_for_another(openrouter: Server, mine: str) -> None:
    """A chain may begin with any model, and --fallback may be repeated."""
    openrouter.script(refuse(401, "no"), model="acme/prose")
    found = think_apart("-m", mine, "--fallback", "acme/small", "--fallback", "acme/thinker")
    assert [row["model"] for row in sent(openrouter)] == ["acme/prose", "acme/small"]
    assert found["steps"][0]["model_served"] == "acme/small-2026-01-15"


def test_no_request_is_wasted_on_a_lost_cause(
    openrouter: Server, mine: str, user_folder: Path
) -> None:
    """Without credit OpenRouter's other models are not asked, nor is it asked again later."""
    write_protocol(user_folder, TWO_CALLS, "say")
    openrouter.reply = lambda body: no_credits() if body["model"] == "acme/small" else "Yes."
    for name in ("acme/thinker", "acme/prose", "anthropic/claude-sonnet-4"):
        openrouter.script(no_credits(), model=name)
    chain = f"acme/thinker,acme/prose,anthropic/claude-sonnet-4,{mine}"
    found = think_apart("-m", "acme/small", "--fallback", chain)
    assert found["status"] == "done"
    assert [row["model"] for row in sent(openrouter)] == ["acme/small", "acme/prose", "acme/prose"]


def test_a_price_of_the_users_own_is_reckoned_with(
    openrouter: Server, mine: str, user_folder: Path
) -> None:
    """Of a model that nobody bills, the cost is computed from [prices] and said to be."""
    configure(user_folder, f'[prices]\n"{mine}" = {{prompt = 1, completion = 2}}')
    usage = {"cost": ..., "cost_details": ..., "prompt_tokens": 1000, "completion_tokens": 500}
    openrouter.script(Answer("Yes.", usage_changes=usage))
    found = think_apart("-m", mine, "--budget", "0.5")
    assert (found["cost"]["usd"], found["cost"]["source"]) == ("0.002", "computed")
    assert found["cost"]["unknown_calls"] == 0


def test_no_fallback_after_text_was_shown(openrouter: Server, mine: str) -> None:
    """A reply that breaks off half way through is not begun again by another model."""
    openrouter.script(Answer("one two three", cut="drop", cut_after=1), model="acme/small")
    found = think_apart("-m", "acme/small", "--fallback", mine)
    assert found["status"] == "failed"
    assert [row["model"] for row in sent(openrouter)] == ["acme/small"]


def test_all_fail(openrouter: Server, mine: str) -> None:
    """When the whole chain fails, the error tells why of each."""
    openrouter.reply = lambda body: refuse(400, f"{body['model']} says no")
    ended = process("think", "q", "--protocol", "say", "-m", "acme/small", "--fallback", mine)
    assert ended.returncode == 5
    assert "acme/small says no" in ended.stderr
    assert "; then " in ended.stderr
    assert "acme/prose says no" in ended.stderr


# What may cost something


def test_a_configured_chain_backs_a_paid_model(openrouter: Server, user_folder: Path) -> None:
    """Without the model itself, in its order."""
    configure(user_folder, 'fallback_models = ["acme/small", "acme/prose"]')
    think("-m", "acme/small")
    assert sent(openrouter)[0]["models"] == ["acme/prose"]


def test_the_seeds_production_configuration(openrouter: Server, user_folder: Path) -> None:
    """A default model with route "fallback" is tried first, then the others of the list."""
    configure(
        user_folder,
        'default_model = "acme/thinker"\nroute = "fallback"\n'
        'fallback_models = ["acme/thinker", "acme/small", "acme/prose"]',
    )
    think()
    body = openrouter.chats[0].body
    assert (body["model"], body["models"]) == ("acme/thinker", ["acme/small", "acme/prose"])
    assert sort_of(openrouter) is None


def test_a_configured_route_without_a_model_takes_the_pool(
    openrouter: Server, user_folder: Path
) -> None:
    """`route` and `fallback_models` alone are enough to run."""
    configure(user_folder, 'route = "lowest-cost"\nfallback_models = ["acme/prose", "acme/small"]')
    think()
    assert openrouter.chats[0].body["models"] == ["acme/small"]
    assert sort_of(openrouter) == {"by": "price", "partition": "none"}


def test_a_configured_chain_never_attaches_to_a_free_model(
    openrouter: Server, user_folder: Path
) -> None:
    """A free model stays alone and fails rather than cost something."""
    configure(user_folder, 'fallback_models = ["acme/prose"]')
    openrouter.script(*[bad_gateway()] * 2, model="acme/small:free")
    found = think("-m", "acme/small:free")
    assert found["status"] == "failed"
    assert sent(openrouter) == [{"model": "acme/small:free"}] * 2


def test_a_configured_pool_that_begins_free_stays_free(
    openrouter: Server, user_folder: Path
) -> None:
    """Of such a pool only the free models are used."""
    configure(user_folder, 'fallback_models = ["acme/small:free", "acme/prose"]')
    think("--route", "fallback")
    assert sent(openrouter) == [{"model": "acme/small:free"}]


def test_a_typed_chain_may_lead_from_free_to_paid(openrouter: Server) -> None:
    """Who types a paid model after a free one means it."""
    openrouter.script(bad_gateway(), model="acme/small:free")
    found = think("-m", "acme/small:free", "--fallback", "acme/prose")
    assert found["steps"][0]["model_served"] == "acme/prose"


def test_a_configured_fallback_without_its_key_is_left_out(
    openrouter: Server, user_folder: Path
) -> None:
    """A chain is a help, not a condition: the run goes on and says so."""
    configure(user_folder, 'fallback_models = ["gpt-4o-mini"]')
    found = think("-m", "acme/small")
    assert found["status"] == "done"
    assert "not there to fall back on: gpt-4o-mini" in found["warnings"][0]


# Credit


@pytest.mark.parametrize(
    ("credits_bought", "says"), [(0, "no credits are left"), (None, "cannot be read")]
)
def test_required_credits_are_looked_at_first(
    openrouter: Server,
    user_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    credits_bought: int | None,
    says: str,
) -> None:
    """Without credit, or where nobody knows, nothing is sent when credit is required."""
    configure(user_folder, "require_credits = true")
    if credits_bought is None:
        openrouter.script(*[refuse(500, "broken")] * 4, model="/key")
    else:
        openrouter.account.credits = Decimal(credits_bought)
    ended = llm("think", "q", "--protocol", "say", "-m", "acme/small")
    assert (ended.exit_code, openrouter.chats) == (5, [])
    assert says in ended.stderr
    assert think("-m", "acme/small:free")["status"] == "done"


def test_required_credits_that_nobody_tells(openrouter: Server, user_folder: Path) -> None:
    """A key without a limit that may not see the balance is not enough."""
    configure(user_folder, "require_credits = true")
    openrouter.script(refuse(403, "management keys only"), model="/credits")
    ended = llm("think", "q", "--protocol", "say", "-m", "acme/small")
    assert (ended.exit_code, openrouter.chats) == (5, [])
    assert "require_credits = false" in ended.stderr


def test_required_credits_that_are_there(openrouter: Server, user_folder: Path) -> None:
    """With credit the run goes on."""
    configure(user_folder, "require_credits = true")
    assert think("-m", "acme/small")["status"] == "done"
    assert "acme/small" in MODELS


# Retries


@pytest.mark.parametrize("retries", [0, 2])
def test_retry_attempts_count_after_the_first_request(
    openrouter: Server, user_folder: Path, retries: int
) -> None:
    """`retry_attempts = 2` means three requests at most, and 0 means one."""
    path = user_folder / "reasonkit" / "config.toml"
    path.write_text(
        f"[providers.openrouter]\nretry_attempts = {retries}\nretry_delay_ms = 1\n", "utf-8"
    )
    openrouter.script(*[bad_gateway()] * 5)
    assert think("-m", "acme/small")["status"] == "failed"
    assert len(openrouter.chats) == 1 + retries
