"""`llm reasonkit delete` and `uninstall-tables`: take out of the log what is ours, after asking."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from llm_reasonkit.cli.ending import ends_cleanly
from llm_reasonkit.cli.options import RunOptions, database_option, run_options, taken
from llm_reasonkit.errors import UsageError
from llm_reasonkit.render.sanitize import one_line
from llm_reasonkit.store.history import load_run
from llm_reasonkit.store.removal import delete_run, drop_tables

_yes = click.option("-y", "--yes", is_flag=True, help="Do not ask")


@click.command()
@run_options
@click.option("--calls", is_flag=True, help="Delete the run's calls from llm's own log as well")
@_yes
@ends_cleanly
def delete_command(calls: bool, yes: bool, **options: Any) -> None:  # noqa: ANN401 (click)
    """Delete a run. Its calls stay in llm's own log unless --calls says otherwise.

    RUN is an id, the beginning of one, or a short id.
    """
    run = taken(RunOptions, options)
    result = load_run(run.path, run.required)
    turns = sum(step.turn_id is not None for step in result.steps)
    fate = "are deleted as well" if calls else "stay in llm's log (--calls deletes them)"
    click.echo(f"{one_line(result.question, 80)}\nIts calls ({turns}) {fate}.", err=True)
    if not yes:
        click.confirm("Delete this run?", abort=True, err=True)
    removed = delete_run(run.path, result.run_id, calls=calls)
    too = f" and its calls ({removed.turns})" if calls else ""
    click.echo(f"deleted the run{too}", err=True)


@click.command()
@database_option
@_yes
@ends_cleanly
def uninstall_command(path: Path, yes: bool) -> None:
    """Drop llm-reasonkit's tables and all runs. What is llm's stays."""
    if not path.exists():
        raise UsageError(f"there is no log at {path}")
    if not yes:
        click.confirm(
            f"Drop all runs of llm-reasonkit in {path}? llm's own log stays as it is.",
            abort=True,
            err=True,
        )
    dropped = drop_tables(path)
    click.echo(f"dropped {len(dropped)} tables and views", err=True)
