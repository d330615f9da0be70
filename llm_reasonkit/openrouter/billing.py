"""What a call was billed, asked for where its reply did not say."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from llm_reasonkit.errors import CallError
from llm_reasonkit.openrouter.events import Attempt, Receipt
from llm_reasonkit.openrouter.json_values import JsonSource, amount, mapping
from llm_reasonkit.openrouter.pricing import cost_from_usage

# Asked before a try is repeated that may be billed; whoever keeps a budget sets it for its task.
may_bill_again: ContextVar[Callable[[], bool]] = ContextVar("may_bill_again", default=lambda: True)
# A bill comes late, or never: nobody should wait for it longer than these seconds.
_PAUSES = (0.1, 0.6, 1.3)
_PATIENCE = 3.0


@dataclass(frozen=True, slots=True)
class Bill:
    """What a call cost with all its tries.

    usd: the sum of what is known, None if nothing is. is_computed: a part of it was reckoned from
    prices. unknown: the tries whose cost nobody tells.
    """

    usd: Decimal | None = None
    is_computed: bool = False
    unknown: int = 0


FREE = Bill(Decimal(0))


async def bill_of(
    receipt: Receipt, source: JsonSource, key: str, pricing: Mapping[str, Any] | None
) -> Bill:
    """Find out what a call cost: as its reply says, else as the server says when it is asked,
    else, for the reply itself, by its usage and the model's prices."""
    said = receipt.usage.cost if receipt.usage else None
    own = Attempt("", receipt.id, Decimal(0) if said is None and receipt.is_free else said)
    costs = await _costs_of([own, *receipt.earlier], source, key)
    is_computed = False
    if costs[0] is None and receipt.usage and pricing is not None:
        costs[0] = cost_from_usage(pricing, receipt.usage, datetime.now(UTC))
        is_computed = costs[0] is not None
    return _sum(costs, is_computed=is_computed)


async def bill_of_tries(tries: Sequence[Attempt], source: JsonSource, key: str) -> Bill:
    """Find out what a call cost that was given up, by its tries; nothing sent costs nothing."""
    return _sum(await _costs_of(tries, source, key)) if tries else FREE


def _sum(costs: Sequence[Decimal | None], *, is_computed: bool = False) -> Bill:
    known = [cost for cost in costs if cost is not None]
    total = sum(known, Decimal(0)) if known else None
    return Bill(total, is_computed, len(costs) - len(known))


async def _costs_of(tries: Sequence[Attempt], source: JsonSource, key: str) -> list[Decimal | None]:
    waiting = (try_.request_id for try_ in tries if try_.cost is None and try_.request_id)
    asked = await ask_bills(waiting, source, key)
    return [asked.get(t.request_id or "") if t.cost is None else t.cost for t in tries]


async def ask_bills(ids: Iterable[str], source: JsonSource, key: str) -> dict[str, Decimal]:
    """Ask what generations cost, in USD; those of which the server does not soon tell are left
    out. Never takes longer than three seconds."""
    waiting = list(dict.fromkeys(ids))
    bills: dict[str, Decimal] = {}

    async def ask(generation: str) -> None:
        for pause in _PAUSES:
            await asyncio.sleep(pause)
            with suppress(CallError):
                path = f"generation?id={quote(generation, safe='')}"
                usd = _total(await source.get_json(path, key=key))
                if usd is not None:
                    bills[generation] = usd
                    return

    with suppress(TimeoutError):
        async with asyncio.timeout(_PATIENCE):
            await asyncio.gather(*map(ask, waiting))
    return bills


def _total(reply: object) -> Decimal | None:
    data = mapping(mapping(reply).get("data"))
    fee = amount(data.get("total_cost"))
    # As in a reply's usage: where the user's own key paid the provider, the fee is not all.
    is_byok = data.get("is_byok") is True
    rest = amount(data.get("upstream_inference_cost") or 0) if is_byok else Decimal(0)
    return None if fee is None or rest is None else fee + rest
