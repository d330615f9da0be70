"""`llm reasonkit resume` and `replay`: runs that are in the log already."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from llm.cli import logs_db_path

from llm_reasonkit import api
from llm_reasonkit.cli.ending import Failure, as_far_as_it_came, ends_cleanly, require_success
from llm_reasonkit.cli.options import models_of_roles, output_options, taken
from llm_reasonkit.cli.output import Output
from llm_reasonkit.store.history import short_id_of
from llm_reasonkit.store.sources import load_sources
from llm_reasonkit.store.trace import load_trace

# As `diff` has it; nothing is wrong with what was typed.
DIFFERENT = 1

_run = click.argument("run", default="last")
_database = click.option(
    "-d", "--database", type=click.Path(dir_okay=False), help="Path to log database"
)


@click.command()
@_run
@click.option("from_step", "--from", metavar="STEP", help="Ask again from this step on")
@click.option("model_id", "-m", "--model", help="Model for what is still asked")
@click.option("roles", "--role", multiple=True, help="Model of one role: critic=MODEL (repeatable)")
@click.option("--budget", help="Most to spend in all: '$0.50', '20000t', '30s' or '$0.50,30s'")
@click.option(
    "--config",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Configuration file that wins over your own",
)
@click.option("--key", help="API key to use")
@_database
@output_options
@ends_cleanly
def resume_command(
    run: str,
    from_step: str | None,
    model_id: str | None,
    roles: tuple[str, ...],
    budget: str | None,
    config: Path | None,
    key: str | None,
    database: str | None,
    **options: Any,  # noqa: ANN401 (click passes them by name)
) -> None:
    """Go on with a run that broke off; what it has paid for is not asked again.

    RUN is an id, the beginning of one, a short id, or `last` (the default). With --from, a step and
    what depends on it are asked again, by the protocol files as they are now, in a run of its own.

    \b
        llm reasonkit resume
        llm reasonkit resume 4tx0q9 --budget '$0.50'
        llm reasonkit resume 4tx0q9 --from laserlogic.extraction -m openrouter/openai/gpt-4o
    """
    output = taken(Output, options)
    path = Path(database or logs_db_path())
    orchestrator = api.ThinkToolOrchestrator(model_id, key=key, log=path, config=config)
    with output.progress() as progress:
        result = as_far_as_it_came(
            lambda: orchestrator.resume(
                run,
                from_step=from_step,
                budget=budget,
                roles=models_of_roles(roles),
                stream=not output.no_stream,
                observer=progress,
            )
        )
        sources = load_sources(path, result.run_id)
        output.show(result, progress, short_id_of(path, result.run_id), sources)
    require_success(result, load_trace(path, result.run_id).recipe.request["min_confidence"])


@click.command()
@_run
@_database
@output_options
@ends_cleanly
def replay_command(run: str, database: str | None, **options: Any) -> None:  # noqa: ANN401 (click)
    """Repeat a run from what was recorded: offline, without a key, and without its models.

    RUN is an id, the beginning of one, a short id, or `last` (the default). The result is the
    recorded one but for the times (`started` and `duration_ms` in JSON); where it is not, exits
    with 1 and tells which steps differ.
    """
    output = taken(Output, options)
    path = Path(database or logs_db_path())
    orchestrator = api.ThinkToolOrchestrator(log=path)
    with output.progress() as progress:
        replayed = orchestrator.replay(run, observer=progress)
        result = replayed.result
        sources = load_sources(path, result.run_id)
        output.show(result, progress, short_id_of(path, result.run_id), sources)
    if replayed.differences:
        raise Failure(f"not as recorded: {'; '.join(replayed.differences)}", DIFFERENT)
