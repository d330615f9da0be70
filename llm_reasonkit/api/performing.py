"""Carries out what a recipe says: in a new run, in one that goes on, or once more from a trace."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from llm_reasonkit.api.running import ledger_of
from llm_reasonkit.engine.asking import Asker
from llm_reasonkit.engine.budget import Budget
from llm_reasonkit.engine.comparison import Comparison
from llm_reasonkit.engine.consensus import Consensus
from llm_reasonkit.engine.course import JUDGE, Course
from llm_reasonkit.engine.ending import carry_out
from llm_reasonkit.engine.ledger import Ledger
from llm_reasonkit.engine.open_question import OpenQuestion
from llm_reasonkit.engine.ports import Caller, Observer, Recipe, RunStart
from llm_reasonkit.engine.replay import Past, spent_on
from llm_reasonkit.engine.runner import Runner
from llm_reasonkit.reasoning.calibration import Pattern, confidence_in
from llm_reasonkit.reasoning.result import Confidence, Result
from llm_reasonkit.reasoning.voting import Verdict

Panel = Consensus | Comparison | OpenQuestion


async def perform(
    start: RunStart,
    recipe: Recipe,
    caller: Caller,
    log: Path | None,
    observer: Observer,
    ended: list[Result],
    past: Past | None = None,
) -> Result:
    """Carry out a run by its recipe, and leave the result in `ended` also when it is cancelled.

    past: the calls that need not be made.
    """
    earlier = past.calls if past and start.is_resumed else {}
    budget = Budget(recipe.limits, recipe.planned_calls, spent_on(earlier.values()))
    async with ledger_of(replace(start, recipe=recipe), log, observer, ended, earlier) as ledger:
        for warning in recipe.warnings:
            ledger.warn(warning)
        if isinstance(recipe.plan, Course):
            panel = _panel(recipe, recipe.plan, ledger, caller, budget, past)
            await carry_out(panel.work, ledger, caller, recipe.limits.seconds, panel.so_far)
        else:
            await Runner(recipe, recipe.plan, ledger, caller, budget, past).run()
    return ended[0]


def _panel(
    recipe: Recipe,
    course: Course,
    ledger: Ledger,
    caller: Caller,
    budget: Budget,
    past: Past | None,
) -> Panel:
    fence, sources, judge = recipe.fence, recipe.sources, JUDGE in recipe.facts
    # A member answers as it would answer anybody: it is told of no protocol.
    system = "\n\n".join(part for part in (recipe.system, fence.notice) if part)
    asker = Asker(ledger, caller, budget, fence, answer="members", system=system, past=past)
    how = course, asker, ledger, caller
    if ledger.start.command == "compare":
        return Comparison(*how, sources=sources, ranked=judge)
    if course.form.is_open:
        return OpenQuestion(*how, sources=sources, judge=judge)
    return Consensus(
        *how,
        confident=lambda verdict: _confidence(verdict, course),
        sources=sources,
        judge=judge,
        rounds=course.rounds,
    )


def _confidence(verdict: Verdict, course: Course) -> Confidence:
    """Say what a verdict is worth: by the user's marks, else by public recordings."""
    if verdict.winner is None:
        return Confidence(basis="no answer leads")
    pattern = Pattern(
        kind=course.form.kind,
        leading=verdict.leading,
        members=verdict.asked,
        families=verdict.families,
    )
    return confidence_in(pattern, [mark for mark, count in course.marks for _ in range(count)])
