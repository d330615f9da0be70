"""Prompts of llm's own log, to be asked again."""

from __future__ import annotations

from pathlib import Path

from sqlite_utils import Database

from llm_reasonkit.errors import UsageError
from llm_reasonkit.store import schema
from llm_reasonkit.store.database import reading
from llm_reasonkit.store.history import LAST


def earlier_prompt(path: Path, thread: str) -> str:
    """Return the last prompt of a conversation of llm's, or of the whole log for `last`.

    Of a step of a run it is the run's question. Raises UsageError where there is none, StoreError
    when the log cannot be read.
    """
    where = "" if thread == LAST else "where t.thread_id = ?"
    with reading(path) as db:
        rows = (
            []
            if db is None or not db.table("turn_search").exists()
            else db.execute(
                f"select {_asked(db)} from turns t join turn_search s on s.turn_id = t.id "  # noqa: S608
                f"{where} order by t.id desc limit 1",
                [] if thread == LAST else [thread],
            ).fetchall()
        )
    if not rows or not rows[0][0]:
        raise UsageError(f"there is no earlier prompt in {path} to ask again; give a question")
    return str(rows[0][0])


def _asked(db: Database) -> str:
    """What the user asked, as SQL: the prompt of a step is made from its run's question."""
    if not schema.has_tables(db):
        return "s.prompt"
    question = (
        "select r.question from reasonkit_steps o join reasonkit_runs r on r.id = o.run_id "
        "where o.turn_id = t.id order by r.id desc limit 1"
    )
    return f"coalesce(({question}), s.prompt)"
