"""`llm reasonkit resume` and `replay`: runs that are in the log already."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from llm_reasonkit import api
from llm_reasonkit.cli.ending import Failure, as_far_as_it_came, ends_cleanly, require_success
from llm_reasonkit.cli.options import (
    RunOptions,
    budget_option,
    config_option,
    key_option,
    max_calls_option,
    models_of_roles,
    output_options,
    roles_option,
    run_options,
    taken,
)
from llm_reasonkit.cli.output import Output
from llm_reasonkit.cli.progress import Progress
from llm_reasonkit.errors import UsageError
from llm_reasonkit.reasoning.result import Result
from llm_reasonkit.store.history import short_id_of
from llm_reasonkit.store.sources import load_sources
from llm_reasonkit.store.trace import load_trace

# As `diff` has it; nothing is wrong with what was typed.
DIFFERENT = 1


@click.command()
@run_options
@click.option("from_step", "--from", metavar="STEP", help="Ask again from this step on")
@click.option("model_id", "-m", "--model", help="Model for what is still asked")
@roles_option
@budget_option
@max_calls_option
@config_option
@key_option
@output_options
@ends_cleanly
def resume_command(
    from_step: str | None,
    model_id: str | None,
    roles: tuple[str, ...],
    budget: str | None,
    max_calls: int | None,
    config: Path | None,
    key: str | None,
    **options: Any,  # noqa: ANN401 (click passes them by name)
) -> None:
    """Go on with a run that broke off. What it has paid for is not asked again.

    RUN is an id, the beginning of one, or a short id; without it, the most recent run is meant.
    With --from, a step and what depends on it are asked again, by the protocol files as they are
    now, in a run of its own. A consensus or comparison goes on with its own models, so that --from,
    -m, --role and --max-calls are for `think`. --budget and --max-calls are for all of the run,
    with what it has taken already.

    \b
        llm reasonkit resume
        llm reasonkit resume 4tx0q9 --budget '$0.50'
        llm reasonkit resume 4tx0q9 --from laserlogic.extraction -m openrouter/openai/gpt-4o
    """
    output, run = taken(Output, options), taken(RunOptions, options)
    _require_one_model(run, model_id)
    orchestrator = api.ThinkToolOrchestrator(model_id, key=key, log=run.path, config=config)
    with output.progress() as progress:
        result = as_far_as_it_came(
            lambda: orchestrator.resume(
                run.ref,
                from_step=from_step,
                budget=budget,
                max_calls=max_calls,
                roles=models_of_roles(roles),
                stream=not output.no_stream,
                observer=progress,
            )
        )
        least = load_trace(run.path, result.run_id).recipe.request.get("min_confidence")
        _show(result, output, progress, run.path, least)
    require_success(result, least)


@click.command()
@run_options
@output_options
@ends_cleanly
def replay_command(**options: Any) -> None:  # noqa: ANN401 (click)
    """Repeat a run from its record. Offline, without a key, and without its models.

    RUN is an id, the beginning of one, or a short id; without it, the most recent run is meant.
    The result is the recorded one but for the times (`started` and `duration_ms` in JSON); where it
    is not, exits with 1 and tells which steps differ.
    """
    output, run = taken(Output, options), taken(RunOptions, options)
    orchestrator = api.ThinkToolOrchestrator(log=run.path)
    with output.progress() as progress:
        replayed = orchestrator.replay(run.ref, observer=progress)
        _show(replayed.result, output, progress, run.path)
    if replayed.differences:
        raise Failure(f"not as recorded: {'; '.join(replayed.differences)}", DIFFERENT)


def _require_one_model(run: RunOptions, model_id: str | None) -> None:
    """Raise UsageError for a model that would have several others to take the place of."""
    command = load_trace(run.path, run.ref).start.command
    if model_id is not None and command != "think":
        raise UsageError(f"a {command} goes on with the models that it has: leave out -m")


def _show(
    result: Result, output: Output, progress: Progress, path: Path, least: float | None = None
) -> None:
    output.show_members(result, progress)
    sources = load_sources(path, result.run_id)
    output.show(result, progress, short_id_of(path, result.run_id), sources, least)
