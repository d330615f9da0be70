"""Knowing before paying: `--dry-run`, `estimate`, and the question before a dear run."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import Result as Ended

from tests.cli import Terminal, answering, llm, write_protocol
from tests.openrouter_server import Server
from tests.test_cli_models import SMALL

SONNET = "openrouter/anthropic/claude-sonnet-4"


def think(*arguments: str, model: str = SMALL) -> Ended:
    """Think with the small protocol."""
    return llm("think", "Is it so?", "--protocol", "weigh", "-m", model, *arguments)


def estimate(*arguments: str) -> Ended:
    return llm("reasonkit", "estimate", *arguments)


@pytest.fixture(autouse=True)
def _weigh(user_folder: Path, openrouter: Server) -> None:
    write_protocol(user_folder)
    openrouter.reply = answering("Yes, because of the facts.")


# --dry-run


def test_dry_run_asks_no_model(openrouter: Server, user_folder: Path) -> None:
    """Only the catalogue is fetched; nothing is recorded."""
    ended = think("--dry-run")
    assert (ended.exit_code, ended.stderr) == (0, "")
    assert [request.path for request in openrouter.requests] == ["/api/v1/models"]
    assert not (user_folder / "logs.db").exists()


def test_dry_run_shows_steps_sums_and_basis() -> None:
    """Each step has a line with calls, tokens and money; likely and at most stay apart."""
    lines = think("--dry-run").stdout.splitlines()
    assert lines[0].strip() == SMALL
    rows = {line.split()[0]: line.split()[1:] for line in lines if line.strip()}
    assert rows["weigh.facts"][0] == "1-2"
    assert rows["weigh.look"][0] == "3"
    assert rows["weigh.verdict"][0] == "1"
    assert rows["total"][0] == "5-6"
    assert all(row[2].startswith("$") for name, row in rows.items() if name.startswith("weigh"))
    assert "assumed that all steps run, none asked twice" in " ".join(lines)
    assert max(map(len, lines)) <= 80


def test_dry_run_as_json() -> None:
    """--json prints the estimate as an object."""
    found = json.loads(think("--dry-run", "--json", "--budget", "$0.05").stdout)
    assert (found["schema_version"], found["limit"]) == (1, "0.05")
    assert [row["step"] for row in found["steps"]] == ["facts", "look", "verdict"]
    assert Decimal(found["usd"]) < Decimal(found["most_usd"])


def test_dry_run_says_where_the_budget_ends_it() -> None:
    """A worst case above the budget is not what is paid."""
    ended = think("--dry-run", "--budget", "$0.02", model=SONNET)
    assert "the budget stops the run at $0.02" in ended.stdout
    assert "the budget stops" not in think("--dry-run").stdout


@pytest.mark.parametrize("long", [False, True])
def test_the_worst_case_is_never_exceeded(openrouter: Server, long: bool) -> None:
    """However long the replies are, the server bills no more than was foreseen."""
    if long:
        openrouter.reply = lambda body: answering("")(body) or "word " * 2000
    arguments = ("Is it so?", "--profile", "balanced", "-m", SONNET, "--budget", "$9", "--json")
    found = json.loads(llm("think", *arguments, "--dry-run").stdout)
    ended = llm("think", *arguments)
    assert ended.exit_code == 0
    assert 0 < len(openrouter.chats) <= found["most_calls"]
    assert 0 < openrouter.ledger.total <= Decimal(found["most_usd"])


def test_own_runs_are_learnt_from(user_folder: Path) -> None:
    """After five runs the medians of the log stand in place of assumptions."""
    for _ in range(5):
        assert think().exit_code == 0
    found = json.loads(think("--dry-run", "--json").stdout)
    assert [row["learnt_from"] for row in found["steps"]] == [5, 5, 5]
    assert found["steps"][1]["calls"] == 2  # the model lists two facts, of three at most
    assert found["basis"][1] == (
        "likely: medians of your own runs for 3 of 3 steps, "
        "no prompt shorter than what this run is given"
    )


def test_a_damaged_log_teaches_nothing(user_folder: Path) -> None:
    """The estimate is then made without it."""
    (user_folder / "logs.db").write_text("not a database, but long enough to look like one" * 99)
    assert think("--dry-run").exit_code == 0


def test_dry_run_finds_mistakes() -> None:
    """What a run would refuse its dry run refuses, too."""
    ended = think("--dry-run", "--budget", "bash.50")
    assert ended.exit_code == 2
    assert "single quotes" in ended.stderr


# estimate


def test_models_are_compared(openrouter: Server) -> None:
    """Each model has its prices and what a query costs; no key is needed, no model asked."""
    ended = estimate("-m", "anthropic/claude-sonnet-4", "-m", SMALL, "-m", "acme/small:free")
    assert (ended.exit_code, ended.stderr) == (0, "")
    rows = {line.split()[0]: line.split()[1:] for line in ended.stdout.splitlines() if line.strip()}
    assert rows["anthropic/claude-sonnet-4"][:3] == ["128k", "$3.00", "$15.00"]
    assert rows["acme/small"][:3] == ["128k", "$0.10", "$0.40"]
    assert rows["acme/small:free"] == ["128k", "$0", "$0", "$0", "$0"]
    assert "a question of 400 characters, no sources, no cached tokens" in ended.stdout
    assert openrouter.chats == []


def test_a_month_of_a_mix(openrouter: Server) -> None:
    """Queries a day, thirty days, shared out by per cent, as one total."""
    arguments = ("-m", "acme/small:free", "-m", "acme/small", "-m", "anthropic/claude-sonnet-4")
    ended = estimate(*arguments, "--queries", "500/day", "--mix", "50,30,20", "--json")
    found = json.loads(ended.stdout)
    each = [Decimal(row["usd"]) for row in found["items"]]
    month = found["month"]
    assert [row["queries"] for row in month["rows"]] == [7500, 4500, 3000]
    assert [Decimal(row["usd"]) for row in month["rows"]] == [0, each[1] * 4500, each[2] * 3000]
    assert Decimal(month["usd"]) == each[1] * 4500 + each[2] * 3000
    table = estimate(*arguments, "--queries", "500/day", "--mix", "50,30,20").stdout
    assert table[table.rindex("total") :].split()[:2] == ["total", "15,000"]


@pytest.mark.parametrize(("queries", "a_month"), [("10", 300), ("70/week", 300), ("90/month", 90)])
def test_queries_in_other_periods(queries: str, a_month: int) -> None:
    """A week and a month are taken as well; without a mix models share evenly."""
    ended = estimate("-m", SMALL, "-m", SONNET, "--queries", queries, "--json")
    month = json.loads(ended.stdout)["month"]
    assert month["queries"] == a_month
    assert [row["queries"] for row in month["rows"]] == [a_month // 2] * 2


def test_profiles_and_protocols_differ() -> None:
    """A quick query costs less than a paranoid one; a protocol can stand in for a profile."""

    def cost(*arguments: str) -> Decimal:
        return Decimal(
            json.loads(estimate("-m", SMALL, "--json", *arguments).stdout)["items"][0]["usd"]
        )

    assert cost("--profile", "quick") < cost() < cost("--profile", "paranoid")
    assert cost() == cost("--profile", "balanced")
    assert cost("--protocol", "weigh") < cost("--profile", "quick")


def test_a_price_that_varies_is_unknown() -> None:
    """A router has no price of its own, which is said and not taken for 0."""
    ended = estimate("-m", "openrouter/auto", "-m", SMALL, "--queries", "1/day", "--json")
    found = json.loads(ended.stdout)
    assert found["items"][0]["usd"] is None
    assert found["month"]["usd"] is None
    assert "unknown" in estimate("-m", "openrouter/auto").stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["-m", "acme/smal"], "no model 'acme/smal'; nearest: acme/small"),
        (["-m", SMALL, "--queries", "many"], "no number of queries; give one such as 500/day"),
        (["-m", SMALL, "--queries", "5/year"], "no number of queries"),
        (["-m", SMALL, "--queries", "5", "--mix", "90"], "adds up to 90, not to 100"),
        (["-m", SMALL, "--queries", "5", "--mix", "half"], "no mix; give per cent"),
        (["-m", SMALL, "--queries", "5", "--mix", "50,50"], "one share for each -m"),
        (["-m", SMALL, "--mix", "100"], "--mix needs --queries"),
        (["-m", SMALL, "--profile", "quick", "--protocol", "weigh"], "not both"),
        (["-m", SMALL, "--profile", "quik"], "quick"),
        ([], "Missing option"),
    ],
)
def test_mistakes(arguments: list[str], words: str) -> None:
    """Wrong usage ends with exit code 2 and what would be right."""
    ended = estimate(*arguments)
    assert ended.exit_code == 2
    assert words in ended.stderr


# confirm_above


def configure(folder: Path, above: str) -> None:
    path = folder / "reasonkit" / "config.toml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"confirm_above = {above}\n")


@pytest.mark.parametrize(("key", "code", "chats"), [(b"n\r", 1, 0), (b"y\r", 0, 4)])
def test_a_dear_run_is_asked_about(
    openrouter: Server, user_folder: Path, key: bytes, code: int, chats: int
) -> None:
    """On a terminal a worst case above `confirm_above` waits for a yes."""
    configure(user_folder, "0.0001")
    terminal = Terminal.open("think", "Is it so?", "--protocol", "weigh", "-m", SMALL)
    terminal.press(key)
    assert terminal.end() == code
    assert "This may cost up to $0.0" in terminal.text
    assert len(openrouter.chats) == chats


def test_a_cheap_run_is_not(openrouter: Server, user_folder: Path) -> None:
    """Below the sum, or without a terminal, nobody is asked."""
    configure(user_folder, "0.5")
    terminal = Terminal.open("think", "Is it so?", "--protocol", "weigh", "-m", SMALL)
    assert terminal.end() == 0
    assert "This may cost" not in terminal.text
    configure(user_folder, "0.0001")
    assert think().exit_code == 0
    assert len(openrouter.chats) == 8


def test_the_budget_bounds_what_is_asked_about(openrouter: Server, user_folder: Path) -> None:
    """A run that its budget holds below the sum needs no question."""
    configure(user_folder, "0.05")
    command = ("think", "Is it so?", "--protocol", "weigh", "-m", SONNET, "--budget", "$0.05")
    terminal = Terminal.open(*command)
    assert terminal.end() in (0, 3)
    assert "This may cost" not in terminal.text
