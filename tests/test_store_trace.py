"""What it takes to go on with a run: kept whole, without secrets, and taken up by one at a time."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from llm_reasonkit import ThinkToolOrchestrator
from llm_reasonkit.api import Question, Source
from llm_reasonkit.api.running import Unwatched, ledger_of
from llm_reasonkit.engine.course import Course, Seat
from llm_reasonkit.engine.ports import ModelFacts, Recipe, Recorded
from llm_reasonkit.errors import StoreError, UsageError
from llm_reasonkit.protocol_files import Library
from llm_reasonkit.reasoning.answers import form_of
from llm_reasonkit.reasoning.calibration import Mark, Pattern
from llm_reasonkit.reasoning.limits import Limits, Price
from llm_reasonkit.reasoning.result import Cost
from llm_reasonkit.reasoning.template import Fence
from llm_reasonkit.reasoning.voting import Rule
from llm_reasonkit.store import rows
from llm_reasonkit.store.history import load_run
from llm_reasonkit.store.log import LogTrace
from llm_reasonkit.store.presence import Presence, is_at_work
from llm_reasonkit.store.trace import attachments_kept, load_trace
from tests.cli import answering, write_protocol
from tests.openrouter_server import Server
from tests.store_runs import make_reply, make_result, make_step, new_id, start_of

SMALL = "openrouter/acme/small"
PLAN = Library(Path("no folder of the user's")).plan_of_profile("paranoid")


def recipe(**fields: object) -> Recipe:
    """Give a recipe with something in each of its parts."""
    made = Recipe(
        plan=PLAN,
        fence=Fence("cafe"),
        sources=[{"id": "S1", "name": "a.txt", "text": "Größe: 1\u2028m"}],
        findings=[{"protocol": "an earlier run", "answer": "yes"}],
        system="Be brief.",
        limits=Limits(usd=Decimal("0.10"), seconds=30.0),
        facts={"main": ModelFacts("m", price=Price(Decimal("1e-7"), Decimal("4e-7")))},
        planned_calls=12,
        request={"model": "m", "options": {"temperature": "0.2"}},
        warnings=["it is tiny"],
    )
    return replace(made, **fields)


def select(path: Path, sql: str) -> list[tuple]:
    """Give the rows of a query."""
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql).fetchall()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "logs.db"


# What is kept


async def test_a_recipe_comes_back_equal(path):
    """The plan with its protocols, sources, facts of models and limits are what they were."""
    run = replace(start_of(new_id()), recipe=recipe(), parent_run=None)
    trace = LogTrace(path)
    await trace.run_started(run)
    await trace.step_finished(make_step("only"), [], None)
    trace.close().result()

    found = load_trace(path, "last")
    assert found.recipe == run.recipe
    assert found.start == replace(
        run, recipe=None, settings={"effort": "low", "budget": "0.50"}, elapsed=found.start.elapsed
    )
    assert (found.status, found.is_at_work) == (None, False)


@pytest.mark.parametrize(
    ("question", "choices"),
    [("How warm is it, in degrees Fahrenheit?", ()), ("Which?", ("red", "blue")), ("Is it?", ())],
)
def test_a_panel_comes_back_equal(question, choices):
    """So are its members, rule, waves, form of answers with its unit, and the user's marks."""
    course = Course(
        seats=[Seat("a", "member 1", "acme"), Seat("b", "member 2", "other")],
        form=form_of(question, None, choices),
        rule=Rule(Decimal("0.60"), of="asked", weights={"a": 0.1 + 0.2}, strength={"a": 1 / 3}),
        stop="accepted",
        waves=[1, 1],
        rounds=1,
        marks=[(Mark(Pattern("number", 2, 3, 2), right=True), 7)],
    )
    made = recipe(plan=course)
    assert rows.read_recipe(rows.recipe_row("run", made)) == made


async def test_a_call_comes_back_as_it_went(path):
    """Before its reply a call is `running` with what it may cost; with it, the words and how they
    came are kept; whatever else becomes of the record, they stay."""
    run = replace(start_of(new_id()), recipe=recipe())
    trace = LogTrace(path)
    await trace.run_started(run)
    step = make_step("only", status="running", cost=Cost(unknown_calls=1), duration_ms=None)
    call = Recorded(step, "hash", most_usd=Decimal("0.25"), most_tokens=700)
    await trace.call_started(call)
    assert load_trace(path, "last").calls == {step.id: call}

    reply = replace(make_reply(run.run_id, "hi"), finish_reason="stop", first_token_ms=12)
    done = make_step("only", reply)
    await trace.step_finished(done, [], reply)
    await trace.run_finished(make_result(run, [done], []))
    trace.close()

    (found,) = load_trace(path, "last").calls.values()
    assert found == Recorded(
        done, "hash", reply.text, "stop", 12, most_usd=Decimal("0.25"), most_tokens=700
    )


async def test_a_call_that_was_never_made_leaves_no_record(path):
    """One that was announced and not in the result, as the run was cancelled between, is gone."""
    run = replace(start_of(new_id()), recipe=recipe())
    trace = LogTrace(path)
    await trace.run_started(run)
    await trace.call_started(Recorded(make_step("never", status="running"), "hash"))
    await trace.run_finished(make_result(run, [make_step("only")], []))
    trace.close()

    assert list(load_trace(path, "last").calls) == ["gigathink.only"]


def test_no_secret_is_kept(
    path, openrouter: Server, user_folder: Path, monkeypatch: pytest.MonkeyPatch
):
    """A key that was given, or found, is nowhere in the log."""
    write_protocol(user_folder)
    openrouter.reply = answering("Yes.")
    for given in (openrouter.key, None):
        orchestrator = ThinkToolOrchestrator(SMALL, key=given, log=path)
        question = Question("Why?", protocol="weigh", sources=[Source("a", "text")])
        assert orchestrator.think(question).status == "done"
    with closing(sqlite3.connect(path)) as db:
        assert openrouter.key not in "\n".join(db.iterdump())
    assert openrouter.key.encode() not in path.read_bytes()


def test_all_that_a_run_used_is_there(path, openrouter: Server, user_folder: Path):
    """Each call has a hash, its words, why it ended and when it began to answer; the recipe names
    what was asked for."""
    write_protocol(user_folder)
    openrouter.reply = answering("Yes.")
    question = Question("Why?", protocol="weigh", budget="$0.50", options={"temperature": "0.2"})
    ThinkToolOrchestrator(SMALL, log=path).think(question)
    found = load_trace(path, "last")
    calls = [call for call in found.calls.values() if call.step.kind == "prompt"]
    assert len(calls) == 4
    assert len({call.prompt_hash for call in calls}) == 4
    assert {(call.text is None, call.finish_reason) for call in calls} == {(False, "stop")}
    assert all(call.first_token_ms is not None and call.most_usd for call in calls)
    assert {call.step.provider for call in calls} == {"Acme Cloud"}
    request = found.recipe.request
    assert (request["model"], request["budget"]) == (SMALL, "$0.50")
    assert request["options"] == {"temperature": "0.2"}
    assert found.recipe.limits.usd == Decimal("0.50")
    assert found.recipe.facts["main"].constrains_output


def test_attachments_that_llm_does_not_have(path):
    """Of an empty log, or of none, nothing is kept."""
    assert attachments_kept(path, ["a"]) == {}
    path.touch()
    assert attachments_kept(path, ["a"]) == {}


async def test_how_long_a_run_took(path):
    """The time of its parts, up to the last record of one that died, without the breaks."""
    began = datetime(2026, 1, 1, tzinfo=UTC)
    run = replace(start_of(new_id()), recipe=recipe(), started=began)
    trace = LogTrace(path)
    await trace.run_started(run)
    await trace.step_finished(
        make_step("a", started=began + timedelta(seconds=4), duration_ms=1500), [], None
    )
    assert load_trace(path, "last").start.elapsed == 5.5
    with closing(sqlite3.connect(path)) as db:
        db.execute("update reasonkit_runs set duration_ms = 20000, resumed = started")
        db.commit()
    assert load_trace(path, "last").start.elapsed == 25.5
    await trace.run_finished(make_result(run, [make_step("a")], []))
    trace.close()
    assert load_trace(path, "last").start.elapsed == 0.017


# Who works on it


async def test_a_run_that_goes_on_is_taken_up_by_one(path):
    """While the process that began a run is there, no other can go on with it; of two that try
    after its death the second is refused."""
    run = replace(start_of(new_id()), recipe=recipe())
    first = LogTrace(path)
    await first.run_started(run)
    await first.step_finished(make_step("only"), [], None)
    assert load_trace(path, "last").is_at_work
    again = replace(run, is_resumed=True, recipe=recipe(system="Be thorough."))
    for _ in range(2):
        second = LogTrace(path, timeout=29)  # of a writer, and so a presence, of its own
        with pytest.raises(StoreError, match=r"cannot be taken up: another process is at work"):
            await second.run_started(again)
        second.close()
    first.close().result()

    third = LogTrace(path, timeout=28)
    await third.run_started(again)
    assert load_trace(path, "last").recipe.system == "Be thorough."
    await third.run_finished(make_result(run, [make_step("only")], []))
    third.close()
    assert load_run(path, "last").status == "done"


async def test_a_run_is_let_go_of_before_it_is_over_for_the_caller(path):
    """Whoever began a run may go on with it as soon as it has broken off, without waiting."""
    for _ in range(5):
        start = replace(start_of(new_id()), recipe=recipe())
        async with ledger_of(start, path, Unwatched(), []) as ledger:
            await ledger.open()
        found = load_trace(path, "last")
        assert (found.start.run_id, found.is_at_work) == (start.run_id, False)


DYING = """
import os, sys
from pathlib import Path
from llm_reasonkit.store.presence import Presence
presence = Presence(Path(sys.argv[1]))
print(presence.name, flush=True)
sys.stdin.read()
"""


def test_a_presence_ends_with_its_process(path):
    """It is there as long as its process, a kill ends it, and the next one clears up after it."""
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])}
    with subprocess.Popen(
        [sys.executable, "-c", DYING, str(path)],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        name = process.stdout.readline().strip()
        assert is_at_work(path, name)
        process.kill()
        process.wait()
    assert path.with_name(name).exists()
    assert not is_at_work(path, name)

    other = Presence(path)

    assert not path.with_name(name).exists()
    assert is_at_work(path, other.name)
    other.end()
    assert not is_at_work(path, other.name)
    assert list(path.parent.glob("*.lock")) == []
    assert not is_at_work(path, None)


def test_a_presence_where_nothing_can_be_written(tmp_path):
    """Without a file beside the log a process has no name, and nobody has to wait for it."""
    (tmp_path / "file").touch()
    presence = Presence(tmp_path / "file" / "logs.db")
    assert presence.name is None
    presence.end()


def test_a_lock_that_cannot_be_looked_at(path):
    """Where it cannot be found out whether a process is there, it may be."""
    path.with_name("locked").mkdir()
    assert is_at_work(path, "locked")


async def test_a_plan_that_this_version_does_not_know(path):
    """A protocol with what only another version understands is refused, not misread."""
    trace = LogTrace(path)
    await trace.run_started(replace(start_of(new_id()), recipe=recipe()))
    await trace.step_finished(make_step("only"), [], None)
    trace.close()
    with closing(sqlite3.connect(path)) as db:
        db.execute("update reasonkit_recipes set recipe = replace(recipe, 'role', 'mood')")
        db.commit()
    with pytest.raises(UsageError, match="recorded by another version of llm-reasonkit"):
        load_trace(path, "last")


def test_an_older_log_has_no_traces(path):
    """A run that was recorded before there were traces says so."""
    with closing(sqlite3.connect(path)) as db:
        db.execute("create table reasonkit_runs (id text primary key, short_id text)")
        db.execute("insert into reasonkit_runs values ('01k0', 'k0')")
        db.execute(
            "create table _sqlite_migrations (id integer primary key, migration_set text, "
            "name text, applied_at text)"
        )
        db.execute("insert into _sqlite_migrations values (1, 'reasonkit', 'm001_runs', 'then')")
        db.commit()
    with pytest.raises(UsageError, match="recorded without what it takes to repeat it"):
        load_trace(path, "last")
