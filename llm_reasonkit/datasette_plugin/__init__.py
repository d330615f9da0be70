"""Datasette's hooks: read-only pages on the runs of a log, on Datasette 0.65 and 1.0 alike.

Loaded whenever Datasette starts, with any database: nothing heavy here. Hooks that only one of the
two versions knows stand side by side; the other ignores them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from typing import Any
from weakref import WeakKeyDictionary

from datasette import hookimpl

_LOG = r"^/(?P<database>[^/]+)/-/reasonkit"
_PAGES = {
    r"^/-/reasonkit/?$": "logs",
    rf"{_LOG}(?:\.(?P<form>json))?/?$": "runs",
    rf"{_LOG}/run/(?P<run>[^/.]+)$": "run",
    rf"{_LOG}/run/(?P<run>[^/.]+)\.(?P<form>json|html)$": "document",
    rf"{_LOG}/compare/(?P<run>[^/.]+)(?:\.(?P<form>json))?$": "compare",
    rf"{_LOG}/calibration(?:\.(?P<form>json))?$": "calibration",
    rf"{_LOG}/panel(?:\.(?P<form>json))?$": "panel",
    rf"{_LOG}/cost(?:\.(?P<form>json))?$": "cost",
}

# What fails of ours on a page of somebody else's, or at the start, must not take that along.
_left_out = suppress(Exception)
# Databases with runs, as they were when Datasette started.
_logs: WeakKeyDictionary[Any, set[str]] = WeakKeyDictionary()


@hookimpl
def register_routes() -> list[tuple[str, Callable[..., Awaitable[Any]]]]:
    """Put our pages under `/-/reasonkit` and `/DATABASE/-/reasonkit`."""
    return [(route, _page(name)) for route, name in _PAGES.items()]


def _page(name: str) -> Callable[..., Awaitable[Any]]:
    """Give a view whose module is imported when it is asked for."""

    async def view(datasette: Any, request: Any) -> Any:  # noqa: ANN401 (Datasette has no types)
        from llm_reasonkit.datasette_plugin import frame, pages
        from llm_reasonkit.errors import ReasonkitError, StoreError

        if request.method not in ("GET", "HEAD"):
            return frame.reading_only()
        try:
            return await getattr(pages, name)(datasette, request)
        except StoreError as error:
            return await frame.unreadable(datasette, request, str(error))
        except ReasonkitError as error:
            return await frame.missing(datasette, request, str(error))

    return view


@hookimpl
def menu_links(datasette: Any, actor: Any, request: Any) -> Callable[[], Awaitable[Any]]:  # noqa: ANN401 (as above)
    """Put the runs into the menu of every page."""
    return lambda: _links(datasette, actor, datasette.databases, "/-/reasonkit")


@hookimpl
def database_actions(
    datasette: Any,  # noqa: ANN401 (as above)
    actor: Any,  # noqa: ANN401 (as above)
    database: str,
) -> Callable[[], Awaitable[Any]]:
    """Put the runs into the menu of their database."""
    return lambda: _links(datasette, actor, [database], f"/{database}/-/reasonkit")


async def _links(
    datasette: Any,  # noqa: ANN401 (as above)
    actor: Any,  # noqa: ANN401 (as above)
    databases: Iterable[str],
    page: str,
) -> list[dict[str, str]]:
    """Link to a page of ours if one of the databases is a log."""
    with _left_out:
        from llm_reasonkit.datasette_plugin.access import is_log

        for name in databases:
            if await is_log(datasette, actor, name):
                return [{"href": datasette.urls.path(page), "label": "Reasoning runs"}]
    return []


@hookimpl
def startup(datasette: Any) -> Callable[[], Awaitable[None]]:  # noqa: ANN401 (as above)
    """Find the logs among the databases; on 1.0 name our queries there."""

    async def find() -> None:
        with _left_out:
            for name, database in datasette.databases.items():
                if not await database.table_exists("reasonkit_runs"):
                    continue
                _logs.setdefault(datasette, set()).add(name)
                if hasattr(datasette, "add_query"):
                    await _name_queries(datasette, name)

    return find


async def _name_queries(datasette: Any, database: str) -> None:  # noqa: ANN401 (as above)
    from llm_reasonkit.datasette_plugin.queries import QUERIES

    for query in QUERIES:
        await datasette.add_query(
            database, query.name, query.sql, title=query.title, source="llm-reasonkit"
        )


@hookimpl
def canned_queries(
    datasette: Any,  # noqa: ANN401 (as above)
    database: str,
    actor: Any,  # noqa: ANN401 (as above)
) -> Callable[[], Awaitable[Any]]:
    """Name our queries, on 0.65: there a query shows also a table that the actor may not view."""

    async def queries() -> dict[str, dict[str, str]]:
        with _left_out:
            from llm_reasonkit.datasette_plugin.access import is_log
            from llm_reasonkit.datasette_plugin.queries import QUERIES

            if await is_log(datasette, actor, database):
                return {query.name: {"sql": query.sql, "title": query.title} for query in QUERIES}
        return {}

    return queries


@hookimpl
def get_metadata(datasette: Any, key: str | None, database: str | None) -> dict[str, Any]:  # noqa: ANN401 (as above)
    """Present a log's tables, on 0.65; on 1.0 our launcher does it by configuration."""
    from llm_reasonkit.datasette_plugin.layout import layout

    logs = _logs.get(datasette, ())
    return {"databases": {name: {"tables": layout()} for name in logs}}


@hookimpl
def render_cell(
    value: Any,  # noqa: ANN401 (as above)
    column: str,
    table: str | None,
    database: str,
    datasette: Any,  # noqa: ANN401 (as above)
) -> Any:  # noqa: ANN401 (as above)
    """Link runs to their pages, and show money as money."""
    if table is None or not table.startswith("reasonkit_") or value is None:
        return None
    from llm_reasonkit.datasette_plugin.cells import cell

    return cell(value, column, datasette.urls.path(f"/{database}/-/reasonkit/run"))


@hookimpl
def top_row(datasette: Any, database: str, table: str, row: Any) -> Callable[[], Awaitable[Any]]:  # noqa: ANN401 (as above)
    """Say above one of llm's turns which run it belongs to, on 1.0."""

    async def notice() -> Any:  # noqa: ANN401 (Markup or None)
        with _left_out:
            if table == "turns" and database in _logs.get(datasette, ()):
                from llm_reasonkit.datasette_plugin.cells import run_of_turn

                return await run_of_turn(datasette, database, row["id"])
        return None

    return notice


@hookimpl
def asgi_wrapper() -> Callable[[Any], Any]:
    """Answer only to the addresses that our launcher named, if it did."""
    from llm_reasonkit.datasette_plugin.hosts import refuse_other_hosts

    return refuse_other_hosts
