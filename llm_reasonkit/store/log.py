"""Writes a run into logs.db while it goes on: llm's turns, and our record of the steps."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from queue import SimpleQueue

from sqlite_utils import Database

from llm_reasonkit.engine.ports import Reply, RunStart, TraceSink
from llm_reasonkit.reasoning.result import CheckItem, Result, StepResult
from llm_reasonkit.store import rows, schema
from llm_reasonkit.store.database import BUSY_TIMEOUT, explain, open_for_writing, transaction

Job = Callable[[Database], None]

_SHORTEST_ID = 6


class LogTrace(TraceSink):
    """The record of one run in the log at `path`.

    Nothing here raises: an answer is worth more than its record. The first failure ends the
    recording and is kept, as one line for a person, in `warning`. `timeout` is how many seconds
    another writer is waited for. Close it when the run is over, however it ended.
    """

    def __init__(self, path: Path, *, timeout: float = BUSY_TIMEOUT) -> None:
        self.warning: str | None = None
        self._path = path
        self._timeout = timeout
        # A connection belongs to the thread that opened it, and the event loop must not wait
        # for a disk.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="reasonkit-log")
        self._waiting: SimpleQueue[Job] = SimpleQueue()
        self._db: Database | None = None
        self._run: RunStart

    async def run_started(self, run: RunStart) -> None:
        """Record that a run begins, preparing the log if this is its first.

        Does not wait for the disk, as the first call need not: all records keep their order.
        """
        self._run = run
        self._submit(partial(_start, run=run))

    async def step_finished(
        self, step: StepResult, checks: list[CheckItem], reply: Reply | None
    ) -> None:
        """Record a step together with the turn it made, if any: both or neither."""
        await self._write(partial(_add_step, run=self._run, step=step, checks=checks, reply=reply))

    async def run_finished(self, result: Result) -> None:
        """Record the result, from which `load_run` gives back an equal one."""
        await self._write(partial(_finish, result=result))

    def close(self) -> None:
        """Let go of the file once everything handed over is written; does not wait for it."""
        self._thread.submit(self._disconnect)
        self._thread.shutdown(wait=False)

    async def _write(self, job: Job) -> None:
        # A call that is paid for is recorded even when the run is cancelled meanwhile.
        await asyncio.shield(self._submit(job))

    def _submit(self, job: Job) -> asyncio.Future[None]:
        """Hand a job to the writer; the future is done when it is committed, or has failed."""
        self._waiting.put(job)
        return asyncio.get_running_loop().run_in_executor(self._thread, self._commit_waiting)

    def _commit_waiting(self) -> None:
        # Steps that end while the disk is busy share the next commit, as each costs a flush.
        jobs = [self._waiting.get() for _ in range(self._waiting.qsize())]
        if not jobs or self.warning is not None:
            return
        try:
            if self._db is None:
                self._db = open_for_writing(self._path, self._timeout)
            with transaction(self._db):
                for job in jobs:
                    job(self._db)
        except Exception as error:  # noqa: BLE001 - llm's logging runs other people's code too
            self.warning = (
                f"this run is not in the log, or not all of it: {explain(self._path, error)}"
            )
            self._disconnect()

    def _disconnect(self) -> None:
        if self._db is not None:
            self._db.close()
            self._db = None


def _start(db: Database, run: RunStart) -> None:
    schema.migrate(db)
    db.table("reasonkit_runs").insert(rows.start_row(run, _free_short_id(db, run.run_id)))


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
    _insert_steps(db, run.run_id, [step], checks)


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


def _insert_steps(
    db: Database, run_id: str, steps: list[StepResult], checks: list[CheckItem]
) -> None:
    first = _next_seq(db, "reasonkit_steps", run_id)
    _insert(db, "reasonkit_steps", rows.step_rows(run_id, first, steps))
    _insert(db, "reasonkit_step_inputs", rows.input_rows(run_id, steps))
    first = _next_seq(db, "reasonkit_checks", run_id)
    _insert(db, "reasonkit_checks", rows.check_rows(run_id, first, checks))


def _insert(db: Database, table: str, new: list[rows.Row]) -> None:
    # Not by sqlite-utils, which looks the table up in the schema every time: this is done for
    # each call of a run while other writers wait.
    if new:
        names = ", ".join(new[0])
        values = ", ".join(f":{name}" for name in new[0])
        sql = f"insert into {table} ({names}) values ({values})"  # noqa: S608 (names of ours)
        db.conn.executemany(sql, new)


def _next_seq(db: Database, table: str, run_id: str) -> int:
    return db.table(table).count_where("run_id = ?", [run_id])


def _finish(db: Database, result: Result) -> None:
    """Write the run as the result states it.

    The steps came in as they ended; the result has them in their own order, and those that
    never ran as well.
    """
    for table in ("reasonkit_checks", "reasonkit_step_inputs", "reasonkit_steps"):
        db.table(table).delete_where("run_id = ?", [result.run_id])
    _insert_steps(db, result.run_id, result.steps, result.checks.items)
    db.table("reasonkit_runs").update(result.run_id, rows.end_row(result))
