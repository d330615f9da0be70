"""`llm reasonkit mark`, `calibration`, `panel`: say what was right, see what that teaches."""

from __future__ import annotations

from pathlib import Path
from typing import cast, get_args

import click
from llm.cli import logs_db_path

from llm_reasonkit.cli.ending import ends_cleanly
from llm_reasonkit.cli.options import names_in
from llm_reasonkit.cli.screen import show
from llm_reasonkit.errors import UsageError
from llm_reasonkit.render.result_json import Listing, to_json
from llm_reasonkit.render.track_record import calibration_table, panel_tables
from llm_reasonkit.store.history import LAST
from llm_reasonkit.store.marks import Verdict, set_mark
from llm_reasonkit.track_record import calibration, panel_report

_database = click.option(
    "-d", "--database", type=click.Path(dir_okay=False), help="Path to log database"
)
_as_json = click.option("as_json", "--json", is_flag=True, help="Print JSON")


@click.command()
@click.argument("words", nargs=-1, metavar="[RUN] right|wrong|unsure")
@click.option("--last", is_flag=True, help="Mark the most recent run")
@click.option("--note", help="Why")
@_database
@ends_cleanly
def mark_command(
    words: tuple[str, ...], last: bool, note: str | None, database: str | None
) -> None:
    """Say whether the answer of a run was right: marks turn agreement into confidence.

    RUN is an id, the beginning of one, a short id, or `last`.
    """
    *runs, verdict = words or [""]
    if verdict not in get_args(Verdict):
        raise UsageError("say right, wrong or unsure, as in: llm reasonkit mark last right")
    if len(runs) != (not last):
        raise UsageError("name one run, or give --last")
    ref = runs[0] if runs else LAST
    run = set_mark(Path(database or logs_db_path()), ref, cast("Verdict", verdict), note)
    click.echo(f"run {run}: {verdict}", err=True)


@click.command()
@_database
@_as_json
@ends_cleanly
def calibration_command(database: str | None, as_json: bool) -> None:
    """Show how often marked answers were right, by kind of answer and agreement."""
    rows = calibration(Path(database or logs_db_path()))
    if as_json:
        click.echo(to_json(Listing(items=rows)))
    elif rows:
        show(calibration_table(rows))
    else:
        click.echo("no consensus is marked yet: llm reasonkit mark last right", err=True)


@click.command()
@click.option("models", "-m", "--model", multiple=True, help="Members to show: a,b (repeatable)")
@_database
@_as_json
@ends_cleanly
def panel_command(models: tuple[str, ...], database: str | None, as_json: bool) -> None:
    """Show which members agree with whom, who was right, and which one adds least."""
    report = panel_report(Path(database or logs_db_path()), names_in(models))
    if as_json:
        click.echo(to_json(report))
    elif report.members:
        show(panel_tables(report))
    else:
        click.echo('no panel has voted yet: llm consensus "…" -m a -m b -m c', err=True)
