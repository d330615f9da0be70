"""Looks up schemas in all the ways that `llm prompt --schema` takes, also those kept in the log."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

from llm.migrations import migrate
from sqlite_utils import Database

from llm_reasonkit.errors import StoreError, UsageError
from llm_reasonkit.store.database import reading


def resolve_schema(path: Path, typed: str) -> dict[str, Any]:
    """Return a JSON Schema: given as such, in llm's concise syntax, as a file, as the id of one in
    the log at `path`, or as `t:template`. Raises UsageError, or StoreError for the log.
    """
    from llm import cli
    from llm.utils import resolve_schema_input

    with reading(path) as log, closing(Database(memory=True)) as empty:
        migrate(empty)
        db = log if log is not None and "schemas" in log.table_names() else empty
        try:
            return dict(resolve_schema_input(db, typed, cli.load_template))
        except StoreError:
            raise
        # Of click's, and whatever templates of other plugins raise.
        except Exception as error:
            reason = " ".join(str(error).split())
            raise UsageError(f"--schema {typed}: {reason}") from error
