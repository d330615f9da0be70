"""Providers and their models as plain text.

Not by rich: laying out 415 models takes it longer than everything else about finding one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from itertools import groupby
from typing import TYPE_CHECKING

from llm_reasonkit.openrouter.selection import Ability
from llm_reasonkit.render import figures
from llm_reasonkit.render.sanitize import one_line

if TYPE_CHECKING:
    from llm_reasonkit.openrouter.account import Account
    from llm_reasonkit.providers import Advice, ModelRow, OpenRouterStatus, Provider

_HEADER = ("model", "context", "in $/M", "out $/M", "supports")
_FIGURES = (1, 2, 3)
_LETTERS = {ability: ability.value[0].upper() for ability in Ability}
_LEGEND = ", ".join(f"{letter} {ability}" for ability, letter in _LETTERS.items())


def models_table(models: Sequence[ModelRow], width: int | None = None) -> str:
    """Models as rows: id, context, USD per million tokens in and out, what they support.

    width: of the terminal, in characters; None for no limit.
    """
    long = _columns([_HEADER, *(_cells(model, _in_words) for model in models)], _FIGURES)
    if width is None or _fits(long, width):
        return "\n".join(long)
    short = _columns([_HEADER, *(_cells(model, _in_letters) for model in models)], _FIGURES)
    if not _fits(short, width):
        short = [line for model in models for line in _stacked(model)]
    return "\n".join([*short, "", _LEGEND])


def providers_table(providers: Sequence[Provider]) -> str:
    """Providers as rows."""
    rows = [
        (
            one_line(provider.name),
            provider.key,
            figures.count(provider.models),
            "" if provider.age_seconds is None else f"{age(provider.age_seconds)} old",
        )
        for provider in providers
    ]
    return "\n".join(_columns([("provider", "key", "models", "catalogue"), *rows], (2,)))


def provider_page(provider: Provider, models: Sequence[ModelRow], width: int | None = None) -> str:
    """A provider other than OpenRouter, and its models."""
    facts = [("provider", one_line(provider.name)), ("key", provider.key)]
    return "\n".join([*_columns(facts), "", models_table(models, width)])


def openrouter_page(
    status: OpenRouterStatus, models: Sequence[ModelRow], width: int | None = None
) -> str:
    """How the user stands with OpenRouter, and its models."""
    account = status.account
    facts = [
        ("key", key_line(status)),
        ("limit", limit_line(account)),
        ("used", _used(account)),
        ("credits", credits_line(account)),
        ("free", free_line(account)),
        ("catalogue", catalogue_line(status.models, status.age_seconds)),
    ]
    return "\n".join([*_columns(facts), "", models_table(models, width)])


def advice_page(advice: Sequence[Advice], width: int | None = None) -> str:
    """Recommended models under what they are for, each with the reason."""
    header, *lines = _columns([_HEADER[:4], *(_advised(item.model) for item in advice)], _FIGURES)
    reasons = [one_line(item.why) for item in advice]
    pairs = list(zip(lines, reasons, strict=True))
    shown = [f"  {line.ljust(len(header))}  {why}" for line, why in pairs]
    if width is not None and not _fits(shown, width):
        shown = [f"  {line}\n    {why}" for line, why in pairs]
    page = [f"  {header}"]
    for use, group in groupby(zip(advice, shown, strict=True), lambda pair: pair[0].use):
        page += [one_line(use), *(line for _, line in group)]
    return "\n".join(page)


def key_line(status: OpenRouterStatus) -> str:
    """Say where the key is and whether it is accepted."""
    if status.key_source is None:
        return "missing: set one with `llm keys set openrouter` (https://openrouter.ai/keys)"
    found = f"{status.key_ending} from {one_line(status.key_source)}"
    if status.accepted:
        label = f" ({one_line(status.account.label, 60)})" if status.account.label else ""
        return f"{found}, accepted{label}"
    verdict = "not accepted" if status.accepted is False else "not checked"
    return f"{found}, {verdict}: {one_line(status.problem or '')}"


def limit_line(account: Account) -> str:
    """Say what may be spent with the key."""
    if account.limited is False:
        return "none"
    if account.limit is None:
        return "unknown"
    resets = f", resets {one_line(account.resets)}" if account.resets else ""
    return f"{_usd(account.limit_left)} left of {_usd(account.limit)}{resets}"


def credits_line(account: Account) -> str:
    """Say what is left of the credits."""
    if account.credits_left is None:
        return "unknown"
    return f"{_usd(account.credits_left)} left of {_usd(account.credits_bought)} bought"


def free_line(account: Account) -> str:
    """Say how many requests to free models are left today."""
    if account.free_left is None:
        return "unknown"
    of = "" if account.free_limit is None else f" of {figures.count(account.free_limit)}"
    return f"{figures.count(account.free_left)}{of} requests left today"


def catalogue_line(models: int | None, age_seconds: int | None) -> str:
    """Say how many models are known and since when."""
    if models is None or age_seconds is None:
        return "empty"
    return f"{figures.count(models)} models, {age(age_seconds)} old"


def age(seconds: int) -> str:
    """Format a time span in its largest unit: `40 s`, `5 min`, `3 h`, `12 days`."""
    for unit, size in (("days", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= size * (2 if unit == "days" else 1):
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def _used(account: Account) -> str:
    today = "" if account.used_today is None else f", {_usd(account.used_today)} today"
    return f"{_usd(account.used)}{today}"


def _usd(amount: Decimal | None) -> str:
    return "unknown" if amount is None else figures.usd(amount)


def _cells(model: ModelRow, supports: Callable[[ModelRow], str]) -> tuple[str, ...]:
    return (*_advised(model), supports(model))


def _advised(model: ModelRow | None) -> tuple[str, ...]:
    if model is None:
        return ("none", "", "", "")
    context = figures.short_count(model.context)
    prices = (_price(model, model.price_in), _price(model, model.price_out))
    return (one_line(model.id), context, *prices)


def _price(model: ModelRow, price: Decimal | None) -> str:
    """Format USD to the last digit of the catalogue."""
    if price is None:
        return "varies" if model.price_varies else "?"
    return "free" if model.free else f"{price.normalize():f}"


def _in_words(model: ModelRow) -> str:
    return " ".join(model.supports)


def _in_letters(model: ModelRow) -> str:
    return "".join(
        letter if ability in model.supports else "-" for ability, letter in _LETTERS.items()
    )


def _stacked(model: ModelRow) -> Iterator[str]:
    name, context, price_in, price_out, supports = _cells(model, _in_letters)
    yield name
    yield f"  {context}, in {price_in}, out {price_out}, {supports}"


def _columns(rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> list[str]:
    """Align cells, those of the columns in `right` at their end."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = (
        "  ".join(
            cell.rjust(width) if place in right else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    )
    return [line.rstrip() for line in lines]


def _fits(lines: Sequence[str], width: int) -> bool:
    return all(len(line) <= width for line in lines)
