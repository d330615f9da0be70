"""The pages in Datasette on logs in every state; on 0.65 and 1.0 alike."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from llm_reasonkit.store.database import open_for_writing, transaction
from llm_reasonkit.store.log import LogTrace
from llm_reasonkit.store.schema import STEPS, migrate
from tests.store_runs import make_reply, make_step, new_id, start_of
from tests.test_datasette_pages import HOME, a_run, get, opened

PAGES = ("", ".json", "/cost", "/calibration", "/panel")
OF_A_RUN = ("/run/last", "/run/last.json", "/run/last.html", "/compare/last")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A place for a log."""
    return tmp_path / "logs.db"


async def test_a_log_of_llm_alone(path: Path) -> None:
    """In a log without our tables the pages say how to start, and Datasette's are as ever."""
    with closing(open_for_writing(path)) as db, transaction(db):
        migrate(db, ())
    datasette = await opened(path)
    for page in (*PAGES, *OF_A_RUN):
        assert "no runs recorded yet" in (await get(datasette, HOME + page, 404)).text
    assert "reasonkit" not in (await get(datasette, "/logs")).text
    await get(datasette, "/logs/turns")


@pytest.mark.parametrize("known", range(1, len(STEPS)))
async def test_a_log_of_an_older_version(path: Path, known: int) -> None:
    """Tables of any older version of ours are read as they are."""
    with closing(open_for_writing(path)) as db, transaction(db):
        migrate(db, STEPS[:known])
        db.execute(
            "insert into reasonkit_runs (id, short_id, title, command, question, status, answer, "
            "started, settings, confidence_kind, confidence_basis, models, warnings) values "
            "('01k', 'k', 'Why?', 'think', 'Why?', 'done', 'So.', '2026-01-01T00:00:00+00:00', "
            "'{}', 'none', '', '[]', '[]')"
        )
    datasette = await opened(path)
    for page in (*PAGES, *OF_A_RUN):
        await get(datasette, HOME + page)
    assert "So." in (await get(datasette, f"{HOME}/run/last")).text


async def test_a_log_of_a_newer_version(path: Path) -> None:
    """Tables of a newer version of ours are not guessed at: the page says to upgrade."""
    await a_run(path)
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("insert into _sqlite_migrations values (99, 'reasonkit', 'm099_later', 'then')")
    datasette = await opened(path)
    for page in (*PAGES, *OF_A_RUN):
        refused = await get(datasette, HOME + page, 503)
        assert "newer llm-reasonkit (m099_later)" in refused.text


async def test_a_run_that_died(path: Path) -> None:
    """A run whose process is gone is shown as far as it came, and does not load itself anew."""
    start = start_of(new_id())
    trace = LogTrace(path)
    await trace.run_started(start)
    reply = make_reply(start.run_id, "first")
    await trace.step_finished(make_step("frame", reply), [], reply)
    trace.close()
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("update reasonkit_runs set process = 'gone'")
    page = (await get(await opened(path), f"{HOME}/run/last")).text
    assert "it died; go on with it: llm reasonkit resume" in page
    assert "frame" in page
    assert 'http-equiv="refresh"' not in page


async def test_a_log_in_wal_mode(path: Path) -> None:
    """In a log that somebody set to WAL, rows are seen that are not in the main file yet."""
    await a_run(path, "Before?")
    with closing(sqlite3.connect(path)) as db:
        db.execute("pragma journal_mode = wal")
        datasette = await opened(path)
        await a_run(path, "After?")
        items = (await get(datasette, f"{HOME}.json")).json()["items"]
    assert [item["title"] for item in items] == ["After?", "Before?"]


async def test_a_log_that_is_being_written(path: Path) -> None:
    """While another program is about to write, the pages are read all the same."""
    await a_run(path)
    datasette = await opened(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("begin immediate")
        db.execute("update reasonkit_runs set title = 'not yet'")
        for page in (*PAGES, *OF_A_RUN):
            assert "not yet" not in (await get(datasette, HOME + page)).text
        db.execute("rollback")


async def test_a_log_that_is_locked(path: Path) -> None:
    """While another program keeps everybody out, each page says so, and is there again after."""
    await a_run(path)
    datasette = await opened(path, settings={"num_sql_threads": 1})
    # Datasette waits five seconds each time; its one thread has this connection.
    log = datasette.get_database("logs")
    await log.execute_fn(lambda connection: connection.execute("pragma busy_timeout = 20"))
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("begin exclusive")
        for page in ("/-/reasonkit", *(HOME + page for page in (*PAGES, *OF_A_RUN))):
            refused = await get(datasette, page, 503)
            assert "logs.db is locked by another program" in refused.text
            assert "Traceback" not in refused.text
    await get(datasette, HOME)


@contextmanager
def only_read(path: Path) -> Iterator[None]:
    """Take away the right to write a file and its folder; nothing may have changed after."""
    before = path.read_bytes()
    path.chmod(0o400)
    path.parent.chmod(0o500)
    try:
        yield
    finally:
        path.parent.chmod(0o700)
    assert path.read_bytes() == before
    assert [each.name for each in path.parent.glob("logs.db*")] == ["logs.db"]


async def test_a_log_that_may_only_be_read(path: Path) -> None:
    """Where file and folder may not be written, the pages are there, and nothing is written."""
    await a_run(path)
    with only_read(path):
        datasette = await opened(path)
        for page in (*PAGES, *OF_A_RUN):
            await get(datasette, HOME + page)
