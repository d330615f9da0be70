"""Which models to take for what: a table of uses, looked up in the catalogue as it is. Pure.

Nothing here says how good a model is. A use names the models known for it; what is recommended is
what the catalogue still has of them, the newest of their families, and what its own figures
(price, context, date) put first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from llm_reasonkit.openrouter.catalogue import Model
from llm_reasonkit.openrouter.selection import Ability, Order, Wanted, abilities, select
from llm_reasonkit.openrouter.spelling import family

# Not worth getting used to what is withdrawn sooner.
_SHORTEST_LIFE = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Use:
    """What models are taken for. known: the ids known for it; first: what figures to go by."""

    name: str
    known: tuple[str, ...]
    first: Wanted | None = None


USES = (
    Use(
        "development, testing",
        ("meta-llama/llama-3.3-70b-instruct:free",),
        Wanted(free=True, supports=frozenset({Ability.TOOLS}), order=Order.CONTEXT),
    ),
    Use("quick analysis", ("google/gemini-2.0-flash",)),
    Use("balanced quality", ("anthropic/claude-sonnet-4",)),
    Use("complex reasoning", ("openai/o1", "deepseek/deepseek-r1")),
    Use(
        "long context",
        ("google/gemini-1.5-pro",),
        Wanted(supports=frozenset({Ability.TOOLS}), order=Order.CONTEXT),
    ),
    Use("maximum quality", ("anthropic/claude-opus-4",)),
    Use("code generation", ("mistralai/codestral-latest",)),
    Use(
        "cost-sensitive",
        ("openai/gpt-4o-mini",),
        Wanted(free=False, supports=frozenset({Ability.TOOLS, Ability.SCHEMA}), order=Order.PRICE),
    ),
)
_FIRST = {
    Order.PRICE: "the cheapest",
    Order.CONTEXT: "the largest context",
    Order.NEWEST: "the newest",
}


@dataclass(frozen=True, slots=True)
class Recommendation:
    """A model to take for a use, and why; None where the catalogue has none."""

    use: str
    model: Model | None
    why: str


def recommend(
    models: Iterable[Model], today: date, uses: Iterable[Use] = USES
) -> list[Recommendation]:
    """Return what to take for each use, one or more models each, in the order of `uses`."""
    there = {model.id: model for model in models if _lasts(model, today)}
    found: list[Recommendation] = []
    for use in uses:
        reasons: dict[str, str] = {}
        for model_id, why in (*_known(there, use), *_first(there, use)):
            reasons.setdefault(model_id, why)
        found += [Recommendation(use.name, there[id_], why) for id_, why in reasons.items()]
        if not reasons:
            gone = " nor ".join(use.known)
            why = f"neither {gone} nor a successor is offered now"
            found.append(Recommendation(use.name, None, why))
    return found


def _lasts(model: Model, today: date) -> bool:
    """Tell whether a row is a model of its own that writes text and stays for a while."""
    return (
        model.alias_target is None
        and (":" not in model.id or model.is_free)
        and model.outputs <= {"text"}
        and model.prompt_price is not None
        and model.completion_price is not None
        and (model.expires is None or model.expires >= today + _SHORTEST_LIFE)
    )


def _known(there: Mapping[str, Model], use: Use) -> Iterator[tuple[str, str]]:
    for model_id in use.known:
        known = there.get(model_id)
        if known:
            yield model_id, "known for it and still offered"
        relatives = [model for model in there.values() if family(model.id) == family(model_id)]
        # Releases are added together with their dated twins; the undated name is the one to use.
        newest = max(relatives, key=lambda model: (model.created, -len(model.id)), default=None)
        if newest is None:
            continue
        if known is None:
            yield newest.id, f"in place of {model_id}, which is not offered"
        elif newest.created > known.created:
            yield newest.id, f"newer than {model_id}{_compared(newest, known)}"


def _first(there: Mapping[str, Model], use: Use) -> Iterator[tuple[str, str]]:
    if use.first is None or use.first.order is None:
        return
    # Of those that are level, the cheapest.
    by_price = select(there.values(), Wanted(order=Order.PRICE))
    for model in select(by_price, use.first)[:1]:
        kind = {True: "free ", False: "paid ", None: ""}[use.first.free]
        can = " and ".join(a for a in abilities(model) if a in use.first.supports)
        yield model.id, f"{_FIRST[use.first.order]} of the {kind}models with {can}"


def _compared(newer: Model, older: Model) -> str:
    pairs = [
        (newer.prompt_price or 0, older.prompt_price or 0),
        (newer.completion_price or 0, older.completion_price or 0),
    ]
    if all(new == old for new, old in pairs):
        return ", same price"
    if all(new <= old for new, old in pairs):
        return " and cheaper"
    if all(new >= old for new, old in pairs):
        return ", dearer"
    return ""
