"""`llm think`: reason about a question with a protocol or a profile."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import click
import llm
from llm.cli import AttachmentType, attachment_types_callback, logs_db_path, logs_on

from llm_reasonkit import api
from llm_reasonkit.cli import local
from llm_reasonkit.cli.ending import EXIT_CODES, Failure, ends_cleanly
from llm_reasonkit.cli.material import gather
from llm_reasonkit.cli.output import Output
from llm_reasonkit.cli.screen import show
from llm_reasonkit.errors import Interrupted, StoreError
from llm_reasonkit.models.roster import with_provider
from llm_reasonkit.models.routing import ROUTES
from llm_reasonkit.openrouter.options import Route
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
@click.option("-s", "--system", help="System prompt to add to every step")
@click.option(
    "fragments",
    "-f",
    "--fragment",
    multiple=True,
    help="Source to reason about (alias, URL, hash or file path)",
)
@click.option(
    "attachments",
    "-a",
    "--attachment",
    type=AttachmentType(),
    multiple=True,
    help="Attachment path or URL or -",
)
@click.option(
    "attachment_types",
    "--at",
    "--attachment-type",
    type=(str, str),
    multiple=True,
    callback=attachment_types_callback,
    help="\b\nAttachment with explicit mimetype,\n--at image.jpg image/jpeg",
)
@click.option(
    "options", "-o", "--option", type=(str, str), multiple=True, help="key/value for the model"
)
@click.option(
    "--route", type=click.Choice(ROUTES), help="How OpenRouter chooses a model or its provider"
)
@click.option(
    "--fallback", multiple=True, help="Models to ask when the one before fails: a,b (repeatable)"
)
@click.option(
    "--config",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Configuration file that wins over your own",
)
@click.option("--budget", help="Most to spend: '$0.50', '2000t', '30s' or '$0.50,30s'")
@click.option("--dry-run", is_flag=True, help="Show the calls and what they may cost, make none")
@click.option("--key", help="API key to use")
@click.option("-n", "--no-log", is_flag=True, help="Don't log to database")
@click.option("--log", is_flag=True, help="Log to the database even if logging is off")
@click.option("-d", "--database", type=click.Path(dir_okay=False), help="Path to log database")
@click.option("--no-stream", is_flag=True, help="Do not stream output")
@click.option("-u", "--usage", is_flag=True, help="Show token usage and cost")
@click.option("as_json", "--json", is_flag=True, help="Print the result object as JSON")
@click.option(
    "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write to this file instead"
)
@click.option("--force", is_flag=True, help="Let --output overwrite a file")
@click.option("--quiet", is_flag=True, help="Print the answer only")
@click.option("--verbose", is_flag=True, help="Show the output of every step")
@ends_cleanly
def command(
    question: str | None,
    protocol: str | None,
    profile: str | None,
    model_id: str | None,
    provider: str | None,
    use_local: bool,
    system: str | None,
    fragments: tuple[str, ...],
    attachments: tuple[llm.Attachment, ...],
    attachment_types: list[llm.Attachment],
    options: tuple[tuple[str, str], ...],
    route: Route | None,
    fallback: tuple[str, ...],
    config: Path | None,
    budget: str | None,
    dry_run: bool,
    key: str | None,
    no_log: bool,
    log: bool,
    database: str | None,
    no_stream: bool,
    **output_options: Any,  # noqa: ANN401 (click passes them by name)
) -> None:
    """Reason about QUESTION step by step and give one answer.

    Text on stdin is the question, or, when QUESTION is given, a source it is about.

    \b
        llm think "Should we use microservices?"
        llm think "Is this plan sound?" -f plan.md --protocol brutalhonesty
        cat report.txt | llm think "Sales rose by 8 %" --protocol proofguard
    """
    if no_log and log:
        raise click.UsageError("Cannot use --no-log and --log together")
    output = Output(**output_options, stream=not no_stream)
    path = Path(database or logs_db_path())
    material = gather(question, fragments, [*attachments, *attachment_types], path)
    model = local.choose(model_id) if use_local else with_provider(provider, model_id)
    logged = (logs_on() or log) and not no_log
    orchestrator = api.ThinkToolOrchestrator(
        model, key=key, log=path if logged else False, config=config
    )
    asked = api.Question(
        material.question,
        protocol=protocol,
        profile=profile,
        system=system,
        sources=material.sources,
        attachments=material.attachments,
        options=dict(options),
        budget=budget,
        route=route,
        fallback=[name.strip() for given in fallback for name in given.split(",") if name.strip()],
        stream=not no_stream,
    )
    if dry_run:
        found = orchestrator.estimate(asked, history=path)
        click.echo(to_json(found)) if output.as_json else show(estimate_page(found))
        return
    _confirm(orchestrator, asked, path, config)
    with output.progress() as progress:
        try:
            result = orchestrator.think(asked, observer=progress)
        except Interrupted as stop:
            if stop.result is None:
                raise
            result = stop.result
        output.show(result, progress, _short_id(result, path))
    if code := EXIT_CODES[result.status]:
        raise Failure(_why(result), code)


def _confirm(
    orchestrator: api.ThinkToolOrchestrator, asked: api.Question, path: Path, config: Path | None
) -> None:
    """Ask whoever sits at the terminal, if the run may cost more than they want to be asked for."""
    above = api.load_settings(config).confirm_above
    if above is None or not (sys.stdin and sys.stdin.isatty() and sys.stderr.isatty()):
        return
    found = orchestrator.estimate(asked, history=path)
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
