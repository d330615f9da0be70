"""The public Python API; the command line calls nothing else.

    orchestrator = ThinkToolOrchestrator(provider="openrouter/anthropic/claude-sonnet-4")
    result = orchestrator.think(query="Should we use microservices?")

Nothing here prints, keeps state between calls or needs the command line.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import time
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

import llm
from llm.utils import monotonic_ulid

from llm_reasonkit.config import Settings, config_files, read_settings
from llm_reasonkit.engine.budget import Budget
from llm_reasonkit.engine.estimate import Estimate, Given, estimate
from llm_reasonkit.engine.fallback import FallbackCaller
from llm_reasonkit.engine.ledger import Ledger
from llm_reasonkit.engine.ports import Caller, Observer, Reply, RunStart, TraceSink
from llm_reasonkit.engine.runner import Runner
from llm_reasonkit.errors import Interrupted, StoreError, UsageError
from llm_reasonkit.models.caller import LlmCaller
from llm_reasonkit.models.chain import cast_chain
from llm_reasonkit.models.player import AnyModel, Player
from llm_reasonkit.models.roster import OpenRouterProvider as OpenRouterProvider
from llm_reasonkit.models.roster import Roster
from llm_reasonkit.openrouter.options import Route
from llm_reasonkit.protocol_files import Library
from llm_reasonkit.reasoning.limits import Limits, parse_budget
from llm_reasonkit.reasoning.plan import Plan
from llm_reasonkit.reasoning.result import CheckItem, Result, StepResult
from llm_reasonkit.reasoning.template import Fence
from llm_reasonkit.store.learnt import Known, usual_sizes
from llm_reasonkit.store.log import LogTrace

_T = TypeVar("_T")


class ReasoningProfile(StrEnum):
    """The shipped profiles; a name of the user's own works wherever one of these does."""

    QUICK = "quick"
    BALANCED = "balanced"
    DEEP = "deep"
    PARANOID = "paranoid"
    DECIDE = "decide"
    SCIENTIFIC = "scientific"
    POWERCOMBO = "powercombo"


DEFAULT_PROFILE = ReasoningProfile.BALANCED


@dataclass(frozen=True, slots=True)
class Source:
    """Material given with a question: `name` says where it is from."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, and what comes with it.

    protocol: name or path; profile: name; with neither, `balanced`. system: added to the system
    prompt of every step. sources: texts that the answer may lean on. options: for the models, as
    typed (`{"temperature": "0.2"}`). budget: `$0.50`, `2000t`, `30s` or several with commas; with
    none in USD a run may cost 1.00 USD. route: how OpenRouter chooses (`lowest-cost` …). fallback:
    models to ask when those before them fail, in order. stream: let models stream where they can.
    """

    text: str
    protocol: str | None = None
    profile: str | None = None
    system: str | None = None
    sources: Sequence[Source] = ()
    attachments: Sequence[llm.Attachment] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    budget: str | None = None
    route: Route | None = None
    fallback: Sequence[str] = ()
    stream: bool = True


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A run that could begin now. warnings: what the user should know of the models chosen."""

    plan: Plan
    players: Sequence[Player]
    limits: Limits
    warnings: Sequence[str]


class ThinkToolOrchestrator:
    """Runs protocols and profiles on a model.

    provider: an OpenRouterProvider, the id or alias of any llm model, an llm model object, or None
        for the configured default. key: for that model, else llm's own ways of finding one.
    log: where runs are recorded: True for llm's own logs.db, a path, or False for nowhere.
    config: a configuration file that wins over the user's own.
    """

    def __init__(
        self,
        provider: OpenRouterProvider | AnyModel | str | None = None,
        *,
        key: str | None = None,
        log: bool | Path = False,
        config: Path | None = None,
    ) -> None:
        self._provider = provider
        self._key = key
        self._log = llm.user_dir() / "logs.db" if log is True else (log or None)
        self._config = config

    def think(
        self,
        query: str | Question,
        *,
        profile: str | None = None,
        protocol: str | None = None,
        observer: Observer | None = None,
    ) -> Result:
        """Reason about a question and return the result; works inside a running event loop too.

        Raises UsageError before the first call where something asked for does not exist, has no
        key or is mistaken, and Interrupted (a KeyboardInterrupt) with what there is on Ctrl-C.
        A run that ends without an answer is returned, with its status.
        """
        ended: list[Result] = []
        question = _question(query, profile, protocol)
        try:
            return _run(self._think(question, observer or Unwatched(), ended))
        except KeyboardInterrupt as stop:
            raise Interrupted(ended[0] if ended else None) from stop

    async def think_async(
        self,
        query: str | Question,
        *,
        profile: str | None = None,
        protocol: str | None = None,
        observer: Observer | None = None,
    ) -> Result:
        """Do what `think` does, without blocking the event loop."""
        question = _question(query, profile, protocol)
        return await self._think(question, observer or Unwatched(), [])

    async def _think(self, question: Question, observer: Observer, ended: list[Result]) -> Result:
        """Run, and leave the result in `ended` also when the run is cancelled."""
        async with self._prepared(question) as ready:
            return await self._run_plan(
                ready.plan,
                question,
                ready.players,
                Budget(ready.limits),
                observer,
                ended,
                ready.warnings,
            )

    def estimate(
        self,
        query: str | Question,
        *,
        profile: str | None = None,
        protocol: str | None = None,
        history: Path | None = None,
    ) -> Estimate:
        """Reckon what `think` would take, without asking any model.

        history: the log whose runs tell how long calls usually are; llm's own if it is not given.
        Raises UsageError as `think` does.
        """
        return _run(self._estimate(_question(query, profile, protocol), history))

    async def _estimate(self, question: Question, history: Path | None) -> Estimate:
        async with self._prepared(question) as ready:
            given = Given(
                question.text, [source.text for source in question.sources], question.system
            )
            learnt: Known = {}
            # A log that cannot be read has nothing to teach.
            with suppress(StoreError):
                learnt = usual_sizes(history or llm.user_dir() / "logs.db")
            caller = _caller(ready.players, question, "")
            return estimate(ready.plan, given, caller.facts, learnt, ready.limits.usd)

    @asynccontextmanager
    async def _prepared(self, question: Question) -> AsyncIterator[_Prepared]:
        """Find and check what a run needs, before its first call."""
        if not question.text.strip():
            raise UsageError("the question is empty")
        typed = _limits(question.budget)
        settings = load_settings(self._config)
        plan = _plan(question)
        async with Roster(settings, os.environ, plan.profile) as roster:
            players = await cast_chain(
                roster,
                self._provider,
                key=self._key,
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

    async def _run_plan(
        self,
        plan: Plan,
        question: Question,
        players: Sequence[Player],
        budget: Budget,
        observer: Observer,
        ended: list[Result],
        warnings: Sequence[str],
    ) -> Result:
        run_id = str(monotonic_ulid()).lower()
        trace = LogTrace(self._log) if self._log else None
        start = RunStart(
            run_id=run_id,
            command="think",
            question=question.text,
            started=datetime.now(UTC),
            protocol=plan.protocol,
            profile=plan.profile,
            trace_id=run_id if trace else None,
            settings=_settings_of(question, players),
        )
        ledger = Ledger(start, trace or Untraced(), observer, SystemClock())
        for warning in warnings:
            ledger.warn(warning)
        runner = Runner(
            plan,
            ledger,
            _caller(players, question, run_id),
            budget,
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


def load_settings(config: Path | None = None) -> Settings:
    """Read the configuration files, `config` before the user's own. Raises ConfigError."""
    return read_settings(config_files(llm.user_dir(), Path.home(), config))


def library() -> Library:
    """Return the protocols and profiles of this user."""
    return Library(llm.user_dir() / "reasonkit" / "protocols")


def plan_of(*, protocol: str | None = None, profile: str | None = None) -> Plan:
    """Return what a run of a protocol or profile does; with neither, of `balanced`.

    Raises UsageError for both, an unknown one, or one whose file has mistakes.
    """
    if protocol and profile:
        raise UsageError("give a protocol or a profile, not both")
    if protocol:
        return library().plan_of_protocol(protocol)
    return library().plan_of_profile(profile or DEFAULT_PROFILE)


def _plan(question: Question) -> Plan:
    plan = plan_of(protocol=question.protocol, profile=question.profile)
    for stage in plan.stages:
        if stage.protocol.inputs.sources == "required" and not question.sources:
            raise UsageError(f"{stage.protocol.protocol} needs sources: give them with -f")
    return plan


def _question(query: str | Question, profile: str | None, protocol: str | None) -> Question:
    question = query if isinstance(query, Question) else Question(query)
    if profile is None and protocol is None:
        return question
    return replace(question, profile=profile, protocol=protocol)


def _limits(budget: str | None) -> Limits:
    try:
        return parse_budget(budget) if budget is not None else Limits()
    except ValueError as error:
        raise UsageError(f"--budget {error}") from error


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


def _run(work: Coroutine[Any, Any, _T]) -> _T:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


class SystemClock:
    """The clock on the wall."""

    def now(self) -> datetime:
        """Return the time of day, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds that never run backwards."""
        return time.monotonic()


class Unwatched:
    """An observer that looks away."""

    def step_started(self, step_id: str, model: str | None) -> None: ...

    def step_text(self, step_id: str, text: str) -> None: ...

    def step_finished(self, step: StepResult, checks: list[CheckItem]) -> None: ...

    def answer_text(self, text: str) -> None: ...


class Untraced(TraceSink):
    """A trace that keeps nothing."""

    async def run_started(self, run: RunStart) -> None: ...

    async def step_finished(
        self, step: StepResult, checks: list[CheckItem], reply: Reply | None
    ) -> None: ...

    async def run_finished(self, result: Result) -> None: ...
