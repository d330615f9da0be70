"""Which models a run may use, and how OpenRouter is to choose among them. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from llm_reasonkit.errors import UsageError
from llm_reasonkit.openrouter.options import SORT_OF_ROUTE, Route

ROUTES = (*SORT_OF_ROUTE, "fallback", "auto")
AUTO_MODEL = "openrouter/auto"


@dataclass(frozen=True, slots=True)
class Way:
    """The models of a run, by id or alias, in the order in which they are asked.

    first: None for the one that is usually taken. others: None for those that are configured for
    the first one's provider. is_pool: there is no first among them, `route` chooses. is_typed:
    the user asked for this route, so it has to be possible. may_bill: they may cost something
    although the first one is free, for the user typed them.
    """

    first: str | None
    others: tuple[str, ...] | None
    route: Route | None
    is_pool: bool = False
    is_typed: bool = False
    may_bill: bool = False


def find_way(
    *,
    named: str | None,
    usual: str | None,
    typed: Route | None,
    configured: Route | None,
    fallback: Sequence[str],
    configured_pool: Sequence[str],
) -> Way:
    """Lay out which models to use.

    named: the model that the user asked for. usual: the one configured for this run. typed,
    fallback: what was asked for on the command line. configured, configured_pool: `route` and
    `fallback_models` of the configuration. Raises UsageError for a fallback without a chain.
    """
    route = typed or configured
    is_typed = typed is not None
    pool = tuple(fallback or configured_pool)
    if typed == "fallback" and not pool:
        raise UsageError(
            "--route fallback needs models to fall back on: add --fallback a,b or fallback_models "
            "to the configuration"
        )
    if named or (typed is None and (usual or configured is None or fallback)):
        return Way(
            named, tuple(fallback) or None, route, is_typed=is_typed, may_bill=bool(fallback)
        )
    if not pool:
        return Way(None if route == "fallback" else AUTO_MODEL, (), route, is_typed=is_typed)
    sorts = route in SORT_OF_ROUTE
    return Way(pool[0], pool[1:], route, is_pool=sorts, is_typed=is_typed, may_bill=bool(fallback))
