"""Who may see our pages, by Datasette's own permissions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from datasette.app import Datasette
from datasette.utils.asgi import Forbidden

from llm_reasonkit.datasette_plugin.layout import OURS
from llm_reasonkit.store.database import explained

Actor = dict[str, Any] | None


async def check_may_view(datasette: Datasette, actor: Actor, database: str) -> None:
    """Raise Forbidden unless the actor may view all our tables; `db.execute` itself asks nobody.

    Datasette 1.0 has other methods for it than 0.65.
    """
    for table in OURS:
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


async def is_log(datasette: Datasette, actor: Actor, name: str) -> bool:
    """Tell whether a database has runs that the actor may view.

    Raises StoreError where it cannot be read.
    """
    database = datasette.databases[name]
    # Datasette's permissions are looked up in the database as well.
    with explained(Path(database.path or name)):
        if not await database.table_exists("reasonkit_runs"):
            return False
        try:
            await check_may_view(datasette, actor, name)
        except Forbidden:
            return False
        return True
