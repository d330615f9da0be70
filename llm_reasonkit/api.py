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
from collections.abc import Coroutine, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

import llm
from llm.utils import monotonic_ulid

from llm_reasonkit.config import Settings, config_files, read_settings
from llm_reasonkit.engine.ledger import Ledger
from llm_reasonkit.engine.ports import Observer, Reply, RunStart, TraceSink
from llm_reasonkit.engine.runner import Runner
from llm_reasonkit.errors import Interrupted, UsageError
from llm_reasonkit.models import AnyModel, LlmCaller, Player
from llm_reasonkit.protocol_files import Library
from llm_reasonkit.reasoning.plan import Plan
from llm_reasonkit.reasoning.result import CheckItem, Result, StepResult
from llm_reasonkit.reasoning.template import Fence
from llm_reasonkit.roster import OpenRouterProvider as OpenRouterProvider
from llm_reasonkit.roster import Roster
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
    typed (`{"temperature": "0.2"}`). stream: let models stream where they can.
    """

    text: str
    protocol: str | None = None
    profile: str | None = None
    system: str | None = None
    sources: Sequence[Source] = ()
    attachments: Sequence[llm.Attachment] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    stream: bool = True


class ThinkToolOrchestrator:
    """Runs protocols and profiles on a model.

    provider: an OpenRouterProvider, the id or alias of any llm model, an llm model object, or None
        for the configured default. key: for that model, else llm's own ways of finding one.
    log: where runs are recorded: True for llm's own logs.db, a path, or False for nowhere.
    """

    def __init__(
        self,
        provider: OpenRouterProvider | AnyModel | str | None = None,
        *,
        key: str | None = None,
        log: bool | Path = False,
    ) -> None:
        self._provider = provider
        self._key = key
        self._log = llm.user_dir() / "logs.db" if log is True else (log or None)

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
        if not question.text.strip():
            raise UsageError("the question is empty")
        settings = load_settings()
        plan = _plan(question)
        async with AsyncExitStack() as stack:
            roster = await stack.enter_async_context(Roster(settings, os.environ, plan.profile))
            player = await roster.cast(self._provider, key=self._key, options=question.options)
            player.require_attachments(question.attachments)
            return await self._run_plan(plan, question, player, observer, ended)

    async def _run_plan(
        self,
        plan: Plan,
        question: Question,
        player: Player,
        observer: Observer,
        ended: list[Result],
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
            settings=_settings_of(question, player),
        )
        ledger = Ledger(start, trace or Untraced(), observer, SystemClock())
        runner = Runner(
            plan,
            ledger,
            LlmCaller(
                {"main": player},
                run_id,
                attachments=question.attachments,
                stream=question.stream,
            ),
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


def load_settings() -> Settings:
    """Read the configuration files. Raises ConfigError with every mistake."""
    return read_settings(config_files(llm.user_dir(), Path.home()))


def library() -> Library:
    """Return the protocols and profiles of this user."""
    return Library(llm.user_dir() / "reasonkit" / "protocols")


def _plan(question: Question) -> Plan:
    if question.protocol and question.profile:
        raise UsageError("give a protocol or a profile, not both")
    if question.protocol:
        return library().plan_of_protocol(question.protocol)
    return library().plan_of_profile(question.profile or DEFAULT_PROFILE)


def _question(query: str | Question, profile: str | None, protocol: str | None) -> Question:
    question = query if isinstance(query, Question) else Question(query)
    if profile is None and protocol is None:
        return question
    return replace(question, profile=profile, protocol=protocol)


def _settings_of(question: Question, player: Player) -> dict[str, Any]:
    """What a reader of the log needs to know of how the run was made."""
    return {
        "model": player.id,
        "options": {name: str(value) for name, value in player.options.items()},
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
