"""`llm reasonkit runs` and `show`: what the log says of earlier runs."""

from __future__ import annotations

from pathlib import Path

import click
from llm.cli import logs_db_path

from llm_reasonkit.cli.ending import ends_cleanly
from llm_reasonkit.cli.screen import show
from llm_reasonkit.render.listings import RunsTable
from llm_reasonkit.render.result_json import Listing, to_json
from llm_reasonkit.render.run_page import run_page
from llm_reasonkit.store.history import list_runs, load_run, short_id_of

_database = click.option(
    "-d", "--database", type=click.Path(dir_okay=False), help="Path to log database"
)
_as_json = click.option("as_json", "--json", is_flag=True, help="Print JSON")


@click.command()
@_database
@click.option("-n", "--count", type=click.IntRange(min=0), default=20, help="0 for all")
@_as_json
@ends_cleanly
def list_command(database: str | None, count: int, as_json: bool) -> None:
    """List runs, newest first."""
    found = list_runs(Path(database or logs_db_path()), count or None)
    if as_json:
        click.echo(to_json(Listing(items=found)))
    elif found:
        show(RunsTable(found))
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
