"""One `compare`: several models, the same question; or the same protocol on several models."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from llm.utils import monotonic_ulid

from llm_reasonkit.api import thinking
from llm_reasonkit.api.panels import (
    Cast,
    PanelQuestion,
    begin,
    cast_panel,
    complete,
    form_asked_for,
)
from llm_reasonkit.api.performing import perform
from llm_reasonkit.api.questions import Question, limits_of, numbered, plan_for
from llm_reasonkit.api.recipes import request_of
from llm_reasonkit.api.running import Setup, ledger_of
from llm_reasonkit.config import load_settings
from llm_reasonkit.engine.course import JUDGE, Course
from llm_reasonkit.engine.ending import Ending, carry_out
from llm_reasonkit.engine.ports import Observer, Recipe, RunStart
from llm_reasonkit.errors import UsageError
from llm_reasonkit.models.caller import LlmCaller
from llm_reasonkit.reasoning.families import family_of
from llm_reasonkit.reasoning.result import (
    CheckItem,
    Member,
    Result,
    RunStatus,
    StepResult,
    total_cost,
    total_tokens,
)
from llm_reasonkit.reasoning.template import Fence
from llm_reasonkit.reasoning.voting import Rule


async def compare(
    setup: Setup,
    asked: PanelQuestion,
    how: Question | None,
    observer: Observer,
    ended: list[Result],
) -> Result:
    """Ask several models and leave the result in `ended` also when the run is cancelled.

    how: a question that says with which protocol or profile each model is to think; None for the
    plain prompt. A judge ranks the answers, if one is named.
    """
    asked = complete(asked, load_settings(setup.config))
    if len(asked.models) * asked.samples < 2:
        raise UsageError("a comparison takes two models: name them with -m, or --models a,b")
    if how is not None:
        return await _compare_runs(setup, asked, how, observer, ended)
    async with cast_panel(setup, asked) as cast:
        _require_foreign_judge(asked, cast)
        form = form_asked_for(replace(asked, answer="text"))
        course = Course(seats=cast.seats, form=form, rule=Rule(), max_tokens=4_000)
        start, recipe, caller = begin(setup, asked, cast, "compare", course)
        return await perform(start, recipe, caller, setup.log, observer, ended)


def _require_foreign_judge(asked: PanelQuestion, cast: Cast) -> None:
    """Raise UsageError for a judge of a member's family: models prefer their own kind."""
    families = {seat.family for seat in cast.seats}
    judge = cast.players.get(JUDGE)
    # By its id, as an alias does not tell the maker.
    if judge is not None and (family := family_of(judge.id)) in families:
        raise UsageError(
            f"the judge {asked.judge} is of the family of a member ({family}); name one of another "
            "maker"
        )


async def _compare_runs(
    setup: Setup,
    asked: PanelQuestion,
    how: Question,
    observer: Observer,
    ended: list[Result],
) -> Result:
    """Let each model think in a run of its own, all at once, with an equal part of the budget."""
    for option, given in (("--rank", asked.judge), ("--schema", asked.schema)):
        if given is not None:
            raise UsageError(f"{option} is for plain answers; compare them without --profile")
    async with cast_panel(setup, asked) as cast:
        # A model that is not there is found out before the others have cost anything.
        models = [player.id for player in cast.players.values()]
    how = replace(how, budget=part_of(asked.budget, len(models)))
    plan = plan_for(how)
    # Made before the comparison's own, which is so the last of the log.
    runs = {str(monotonic_ulid()).lower(): model for model in models}
    run_id = str(monotonic_ulid()).lower()
    recipe = Recipe(
        plan=plan,
        fence=Fence(""),
        sources=numbered(how.sources),
        request={**request_of(replace(setup, provider=None), how, models[0]), "runs": runs},
    )
    start = RunStart(
        run_id=run_id,
        command="compare",
        question=asked.text,
        started=datetime.now(UTC),
        protocol=how.protocol,
        profile=how.profile,
        trace_id=run_id if setup.log else None,
        settings={"models": list(asked.models), "budget": asked.budget},
    )

    def think(run_id: str, observer: Observer) -> Coroutine[Any, Any, Result]:
        alone = replace(setup, provider=runs[run_id])
        return thinking.think(alone, how, observer, [], plan, run_id)

    return await side_by_side(start, recipe, think, setup.log, observer, ended)


async def side_by_side(
    start: RunStart,
    recipe: Recipe,
    think: Callable[[str, Observer], Coroutine[Any, Any, Result]],
    log: Path | None,
    observer: Observer,
    ended: list[Result],
) -> Result:
    """Carry out the runs of a comparison all at once, and leave what they come to in `ended`.

    think: carries out the run with an id, told to an observer.
    """

    async def work() -> Ending:
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(think(run_id, _Side(observer, number)))
                for number, run_id in enumerate(recipe.request["runs"], 1)
            ]
        runs = [task.result() for task in tasks]
        for run in runs:
            if run.status == "stopped_by_budget":
                ledger.halt(run.warnings[0])
        return _all_together(runs, list(recipe.request["runs"].values()))

    async with ledger_of(replace(start, recipe=recipe), log, observer, ended) as ledger:
        # Of its own a comparison makes no calls.
        await carry_out(work, ledger, LlmCaller({}, start.run_id), None)
    return ended[0]


class _Side:
    """Tells an observer of one of several runs side by side; their answers come later."""

    def __init__(self, observer: Observer, number: int) -> None:
        self._observer = observer
        self._number = number

    def step_started(self, step_id: str, model: str | None) -> None:
        self._observer.step_started(self._name(step_id), model)

    def step_text(self, step_id: str, text: str) -> None:
        self._observer.step_text(self._name(step_id), text)

    def step_finished(self, step: StepResult, checks: list[CheckItem]) -> None:
        named = step.model_copy(update={"id": self._name(step.id)})
        self._observer.step_finished(named, checks)

    def answer_text(self, text: str) -> None: ...

    def _name(self, step_id: str) -> str:
        return f"{self._number}.{step_id}"


def _all_together(runs: Sequence[Result], models: Sequence[str]) -> Ending:
    answered = sum(run.answer is not None for run in runs)
    status: RunStatus = "partial" if answered else "failed"
    if any(run.status == "stopped_by_budget" for run in runs):
        status = "stopped_by_budget"
    elif answered == len(runs):
        status = "done"
    return Ending(status, None, _summed(runs, models))


def _summed(runs: Sequence[Result], models: Sequence[str]) -> dict[str, Any]:
    return {
        "members": [
            Member(
                model=model,
                model_served=run.model_used,
                family=family_of(model),
                status="failed" if run.answer is None else "done",
                answer=run.answer,
                duration_ms=run.duration_ms,
                tokens=run.tokens,
                cost=run.cost if run.models else None,
                error=None if run.answer else "; ".join(run.warnings[:1]) or None,
                run_id=run.run_id if run.trace_id else None,
            )
            for run, model in zip(runs, models, strict=True)
        ],
        "models": [use for run in runs for use in run.models],
        "tokens": total_tokens(run.tokens for run in runs),
        "cost": total_cost(run.cost for run in runs),
    }


def part_of(budget: str | None, runs: int) -> str | None:
    """Divide a budget among runs; they have the same time, as they go on side by side."""
    limits = limits_of(budget)
    parts = [
        f"${limits.usd / runs:f}" if limits.usd is not None else None,
        f"{limits.tokens // runs}t" if limits.tokens is not None else None,
        f"{limits.seconds:g}s" if limits.seconds is not None else None,
    ]
    return ",".join(part for part in parts if part) or None
