"""`llm reasonkit delete` and `uninstall-tables`: take out of the log what is ours, after asking."""

from __future__ import annotations

from pathlib import Path

import click
from llm.cli import logs_db_path

from llm_reasonkit.cli.ending import ends_cleanly
from llm_reasonkit.errors import UsageError
from llm_reasonkit.render.sanitize import one_line
from llm_reasonkit.store.history import load_run
from llm_reasonkit.store.removal import delete_run, drop_tables

_database = click.option(
    "-d", "--database", type=click.Path(dir_okay=False), help="Path to log database"
)
_yes = click.option("-y", "--yes", is_flag=True, help="Do not ask")


@click.command()
@click.argument("run")
@_database
@click.option("--calls", is_flag=True, help="Delete the run's calls from llm's own log as well")
@_yes
@ends_cleanly
def delete_command(run: str, database: str | None, calls: bool, yes: bool) -> None:
    """Delete a run. Its calls stay in llm's own log unless --calls says otherwise.

    RUN is an id, the beginning of one, a short id, or `last`.
    """
    path = Path(database or logs_db_path())
    result = load_run(path, run)
    turns = sum(step.turn_id is not None for step in result.steps)
    fate = "are deleted as well" if calls else "stay in llm's log"
    click.echo(f"{one_line(result.question, 80)}\nIts {turns} calls {fate}.", err=True)
    if not yes:
        click.confirm("Delete this run?", abort=True, err=True)
    removed = delete_run(path, result.run_id, calls=calls)
    click.echo(f"deleted the run, {removed.steps} steps and {removed.turns} calls", err=True)


@click.command()
@_database
@_yes
@ends_cleanly
def uninstall_command(database: str | None, yes: bool) -> None:
    """Drop llm-reasonkit's tables: all runs are lost, llm's own log stays as it is."""
    path = Path(database or logs_db_path())
    if not path.exists():
        raise UsageError(f"there is no log at {path}")
    if not yes:
        click.confirm(f"Drop all runs and tables of llm-reasonkit in {path}?", abort=True, err=True)
    dropped = drop_tables(path)
    click.echo(f"dropped {len(dropped)} tables and views", err=True)
