"""Reads recorded runs out of logs.db."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from sqlite_utils import Database

from llm_reasonkit.errors import StoreError, UsageError
from llm_reasonkit.reasoning.result import Result
from llm_reasonkit.store import rows, schema
from llm_reasonkit.store.database import reading
from llm_reasonkit.store.panels import read_panel
from llm_reasonkit.store.presence import is_at_work
from llm_reasonkit.store.turns import result_in_turn

LAST = "last"


def load_run(path: Path, ref: str) -> Result:
    """Give the result of a run, equal to what was printed when it ended.

    ref: the run's id, the beginning of it, its short id, or `last`; also the id of a turn of llm's
    that carries a run (`llm -m think/…`). A run that has not ended comes with the status
    `interrupted` and the steps it finished, and a warning that tells whether it is still going on.
    Raises UsageError when `ref` names no run or several, StoreError when the log cannot be read.
    """
    with reading(path) as db:
        try:
            return run_in(require_runs(db, path), ref, path)
        except UsageError:
            travelled = None if db is None else result_in_turn(db, ref.strip().lower())
            if travelled is None:
                raise
            return travelled


def require_runs(db: Database | None, path: Path) -> Database:
    """Return the log at `path` as it was opened. Raises UsageError where no run was recorded."""
    if db is None or not schema.has_tables(db):
        raise UsageError(f'no runs recorded yet in {path}; start one with: llm think "…"')
    return db


def run_in(db: Database, ref: str, path: Path) -> Result:
    """Do what `load_run` does in a database that is open, the one at `path`."""
    row = find_run(db, path, ref)
    inputs = defaultdict(list)
    for source in _of_run(db, "reasonkit_step_inputs", row["id"]):
        inputs[source["step_id"]].append(source["input_id"])
    steps = _of_run(db, "reasonkit_steps", row["id"])
    checks = _of_run(db, "reasonkit_checks", row["id"])
    return rows.read_result(
        row,
        [rows.read_step(step, inputs[step["id"]]) for step in steps],
        [rows.read_check(check) for check in checks],
        goes_on=row["status"] is None and is_at_work(path, row.get("process")),
        panel=read_panel(db, row),
    )


def short_id_of(path: Path, run_id: str) -> str | None:
    """Give the short id of a run, None where the log does not have it or cannot be read.

    It is a name to show beside an answer, and no reason to lose one.
    """
    try:
        with reading(path) as db:
            if db is None or not schema.has_tables(db):
                return None
            found = db.table("reasonkit_runs").rows_where("id = ?", [run_id], select="short_id")
            return next((row["short_id"] for row in found), None)
    except StoreError:
        return None


def find_run(db: Database, path: Path, ref: str) -> rows.Row:
    """Give the row of a run of the log's own: `ref` is its id, the beginning of it, its short id,
    or `last`. Raises UsageError."""
    runs, ref = db.table("reasonkit_runs"), ref.strip().lower()
    if ref == LAST:
        found = list(runs.rows_where(order_by="id desc", limit=1))
    else:
        found = list(runs.rows_where("id = ? or short_id = ?", [ref, ref]))
    if ref and not found:
        # `~` sorts behind every character of an id.
        found = list(runs.rows_where("id >= ? and id < ? || '~'", [ref, ref], limit=4))
    if not found:
        raise UsageError(f"no run {ref!r} in {path}; list them with: llm reasonkit runs")
    if len(found) > 1:
        some = ", ".join(row["short_id"] for row in found[:3])
        raise UsageError(
            f"several runs begin with {ref!r} ({some}{', …' if len(found) > 3 else ''}); "
            "give a short id or more of the id"
        )
    return found[0]


def _of_run(db: Database, table: str, run_id: str) -> list[rows.Row]:
    return list(db.table(table).rows_where("run_id = ?", [run_id], order_by="seq"))
