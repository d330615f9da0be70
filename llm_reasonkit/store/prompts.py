"""Prompts of llm's own log, to be asked again."""

from __future__ import annotations

from pathlib import Path

from llm_reasonkit.errors import UsageError
from llm_reasonkit.store.database import reading
from llm_reasonkit.store.history import LAST


def earlier_prompt(path: Path, thread: str) -> str:
    """Return the last prompt of a conversation of llm's, or of the whole log for `last`.

    Raises UsageError where there is none, StoreError when the log cannot be read.
    """
    where = "" if thread == LAST else "where t.thread_id = ?"
    with reading(path) as db:
        rows = (
            []
            if db is None or not db.table("turn_search").exists()
            else db.execute(
                "select s.prompt from turns t join turn_search s on s.turn_id = t.id "  # noqa: S608
                f"{where} order by t.id desc limit 1",
                [] if thread == LAST else [thread],
            ).fetchall()
        )
    if not rows or not rows[0][0]:
        raise UsageError(f"there is no earlier prompt in {path} to ask again; give a question")
    return str(rows[0][0])
