"""`llm reasonkit doctor`: tries everything a run needs and says what to do."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click
from llm.cli import logs_db_path, logs_on

from llm_reasonkit import doctor
from llm_reasonkit.cli.ending import ends_cleanly
from llm_reasonkit.cli.screen import show
from llm_reasonkit.render.doctor import findings_table
from llm_reasonkit.render.result_json import Listing, to_json


@click.command()
@click.option("-d", "--database", type=click.Path(dir_okay=False), help="Path to log database")
@click.option("as_json", "--json", is_flag=True, help="Print JSON")
@ends_cleanly
def command(database: str | None, as_json: bool) -> None:
    """Check key, network, credits, limits, catalogue, configuration, log and versions.

    Ends with 0, with 2 where your setup has to be mended, or with 5 where OpenRouter will not
    answer. Shows no more of a key than its last 4 characters.
    """
    log = Path(database or logs_db_path())
    findings = asyncio.run(doctor.examine(log, logging=logs_on()))
    if as_json:
        click.echo(to_json(Listing(items=findings)))
    else:
        show(findings_table(findings))
    if code := doctor.exit_code(findings):
        raise click.exceptions.Exit(code)
