"""One `think`: everything it needs is found and checked before its first call, then it runs."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import llm
from llm.utils import monotonic_ulid

from llm_reasonkit.api.performing import perform
from llm_reasonkit.api.questions import Question, limits_of, numbered, plan_for
from llm_reasonkit.api.recipes import finding_of, request_of
from llm_reasonkit.api.running import Setup
from llm_reasonkit.config import load_settings
from llm_reasonkit.engine.estimate import Estimate, Given, estimate
from llm_reasonkit.engine.fallback import FallbackCaller
from llm_reasonkit.engine.ports import Caller, Observer, Recipe, RunStart
from llm_reasonkit.errors import StoreError, UsageError
from llm_reasonkit.models.caller import LlmCaller
from llm_reasonkit.models.chain import cast_chain, cast_roles
from llm_reasonkit.models.player import Player
from llm_reasonkit.models.roster import Roster
from llm_reasonkit.reasoning.limits import Limits
from llm_reasonkit.reasoning.plan import MAIN, Plan, role_of_turn, turns_at
from llm_reasonkit.reasoning.result import Result
from llm_reasonkit.reasoning.template import Fence
from llm_reasonkit.store.learnt import Known, usual_sizes

Chains = Mapping[str, Sequence[Player]]


@dataclass(frozen=True, slots=True)
class Prepared:
    """A run that could begin now.

    chains: the models of each role, in the order in which they are asked. warnings: what the user
    should know of the models chosen.
    """

    plan: Plan
    chains: Chains
    limits: Limits
    warnings: Sequence[str]


async def think(
    setup: Setup,
    question: Question,
    observer: Observer,
    ended: list[Result],
    plan: Plan | None = None,
    run_id: str | None = None,
) -> Result:
    """Run, and leave the result in `ended` also when the run is cancelled.

    plan, run_id: where they are settled already.
    """
    async with prepared(setup, question, plan or plan_for(question)) as ready:
        start, recipe, caller = begin(setup, question, ready, run_id)
        return await perform(start, recipe, caller, setup.log, observer, ended)


async def foresee(setup: Setup, question: Question, history: Path | None) -> Estimate:
    """Reckon what `think` would take; see the orchestrator's `estimate`."""
    async with prepared(setup, question, plan_for(question)) as ready:
        told = [json.dumps(finding_of(run)) for run in question.follows]
        texts = [*(source.text for source in question.sources), *told]
        given = Given(question.text, texts, question.system)
        learnt: Known = {}
        # A log that cannot be read has nothing to teach.
        with suppress(StoreError):
            learnt = usual_sizes(history or llm.user_dir() / "logs.db")
        caller = caller_of(ready, question, "")
        turns = turns_at(ready.chains)
        return estimate(ready.plan, given, caller.facts, learnt, ready.limits, turns)


@asynccontextmanager
async def prepared(setup: Setup, question: Question, plan: Plan) -> AsyncIterator[Prepared]:
    """Find and check what a run needs, before its first call."""
    if not question.text.strip():
        raise UsageError("the question is empty")
    typed = replace(limits_of(question.budget), calls=question.max_calls)
    settings = load_settings(setup.config)
    async with Roster(settings, os.environ, plan.profile, question.effort) as roster:
        chains = await _cast(roster, setup, question, plan)
        limits = typed.or_else(plan.limits)
        held = typed.usd is not None
        if not held:
            cap = settings.openrouter.max_cost_per_request
            limits = replace(limits, usd=cap if limits.usd is None else min(cap, limits.usd))
        chains = {
            role: [player.within(limits, typed=held) for player in players]
            for role, players in chains.items()
        }
        yield Prepared(plan, chains, limits, roster.warnings)


async def _cast(roster: Roster, setup: Setup, question: Question, plan: Plan) -> Chains:
    """Find the models of each role."""
    how: dict[str, Any] = {
        "key": setup.key,
        "options": question.options,
        "attachments": question.attachments,
        "route": question.route,
        "fallback": question.fallback,
    }
    main = await cast_chain(roster, setup.provider, **how)
    named = {**roster.settings.roles, **plan.models}
    configured = {role: names for role, names in named.items() if role in plan.roles}
    others = await cast_roles(
        roster,
        main[0],
        typed=_by_turn(question.roles),
        configured=_by_turn({**configured, **question.roles}),
        **how,
    )
    chains = {MAIN: main, **others}
    for role in plan.searching_roles:
        chains.get(role, main)[0].require_search()
    every = [player for players in chains.values() for player in players]
    if question.effort and not any(player.can_reason for player in every):
        roster.warnings.append("no model of this run can be told how hard to reason")
    return chains


def _by_turn(roles: Mapping[str, str]) -> dict[str, str]:
    """Give each of several models that are named for a role (`a,b`) a turn of its own."""
    found = {}
    for role, names in roles.items():
        for turn, name in enumerate(names.split(","), 1):
            if not name.strip():
                raise UsageError(f"role {role}: {names!r} leaves out the name of a model")
            found[role_of_turn(role, turn)] = name.strip()
    return found


def begin(
    setup: Setup, question: Question, ready: Prepared, run_id: str | None = None
) -> tuple[RunStart, Recipe, Caller]:
    """Return what is known of a run before its first call, and its models.

    run_id: of a run that goes on, or is to have this one; None for a new one.
    """
    run_id = run_id or str(monotonic_ulid()).lower()
    caller = caller_of(ready, question, run_id)
    recipe = Recipe(
        plan=ready.plan,
        fence=Fence(secrets.token_hex(4)),
        sources=numbered(question.sources),
        findings=[finding_of(run) for run in question.follows],
        system=question.system,
        limits=ready.limits,
        facts={role: caller.facts(role) for role in {MAIN, *ready.plan.roles, *ready.chains}},
        planned_calls=_planned_calls(ready.plan, question),
        request=request_of(setup, question, ready.chains[MAIN][0].id),
        warnings=ready.warnings,
    )
    start = RunStart(
        run_id=run_id,
        command="think",
        question=question.text,
        started=datetime.now(UTC),
        protocol=ready.plan.protocol,
        profile=ready.plan.profile,
        trace_id=run_id if setup.log else None,
        settings=_settings_of(question, ready.chains),
        parent_run=question.follows[-1].run_id if question.follows else None,
    )
    return start, recipe, caller


def _planned_calls(plan: Plan, question: Question) -> int:
    # What a search will find is not known yet.
    sources = None if question.web else question.sources
    return plan.largest_number_of_calls(sources=sources)


def caller_of(ready: Prepared, question: Question, run_id: str) -> Caller:
    """Return the models of a run, to be asked in the thread of llm's log with its id."""
    players: dict[str, Player] = {}
    names: dict[str, list[str]] = {}
    for role, chain in ready.chains.items():
        names[role] = [role, *(f"{role} {number}" for number in range(2, len(chain) + 1))]
        players |= zip(names[role], chain, strict=True)
    caller = LlmCaller(players, run_id, attachments=question.attachments, stream=question.stream)
    return caller if len(players) == len(ready.chains) else FallbackCaller(caller, names)


def _settings_of(question: Question, chains: Chains) -> dict[str, Any]:
    """What a reader of the log needs to know of how the run was made."""
    first, *others = chains[MAIN]
    return {
        "model": first.id,
        "fallback": [player.id for player in others],
        "options": {name: str(value) for name, value in first.options.items()},
        "roles": {role: chain[0].id for role, chain in chains.items() if role != MAIN},
        "effort": question.effort,
        "budget": question.budget,
        "max_calls": question.max_calls,
        "min_confidence": question.min_confidence,
        "web": question.web,
        "system": question.system,
        "sources": [source.name for source in question.sources],
        "attachments": len(question.attachments),
    }
