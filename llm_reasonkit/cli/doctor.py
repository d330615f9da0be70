"""`llm reasonkit doctor`: tries everything a run needs and says what to do."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click
from llm.cli import logs_on

from llm_reasonkit import doctor
from llm_reasonkit.cli.ending import ends_cleanly
from llm_reasonkit.cli.options import database_option, json_option
from llm_reasonkit.cli.screen import show
from llm_reasonkit.render.doctor import findings_table
from llm_reasonkit.render.result_json import Listing, to_json


@click.command()
@database_option
@json_option
@ends_cleanly
def command(path: Path, as_json: bool) -> None:
    """Check all that a run needs, and say what to do.

    Key, network, credits, limits, catalogue, configuration, log and versions. Ends with 0, with 2
    where your setup has to be mended, or with 5 where OpenRouter will not answer. Shows no more of
    a key than its last 4 characters.
    """
    findings = asyncio.run(doctor.examine(path, logging=logs_on()))
    if as_json:
        click.echo(to_json(Listing(items=findings)))
    else:
        show(findings_table(findings))
    if code := doctor.exit_code(findings):
        raise click.exceptions.Exit(code)
