"""`llm reasonkit mark`, `calibration` and `panel`: what the user's verdicts teach."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result as Ended

from tests.cli import llm
from tests.openrouter_server import Server

A, B, C = "openrouter/acme/small", "openrouter/acme/prose", "openrouter/anthropic/claude-sonnet-4"


@pytest.fixture
def voted(user_folder: Path, openrouter: Server) -> str:
    """A run of three members, two of whom say 2 and one 3; its id."""

    def reply(body: Any) -> str:
        return f"Final answer: {3 if body['model'].startswith('anthropic') else 2}"

    openrouter.reply = reply
    ended = llm("consensus", "How many moons has Mars?", "-m", A, "-m", B, "-m", C, "--json")
    return str(json.loads(ended.stdout)["run_id"])


def found(ended: Ended) -> Any:
    assert ended.exit_code == 0, ended.output
    return json.loads(ended.stdout)


def test_mark_and_see(voted: str) -> None:
    """A marked run is in the curve, under its kind and agreement, with its interval."""
    ended = llm("reasonkit", "mark", "last", "right", "--note", "looked it up")
    assert ended.exit_code == 0
    assert voted in ended.stderr
    (row,) = found(llm("reasonkit", "calibration", "--json"))["items"]
    assert (row["kind"], row["marks"], row["right"]) == ("number", 1, 1.0)
    assert row["agreement"] == pytest.approx(2 / 3)
    assert row["interval"][0] < 0.3
    assert "number" in llm("reasonkit", "calibration").stdout


def test_mark_again(voted: str) -> None:
    """A later verdict takes the place of the earlier one; `unsure` teaches nothing."""
    llm("reasonkit", "mark", voted, "wrong")
    llm("reasonkit", "mark", "--last", "right")
    (row,) = found(llm("reasonkit", "calibration", "--json"))["items"]
    assert (row["marks"], row["right"]) == (1, 1.0)
    llm("reasonkit", "mark", voted[:12], "unsure")
    assert found(llm("reasonkit", "calibration", "--json"))["items"] == []


def test_panel(voted: str) -> None:
    """The report says who agreed with whom and who was right when marked; what is not known yet is
    null."""
    llm("reasonkit", "mark", "last", "right")
    report = found(llm("reasonkit", "panel", "--json"))
    assert (report["runs"], report["marked"]) == (1, 1)
    rows = {row["model"]: row for row in report["members"]}
    assert (rows[A]["right"], rows[A]["marked"]) == (1, 1)
    assert (rows[C]["right"], rows[C]["marked"]) == (0, 1)
    assert rows[A]["reliability"] is None
    assert report["independent_votes"] is None
    assert report["swap"] is None
    shown = llm("reasonkit", "panel").stdout
    assert "1 of 1" in shown
    assert "unknown" in shown


def test_panel_of_some(voted: str) -> None:
    """`-m` limits the report to some members."""
    report = found(llm("reasonkit", "panel", "-m", f"{A},{B}", "--json"))
    assert [row["model"] for row in report["members"]] == [B, A]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["mark"], "say right, wrong or unsure"),
        (["mark", "last", "rihgt"], "say right, wrong or unsure"),
        (["mark", "right"], "name one run"),
        (["mark", "last", "right", "--last"], "name one run"),
        (["mark", "a", "b", "right"], "name one run"),
        (["mark", "nosuchrun", "right"], "nosuchrun"),
    ],
)
def test_mistakes(voted: str, arguments: list[str], said: str) -> None:
    """A mistake is one line that says what to do, with exit code 2."""
    ended = llm("reasonkit", *arguments)
    assert ended.exit_code == 2
    assert said in ended.stderr


@pytest.mark.parametrize(("command", "hint"), [("calibration", "mark"), ("panel", "consensus")])
def test_nothing_yet(user_folder: Path, command: str, hint: str) -> None:
    """With an empty log nothing is shown but what to do first; `--json` is empty."""
    ended = llm("reasonkit", command)
    assert (ended.exit_code, ended.stdout) == (0, "")
    assert hint in ended.stderr
    told = found(llm("reasonkit", command, "--json"))
    assert told.get("items", told.get("members")) == []


def test_no_answer_to_mark(user_folder: Path, openrouter: Server) -> None:
    """A run without an answer cannot be right or wrong."""
    openrouter.reply = lambda body: f"Final answer: {len(body['model'])}"
    llm("consensus", "How many moons has Mars?", "-m", A, "-m", C)
    ended = llm("reasonkit", "mark", "last", "right")
    assert ended.exit_code == 2
    assert "has no answer, so there is nothing to mark" in ended.stderr


def test_options_that_were_typed(user_folder: Path, openrouter: Server) -> None:
    """Where options are told by letter and shown as typed, the mark counts all the same."""
    openrouter.reply = lambda body: "Final answer: B"
    llm("consensus", "Which is the inner moon?", "-m", A, "-m", C, "--choices", "Deimos,Phobos")
    llm("reasonkit", "mark", "last", "right")
    (row,) = found(llm("reasonkit", "calibration", "--json"))["items"]
    assert (row["kind"], row["marks"], row["right"]) == ("choice", 1, 1.0)
    rows = {row["model"]: row for row in found(llm("reasonkit", "panel", "--json"))["members"]}
    assert (rows[A]["right"], rows[C]["right"]) == (1, 1)
