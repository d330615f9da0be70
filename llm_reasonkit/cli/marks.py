"""`llm reasonkit mark`, `calibration`, `panel`: say what was right, see what that teaches."""

from __future__ import annotations

from pathlib import Path
from typing import cast, get_args

import click

from llm_reasonkit.cli.ending import ends_cleanly
from llm_reasonkit.cli.options import RunOptions, database_option, json_option, names_in
from llm_reasonkit.cli.screen import show
from llm_reasonkit.errors import UsageError
from llm_reasonkit.render.result_json import Listing, to_json
from llm_reasonkit.render.track_record import calibration_table, panel_tables
from llm_reasonkit.store.marks import Verdict, panel_runs, set_mark
from llm_reasonkit.track_record import calibration, panel_report


@click.command()
@click.argument("words", nargs=-1, metavar="[RUN] right|wrong|unsure")
@click.option("--last", is_flag=True, help="The most recent run")
@click.option("--note", help="Why")
@database_option
@ends_cleanly
def mark_command(words: tuple[str, ...], last: bool, note: str | None, path: Path) -> None:
    """Say whether the answer of a run was right. Marks turn agreement into confidence.

    RUN is an id, the beginning of one, or a short id.
    """
    *runs, verdict = words or [""]
    if verdict not in get_args(Verdict):
        raise UsageError("say right, wrong or unsure, as in: llm reasonkit mark --last right")
    if len(runs) > 1:
        raise UsageError("name one run, or give --last")
    run = RunOptions(runs[0] if runs else None, last, path)
    marked = set_mark(path, run.required, cast("Verdict", verdict), note)
    click.echo(f"run {marked}: {verdict}", err=True)


@click.command()
@database_option
@json_option
@ends_cleanly
def calibration_command(path: Path, as_json: bool) -> None:
    """Show how often marked answers were right. By kind of answer and agreement."""
    rows = calibration(panel_runs(path))
    if as_json:
        click.echo(to_json(Listing(items=rows)))
    elif rows:
        show(calibration_table(rows))
    else:
        click.echo("no consensus is marked yet: llm reasonkit mark --last right", err=True)


@click.command()
@click.option("models", "-m", "--model", multiple=True, help="Members to show: a,b (repeatable)")
@database_option
@json_option
@ends_cleanly
def panel_command(models: tuple[str, ...], path: Path, as_json: bool) -> None:
    """Show which members agree, who was right, who adds least."""
    report = panel_report(panel_runs(path), names_in(models))
    if as_json:
        click.echo(to_json(report))
    elif report.members:
        show(panel_tables(report))
    elif models:
        click.echo("none of these models was in a panel; llm reasonkit panel shows all", err=True)
    else:
        click.echo('no panel has voted yet: llm consensus "…" -m a -m b -m c', err=True)
