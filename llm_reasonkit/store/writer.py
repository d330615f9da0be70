"""Writes to a log from one thread: the runs of a process share a connection and its commits."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from threading import Lock
from typing import ClassVar

from sqlite_utils import Database

from llm_reasonkit.store import schema
from llm_reasonkit.store.database import explain, open_for_writing, transaction
from llm_reasonkit.store.presence import Presence

Job = Callable[[Database], None]

# In one commit: other programs wait for the lock meanwhile.
_MOST_JOBS = 100


class Recording:
    """What one run writes into the log at `path`, in the order in which it is handed over.

    The first failure ends it; `reason` is what it was, `warning` one line for a person. `timeout`
    is how many seconds another program's writing is waited for. To be closed.
    """

    def __init__(self, path: Path, timeout: float) -> None:
        self.reason: str | None = None
        self.path = path.absolute()
        self._writer = _Writer.join(self.path, timeout)

    @property
    def warning(self) -> str | None:
        """Why what was handed over is not in the log, None if it is."""
        if self.reason is None:
            return None
        return f"this run is not in the log, or not all of it: {self.reason}"

    @property
    def process(self) -> str | None:
        """Under which name others can tell whether this process is still at work; for jobs."""
        return self._writer.process

    def submit(self, job: Job) -> asyncio.Future[None]:
        """Hand over a job; the future is done when it is committed, or has failed."""
        return self._writer.submit(self, job)

    def close(self) -> Future[None]:
        """Let go of the file; the future is done once everything handed over is written."""
        return self._writer.leave()


class _Writer:
    """The connection to a log, and the thread it belongs to, for as long as anyone records.

    A thousand runs at once would otherwise hold a thousand files and threads, and wait for each
    other's locks.
    """

    _all: ClassVar[dict[tuple[Path, float], _Writer]] = {}
    _lock: ClassVar[Lock] = Lock()

    def __init__(self, path: Path, timeout: float) -> None:
        self._path = path
        self._timeout = timeout
        self._users = 0
        # A connection belongs to the thread that opened it, and the event loop must not wait
        # for a disk.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="reasonkit-log")
        self._waiting: SimpleQueue[tuple[Recording, Job]] = SimpleQueue()
        self._db: Database | None = None
        self._presence: Presence | None = None

    @property
    def process(self) -> str | None:
        return self._presence.name if self._presence else None

    @classmethod
    def join(cls, path: Path, timeout: float) -> _Writer:
        """Return the writer of a log, with one user more."""
        with cls._lock:
            writer = cls._all.get((path, timeout))
            if writer is None:
                writer = cls._all[path, timeout] = cls(path, timeout)
            writer._users += 1
            return writer

    def leave(self) -> Future[None]:
        """Count one user less; the last one closes the connection."""
        with self._lock:
            self._users -= 1
            if self._users:
                return self._thread.submit(lambda: None)
            del self._all[self._path, self._timeout]
            ended = self._thread.submit(self._end)
            self._thread.shutdown(wait=False)
            return ended

    def submit(self, recording: Recording, job: Job) -> asyncio.Future[None]:
        self._waiting.put((recording, job))
        return asyncio.get_running_loop().run_in_executor(self._thread, self._commit_waiting)

    def _commit_waiting(self) -> None:
        waiting = self._take(_MOST_JOBS)
        if all(recording.warning for recording, _ in waiting):
            return
        try:
            is_new = self._db is None
            db = self._db = self._db or open_for_writing(self._path, self._timeout)
            self._presence = self._presence or Presence(self._path)
            with transaction(db):
                if is_new:
                    schema.migrate(db)
                for recording, job in waiting:
                    if not recording.warning:
                        self._do(db, recording, job)
                    # What has come meanwhile shares the commit, as each costs a flush.
                    waiting += self._take(_MOST_JOBS - len(waiting))
        except Exception as error:  # noqa: BLE001 (whatever it was, none of it is in the log)
            for recording, _ in waiting:
                self._fail(recording, error)
            self._disconnect()

    def _take(self, most: int) -> list[tuple[Recording, Job]]:
        """Return what waits, in order."""
        return [self._waiting.get() for _ in range(min(self._waiting.qsize(), most))]

    def _do(self, db: Database, recording: Recording, job: Job) -> None:
        """Do a job as a whole or not at all; its failure is not that of other runs."""
        try:
            with db.atomic():
                job(db)
        except Exception as error:
            # A full or broken disk makes SQLite undo the other jobs of this commit as well.
            if not db.conn.in_transaction:
                raise
            self._fail(recording, error)

    def _fail(self, recording: Recording, error: Exception) -> None:
        recording.reason = recording.reason or explain(self._path, error)

    def _disconnect(self) -> None:
        if self._db is not None:
            self._db.close()
            self._db = None

    def _end(self) -> None:
        self._disconnect()
        if self._presence is not None:
            self._presence.end()
            self._presence = None
