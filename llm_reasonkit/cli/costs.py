"""`llm reasonkit costs`: what was spent, on what, and what of it nobody knows."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from llm_reasonkit.cli.ending import ends_cleanly
from llm_reasonkit.cli.options import database_option, json_option
from llm_reasonkit.cli.screen import show
from llm_reasonkit.cli.typed import moment
from llm_reasonkit.render.costs import costs_table
from llm_reasonkit.render.result_json import Listing, to_json
from llm_reasonkit.store.costs import By, CostRow, costs


class CostListing(Listing):
    """What `--json` prints: the rows as `items`, and what they add up to."""

    by: By
    since: datetime | None
    total: CostRow


@click.command()
@database_option
@click.option("--by", type=click.Choice([by.value for by in By]), default=By.DAY.value)
@click.option("--since", callback=moment, metavar="TIME", help="24h, 7d, 4w or 2026-11-01")
@json_option
@ends_cleanly
def command(path: Path, by: str, since: datetime | None, as_json: bool) -> None:
    """Add up what the calls of recorded runs cost, in USD.

    Billed is what the provider charged, computed what was reckoned from tokens and prices. Calls
    whose cost nobody told are counted and are in neither sum.
    """
    rows, total = costs(path, By(by), since)
    if as_json:
        click.echo(to_json(CostListing(items=rows, by=By(by), since=since, total=total)))
    elif rows:
        show(costs_table(rows, total, by))
    else:
        click.echo(f"no calls recorded{' in that time' if since else ' yet'}", err=True)
