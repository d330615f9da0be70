"""Runs that travelled in one of llm's own turns, as those of `llm -m think/…` do."""

from __future__ import annotations

from contextlib import suppress

from llm.logs import LogStore
from pydantic import ValidationError
from sqlite_utils import Database

from llm_reasonkit.reasoning.result import Result

_OURS = "model like 'think/%' or model like 'consensus/%'"


def result_in_turn(db: Database, ref: str) -> Result | None:
    """Return the result that a turn carries; `ref` is the turn's id or the beginning of it.

    None where there is no such turn, several, or one of another model.
    """
    # A file without llm's own tables may still have one of that name.
    if not ref or not {"id", "model"} <= set(_columns(db)):
        return None
    found = list(
        db.table("turns").rows_where(
            f"id >= ? and id < ? || '~' and ({_OURS})", [ref, ref], select="id", limit=2
        )
    )
    if len(found) != 1:
        return None
    # llm keeps of a response what stands elsewhere only as a reference to it.
    kept = LogStore(db).turn_response_json(found[0]["id"])
    with suppress(KeyError, TypeError, ValidationError):
        return Result.model_validate(kept["reasonkit"])
    return None


def _columns(db: Database) -> list[str]:
    return list(db.table("turns").columns_dict) if db.table("turns").exists() else []
