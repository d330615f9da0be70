"""What every run needs around it, and the one door from sync to async."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from llm_reasonkit.engine.ports import Recorded, Reply, RunStart, TraceSink
from llm_reasonkit.models.player import AnyModel
from llm_reasonkit.models.roster import OpenRouterProvider
from llm_reasonkit.reasoning.result import CheckItem, Result, StepResult

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


def with_warning(result: Result, warning: str | None) -> Result:
    """Return a result that says what is wrong with its record, if anything is."""
    if warning is None:
        return result
    return result.model_copy(update={"warnings": [*result.warnings, warning], "trace_id": None})


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

    async def call_started(self, call: Recorded) -> None: ...

    async def step_finished(
        self, step: StepResult, checks: list[CheckItem], reply: Reply | None
    ) -> None: ...

    async def run_finished(self, result: Result) -> None: ...
