"""`llm consensus`: ask several models the same question and count what they answer."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any, get_args

import click

from llm_reasonkit import api
from llm_reasonkit.cli.ending import as_far_as_it_came, ends_cleanly, require_success
from llm_reasonkit.cli.options import (
    LogOptions,
    MaterialOptions,
    PanelOptions,
    budget_option,
    log_options,
    material_options,
    min_confidence_option,
    names_in,
    options_option,
    output_options,
    panel_options,
    taken,
)
from llm_reasonkit.cli.output import Output
from llm_reasonkit.errors import UsageError
from llm_reasonkit.reasoning.answers import Kind
from llm_reasonkit.store.history import short_id_of
from llm_reasonkit.store.schemas import resolve_schema


@click.command()
@click.argument("question", required=False)
@panel_options
@click.option("--threshold", help="Share of the members that must agree (0.8)")
@click.option("--answer", type=click.Choice(get_args(Kind)), help="Kind of answer to compare")
@click.option("--choices", multiple=True, help="Options to choose from: A,B,C")
@click.option("--schema", help="Answers are JSON: schema DSL, JSON schema, filepath or ID")
@click.option("--ask", metavar="2+1", help="Ask two, then one on a split, then nobody else")
@click.option("--stop", type=click.Choice(["decided", "likely"]), help="When to ask no more")
@click.option("--samples", type=click.IntRange(1, 100), default=1, help="Replies of each model")
@click.option("--judge", metavar="MODEL", help="Tells whether two answers mean the same")
@click.option("--rounds", type=click.IntRange(0, 1), default=0, help="Show each other's reasons")
@min_confidence_option
@material_options
@options_option
@budget_option
@log_options
@output_options
@ends_cleanly
def command(
    question: str | None,
    min_confidence: float | None,
    **options: Any,  # noqa: ANN401 (click passes them by name)
) -> None:
    """Ask QUESTION of several models, blind and side by side, and count their votes.

    The answer stands if the threshold's share of the members gives it, of two makers at least;
    else the leading answer is shown as such and the command ends with 4.

    \b
        llm consensus "Is 2027 a prime?" -m gpt-4o -m claude-sonnet-4 -m gemini-2.5-pro
        llm consensus "How many moons has Mars?" --models a,b,c --ask 2+1
        llm consensus "17 * 23?" -m small --answer number --samples 5 --stop likely
    """
    record, given = taken(LogOptions, options), taken(MaterialOptions, options)
    panel, output = taken(PanelOptions, options), taken(Output, options)
    material = given.with_question(question, record.path)
    asked = api.PanelQuestion(
        material.question,
        models=panel.named,
        panel=panel.panel,
        threshold=_share(options["threshold"]),
        answer=options["answer"],
        choices=names_in(options["choices"]),
        schema=resolve_schema(record.path, options["schema"]) if options["schema"] else None,
        waves=_waves(options["ask"]),
        stop=options["stop"] or "never",
        samples=options["samples"],
        judge=options["judge"],
        rounds=options["rounds"],
        min_confidence=min_confidence,
        system=given.system,
        sources=material.sources,
        attachments=material.attachments,
        options=dict(options["options"]),
        budget=options["budget"],
        stream=not output.no_stream,
    )
    orchestrator = record.orchestrator()
    with output.progress() as progress:
        result = as_far_as_it_came(lambda: orchestrator.consensus(asked, observer=progress))
        output.show_members(result, progress)
        output.show(result, progress, short_id_of(record.path, result.run_id), asked.sources)
    require_success(result, min_confidence)


def _share(typed: str | None) -> Decimal | None:
    if typed is None:
        return None
    try:
        return Decimal(typed)
    except InvalidOperation:
        raise UsageError(f"--threshold {typed}: give a share such as 0.8") from None


def _waves(typed: str | None) -> list[int]:
    if typed is None:
        return []
    parts = typed.split("+")
    if not all(part.isdecimal() and int(part) for part in parts):
        raise UsageError(f"--ask {typed}: write it as 2+1, the first to ask and the next")
    return [int(part) for part in parts]
