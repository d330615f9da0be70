"""Reads back what it takes to replay a run, or to go on with one that died."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import llm
from pydantic import ValidationError
from sqlite_utils import Database

from llm_reasonkit.engine.ports import Recipe, Recorded, RunStart
from llm_reasonkit.errors import UsageError
from llm_reasonkit.reasoning.result import Result, RunStatus
from llm_reasonkit.store import history, rows
from llm_reasonkit.store.database import reading
from llm_reasonkit.store.presence import is_at_work


@dataclass(frozen=True, slots=True)
class Trace:
    """A run as it was recorded, with all that its result depends on.

    status: None if it never came to an end. calls: what there is of each step, by id. is_at_work:
    a process goes on with it.
    """

    short_id: str
    start: RunStart
    recipe: Recipe
    status: RunStatus | None
    result: Result
    calls: dict[str, Recorded]
    is_at_work: bool


def load_trace(path: Path, ref: str) -> Trace:
    """Read the trace of a run; `ref` as in `load_run`.

    Raises UsageError when `ref` names no run or several, or one of which too little was recorded,
    StoreError when the log cannot be read.
    """
    with reading(path) as log:
        db = history.require_runs(log, path)
        row = history.find_run(db, path, ref)
        recipe = _recipe(db, row)
        result = history.run_in(db, row["id"], path)
        steps = {step.id: step for step in result.steps}
        of_run = db.table("reasonkit_steps").rows_where("run_id = ?", [row["id"]])
        calls = {call["id"]: rows.read_call(call, steps[call["id"]]) for call in of_run}
        start = RunStart(
            run_id=row["id"],
            command=row["command"],
            question=row["question"],
            started=result.started,
            protocol=row["protocol"],
            profile=row["profile"],
            trace_id=row["trace_id"],
            settings=json.loads(row["settings"]),
            parent_run=row["parent_run"],
            elapsed=_elapsed(row, result),
        )
        return Trace(
            short_id=row["short_id"],
            start=start,
            recipe=recipe,
            status=row["status"],
            result=result,
            calls=calls,
            is_at_work=row["status"] is None and is_at_work(path, row["process"]),
        )


def _recipe(db: Database, run: rows.Row) -> Recipe:
    table = db.table("reasonkit_recipes")
    found = list(table.rows_where("run_id = ?", [run["id"]])) if table.exists() else []
    if not found:
        raise UsageError(
            f"run {run['short_id']} was recorded without what it takes to repeat it, by an older "
            "llm-reasonkit"
        )
    try:
        return rows.read_recipe(found[0])
    except ValidationError as error:
        raise UsageError(
            f"run {run['short_id']} was recorded by another version of llm-reasonkit, whose "
            "protocols this one cannot read"
        ) from error


def _elapsed(row: rows.Row, result: Result) -> float:
    """Return the seconds that a run took: as far as it was recorded, without its breaks."""
    seconds = (row["duration_ms"] or 0) / 1000
    if row["status"] is not None:
        return seconds
    began = datetime.fromisoformat(row["resumed"] or row["started"])
    ends = [step.started + timedelta(milliseconds=step.duration_ms or 0) for step in result.steps]
    return seconds + max(0.0, (max(ends, default=began) - began).total_seconds())


def attachments_kept(path: Path, ids: Sequence[str]) -> dict[str, llm.Attachment]:
    """Return those of the attachments with these ids that llm keeps. Raises StoreError."""
    with reading(path) as db:
        if not ids or db is None or not db.table("attachments").exists():
            return {}
        where = f"id in ({', '.join('?' * len(ids))})"
        found = db.table("attachments").rows_where(where, list(ids))
        return {row["id"]: llm.Attachment.from_row(row) for row in found}
