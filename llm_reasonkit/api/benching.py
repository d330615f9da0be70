"""One bench: models, their panel, protocols and profiles on questions whose answers are known."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

from llm_reasonkit.api import panels, thinking
from llm_reasonkit.api.panels import PanelQuestion, complete, mistake_in_choices
from llm_reasonkit.api.questions import Question, limits_of, plan_of
from llm_reasonkit.api.running import Setup, Unwatched
from llm_reasonkit.config import load_settings
from llm_reasonkit.errors import UsageError
from llm_reasonkit.reasoning.answers import (
    Answer,
    AnswerForm,
    Kind,
    canonical,
    form_of,
    read,
    request_for,
)
from llm_reasonkit.reasoning.bench import (
    BenchReport,
    ContestantKind,
    Outcome,
    Score,
    best_model,
    equal_cost,
    is_right,
    pairings,
    score,
)
from llm_reasonkit.reasoning.mistakes import mistake
from llm_reasonkit.reasoning.result import Cost, Record, Result, Vote

_AT_ONCE = 4

Told = Callable[[int, int], None]


class Item(Record):
    """A question and its answer, as a line of the file has them."""

    question: str
    answer: Any
    choices: list[str] = Field(default_factory=list)
    kind: Kind | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """A question, what its answers look like, and the right one.

    kind: of the answers, None where the question shows it.
    """

    item: Item
    kind: Kind | None
    form: AnswerForm
    answer: Answer


@dataclass(frozen=True, slots=True)
class Contest:
    """Who is to answer. models, panel: as in PanelQuestion; several models are also asked as a
    panel. profiles, protocols: of which each runs on the first model. budget: USD for all of it."""

    models: Sequence[str] = ()
    panel: str | None = None
    profiles: Sequence[str] = ()
    protocols: Sequence[str] = ()
    budget: str | None = None


def read_questions(path: Path) -> list[Known]:
    """Read a JSONL file of questions.

    Raises UsageError with the line of a mistake, also for an answer that is none of its kind.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {error}") from error
    known = [_known(line, f"{path}:{n}") for n, line in enumerate(lines, 1) if line.strip()]
    if not known:
        line = '{"question": "2 + 2?", "answer": "4"}'
        raise UsageError(f"{path} has no questions; a line of it is {line}")
    return known


def _known(line: str, place: str) -> Known:
    try:
        item = Item.model_validate(json.loads(line))
    except json.JSONDecodeError as error:
        raise UsageError(f"{place}: this is no JSON: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the line"
        raise UsageError(f"{place}: {mistake(where, first)}") from error
    if wrong := mistake_in_choices(item.choices, item.kind):
        raise UsageError(f"{place}: choices: {wrong}")
    kind, form = item.kind, form_of(item.question, item.kind, item.choices)
    if form.is_open:
        # What has one right answer can be voted on.
        kind, form = "text", form_of(item.question, "text", item.choices)
    text = "; ".join(map(str, item.answer)) if isinstance(item.answer, list) else str(item.answer)
    answer = canonical(text, form)
    if answer is None:
        raise UsageError(f"{place}: the answer {text!r} is no {form.kind}; say which kind it is")
    return Known(item, kind, form, answer)


async def bench(
    setup: Setup, questions: Sequence[Known], contest: Contest, told: Told
) -> BenchReport:
    """Put the questions to all contestants, and to the equal-cost baseline.

    told: gets how many runs of how many are over. Nothing is recorded. Raises UsageError as
    `consensus` and `think` do.
    """
    models = list(
        complete(
            PanelQuestion("", models=contest.models, panel=contest.panel),
            load_settings(setup.config),
        ).models
    )
    if not models:
        raise UsageError("name the models to ask with -m, or a --panel")
    for profile in contest.profiles:
        plan_of(profile=profile)
    for protocol in contest.protocols:
        plan_of(protocol=protocol)
    runs = 1 + len(contest.profiles) + len(contest.protocols) + 1
    court = _Court(setup, questions, _Purse.of(contest.budget, runs * len(questions)), told)
    await court.models(models)
    for profile in contest.profiles:
        await court.thinking("profile", Question("", profile=profile), models[0])
    for protocol in contest.protocols:
        await court.thinking("protocol", Question("", protocol=protocol), models[0])
    await court.baseline()
    return court.report()


@dataclass(slots=True)
class _Purse:
    """The budget, parted evenly among the runs that are left; what one leaves goes to the others.

    left: USD, None without a budget.
    """

    left: Decimal | None
    runs: int

    @classmethod
    def of(cls, budget: str | None, runs: int) -> _Purse:
        limits = limits_of(budget)
        if limits.tokens is not None or limits.seconds is not None:
            raise UsageError(f"--budget {budget}: a bench has a budget of USD, such as '$2'")
        return cls(limits.usd, runs)

    def take(self) -> Decimal | None:
        part = None if self.left is None else self.left / self.runs
        if self.left is not None and part is not None:
            self.left -= part
        self.runs -= 1
        return part

    def give_back(self, part: Decimal | None, cost: Cost) -> None:
        # What a call of unknown cost took may be all that it was allowed to.
        if self.left is not None and part is not None and not cost.unknown_calls:
            self.left += part - (cost.usd or 0)


class _Court:
    """Asks contestant after contestant and keeps what became of each question."""

    def __init__(self, setup: Setup, questions: Sequence[Known], purse: _Purse, told: Told) -> None:
        self._setup = replace(setup, log=None)
        self._questions = questions
        self._purse = purse
        self._told = told
        self._all, self._over = purse.runs, 0
        self._found: dict[str, list[Outcome | None]] = {}
        self._kinds: dict[str, ContestantKind] = {}
        self._calls: dict[str, int] = {}
        self._notes: list[str] = []

    async def models(self, models: Sequence[str]) -> None:
        """Ask all models once; what each says, and what they say together, are contestants."""
        results = await self._ask(models, samples=1)
        seats = results[0].members
        for number, seat in enumerate(seats):
            outcomes = [self._of_member(n, result, number) for n, result in enumerate(results)]
            self._add(seat.model, "model", 1, outcomes)
        if len(seats) > 1:
            outcomes = [self._of_panel(n, result) for n, result in enumerate(results)]
            self._add(f"panel of {len(seats)}", "panel", len(seats), outcomes)

    async def thinking(self, kind: ContestantKind, how: Question, model: str) -> None:
        """Let a model think about each question as `how` says."""
        setup = replace(self._setup, provider=model)

        async def run(known: Known, budget: str | None) -> Result:
            text = known.item.question + request_for(known.form)
            asked = replace(how, text=text, budget=budget)
            return await thinking.think(setup, asked, Unwatched(), [])

        results = await self._each(run)
        outcomes = [
            None
            if result.status == "stopped_by_budget"
            else self._judge(n, read(result.output, self._questions[n].form).answer, result.cost)
            for n, result in enumerate(results)
        ]
        calls = max(sum(use.calls for use in result.models) for result in results)
        self._add(f"{kind} {how.profile or how.protocol}", kind, calls, outcomes)

    async def baseline(self) -> None:
        """Spend what the dearest contestant of many calls took on samples of the best model."""
        scores = self._scores()
        best = best_model(scores)
        rivals = [each for each in scores if each.kind != "model" and each.questions]
        if best is None or not rivals:
            self._notes.append("there is no equal-cost baseline: nothing takes more than one call")
            return
        rival = max(rivals, key=lambda each: (each.usd or Decimal(0)) / each.questions)
        samples, basis = equal_cost(rival, best, self._calls[rival.name])
        name = f"{best.name} x {samples}"
        self._notes.append(f"{name} is the baseline for {rival.name}: {basis}")
        results = await self._ask([best.name], samples=samples)
        outcomes = [self._of_panel(n, result) for n, result in enumerate(results)]
        self._add(name, "baseline", samples, outcomes)

    def report(self) -> BenchReport:
        """Sum up."""
        left_out = sum(outcome is None for each in self._found.values() for outcome in each)
        if left_out:
            self._notes.append(f"the budget left {left_out} answers out; they count neither way")
        return BenchReport(
            scores=self._scores(),
            pairings=pairings(self._found),
            notes=self._notes,
            left_out=left_out,
        )

    def _scores(self) -> list[Score]:
        return [score(name, self._kinds[name], found) for name, found in self._found.items()]

    def _add(
        self, name: str, kind: ContestantKind, calls: int, outcomes: list[Outcome | None]
    ) -> None:
        self._found[name], self._kinds[name], self._calls[name] = outcomes, kind, calls

    async def _ask(self, models: Sequence[str], *, samples: int) -> list[Result]:
        async def run(known: Known, budget: str | None) -> Result:
            asked = PanelQuestion(
                known.item.question,
                models=models,
                answer=known.kind,
                choices=known.item.choices,
                samples=samples,
                budget=budget,
            )
            return await panels.vote(self._setup, asked, Unwatched(), [])

        return await self._each(run)

    async def _each(self, run: Callable[[Known, str | None], Any]) -> list[Result]:
        """Carry out a run for each question, a few at once."""
        gate = asyncio.Semaphore(_AT_ONCE)

        async def one(known: Known) -> Result:
            async with gate:
                part = self._purse.take()
                result: Result = await run(known, None if part is None else f"${part:f}")
                self._purse.give_back(part, result.cost)
                self._over += 1
                self._told(self._over, self._all)
                return result

        return await asyncio.gather(*map(one, self._questions))

    def _of_member(self, number: int, result: Result, member: int) -> Outcome | None:
        seat, vote = result.members[member], result.votes[member]
        if seat.status in ("stopped_by_budget", "skipped"):
            return None
        return self._judge(number, self._read(number, vote), seat.cost or Cost())

    def _of_panel(self, number: int, result: Result) -> Outcome | None:
        if result.status == "stopped_by_budget":
            return None
        behind = (v for v in result.votes if v.answer is not None and v.answer == result.answer)
        vote = next(behind, None)
        answer = None if vote is None else self._read(number, vote)
        return self._judge(number, answer, result.cost)

    def _read(self, number: int, vote: Vote) -> Answer | None:
        if vote.answer is None:
            return None
        return read(vote.raw, self._questions[number].form).answer

    def _judge(self, number: int, answer: Answer | None, cost: Cost) -> Outcome:
        known = self._questions[number]
        right = is_right(answer, known.answer, known.form)
        return Outcome(right=right, answered=answer is not None, cost=cost)
