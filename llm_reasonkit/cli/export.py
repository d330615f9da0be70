"""`llm reasonkit export`: a recorded run as a document."""

from __future__ import annotations

from pathlib import Path

import click
from llm.cli import logs_db_path

from llm_reasonkit.cli.ending import ends_cleanly
from llm_reasonkit.cli.output import require_writable, write_atomically
from llm_reasonkit.render.document import FORMS, Form, document
from llm_reasonkit.store.history import load_run
from llm_reasonkit.store.sources import load_sources


@click.command()
@click.argument("run", default="last")
@click.option("-d", "--database", type=click.Path(dir_okay=False), help="Path to log database")
@click.option(
    "form", "--format", type=click.Choice(FORMS), default="markdown", help="markdown by default"
)
@click.option(
    "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write to this file"
)
@click.option("--force", is_flag=True, help="Let --output overwrite a file")
@ends_cleanly
def command(run: str, database: str | None, form: Form, output: Path | None, force: bool) -> None:
    """Write a run as a document: question, answer, steps, checks and cost.

    RUN is an id, the beginning of one, a short id, or `last` (the default).

    \b
        llm reasonkit export last --format html --output run.html
    """
    if output is not None:
        require_writable(output, force=force)
    path = Path(database or logs_db_path())
    result = load_run(path, run)
    text = document(result, form, load_sources(path, result.run_id))
    if output is None:
        click.echo(text, nl=False)
    else:
        write_atomically(output, text)
