"""Several models for one role: each item of a for_each step goes to the next of them."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from tests.cli import llm
from tests.openrouter_server.server import Server

SMALL, PROSE, SONNET = (
    f"openrouter/{name}" for name in ("acme/small", "acme/prose", "anthropic/claude-sonnet-4")
)
PROTOCOL = """\
protocol: jury
title: Jury
summary: Three critics and a reader.
steps:
  critics:
    for_each: [cost, risk, time]
    role: critic
    prompt: Attack its {{ item }}.
  answer:
    prompt: |
      They said {{ critics }}. Answer.
answer: answer
"""


@pytest.fixture(autouse=True)
def jury(user_folder: Path) -> None:
    path = user_folder / "reasonkit" / "protocols" / "jury.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(PROTOCOL)


def asked(*arguments: str) -> str:
    ended = llm("think", "Is it so?", "--protocol", "jury", "-m", SMALL, "--json", *arguments)
    assert ended.exit_code == 0, ended.stderr
    return ended.stdout


def test_models_of_a_role_take_turns(openrouter: Server) -> None:
    """Of three critics the first and third are one model's, the second is the other's; each is
    billed at its own price, and a replay comes out the same."""
    result = json.loads(asked("--role", f"critic={PROSE}, {SONNET}"))
    calls = {step["id"]: step["model"] for step in result["steps"]}
    assert calls == {
        "critics[1]": PROSE,
        "critics[2]": SONNET,
        "critics[3]": PROSE,
        "answer": SMALL,
    }
    assert {step["role"] for step in result["steps"]} == {"critic", "main"}
    assert Decimal(result["cost"]["usd"]) == openrouter.ledger.total
    assert llm("reasonkit", "replay").exit_code == 0


def test_the_price_of_each_turn_is_foreseen(openrouter: Server) -> None:
    """A dry run has a row for each of the models, with its share of the calls."""
    rows = json.loads(asked("--role", f"critic={PROSE},{SONNET}", "--dry-run"))["steps"]
    critics = [(row["model"], row["calls"]) for row in rows if row["step"] == "critics"]
    assert critics == [(PROSE, 2), (SONNET, 1)]
    assert openrouter.chats == []


def test_a_typed_model_takes_the_place_of_all_that_are_configured(
    openrouter: Server, user_folder: Path
) -> None:
    """`[roles]` takes several models as well; --role replaces the whole list."""
    config = user_folder / "reasonkit" / "config.toml"
    config.write_text('[roles]\ncritic = "acme/prose,acme/thinker"\n')
    asked()
    assert [chat.body["model"] for chat in openrouter.chats].count("acme/thinker") == 1
    before = len(openrouter.chats)
    asked("--role", f"critic={SONNET}")
    assert {chat.body["model"] for chat in openrouter.chats[before:]} == {
        "acme/small",
        "anthropic/claude-sonnet-4",
    }


def test_a_list_of_models_with_a_gap_is_refused(openrouter: Server) -> None:
    """An empty name in the list ends with exit code 2, before any call."""
    ended = llm("think", "q", "--protocol", "jury", "-m", SMALL, "--role", f"critic={PROSE},")
    assert ended.exit_code == 2
    assert "role critic" in ended.stderr
    assert openrouter.chats == []
