"""`llm consensus`, as a user types it: votes are counted, dissent is shown, codes are kept."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result as Ended

from llm_reasonkit.store.history import load_run
from tests.cli import llm
from tests.openrouter_server import Server

MEMBERS = ("openrouter/acme/small", "openrouter/acme/prose", "openrouter/anthropic/claude-sonnet-4")
QUESTION = "How many moons has Mars?"


def says(answers: dict[str, str]) -> Any:
    """A reply function: each model, by the end of its id, gives its answer."""

    def reply(body: Any) -> str:
        answer = next(text for name, text in answers.items() if body["model"].endswith(name))
        return f"I looked it up.\n\nFinal answer: {answer}"

    return reply


def consensus(*arguments: str) -> Ended:
    """Run `llm consensus` with three members."""
    members = [part for model in MEMBERS for part in ("-m", model)]
    return llm("consensus", QUESTION, *members, *arguments)


def found(ended: Ended) -> Any:
    """Read what `--json` printed."""
    return json.loads(ended.stdout)


def test_all_agree(user_folder: Path, openrouter: Server) -> None:
    """Three equal votes of two makers are accepted: the answer is printed, the code is 0."""
    openrouter.reply = says({"small": "2", "prose": "two", "claude-sonnet-4": "2.0"})
    ended = consensus()
    assert (ended.exit_code, ended.stdout) == (0, "2\n")
    assert "3 of 3" in ended.stderr


def test_dissent(user_folder: Path, openrouter: Server) -> None:
    """Two of three are not accepted at 0.8: the leading answer is printed, labelled, and who says
    what else; the code is 4."""
    openrouter.reply = says({"small": "2", "prose": "2", "claude-sonnet-4": "3"})
    ended = consensus()
    assert ended.exit_code == 4
    assert "no consensus" in ended.stderr
    assert "2 of 3" in ended.stderr
    assert "claude-sonnet-4" in ended.stderr
    told = found(consensus("--json"))
    assert (told["status"], told["answer"]) == ("no_consensus", "2")
    assert told["agreement"]["leading"] == 2
    assert told["agreement"]["needed"] == 3
    assert told["dissent"][0]["answer"] == "3"
    assert [vote["canonical"] for vote in told["votes"]] == ["2", "2", "3"]
