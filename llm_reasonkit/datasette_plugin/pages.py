"""The pages: each reads what it shows in one go; in Datasette's own frame, or as JSON."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlencode

from datasette.app import Datasette
from datasette.utils import tilde_decode, tilde_encode
from datasette.utils.asgi import Request, Response
from markupsafe import Markup
from pydantic import BaseModel

from llm_reasonkit import track_record
from llm_reasonkit.datasette_plugin.access import check_may_view, is_log
from llm_reasonkit.datasette_plugin.frame import AS_TOLD, framed
from llm_reasonkit.errors import UsageError
from llm_reasonkit.reasoning.result import Result
from llm_reasonkit.render.comparison import comparison_article
from llm_reasonkit.render.html import run_article, run_document
from llm_reasonkit.render.pages import (
    MARKING,
    calibration_charts,
    charts_article,
    costs_chart,
    costs_table,
    panel_charts,
    panel_notes,
    right_answers_table,
    runs_article,
)
from llm_reasonkit.render.result_json import Listing, to_json
from llm_reasonkit.store.browse import RunFilter, RunSummary, runs_in
from llm_reasonkit.store.costs import By, by_day_and_model, cost_rows, of_right_answers
from llm_reasonkit.store.database import explained, opened
from llm_reasonkit.store.history import require_runs, run_in
from llm_reasonkit.store.marks import panel_runs_in
from llm_reasonkit.store.progress import Progress, progress_in
from llm_reasonkit.store.rows import GOES_ON
from llm_reasonkit.store.sources import GivenText, sources_in

if TYPE_CHECKING:
    from sqlite_utils import Database as Log

_T = TypeVar("_T")

_ON_A_PAGE = 50
_DAYS = "30"
_FILTERS = ("text", "status", "command", "protocol", "model")


async def logs(datasette: Datasette, request: Request) -> Response:
    """List the databases with runs; where there is one, go there."""
    names = [n for n in datasette.databases if await is_log(datasette, request.actor, n)]
    pages = {n: datasette.urls.path(f"/{tilde_encode(n)}/-/reasonkit") for n in names}
    if len(names) == 1:
        return Response.redirect(pages[names[0]])
    if not names:
        raise UsageError("no runs of llm-reasonkit are recorded in these databases")
    link = Markup('<li><a href="{}">{}</a></li>')
    links = Markup().join(link.format(page, name) for name, page in pages.items())
    article = Markup('<article class="reasonkit"><h1>Reasoning runs</h1><ul>{}</ul></article>')
    return await framed(datasette, request, "Reasoning runs", article.format(links))


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
        others={
            "Costs": f"{home}/cost",
            "Calibration": f"{home}/calibration",
            "Panels": f"{home}/panel",
        },
    )
    return await framed(datasette, request, "Reasoning runs", article)


async def run(datasette: Datasette, request: Request) -> Response:
    """Show one run; anew every few seconds while it goes on."""
    result, given = await _run(datasette, request)
    database, home = _database(request), _home(datasette, request)
    going_on = GOES_ON in result.warnings
    article = run_article(
        result,
        given,
        turn_url=lambda turn: str(datasette.urls.row(database, "turns", turn)),
        progress=await _progress(datasette, request, result) if going_on else None,
    )
    ways = {"All runs": home}
    if result.members:
        ways["Members side by side"] = f"{home}/compare/{result.run_id}"
    page = f"{home}/run/{result.run_id}"
    ways |= {"As one HTML file": f"{page}.html", "As JSON": f"{page}.json"}
    return await framed(datasette, request, result.question, article, ways=ways, again=going_on)


async def document(datasette: Datasette, request: Request) -> Response:
    """Give one run as JSON, the same as `--json` prints, or as one HTML file."""
    result, given = await _run(datasette, request)
    if request.url_vars["form"] == "json":
        return _json(result)
    return Response.html(run_document(result, given), headers=AS_TOLD)


async def compare(datasette: Datasette, request: Request) -> Response:
    """Show the members of a run side by side; `?only=different` leaves out what is the same."""
    result, _ = await _run(datasette, request)
    if request.url_vars.get("form"):
        return _json(result)
    home = _home(datasette, request)
    ways = {"All runs": home, "Steps and checks": f"{home}/run/{result.run_id}"}
    article = comparison_article(result, only_different=request.args.get("only") == "different")
    going_on = GOES_ON in result.warnings
    return await framed(datasette, request, result.question, article, ways=ways, again=going_on)


async def cost(datasette: Datasette, request: Request) -> Response:
    """Show what was spent, by day and model, protocol and provider, in the last `?days=30`."""
    since = _since(request)
    days = _read(datasette, request, partial(by_day_and_model, since=since))
    if request.url_vars.get("form"):
        return _json(Listing(items=await days))
    kinds = (By.MODEL, By.PROTOCOL, By.PROVIDER)
    rows_by = [partial(cost_rows, by=by, since=since) for by in kinds]
    # At once, as each of them reads every call: Datasette has several threads.
    spent, marked, tables = await asyncio.gather(
        days,
        _read(datasette, request, of_right_answers),
        asyncio.gather(*(_read(datasette, request, rows) for rows in rows_by)),
    )
    charts = [
        costs_chart(spent),
        *(costs_table(f"Cost by {by}", by, rows) for by, rows in zip(kinds, tables, strict=True)),
        right_answers_table(marked),
    ]
    home = _home(datasette, request)
    ways = {"All runs": home, "30 days": f"{home}/cost", "A year": f"{home}/cost?days=365"}
    ways["All days"] = f"{home}/cost?days=0"
    article = charts_article("Costs", charts)
    return await framed(datasette, request, "Costs", article, ways=ways)


async def calibration(datasette: Datasette, request: Request) -> Response:
    """Show how often marked answers were right, by kind of answer and agreement."""
    rows = track_record.calibration(await _read(datasette, request, panel_runs_in))
    if request.url_vars.get("form"):
        return _json(Listing(items=rows))
    article = charts_article("Calibration", calibration_charts(rows), MARKING)
    ways = {"All runs": _home(datasette, request)}
    return await framed(datasette, request, "Calibration", article, ways=ways)


async def panel(datasette: Datasette, request: Request) -> Response:
    """Show which members of panels agree with whom, and who was right."""
    report = track_record.panel_report(await _read(datasette, request, panel_runs_in))
    if request.url_vars.get("form"):
        return _json(report)
    article = charts_article("Panels", panel_charts(report), panel_notes(report))
    ways = {"All runs": _home(datasette, request)}
    return await framed(datasette, request, "Panels", article, ways=ways)


def _since(request: Request) -> datetime | None:
    days = request.args.get("days") or _DAYS
    if not re.fullmatch("[0-9]{1,5}", days):
        raise UsageError(f"days has to be a number up to 99999, 0 for all, not {days}")
    return datetime.now(UTC) - timedelta(days=int(days)) if int(days) else None


async def _run(datasette: Datasette, request: Request) -> tuple[Result, list[GivenText]]:
    """Read the run that the address names, and the texts that were given with it."""

    def work(log: Log) -> tuple[Result, list[GivenText]]:
        result = run_in(log, request.url_vars["run"], _file(datasette, request))
        return result, sources_in(log, result.run_id)

    return await _read(datasette, request, work)


async def _progress(datasette: Datasette, request: Request, result: Result) -> Progress:
    return await _read(datasette, request, lambda log: progress_in(log, result.run_id))


async def _read(datasette: Datasette, request: Request, work: Callable[[Log], _T]) -> _T:
    """Read from the log that the address names, if the actor may, off the event loop."""
    name = _database(request)
    try:
        database = datasette.get_database(name)
    except KeyError:
        raise UsageError(f"there is no database {name}") from None
    path = _file(datasette, request)
    with explained(path):
        await check_may_view(datasette, request.actor, name)

    def read(connection: Any) -> _T:  # noqa: ANN401 (sqlite3 is the store's)
        with opened(connection, path) as log:
            return work(require_runs(log, path))

    found: _T = await database.execute_fn(read)
    return found


def _file(datasette: Datasette, request: Request) -> Path:
    name = _database(request)
    return Path(datasette.get_database(name).path or name)


def _database(request: Request) -> str:
    return str(tilde_decode(request.url_vars["database"]))


def _home(datasette: Datasette, request: Request) -> str:
    return str(datasette.urls.path(f"/{request.url_vars['database']}/-/reasonkit"))


def _address(home: str, summary: RunSummary) -> str:
    page = "compare" if summary.command == "compare" else "run"
    return f"{home}/{page}/{summary.run_id}"


def _json(value: BaseModel) -> Response:
    kind = "application/json; charset=utf-8"
    return Response(to_json(value), headers=AS_TOLD, content_type=kind)
