"""Reads out of logs.db the texts that were given with a question."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from sqlite_utils import Database

from llm_reasonkit.store.database import reading


@dataclass(frozen=True, slots=True)
class GivenText:
    """A text that was given with a question: `name` says where it is from."""

    name: str
    text: str


def load_sources(path: Path, run_id: str) -> list[GivenText]:
    """Give the texts of a run in order; none where they were not recorded.

    Raises StoreError when the log cannot be read.
    """
    with reading(path) as db:
        return [] if db is None else sources_in(db, run_id)


def sources_in(db: Database, run_id: str) -> list[GivenText]:
    """Do what `load_sources` does in a database that is open."""
    if not db.table("reasonkit_recipes").exists():
        return []
    recipes = db.table("reasonkit_recipes").rows_where(
        "run_id = ?", [run_id], select="json_extract(recipe, '$.sources') as sources"
    )
    return [
        GivenText(source["name"], source["text"])
        for recipe in recipes
        for source in json.loads(recipe["sources"] or "[]")
    ]
