"""Whatever goes wrong with a call: the provider's words, what they mean, and what helps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest

from llm_reasonkit.openrouter.catalogue import remember
from tests.cli import llm, write_protocol
from tests.openrouter_server import (
    Answer,
    Behaviour,
    Drop,
    KeyLimit,
    Raw,
    Refuse,
    Server,
    admission_control,
    bad_gateway,
    daily_limit,
    guardrail,
    in_flight,
    moderated,
    overloaded,
    provider_refuses,
    refuse,
    upstream_rate_limited,
    web_page,
)
from tests.openrouter_server.models import MODELS
from tests.openrouter_server.refusals import management_key, weight_exceeds_budget
from tests.openrouter_server.server import SchemaMode

SAY = """\
protocol: say
title: Say
summary: One call.
steps:
  verdict: {prompt: Decide., max_tokens: 100}
answer: verdict
"""
CREDITS = "https://openrouter.ai/settings/credits"
OTHERS = "take another model, or name some to fall back on (llm think --fallback a,b"
GATEWAY = {"code": 502, "message": "Network connection lost."}

Change = Callable[[Server], object]


@dataclass(frozen=True)
class Case:
    """A trouble: how it comes about, and the words, meaning and remedy that a user is told.

    prints: what of the answer had come by then.
    """

    name: str
    cause: Change | Behaviour
    says: str
    means: str
    helps: str
    arguments: tuple[str, ...] = ("-m", "acme/small")
    exit_code: int = 5
    prints: str = ""

    def happen(self, server: Server) -> None:
        """Let it happen."""
        if callable(self.cause):
            self.cause(server)
        else:
            server.script(self.cause)


def lose_key(server: Server) -> None:
    server.keys = {"another"}


def lose_credit(server: Server) -> None:
    server.account.credits = Decimal("0.00001")


def use_up_key(server: Server) -> None:
    server.account.key_limits[server.key] = KeyLimit(Decimal(0), "monthly")


def use_up_minute(server: Server) -> None:
    server.account.free_per_minute = 0


def limit_model(server: Server) -> None:
    server.account.model_per_minute["acme/small"] = 0


def ask_for_less(server: Server) -> None:
    server.provider_minimum = 4096


def nothing(server: Server) -> None:
    pass


# The six that everybody meets first.
COMMON = [
    Case(
        "invalid API key",
        lose_key,
        "User not found",
        "OpenRouter does not accept the key (401)",
        "https://openrouter.ai/keys, then: llm keys set openrouter",
    ),
    Case(
        "model not found",
        nothing,
        "OpenRouter has no model 'acme/smal'",
        "nearest: openrouter/acme/small",
        "llm providers search openrouter WORD",
        ("-m", "acme/smal"),
        2,
    ),
    Case(
        "insufficient credits",
        lose_credit,
        "You requested up to 100 tokens, but can only afford",
        "There is not enough credit for this request (402)",
        f"Add credits at {CREDITS}, allow a shorter reply (-o max_tokens ",
    ),
    Case(
        "rate limit",
        use_up_minute,
        "Rate limit exceeded: free-models-per-min",
        "Requests come faster than OpenRouter allows (429)",
        "Set requests_per_minute under [providers.openrouter]",
        ("-m", "acme/small:free"),
    ),
    Case(
        "model unavailable",
        overloaded(),
        "Service temporarily overloaded",
        "The model is not available at the moment (503)",
        OTHERS,
    ),
    Case(
        "slow",
        refuse(408, "Operation timed out"),
        "Operation timed out",
        "The model did not answer in time (408)",
        "-o route lowest-latency",
    ),
]
# The rest of what OpenRouter can answer.
OTHER = [
    Case(
        "no sense",
        refuse(400, "temperature: too hot"),
        "temperature: too hot",
        "OpenRouter refused the request (400)",
        "llm models -m openrouter/acme/small --options",
    ),
    Case(
        "unknown preference",
        nothing,
        "Unrecognized key(s) in object: 'oder'",
        "OpenRouter refused the request (400)",
        "llm models -m openrouter/acme/small --options",
        ("-m", "acme/small", "-o", "provider", '{"oder": ["acme"]}'),
    ),
    Case(
        "must reason",
        nothing,
        "Reasoning is mandatory for this endpoint",
        "The model cannot be told not to reason (400)",
        "Leave out -o reasoning_effort none",
        ("-m", "acme/thinker", "-o", "reasoning_effort", "none"),
    ),
    Case(
        "refused by the provider",
        ask_for_less,
        "Acme Cloud: Invalid 'max_output_tokens'",
        "The model's provider does not take the request as it is (400)",
        OTHERS,
    ),
    Case(
        "flagged by the provider",
        refuse(400, "No.", error_type="content_policy_violation"),
        "No",
        "The input was flagged by moderation (400)",
        "Rephrase it",
    ),
    Case(
        "no key at all",
        refuse(401, "No cookie auth credentials found"),
        "No cookie auth credentials found",
        "OpenRouter does not accept the key (401)",
        "llm keys set openrouter",
    ),
    Case(
        "management key",
        management_key(),
        "Management keys cannot be used for inference",
        "The key is for managing other keys, not for asking models (403)",
        "Make an ordinary one at https://openrouter.ai/keys",
    ),
    Case(
        "requests in flight",
        in_flight(120),
        "current in-flight requests",
        "Requests that still run hold the rest of your credit (402)",
        "(it asks for 120 s)",
    ),
    Case(
        "too heavy a request",
        weight_exceeds_budget(),
        "current in-flight requests",
        "This request alone may cost more than your credit lets run at a time (402)",
        "Allow a shorter reply (-o max_tokens N)",
    ),
    Case(
        "key limit",
        use_up_key,
        "Key limit exceeded (monthly limit)",
        "The spending limit of your key is reached (403)",
        "https://openrouter.ai/settings/keys",
    ),
    Case(
        "moderation",
        moderated(),
        'Your input was flagged for "violence". No credits were charged',
        "The input was flagged by moderation (403)",
        "Rephrase it",
    ),
    Case(
        "guardrail",
        guardrail(),
        "Request blocked: prompt injection patterns detected",
        "A guardrail of your account blocks the request (403)",
        "https://openrouter.ai/workspaces/default/guardrails",
    ),
    Case(
        "region",
        refuse(403, "Acme is not available in your region"),
        "Acme is not available in your region",
        "OpenRouter does not allow this request (403)",
        "https://openrouter.ai/settings",
    ),
    Case(
        "no provider",
        nothing,
        "No endpoints found that match the requested max_price",
        "No provider of this model may serve the request (404)",
        "Raise -o max_price",
        ("-m", "acme/small", "-o", "max_price", "0.001"),
    ),
    Case(
        "retired",
        refuse(404, "The free model has been deprecated. Transition to acme/prose"),
        "Transition to acme/prose",
        "OpenRouter has no such model (404)",
        "llm providers search openrouter WORD",
    ),
    Case(
        "too large",
        refuse(413, "Payload Too Large"),
        "Payload Too Large",
        "The request is too large (413)",
        "smaller attachments",
    ),
    Case(
        "invalid",
        refuse(422, "Invalid argument"),
        "Invalid argument",
        "OpenRouter refused the request (422)",
        "--options",
    ),
    Case(
        "invalid for the provider",
        provider_refuses('{"error": {"message": "seed must be even"}}', 422),
        "Acme Cloud: seed must be even",
        "The model's provider does not take the request as it is (422)",
        OTHERS,
    ),
    Case(
        "free requests of the day",
        daily_limit(4_000_000_000_000),
        "free-models-per-day. Add 10 credits",
        "Today's free requests are used up (429)",
        "(reset at 2096-10-02 07:06 UTC)",
    ),
    Case(
        "limit of a model",
        limit_model,
        "limited to 0 requests per minute",
        "Requests come faster than OpenRouter allows (429)",
        "requests_per_minute",
    ),
    Case(
        "busy provider",
        upstream_rate_limited(),
        "Acme Cloud: acme/small is temporarily rate-limited upstream",
        "The model's provider has no room now (429)",
        OTHERS,
    ),
    Case(
        "slow admission",
        admission_control(10),
        "could not verify available credits",
        "OpenRouter was too slow to look up your credit (429)",
        "Try again in a little while (it asks for 10 s)",
    ),
    Case(
        "broken",
        refuse(500, "Internal Server Error"),
        "Internal Server Error",
        "The model's provider failed (500)",
        OTHERS,
    ),
    Case(
        "broken provider",
        bad_gateway(),
        "Acme Cloud: upstream exploded",
        "The model's provider failed (502)",
        OTHERS,
    ),
    Case(
        "overloaded provider",
        refuse(529, "Provider returned error"),
        "Provider returned error",
        "The model is not available at the moment (529)",
        OTHERS,
    ),
    Case(
        "timeout of the network",
        web_page(524),
        "a web page instead of JSON: openrouter.ai | 524",
        "The model did not answer in time (524)",
        "-o route lowest-latency",
    ),
    Case(
        "empty page",
        Refuse(502, body=b"", content_type="text/plain"),
        "an empty reply",
        "The model's provider failed (502)",
        "Try again",
    ),
    Case(
        "error in the reply",
        Answer("one two", cut="error", cut_after=1, error=GATEWAY),
        "Network connection lost",
        "The model's provider failed (502)",
        OTHERS,
        prints="one\n",
    ),
    Case(
        "nothing but an error",
        Raw([b'{"error": {"code": 524, "message": "Request timed out"}}'], 200, "application/json"),
        "Request timed out",
        "The model did not answer in time (524)",
        "-o route lowest-latency",
    ),
    Case(
        "reset",
        Drop(),
        "the connection to OpenRouter failed",
        "Check the network",
        "llm reasonkit doctor",
    ),
    Case(
        "end in the middle",
        Answer("one two", cut="end", cut_after=1),
        "the connection ended before the reply did",
        "What came so far is only a part of it",
        "try again",
        prints="one\n",
    ),
    Case(
        "silence",
        Answer("", finish_reason="stop"),
        "the reply is empty",
        "acme/small",
        "allow a longer one (-o max_tokens N)",
    ),
    Case(
        "refusal",
        Answer(None, refusal="I can't help with that."),
        "I can't help with that",
        "the model declined to answer",
        "Rephrase it, or take another model",
    ),
    Case(
        "rubbish",
        Raw([b"<html><title>Sign in</title>"], 200, "text/html"),
        "a web page instead of JSON: Sign in",
        "the reply cannot be read",
        "check OPENROUTER_BASE_URL",
    ),
]


@pytest.mark.parametrize("case", [*COMMON, *OTHER], ids=lambda case: case.name)
def test_what_happened_and_what_helps(openrouter: Server, user_folder: Path, case: Case) -> None:
    """One line tells it, without a traceback or the key, and the run ends as documented."""
    write_protocol(user_folder, SAY, "say")
    config = "[providers.openrouter]\nretry_attempts = 0\n"
    (user_folder / "reasonkit" / "config.toml").write_text(config)
    case.happen(openrouter)

    ended = llm("think", "q", "--protocol", "say", *case.arguments)

    (line,) = [line for line in ended.stderr.splitlines() if line.startswith("Error")]
    assert ended.exit_code == case.exit_code
    assert ended.stdout == case.prints
    assert case.says in line
    assert case.means in line
    assert case.helps in line
    assert openrouter.key not in ended.output
    assert len(openrouter.chats) == (case.exit_code == 5)


def test_a_prompt_that_cannot_fit_costs_no_request(
    openrouter: Server, user_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More words than the model reads tokens are told before anything is sent."""
    monkeypatch.setitem(MODELS, "acme/prose", {**MODELS["acme/prose"], "context_length": 1000})
    write_protocol(user_folder, SAY, "say")

    ended = llm("think", "word " * 2000, "--protocol", "say", "-m", "acme/prose")

    assert (ended.exit_code, openrouter.chats) == (5, [])
    assert "the model reads 1,000 tokens at most" in ended.stderr
    assert "llm providers search openrouter --context 4" in ended.stderr
    fits = llm(
        "think", "word " * 2000, "--protocol", "say", "-m", "acme/prose", "--fallback", "acme/small"
    )
    assert fits.exit_code == 0
    assert openrouter.chats[0].body["model"] == "acme/prose"


@pytest.mark.parametrize("id_", ["claude-sonnet-4", "anthropic/Claude-Sonnet-4", "acme/prose:free"])
def test_a_wrong_id_gets_the_nearest_before_any_call(openrouter: Server, id_: str) -> None:
    """Without its author, in another case, in a variant that does not exist."""
    llm("providers", "search", "openrouter", "acme")
    ended = llm("think", "q", "-m", id_)
    assert (ended.exit_code, openrouter.chats) == (2, [])
    wanted = "openrouter/acme/prose" if "prose" in id_ else "openrouter/anthropic/claude-sonnet-4"
    assert wanted in ended.stderr


def test_a_model_newer_than_the_catalogue_is_found(
    openrouter: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An id that the cached catalogue lacks is looked up anew before it is refused."""
    llm("providers", "search", "openrouter", "acme")
    monkeypatch.setitem(MODELS, "acme/newest", {**MODELS["acme/prose"], "id": "acme/newest"})
    ended = llm("think", "q", "--profile", "quick", "-m", "acme/newest")
    assert openrouter.chats
    assert ended.exit_code == 0


def test_what_the_catalogue_need_not_have(openrouter: Server, user_folder: Path) -> None:
    """Routers, presets and models that answered before are left to the server to judge."""
    write_protocol(user_folder, SAY, "say")
    llm("providers", "search", "openrouter", "acme")
    remember(user_folder / "reasonkit", "acme/private")
    asked = ("openrouter/openrouter/free", "openrouter/@preset/brief", "acme/private")
    ends = [llm("think", "q", "--protocol", "say", "-m", id_).exit_code for id_ in asked]
    assert ends == [0, 0, 5]
    assert [chat.body["model"] for chat in openrouter.chats] == [
        "openrouter/free",
        "@preset/brief",
        "acme/private",
    ]


def test_without_a_catalogue_the_server_is_asked(openrouter: Server, user_folder: Path) -> None:
    """Where nothing is known of any model, nothing can be said against one."""
    write_protocol(user_folder, SAY, "say")
    openrouter.script(refuse(400, "no catalogue today"), model="/models")
    ended = llm("think", "q", "--protocol", "say", "-m", "acme/smal")
    assert ended.exit_code == 5
    assert "acme/smal is not a valid model ID" in ended.stderr
    assert len(openrouter.chats) == 1


@pytest.mark.parametrize(
    ("mode", "exit_code", "chats"),
    [("honoured", 0, 3), ("fenced", 0, 3), ("prose", 5, 2), ("truncated", 5, 2), ("wrong", 5, 2)],
)
def test_what_models_make_of_a_schema(
    openrouter: Server, user_folder: Path, mode: SchemaMode, exit_code: int, chats: int
) -> None:
    """JSON in a fence is read; what is no JSON, cut off or out of form is asked for once more."""
    write_protocol(user_folder)
    openrouter.schema_mode = mode
    ended = llm("think", "q", "--protocol", "weigh", "-m", "acme/small")
    assert (ended.exit_code, len(openrouter.chats)) == (exit_code, chats)


def test_nothing_to_ask_is_told(openrouter: Server) -> None:
    """Plain llm may send an empty prompt, which OpenRouter refuses in its own words."""
    ended = llm("-m", "openrouter/acme/small", "")
    assert "Input required: specify" in ended.stderr
    assert ended.exit_code == 1
