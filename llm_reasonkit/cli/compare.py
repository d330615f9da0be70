"""`llm compare`: the same question to several models, their answers side by side."""

from __future__ import annotations

from pathlib import Path
from typing import Any

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
    options_option,
    output_options,
    panel_options,
    taken,
)
from llm_reasonkit.cli.output import Output
from llm_reasonkit.errors import UsageError
from llm_reasonkit.render.side_by_side import differences
from llm_reasonkit.store.history import LAST, short_id_of
from llm_reasonkit.store.prompts import earlier_prompt
from llm_reasonkit.store.schemas import resolve_schema


@click.command()
@click.argument("question", required=False)
@panel_options
@click.option("--protocol", help="Let each model think with this protocol")
@click.option("--profile", help="Let each model think with this profile")
@click.option("--schema", help="Answers are JSON: schema DSL, JSON schema, filepath or ID")
@click.option("judge", "--rank", metavar="MODEL", help="Let this model judge each two answers")
@click.option("as_diff", "--diff", is_flag=True, help="Show each two answers as a diff")
@click.option("--last", is_flag=True, help="Ask the most recent prompt of llm's log again")
@click.option("conversation_id", "--cid", help="Ask the last prompt of this conversation again")
@material_options
@options_option
@budget_option
@log_options
@output_options
@ends_cleanly
def command(
    question: str | None,
    protocol: str | None,
    profile: str | None,
    as_diff: bool,
    last: bool,
    conversation_id: str | None,
    **options: Any,  # noqa: ANN401 (click passes them by name)
) -> None:
    """Ask QUESTION of several models at once and show their answers side by side.

    \b
        llm compare "Explain monads in two sentences" -m gpt-4o -m claude-sonnet-4
        llm compare "Should we use microservices?" --models a,b --profile quick
        llm compare --last -m a -m b --diff
    """
    record, given = taken(LogOptions, options), taken(MaterialOptions, options)
    panel, output = taken(PanelOptions, options), taken(Output, options)
    material = given.with_question(
        _again(record.path, question, last, conversation_id), record.path
    )
    asked = api.PanelQuestion(
        material.question,
        models=panel.named,
        panel=panel.panel,
        schema=resolve_schema(record.path, options["schema"]) if options["schema"] else None,
        judge=options["judge"],
        system=given.system,
        sources=material.sources,
        attachments=material.attachments,
        options=dict(options["options"]),
        budget=options["budget"],
        stream=not output.no_stream,
    )
    orchestrator = record.orchestrator()
    with output.progress() as progress:
        result = as_far_as_it_came(
            lambda: orchestrator.compare(
                asked, profile=profile, protocol=protocol, observer=progress
            )
        )
        if as_diff and output.is_plain:
            progress.make_room()
            click.echo(differences(result))
        else:
            output.show_members(result, progress)
        output.show(result, progress, short_id_of(record.path, result.run_id), asked.sources)
    require_success(result)


def _again(path: Path, question: str | None, last: bool, conversation_id: str | None) -> str | None:
    """Return the question, or a prompt of llm's log that is to be asked again."""
    if sum([question is not None, last, conversation_id is not None]) > 1:
        raise UsageError("give a question, --last or --cid, one of them")
    if not (last or conversation_id):
        return question
    return earlier_prompt(path, conversation_id or LAST)
