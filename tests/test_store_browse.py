"""Runs are found by what they are and by their words, a page at a time."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from llm_reasonkit.errors import StoreError
from llm_reasonkit.reasoning.result import Cost
from llm_reasonkit.store.browse import ALL, RunFilter, list_runs, runs_in
from llm_reasonkit.store.database import reading
from llm_reasonkit.store.log import LogTrace
from tests.store_runs import make_reply, make_result, make_step, new_id, start_of

NOW = datetime.now(UTC)


async def record(path: Path, question: str, *, ended: bool = True, **fields: Any) -> str:
    """Record a run of one call; return its id. Fields are those of its result."""
    start = replace(
        start_of(new_id(), question),
        command=fields.pop("command", "think"),
        protocol=fields.pop("protocol", None),
        profile=fields.pop("profile", None),
        started=fields.pop("started", NOW),
    )
    trace = LogTrace(path)
    await trace.run_started(start)
    reply = make_reply(start.run_id, question)
    step = make_step("only", reply, model=fields.pop("model", "store-echo"))
    await trace.step_finished(step, [], reply)
    if ended:
        result = make_result(start, [step], [])
        await trace.run_finished(result.model_copy(update=fields))
    trace.close()
    return start.run_id


@pytest.fixture
async def runs(tmp_path: Path) -> tuple[Path, dict[str, str]]:
    """A log with four runs, and their ids by name."""
    path = tmp_path / "logs.db"
    ids = {
        "cheap": await record(
            path,
            'Is the "blue" sky falling?',
            protocol="gigathink",
            answer="No.",
            cost=Cost(usd=Decimal("0.01"), source="billed"),
            started=NOW - timedelta(days=3),
        ),
        "dear": await record(
            path,
            "Which database?",
            profile="balanced",
            answer="Größer: SQLite, blue.",
            cost=Cost(usd=Decimal("0.50"), source="billed"),
        ),
        "unpriced": await record(
            path,
            "What now?",
            command="consensus",
            status="no_consensus",
            model="openrouter/acme/Large",
            cost=Cost(unknown_calls=1),
        ),
        "died": await record(path, "And then?", ended=False),
    }
    return path, ids


@pytest.mark.parametrize(
    ("which", "expected"),
    [
        (RunFilter(), ["died", "unpriced", "dear", "cheap"]),
        (RunFilter(command="consensus"), ["unpriced"]),
        (RunFilter(protocol="balanced"), ["dear"]),
        (RunFilter(protocol="gigathink"), ["cheap"]),
        (RunFilter(model="acme/large"), ["unpriced"]),
        (RunFilter(model="acme%"), []),
        (RunFilter(model="acme_large"), []),
        (RunFilter(status="running"), ["died"]),
        (RunFilter(status="no_consensus"), ["unpriced"]),
        (RunFilter(least_usd=Decimal("0.01")), ["dear", "cheap"]),
        (RunFilter(most_usd=Decimal("0.10")), ["cheap"]),
        (RunFilter(since=NOW - timedelta(days=1)), ["died", "unpriced", "dear"]),
        (RunFilter(until=NOW - timedelta(days=1)), ["cheap"]),
        (RunFilter(text="blue"), ["dear", "cheap"]),
        (RunFilter(text='sky "blue'), ["cheap"]),
        (RunFilter(text="GRÖSSER"), []),
        (RunFilter(text="größer NOT"), []),
        (RunFilter(text="größer"), ["dear"]),
        (RunFilter(text="  "), ["died", "unpriced", "dear", "cheap"]),
        (RunFilter(text="blue", command="consensus"), []),
    ],
)
async def test_filters(
    runs: tuple[Path, dict[str, str]], which: RunFilter, expected: list[str]
) -> None:
    """Each condition leaves the runs that meet it, newest first; a run of unknown cost is in no
    range of costs, and what is syntax of the search is a word like any other."""
    path, ids = runs
    names = {run_id: name for name, run_id in ids.items()}
    assert [names[run.run_id] for run in list_runs(path, which)] == expected


async def test_pages(runs: tuple[Path, dict[str, str]]) -> None:
    """A page goes on after the last run of the page before."""
    path, ids = runs
    with reading(path) as db:
        assert db is not None
        first = [run.run_id for run in runs_in(db, ALL, 2, None)]
        second = [run.run_id for run in runs_in(db, ALL, 2, first[-1])]
    assert first + second == sorted(ids.values(), reverse=True)


async def test_searching_a_log_of_an_older_version(tmp_path: Path) -> None:
    """A log from before there was a search says how to make it searchable; lists still work."""
    path = tmp_path / "logs.db"
    await record(path, "Why?")
    with closing(sqlite3.connect(path)) as db, db:
        for event in ("inserted", "updated", "deleted"):
            db.execute(f"drop trigger reasonkit_runs_{event}")
        db.execute("drop table reasonkit_runs_search")
        db.execute("drop index reasonkit_runs_number")
        db.execute("alter table reasonkit_runs drop column number")
        db.execute("delete from _sqlite_migrations where name = 'm004_search'")
    assert len(list_runs(path)) == 1
    with pytest.raises(StoreError, match="older llm-reasonkit"):
        list_runs(path, RunFilter(text="why"))
    await record(path, "Why not?")
    assert len(list_runs(path, RunFilter(text="why"))) == 2


async def test_search_survives_compaction(runs: tuple[Path, dict[str, str]]) -> None:
    """After runs were deleted and the file compacted, words still lead to their own run."""
    path, ids = runs
    with closing(sqlite3.connect(path)) as db:
        db.execute("delete from reasonkit_runs where id = ?", [ids["cheap"]])
        db.commit()
        db.execute("vacuum")
    assert [run.run_id for run in list_runs(path, RunFilter(text="database"))] == [ids["dear"]]
    assert list_runs(path, RunFilter(text="sky")) == []
