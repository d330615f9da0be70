"""Run a plan: whatever is ready starts at once, whatever fails is shown, one answer comes out."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import Any

from llm_reasonkit.engine.asking import Asker, Outcome
from llm_reasonkit.engine.budget import Budget
from llm_reasonkit.engine.ending import Ending, carry_out
from llm_reasonkit.engine.ledger import Ledger, Node
from llm_reasonkit.engine.ports import Caller
from llm_reasonkit.reasoning.checks import CHECKS
from llm_reasonkit.reasoning.plan import Plan, PlannedStage
from llm_reasonkit.reasoning.protocol import resolve
from llm_reasonkit.reasoning.result import CheckItem, Result, RunStatus, count_checks
from llm_reasonkit.reasoning.template import Fence, TemplateError, holds, trust

Outcomes = dict[str, Outcome]


class Runner:
    """Runs one plan once. `sources` are `{id, name, text}`, given with the question."""

    def __init__(
        self,
        plan: Plan,
        ledger: Ledger,
        caller: Caller,
        budget: Budget,
        *,
        sources: Sequence[Mapping[str, Any]] = (),
        system: str | None = None,
        fence: Fence,
    ) -> None:
        self._plan = plan
        self._ledger = ledger
        self._caller = caller
        self._sources = list(sources)
        self._budget = budget
        self._asker = Asker(ledger, caller, budget, fence, system)

    async def run(self) -> Result:
        """Run to an answer and return the result.

        A step that fails does not fail the run while the answer can still be reached; the answer
        then says what is missing. On cancellation what there is gets recorded with status
        `interrupted` before the CancelledError goes on.
        """
        return await carry_out(self._work, self._ledger, self._caller, self._budget.limits.seconds)

    async def _work(self) -> Ending:
        answer = await self._answer()
        return Ending(self._status(answer), answer)

    def _status(self, answer: str | None) -> RunStatus:
        if self._ledger.stopped:
            return "stopped_by_budget"
        if answer is None:
            return "failed"
        return "partial" if self._ledger.missing else "done"

    async def _answer(self) -> str | None:
        last = self._plan.stages[-1]
        outcomes = (await self._run_stages())[last.key]
        scope = {name: outcome.value for name, outcome in outcomes.items()}
        try:
            value = _value_at(last.protocol.answer, scope)
        except KeyError:
            value = None
        answer = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        if value is None or not answer.strip():
            why = outcomes[last.target_steps[0]].absent or "it gave an empty one"
            if not self._ledger.stopped:
                self._ledger.warn(f"no answer from {last.protocol.answer}: {why}")
            return None
        unseen = "" if self._streams(last, last.protocol.answer) else answer
        if missing := self._ledger.missing:
            note = f"\n\nMissing from this answer: {'; '.join(missing)}."
            answer += note
            unseen += note
        if unseen:
            self._ledger.observer.answer_text(unseen)
        return answer

    async def _run_stages(self) -> dict[str, Outcomes]:
        tasks: dict[str, asyncio.Task[Outcomes]] = {}
        async with asyncio.TaskGroup() as group:
            for stage in self._plan.stages:
                before = {key: tasks[key] for key in stage.after}
                tasks[stage.key] = group.create_task(self._run_stage(stage, before))
        return {key: task.result() for key, task in tasks.items()}

    async def _run_stage(
        self, stage: PlannedStage, before: Mapping[str, asyncio.Task[Outcomes]]
    ) -> Outcomes:
        if before:
            await asyncio.wait(before.values())
        given = self._given(stage, {key: task.result() for key, task in before.items()})
        tasks: dict[str, asyncio.Task[Outcome]] = {}
        async with asyncio.TaskGroup() as group:
            for name in stage.protocol.in_order(stage.steps):
                read = {other: tasks[other] for other in stage.protocol.dependencies(name)}
                tasks[name] = group.create_task(self._run_step(stage, name, given, read))
        return {name: task.result() for name, task in tasks.items()}

    def _given(self, stage: PlannedStage, before: Mapping[str, Outcomes]) -> dict[str, Any]:
        question = self._ledger.start.question
        context = "\n\n".join(source["text"] for source in self._sources)
        stages = {other.key: other for other in self._plan.stages}
        return {
            "question": trust(question),
            "context": context,
            "material": f"{question}\n\n{context}" if context else question,
            "sources": self._sources,
            "findings": [self._findings(stages[key], found) for key, found in before.items()],
            "settings": trust(dict(stage.settings)),
        }

    def _findings(self, stage: PlannedStage, outcomes: Outcomes) -> dict[str, Any]:
        idents = [ident for outcome in outcomes.values() for ident in outcome.idents]
        return {
            "protocol": stage.key,
            "findings": {name: outcomes[name].value for name in stage.target_steps},
            # What passed need not be told: it would be a quarter of the prompt.
            "checks": [
                item.model_dump(include={"name", "status", "detail"})
                for item in self._ledger.checks_of(idents)
                if item.status != "passed"
            ],
        }

    async def _run_step(
        self,
        stage: PlannedStage,
        name: str,
        given: Mapping[str, Any],
        read: Mapping[str, asyncio.Task[Outcome]],
    ) -> Outcome:
        if read:
            await asyncio.wait(read.values())
        step = stage.protocol.steps[name]
        before = {other: task.result() for other, task in read.items()}
        node = Node(
            ident=f"{stage.key}.{name}" if stage.key else name,
            name=name,
            step=step,
            inputs=tuple(ident for outcome in before.values() for ident in outcome.idents),
        )
        for other, outcome in before.items():
            if outcome.absent is not None and other not in step.optional:
                return await self._skip(node, f"it needs {other}, which is missing")
        scope = {**given, **{other: outcome.value for other, outcome in before.items()}}
        scope["thinks"] = step.check is None and self._caller.facts(step.role).reasons
        try:
            if step.when is not None and not holds(step.when, scope):
                return await self._skip(node, "its `when` does not hold")
            if step.check is not None:
                return await self._check(node, scope)
            return await self._asker.ask(node, scope, streams=self._streams(stage, name))
        except (TemplateError, KeyError) as error:
            text = f"the protocol asks for something that is not there: {error}"
            await self._ledger.end(node, "failed", error=text)
            self._ledger.lose(node, text)
            return Outcome(idents=(node.ident,), absent=text)

    def _streams(self, stage: PlannedStage, name: str) -> bool:
        """Tell whether a step's text is the answer, word for word."""
        step = stage.protocol.steps.get(stage.protocol.answer)  # None: a part of an object is
        if stage.key != self._plan.stages[-1].key or name != stage.protocol.answer or step is None:
            return False
        return step.prompt is not None and step.output is None and step.for_each is None

    async def _skip(self, node: Node, why: str) -> Outcome:
        await self._ledger.end(node, "skipped", error=why)
        return Outcome(idents=(node.ident,), absent=why)

    async def _check(self, node: Node, scope: Mapping[str, Any]) -> Outcome:
        name = node.step.check or ""
        given = {key: _value_at(path, scope) for key, path in node.step.with_.items()}
        self._ledger.begin(node)
        try:
            found = CHECKS[name](**given)
        # A check that breaks on odd text must not cost the user the calls already paid for.
        except Exception as error:  # noqa: BLE001
            why = f"check {name} broke: {type(error).__name__}: {error}"
            await self._ledger.end(node, "failed", error=why)
            self._ledger.lose(node, why)
            return Outcome(idents=(node.ident,), absent=why)
        items = [
            CheckItem(step=node.ident, name=fact.name, status=fact.status, detail=fact.detail)
            for fact in found.facts
        ]
        value = {**found.value, **count_checks(items).model_dump(exclude={"items"})}
        await self._ledger.end(node, "done", output=value, checks=items)
        return Outcome(value, (node.ident,))


def _value_at(path: str, scope: Mapping[str, Any]) -> Any:  # noqa: ANN401 (a JSON value)
    """Follow a path; through a step that could be done without it leads to None."""
    if scope.get(path.split(".", 1)[0], path) is None:
        return None
    return resolve(path, scope)
