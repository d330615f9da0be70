"""`llm think -c`: a question goes on from an earlier run's answer and what was checked of it."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from llm_reasonkit import ThinkToolOrchestrator
from llm_reasonkit.api import Question
from tests.cli import answering, llm, write_protocol
from tests.openrouter_server import Server
from tests.test_cli_models import SMALL

FIRST = "Take the monolith, see https://example.org/made-up."
SECOND = "Then all the more."


@pytest.fixture(autouse=True)
def _weigh(user_folder: Path, openrouter: Server) -> None:
    write_protocol(user_folder)
    openrouter.reply = answering(FIRST)


def think(*arguments: str) -> Any:
    """Think, and give the result."""
    ended = llm("think", *arguments, "--json")
    assert ended.exit_code == 0, ended.stderr
    return json.loads(ended.stdout)


def begin(*arguments: str) -> Any:
    """Begin with a question on the small protocol."""
    return think("Should we use microservices?", "--protocol", "weigh", "-m", SMALL, *arguments)


def prompts(openrouter: Server) -> list[str]:
    return [chat.body["messages"][-1]["content"] for chat in openrouter.chats]


def test_the_answer_and_its_checks_are_known(openrouter: Server) -> None:
    """Every step is told what was asked, what was answered and which checks failed, fenced as
    data; the record names the run that went before."""
    first = begin()
    openrouter.requests.clear()
    openrouter.reply = answering(SECOND)
    second = think("-c", "And if we have only two engineers?")
    assert second["answer"] == SECOND
    assert second["parent_run"] == first["run_id"] != second["run_id"]
    assert json.loads(llm("reasonkit", "show", "--json").stdout)["parent_run"] == first["run_id"]
    assert len(openrouter.chats) == 4
    for prompt in prompts(openrouter):
        assert prompt.startswith("Question:\nAnd if we have only two engineers?\n")
        found = prompt.partition("Found so far:\n<data-")[2].partition("</data-")[0]
        told = json.loads(found.partition("\n")[2])
        assert (told["question"], told["answer"]) == ("Should we use microservices?", FIRST)
        assert {status: len(lines) for status, lines in told["checks"].items()} == {"failed": 1}


def test_it_is_asked_in_the_same_way(openrouter: Server) -> None:
    """Model, protocol and sources are those of the run before, as in `llm -c`, unless given."""
    llm("think", "Sales rose.", "-m", SMALL, "--protocol", "weigh", stdin="Sales: 7, then 9.")
    openrouter.requests.clear()
    think("-c", "By how much?")
    assert {chat.body["model"] for chat in openrouter.chats} == {"acme/small"}
    assert all("Sales: 7, then 9." in prompt for prompt in prompts(openrouter))
    openrouter.requests.clear()
    other = think("-c", "Really?", "-m", "openrouter/acme/thinker", "--profile", "quick")
    assert {chat.body["model"] for chat in openrouter.chats} == {"acme/thinker"}
    assert (other["protocol"], other["profile"]) == (None, "quick")


def test_an_earlier_run_by_its_id(openrouter: Server) -> None:
    """--cid takes what `llm reasonkit runs` shows; --conversation and --continue are llm's names
    for the same."""
    first = begin()
    think("Something else?", "--protocol", "weigh", "-m", SMALL)
    short = first["run_id"][-6:]
    assert think("--cid", short, "And now?")["parent_run"] == first["run_id"]
    assert think("--conversation", first["run_id"], "And now?")["parent_run"] == first["run_id"]
    latest = json.loads(llm("reasonkit", "runs", "--json").stdout)["items"][0]["run_id"]
    assert think("--continue", "And then?")["parent_run"] == latest


def test_a_run_knows_all_that_led_to_it(openrouter: Server) -> None:
    """Of several runs each gives its question and answer, oldest first; one that was repeated in
    part counts as the last time."""
    begin()
    openrouter.reply = answering(SECOND)
    think("-c", "With two engineers?")
    openrouter.reply = answering("No, after all.")
    llm("reasonkit", "resume", "--from", "verdict")
    openrouter.requests.clear()
    think("-c", "With three?")
    found = prompts(openrouter)[0].partition("Found so far:\n")[2].splitlines()[1:3]
    assert [json.loads(line)["answer"] for line in found] == [FIRST, "No, after all."]


def test_the_answer_is_no_evidence(openrouter: Server) -> None:
    """What a model said before is a finding, not a source to quote from."""
    begin()
    openrouter.requests.clear()
    think("-c", "Is that true?", "--protocol", "proofguard")
    assert "Given with the question:" not in "".join(prompts(openrouter))
    assert FIRST in "".join(prompts(openrouter))


def test_without_a_record(user_folder: Path) -> None:
    """-n goes on from an earlier run and leaves no record of its own."""
    begin()
    assert think("-n", "-c", "And now?")["trace_id"] is None
    assert len(json.loads(llm("reasonkit", "runs", "--json").stdout)["items"]) == 1


def test_another_log(tmp_path: Path) -> None:
    """-d is where the earlier run is looked for, too."""
    path = str(tmp_path / "other.db")
    first = begin("-d", path)
    assert think("-c", "And now?", "-d", path)["parent_run"] == first["run_id"]
    ended = llm("think", "-c", "And now?")
    assert ended.exit_code == 2
    assert "no runs recorded yet" in ended.stderr


def test_a_run_without_an_answer(openrouter: Server) -> None:
    """There is nothing to go on from; no request is made."""
    openrouter.reply = lambda body: "no object"
    llm("think", "Is it so?", "--protocol", "weigh", "-m", SMALL)
    openrouter.requests.clear()
    ended = llm("think", "-c", "And now?")
    assert ended.exit_code == 2
    assert "has no answer to go on from; if it broke off: llm reasonkit resume" in ended.stderr
    assert openrouter.chats == []


def test_a_log_of_an_older_version(user_folder: Path) -> None:
    """A run without a trace gives its answer; how it was asked is not known."""
    first = begin()
    with closing(sqlite3.connect(user_folder / "logs.db")) as db:
        db.execute("delete from reasonkit_recipes")
        db.commit()
    second = think("-c", "And now?", "--protocol", "weigh", "-m", SMALL)
    assert second["parent_run"] == first["run_id"]


def test_what_went_before_is_reckoned_with() -> None:
    """The estimate counts what every prompt will hold of the earlier run."""
    begin()
    plain = ["think", "And now?", "--protocol", "weigh", "-m", SMALL, "--dry-run", "--json"]
    alone, after = (json.loads(llm(*plain, *more).stdout) for more in ([], ["-c"]))
    assert after["most_tokens"] > alone["most_tokens"]


def test_replay_of_a_run_that_went_on_from_another() -> None:
    """The findings of the earlier run are in the trace."""
    begin()
    second = think("-c", "And now?")
    ended = llm("reasonkit", "replay", "--json")
    assert (ended.exit_code, json.loads(ended.stdout)["answer"]) == (0, second["answer"])


def test_from_python() -> None:
    """A program hands over the result itself; no log is needed."""
    orchestrator = ThinkToolOrchestrator(SMALL)
    first = orchestrator.think("Should we?", protocol="weigh")
    second = orchestrator.think(Question("And now?", protocol="weigh", follows=[first]))
    assert second.parent_run == first.run_id
