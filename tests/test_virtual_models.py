"""Protocols, profiles and panels as models of llm's, in every habit llm users have."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import llm as llm_package
import pytest

from llm_reasonkit.protocol_files import Library, shipped_folder
from llm_reasonkit.virtual_models import SHIPPED
from tests.cli import answering, llm, write_protocol
from tests.openrouter_server import Server
from tests.test_cli_models import SMALL

HELPERS = {"profiles", "synthesis", "verify", "sample", "websearch"}
ON_SMALL = ("-o", "model", SMALL)


@pytest.fixture
def weigh(user_folder: Path, openrouter: Server) -> Path:
    """A protocol of the user's own, a panel, and a server that answers."""
    openrouter.reply = answering("Yes.")
    write_protocol(user_folder)
    config = user_folder / "reasonkit" / "config.toml"
    config.write_text(
        '[panels.review]\nmodels = ["acme/small", "anthropic/claude-sonnet-4"]\nthreshold = 1\n'
    )
    return user_folder


def turns(folder: Path) -> list[tuple[str, str]]:
    """Return the models and ids of the turns in the log."""
    with closing(sqlite3.connect(folder / "logs.db")) as db:
        return db.execute("select model, id from turns order by id").fetchall()


def test_names_are_those_of_the_files(user_folder: Path) -> None:
    """The shipped names are known without reading files, and are those that the files have."""
    library = Library(user_folder / "reasonkit" / "protocols")
    files = {path.stem for path in shipped_folder().glob("*.yaml")} - HELPERS
    assert set(SHIPPED) == files | set(library.profiles())


def test_models_are_listed(weigh: Path) -> None:
    """Shipped and own protocols, profiles and panels stand among llm's models."""
    listed = llm("models").stdout
    for model_id in ("think/gigathink", "think/balanced", "think/weigh", "consensus/review"):
        assert f"Reasonkit: {model_id}" in listed


def test_a_prompt(weigh: Path, openrouter: Server) -> None:
    """The answer is printed, its cost and tokens are llm's `-u`, one turn is logged and no run."""
    ended = llm("-m", "think/weigh", *ON_SMALL, "Is it so?", "-u")
    assert (ended.exit_code, ended.stdout) == (0, "Yes.\n")
    billed = openrouter.ledger.total
    assert f'"cost": {float(billed)}' in ended.stderr
    assert [model for model, _ in turns(weigh)] == ["think/weigh"]
    assert "no runs" in llm("reasonkit", "runs").stderr


@pytest.mark.parametrize("flags", [["--async"], ["--no-stream"], ["--async", "--no-stream"]])
def test_other_ways_to_ask(weigh: Path, flags: list[str]) -> None:
    """Asked asynchronously or without streaming, the answer is the same."""
    assert llm("-m", "think/weigh", *ON_SMALL, "Is it so?", *flags).stdout == "Yes.\n"


def test_nothing_is_written_with_no_log(weigh: Path) -> None:
    """With `-n` neither llm nor we write anything."""
    assert llm("-m", "think/weigh", *ON_SMALL, "Is it so?", "-n").stdout == "Yes.\n"
    with closing(sqlite3.connect(weigh / "logs.db")) as db:
        tables = [name for (name,) in db.execute("select name from sqlite_master")]
    assert "turns" not in tables or turns(weigh) == []


def test_a_conversation_goes_on(weigh: Path, openrouter: Server) -> None:
    """`llm -c` goes on with the same protocol, whose steps see what was said before."""
    llm("-m", "think/weigh", *ON_SMALL, "Is the sky blue?")
    before = len(openrouter.chats)
    assert llm("-c", "And at night?", *ON_SMALL).stdout == "Yes.\n"
    asked = json.dumps(openrouter.chats[before].body)
    assert "And at night?" in asked
    assert "Is the sky blue?" in asked
    assert [model for model, _ in turns(weigh)] == ["think/weigh"] * 2


def test_the_ledger_travels_in_the_response(weigh: Path) -> None:
    """`llm reasonkit show` and `export` read the whole run out of the turn that llm logged."""
    llm("-m", "think/weigh", *ON_SMALL, "Is it so?")
    (_, turn) = turns(weigh)[0]
    shown = json.loads(llm("reasonkit", "show", turn, "--json").stdout)
    assert (shown["question"], shown["answer"], shown["status"]) == ("Is it so?", "Yes.", "done")
    assert {step["status"] for step in shown["steps"]} == {"done"}
    assert "Is it so?" in llm("reasonkit", "export", turn).stdout
    assert llm("reasonkit", "show", "01zzzzzzzz").exit_code == 2


def test_a_run_in_a_turn_cannot_be_marked(weigh: Path) -> None:
    """A verdict that nothing could be learnt from is refused, not silently lost."""
    llm("-m", "think/weigh", *ON_SMALL, "Is it so?")
    (_, turn) = turns(weigh)[0]
    llm("think", "Is it so?", "--protocol", "weigh", "-m", SMALL)
    marked = llm("reasonkit", "mark", turn, "right")
    assert marked.exit_code == 2
    assert f"no run '{turn}'" in marked.stderr


def test_a_panel_has_its_models(weigh: Path, openrouter: Server) -> None:
    """A panel offers no option for one model; a protocol does."""
    offered = llm("models", "-q", "consensus/review", "--options").stdout
    assert ("budget" in offered, "model:" in offered) == (True, False)
    assert "model:" in llm("models", "-q", "think/weigh", "--options").stdout
    ended = llm("-m", "consensus/review", *ON_SMALL, "How many moons has Mars?")
    assert ended.exit_code != 0
    assert openrouter.chats == []


def test_a_panel_as_a_model(weigh: Path, openrouter: Server) -> None:
    """A panel answers with its leading answer, and says so where that is no consensus."""
    openrouter.reply = lambda body: "Final answer: 2"
    assert llm("-m", "consensus/review", "How many moons has Mars?").stdout == "2\n"
    openrouter.reply = lambda body: f"Final answer: {len(body['model'])}"
    tied = llm("-m", "consensus/review", "How many moons has Mars?")
    assert tied.exit_code == 1
    assert "1 of 2 members" in tied.stderr


def test_failures_are_llms_own(weigh: Path, openrouter: Server) -> None:
    """What keeps a run from an answer is an error of llm's, in one line, and nothing is logged."""
    ended = llm("-m", "think/weigh", "-o", "model", "nope", "Is it so?")
    assert ended.exit_code == 1
    assert "unknown model 'nope'" in ended.stderr
    assert "Traceback" not in ended.output
    assert llm("-m", "think/weigh", *ON_SMALL, "-o", "budget", "much", "x").exit_code == 1


async def test_from_python(weigh: Path) -> None:
    """llm's Python API gets both forms of the model, and their results."""
    model = llm_package.get_async_model("think/weigh")
    response = await model.prompt("Is it so?", model=SMALL)
    assert await response.text() == "Yes."
    assert response.response_json["reasonkit"]["answer"] == "Yes."
