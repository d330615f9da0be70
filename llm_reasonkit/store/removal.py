"""Takes runs, or all of our tables, out of the log. What is llm's stays unless the user says so."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from sqlite_utils import Database

from llm_reasonkit.errors import StoreError
from llm_reasonkit.store import history, schema
from llm_reasonkit.store.database import (
    BUSY_TIMEOUT,
    explain,
    open_for_writing,
    reading,
    transaction,
)

_OF_TURN = ("turn_search", "turn_fragments", "turn_tools")


@dataclass(frozen=True, slots=True)
class Removed:
    """What was taken out: the run's id, its steps, and of llm's tables its turns and messages."""

    run_id: str
    steps: int
    turns: int = 0
    messages: int = 0


def delete_run(
    path: Path, ref: str, *, calls: bool = False, patience: float = BUSY_TIMEOUT
) -> Removed:
    """Delete a run from our tables; `calls`: also its own turns from llm's.

    ref: as in `find_run`. patience: seconds to wait for another writer. Of llm's messages only
    those go that nothing else uses.
    Raises UsageError when `ref` names no run or several, StoreError when the log cannot be written.
    """
    with reading(path) as log:
        run_id = history.find_run(history.require_runs(log, path), path, ref)["id"]
    try:
        with closing(open_for_writing(path, patience)) as db, transaction(db):
            steps = list(db.table("reasonkit_steps").rows_where("run_id = ?", [run_id]))
            # Those of the run it repeats in part are that run's own.
            own = [row["turn_id"] for row in steps if not row.get("taken_from")]
            turns = [turn for turn in own if turn] if calls else []
            for table in _tables_of_runs(db):
                db.table(table).delete_where("run_id = ?", [run_id])
            db.execute("update reasonkit_runs set parent_run = null where parent_run = ?", [run_id])
            db.table("reasonkit_runs").delete(run_id)
            messages = _delete_turns(db, turns, run_id)
            return Removed(run_id, len(steps), len(turns), messages)
    except Exception as error:
        raise StoreError(explain(path, error)) from error


def drop_tables(path: Path, patience: float = BUSY_TIMEOUT) -> list[str]:
    """Drop our tables and views and nothing else; return their names.

    Raises StoreError when the log cannot be written.
    """
    try:
        with closing(open_for_writing(path, patience)) as db, transaction(db):
            views = [name for name in db.view_names() if name.startswith(schema.PREFIX)]
            # A virtual table takes its shadow tables along.
            virtual = [t.name for t in db.tables if _is_ours(t.name) and t.virtual_table_using]
            for view in views:
                db.execute(f"drop view [{view}]")
            for table in virtual:
                db.execute(f"drop table [{table}]")
            tables = [name for name in db.table_names() if _is_ours(name)]
            for table in tables:
                db.execute(f"drop table [{table}]")
            schema.forget(db)
            return [*views, *virtual, *tables]
    except Exception as error:
        raise StoreError(explain(path, error)) from error


def _is_ours(name: str) -> bool:
    return name.startswith(schema.PREFIX)


def _tables_of_runs(db: Database) -> list[str]:
    """Our tables that hold parts of runs, whichever version of ours made them."""
    return [
        table.name
        for table in db.tables
        if _is_ours(table.name) and "run_id" in table.columns_dict and not table.virtual_table_using
    ]


def _delete_turns(db: Database, turns: list[str], thread: str) -> int:
    tips: list[str] = []
    for turn in turns:
        row = db.table("turns").get(turn)
        tips += [row["tip_message_hash"], row["parent_message_hash"]]
        for table in _OF_TURN:
            db.table(table).delete_where("turn_id = ?", [turn])
        db.table("turns").delete(turn)
    # The user may have gone on in the thread with `llm -c`.
    if turns and not db.table("turns").count_where("thread_id = ?", [thread]):
        db.table("threads").delete_where("id = ?", [thread])
    return _delete_unused_messages(db, [tip for tip in tips if tip])


def _delete_unused_messages(db: Database, tips: Iterable[str]) -> int:
    """Delete messages that no turn, thread or other message needs, from the given ones upwards."""
    used = "select 1 from turns where tip_message_hash = :hash or parent_message_hash = :hash"
    deleted = 0
    for tip in tips:
        found: str | None = tip
        while found is not None:
            row = next(iter(db.query("select * from messages where hash = ?", [found])), None)
            others = db.execute(
                f"select exists ({used}) or exists (select 1 from threads where "  # noqa: S608
                "tip_message_hash = :hash) or exists (select 1 from messages where "
                "parent_hash = :hash)",
                {"hash": found},
            ).fetchone()[0]
            if row is None or others:
                break
            _delete_message(db, found)
            deleted += 1
            found = row["parent_hash"]
    return deleted


def _delete_message(db: Database, hashed: str) -> None:
    for part in db.table("parts").rows_where("message_hash = ?", [hashed]):
        for table in ("part_fragments", "part_attachments"):
            db.table(table).delete_where("part_id = ?", [part["id"]])
    db.table("parts").delete_where("message_hash = ?", [hashed])
    db.table("messages").delete(hashed)
