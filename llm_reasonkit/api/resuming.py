"""Runs that are in the log already: going on with one that broke off, and repeating one offline."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from llm_reasonkit.api.questions import Question, plan_for
from llm_reasonkit.api.recipes import question_of
from llm_reasonkit.api.running import Setup
from llm_reasonkit.api.thinking import begin, perform, prepared
from llm_reasonkit.engine.ending import out_of_time
from llm_reasonkit.engine.ports import Observer, Recorded
from llm_reasonkit.engine.replay import Absent, Past, WholePast, base_of
from llm_reasonkit.errors import UsageError
from llm_reasonkit.reasoning.limits import Limits
from llm_reasonkit.reasoning.names import unknown
from llm_reasonkit.reasoning.plan import Plan
from llm_reasonkit.reasoning.result import Result, Tokens
from llm_reasonkit.store.trace import Trace, load_trace

# What a repeated run cannot have in common with the first.
TIMES = frozenset({"started", "duration_ms"})


@dataclass(frozen=True, slots=True)
class Anew:
    """What is to be different when a run is taken up again.

    step: the step to ask again, with all that depends on it. budget: as typed, for all parts of
    the run together. roles: models of roles other than main. stream: let models stream.
    """

    step: str | None = None
    budget: str | None = None
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
    old = trace.recipe
    setup = replace(setup, log=log, provider=setup.provider or old.request["model"])
    question = question_of(trace.start, old, log)
    question = replace(
        question,
        budget=anew.budget or question.budget,
        roles={**question.roles, **anew.roles},
        stream=anew.stream,
    )
    plan = _plan_from(anew.step, question) if anew.step else old.plan
    async with prepared(setup, question, plan) as ready:
        run_id = None if anew.step else trace.start.run_id
        start, recipe, caller = begin(setup, question, ready, run_id)
        recipe = replace(recipe, fence=old.fence, sources=old.sources, findings=old.findings)
        if anew.step:
            start = replace(start, parent_run=trace.start.run_id)
            past = Past(_lent(trace), anew=anew.step)
        else:
            warnings = dict.fromkeys([*old.warnings, *ready.warnings, *_lost(trace)])
            recipe = replace(recipe, warnings=list(warnings))
            start = replace(
                start,
                started=trace.start.started,
                parent_run=trace.start.parent_run,
                is_resumed=True,
                elapsed=trace.start.elapsed,
            )
            past = Past(trace.calls)
        return await perform(start, recipe, caller, log, observer, ended, past)


async def replay(log: Path, ref: str, observer: Observer) -> Replayed:
    """Repeat a run of the log from nothing but its trace."""
    trace = load_trace(log, ref)
    if _broke_off(trace):
        raise UsageError(
            f"run {trace.short_id} broke off, so there is no result to repeat; go on with it: "
            f"llm reasonkit resume {trace.short_id}"
        )
    # Whatever the budget did not allow has its record.
    recipe = replace(trace.recipe, limits=Limits())
    past = WholePast(trace.calls)
    start = replace(trace.start, elapsed=0.0)
    result = await perform(start, recipe, Absent(recipe.facts), None, observer, [], past)
    return Replayed(result, [*past.differences, *_differences(trace.result, result)])


def _broke_off(trace: Trace) -> bool:
    """Tell whether a run was ended from outside, at a moment that no trace can repeat."""
    in_time = out_of_time(trace.recipe.limits.seconds) not in trace.result.warnings
    to_its_end = all(step.status != "interrupted" for step in trace.result.steps)
    return trace.status in (None, "interrupted") or not (in_time and to_its_end)


def _require_rest(trace: Trace, anew: Anew) -> None:
    """Raise UsageError where there is nothing to go on with."""
    if trace.is_at_work:
        raise UsageError(
            f"run {trace.short_id} is still going on in another process; wait for it or end that"
        )
    if trace.status == "done" and anew.step is None:
        raise UsageError(
            f"run {trace.short_id} is done, nothing of it is missing; --from STEP asks again from "
            "a step on"
        )


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
    for step in found["steps"]:
        for key in TIMES:
            del step[key]
    return found
