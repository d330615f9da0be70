"""`llm reasonkit runs` and `show`: what the log says of earlier runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import click
from llm.cli import logs_db_path

from llm_reasonkit.cli.ending import ends_cleanly
from llm_reasonkit.cli.screen import show
from llm_reasonkit.cli.typed import moment, usd
from llm_reasonkit.reasoning.result import RunStatus
from llm_reasonkit.render.listings import RunsTable
from llm_reasonkit.render.result_json import Listing, to_json
from llm_reasonkit.render.run_page import run_page
from llm_reasonkit.store.browse import RUNNING, RunFilter, list_runs
from llm_reasonkit.store.history import load_run, short_id_of

_database = click.option(
    "-d", "--database", type=click.Path(dir_okay=False), help="Path to log database"
)
_as_json = click.option("as_json", "--json", is_flag=True, help="Print JSON")


@click.command()
@_database
@click.option("-n", "--count", type=click.IntRange(min=0), default=20, help="0 for all")
@click.option("-q", "--query", "text", help="Words of the question or the answer")
@click.option("--command", help="Runs of this command: think, compare, consensus")
@click.option("--protocol", help="Runs of this protocol or profile")
@click.option("-m", "--model", help="Runs that used a model with this in its id")
@click.option("--status", type=click.Choice([RUNNING, *get_args(RunStatus)]))
@click.option("--min-cost", "least_usd", callback=usd, metavar="USD", help="Runs that cost as much")
@click.option("--max-cost", "most_usd", callback=usd, metavar="USD", help="Runs that cost no more")
@click.option("--since", callback=moment, metavar="TIME", help="24h, 7d, 4w or 2026-11-01")
@click.option("--until", callback=moment, metavar="TIME", help="24h, 7d, 4w or 2026-11-01")
@_as_json
@ends_cleanly
def list_command(database: str | None, count: int, as_json: bool, **which: Any) -> None:  # noqa: ANN401 (click passes them by name)
    """List runs, newest first; of several conditions all must hold."""
    restricted = RunFilter(**which)
    found = list_runs(Path(database or logs_db_path()), restricted, count or None)
    if as_json:
        click.echo(to_json(Listing(items=found)))
    elif found:
        show(RunsTable(found))
    elif restricted != RunFilter():
        click.echo("no run is like that", err=True)
    else:
        click.echo('no runs yet: llm think "a question" makes one', err=True)


@click.command()
@click.argument("run", default="last")
@_database
@click.option("--verbose", is_flag=True, help="Show whole outputs")
@_as_json
@ends_cleanly
def show_command(run: str, database: str | None, verbose: bool, as_json: bool) -> None:
    """Show a run and its steps.

    RUN is an id, the beginning of one, a short id, or `last` (the default).
    """
    path = Path(database or logs_db_path())
    result = load_run(path, run)
    if as_json:
        click.echo(to_json(result))
    else:
        show(run_page(result, short_id=short_id_of(path, result.run_id), full=verbose))
