"""Cells of Datasette's own tables: runs as links to their pages, money as USD."""

from __future__ import annotations

from typing import Any

from datasette.app import Datasette
from markupsafe import Markup

from llm_reasonkit.render import figures
from llm_reasonkit.render.sanitize import one_line
from llm_reasonkit.store.rows import from_pico

_LINKED = ("short_id", "run_id", "parent_run")
_LONGEST = 200


def cell(value: Any, column: str, pages: str) -> str | None:  # noqa: ANN401 (whatever SQLite holds)
    """Return what to show for a value of our tables, None for what Datasette would.

    pages: address under which each run has its page. A foreign key comes with its label.
    """
    if column in _LINKED:
        key, label = (value["value"], value["label"]) if isinstance(value, dict) else (value, value)
        return Markup('<a href="{}/{}">{}</a>').format(pages, key, one_line(str(label), _LONGEST))
    if column in ("cost", "cost_saved") and isinstance(value, int):
        return figures.usd(from_pico(value))
    return None


async def run_of_turn(datasette: Datasette, database: str, turn: str) -> Markup | None:
    """Return a link to the run that a turn of llm's belongs to, if any."""
    found = await datasette.get_database(database).execute(
        "select r.id, r.title, s.id as step from reasonkit_steps s "
        "join reasonkit_runs r on r.id = s.run_id where s.turn_id = ?",
        [turn],
    )
    row = found.first()
    if row is None:
        return None
    page = datasette.urls.path(f"/{database}/-/reasonkit/run/{row['id']}")
    return Markup('<p>Step {} of the run <a href="{}">{}</a></p>').format(
        one_line(row["step"], _LONGEST), page, one_line(row["title"], _LONGEST)
    )
