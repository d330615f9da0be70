"""What queries cost on models that nobody has chosen yet, by the catalogue's prices alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal

from llm_reasonkit.engine.estimate import Given, estimate
from llm_reasonkit.engine.ports import ModelFacts
from llm_reasonkit.errors import UsageError
from llm_reasonkit.openrouter.catalogue import Catalogue, Model
from llm_reasonkit.openrouter.ids import prefixed, wire_id
from llm_reasonkit.openrouter.pricing import dearest
from llm_reasonkit.openrouter.selection import per_million
from llm_reasonkit.reasoning.limits import Price
from llm_reasonkit.reasoning.plan import Plan
from llm_reasonkit.reasoning.result import Record, Usd
from llm_reasonkit.store.learnt import Known

DAYS_A_MONTH = 30
# A question as people ask it, and no sources.
_QUESTION = "x" * 400


class ModelEstimate(Record):
    """What one query costs on a model, in USD, as likely and at most; None where unknown.

    price_in, price_out: USD per million tokens. context: tokens.
    """

    model: str
    context: int | None
    price_in: Usd | None
    price_out: Usd | None
    calls: int
    tokens: int
    usd: Usd | None
    most_usd: Usd | None
    basis: list[str]


class Share(Record):
    """A model's part of a month. share: per cent of the queries."""

    model: str
    share: Decimal
    queries: int
    usd_query: Usd | None
    usd: Usd | None


class Month(Record):
    """What all queries of a month of 30 days cost; usd is None where a part is unknown."""

    queries: int
    usd: Usd | None
    rows: list[Share]


def estimate_models(
    plan: Plan, names: Sequence[str], known: Catalogue, learnt: Known
) -> list[ModelEstimate]:
    """Reckon a query on each model of OpenRouter's. Raises UsageError for an unknown model."""
    return [_on_model(plan, _find(name, known), learnt) for name in names]


def month_of(models: Sequence[ModelEstimate], a_day: Decimal, mix: Sequence[Decimal]) -> Month:
    """Share the queries of each day out among models. mix: per cent each, 100 together."""
    queries = round(a_day * DAYS_A_MONTH)
    rows = []
    for model, share in zip(models, mix, strict=True):
        count = round(queries * share / 100)
        usd = None if model.usd is None else model.usd * count
        rows.append(
            Share(model=model.model, share=share, queries=count, usd_query=model.usd, usd=usd)
        )
    known = [row.usd for row in rows if row.usd is not None]
    total = sum(known, Decimal(0)) if len(known) == len(rows) else None
    return Month(queries=queries, usd=total, rows=rows)


def _find(name: str, known: Catalogue) -> Model:
    found = known.get(wire_id(name))
    if found is None:
        near = ", ".join(known.nearest(wire_id(name)))
        hint = f"; nearest: {near}" if near else ""
        raise UsageError(f"OpenRouter's catalogue has no model {name!r}{hint}")
    return found


def _on_model(plan: Plan, model: Model, learnt: Known) -> ModelEstimate:
    price = dearest(model.pricing)
    usual = price and Price(
        prompt=model.prompt_price or Decimal(0),
        completion=model.completion_price or Decimal(0),
        request=price.request,
    )
    likely, worst = (
        estimate(plan, Given(_QUESTION), _facts(model, rate), learnt) for rate in (usual, price)
    )
    return ModelEstimate(
        model=model.id,
        context=model.context_length,
        price_in=per_million(model.prompt_price),
        price_out=per_million(model.completion_price),
        calls=likely.calls,
        tokens=likely.tokens,
        usd=likely.usd,
        most_usd=worst.most_usd,
        basis=[*likely.basis, "a question of 400 characters, no sources, no cached tokens"],
    )


def _facts(model: Model, price: Price | None) -> Callable[[str], ModelFacts]:
    facts = ModelFacts(
        id=prefixed(model.id),
        reasons=model.must_reason,
        constrains_output=model.supports_schema,
        price=price,
        context_length=model.context_length,
    )
    return lambda role: facts
