"""Runs made up by tests, put into a log as a real one gets there."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from llm_reasonkit.engine.ports import Recipe, RunStart
from llm_reasonkit.reasoning.plan import Plan
from llm_reasonkit.reasoning.result import Result
from llm_reasonkit.reasoning.template import Fence
from llm_reasonkit.store.log import LogTrace
from tests.store_runs import make_reply, new_id


def record(path: Path, result: Result, sources: Sequence[Any] = ()) -> Result:
    """Put a run with these texts into the log; return it with ids of its own and its turns'."""
    (recorded,) = record_all(path, [(result, sources)])
    return recorded


def record_all(path: Path, runs: Sequence[tuple[Result, Sequence[Any]]]) -> list[Result]:
    """Do that with several runs and their texts."""

    async def each() -> list[Result]:
        # While it is open, all others share its connection.
        first = LogTrace(path)
        recorded = [await _record(path, result, sources) for result, sources in runs]
        first.close()
        return recorded

    return asyncio.run(each())


async def _record(path: Path, result: Result, sources: Sequence[Any]) -> Result:
    run_id = new_id()
    trace = LogTrace(path)
    await trace.run_started(_start(run_id, result, sources))
    steps = []
    for step in result.steps:
        reply = make_reply(run_id, f"The prompt of {step.id}") if step.turn_id else None
        steps.append(step.model_copy(update={"turn_id": reply.turn_id}) if reply else step)
        if reply:
            await trace.step_finished(steps[-1], [], reply)
    recorded = result.model_copy(update={"run_id": run_id, "trace_id": run_id, "steps": steps})
    await trace.run_finished(recorded)
    trace.close()
    assert trace.warning is None
    return recorded


def _start(run_id: str, result: Result, sources: Sequence[Any]) -> RunStart:
    given = [{"id": f"S{n}", "name": s.name, "text": s.text} for n, s in enumerate(sources, 1)]
    return RunStart(
        run_id=run_id,
        command=result.command,
        question=result.question,
        started=result.started,
        protocol=result.protocol,
        profile=result.profile,
        trace_id=run_id,
        recipe=Recipe(Plan(()), Fence("0"), sources=given) if given else None,
    )
