"""Who may see our pages, by Datasette's own permissions."""

from __future__ import annotations

from typing import Any

from datasette.app import Datasette
from datasette.utils.asgi import Forbidden

_SHOWN = (
    "reasonkit_runs",
    "reasonkit_steps",
    "reasonkit_step_inputs",
    "reasonkit_checks",
    "reasonkit_recipes",
    "reasonkit_members",
    "reasonkit_votes",
    "reasonkit_marks",
)

Actor = dict[str, Any] | None


async def check_may_view(datasette: Datasette, actor: Actor, database: str) -> None:
    """Raise Forbidden unless the actor may view all our tables; `db.execute` itself asks nobody.

    Datasette 1.0 has other methods for it than 0.65.
    """
    for table in _SHOWN:
        if hasattr(datasette, "allowed"):
            from datasette.resources import TableResource

            await datasette.ensure_permission(
                action="view-table", resource=TableResource(database, table), actor=actor
            )
        else:
            await datasette.ensure_permissions(
                actor,
                [("view-table", (database, table)), ("view-database", database), "view-instance"],
            )


async def logs_in(datasette: Datasette, actor: Actor) -> list[str]:
    """Name the databases with runs that the actor may view."""
    found = []
    for name, database in datasette.databases.items():
        if await database.table_exists("reasonkit_runs"):
            try:
                await check_may_view(datasette, actor, name)
            except Forbidden:
                continue
            found.append(name)
    return found
