"""Which models of the catalogue fit what someone wants, and in which order. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from llm_reasonkit.openrouter.catalogue import Model

_MILLION = 1_000_000
_TOKENS = re.compile(r"(\d[\d_,]*(?:\.\d+)?)([km]?)", re.IGNORECASE)


class Ability(StrEnum):
    """What a model can do besides writing text."""

    TOOLS = "tools"
    SCHEMA = "schema"
    REASONING = "reasoning"
    IMAGES = "images"


class Order(StrEnum):
    """Price: the cheapest first; context: the largest; newest: the last one added."""

    PRICE = "price"
    CONTEXT = "context"
    NEWEST = "newest"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked of a model; what is left out does not matter.

    words: all of them stand in its id or name. free: nothing is ever billed, or, if False, it has
    a price. max_price: USD per million tokens, the most for input as well as for output.
    context: tokens, at least. order: None keeps that of the catalogue.
    """

    words: str = ""
    free: bool | None = None
    max_price: Decimal | None = None
    context: int = 0
    supports: frozenset[Ability] = frozenset()
    order: Order | None = None


def select(models: Iterable[Model], wanted: Wanted) -> list[Model]:
    """Return the models that fit, in the order asked for; what is unknown does not fit."""
    found = [model for model in models if _fits(model, wanted)]
    # Where two are alike in what they are sorted by, the catalogue's order stays.
    return sorted(found, key=_KEYS[wanted.order]) if wanted.order else found


def abilities(model: Model) -> list[Ability]:
    """Return what the catalogue says a model can do."""
    can = {
        Ability.TOOLS: model.supports_tools,
        Ability.SCHEMA: model.supports_schema,
        Ability.REASONING: model.reasons,
        Ability.IMAGES: model.supports_images,
    }
    return [ability for ability, has in can.items() if has]


def per_million(price: Decimal | None) -> Decimal | None:
    """Turn USD per token into USD per million tokens."""
    return None if price is None else price * _MILLION


def parse_tokens(text: str) -> int:
    """Read a number of tokens: `128000`, `128k` (thousands), `1M`. Raises ValueError."""
    found = _TOKENS.fullmatch(text.strip())
    if not found:
        raise ValueError(f"{text!r} is not a number of tokens; give one such as 128k or 1M")
    factor = {"": 1, "k": 1000, "m": _MILLION}[found[2].lower()]
    return int(Decimal(found[1].replace("_", "").replace(",", "")) * factor)


def _fits(model: Model, wanted: Wanted) -> bool:
    named = f"{model.id} {model.name}".lower()
    return (
        all(word in named for word in wanted.words.lower().removeprefix("openrouter/").split())
        and (wanted.free is not True or model.is_free)
        and (wanted.free is not False or all(_prices(model)))
        and (
            wanted.max_price is None
            or all(price is not None and price <= wanted.max_price for price in _prices(model))
        )
        and (model.context_length or 0) >= wanted.context
        and wanted.supports <= set(abilities(model))
    )


def _prices(model: Model) -> tuple[Decimal | None, Decimal | None]:
    return per_million(model.prompt_price), per_million(model.completion_price)


def _price(model: Model) -> tuple[bool, Decimal]:
    prompt, completion = model.prompt_price, model.completion_price
    if prompt is None or completion is None:
        return True, Decimal(0)
    return False, prompt + completion


_KEYS: dict[Order, Callable[[Model], tuple[bool, Decimal] | int]] = {
    Order.PRICE: _price,
    Order.CONTEXT: lambda model: -(model.context_length or 0),
    Order.NEWEST: lambda model: -model.created,
}
