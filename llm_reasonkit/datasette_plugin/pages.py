"""The pages: each reads what it shows in one go; in Datasette's own frame, or as JSON."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlencode

from datasette.app import Datasette
from datasette.utils import tilde_decode
from datasette.utils.asgi import NotFound, Request, Response
from pydantic import BaseModel

from llm_reasonkit.datasette_plugin.access import check_may_view, logs_in
from llm_reasonkit.datasette_plugin.frame import framed
from llm_reasonkit.errors import ReasonkitError
from llm_reasonkit.reasoning.result import Result
from llm_reasonkit.render.charts import Column, stacked_columns
from llm_reasonkit.render.html import run_article, run_document
from llm_reasonkit.render.pages import charts_article, runs_article
from llm_reasonkit.render.result_json import Listing, to_json
from llm_reasonkit.store.browse import RunFilter, RunSummary, runs_in
from llm_reasonkit.store.costs import by_day_and_model
from llm_reasonkit.store.database import opened
from llm_reasonkit.store.history import run_in
from llm_reasonkit.store.rows import UNFINISHED

if TYPE_CHECKING:
    from sqlite_utils import Database as Log

_T = TypeVar("_T")

_ON_A_PAGE = 50
_FILTERS = ("text", "status", "command", "protocol", "model")


async def logs(datasette: Datasette, request: Request) -> Response:
    """List the databases with runs; where there is one, go there."""
    names = await logs_in(datasette, request.actor)
    if len(names) == 1:
        return Response.redirect(datasette.urls.path(f"/{names[0]}/-/reasonkit"))
    return Response.json(names)


async def runs(datasette: Datasette, request: Request) -> Response:
    """List the runs of a log, newest first, a page at a time."""
    given = {name: request.args.get(name) or None for name in _FILTERS}
    which, before = RunFilter(**given), request.args.get("before")
    found = await _read(datasette, request, lambda log: runs_in(log, which, _ON_A_PAGE + 1, before))
    shown, older = found[:_ON_A_PAGE], None
    if request.url_vars.get("form"):
        return _json(Listing(items=shown))
    if len(found) > _ON_A_PAGE:
        asked = {name: value for name, value in given.items() if value}
        older = "?" + urlencode({**asked, "before": shown[-1].run_id})
    home = _home(datasette, request)
    article = runs_article(
        shown,
        given,
        url_of=lambda summary: _address(home, summary),
        older=older,
        others={"Costs": f"{home}/cost"},
    )
    return await framed(datasette, request, "Reasoning runs", article)


async def run(datasette: Datasette, request: Request) -> Response:
    """Show one run; anew every few seconds while it goes on."""
    result, going_on = await _read(datasette, request, partial(_run_of, request))
    database = _database(request)
    article = run_article(
        result, turn_url=lambda turn: str(datasette.urls.row(database, "turns", turn))
    )
    return await framed(datasette, request, result.question, article, again=going_on)


async def document(datasette: Datasette, request: Request) -> Response:
    """Give one run as JSON, the same as `--json` prints, or as one HTML file."""
    result, _ = await _read(datasette, request, partial(_run_of, request))
    if request.url_vars["form"] == "json":
        return _json(result)
    return Response.html(run_document(result))


async def cost(datasette: Datasette, request: Request) -> Response:
    """Show what was spent, by day and model."""
    days = await _read(datasette, request, by_day_and_model)
    if request.url_vars.get("form"):
        return _json(Listing(items=days))
    columns = [Column(day.day, day.usd, day.unknown_calls) for day in days]
    article = charts_article("Costs", [stacked_columns("Cost by day and model, USD", columns)])
    return await framed(datasette, request, "Costs", article)


async def _read(datasette: Datasette, request: Request, work: Callable[[Log], _T]) -> _T:
    """Read from the log that the address names, if the actor may, off the event loop."""
    name = _database(request)
    try:
        database = datasette.get_database(name)
    except KeyError:
        raise NotFound(f"There is no database {name}") from None
    if not await database.table_exists("reasonkit_runs"):
        raise NotFound("No runs of llm-reasonkit are recorded in this database")
    await check_may_view(datasette, request.actor, name)
    try:
        found: _T = await database.execute_fn(lambda connection: work(opened(connection)))
    except ReasonkitError as error:
        raise NotFound(str(error)) from error
    return found


def _run_of(request: Request, log: Log) -> tuple[Result, bool]:
    result = run_in(log, request.url_vars["run"], Path(_database(request)))
    return result, UNFINISHED in result.warnings


def _database(request: Request) -> str:
    return str(tilde_decode(request.url_vars["database"]))


def _home(datasette: Datasette, request: Request) -> str:
    return str(datasette.urls.path(f"/{request.url_vars['database']}/-/reasonkit"))


def _address(home: str, summary: RunSummary) -> str:
    page = "compare" if summary.command == "compare" else "run"
    return f"{home}/{page}/{summary.run_id}"


def _json(value: BaseModel) -> Response:
    return Response(to_json(value), content_type="application/json; charset=utf-8")
