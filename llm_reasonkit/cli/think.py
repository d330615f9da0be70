"""`llm think`: reason about a question with a protocol or a profile."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from llm_reasonkit import api
from llm_reasonkit.cli import local
from llm_reasonkit.cli.ending import as_far_as_it_came, ends_cleanly, require_success
from llm_reasonkit.cli.options import (
    CallOptions,
    ContinueOptions,
    ControlOptions,
    LogOptions,
    MaterialOptions,
    call_options,
    continue_options,
    control_options,
    log_options,
    material_options,
    names_in,
    output_options,
    taken,
)
from llm_reasonkit.cli.output import Output
from llm_reasonkit.cli.screen import show
from llm_reasonkit.config import load_settings
from llm_reasonkit.models.roster import with_provider
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
@continue_options
@material_options
@call_options
@control_options
@click.option("--dry-run", is_flag=True, help="Show the calls and what they may cost, make none")
@log_options
@output_options
@ends_cleanly
def command(
    question: str | None,
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
        llm think -c "And if we have only two engineers?"
    """
    record, output = taken(LogOptions, options), taken(Output, options)
    before = taken(ContinueOptions, options).earlier(record.path)
    asked = _question(question, record.path, options, stream=not output.no_stream)
    asked = before.lead_to(asked)
    model = local.choose(model_id) if use_local else with_provider(provider, model_id)
    orchestrator = record.orchestrator(model or before.model)
    if dry_run:
        found = orchestrator.estimate(asked, history=record.path)
        click.echo(to_json(found)) if output.is_json else show(estimate_page(found))
        return
    _confirm(orchestrator, asked, record)
    with output.progress() as progress:
        result = as_far_as_it_came(lambda: orchestrator.think(asked, observer=progress))
        short_id, least = short_id_of(record.path, result.run_id), asked.min_confidence
        output.show(result, progress, short_id, asked.sources, least)
    require_success(result, least)


def _question(
    typed: str | None, log: Path, options: dict[str, Any], *, stream: bool
) -> api.Question:
    given, calls = taken(MaterialOptions, options), taken(CallOptions, options)
    control = taken(ControlOptions, options)
    material = given.with_question(typed, log)
    return api.Question(
        material.question,
        protocol=options["protocol"],
        profile=options["profile"],
        system=given.system,
        sources=material.sources,
        attachments=material.attachments,
        options=dict(calls.options),
        budget=calls.budget,
        route=calls.route,
        fallback=names_in(calls.fallback),
        roles=control.models,
        effort=control.effort,
        max_calls=control.max_calls,
        min_confidence=control.min_confidence,
        web=control.web,
        stream=stream,
    )


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
