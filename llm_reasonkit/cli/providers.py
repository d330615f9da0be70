"""`llm providers`: who offers models, how the key stands, which models there are and for what."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from decimal import Decimal

import click
from pydantic import SerializeAsAny

from llm_reasonkit import providers
from llm_reasonkit.cli.ending import ends_cleanly
from llm_reasonkit.cli.typed import usd
from llm_reasonkit.errors import UsageError
from llm_reasonkit.openrouter.ids import PROVIDER as OPENROUTER
from llm_reasonkit.openrouter.selection import Ability, Order, Wanted, parse_tokens, select
from llm_reasonkit.openrouter.settings import ClientSettings
from llm_reasonkit.render import providers as render
from llm_reasonkit.render.result_json import Listing, to_json

# Not that of `options`, which takes longer to import than a search takes.
_as_json = click.option("as_json", "--json", is_flag=True, help="Print JSON")
_refresh = click.option("--refresh", is_flag=True, help="Fetch OpenRouter's models anew first")


class ProviderPage(Listing):
    """What `show --json` prints: a provider and, as `items`, its models."""

    provider: SerializeAsAny[providers.Provider]


def _tokens(context: click.Context, option: click.Parameter, value: str) -> int:
    try:
        return parse_tokens(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


@click.group(invoke_without_command=True)
@_as_json
@click.pass_context
def command(context: click.Context, as_json: bool) -> None:
    """Providers of models: list (the default), show, search, recommend."""
    if context.invoked_subcommand is None:
        context.invoke(list_command, as_json=as_json)
    elif as_json:
        raise click.UsageError(f"--json goes after {context.invoked_subcommand}")


@command.command("list")
@_as_json
@ends_cleanly
def list_command(as_json: bool) -> None:
    """List OpenRouter and whoever else llm has models of."""
    found = providers.providers(_settings())
    click.echo(to_json(Listing(items=found)) if as_json else render.providers_table(found))


@command.command("show")
@click.argument("name")
@_refresh
@_as_json
@ends_cleanly
def show_command(name: str, refresh: bool, as_json: bool) -> None:
    """Show how you stand with a provider, and its models.

    For openrouter: the key, its limits, credits and free requests, as far as the server tells.
    """
    if name == OPENROUTER:
        status, known = asyncio.run(providers.openrouter_status(_settings(), refresh=refresh))
        provider: providers.Provider = status
        rows = providers.model_rows(known.models)
        text = render.openrouter_page(status, rows, _width())
    else:
        provider, rows = providers.models_of(name)
        text = render.provider_page(provider, rows, _width())
    if as_json:
        click.echo(to_json(ProviderPage(provider=provider, items=rows)))
    else:
        _page(text)


@command.command("search")
@click.argument("name")
@click.argument("words", nargs=-1)
@click.option("--free", is_flag=True, help="Only models that never cost anything")
@click.option(
    "--max-price",
    metavar="USD",
    callback=usd,
    help="Most USD per million tokens, for input as well as output",
)
@click.option(
    "--context",
    metavar="TOKENS",
    callback=_tokens,
    default="0",
    help="Least context: 128000, 128k, 1M",
)
@click.option(
    "--supports",
    type=click.Choice([ability.value for ability in Ability]),
    multiple=True,
    help="What they must support; may be repeated",
)
@click.option(
    "--sort",
    type=click.Choice([order.value for order in Order]),
    help="Cheapest, largest context or newest first",
)
@_refresh
@_as_json
@ends_cleanly
def search_command(
    name: str,
    words: tuple[str, ...],
    free: bool,
    max_price: Decimal | None,
    context: int,
    supports: tuple[str, ...],
    sort: str | None,
    refresh: bool,
    as_json: bool,
) -> None:
    """Find models of openrouter whose id or name has all WORDS.

    \b
        llm providers search openrouter claude
        llm providers search openrouter --free --supports tools
        llm providers search openrouter --max-price 1 --context 1M --sort price

    Works from the cached catalogue, also offline. Prices are USD per million tokens; `--sort
    price` goes by what a million tokens in and a million out cost together.
    """
    if name != OPENROUTER:
        raise UsageError(
            f"only openrouter has a catalogue to search; see `llm providers show {name}`"
        )
    wanted = Wanted(
        words=" ".join(words),
        free=free or None,
        max_price=max_price,
        context=context,
        supports=frozenset(map(Ability, supports)),
        order=Order(sort) if sort else None,
    )
    known = asyncio.run(providers.known_models(_settings, refresh=refresh))
    found = select(known.models, wanted)
    if as_json:
        click.echo(to_json(Listing(items=providers.model_rows(found))))
    elif found:
        click.echo(render.models_table(providers.model_rows(found), _width()))
    if not found:
        near = known.nearest(wanted.words) if words else []
        click.echo(f"no model fits{'; nearest: ' if near else ''}{', '.join(near)}", err=True)
    asyncio.run(providers.renew(known, _settings))


@command.command("recommend")
@_refresh
@_as_json
@ends_cleanly
def recommend_command(refresh: bool, as_json: bool) -> None:
    """Recommend models of openrouter for common uses, and say why.

    By what the catalogue says: what is offered, the newest of a family, price, context. How good
    the answers of a model are stands in no catalogue.
    """
    known = asyncio.run(providers.known_models(_settings, refresh=refresh))
    found = providers.advice(known)
    click.echo(to_json(Listing(items=found)) if as_json else render.advice_page(found, _width()))
    asyncio.run(providers.renew(known, _settings))


def _settings() -> ClientSettings:
    # Reading the configuration takes longer than searching the catalogue, which does not need it.
    from llm_reasonkit.config import load_settings

    return load_settings().client(os.environ)


def _width() -> int | None:
    """Return the columns of the terminal; a pipe or file gets all there is."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def _page(text: str) -> None:
    """Print to stdout, through a pager where it would not fit on the terminal."""
    if sys.stdout.isatty() and text.count("\n") >= shutil.get_terminal_size().lines:
        click.echo_via_pager(text)
    else:
        click.echo(text)
