"""One `think`: everything it needs is found and checked before its first call, then it runs."""

from __future__ import annotations

import os
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import llm
from llm.utils import monotonic_ulid

from llm_reasonkit.api.questions import Question, limits_of, plan_for
from llm_reasonkit.api.running import Setup, SystemClock, Untraced
from llm_reasonkit.config import load_settings
from llm_reasonkit.engine.budget import Budget
from llm_reasonkit.engine.estimate import Estimate, Given, estimate
from llm_reasonkit.engine.fallback import FallbackCaller
from llm_reasonkit.engine.ledger import Ledger
from llm_reasonkit.engine.ports import Caller, Observer, RunStart
from llm_reasonkit.engine.runner import Runner
from llm_reasonkit.errors import StoreError, UsageError
from llm_reasonkit.models.caller import LlmCaller
from llm_reasonkit.models.chain import cast_chain
from llm_reasonkit.models.player import Player
from llm_reasonkit.models.roster import Roster
from llm_reasonkit.reasoning.limits import Limits
from llm_reasonkit.reasoning.plan import Plan
from llm_reasonkit.reasoning.result import Result
from llm_reasonkit.reasoning.template import Fence
from llm_reasonkit.store.learnt import Known, usual_sizes
from llm_reasonkit.store.log import LogTrace


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A run that could begin now. warnings: what the user should know of the models chosen."""

    plan: Plan
    players: Sequence[Player]
    limits: Limits
    warnings: Sequence[str]


async def think(
    setup: Setup, question: Question, observer: Observer, ended: list[Result]
) -> Result:
    """Run, and leave the result in `ended` also when the run is cancelled."""
    async with _prepared(setup, question) as ready:
        return await _run(setup, question, ready, observer, ended)


async def foresee(setup: Setup, question: Question, history: Path | None) -> Estimate:
    """Reckon what `think` would take; see the orchestrator's `estimate`."""
    async with _prepared(setup, question) as ready:
        given = Given(question.text, [source.text for source in question.sources], question.system)
        learnt: Known = {}
        # A log that cannot be read has nothing to teach.
        with suppress(StoreError):
            learnt = usual_sizes(history or llm.user_dir() / "logs.db")
        caller = _caller(ready.players, question, "")
        return estimate(ready.plan, given, caller.facts, learnt, ready.limits.usd)


@asynccontextmanager
async def _prepared(setup: Setup, question: Question) -> AsyncIterator[_Prepared]:
    """Find and check what a run needs, before its first call."""
    if not question.text.strip():
        raise UsageError("the question is empty")
    typed = limits_of(question.budget)
    settings = load_settings(setup.config)
    plan = plan_for(question)
    async with Roster(settings, os.environ, plan.profile) as roster:
        players = await cast_chain(
            roster,
            setup.provider,
            key=setup.key,
            options=question.options,
            attachments=question.attachments,
            route=question.route,
            fallback=question.fallback,
        )
        cap = settings.openrouter.max_cost_per_request
        limits = typed if typed.usd is not None else replace(typed, usd=cap)
        held = typed.usd is not None
        players = [player.within(limits, typed=held) for player in players]
        yield _Prepared(plan, players, limits, roster.warnings)


async def _run(
    setup: Setup, question: Question, ready: _Prepared, observer: Observer, ended: list[Result]
) -> Result:
    run_id = str(monotonic_ulid()).lower()
    trace = LogTrace(setup.log) if setup.log else None
    start = RunStart(
        run_id=run_id,
        command="think",
        question=question.text,
        started=datetime.now(UTC),
        protocol=ready.plan.protocol,
        profile=ready.plan.profile,
        trace_id=run_id if trace else None,
        settings=_settings_of(question, ready.players),
    )
    ledger = Ledger(start, trace or Untraced(), observer, SystemClock())
    for warning in ready.warnings:
        ledger.warn(warning)
    runner = Runner(
        ready.plan,
        ledger,
        _caller(ready.players, question, run_id),
        Budget(ready.limits),
        sources=[
            {"id": f"S{number}", "name": source.name, "text": source.text}
            for number, source in enumerate(question.sources, 1)
        ],
        system=question.system,
        fence=Fence(secrets.token_hex(4)),
    )
    try:
        await runner.run()
    finally:
        if trace:
            trace.close()
        if ledger.result:
            ended.append(_with_warning(ledger.result, trace.warning if trace else None))
    return ended[0]


def _caller(players: Sequence[Player], question: Question, run_id: str) -> Caller:
    names = ["main", *(f"main {number}" for number in range(2, len(players) + 1))]
    caller = LlmCaller(
        dict(zip(names, players, strict=True)),
        run_id,
        attachments=question.attachments,
        stream=question.stream,
    )
    return FallbackCaller(caller, {"main": names}) if len(players) > 1 else caller


def _settings_of(question: Question, players: Sequence[Player]) -> dict[str, Any]:
    """What a reader of the log needs to know of how the run was made."""
    return {
        "model": players[0].id,
        "fallback": [player.id for player in players[1:]],
        "options": {name: str(value) for name, value in players[0].options.items()},
        "budget": question.budget,
        "system": question.system,
        "sources": [source.name for source in question.sources],
        "attachments": len(question.attachments),
    }


def _with_warning(result: Result, warning: str | None) -> Result:
    if warning is None:
        return result
    return result.model_copy(update={"warnings": [*result.warnings, warning], "trace_id": None})
