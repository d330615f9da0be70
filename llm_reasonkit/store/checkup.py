"""Whether the log can be used, found out without changing anything in it."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from llm_reasonkit.errors import StoreError
from llm_reasonkit.store import schema
from llm_reasonkit.store.database import explained, open_for_writing, reading

SQLITE_VERSION = sqlite3.sqlite_version
_PATIENCE = 2.0  # seconds that another writer may take


def examine(path: Path) -> int | None:
    """Try to read the log, and to write to it; return how many runs it has, None if it is missing.

    Raises StoreError where it cannot be read and written, or made.
    """
    with reading(path) as db:
        if db is None:
            _require_room(path)
            return None
        runs: int = db.table("reasonkit_runs").count if schema.has_tables(db) else 0
    with explained(path), closing(open_for_writing(path, _PATIENCE).conn) as connection:
        connection.execute("begin immediate")
        connection.execute("rollback")
    return runs


def _require_room(path: Path) -> None:
    folder = next(parent for parent in path.absolute().parents if parent.exists())
    if not os.access(folder, os.W_OK | os.X_OK):
        raise StoreError(f"{path} cannot be made: {folder} cannot be written to")
