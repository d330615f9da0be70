"""How far a run is that goes on."""

from __future__ import annotations

import json
from typing import Any, Literal

from sqlite_utils import Database

from llm_reasonkit.reasoning.result import Record


class Progress(Record):
    """What of a run is done so far, and how much there is at most; None where that is not known.

    what: members of a panel or a comparison, else calls, those made once more not counted.
    """

    what: Literal["calls", "members"]
    done: int
    under_way: int
    most: int | None


def progress_in(db: Database, run_id: str) -> Progress:
    """Return how far a run is, in an open database."""
    table = db.table("reasonkit_recipes")
    found = table.rows_where("run_id = ?", [run_id]) if table.exists() else iter(())
    recipe: dict[str, Any] = next((json.loads(row["recipe"]) for row in found), {})
    # A comparison of protocols has a run of its own for each model.
    if runs := recipe.get("request", {}).get("runs"):
        ended = f"id in ({', '.join('?' * len(runs))}) and status is not null"
        done = db.table("reasonkit_runs").count_where(ended, list(runs))
        return Progress(what="members", done=done, under_way=len(runs) - done, most=len(runs))
    seats = recipe.get("plan", {}).get("seats")
    steps = db.table("reasonkit_steps").rows_where(
        "run_id = ? and kind = 'prompt' and attempt = 1 and status <> 'skipped'",
        [run_id],
        select="name, status",
    )
    states = [row["status"] for row in steps if seats is None or row["name"] == "members"]
    under_way = states.count("running")
    return Progress(
        what="calls" if seats is None else "members",
        done=len(states) - under_way,
        under_way=under_way,
        most=(recipe.get("planned_calls") if seats is None else len(seats)) or None,
    )
