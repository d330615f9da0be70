"""`llm reasonkit runs`, `show` and the like: which run is meant, and what is shown of it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import Result as Ended

from llm_reasonkit.store.browse import list_runs
from tests.cli import answering, llm, write_protocol
from tests.openrouter_server import Raw, Server

SMALL = "openrouter/acme/small"
HOSTILE = "Yes.\x1b]0;owned\x07 [red]no[/red]"


def kit(*arguments: str) -> Ended:
    return llm("reasonkit", *arguments)


@pytest.fixture
def two(user_folder: Path, openrouter: Server) -> list[str]:
    """Two runs; their ids, the older first."""
    openrouter.reply = answering(HOSTILE)
    write_protocol(user_folder)
    for question in ("Is it so?", "Is it not so?"):
        llm("think", question, "--protocol", "weigh", "-m", SMALL, "-s", "Be brief.")
    return [run.run_id for run in reversed(list_runs(user_folder / "logs.db"))]


def test_what_calls_were_sent(two: list[str]) -> None:
    """--prompts shows each call's prompt and system prompt in full, under its step."""
    shown = kit("show", "--last", "--prompts").stdout
    facts, rest = shown.split("✓ look[1]")
    look, _ = rest.split("✓ look[2]")
    assert "system:" in facts
    assert "Be brief." in facts
    assert "Is it not so?" in facts
    assert "List the facts." in facts
    assert "Look at this:" in look
    assert "reply:" not in shown
    assert "List the facts." not in kit("show").stdout


def test_what_calls_replied(two: list[str]) -> None:
    """--raw shows replies as they came, before ids and the like were put in, and defused."""
    shown = kit("show", two[0], "--raw").stdout
    reply, read = re.findall(r'\{"facts".*', shown.split("✓ look[1]")[0])
    assert '"id"' not in reply
    assert '"id"' in read
    assert "[red]no[/red]" in shown
    assert "\x1b" not in shown
    assert "user:" not in shown


def test_calls_that_llm_does_not_have(
    two: list[str], openrouter: Server, user_folder: Path
) -> None:
    """A call that failed, and one whose turn is gone, is said not to be in llm's log."""
    openrouter.script(Raw([b"{}"], 400, "application/json"))
    llm("think", "And this?", "--protocol", "weigh", "-m", SMALL)
    assert kit("show", "--prompts").stdout.count("not in llm's log") == 1


def test_prompts_as_json(two: list[str]) -> None:
    """The result object has no prompts: the error names the command that prints them."""
    ended = kit("show", "--json", "--raw")
    assert (ended.exit_code, ended.stdout) == (2, "")
    command = ended.stderr.strip().rpartition(": llm ")[2].split()
    turns = json.loads(llm(*command).stdout)
    assert any("List the facts." in turn["prompt"] for turn in turns)


@pytest.mark.parametrize(
    "command",
    [["show"], ["export"], ["delete", "--yes"], ["replay"], ["resume"], ["mark", "right"]],
)
def test_the_last_run(two: list[str], command: list[str]) -> None:
    """--last means the most recent run in every command, and excludes naming another."""
    name, *others = command
    ended = kit(name, "--last", *others)
    assert "no run" not in ended.stderr
    if name in ("show", "export"):
        assert "Is it not so?" in ended.stdout
    for named in (two[0], two[0][-6:], two[0][:26]):
        ended = kit(name, named, *others, "--last")
        assert (ended.exit_code, "name one run, or give --last" in ended.stderr) == (2, True)


def test_deleting_and_marking_need_a_name(two: list[str], user_folder: Path) -> None:
    """What changes the log does not take the most recent run by itself."""
    for command in (["delete", "--yes"], ["mark", "right"]):
        ended = kit(*command)
        assert (ended.exit_code, "name one run, or give --last" in ended.stderr) == (2, True)
    assert kit("delete", "--last", "--yes").exit_code == 0
    assert [run.run_id for run in list_runs(user_folder / "logs.db")] == [two[0]]


@pytest.mark.parametrize(
    ("arguments", "count"),
    [
        (["--command", "think"], 2),
        (["--command", "compare"], 0),
        (["--protocol", "weigh"], 2),
        (["-m", "SMALL"], 2),
        (["-m", "large"], 0),
        (["--status", "done"], 2),
        (["--max-cost", "$0.5", "--since", "1h"], 2),
        (["--min-cost", "0.5"], 0),
        (["--until", "1h"], 0),
        (["-q", "not so"], 1),
        (["-q", "NEAR("], 0),
        (["-n", "1"], 1),
        (["-n", "0"], 2),
    ],
)
def test_filters(two: list[str], arguments: list[str], count: int) -> None:
    """Each condition keeps the runs it is true of; where there are none, that is said."""
    ended = kit("runs", *arguments)
    assert ended.exit_code == 0
    assert len(re.findall(r"Is it (?:not )?so\?", ended.stdout)) == count
    assert ("no run matches" in ended.stderr) == (count == 0)
    assert len(json.loads(kit("runs", "--json", *arguments).stdout)["items"]) == count


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--command", "comp", "'comp' is not one of 'think', 'compare', 'consensus'"),
        ("--status", "fine", "'fine' is not one of 'running', 'done'"),
        ("--min-cost", "-1", "'-1' is not an amount of USD; give one such as 0.50"),
        ("--since", "yesterday", "'yesterday' is no time; give 24h, 7d, 4w or a date"),
        ("-n", "few", "'few' is not a valid integer"),
    ],
)
def test_filters_that_cannot_be(option: str, value: str, said: str) -> None:
    """A value that means nothing is an error that says what can be given."""
    ended = kit("runs", option, value)
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert said in ended.stderr


def test_every_command_is_there() -> None:
    """The group lists its commands, each of which explains itself."""
    listed = kit("--help").stdout.split("Commands:")[1]
    names = re.findall(r"^  (\S+)", listed, re.MULTILINE)
    assert {"think", "providers", "runs", "show", "mark", "uninstall-tables"} <= set(names)
    for name in names:
        assert kit(name, "--help").exit_code == 0
    assert "No such command 'shwo'" in kit("shwo").stderr
