"""Runs that are in the log already: going on with one that broke off, and repeating one offline."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from llm_reasonkit.api.comparing import part_of, side_by_side
from llm_reasonkit.api.panels import PanelQuestion, caller_of, cast_panel
from llm_reasonkit.api.performing import perform
from llm_reasonkit.api.questions import Question, plan_for
from llm_reasonkit.api.recipes import question_of, typed_again
from llm_reasonkit.api.running import Setup
from llm_reasonkit.api.thinking import begin, prepared, think
from llm_reasonkit.engine.course import Course
from llm_reasonkit.engine.ending import out_of_time
from llm_reasonkit.engine.ports import Caller, Observer, Recipe, Recorded, RunStart
from llm_reasonkit.engine.replay import Absent, Past, WholePast, base_of
from llm_reasonkit.errors import UsageError
from llm_reasonkit.reasoning.limits import Limits
from llm_reasonkit.reasoning.names import unknown
from llm_reasonkit.reasoning.plan import Plan
from llm_reasonkit.reasoning.result import Result, Tokens
from llm_reasonkit.store.history import short_id_of
from llm_reasonkit.store.trace import Trace, load_trace

# What a repeated run cannot have in common with the first.
TIMES = frozenset({"started", "duration_ms"})


@dataclass(frozen=True, slots=True)
class Anew:
    """What is to be different when a run is taken up again.

    step: the step to ask again, with all that depends on it. budget, as typed, and max_calls: for
    all parts of the run together. roles: models of roles other than main. stream: let models
    stream.
    """

    step: str | None = None
    budget: str | None = None
    max_calls: int | None = None
    roles: Mapping[str, str] = field(default_factory=dict)
    stream: bool = True


@dataclass(frozen=True, slots=True)
class Replayed:
    """A run repeated from its trace, and how it differs from what was recorded, a line each."""

    result: Result
    differences: list[str]


async def resume(
    setup: Setup, log: Path, ref: str, anew: Anew, observer: Observer, ended: list[Result]
) -> Result:
    """Go on with a run of the log, and leave the result in `ended` also when it is cancelled."""
    trace = load_trace(log, ref)
    _require_rest(trace, anew)
    rest = _Rest(replace(setup, log=log), log, trace, anew, observer, ended)
    plan, command = trace.recipe.plan, trace.start.command
    if command != "think" and (anew.step or anew.roles or anew.max_calls):
        raise UsageError(
            f"run {trace.short_id} is a {command}, which goes on with the models that it has: "
            "leave out --from, --role and --max-calls"
        )
    if isinstance(plan, Course):
        return await rest.ask(plan)
    return await (rest.think(plan) if command == "think" else rest.compare(plan))


@dataclass(frozen=True, slots=True)
class _Rest:
    """What is left of a run that broke off."""

    setup: Setup
    log: Path
    trace: Trace
    anew: Anew
    observer: Observer
    ended: list[Result]

    async def think(self, plan: Plan) -> Result:
        """Ask for what is missing, or in another run from a step on."""
        trace, anew, old = self.trace, self.anew, self.trace.recipe
        setup = replace(self.setup, provider=self.setup.provider or old.request["model"])
        question = question_of(trace.start, old, self.log)
        question = replace(
            question,
            budget=anew.budget or question.budget,
            max_calls=anew.max_calls or question.max_calls,
            roles={**question.roles, **anew.roles},
            stream=anew.stream,
        )
        if anew.step:
            plan = _plan_from(anew.step, question)
        async with prepared(setup, question, plan) as ready:
            run_id = None if anew.step else trace.start.run_id
            start, recipe, caller = begin(setup, question, ready, run_id)
            recipe = replace(recipe, fence=old.fence, sources=old.sources, findings=old.findings)
            if anew.step:
                start = replace(start, parent_run=trace.start.run_id)
                past = Past(_lent(trace), anew=anew.step)
                return await perform(
                    start, recipe, caller, self.log, self.observer, self.ended, past
                )
            recipe = replace(recipe, warnings=self._warnings(ready.warnings))
            return await self._go_on(start.settings, recipe, caller)

    async def ask(self, course: Course) -> Result:
        """Go on with a panel as it was made, whatever the configuration says of it now."""
        old, budget = self.trace.recipe, self.anew.budget
        asked = PanelQuestion(**typed_again(PanelQuestion, self.trace.start, old, self.log))
        asked = replace(asked, threshold=course.rule.threshold, stream=self.anew.stream)
        asked = replace(asked, budget=budget or asked.budget)
        async with cast_panel(self.setup, asked) as cast:
            caller = caller_of(asked, cast, self.trace.start.run_id)
            recipe = replace(
                old,
                limits=cast.limits if budget else old.limits,
                facts={role: caller.facts(role) for role in old.facts},
                request={**old.request, "budget": asked.budget},
                warnings=self._warnings(cast.warnings),
            )
            settings = {**self.trace.start.settings, "budget": asked.budget}
            return await self._go_on(settings, recipe, caller)

    async def compare(self, plan: Plan) -> Result:
        """Go on with those runs of a comparison that are not done."""
        old, runs = self.trace.recipe, self.trace.recipe.request["runs"]
        anew = replace(self.anew, budget=part_of(self.anew.budget, len(runs)))
        question = question_of(self.trace.start, old, self.log)
        question = replace(question, budget=anew.budget or question.budget, stream=anew.stream)

        async def think_on(run_id: str, observer: Observer) -> Result:
            if short_id_of(self.log, run_id) is None:
                alone = replace(self.setup, provider=runs[run_id])
                return await think(alone, question, observer, [], plan, run_id)
            begun = load_trace(self.log, run_id)
            if begun.status == "done":
                return begun.result
            setup = replace(self.setup, provider=None)
            return await resume(setup, self.log, run_id, anew, observer, [])

        start = replace(self.trace.start, is_resumed=True)
        return await side_by_side(start, old, think_on, self.log, self.observer, self.ended)

    async def _go_on(self, settings: Mapping[str, Any], recipe: Recipe, caller: Caller) -> Result:
        start = replace(self.trace.start, settings=settings, is_resumed=True)
        past = Past(self.trace.calls)
        return await perform(start, recipe, caller, self.log, self.observer, self.ended, past)

    def _warnings(self, now: Sequence[str]) -> list[str]:
        return list(dict.fromkeys([*self.trace.recipe.warnings, *now, *_lost(self.trace)]))


async def replay(log: Path, ref: str, observer: Observer) -> Replayed:
    """Repeat a run of the log from nothing but its trace."""
    trace = load_trace(log, ref)
    _require_end(trace, trace)
    start = replace(trace.start, elapsed=0.0)
    if "runs" in trace.recipe.request:
        return await _replay_runs(log, trace, start, observer)
    # Whatever the budget did not allow has its record.
    recipe = replace(trace.recipe, limits=Limits())
    past = WholePast(trace.calls)
    result = await perform(start, recipe, Absent(recipe.facts), None, observer, [], past)
    return Replayed(result, [*past.differences, *_differences(trace.result, result)])


async def _replay_runs(log: Path, trace: Trace, start: RunStart, observer: Observer) -> Replayed:
    """Repeat each run of a comparison."""
    for run_id in trace.recipe.request["runs"]:
        if short_id_of(log, run_id) is None:
            raise UsageError(
                f"run {run_id}, a part of comparison {trace.short_id}, is not in the log any more"
            )
        _require_end(load_trace(log, run_id), trace)
    differences: list[str] = []

    async def again(run_id: str, observer: Observer) -> Result:
        replayed = await replay(log, run_id, observer)
        differences.extend(f"{run_id}: {line}" for line in replayed.differences)
        return replayed.result

    result = await side_by_side(start, trace.recipe, again, None, observer, [])
    return Replayed(result, [*differences, *_differences(trace.result, result)])


def _require_end(trace: Trace, whole: Trace) -> None:
    """Raise UsageError where a run, which `whole` is or has as a part, did not come to its end."""
    if _broke_off(trace):
        raise UsageError(
            f"run {whole.short_id} broke off, so there is no result to repeat; go on with it: "
            f"llm reasonkit resume {whole.short_id}"
        )


def _broke_off(trace: Trace) -> bool:
    """Tell whether a run was ended from outside, at a moment that no trace can repeat."""
    in_time = out_of_time(trace.recipe.limits.seconds) not in trace.result.warnings
    # A panel itself cancels those that its verdict does not need.
    cancelled = trace.result.agreement.cancelled if trace.result.agreement else 0
    cut_off = sum(step.status == "interrupted" for step in trace.result.steps)
    return trace.status in (None, "interrupted") or not in_time or cut_off > cancelled


def _require_rest(trace: Trace, anew: Anew) -> None:
    """Raise UsageError where there is nothing to go on with."""
    if trace.is_at_work:
        raise UsageError(
            f"run {trace.short_id} is still going on in another process; wait for it or end that"
        )
    missing = any(
        call.text is None and call.step.status not in ("done", "skipped", "interrupted")
        for call in trace.calls.values()
    )
    if trace.status in ("done", "no_consensus", "tie") and not missing and anew.step is None:
        more = "; --from STEP asks again from a step on" if trace.start.command == "think" else ""
        raise UsageError(f"run {trace.short_id} is done, nothing of it is missing{more}")


def _plan_from(step: str, question: Question) -> Plan:
    plan = plan_for(question)
    known = [stage.id_of(name) for stage in plan.stages for name in stage.steps]
    if base_of(step) not in known:
        raise UsageError(f"--from {step}: {unknown('step', step, known)}")
    return plan


def _lost(trace: Trace) -> list[str]:
    """Say which calls may have been billed although their reply never arrived."""
    idents = [
        ident
        for ident, call in trace.calls.items()
        if call.text is None and call.step.cost and call.step.cost.unknown_calls
    ]
    return [f"broken off before, and perhaps billed: {', '.join(idents)}"] if idents else []


def _lent(trace: Trace) -> dict[str, Recorded]:
    """Return the calls of a run as another one has them: paid for there, and not once more."""
    return {
        ident: replace(
            call,
            step=call.step.model_copy(update={"cost": None, "tokens": Tokens()}),
            run_id=call.run_id or trace.start.run_id,
        )
        for ident, call in trace.calls.items()
    }


def _differences(recorded: Result, repeated: Result) -> list[str]:
    """Say where a repeated run came out differently."""
    before, now = _comparable(recorded), _comparable(repeated)
    steps, found = before.pop("steps"), now.pop("steps")
    ids = dict.fromkeys([*(step["id"] for step in steps), *(step["id"] for step in found)])
    by_id = [{step["id"]: step for step in each} for each in (steps, found)]
    lines = []
    for ident in ids:
        one, other = (each.get(ident) for each in by_id)
        if one is None or other is None:
            lines.append(f"{ident}: only in the {'replay' if one is None else 'record'}")
        elif keys := [key for key in one if one[key] != other[key]]:
            lines.append(f"{ident}: another {', '.join(keys)}")
    return [*lines, *(f"another {key}" for key in before if before[key] != now[key])]


def _comparable(result: Result) -> dict[str, Any]:
    """Return a result as JSON without its times."""
    found: dict[str, Any] = json.loads(result.model_dump_json(exclude=set(TIMES)))
    for part in [*found["steps"], *found["members"]]:
        for key in TIMES & part.keys():
            del part[key]
    return found
