"""The ledger of a run: each call and check as it starts and ends, and what they add up to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from llm_reasonkit.engine.ports import Clock, Observer, Reply, RunStart, TraceSink
from llm_reasonkit.reasoning.protocol import Step
from llm_reasonkit.reasoning.result import (
    CheckItem,
    Confidence,
    Cost,
    Result,
    RunStatus,
    StepResult,
    StepStatus,
    Tokens,
    confidence_from_checks,
    count_checks,
    count_models,
    total_cost,
    total_tokens,
)


@dataclass(frozen=True, slots=True)
class Node:
    """A place in the run: the record's id, the step's name and the step itself."""

    ident: str
    name: str
    step: Step
    inputs: tuple[str, ...] = ()
    attempt: int = 1

    def item(self, number: int) -> Node:
        """The node of one item of a for_each step, counted from 1."""
        return replace(self, ident=f"{self.ident}[{number}]")

    def again(self) -> Node:
        """The node of the second attempt."""
        return replace(self, ident=f"{self.ident}#2", attempt=2)


@dataclass(frozen=True, slots=True)
class _Running:
    node: Node
    model: str | None
    started: datetime
    began: float


class Ledger:
    """Keeps the records of a run, shows them to the observer and writes them to the trace."""

    def __init__(self, start: RunStart, trace: TraceSink, observer: Observer, clock: Clock) -> None:
        self.start = start
        self.observer = observer
        self._trace = trace
        self._clock = clock
        self._began = clock.monotonic()
        self._running: dict[str, _Running] = {}
        self._steps: list[StepResult] = []
        self._checks: list[CheckItem] = []
        self._missing: dict[str, list[str]] = {}
        self._fell_back: dict[str, list[str]] = {}
        self._warnings: list[str] = []
        self.stopped: str | None = None
        self.result: Result | None = None

    async def open(self) -> None:
        """Write down that the run has started."""
        await self._trace.run_started(self.start)

    def begin(self, node: Node, model: str | None = None) -> None:
        """Note that a call or check has started, and show it."""
        self._running[node.ident] = _Running(
            node, model, self._clock.now(), self._clock.monotonic()
        )
        self.observer.step_started(node.ident, model)

    async def end(
        self,
        node: Node,
        status: StepStatus,
        *,
        output: Any = None,  # noqa: ANN401 (a JSON value)
        error: str | None = None,
        reply: Reply | None = None,
        cost: Cost | None = None,
        checks: Sequence[CheckItem] = (),
    ) -> None:
        """Record how a call, check or skipped step came out; it is in the trace when this
        returns, before anything depends on it."""
        now = self._clock.monotonic()
        running = self._running.pop(node.ident, None) or _Running(
            node, None, self._clock.now(), now
        )
        record = StepResult(
            id=node.ident,
            name=node.name,
            kind="check" if node.step.check else "prompt",
            role=None if node.step.check else node.step.role,
            attempt=node.attempt,
            model=running.model,
            model_served=reply.model_served if reply else None,
            provider=reply.provider if reply else None,
            status=status,
            output=output,
            error=error,
            tokens=reply.tokens if reply else Tokens(),
            cost=reply.cost if reply else cost,
            started=running.started,
            duration_ms=round((now - running.began) * 1000),
            turn_id=reply.turn_id if reply else None,
            inputs=list(node.inputs),
            fell_back=list(reply.fell_back) if reply else [],
        )
        for why in record.fell_back:
            self._fell_back.setdefault(why, []).append(node.ident)
        self._steps.append(record)
        self._checks += checks
        await self._trace.step_finished(record, list(checks), reply)
        self.observer.step_finished(record, list(checks))

    async def stop(self, node: Node, why: str) -> None:
        """Record a call that the budget does not allow; no call is made after it."""
        await self.end(node, "stopped_by_budget", error=why)
        self.stopped = self.stopped or why

    @property
    def calls_under_way(self) -> list[str]:
        """The ids of the calls that have begun and not ended."""
        return [ident for ident, running in self._running.items() if running.model is not None]

    async def interrupt(
        self, status: StepStatus = "interrupted", costs: Mapping[str, Cost] | None = None
    ) -> None:
        """Record everything that is still under way as interrupted, or stopped.

        costs: of calls by id. A call in flight may be billed although its reply will never
        arrive, so that of others is unknown.
        """
        for ident, running in list(self._running.items()):
            cost = (costs or {}).get(ident, Cost(unknown_calls=1))
            await self.end(running.node, status, cost=None if running.model is None else cost)

    def lose(self, node: Node, why: str) -> None:
        """Note that something is missing from the run, and why."""
        self._missing.setdefault(why, []).append(node.ident)

    def warn(self, text: str) -> None:
        """Add a warning to the result."""
        self._warnings.append(text)

    @property
    def missing(self) -> list[str]:
        """What the answer does without, a reason each."""
        return [f"{', '.join(idents)} ({why})" for why, idents in self._missing.items()]

    def checks_of(self, idents: Iterable[str]) -> list[CheckItem]:
        """Return what was established in the records with these ids."""
        wanted = set(idents)
        return [item for item in self._checks if item.step in wanted]

    async def close(
        self,
        status: RunStatus,
        answer: str | None = None,
        more: Mapping[str, Any] | None = None,
    ) -> Result:
        """End the run and return its result, which is in the trace by then.

        more: fields of the result that the steps do not tell, such as the votes.
        """
        calls = [step for step in self._steps if step.cost is not None]
        checks = count_checks(self._checks)
        known = Result(
            run_id=self.start.run_id,
            command=self.start.command,
            status=status,
            question=self.start.question,
            answer=answer,
            answer_kind=None if answer is None else "text",
            protocol=self.start.protocol,
            profile=self.start.profile,
            model_used=_model_of_answer(calls),
            models=count_models(calls),
            confidence=Confidence() if answer is None else confidence_from_checks(checks),
            steps=self._steps,
            checks=checks,
            tokens=total_tokens(step.tokens for step in calls),
            cost=total_cost(step.cost for step in calls if step.cost is not None),
            started=self.start.started,
            trace_id=self.start.trace_id,
            duration_ms=round((self._clock.monotonic() - self._began) * 1000),
            warnings=[
                *([self.stopped] if self.stopped else []),
                *self._warnings,
                *(f"fell back in {', '.join(ids)}: {why}" for why, ids in self._fell_back.items()),
                *(f"missing: {text}" for text in self.missing),
            ],
        )
        self.result = known.model_copy(update=more or {})
        await self._trace.run_finished(self.result)
        return self.result


def _model_of_answer(calls: Sequence[StepResult]) -> str | None:
    done = [step for step in calls if step.status == "done"]
    return (done[-1].model_served or done[-1].model) if done else None
