"""`llm think`: reason about a question with a protocol or a profile."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from llm_reasonkit import api
from llm_reasonkit.cli import local
from llm_reasonkit.cli.ending import EXIT_CODES, Failure, ends_cleanly
from llm_reasonkit.cli.options import (
    CallOptions,
    LogOptions,
    MaterialOptions,
    call_options,
    log_options,
    material_options,
    names_in,
    output_options,
    taken,
)
from llm_reasonkit.cli.output import Output
from llm_reasonkit.cli.screen import show
from llm_reasonkit.config import load_settings
from llm_reasonkit.errors import Interrupted, StoreError
from llm_reasonkit.models.roster import with_provider
from llm_reasonkit.reasoning.result import Result
from llm_reasonkit.render import figures
from llm_reasonkit.render.estimates import estimate_page
from llm_reasonkit.render.result_json import to_json
from llm_reasonkit.store.history import short_id_of


@click.command()
@click.argument("question", required=False)
@click.option("--protocol", help="Protocol to use: a name or the path of a YAML file")
@click.option("--profile", help="Profile to use: quick, balanced (the default), deep, paranoid …")
@click.option("model_id", "-m", "--model", help="Any llm model or alias")
@click.option("--provider", help="Put PROVIDER/ in front of the model, as in openrouter/…")
@click.option("use_local", "--local", is_flag=True, help="Use a local model, no key needed")
@material_options
@call_options
@click.option("--dry-run", is_flag=True, help="Show the calls and what they may cost, make none")
@log_options
@output_options
@ends_cleanly
def command(
    question: str | None,
    protocol: str | None,
    profile: str | None,
    model_id: str | None,
    provider: str | None,
    use_local: bool,
    dry_run: bool,
    **options: Any,  # noqa: ANN401 (click passes them by name)
) -> None:
    """Reason about QUESTION step by step and give one answer.

    Text on stdin is the question, or, when QUESTION is given, a source it is about.

    \b
        llm think "Should we use microservices?"
        llm think "Is this plan sound?" -f plan.md --protocol brutalhonesty
        cat report.txt | llm think "Sales rose by 8 %" --protocol proofguard
    """
    record = taken(LogOptions, options)
    given, calls = taken(MaterialOptions, options), taken(CallOptions, options)
    output = taken(Output, options)
    material = given.with_question(question, record.path)
    model = local.choose(model_id) if use_local else with_provider(provider, model_id)
    orchestrator = api.ThinkToolOrchestrator(
        model, key=record.key, log=record.kept, config=record.config
    )
    asked = api.Question(
        material.question,
        protocol=protocol,
        profile=profile,
        system=given.system,
        sources=material.sources,
        attachments=material.attachments,
        options=dict(calls.options),
        budget=calls.budget,
        route=calls.route,
        fallback=names_in(calls.fallback),
        stream=not output.no_stream,
    )
    if dry_run:
        found = orchestrator.estimate(asked, history=record.path)
        click.echo(to_json(found)) if output.as_json else show(estimate_page(found))
        return
    _confirm(orchestrator, asked, record)
    with output.progress() as progress:
        try:
            result = orchestrator.think(asked, observer=progress)
        except Interrupted as stop:
            if stop.result is None:
                raise
            result = stop.result
        output.show(result, progress, _short_id(result, record.path))
    if code := EXIT_CODES[result.status]:
        raise Failure(_why(result), code)


def _confirm(
    orchestrator: api.ThinkToolOrchestrator, asked: api.Question, record: LogOptions
) -> None:
    """Ask whoever sits at the terminal, if the run may cost more than they want to be asked for."""
    above = load_settings(record.config).confirm_above
    if above is None or not (sys.stdin and sys.stdin.isatty() and sys.stderr.isatty()):
        return
    found = orchestrator.estimate(asked, history=record.path)
    bounds = [usd for usd in (found.most_usd, found.limit) if usd is not None]
    if bounds and min(bounds) > above:
        likely = "" if found.usd is None else f" (likely {figures.usd(found.usd)})"
        most = figures.usd(min(bounds))
        click.confirm(f"This may cost up to {most}{likely}. Go on?", abort=True, err=True)


def _short_id(result: Result, path: Path) -> str | None:
    # The answer is there; that its log is busy just now is no reason to withhold it.
    with suppress(StoreError):
        return None if result.trace_id is None else short_id_of(path, result.run_id)
    return None


def _why(result: Result) -> str:
    if result.status == "interrupted":
        return "interrupted"
    if result.status == "stopped_by_budget":
        return f"stopped: {result.warnings[0]}"
    reasons = [step.error for step in result.steps if step.status == "failed" and step.error]
    return f"no answer: {reasons[0]}" if reasons else "no answer"
