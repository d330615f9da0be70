"""`llm reasonkit export`: a recorded run as a document."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from llm_reasonkit.cli.ending import ends_cleanly
from llm_reasonkit.cli.options import RunOptions, run_options, taken
from llm_reasonkit.cli.output import require_writable, write_atomically
from llm_reasonkit.render.document import FORMS, Form, document
from llm_reasonkit.store.history import load_run
from llm_reasonkit.store.sources import load_sources


@click.command()
@run_options
@click.option(
    "form", "--format", type=click.Choice(FORMS), default="markdown", help="markdown by default"
)
@click.option(
    "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write to this file"
)
@click.option("--force", is_flag=True, help="Let --output overwrite a file")
@ends_cleanly
def command(form: Form, output: Path | None, force: bool, **options: Any) -> None:  # noqa: ANN401 (click)
    """Write a run as a document. With question, answer, steps, checks and cost.

    RUN is an id, the beginning of one, or a short id; without it, the most recent run is meant.

    \b
        llm reasonkit export --format html --output run.html
    """
    if output is not None:
        require_writable(output, force=force)
    run = taken(RunOptions, options)
    result = load_run(run.path, run.ref)
    text = document(result, form, load_sources(run.path, result.run_id))
    if output is None:
        click.echo(text, nl=False)
    else:
        write_atomically(output, text)
