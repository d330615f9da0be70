"""What was recorded comes back as it was, by any name a user has for it."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from llm_reasonkit.errors import StoreError, UsageError
from llm_reasonkit.reasoning.result import (
    CheckItem,
    Confidence,
    Cost,
    ModelUse,
    Result,
    StepResult,
    Tokens,
    count_checks,
)
from llm_reasonkit.store.browse import list_runs
from llm_reasonkit.store.history import load_run, short_id_of
from llm_reasonkit.store.log import LogTrace
from tests.store_runs import PRICE, make_reply, make_result, make_step, new_id, record_run, start_of

BEGUN = datetime(2026, 3, 1, 12, 0, 0, 250_000, tzinfo=UTC)


def full_result(run_id: str) -> Result:
    """Give a result in which every field says something."""
    lens = StepResult(
        id="gigathink.lenses[0]",
        name="lenses",
        kind="prompt",
        role="critic",
        attempt=2,
        model="openrouter/a/b",
        model_served="a/b-2026-01-01",
        provider="Azure",
        status="done",
        output={"ideas": [{"text": "größer 東京 \u0000 \x1b[31m", "n": 1.5}], "none": None},
        tokens=Tokens(input=10, output=0, reasoning=0, cached=4),
        cost=Cost(usd=Decimal("0.000000000001"), source="billed", saved_usd=Decimal("0.25")),
        started=BEGUN + timedelta(seconds=1),
        duration_ms=0,
        turn_id="01turn",
        inputs=["gigathink.frame", "gigathink.absent"],
    )
    failed = make_step("frame", status="failed", error="timeout: no reply", duration_ms=None)
    unpriced = make_step("gaps", output="text", cost=Cost(unknown_calls=1), inputs=[lens.id])
    never = make_step("themes", status="skipped", started=BEGUN, cost=Cost(usd=Decimal(0)))
    checks = [
        CheckItem(step=unpriced.id, name="spans", status="failed", detail="'x' is not there"),
        CheckItem(step=lens.id, name="count", status="passed"),
        CheckItem(step=lens.id, name="urls", status="not_checkable", detail="no sources"),
    ]
    return Result(
        run_id=run_id,
        command="think",
        status="partial",
        question="Why?\n\nReally?",
        answer="Because.",
        answer_kind="text",
        protocol="gigathink",
        profile="deep",
        model_used="openrouter/a/b",
        models=[
            ModelUse(asked="openrouter/a/b", served="a/b-2026-01-01", provider="Azure", calls=2),
            ModelUse(asked="local/tiny"),
        ],
        confidence=Confidence(
            overall=1 / 3, kind="checks", interval=(0.1, 0.7), basis="1 of 3 checks passed"
        ),
        steps=[lens, failed, unpriced, never],
        checks=count_checks(checks),
        tokens=Tokens(input=10, output=0),
        cost=Cost(usd=Decimal("1.234567890123"), source="computed", unknown_calls=1),
        started=BEGUN,
        duration_ms=61_000,
        trace_id=run_id,
        warnings=["one step failed", "“quoted”"],
    )


def bare_result(run_id: str) -> Result:
    """Give a result that says as little as it can."""
    return Result(run_id=run_id, command="think", status="failed", question="?", started=BEGUN)


def long_result(run_id: str) -> Result:
    """Give a result of more steps than SQLite takes values in one statement."""
    steps = [
        make_step(f"s[{n}]", output=n, cost=None if n < 79 else Cost(usd=PRICE, source="billed"))
        for n in range(150)
    ]
    return make_result(start_of(run_id), steps, [])


async def store(path: Path, result: Result) -> None:
    """Record a result whose steps end in another order than it has them."""
    trace = LogTrace(path)
    await trace.run_started(start_of(result.run_id, result.question))
    for step in reversed(result.steps):
        if step.status != "skipped":
            checks = [check for check in result.checks.items if check.step == step.id]
            await trace.step_finished(step, checks, None)
    await trace.run_finished(result)
    trace.close()
    assert trace.warning is None


@pytest.mark.parametrize("make", [full_result, bare_result, long_result])
async def test_a_run_comes_back_equal(tmp_path, make):
    """What is loaded equals what was recorded, and prints as the same JSON."""
    path = tmp_path / "logs.db"
    result = make(new_id())

    await store(path, result)
    loaded = load_run(path, result.run_id)

    assert loaded.model_dump_json() == result.model_dump_json()
    nan_free = {"confidence"}
    assert loaded.model_dump(exclude=nan_free) == result.model_dump(exclude=nan_free)


async def test_text_that_is_no_unicode_is_kept_without_its_broken_half(tmp_path):
    """Half a surrogate pair in a model's JSON does not cost the rest of the record."""
    path = tmp_path / "logs.db"
    step = make_step("s", output={"text": "broken \ud83d here"}, error="bad \udc00")

    await store(path, make_result(start_of(new_id()), [step], []))
    loaded = load_run(path, "last").steps[0]

    assert (loaded.output, loaded.error) == ({"text": "broken ? here"}, "bad ?")


async def test_runs_are_listed_newest_first(tmp_path):
    """The list begins with the newest run, ends at the limit and carries status and cost."""
    path = tmp_path / "logs.db"
    ids = [new_id() for _ in range(4)]
    for run_id in ids[:3]:
        await store(path, bare_result(run_id))
    await store(path, full_result(ids[3]))

    newest, *others = list_runs(path, limit=3)

    assert [newest.run_id, *(run.run_id for run in others)] == ids[:0:-1]
    assert (newest.status, newest.title) == ("partial", "Why? Really?")
    assert newest.cost == Cost(usd=Decimal("1.234567890123"), source="computed", unknown_calls=1)
    assert len(list_runs(path)) == 4


async def test_a_run_answers_to_several_names(tmp_path):
    """Full id, its beginning, short id in any case, and `last` all find the run."""
    path = tmp_path / "logs.db"
    first, second = "01k0aaaaaaaaaaaaaaaaaaaaaa", "01k0bbbbbbbbbbbbbbbbbbaaaaaa"
    await store(path, bare_result(first))
    await store(path, bare_result(second))
    short = {run.run_id: run.short_id for run in list_runs(path)}

    assert short[first] == "aaaaaa"
    assert short[second] == "baaaaaa", "the shorter one is taken"
    assert short_id_of(path, second) == "baaaaaa"
    for ref, found in [
        (first, first),
        ("01k0a", first),
        ("aaaaaa", first),
        (" BAAAAAA ", second),
        ("last", second),
    ]:
        assert load_run(path, ref).run_id == found


@pytest.mark.parametrize(
    ("ref", "message"),
    [
        ("01k0", r"several runs begin with '01k0' \(.*give a short id"),
        ("zzz", "no run 'zzz' in .*llm reasonkit runs"),
        ("", "no run ''"),
        ("%", "no run '%'"),
        ("01k0_", "no run '01k0_'"),
    ],
)
async def test_a_name_of_no_run_or_of_several_is_refused(tmp_path, ref, message):
    """What names no single run is a usage error that says what to do."""
    path = tmp_path / "logs.db"
    for letter in "abcdef":
        await store(path, bare_result("01k0" + letter * 22))

    with pytest.raises(UsageError, match=message):
        load_run(path, ref)


@pytest.mark.parametrize("kind", ["missing", "empty", "without our tables"])
def test_a_log_without_runs_says_so(tmp_path, kind):
    """Reading where nothing was recorded gives an empty list, a clear error, and no file."""
    path = tmp_path / "logs.db"
    if kind == "empty":
        path.touch()
    if kind == "without our tables":
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("create table turns (id text primary key)")
    before = path.read_bytes() if path.exists() else None

    assert list_runs(path) == []
    assert short_id_of(path, "01k0") is None
    with pytest.raises(UsageError, match=r"no runs recorded yet in .*llm think"):
        load_run(path, "last")
    assert (path.read_bytes() if path.exists() else None) == before


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"this is no database" * 100, "is not an SQLite database"), (None, "is a folder")],
    ids=["not a database", "a folder"],
)
def test_a_log_that_cannot_be_read_is_named(tmp_path, content, message):
    """A broken log gives one line with its path and what helps."""
    path = tmp_path / "logs.db"
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content)

    with pytest.raises(StoreError, match=f"logs.db {message}") as caught:
        list_runs(path)
    assert "\n" not in str(caught.value)
    assert short_id_of(path, "01k0") is None


DYING_RUN = """
import asyncio, os, sys
from pathlib import Path
from llm_reasonkit.reasoning.result import CheckItem
from llm_reasonkit.store.log import LogTrace
from tests.store_runs import make_reply, make_step, start_of

async def main(path, run_id):
    trace = LogTrace(Path(path))
    await trace.run_started(start_of(run_id))
    for name in ("frame", "lenses"):
        reply = make_reply(run_id, name)
        step = make_step(name, reply)
        await trace.step_finished(step, [CheckItem(step=step.id, name="c", status="passed")], reply)
    os.kill(os.getpid(), 9)

asyncio.run(main(*sys.argv[1:]))
"""


def test_a_run_that_died_keeps_its_finished_steps(tmp_path):
    """After a kill -9 the run is `interrupted` and has the steps, cost and checks so far."""
    path, run_id = tmp_path / "logs.db", new_id()
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])}
    ended = subprocess.run(
        [sys.executable, "-c", DYING_RUN, path, run_id], env=environment, check=False
    )
    assert ended.returncode == -9

    run = load_run(path, "last")

    assert (run.run_id, run.status, run.answer) == (run_id, "interrupted", None)
    assert run.trace_id == run_id
    assert [step.name for step in run.steps] == ["frame", "lenses"]
    assert run.cost == Cost(usd=2 * PRICE, source="billed")
    assert run.tokens == Tokens(input=6, output=8)
    assert run.checks.passed == 2
    assert run.models == [ModelUse(asked="store-echo", calls=2)]
    assert "has not ended" in run.warnings[0]
    assert list_runs(path)[0].status is None


async def test_a_run_is_read_while_another_is_written(tmp_path):
    """A reader sees a run that goes on as far as it is, and does not disturb it."""
    path = tmp_path / "logs.db"
    trace = LogTrace(path)
    await record_run(trace, new_id())
    run = start_of(new_id())
    await trace.run_started(run)
    reply = make_reply(run.run_id, "first")
    await trace.step_finished(make_step("first", reply), [], reply)

    assert len(load_run(path, run.run_id).steps) == 1

    await trace.run_finished(make_result(run, [make_step("first", reply)], []))
    trace.close()
    assert load_run(path, run.run_id).status == "done"
    assert trace.warning is None
