"""Opens logs.db: for writing under one lock at a time, for reading without touching it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from sqlite_utils import Database

from llm_reasonkit.errors import StoreError

BUSY_TIMEOUT = 30.0

_REASONS = {
    sqlite3.SQLITE_BUSY: "is locked by another program; close it or try again later",
    sqlite3.SQLITE_READONLY: "is read-only; change its permissions or name another log with -d",
    sqlite3.SQLITE_CANTOPEN: "cannot be opened; check its folder and the permissions",
    sqlite3.SQLITE_FULL: "cannot grow: the disk is full; free some space",
    sqlite3.SQLITE_IOERR: "cannot be read or written by the disk; check its space and health",
    sqlite3.SQLITE_CORRUPT: "is damaged; move it away and llm starts a new one",
    sqlite3.SQLITE_NOTADB: "is not an SQLite database; move it away and llm starts a new one",
}


def explain(path: Path, error: Exception) -> str:
    """Say in one line why the log at `path` could not be read or written, and what helps."""
    if isinstance(error, StoreError):
        return str(error)
    if path.is_dir():
        return f"{path} is a folder; name a file"
    # The low byte is the kind of the failure, the rest its finer points.
    kind = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if kind in _REASONS:
        return f"{path} {_REASONS[kind]}"
    if isinstance(error, OSError):
        return f"{path} cannot be opened: {error.strerror}"
    return f"{path}: {type(error).__name__}: {' '.join(str(error).split())}"


def open_for_writing(path: Path, timeout: float = BUSY_TIMEOUT) -> Database:
    """Connect to the log, creating it if it is not there.

    `timeout` is how many seconds to wait for another writer. The connection belongs to the
    calling thread. Raises OSError or sqlite3.Error.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # SQLite would create it readable by everyone; its journal takes over the mode of the file.
    with suppress(FileExistsError):
        path.touch(mode=0o600, exist_ok=False)
    return Database(sqlite3.connect(path, timeout=timeout), execute_plugins=False)


@contextmanager
def opened(connection: sqlite3.Connection, path: Path) -> Iterator[Database]:
    """Wrap a connection to the log at `path` that somebody else opened and will close.

    Raises StoreError when it cannot be read, also from within the block.
    """
    with explained(path):
        yield Database(connection, execute_plugins=False)


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Raise what goes wrong with the log at `path` within the block as StoreError."""
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise StoreError(explain(path, error)) from error


@contextmanager
def transaction(db: Database) -> Iterator[None]:
    """Hold the write lock for the block; all of it is committed, or nothing.

    llm's own logging begins without the lock, reads, then writes: SQLite refuses that at once,
    without waiting, when another writer was faster.
    """
    db.conn.execute("begin immediate")
    try:
        yield
        db.conn.execute("commit")
    except BaseException:
        db.rollback()
        raise


@contextmanager
def reading(path: Path) -> Iterator[Database | None]:
    """Open the log read-only and show the block one unchanging state of it; None if it is missing.

    Raises StoreError when it cannot be read, also from within the block.
    """
    with explained(path):
        if not path.exists():
            yield None
            return
        uri = f"{path.absolute().as_uri()}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True, timeout=BUSY_TIMEOUT)) as connection:
            connection.execute("begin")
            yield Database(connection, execute_plugins=False)
