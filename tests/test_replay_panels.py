"""Repeating a consensus or a comparison from its trace, byte for byte but for the times."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli import answering, llm, write_protocol
from tests.openrouter_server import Answer, Server, refuse
from tests.test_replay import lines, log, replay
from tests.test_resume import write

__all__ = ["log"]

SMALL, PROSE, SONNET = MEMBERS = (
    "openrouter/acme/small",
    "openrouter/acme/prose",
    "openrouter/anthropic/claude-sonnet-4",
)
MOONS, CITY, TIDES = "How many moons has Mars?", "What is the name of the city?", "Explain tides"
ALL = ["-m", SMALL, "-m", PROSE, "-m", SONNET]
TWO = ["-m", SMALL, "-m", PROSE]
SAID = {
    MOONS: {"small": "2", "prose": "3", "claude-sonnet-4": "two"},
    CITY: {"small": "Amsterdam", "prose": "the city of A'dam", "claude-sonnet-4": "Rotterdam"},
    TIDES: {"small": "word 1 word 2", "prose": "word 1", "claude-sonnet-4": "The moon."},
}


def reply(body: Any) -> str:
    """Each model says its own to each question, and an object where one is asked for."""
    text = next(
        f"I looked it up.\n\nFinal answer: {answer}"
        for question, answers in SAID.items()
        if question in str(body["messages"][-1]["content"])
        for name, answer in answers.items()
        if body["model"].endswith(name)
    )
    return answering(text)(body)


@pytest.fixture(autouse=True)
def _said(user_folder: Path, openrouter: Server) -> None:
    write_protocol(user_folder)
    openrouter.reply = reply


# What comes out the same


@pytest.mark.parametrize(
    "how",
    [
        ["consensus", MOONS, *ALL],
        ["consensus", MOONS, *ALL, "--threshold", "0.6", "--stop", "decided"],
        ["consensus", MOONS, *ALL, "--ask", "2+1", "--rounds", "1"],
        ["consensus", MOONS, "-m", SMALL, "--samples", "6", "--stop", "likely"],
        ["consensus", MOONS, *ALL, "--budget", "1000t"],
        ["consensus", MOONS, *ALL, "--schema", "moons int, names", "--judge", SMALL],
        ["consensus", CITY, *ALL, "--answer", "text", "--judge", SMALL, "--rounds", "1"],
        ["consensus", TIDES, *ALL],
        ["consensus", TIDES, *ALL, "--judge", SONNET, "-s", "Be brief."],
        ["compare", TIDES, *ALL],
        ["compare", TIDES, *TWO, "--rank", SONNET],
        ["compare", TIDES, *TWO, "--profile", "quick"],
        ["compare", TIDES, *TWO, "--protocol", "weigh", "--budget", "$0.50,60s"],
    ],
    ids=lambda how: " ".join(part for part in how[2:] if "/" not in part and part != "-m"),
)
def test_byte_for_byte(openrouter: Server, user_folder: Path, how: list[str]) -> None:
    """--json of a replay is that of the run, without models, key or configuration, but for the
    times."""
    first = llm(*how, "--json")
    assert first.stdout, first.stderr
    ended = replay(openrouter, user_folder, "--json")
    assert ended.exit_code == 0, ended.stderr
    assert lines(ended.stdout) == lines(first.stdout)


@pytest.mark.parametrize(
    ("trouble", "how", "status"),
    [
        (Answer("Final answer: 3", delay=30), ["--ask", "3", "--threshold", "0.6"], "cancelled"),
        (refuse(404, "gone"), [], "failed"),
        ("", [], "failed"),
        ("Who knows?", [], "no vote"),
    ],
    ids=["late", "gone", "empty", "without an answer"],
)
def test_trouble_comes_out_the_same(
    openrouter: Server, user_folder: Path, trouble: Any, how: list[str], status: str
) -> None:
    """So does that of a panel one member of which was cancelled, failed, or gave no answer."""
    openrouter.reply = lambda body: trouble if body["model"].endswith("prose") else reply(body)
    first = llm("consensus", MOONS, *ALL, *how, "--json")
    assert json.loads(first.stdout)["votes"][1]["status"].startswith(status)
    ended = replay(openrouter, user_folder, "--json")
    assert ended.exit_code == 0, ended.stderr
    assert lines(ended.stdout) == lines(first.stdout)


def test_side_by_side_again(openrouter: Server, user_folder: Path) -> None:
    """Without --json a comparison is shown as it was."""
    llm("compare", TIDES, *TWO)
    ended = replay(openrouter, user_folder)
    assert ended.exit_code == 0
    for part in (SMALL, PROSE, "word 1"):
        assert part in ended.stdout


def marked(log: Path, verdict: str) -> None:
    """Give sixty copies of the last run, with this verdict of the user's on each."""
    for number in range(60):
        write(
            log,
            "create temp table copy as select * from reasonkit_runs limit 1",
            f"update copy set id = '00{number:02}', short_id = 'x{number:02}', number = null",
            "insert or ignore into reasonkit_runs select * from copy",
            f"insert or replace into reasonkit_marks values ('00{number:02}', '{verdict}', '', '')",
        )


def test_later_marks_change_nothing(openrouter: Server, user_folder: Path, log: Path) -> None:
    """A confidence that rests on the user's marks rests on those of that time."""
    llm("consensus", MOONS, *ALL)
    marked(log, "right")
    first = llm("consensus", MOONS, *ALL, "--json")
    assert json.loads(first.stdout)["confidence"]["kind"] == "calibrated"
    marked(log, "wrong")
    ended = replay(openrouter, user_folder, "--json")
    assert (ended.exit_code, lines(ended.stdout)) == (0, lines(first.stdout))


def test_deleted_turns(openrouter: Server, user_folder: Path, log: Path) -> None:
    """The record has the replies itself: what is deleted of llm's is not missed."""
    first = llm("consensus", MOONS, *ALL, "--json")
    write(log, "delete from turns", "delete from threads")
    ended = replay(openrouter, user_folder, "--json")
    assert (ended.exit_code, lines(ended.stdout)) == (0, lines(first.stdout))


# What does not


def test_another_vote(openrouter: Server, user_folder: Path, log: Path) -> None:
    """Where another vote is counted, it is told what is another because of it."""
    llm("consensus", MOONS, *ALL)
    write(log, "update reasonkit_steps set reply = 'Final answer: 2' where id = 'members[2]'")
    ended = replay(openrouter, user_folder)
    assert (ended.exit_code, ended.stdout) == (1, "2\n")
    for said in ("members[2]: another output", "another status", "another agreement"):
        assert said in ended.stderr


@pytest.mark.parametrize("command", ["resume", "replay"])
def test_a_log_of_a_newer_version(log: Path, command: str) -> None:
    """It is refused with the way to upgrade, not misread."""
    llm("consensus", MOONS, *ALL)
    write(
        log,
        "insert into _sqlite_migrations (migration_set, name, applied_at) "
        "values ('reasonkit', 'm999_newer', '')",
    )
    ended = llm("reasonkit", command)
    assert ended.exit_code == 2
    assert "written by a newer llm-reasonkit (m999_newer)" in ended.stderr


def test_a_part_that_was_deleted(openrouter: Server, user_folder: Path) -> None:
    """A comparison of which a run is gone cannot be repeated, and the run is named."""
    first = json.loads(llm("compare", TIDES, *TWO, "--protocol", "weigh", "--json").stdout)
    gone = first["members"][1]["run_id"]
    llm("reasonkit", "delete", gone, "--yes")
    ended = replay(openrouter, user_folder)
    assert ended.exit_code == 2
    assert f"run {gone}, a part of comparison" in ended.stderr
    assert "is not in the log any more" in ended.stderr
