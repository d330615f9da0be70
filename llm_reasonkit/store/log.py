"""Writes a run into logs.db while it goes on: llm's turns, and our record of the steps."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from concurrent.futures import Future
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from sqlite_utils import Database

from llm_reasonkit.engine.ports import Recorded, Reply, RunStart, TraceSink
from llm_reasonkit.errors import StoreError
from llm_reasonkit.reasoning.result import CheckItem, Result, StepResult
from llm_reasonkit.store import panels, rows
from llm_reasonkit.store.database import BUSY_TIMEOUT
from llm_reasonkit.store.presence import is_at_work
from llm_reasonkit.store.writer import Job, Recording

_SHORTEST_ID = 6
_KEY_OF_STEP = ("run_id", "id")


class LogTrace(TraceSink):
    """The record of one run in the log at `path`.

    An answer is worth more than its record, so failures do not raise, but for those to take up a
    run again. The first one ends the recording and is kept, as one line for a person, in `warning`.
    `timeout` is how many seconds another writer is waited for. Close it when the run is over,
    however it ended.
    """

    def __init__(self, path: Path, *, timeout: float = BUSY_TIMEOUT) -> None:
        self._recording = Recording(path, timeout)
        self._run: RunStart

    @property
    def warning(self) -> str | None:
        """Why the run is not in the log, or not all of it; None if it is."""
        return self._recording.warning

    async def run_started(self, run: RunStart) -> None:
        """Record that a run begins, preparing the log if this is its first.

        Does not wait for the disk, as the first call need not: all records keep their order. But
        for a run that goes on: raises StoreError where another process works on it.
        """
        self._run = run
        if not run.is_resumed:
            self._recording.submit(partial(_start, run=run, recording=self._recording))
            return
        await self._write(partial(_take_up, run=run, recording=self._recording))
        if self._recording.reason is not None:
            raise StoreError(f"run {run.run_id} cannot be taken up: {self._recording.reason}")

    async def call_started(self, call: Recorded) -> None:
        """Record a call that is about to be made."""
        await self._write(partial(_add_call, run_id=self._run.run_id, call=call))

    async def step_finished(
        self, step: StepResult, checks: list[CheckItem], reply: Reply | None
    ) -> None:
        """Record a step together with the turn it made, if any: both or neither."""
        await self._write(partial(_add_step, run=self._run, step=step, checks=checks, reply=reply))

    async def run_finished(self, result: Result) -> None:
        """Record the result, from which `load_run` gives back an equal one."""
        await self._write(partial(_finish, result=result))

    def close(self) -> Future[None]:
        """Let go of the file; the future is done once everything handed over is written, and
        another process may go on with the run."""
        return self._recording.close()

    async def _write(self, job: Job) -> None:
        # A call that is paid for is recorded even when the run is cancelled meanwhile.
        await asyncio.shield(self._recording.submit(job))


def _start(db: Database, run: RunStart, recording: Recording) -> None:
    row = rows.start_row(run, _free_short_id(db, run.run_id), recording.process)
    db.table("reasonkit_runs").insert(row)
    if run.recipe is not None:
        _put(db, "reasonkit_recipes", [rows.recipe_row(run.run_id, run.recipe)])


def _take_up(db: Database, run: RunStart, recording: Recording) -> None:
    runs = db.table("reasonkit_runs")
    row = runs.get(run.run_id)
    if row["status"] is None and is_at_work(recording.path, row["process"]):
        raise StoreError("another process is at work on it")
    runs.update(run.run_id, rows.resumed_row(run, recording.process))
    # What follows from the replies is established anew.
    for table in ("reasonkit_checks", "reasonkit_step_inputs"):
        db.table(table).delete_where("run_id = ?", [run.run_id])
    if run.recipe is not None:
        _put(db, "reasonkit_recipes", [rows.recipe_row(run.run_id, run.recipe)], "run_id")


def _free_short_id(db: Database, run_id: str) -> str:
    """Take as much of the id's end, its random part, as no other run has."""
    runs = db.table("reasonkit_runs")
    endings = (run_id[-length:] for length in range(_SHORTEST_ID, len(run_id)))
    free = (ending for ending in endings if not runs.count_where("short_id = ?", [ending]))
    return next(free, run_id)


def _add_step(
    db: Database, run: RunStart, step: StepResult, checks: list[CheckItem], reply: Reply | None
) -> None:
    if reply is not None and reply.turn is not None:
        _add_thread(db, run)
        reply.turn.log_to_db(db)
    first = _next_seq(db, "reasonkit_steps", run.run_id)
    (row,) = rows.step_rows(run.run_id, first, [step])
    told = rows.reply_columns(reply) if reply is not None else {}
    _put(db, "reasonkit_steps", [row | told], *_KEY_OF_STEP, keeps=("seq",))
    _put(db, "reasonkit_step_inputs", rows.input_rows(run.run_id, [step]))
    first = _next_seq(db, "reasonkit_checks", run.run_id)
    _put(db, "reasonkit_checks", rows.check_rows(run.run_id, first, checks))


def _add_call(db: Database, run_id: str, call: Recorded) -> None:
    row = rows.call_row(run_id, _next_seq(db, "reasonkit_steps", run_id), call)
    _put(db, "reasonkit_steps", [row], *_KEY_OF_STEP, keeps=("seq",))


def _add_thread(db: Database, run: RunStart) -> None:
    # Only together with a first turn: `llm -c` would stumble over a thread without any. Named
    # here, because llm would name it after the prompt of the first step.
    db.table("threads").insert(
        {
            "id": run.run_id,
            "name": f"{run.command}: {rows.title_of(run.question)}",
            "datetime_utc": datetime.now(UTC).isoformat(),
        },
        ignore=True,
    )


def _put(
    db: Database, table: str, new: list[rows.Row], *key: str, keeps: Collection[str] = ()
) -> None:
    """Insert rows; one whose `key` is there already is changed, but for the columns in `keeps`."""
    # Not by sqlite-utils, which looks the table up in the schema every time: this is done for
    # each call of a run while other writers wait.
    if not new:
        return
    names = ", ".join(new[0])
    values = ", ".join(f":{name}" for name in new[0])
    sql = f"insert into {table} ({names}) values ({values})"  # noqa: S608 (names of ours)
    if key:
        changed = [name for name in new[0] if name not in (*key, *keeps)]
        sets = ", ".join(f"{name} = excluded.{name}" for name in changed)
        sql += f" on conflict ({', '.join(key)}) do update set {sets}"
    db.conn.executemany(sql, new)


def _next_seq(db: Database, table: str, run_id: str) -> int:
    return db.table(table).count_where("run_id = ?", [run_id])


def _finish(db: Database, result: Result) -> None:
    """Write the run as the result states it.

    The steps came in as they ended; the result has them in their own order, and those that
    never ran as well.
    """
    run_id = result.run_id
    replaced = ("checks", "step_inputs", "members", "votes")
    for table in replaced:
        db.table(f"reasonkit_{table}").delete_where("run_id = ?", [run_id])
    known = {step.id for step in result.steps}
    for row in list(db.table("reasonkit_steps").rows_where("run_id = ?", [run_id], select="id")):
        if row["id"] not in known:
            db.table("reasonkit_steps").delete((run_id, row["id"]))
    _put(db, "reasonkit_steps", rows.step_rows(run_id, 0, result.steps), *_KEY_OF_STEP)
    _put(db, "reasonkit_step_inputs", rows.input_rows(run_id, result.steps))
    _put(db, "reasonkit_checks", rows.check_rows(run_id, 0, result.checks.items))
    _put(db, "reasonkit_members", panels.member_rows(result))
    _put(db, "reasonkit_votes", panels.vote_rows(result))
    db.table("reasonkit_runs").update(run_id, rows.end_row(result) | panels.run_columns(result))
