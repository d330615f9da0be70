"""The models of a run in the order in which they are asked: chosen, routed, with credit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import reduce
from typing import Any

import llm

from llm_reasonkit.engine.fallback import longest
from llm_reasonkit.errors import CallError, UsageError
from llm_reasonkit.models.player import AnyModel, Player, validated_options
from llm_reasonkit.models.roster import OpenRouterProvider, Roster
from llm_reasonkit.models.routing import Way, find_way
from llm_reasonkit.openrouter.ids import PREFIX as OPENROUTER
from llm_reasonkit.openrouter.ids import wire_id
from llm_reasonkit.openrouter.options import SORT_OF_ROUTE, Route
from llm_reasonkit.openrouter.pricing import is_free_variant
from llm_reasonkit.reasoning.limits import dearer

# OpenRouter takes no longer list.
_MOST_ON_THE_WIRE = 3


async def cast_chain(
    roster: Roster,
    provider: OpenRouterProvider | AnyModel | str | None,
    *,
    key: str | None,
    options: Mapping[str, Any],
    attachments: Sequence[llm.Attachment] = (),
    route: Route | None = None,
    fallback: Sequence[str] = (),
) -> list[Player]:
    """Find the models to use, each one for when those before it fail, and set their options.

    route, fallback: as typed. attachments: what they have to take. OpenRouter's models that follow
    one another become one player, as far as its server can fall back by itself. Raises what
    `Roster.cast` raises, and CallError where credit is required and there is none, or nobody knows.
    """
    own = roster.settings.openrouter
    way = find_way(
        named=_name_of(provider),
        usual=roster.configured_model(),
        typed=route,
        configured=own.route,
        fallback=fallback,
        configured_pool=own.fallback_models,
    )
    if way.first is not None and _name_of(provider) is None:
        if isinstance(provider, OpenRouterProvider):
            provider = replace(provider, model=way.first)
        else:
            provider = way.first
    first = await roster.cast(provider, key=key, options=options)
    return await _led_by(first, roster, way, key, options, attachments)


async def _cast_role(
    roster: Roster,
    main: Player,
    name: str,
    *,
    key: str | None,
    options: Mapping[str, Any],
    attachments: Sequence[llm.Attachment] = (),
    route: Route | None = None,
    fallback: Sequence[str] = (),
) -> list[Player]:
    """Find the model that plays a role other than main, and those for when it fails.

    It is treated as main would be if it were named for that, but for options that it does not
    know. Raises what `cast_chain` raises.
    """
    route = route or roster.settings.openrouter.route
    way = Way(name, tuple(fallback) or None, route, may_bill=bool(fallback))
    first = await roster.cast_instead(main, name, key=key, options=options)
    return await _led_by(first, roster, way, key, options, attachments)


async def cast_roles(
    roster: Roster,
    main: Player,
    *,
    typed: Mapping[str, str],
    configured: Mapping[str, str],
    **how: Any,  # noqa: ANN401 (what `_cast_role` takes)
) -> dict[str, list[Player]]:
    """Find the models of roles other than main; main plays those that are not returned.

    A role that only the configuration names is left to main where that costs nothing, or where the
    model cannot be used. Raises what `cast_chain` raises.
    """
    chains = {}
    for role, name in {**configured, **typed}.items():
        if role not in typed and _costs_nothing(main):
            continue
        try:
            chains[role] = await _cast_role(roster, main, name, **how)
        except UsageError as error:
            if role in typed:
                raise
            roster.warnings.append(f"{main.id} plays {role}: {error}")
    return chains


async def _led_by(
    first: Player,
    roster: Roster,
    way: Way,
    key: str | None,
    options: Mapping[str, Any],
    attachments: Sequence[llm.Attachment],
) -> list[Player]:
    """Return the first one with those that follow it, ready to be asked."""
    first.require_attachments(attachments)
    players = [first]
    for name in _others(roster, way, first):
        try:
            player = await roster.cast_instead(first, name, key=key, options=options)
            player.require_attachments(attachments)
        except UsageError as error:
            if way.may_bill:
                raise
            roster.warnings.append(f"not there to fall back on: {error}")
            continue
        if player.id not in [known.id for known in players]:
            players.append(player)
    own = roster.settings.openrouter
    if own.require_credits and first.is_openrouters and not _costs_nothing(first):
        await _require_credits(roster, first)
    return _routed(players, way)


def _name_of(provider: OpenRouterProvider | AnyModel | str | None) -> str | None:
    """Return the model that was named; `openrouter/` alone names none."""
    if isinstance(provider, OpenRouterProvider):
        return provider.model
    if provider is None or isinstance(provider, str):
        return None if provider == OPENROUTER else provider
    return str(provider.model_id)


def _others(roster: Roster, way: Way, first: Player) -> Sequence[str]:
    others = way.others
    if others is None:
        # A chain that nobody typed neither makes a free model cost something nor sends what was
        # meant for this machine elsewhere.
        own = roster.settings.provider(first.provider)
        return () if _costs_nothing(first) else own.fallback_models
    if _costs_nothing(first) and not way.may_bill:
        return [name for name in others if is_free_variant(name)]
    return others


def _routed(players: Sequence[Player], way: Way) -> list[Player]:
    """Let OpenRouter's server see to what it can, and tell it how to choose."""
    if (
        way.is_typed
        and way.route in SORT_OF_ROUTE
        and not any(player.is_openrouters for player in players)
    ):
        raise UsageError(
            f"--route {way.route} chooses among OpenRouter's providers, and {players[0].id} is "
            "not one of its models"
        )
    if way.is_pool:
        players = sorted(players, key=lambda player: not player.is_openrouters)
    groups: list[list[Player]] = []
    for player in players:
        if groups and _may_join(groups[-1], player):
            groups[-1].append(player)
        else:
            groups.append([player])
    return [_on_the_wire(group, way) if group[0].is_openrouters else group[0] for group in groups]


def _may_join(group: Sequence[Player], player: Player) -> bool:
    is_complete = len(group) == _MOST_ON_THE_WIRE or "models" in group[0].options
    return group[0].is_openrouters and player.is_openrouters and not is_complete


def _on_the_wire(group: Sequence[Player], way: Way) -> Player:
    """Make one player of models that OpenRouter falls back among."""
    first, *others = group
    options = dict(first.options)
    if others:
        options["models"] = [wire_id(player.id) for player in others]
    sort = SORT_OF_ROUTE.get(way.route or "")
    if sort and (way.is_pool or not others):
        options.setdefault("route", way.route)
    elif sort and "route" not in options:
        # Beside `models`, `route` would let the best of all win, not the first that can answer.
        options["provider"] = {"sort": sort, **options.get("provider", {})}
    return replace(
        first,
        options=validated_options(first.model, options),
        price=reduce(dearer, (player.price for player in group)),
        tariff=None if others else first.tariff,
        context_length=longest([player.context_length for player in group]),
    )


async def _require_credits(roster: Roster, player: Player) -> None:
    """Raise CallError unless it is certain that there is credit."""
    remedy = "set require_credits = false in the configuration to try all the same"
    try:
        account = await roster.account(player)
    except CallError as error:
        error.args = (f"credits are required but cannot be read: {error}; {remedy}",)
        raise
    left = [usd for usd in (account.credits_left, account.limit_left) if usd is not None]
    if not left:
        raise CallError(
            "credits are required but OpenRouter does not tell this key how many are left; "
            + remedy,
            code="no_credits",
            billed=False,
        )
    if min(left) <= 0:
        raise CallError(
            f"no credits are left (${min(left):f}): add some at "
            "https://openrouter.ai/settings/credits, raise the key's limit, or take a :free model",
            code="no_credits",
            billed=False,
        )


def _costs_nothing(player: Player) -> bool:
    """Whether nobody is ever billed for it."""
    return player.runs_here or (player.is_openrouters and is_free_variant(wire_id(player.id)))
