"""The ledger of a run: each call and check as it starts and ends, and what they add up to."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from operator import itemgetter
from typing import Any, TypeVar

from llm_reasonkit.engine.budget import Reservation
from llm_reasonkit.engine.ports import (
    Clock,
    ModelFacts,
    Observer,
    Recorded,
    Reply,
    RunStart,
    TraceSink,
)
from llm_reasonkit.reasoning.protocol import Step
from llm_reasonkit.reasoning.result import (
    CheckItem,
    Confidence,
    Cost,
    Dissent,
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

Place = tuple[int, ...]
_E = TypeVar("_E", bound=tuple[Any, ...])


@dataclass(frozen=True, slots=True)
class Node:
    """A place in the run: the record's id, the step's name and the step itself.

    place: where it stands in the plan, so that a result does not depend on which of several calls
    came back first. number: of the item, in a for_each step.
    """

    ident: str
    name: str
    step: Step
    inputs: tuple[str, ...] = ()
    attempt: int = 1
    place: Place = ()
    number: int = 1

    def item(self, number: int) -> Node:
        """The node of one item of a for_each step, counted from 1."""
        place = (*self.place, number)
        return replace(self, ident=f"{self.ident}[{number}]", place=place, number=number)

    def again(self) -> Node:
        """The node of the second attempt."""
        return replace(self, ident=f"{self.ident}#2", attempt=2, place=(*self.place, 2))


@dataclass(frozen=True, slots=True)
class _Running:
    node: Node
    model: str | None
    started: datetime
    began: float
    taken: StepResult | None = None
    most_usd: Decimal = Decimal(0)


class Ledger:
    """Keeps the records of a run, shows them to the observer and writes them to the trace.

    earlier: what a run that goes on has in its trace already, by id.
    """

    def __init__(
        self,
        start: RunStart,
        trace: TraceSink,
        observer: Observer,
        clock: Clock,
        earlier: Mapping[str, Recorded] | None = None,
    ) -> None:
        self.start = start
        self.observer = observer
        self._trace = trace
        self._clock = clock
        self._began = clock.monotonic() - start.elapsed
        self._earlier = dict(earlier or {})
        self._running: dict[str, _Running] = {}
        self._steps: list[tuple[Place, StepResult]] = []
        self._checks: list[CheckItem] = []
        self._dissent: list[tuple[Place, Dissent]] = []
        self._missing: list[tuple[Place, str, str]] = []
        self._warnings: list[tuple[Place, str]] = []
        self._stops: list[tuple[Place, str]] = []
        self.result: Result | None = None

    async def open(self) -> None:
        """Write down that the run has started."""
        await self._trace.run_started(self.start)

    async def announce(
        self, node: Node, model: ModelFacts, prompt_hash: str, reserved: Reservation
    ) -> None:
        """Write down that a call is about to be made, so that it is known of even if this process
        dies in the middle of it; then note that it has started."""
        free = model.price is not None and model.price.is_free
        unpaid = Cost(usd=Decimal(0), source="computed") if free else Cost(unknown_calls=1)
        record = StepResult(
            id=node.ident,
            name=node.name,
            kind="prompt",
            role=node.step.role,
            attempt=node.attempt,
            model=model.id,
            status="running",
            cost=self._in_all(node.ident, unpaid, Tokens())[0],
            started=self._clock.now(),
            inputs=list(node.inputs),
        )
        before = self._earlier.get(node.ident)
        call = Recorded(
            record,
            prompt_hash,
            most_usd=reserved.usd + (before.used_usd if before else 0),
            most_tokens=reserved.tokens + (before.used_tokens if before else 0),
        )
        await self._trace.call_started(call)
        self.begin(node, model.id, most_usd=call.most_usd or Decimal(0))

    def begin(
        self,
        node: Node,
        model: str | None = None,
        taken: StepResult | None = None,
        most_usd: Decimal = Decimal(0),
    ) -> None:
        """Note that a call or check has started, and show it.

        taken: the record that the outcome will be taken from. most_usd: the most that it can cost.
        """
        self._running[node.ident] = _Running(
            node, model, self._clock.now(), self._clock.monotonic(), taken, most_usd
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
        dissent: Sequence[tuple[str, str]] = (),
    ) -> None:
        """Record how a call, check or skipped step came out; it is in the trace when this
        returns, before anything depends on it."""
        now = self._clock.monotonic()
        running = self._running.pop(node.ident, None) or _Running(
            node, None, self._clock.now(), now
        )
        came_out = {"status": status, "output": output, "error": error, "inputs": list(node.inputs)}
        if running.taken is not None:
            record = running.taken.model_copy(update=came_out)
        else:
            cost, tokens = self._in_all(
                node.ident,
                reply.cost if reply else cost,
                reply.tokens if reply else Tokens(),
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
                tokens=tokens,
                cost=cost,
                started=running.started,
                duration_ms=round((now - running.began) * 1000),
                turn_id=reply.turn_id if reply else None,
                fell_back=list(reply.fell_back) if reply else [],
                **came_out,
            )
        self._earlier.pop(node.ident, None)
        self._steps.append((node.place, record))
        self._checks += checks
        self._dissent += [
            (node.place, Dissent(answer=answer, point=point, step=node.ident))
            for answer, point in dissent
        ]
        await self._trace.step_finished(record, list(checks), reply)
        self.observer.step_finished(record, list(checks))

    def _in_all(self, ident: str, cost: Cost | None, tokens: Tokens) -> tuple[Cost | None, Tokens]:
        """Add what a call took in earlier parts of the run."""
        before = self._earlier.get(ident)
        if before is None or before.step.cost is None:
            return cost, tokens
        costs = [before.step.cost, *([cost] if cost else [])]
        return total_cost(costs), total_tokens([before.step.tokens, tokens])

    async def stop(self, node: Node, why: str) -> None:
        """Record a call that the budget does not allow."""
        await self.end(node, "stopped_by_budget", error=why)
        self.halt(why, node.place)

    def halt(self, why: str, place: Place = ()) -> None:
        """Note which limit was reached."""
        self._stops.append((place, why))

    @property
    def stopped(self) -> str | None:
        """Why the budget ended the run, None if it did not."""
        return min(self._stops)[1] if self._stops else None

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
        unpaid: list[Decimal] = []
        ends = []
        for ident, running in self._running.items():
            cost = (costs or {}).get(ident, Cost(unknown_calls=1))
            if running.taken is not None:
                cost = running.taken.cost or Cost()
            if cost.unknown_calls and running.most_usd:
                unpaid.append(running.most_usd)
            paid = None if running.model is None else cost
            ends.append(self.end(running.node, status, cost=paid))
        # Together, as the disk is waited for once then.
        await asyncio.gather(*ends)
        if unpaid:
            calls = "a call that was" if len(unpaid) == 1 else f"{len(unpaid)} calls that were"
            self.warn(
                f"no bill came in time for {calls} cancelled: at most "
                f"${sum(unpaid, Decimal(0)).normalize():f} more"
            )

    def lose(self, node: Node, why: str) -> None:
        """Note that something is missing from the run, and why."""
        self._missing.append((node.place, node.ident, why))

    def warn(self, text: str, node: Node | None = None) -> None:
        """Add a warning to the result, about a node or about the run as a whole."""
        self._warnings.append((node.place if node else (), text))

    @property
    def missing(self) -> list[str]:
        """What the answer does without, a reason each."""
        found = _by_reason((why, ident) for _, ident, why in _in_order(self._missing))
        return [f"{', '.join(idents)} ({why})" for why, idents in found.items()]

    def record_of(self, ident: str) -> StepResult | None:
        """Return the record with this id; None while there is none."""
        return next((step for _, step in self._steps if step.id == ident), None)

    def checks_of(self, idents: Iterable[str]) -> list[CheckItem]:
        """Return what was established in the records with these ids, in their order."""
        found: dict[str, list[CheckItem]] = {}
        for item in self._checks:
            found.setdefault(item.step, []).append(item)
        return [item for ident in idents for item in found.get(ident, [])]

    @property
    def confidence(self) -> Confidence:
        """What the checks so far amount to."""
        return confidence_from_checks(count_checks(self._checks))

    async def close(
        self,
        status: RunStatus,
        answer: str | None = None,
        more: Mapping[str, Any] | None = None,
    ) -> Result:
        """End the run and return its result, which is in the trace by then.

        more: fields of the result that the steps do not tell, such as the votes.
        """
        steps = [step for _, step in _in_order(self._steps)]
        steps += [known.step.left_behind() for known in self._earlier.values()]
        calls = [step for step in steps if step.model is not None]
        checks = count_checks(self.checks_of(step.id for step in steps))
        fell_back = _by_reason((why, step.id) for step in steps for why in step.fell_back)
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
            confidence=Confidence() if answer is None else self.confidence,
            steps=steps,
            checks=checks,
            dissent=[each for _, each in _in_order(self._dissent)],
            tokens=total_tokens(step.tokens for step in calls),
            cost=total_cost(step.cost for step in calls if step.cost is not None),
            started=self.start.started,
            trace_id=self.start.trace_id,
            parent_run=self.start.parent_run,
            duration_ms=round((self._clock.monotonic() - self._began) * 1000),
            warnings=[
                *([self.stopped] if self.stopped else []),
                # In a second round a member may give cause for the same one.
                *dict.fromkeys(text for _, text in _in_order(self._warnings)),
                *(f"fell back in {', '.join(ids)}: {why}" for why, ids in fell_back.items()),
                *(f"missing: {text}" for text in self.missing),
            ],
        )
        self.result = known.model_copy(update=more or {})
        await self._trace.run_finished(self.result)
        return self.result


def _model_of_answer(calls: Sequence[StepResult]) -> str | None:
    done = [step for step in calls if step.status == "done"]
    return (done[-1].model_served or done[-1].model) if done else None


def _in_order(entries: Iterable[_E]) -> list[_E]:
    """Sort by place; what stands in the same one stays in the order of its coming."""
    return sorted(entries, key=itemgetter(0))


def _by_reason(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for why, ident in pairs:
        found.setdefault(why, []).append(ident)
    return found
