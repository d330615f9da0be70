"""`llm reasonkit runs` and `show`: what the log says of earlier runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import click

from llm_reasonkit.cli.ending import ends_cleanly
from llm_reasonkit.cli.options import RunOptions, database_option, json_option, run_options, taken
from llm_reasonkit.cli.screen import show
from llm_reasonkit.cli.typed import moment, usd
from llm_reasonkit.errors import UsageError
from llm_reasonkit.reasoning.result import RunStatus
from llm_reasonkit.render.listings import RunsTable
from llm_reasonkit.render.result_json import Listing, to_json
from llm_reasonkit.render.run_page import Spoken, run_page
from llm_reasonkit.store.browse import RUNNING, RunFilter, list_runs
from llm_reasonkit.store.history import load_run, short_id_of
from llm_reasonkit.store.turns import load_turns

_COMMANDS = ["think", "compare", "consensus"]


@click.command()
@database_option
@click.option("-n", "--count", type=click.IntRange(min=0), default=20, help="0 for all")
@click.option("-q", "--query", "text", help="Words of the question or the answer")
@click.option("--command", type=click.Choice(_COMMANDS), help="Runs of this command")
@click.option("--protocol", help="Runs of this protocol or profile")
@click.option("-m", "--model", help="Runs that used a model with this in its id")
@click.option("--status", type=click.Choice([RUNNING, *get_args(RunStatus)]))
@click.option("--min-cost", "least_usd", callback=usd, metavar="USD", help="Runs that cost as much")
@click.option("--max-cost", "most_usd", callback=usd, metavar="USD", help="Runs that cost no more")
@click.option("--since", callback=moment, metavar="TIME", help="24h, 7d, 4w or 2026-11-01")
@click.option("--until", callback=moment, metavar="TIME", help="24h, 7d, 4w or 2026-11-01")
@json_option
@ends_cleanly
def list_command(path: Path, count: int, as_json: bool, **which: Any) -> None:  # noqa: ANN401 (click passes them by name)
    """List runs, newest first. Of several conditions all must hold."""
    restricted = RunFilter(**which)
    found = list_runs(path, restricted, count or None)
    if as_json:
        click.echo(to_json(Listing(items=found)))
    elif found:
        show(RunsTable(found))
    elif restricted != RunFilter():
        click.echo("no run matches; without options, the newest are listed", err=True)
    else:
        click.echo(f'no runs yet: llm think "a question" makes one in {path}', err=True)


@click.command()
@run_options
@click.option("--prompts", is_flag=True, help="Show what each call was sent")
@click.option("--raw", is_flag=True, help="Show what each call replied, before it was read")
@click.option("--verbose", is_flag=True, help="Show whole outputs")
@json_option
@ends_cleanly
def show_command(prompts: bool, raw: bool, verbose: bool, as_json: bool, **options: Any) -> None:  # noqa: ANN401 (click passes them by name)
    """Show a run and its steps.

    RUN is an id, the beginning of one, or a short id; without it, the most recent run is meant.
    """
    run = taken(RunOptions, options)
    result = load_run(run.path, run.ref)
    if as_json and (prompts or raw):
        raise UsageError(f"for prompts and replies as JSON: llm logs --cid {result.run_id} --json")
    if as_json:
        click.echo(to_json(result))
        return
    spoken = None
    if prompts or raw:
        ids = [step.turn_id for step in result.steps if step.turn_id]
        spoken = Spoken(load_turns(run.path, ids), prompts=prompts, replies=raw)
    short_id = short_id_of(run.path, result.run_id)
    show(run_page(result, short_id=short_id, full=verbose, spoken=spoken))
