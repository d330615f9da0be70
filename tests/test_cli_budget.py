"""Budgets as a user types them, and that they hold to the last digit of the server's ledger."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import Result as Ended

from llm_reasonkit.api import Question, ThinkToolOrchestrator
from llm_reasonkit.reasoning.result import Result
from tests.cli import answering, llm, write_protocol
from tests.openrouter_server import Answer, Raw, Server
from tests.test_cli_models import SMALL, png

SONNET = "openrouter/anthropic/claude-sonnet-4"
RACE = """\
protocol: race
title: Race
summary: Many calls at once.
settings: {many: [%s]}
steps:
  each:
    for_each: settings.many
    max_tokens: 400
    prompt: "Say something about {{ item }}."
  answer:
    max_tokens: 16
    prompt: "{{ each }}"
answer: answer
"""


ONE = """\
protocol: one
title: One
summary: One call.
steps:
  answer: {prompt: "Say yes.", max_tokens: 300}
answer: answer
"""


def think(*arguments: str, model: str = SMALL) -> Ended:
    """Think with the small protocol."""
    return llm("think", "Is it so?", "--protocol", "weigh", "-m", model, *arguments)


@pytest.fixture(autouse=True)
def _weigh(user_folder: Path, openrouter: Server) -> None:
    write_protocol(user_folder)
    openrouter.reply = answering("Yes, because of the facts.")


# What is typed


@pytest.mark.parametrize("eaten", ["bash.50", "zsh.50", "-bash.50", "/bin/bash.50"])
def test_double_quotes_are_explained(openrouter: Server, eaten: str) -> None:
    """What the shell makes of `"$0.50"` ends with exit code 2 and how to quote it; no request."""
    ended = think("--budget", eaten)
    assert ended.exit_code == 2
    assert ended.stderr == (
        f"Error: --budget {eaten!r}: the shell put its own name in place of $0; "
        "write the budget in single quotes, as in --budget '$0.50'\n"
    )
    assert openrouter.requests == []


@pytest.mark.parametrize("budget", ["", "much", "$0", "5 EUR", ".50"])
def test_what_is_no_budget_is_refused(openrouter: Server, budget: str) -> None:
    """A budget that cannot be read is wrong usage, told before any request."""
    ended = think("--budget", budget)
    assert ended.exit_code == 2
    assert ended.stderr.startswith("Error: --budget ")
    assert openrouter.requests == []


@pytest.mark.parametrize("budget", ["$0.50", "0.50", "20000t", "30s", "$0.50,20000t,30s"])
def test_a_budget_that_suffices_changes_nothing(budget: str, user_folder: Path) -> None:
    """The run is done and recorded, with the budget among its settings."""
    ended = think("--budget", budget)
    assert (ended.exit_code, ended.stdout, ended.stderr) == (0, "Yes, because of the facts.\n", "")
    with closing(sqlite3.connect(user_folder / "logs.db")) as db:
        ((settings,),) = db.execute("select settings from reasonkit_runs").fetchall()
    assert json.loads(settings)["budget"] == budget


# What it does


def test_at_the_limit_a_run_ends_with_what_it_has(openrouter: Server) -> None:
    """Exit code 3, the reason, the steps that were made with their cost, and no further call."""
    openrouter.script(Answer("no object " * 500))
    ended = think("--budget", "$0.0100", "--json", model=SONNET)
    found = json.loads(ended.stdout)
    assert ended.exit_code == 3
    assert (found["status"], found["answer"]) == ("stopped_by_budget", None)
    assert "Error: stopped: the budget of $0.0100 is used up: " in ended.stderr
    assert [step["status"] for step in found["steps"]][:2] == ["failed", "stopped_by_budget"]
    assert len(openrouter.chats) == 1
    assert Decimal(found["cost"]["usd"]) == openrouter.ledger.total <= Decimal("0.01")


def test_too_small_a_budget_makes_no_call(openrouter: Server) -> None:
    """A first call that does not fit is not made."""
    ended = think("--budget", "$0.000001")
    assert (ended.exit_code, ended.stdout) == (3, "")
    assert "$0 spent, the next call may cost $0.0" in ended.stderr
    assert openrouter.chats == []


def test_free_models_need_no_budget(openrouter: Server) -> None:
    """What costs nothing fits into any sum of money."""
    ended = think("--budget", "$0.000001", model="openrouter/acme/small:free")
    assert ended.exit_code == 0
    assert openrouter.ledger.total == 0


def test_a_model_without_a_price_is_refused(openrouter: Server) -> None:
    """Under a budget in USD nobody can answer for what it costs; the ways out are named."""
    ended = think("--budget", "$0.50", model="openrouter/openrouter/auto")
    assert ended.exit_code == 2
    assert "nobody knows what openrouter/" in ended.stderr
    assert "[prices]" in ended.stderr
    assert openrouter.chats == []
    assert think("--budget", "60s", model="openrouter/openrouter/auto").exit_code == 0


@pytest.mark.parametrize("model", ["acme/small:online", "acme/small@preset/brief"])
def test_what_may_cost_more_than_tokens_holds_to_no_budget(openrouter: Server, model: str) -> None:
    """A web search has a fee and brings tokens of its own, and so may a preset: refused under a
    typed budget in USD, warned of without one, and billed as it is."""
    refused = think("--budget", "$0.50", model=model)
    assert (refused.exit_code, openrouter.chats) == (2, [])
    assert "costs beside its tokens (a web search, a preset)" in refused.stderr
    found = json.loads(think("--json", model=model).stdout)
    assert "may cost more than its tokens: no budget in USD holds" in found["warnings"][0]
    assert Decimal(found["cost"]["usd"]) == openrouter.ledger.total
    if "online" in model:
        assert openrouter.ledger.total > Decimal("0.007") * len(openrouter.chats)


def test_a_chain_is_as_uncertain_as_its_least_certain_model(openrouter: Server) -> None:
    """A fallback that searches the web lets no budget in USD hold either."""
    refused = think("--budget", "$0.50", "--fallback", "acme/prose:online")
    assert (refused.exit_code, openrouter.chats) == (2, [])


def test_a_preference_does_not_lift_the_price(openrouter: Server) -> None:
    """Of the budget's highest price and that of -o provider the lower one is sent."""
    wanted = '{"max_price": {"prompt": 9, "completion": "0.3"}}'
    think("--budget", "$0.50", "-o", "provider", wanted)
    assert {json.dumps(chat.body["provider"]["max_price"]) for chat in openrouter.chats} == {
        '{"prompt": "0.1000000", "completion": "0.3"}'
    }


@pytest.mark.parametrize("budget", [[], ["--budget", "$0.50"], ["--budget", "90s"]])
def test_the_server_is_held_to_the_price(openrouter: Server, budget: list[str]) -> None:
    """`max_price` goes along, in USD per million tokens, so that no dearer provider may serve;
    a lower one of the user's stays."""
    think(*budget, "-o", "max_price", '{"completion": "0.35", "image": "3"}')
    assert [chat.body["provider"]["max_price"] for chat in openrouter.chats] == [
        {"completion": "0.35", "image": "3", "prompt": "0.1000000"}
    ] * len(openrouter.chats)
    assert openrouter.chats


def test_every_call_is_bounded(openrouter: Server) -> None:
    """In a run `max_tokens` is always sent, as the step has it."""
    think()
    assert {chat.body["max_tokens"] for chat in openrouter.chats} == {300, 200, 400}


def test_an_image_counts(openrouter: Server, tmp_path: Path) -> None:
    """What is attached is reckoned with each prompt."""
    (tmp_path / "dot.png").write_bytes(png())
    ended = think("--budget", "20000t", "-a", str(tmp_path / "dot.png"))
    assert ended.exit_code == 3
    assert openrouter.chats == []


@pytest.mark.parametrize(("told", "usd"), [(True, "0.00042"), (False, None)])
def test_when_time_runs_out_the_bill_is_asked_for(
    openrouter: Server, told: bool, usd: str | None
) -> None:
    """The call in flight is broken off; its cost is what the server says, else unknown."""
    openrouter.generation_lag = 99
    openrouter.script(Answer("one two", cut="stall_with_comments", cut_after=1))
    if told:
        bill = json.dumps({"data": {"total_cost": 0.00042}}).encode()
        openrouter.script(Raw([bill], 200, "application/json"), model="/generation")
    ended = think("--budget", "2s", "--json")
    found = json.loads(ended.stdout)
    assert (ended.exit_code, found["status"]) == (3, "stopped_by_budget")
    assert ended.stderr.endswith(
        "Error: stopped: the budget of 2 seconds is used up; "
        "given more, `llm reasonkit resume` goes on\n"
    )
    (step,) = found["steps"]
    assert (step["status"], step["cost"]["usd"]) == ("stopped_by_budget", usd)
    assert found["cost"]["unknown_calls"] == int(not told)
    assert openrouter.chats[0].cancelled


def test_a_missing_bill_counts_as_the_worst_case(openrouter: Server) -> None:
    """What nobody tells stays reserved, so that the sum cannot be exceeded unseen."""
    openrouter.generation_lag = 99
    openrouter.script(Answer("one two", cut="drop", cut_after=1))
    ended = think("--budget", "$0.015", "--json", model=SONNET)
    found = json.loads(ended.stdout)
    assert (found["status"], found["cost"]["unknown_calls"]) == ("failed", 1)


@pytest.mark.parametrize(("budget", "tries", "code"), [("$0.02", 3, 0), ("$0.01", 1, 5)])
def test_a_billed_try_is_repeated_within_the_budget(
    openrouter: Server, user_folder: Path, budget: str, tries: int, code: int
) -> None:
    """An empty reply is charged like any other: it is asked for again while a further worst case
    fits, and what all tries cost is in the sum."""
    openrouter.script(Answer(None), Answer(None), Answer("Yes, because of the facts."))
    write_protocol(user_folder, ONE, "one")
    ended = llm(
        *("think", "Is it so?", "--protocol", "one", "-m", SONNET),
        *("--budget", budget, "--json"),
    )
    found = json.loads(ended.stdout)
    assert ended.exit_code == code
    assert len(openrouter.chats) == tries
    assert Decimal(found["cost"]["usd"]) == openrouter.ledger.total <= Decimal(budget[1:])


# Figures


def test_fifty_calls_racing_for_one_budget(openrouter: Server, user_folder: Path) -> None:
    """However many calls want the same money at once, the server never bills more than there is,
    even when every reply is as long as it may be; and nearly all of it is put to use."""
    write_protocol(user_folder, RACE % ", ".join(f"thing {n}" for n in range(50)), "race")
    openrouter.reply = lambda body: "word " * 2000
    openrouter.account.credits = Decimal(100)
    budget = Decimal("0.05")
    ended = llm(
        *("think", "Is it so?", "--protocol", "race", "-m", SONNET),
        *("--budget", f"${budget}", "--json"),
    )
    found = json.loads(ended.stdout)
    assert (ended.exit_code, found["status"]) == (3, "stopped_by_budget")
    assert budget * 8 / 10 < openrouter.ledger.total <= budget
    assert Decimal(found["cost"]["usd"]) == openrouter.ledger.total
    assert found["cost"]["unknown_calls"] == 0


async def test_two_hundred_runs_keep_to_their_budgets(
    openrouter: Server, user_folder: Path
) -> None:
    """Each of 200 runs at once, all of which want more, spends at most its own 5 cents, and
    together they account for everything the server billed."""
    write_protocol(user_folder, RACE % ", ".join(f"thing {n}" for n in range(20)), "race")
    openrouter.reply = lambda body: "word " * 2000
    openrouter.account.credits = Decimal(100)
    budget = Decimal("0.05")
    orchestrator = ThinkToolOrchestrator(SONNET)

    async def one(number: int) -> Result:
        asked = Question(f"Is {number} even?", protocol="race", budget=f"${budget}")
        return await orchestrator.think_async(asked)

    results = await asyncio.gather(*(one(number) for number in range(200)))
    costs = [result.cost.usd or Decimal(0) for result in results]
    assert {result.status for result in results} == {"stopped_by_budget"}
    assert budget * 8 / 10 < min(costs) <= max(costs) <= budget
    assert all(result.cost.unknown_calls == 0 for result in results)
    assert abs(sum(costs) - openrouter.ledger.total) < Decimal("1e-12")
