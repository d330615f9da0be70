"""`llm reasonkit estimate`: what a query costs on different models, and what a month of them."""

from __future__ import annotations

import asyncio
import os
import re
from decimal import Decimal
from pathlib import Path

import click

from llm_reasonkit import api, providers
from llm_reasonkit.cli.ending import ends_cleanly
from llm_reasonkit.cli.options import database_option, json_option
from llm_reasonkit.cli.screen import show
from llm_reasonkit.config import load_settings
from llm_reasonkit.estimates import DAYS_A_MONTH, ModelEstimate, Month, estimate_models, month_of
from llm_reasonkit.openrouter.settings import ClientSettings
from llm_reasonkit.render.estimates import models_page
from llm_reasonkit.render.result_json import Listing, to_json
from llm_reasonkit.store.learnt import usual_sizes

_PERIODS = {"day": 1, "week": 7, "month": DAYS_A_MONTH}


class EstimateListing(Listing):
    """What `--json` prints: the models as `items`, and the month if there is one."""

    month: Month | None


def _per_day(context: click.Context, option: click.Parameter, value: str | None) -> Decimal | None:
    if value is None:
        return None
    match = re.fullmatch(r"(\d{1,9})(?:/(day|week|month))?", value)
    if match is None:
        raise click.BadParameter(f"{value!r} is no number of queries; give one such as 500/day")
    return Decimal(match[1]) / _PERIODS[match[2] or "day"]


def _mix(
    context: click.Context, option: click.Parameter, value: str | None
) -> list[Decimal] | None:
    if value is None:
        return None
    parts = [part.strip().removesuffix("%") for part in value.split(",")]
    if not all(re.fullmatch(r"\d{1,3}(\.\d+)?", part) for part in parts):
        raise click.BadParameter(f"{value!r} is no mix; give per cent, such as 50,30,20")
    shares = [Decimal(part) for part in parts]
    if sum(shares) != 100:
        raise click.BadParameter(f"{value!r} adds up to {sum(shares)}, not to 100")
    return shares


@click.command()
@click.option("--profile", help="Profile of each query: quick, balanced (the default), deep …")
@click.option("--protocol", help="Protocol of each query, instead of a profile")
@click.option("models", "-m", "--model", multiple=True, required=True, help="Repeatable")
@click.option("--queries", callback=_per_day, metavar="N/day", help="500/day, 9000/month")
@click.option("--mix", callback=_mix, help="Per cent of the queries for each model: 50,30,20")
@database_option
@click.option("--refresh", is_flag=True, help="Fetch OpenRouter's prices anew first")
@json_option
@ends_cleanly
def command(
    profile: str | None,
    protocol: str | None,
    models: tuple[str, ...],
    queries: Decimal | None,
    mix: list[Decimal] | None,
    path: Path,
    refresh: bool,
    as_json: bool,
) -> None:
    """Estimate what a query costs on OpenRouter's models. By the catalogue's prices.

    \b
        llm reasonkit estimate -m anthropic/claude-sonnet-4 -m openai/gpt-4o-mini
        llm reasonkit estimate --profile quick -m a/b -m c/d --queries 500/day --mix 80,20
    """
    if mix is not None and (queries is None or len(mix) != len(models)):
        raise click.UsageError("--mix needs --queries, and one share for each -m")
    plan = api.plan_of(protocol=protocol, profile=profile)
    known = asyncio.run(providers.known_models(_settings, refresh=refresh))
    learnt = usual_sizes(path)
    found = estimate_models(plan, models, known, learnt)
    month = None if queries is None else _month(found, queries, mix)
    if as_json:
        click.echo(to_json(EstimateListing(items=found, month=month)))
    else:
        show(models_page(found, month))
    asyncio.run(providers.renew(known, _settings))


def _month(found: list[ModelEstimate], queries: Decimal, mix: list[Decimal] | None) -> Month:
    even = [Decimal(100) / len(found)] * len(found)
    return month_of(found, queries, mix or even)


def _settings() -> ClientSettings:
    return load_settings().client(os.environ)
