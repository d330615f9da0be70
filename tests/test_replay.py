"""Repeating a run from its trace: offline, without models, byte for byte but for the times."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import llm as llm_library
import pytest

from llm_reasonkit import ThinkToolOrchestrator
from tests.cli import PROTOCOL, Ended, answering, llm, write_protocol
from tests.openrouter_server import Answer, Server, refuse
from tests.test_cli_models import SMALL
from tests.test_resume import break_off, resume, think, write

YES = "Yes, because of the facts."
TIMES = ('"started": ', '"duration_ms": ')


@pytest.fixture(autouse=True)
def _weigh(user_folder: Path, openrouter: Server) -> None:
    write_protocol(user_folder)
    openrouter.reply = answering(YES)


@pytest.fixture
def log(user_folder: Path) -> Path:
    """Where runs are recorded."""
    return user_folder / "logs.db"


def replay(openrouter: Server, user_folder: Path, *arguments: str) -> Ended:
    """Replay as on a machine without network, key or protocol files."""
    asked = len(openrouter.requests)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OPENROUTER_BASE_URL", "http://127.0.0.1:1/api/v1")
        patch.delenv("OPENROUTER_API_KEY")
        for file in (user_folder / "reasonkit" / "protocols").glob("*.yaml"):
            file.unlink()
        ended = llm("reasonkit", "replay", *arguments)
    assert len(openrouter.requests) == asked
    return ended


def lines(text: str) -> list[str]:
    """The lines of a result as JSON, without the times."""
    return [line for line in text.splitlines() if not line.strip().startswith(TIMES)]


def moody(body: Any) -> Any:
    """Fail every other look."""
    prompt = body["messages"][-1]["content"]
    return refuse(404, "gone") if "word 2" in prompt else answering(YES)(body)


# What comes out the same


@pytest.mark.parametrize(
    "how",
    [
        ["--protocol", "weigh"],
        ["--profile", "quick"],
        ["--profile", "balanced"],
        ["--protocol", "weigh", "--budget", "1900t"],
        ["--protocol", "weigh", "--budget", "$0.000001"],
        ["--protocol", "weigh", "--fallback", "openrouter/acme/thinker"],
    ],
    ids=["protocol", "quick", "balanced", "stopped", "stopped at once", "fallback"],
)
def test_byte_for_byte(openrouter: Server, user_folder: Path, how: list[str]) -> None:
    """--json of a replay is that of the run, whatever became of it, but for the times."""
    first = llm("think", "Is it so?", "-m", SMALL, "--json", *how)
    ended = replay(openrouter, user_folder, "--json")
    assert ended.exit_code == 0
    assert lines(ended.stdout) == lines(first.stdout)


@pytest.mark.parametrize(
    "answer",
    [moody, lambda body: "no object", lambda body: refuse(401, "User not found")],
    ids=["partial", "unreadable", "rejected"],
)
def test_failures_come_out_the_same(openrouter: Server, user_folder: Path, answer: Any) -> None:
    """Errors, steps that were left out, and what they cost are those of the run."""
    openrouter.reply = answer
    first = llm("think", "Is it so?", "--protocol", "weigh", "-m", SMALL, "--json")
    ended = replay(openrouter, user_folder, "--json")
    assert ended.exit_code == 0
    assert lines(ended.stdout) == lines(first.stdout)
    assert json.loads(first.stdout)["status"] in ("partial", "failed")


def test_replay_of_a_run_that_went_on(openrouter: Server, user_folder: Path, log: Path) -> None:
    """A run in two parts, and one that repeats another in part, are replayed as one."""
    think()
    break_off(log, "look[2]")
    again = resume()
    assert (
        json.loads(replay(openrouter, user_folder, "--json").stdout)["steps"][2]
        == (again["steps"][2])
    )
    write_protocol(user_folder)
    resume("--from", "verdict")
    first = llm("reasonkit", "show", "--json").stdout
    ended = replay(openrouter, user_folder, "--json")
    assert (ended.exit_code, lines(ended.stdout)) == (0, lines(first))


def test_the_answer_alone(openrouter: Server, user_folder: Path, tmp_path: Path) -> None:
    """Without --json the answer goes to stdout, or to a file, as from think."""
    think()
    assert replay(openrouter, user_folder).stdout == f"{YES}\n"
    path = tmp_path / "answer.txt"
    assert replay(openrouter, user_folder, "--output", str(path)).stdout == ""
    assert path.read_text() == f"{YES}\n"


class Gone(llm_library.Model):
    """A model of a plugin that is not installed any more."""

    model_id = "gone-model"

    def execute(self, prompt: Any, stream: Any, response: Any, conversation: Any) -> Iterator[str]:
        facts = {"facts": [{"text": "it is so"}]}
        yield json.dumps(facts) if "List the facts" in prompt.prompt else "Once it was."


def test_a_model_that_is_gone(log: Path) -> None:
    """Nobody has to know the model any more; from Python, the replay lists its differences."""
    first = ThinkToolOrchestrator(Gone(), log=log).think("Is it so?", protocol="weigh")
    replayed = ThinkToolOrchestrator(log=log).replay(first.run_id)
    assert (replayed.result.answer, replayed.differences) == ("Once it was.", [])


def test_nothing_is_recorded(openrouter: Server, user_folder: Path, log: Path) -> None:
    """The log is as it was before."""
    think()
    with closing(sqlite3.connect(log)) as db:
        before = list(db.iterdump())
    replay(openrouter, user_folder)
    with closing(sqlite3.connect(log)) as db:
        assert list(db.iterdump()) == before


# What does not


def test_another_reply(openrouter: Server, user_folder: Path, log: Path) -> None:
    """Where something else comes out, each step is told, what there is is printed, exit code 1."""
    think()
    write(log, "update reasonkit_steps set reply = 'No.' where id = 'verdict'")
    ended = replay(openrouter, user_folder)
    assert (ended.exit_code, ended.stdout) == (1, "No.\n")
    assert ended.stderr == (
        "Error: not as recorded: verdict: another output; links: another output; another answer\n"
    )


def test_other_words(openrouter: Server, user_folder: Path, log: Path) -> None:
    """A prompt that is not the recorded one, as newer code may make it, is told."""
    think()
    write(log, "update reasonkit_recipes set recipe = replace(recipe, 'Decide.', 'Decide now.')")
    ended = replay(openrouter, user_folder)
    assert (ended.exit_code, ended.stdout) == (1, f"{YES}\n")
    assert "Error: not as recorded: verdict: it is asked in other words\n" in ended.stderr


def test_a_step_that_the_trace_does_not_have(
    openrouter: Server, user_folder: Path, log: Path
) -> None:
    """A call of which nothing is recorded cannot be repeated; what needs it is told as well."""
    think()
    write(log, "delete from reasonkit_steps where id = 'look[2]'")
    ended = replay(openrouter, user_folder, "--json")
    assert ended.exit_code == 1
    assert "look[2]: the trace has no such call" in ended.stderr
    assert "look[2]: only in the replay" in ended.stderr
    assert "verdict: it is asked in other words" in ended.stderr


def test_a_run_that_broke_off(log: Path) -> None:
    """There is no result to repeat; the way on is named."""
    done = think()
    break_off(log, "verdict")
    ended = llm("reasonkit", "replay")
    assert ended.exit_code == 2
    short = done["run_id"][-6:]
    assert f"llm reasonkit resume {short}" in ended.stderr


def test_a_run_that_ran_out_of_time(openrouter: Server, user_folder: Path) -> None:
    """It broke off as well, at a moment that no trace can repeat."""
    write_protocol(user_folder, PROTOCOL)
    slow = answering(YES)

    def reply(body: Any) -> Any:
        return Answer(slow(body), delay=5 if "Decide" in str(body["messages"]) else 0)

    openrouter.reply = reply
    assert think("--budget", "2s")["status"] == "stopped_by_budget"
    assert "broke off, so there is no result to repeat" in llm("reasonkit", "replay").stderr
