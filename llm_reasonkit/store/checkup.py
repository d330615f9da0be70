"""Whether the log can be used, found out without changing anything in it."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from llm_reasonkit.errors import StoreError
from llm_reasonkit.store import schema
from llm_reasonkit.store.database import explained, open_for_writing, reading

SQLITE_VERSION = sqlite3.sqlite_version
_PATIENCE = 2.0  # seconds that another writer may take


@dataclass(frozen=True, slots=True)
class LogState:
    """A log that can be read and written. runs: None where none was ever recorded."""

    exists: bool
    runs: int | None = None


def examine(path: Path) -> LogState:
    """Try to read the log, and to write to it. Raises StoreError where that cannot be done."""
    with reading(path) as db:
        if db is None:
            _require_room(path)
            return LogState(exists=False)
        runs = db.table("reasonkit_runs").count if schema.has_tables(db) else None
    with explained(path), closing(open_for_writing(path, _PATIENCE).conn) as connection:
        connection.execute("begin immediate")
        connection.execute("rollback")
    return LogState(exists=True, runs=runs)


def _require_room(path: Path) -> None:
    folder = next(parent for parent in path.absolute().parents if parent.exists())
    if not os.access(folder, os.W_OK | os.X_OK):
        raise StoreError(f"{path} cannot be made: {folder} cannot be written to")
