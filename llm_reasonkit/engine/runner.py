"""Run a plan: whatever is ready starts at once, whatever fails is shown, one answer comes out."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from llm_reasonkit.engine.asking import Asker, Outcome
from llm_reasonkit.engine.budget import Budget
from llm_reasonkit.engine.ending import Ending, carry_out
from llm_reasonkit.engine.ledger import Ledger, Node
from llm_reasonkit.engine.ports import Caller, Recipe
from llm_reasonkit.engine.replay import Past
from llm_reasonkit.engine.stream import AnswerStream
from llm_reasonkit.reasoning.checks import CHECKS
from llm_reasonkit.reasoning.checks.links import links_in
from llm_reasonkit.reasoning.findings import told
from llm_reasonkit.reasoning.plan import Plan, PlannedStage, turns_at
from llm_reasonkit.reasoning.prompting import system_prompt
from llm_reasonkit.reasoning.protocol import head_of, resolve
from llm_reasonkit.reasoning.result import CheckItem, Result, RunStatus, count_checks, shortfall
from llm_reasonkit.reasoning.template import TemplateError, holds, trust

Outcomes = dict[str, Outcome]


class Runner:
    """Runs a plan once, by the recipe that it is part of; `past` is what a trace has of the
    calls."""

    def __init__(
        self,
        recipe: Recipe,
        plan: Plan,
        ledger: Ledger,
        caller: Caller,
        budget: Budget,
        past: Past | None = None,
    ) -> None:
        self._plan = plan
        self._ledger = ledger
        self._caller = caller
        self._sources = list(recipe.sources)
        self._earlier = recipe.findings
        self._budget = budget
        self._stream: AnswerStream | None = None
        self._asker = Asker(
            ledger,
            caller,
            budget,
            recipe.fence,
            answer=plan.answer_step,
            system=system_prompt(recipe.fence, recipe.system),
            past=past,
            turns=turns_at(recipe.facts),
        )
        self._places = {
            stage.id_of(name): (number, position)
            for number, stage in enumerate(plan.stages)
            for position, name in enumerate(stage.protocol.in_order(stage.steps))
        }

    async def run(self) -> Result:
        """Run to an answer and return the result.

        A step that fails does not fail the run while the answer can still be reached; the answer
        then says what is missing. On cancellation what there is gets recorded with status
        `interrupted` before the CancelledError goes on.
        """
        return await carry_out(self._work, self._ledger, self._caller, self._budget.limits.seconds)

    async def _work(self) -> Ending:
        answer = await self._answer()
        wanted = self._plan.min_confidence if answer is not None else None
        if wanted is not None and (too_little := shortfall(self._ledger.confidence, wanted)):
            self._ledger.warn(too_little)
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
            asked = outcomes[last.protocol.answering or last.target_steps[0]]
            why = asked.absent or "it gave an empty one"
            if not self._ledger.stopped:
                self._ledger.warn(f"no answer from {last.protocol.answer}: {why}")
            return None
        unseen = self._stream.rest_of(answer) if self._stream else answer
        note = ""
        if missing := self._ledger.missing:
            note = f"\n\nMissing from this answer: {'; '.join(missing)}."
        if stopped := self._ledger.stopped:
            note += f"\n\nNot every step was made for this answer: {stopped}."
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
        if why := self._needless(stage):
            nodes = [self._node(stage, name) for name in stage.steps]
            return {node.name: await self._skip(node, why) for node in nodes}
        given = self._given(stage, {key: task.result() for key, task in before.items()})
        tasks: dict[str, asyncio.Task[Outcome]] = {}
        async with asyncio.TaskGroup() as group:
            for name in stage.protocol.in_order(stage.steps):
                read = {other: tasks[other] for other in stage.protocol.dependencies(name)}
                tasks[name] = group.create_task(self._run_step(stage, name, given, read))
        outcomes = {name: task.result() for name, task in tasks.items()}
        if stage.purpose == "sources":
            self._take_in(outcomes[stage.target_steps[0]])
        return outcomes

    def _needless(self, stage: PlannedStage) -> str | None:
        """Say why a stage need not run, if it need not."""
        if stage.purpose != "second_look":
            return None
        reached = self._ledger.confidence
        enough = shortfall(reached, self._plan.min_confidence or 0) is None
        return f"not needed: {reached.basis}" if enough else None

    def _take_in(self, found: Outcome) -> None:
        """Add pages that a step found to the sources of the run."""
        pages = [] if found.value is None else found.value["pages"]
        for number, page in enumerate(pages, len(self._sources) + 1):
            self._sources.append({"id": f"S{number}", **page})
        if found.absent is None and not pages:
            self._ledger.warn("the search of the web found nothing")

    def _given(self, stage: PlannedStage, before: Mapping[str, Outcomes]) -> dict[str, Any]:
        question = self._ledger.start.question
        context = "\n\n".join(source["text"] for source in self._sources)
        stages = {other.key: other for other in self._plan.stages}
        return {
            "question": trust(question),
            "context": context,
            # The name of a source is given, too: it may be its address.
            "material": "\n\n".join(
                [question, *(source[key] for source in self._sources for key in ("name", "text"))]
            ),
            "sources": self._sources,
            "findings": [
                *self._earlier,
                *(
                    self._findings(stages[key], found)
                    for key, found in before.items()
                    if _tells_something(stages[key], found)
                ),
            ],
            "settings": trust(dict(stage.settings)),
        }

    def _findings(self, stage: PlannedStage, outcomes: Outcomes) -> dict[str, Any]:
        idents = [ident for outcome in outcomes.values() for ident in outcome.idents]
        return told(stage.key, _found(stage, outcomes), self._ledger.checks_of(idents))

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
        node = self._node(stage, name, before)
        for other, outcome in before.items():
            if outcome.absent is not None and other not in step.optional:
                return await self._skip(node, f"it needs {other}, which is missing")
        scope = {**given, **{other: outcome.value for other, outcome in before.items()}}
        scope["thinks"] = step.check is None and self._caller.facts(step.role).reasons
        try:
            if step.when is not None and not holds(step.when, scope):
                return await self._skip(node, "not needed (`when`)")
            if step.check is not None:
                return await self._check(node, scope)
            return await self._asker.ask(node, scope, self._stream_of(stage, name, scope))
        except (TemplateError, KeyError) as error:
            text = f"the protocol asks for something that is not there: {error}"
            await self._ledger.end(node, "failed", error=text)
            self._ledger.lose(node, text)
            return Outcome(idents=(node.ident,), absent=text)

    def _node(
        self, stage: PlannedStage, name: str, before: Mapping[str, Outcome] | None = None
    ) -> Node:
        ident = stage.id_of(name)
        return Node(
            ident=ident,
            name=name,
            step=stage.protocol.steps[name],
            inputs=tuple(read for outcome in (before or {}).values() for read in outcome.idents),
            place=self._places[ident],
        )

    def _stream_of(
        self, stage: PlannedStage, name: str, scope: Mapping[str, Any]
    ) -> AnswerStream | None:
        """Return what shows a step's text as it arrives; None where that is not the answer."""
        protocol, step = stage.protocol, stage.protocol.steps[name]
        is_answer = stage is self._plan.stages[-1] and name == protocol.answering
        if not is_answer or step.output is not None or step.for_each is not None:
            return None
        links: set[str] | None = None
        check = protocol.steps[head_of(protocol.answer)]
        if check.check is not None:
            given = check.with_.get("given", "")
            if "lead" in check.with_ or head_of(given) not in scope:
                return None
            links = links_in(_value_at(given, scope))
        self._stream = AnswerStream(self._ledger.observer.answer_text, links)
        return self._stream

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
        await self._ledger.end(node, "done", output=value, checks=items, dissent=found.dissent)
        return Outcome(value, (node.ident,))


def _tells_something(stage: PlannedStage, outcomes: Outcomes) -> bool:
    """Whether what a stage left behind is a finding: sources are none, nor what was not needed."""
    if stage.purpose == "second_look":
        return any(_found(stage, outcomes).values())
    return stage.purpose == "findings"


def _found(stage: PlannedStage, outcomes: Outcomes) -> dict[str, Any]:
    """Return what a stage left behind for others; None where it is not there."""
    values = {name: outcome.value for name, outcome in outcomes.items()}
    found: dict[str, Any] = dict.fromkeys(stage.targets)
    for target in stage.targets:
        with suppress(KeyError):
            found[target] = _value_at(target, values)
    return found


def _value_at(path: str, scope: Mapping[str, Any]) -> Any:  # noqa: ANN401 (a JSON value)
    """Follow a path; through a step that could be done without it leads to None."""
    if scope.get(path.split(".", 1)[0], path) is None:
        return None
    return resolve(path, scope)
