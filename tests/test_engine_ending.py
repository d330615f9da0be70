"""How a run ends when it is stopped or something breaks: recorded, unwrapped, never swallowed."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from llm_reasonkit.engine.ledger import Ledger, Node
from llm_reasonkit.engine.ports import Call, RunStart
from llm_reasonkit.errors import StoreError
from llm_reasonkit.reasoning.plan import plan_profile
from llm_reasonkit.reasoning.protocol import Profile, Step
from llm_reasonkit.reasoning.result import Cost, StepResult
from tests.scripted import START, Clock, Run, Trace, Watcher, protocol

STEPS: dict[str, Any] = {
    "first": {"prompt": "x"},
    "each": {"prompt": "{{ item }}{{ first }}", "for_each": ["a", "b"]},
    "answer": {"prompt": "{{ each }}"},
}


class Hanging:
    """A script that never answers; `asked` is set once it was called as often as expected."""

    def __init__(self, times: int = 1) -> None:
        self.asked = asyncio.Event()
        self._left = times

    async def __call__(self, call: Call) -> str:
        self._left -= 1
        if not self._left:
            self.asked.set()
        await asyncio.Event().wait()
        return "never"


async def test_cancelling_keeps_what_there_is():
    """The run ends `interrupted`; what ran is recorded as such with an unknown cost, what was done
    stays done, what had not begun leaves no record, and the cancellation goes on."""
    hanging = Hanging(times=2)
    run = Run(protocol(STEPS), {"each[1]": hanging, "each[2]": hanging})
    task = asyncio.create_task(run.go())
    await hanging.asked.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    result = run.ledger.result
    assert result is not None
    assert (result.status, result.answer) == ("interrupted", None)
    assert {step.id: step.status for step in result.steps} == {
        "first": "done",
        "each[1]": "interrupted",
        "each[2]": "interrupted",
    }
    assert run.steps()["each[1]"].cost == Cost(unknown_calls=1)
    assert result.cost.unknown_calls == 2
    assert run.trace.results == [result]
    assert run.trace.steps == result.steps
    assert ("finished", "each[2]", "interrupted") in run.watcher.events


async def test_a_call_that_breaks_while_it_is_cancelled_does_not_hide_the_cancellation():
    """Cleaning up badly after Ctrl-C is still Ctrl-C, not a bug to report."""
    asked = asyncio.Event()

    async def clumsy(call: Call) -> str:
        asked.set()
        try:
            await asyncio.Event().wait()
        finally:
            raise RuntimeError("the socket was closed already")

    run = Run(protocol(STEPS), {"first": clumsy})
    task = asyncio.create_task(run.go())
    await asked.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert run.ledger.result is not None
    assert run.ledger.result.status == "interrupted"
    assert run.steps()["first"].status == "interrupted"


async def test_a_step_that_is_being_recorded_when_cancelled_is_not_recorded_twice():
    """A reply that came in before the cancellation keeps its place and its cost in the result."""
    run = Run(protocol(STEPS))
    run.trace.gate = asyncio.Event()
    task = asyncio.create_task(run.go())
    for _ in range(100):
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert run.ledger.result is not None
    assert [(step.id, step.status) for step in run.ledger.result.steps] == [("first", "done")]
    assert run.ledger.result.cost.unknown_calls == 0


@pytest.mark.parametrize("step", ["first", "each[2]"])
@pytest.mark.parametrize("stages", [False, True])
async def test_a_bug_comes_out_as_itself(step: str, stages: bool):
    """An error that is no CallError ends the run `failed` and is raised bare, from however deep in
    groups of parallel work; what ran beside it is recorded as interrupted."""
    made = protocol(STEPS)
    prefix = ""
    plan: Any = made
    if stages:
        prefix = "mine."
        profile = Profile.model_validate({"title": "t", "summary": "s", "protocols": ["mine"]})
        last = protocol({"answer": {"prompt": "x"}}, protocol="synthesis")
        plan = plan_profile("p", profile, {"mine": made, "synthesis": last})
    hanging = Hanging()

    async def broken(call: Call) -> str:
        if step != "first":
            await hanging.asked.wait()
        raise ZeroDivisionError("a bug")

    run = Run(plan, {f"{prefix}each[1]": hanging, f"{prefix}{step}": broken})
    with pytest.raises(ZeroDivisionError, match="a bug"):
        await run.go()
    assert run.ledger.result is not None
    assert run.ledger.result.status == "failed"
    assert {step.status for step in run.trace.steps} <= {"done", "interrupted"}
    assert run.steps()[f"{prefix}{step}"].status == "interrupted"


class FullDisk(Trace):
    """A trace that can note the start and the end of a run and nothing between."""

    async def step_finished(self, step: StepResult, *rest: object) -> None:
        raise StoreError("the disk is full")


async def test_a_trace_that_raises_ends_the_run():
    """A record that has to be safe and is not ends the run with the trace's own error."""
    run = Run(protocol(STEPS), trace=FullDisk())
    with pytest.raises(StoreError, match="disk is full"):
        await run.go()


async def test_a_ledger_adds_up_nothing():
    """A run in which nothing happened has a result without model, cost or confidence."""
    ledger = Ledger(RunStart("r", "think", "q", START), Trace(), Watcher(), Clock())
    await ledger.open()
    result = await ledger.close("failed")
    assert (result.model_used, result.models, result.cost) == (None, [], Cost())
    assert result.confidence.kind == "none"
    assert ledger.missing == []


async def test_a_check_that_was_under_way_has_no_cost():
    """Only calls may be billed: an interrupted check costs nothing, known or unknown."""
    trace = Trace()
    ledger = Ledger(RunStart("r", "think", "q", START), trace, Watcher(), Clock())
    ledger.begin(Node("c", "c", Step(check="links")))
    await ledger.interrupt()
    assert [(step.status, step.cost, step.kind) for step in trace.steps] == [
        ("interrupted", None, "check")
    ]
