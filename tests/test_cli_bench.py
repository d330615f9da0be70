"""`llm reasonkit bench`, as a user types it: known questions, models, a panel, protocols."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result as Ended

from tests.cli import Terminal, answering, llm, write_protocol
from tests.openrouter_server import Refuse, Server

SMALL, PROSE = "openrouter/acme/small", "openrouter/acme/prose"
SONNET = "openrouter/anthropic/claude-sonnet-4"
QUESTIONS: list[dict[str, Any]] = [
    {"question": "How many moons has Mars?", "answer": 2},
    {"question": "Is 7 a prime?", "answer": True},
    {"question": "Which is the largest?", "answer": "Jupiter", "choices": ["Mars", "Jupiter"]},
    {"question": "Explain who wrote Faust", "answer": "Goethe"},
]
RIGHT = {"moons": "2", "prime": "yes", "largest": "B", "Faust": "Goethe"}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The questions as a file."""
    path = tmp_path / "questions.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in QUESTIONS) + "\n")
    return path


def knows(errors: dict[str, str]) -> Callable[[Any], str]:
    """A reply function: each model is right but for one word of a question that it is wrong on."""

    def reply(body: Any) -> str:
        asked = body["messages"][-1]["content"]
        word = next(word for word in RIGHT if word in asked)
        wrong = any(body["model"].endswith(n) and w == word for n, w in errors.items())
        other = {"moons": "3", "prime": "no", "largest": "A", "Faust": "Schiller"}
        return f"Final answer: {other[word] if wrong else RIGHT[word]}"

    return reply


def bench(file: Path, *arguments: str, models: str = f"{SMALL},{PROSE},{SONNET}") -> Ended:
    return llm("reasonkit", "bench", str(file), "-m", models, *arguments)


def scores(ended: Ended) -> dict[str, Any]:
    assert ended.exit_code == 0, ended.output
    return {row["name"]: row for row in json.loads(ended.stdout)["scores"]}


def test_models_and_panel(user_folder: Path, openrouter: Server, file: Path) -> None:
    """Each model errs once, the panel never; all are scored on one reply a model, with cost."""
    openrouter.reply = knows({"small": "moons", "prose": "prime", "claude-sonnet-4": "largest"})
    ended = bench(file, "--json")
    found = scores(ended)
    assert [found[name]["right"] for name in (SMALL, PROSE, SONNET)] == [3, 3, 3]
    assert (found["panel of 3"]["right"], found["panel of 3"]["accuracy"]) == (4, 1.0)
    members = sum(Decimal(found[name]["usd"]) for name in (SMALL, PROSE, SONNET))
    assert Decimal(found["panel of 3"]["usd"]) == members
    pair = next(
        pair
        for pair in json.loads(ended.stdout)["pairings"]
        if (pair["one"], pair["other"]) == (SMALL, "panel of 3")
    )
    assert (pair["only_one"], pair["only_other"], pair["p"]) == (0, 1, 1.0)


def test_baseline(user_folder: Path, openrouter: Server, file: Path) -> None:
    """The panel's money is spent on samples of the best single model, and the report says so."""
    openrouter.reply = knows({"small": "moons", "prose": "prime"})
    ended = bench(file, "--json", models=f"{SMALL},{PROSE}")
    told = json.loads(ended.stdout)
    (baseline,) = (row for row in told["scores"] if row["kind"] == "baseline")
    assert baseline["name"] == f"{SMALL} x 2"
    assert baseline["right"] == 3
    panel = next(row for row in told["scores"] if row["kind"] == "panel")
    assert Decimal(baseline["usd"]) <= Decimal(panel["usd"])
    assert any("baseline for panel of 2" in note for note in told["notes"])


def test_table(user_folder: Path, openrouter: Server, file: Path) -> None:
    """Without `--json` the scores stand in a table, with intervals and p."""
    openrouter.reply = knows({"small": "moons", "prose": "prime"})
    shown = bench(file, models=f"{SMALL},{PROSE}").stdout
    for part in ("3 of 4", "75.0%", "30% to 95%", "panel of 2", "1.000", "$0.0000"):
        assert part in shown


def test_no_figure_is_cut(user_folder: Path, openrouter: Server, file: Path) -> None:
    """Where the table is wider than the terminal the names are broken, never a figure."""
    openrouter.reply = knows({"small": "moons"})
    rows = [line for line in bench(file).stdout.splitlines() if "of 4" in line]
    assert len(rows) == 5
    for row in rows:
        assert re.search(r" to \d+% +\$\d\.\d{4,} +\$\d\.\d{4,}$", row), row


def test_protocol(user_folder: Path, openrouter: Server, file: Path) -> None:
    """A protocol runs on the first model, its answer is read like a model's."""
    write_protocol(user_folder)
    openrouter.reply = answering("I looked it up.\n\nFinal answer: 2")
    found = scores(bench(file, "--protocol", "weigh", "--json", models=SMALL))
    assert found["protocol weigh"]["right"] == 1
    assert found["protocol weigh"]["kind"] == "protocol"
    assert any(name.startswith(f"{SMALL} x ") for name in found)


def test_one_model_has_no_baseline(user_folder: Path, openrouter: Server, file: Path) -> None:
    """With one model and nothing else there is nothing to compare it with, and that is said."""
    openrouter.reply = knows({})
    ended = bench(file, "--json", models=SMALL)
    assert list(scores(ended)) == [SMALL]
    assert "no equal-cost baseline" in ended.stdout


def test_member_that_fails(user_folder: Path, openrouter: Server, file: Path) -> None:
    """A model that never answers is wrong everywhere, and what it cost is no more than billed."""
    others = knows({})
    gone = Refuse(404, {"code": 404, "message": "No endpoints found for acme/prose."})
    openrouter.reply = lambda body: gone if body["model"].endswith("prose") else others(body)
    found = scores(bench(file, "--json"))
    assert (found[PROSE]["right"], found[PROSE]["answered"]) == (0, 0)
    assert found["panel of 3"]["right"] == 4


def test_budget(user_folder: Path, openrouter: Server, file: Path) -> None:
    """What the budget does not pay for is left out, counts neither way, and is said; the bills
    stay within it."""
    openrouter.reply = knows({})
    stopped = bench(file, "--budget", "$0.0000001", "--json")
    assert (stopped.exit_code, stopped.stderr.count("stopped: no budget for")) == (3, 1)
    told = json.loads(stopped.stdout)
    assert all(row["questions"] == 0 for row in told["scores"])
    assert any("the budget left" in note for note in told["notes"])
    assert openrouter.chats == []
    told = json.loads(bench(file, "--budget", "$0.5", "--json").stdout)
    assert all(row["questions"] == 4 for row in told["scores"])
    assert openrouter.ledger.total <= Decimal("0.5")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("", "has no questions"),
        ("{", "questions.jsonl:1: this is no JSON"),
        ('{"question": "x"}', "questions.jsonl:1: answer"),
        ('{"question": "x", "answer": 1, "anwser": 2}', "anwser"),
        ('{"question": "How many?", "answer": "blue"}', "is no number"),
        ('{"question": "x", "answer": 1, "kind": "prose"}', "questions.jsonl:1: kind"),
        ('{"question": "x", "answer": "A", "choices": ["A"]}', "1: choices: one option is no"),
    ],
)
def test_mistakes_in_the_file(
    user_folder: Path, openrouter: Server, file: Path, line: str, said: str
) -> None:
    """A mistake in the file is named with its line before any call, with exit code 2."""
    file.write_text(f"{line}\n")
    ended = bench(file)
    assert ended.exit_code == 2
    assert said in ended.stderr
    assert openrouter.chats == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--budget", "30s"], "a budget of USD"),
        (["--profile", "quik"], "quick"),
        (["--protocol", "wiegh"], "wiegh"),
        (["--panel", "review"], "no panel 'review'"),
        (["-m", "acme/smal"], "acme/small"),
    ],
)
def test_mistakes(
    user_folder: Path, openrouter: Server, file: Path, arguments: list[str], said: str
) -> None:
    """A contestant that does not exist is found out before any call."""
    ended = bench(file, *arguments)
    assert ended.exit_code == 2
    assert said in ended.stderr
    assert openrouter.chats == []


def test_nobody_to_ask(user_folder: Path, openrouter: Server, file: Path) -> None:
    """Without a model the command says what to give."""
    ended = llm("reasonkit", "bench", str(file))
    assert ended.exit_code == 2
    assert "name the models" in ended.stderr


def test_progress_has_a_line_of_its_own(user_folder: Path, openrouter: Server, file: Path) -> None:
    """On a terminal the count of runs ends its line, also where fewer are made than may be."""
    openrouter.reply = knows({})
    terminal = Terminal.open("reasonkit", "bench", str(file), "-m", SMALL)
    assert terminal.end() == 0
    assert "4 of at most 8 runs\n" in terminal.text
