"""Our tables: made once, all or nothing, and only by a version that knows them."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from llm.migrations import MIGRATIONS as LLM_MIGRATIONS
from llm.migrations import ensure_migrations_table
from sqlite_utils import Database

from llm_reasonkit.errors import StoreError
from llm_reasonkit.store import schema
from llm_reasonkit.store.browse import list_runs
from llm_reasonkit.store.database import open_for_writing, transaction
from llm_reasonkit.store.log import LogTrace
from tests.store_runs import new_id, record_run


def m999_from_the_future(db: Database) -> None:
    """Stand for a migration that only a later version has."""
    db.execute("create table reasonkit_future (id integer primary key)")


def m999_fails_half_way(db: Database) -> None:
    """Change something, then fail."""
    db.execute("create table reasonkit_future (id integer primary key)")
    db.execute("alter table reasonkit_runs add column mood text")
    db.execute("insert into no_such_table values (1)")


def dump(path) -> list[str]:
    """Give the whole file as SQL."""
    with closing(sqlite3.connect(path)) as connection:
        return list(connection.iterdump())


def migrate(path, steps=schema.STEPS) -> None:
    """Bring the file up to date as a command does."""
    with closing(open_for_writing(path)) as db, transaction(db):
        schema.migrate(db, steps)


def test_a_second_migration_changes_nothing(tmp_path):
    """Migrating a log that is up to date leaves it as it was."""
    path = tmp_path / "logs.db"
    migrate(path)
    before = dump(path)

    migrate(path)

    assert dump(path) == before


@pytest.mark.parametrize("prepared", [True, False], ids=["existing log", "fresh log"])
def test_a_failing_migration_leaves_no_trace(tmp_path, prepared):
    """When one migration fails, neither its beginning nor those before it remain."""
    path = tmp_path / "logs.db"
    if prepared:
        migrate(path)
    else:
        path.touch()
    before = dump(path)

    with pytest.raises(sqlite3.OperationalError, match="no_such_table"):
        migrate(path, (*schema.STEPS, m999_fails_half_way))

    assert dump(path) == before


async def test_tables_of_a_newer_version_are_refused(tmp_path):
    """A log of a newer version is neither read nor written, and the reason says what helps."""
    path = tmp_path / "logs.db"
    migrate(path, (*schema.STEPS, m999_from_the_future))
    before = dump(path)
    advice = "newer llm-reasonkit.*llm install -U"

    with pytest.raises(StoreError, match=advice):
        list_runs(path)
    trace = LogTrace(path)
    await record_run(trace, new_id())
    trace.close()

    assert "newer llm-reasonkit" in trace.warning
    assert dump(path) == before


async def test_a_log_of_an_older_llm_is_brought_up_to_date(tmp_path):
    """A log that only has llm's tables of old gets the new ones and keeps its rows."""
    path = tmp_path / "logs.db"
    with closing(open_for_writing(path)) as db:
        ensure_migrations_table(db)
        for migration in LLM_MIGRATIONS:
            if db.table("responses").exists() and migration.__name__ > "m005":
                break
            migration(db)
            db.table("_llm_migrations").insert({"name": migration.__name__, "applied_at": "then"})
        assert not db.table("turns").exists()
        db.table("responses").insert({"id": "01old", "model": "gpt-4", "prompt": "hi"}, alter=True)

    trace = LogTrace(path)
    result = await record_run(trace, new_id())
    trace.close()

    assert trace.warning is None
    assert [run.run_id for run in list_runs(path)] == [result.run_id]
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("select prompt from responses").fetchall() == [("hi",)]


def test_all_foreign_keys_lead_somewhere(tmp_path):
    """Each foreign key of ours names a column that exists, so that Datasette can follow it."""
    path = tmp_path / "logs.db"
    migrate(path)
    with closing(Database(path)) as db:
        keys = [
            key
            for table in db.tables
            if table.name.startswith("reasonkit_")
            for key in table.foreign_keys
        ]
        assert {key.other_table for key in keys} == {
            "reasonkit_members",
            "reasonkit_runs",
            "reasonkit_steps",
            "turns",
        }
        for key in keys:
            columns = db.table(key.other_table).columns_dict
            assert set(key.other_columns) <= set(columns)


def test_a_failed_transaction_leaves_the_connection_usable(tmp_path):
    """What a failed block wrote is gone, and the next block begins afresh."""

    def fail(db: Database) -> None:
        with transaction(db):
            db.execute("create table lost (id integer)")
            raise LookupError

    with closing(open_for_writing(tmp_path / "logs.db")) as db:
        with pytest.raises(LookupError):
            fail(db)
        with transaction(db):
            db.execute("create table kept (id integer)")

        assert db.table_names() == ["kept"]
