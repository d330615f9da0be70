"""What every run needs around it, and the one door from sync to async."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from llm_reasonkit.engine.ledger import Ledger
from llm_reasonkit.engine.ports import Observer, Recorded, Reply, RunStart, TraceSink
from llm_reasonkit.models.player import AnyModel
from llm_reasonkit.models.roster import OpenRouterProvider
from llm_reasonkit.reasoning.result import CheckItem, Result, StepResult
from llm_reasonkit.store.log import LogTrace

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Setup:
    """What an orchestrator was made with; see there."""

    provider: OpenRouterProvider | AnyModel | str | None
    key: str | None
    log: Path | None
    config: Path | None


def run_now(work: Coroutine[Any, Any, _T]) -> _T:
    """Run to the end, also inside an event loop that is running already."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


@asynccontextmanager
async def ledger_of(
    start: RunStart,
    log: Path | None,
    observer: Observer,
    ended: list[Result],
    earlier: Mapping[str, Recorded] | None = None,
) -> AsyncIterator[Ledger]:
    """Open the ledger of a run; once it is over, however it ended, its result is in `ended`.

    earlier: what a run that goes on has in its trace already, by id.
    """
    trace = LogTrace(log) if log else None
    ledger = Ledger(start, trace or _Untraced(), observer, _SystemClock(), earlier)
    try:
        yield ledger
    finally:
        try:
            if trace:
                # Whoever has the result may go on with the run at once.
                await asyncio.shield(asyncio.wrap_future(trace.close()))
        finally:
            if ledger.result:
                ended.append(_with_warning(ledger.result, trace.warning if trace else None))


def _with_warning(result: Result, warning: str | None) -> Result:
    """Return a result that says what is wrong with its record, if anything is."""
    if warning is None:
        return result
    return result.model_copy(update={"warnings": [*result.warnings, warning], "trace_id": None})


class _SystemClock:
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


class _Untraced(TraceSink):
    """A trace that keeps nothing."""

    async def run_started(self, run: RunStart) -> None: ...

    async def call_started(self, call: Recorded) -> None: ...

    async def step_finished(
        self, step: StepResult, checks: list[CheckItem], reply: Reply | None
    ) -> None: ...

    async def run_finished(self, result: Result) -> None: ...
