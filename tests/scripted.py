"""A run without a world: scripted models, a recording trace and observer, a clock set by hand."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from llm_reasonkit.engine.budget import Budget
from llm_reasonkit.engine.ledger import Ledger
from llm_reasonkit.engine.ports import Call, ModelFacts, Recipe, Recorded, Reply, RunStart
from llm_reasonkit.engine.runner import Runner
from llm_reasonkit.reasoning.limits import Limits
from llm_reasonkit.reasoning.lint import find_mistakes
from llm_reasonkit.reasoning.plan import Plan, plan_protocol
from llm_reasonkit.reasoning.protocol import Protocol
from llm_reasonkit.reasoning.result import CheckItem, Cost, Result, StepResult, Tokens
from llm_reasonkit.reasoning.template import Fence

START = datetime(2026, 1, 1, tzinfo=UTC)
KEY = "f00dcafe"

Answer = str | Mapping[str, Any] | Reply | Exception
Script = Answer | Callable[[Call], Answer | Awaitable[Answer]]


class Clock:
    """Stands still until it is told to go on; `seconds` is what has passed."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        return START + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds


class ScriptedCaller:
    """Answers each step by its script: a text, an object, a Reply, an error, or a function of the
    call that gives one of these. A list is used up one by one; what has no script says its name.
    """

    def __init__(self, scripts: Mapping[str, Script | list[Script]] | None = None) -> None:
        self.scripts = dict(scripts or {})
        self.calls: list[Call] = []
        self.known: dict[str, ModelFacts] = {}
        self.bills: dict[str, Cost] = {}
        self.bill_comes: asyncio.Event | None = None

    def facts(self, role: str) -> ModelFacts:
        return self.known.get(role, ModelFacts(f"model-of-{role}", constrains_output=True))

    async def call(self, call: Call, on_text: Callable[[str], None]) -> Reply:
        self.calls.append(call)
        script = self.scripts.get(call.step, f"text of {call.step}")
        if isinstance(script, list):
            script = script.pop(0)
        answer = script(call) if callable(script) else script
        if isinstance(answer, Awaitable):
            answer = await answer
        if isinstance(answer, Exception):
            raise answer
        reply = answer if isinstance(answer, Reply) else self._reply(call, answer)
        for part in reply.text.splitlines(keepends=True):
            on_text(part)
        return reply

    async def bill(self, step: str) -> Cost:
        if self.bill_comes is not None:
            await self.bill_comes.wait()
        return self.bills.get(step, Cost(unknown_calls=1))

    def _reply(self, call: Call, answer: str | Mapping[str, Any]) -> Reply:
        return Reply(
            text=answer if isinstance(answer, str) else json.dumps(answer),
            model=self.facts(call.role).id,
            model_served=f"{self.facts(call.role).id}-2026",
            provider="scripted",
            finish_reason="stop",
            tokens=Tokens(input=10, output=5),
            cost=Cost(usd=Decimal("0.001"), source="billed"),
            turn_id=f"turn-{len(self.calls)}",
        )

    def prompt_of(self, step: str) -> str:
        return next(call.prompt for call in self.calls if call.step == step)


@dataclass
class Trace:
    """Keeps what it is told, in order. `gate` holds back each record of a step until it is set."""

    runs: list[RunStart] = field(default_factory=list)
    begun: list[Recorded] = field(default_factory=list)
    steps: list[StepResult] = field(default_factory=list)
    checks: list[CheckItem] = field(default_factory=list)
    replies: list[Reply | None] = field(default_factory=list)
    results: list[Result] = field(default_factory=list)
    gate: asyncio.Event | None = None

    async def run_started(self, run: RunStart) -> None:
        self.runs.append(run)

    async def call_started(self, call: Recorded) -> None:
        self.begun.append(call)

    async def step_finished(
        self, step: StepResult, checks: list[CheckItem], reply: Reply | None
    ) -> None:
        if self.gate is not None:
            await self.gate.wait()
        self.steps.append(step)
        self.checks += checks
        self.replies.append(reply)

    async def run_finished(self, result: Result) -> None:
        self.results.append(result)


@dataclass
class Watcher:
    """An observer that writes everything down as `(what, who, ...)`."""

    events: list[tuple[Any, ...]] = field(default_factory=list)

    def step_started(self, step_id: str, model: str | None) -> None:
        self.events.append(("started", step_id, model))

    def step_text(self, step_id: str, text: str) -> None:
        self.events.append(("text", step_id, text))

    def step_finished(self, step: StepResult, checks: list[CheckItem]) -> None:
        self.events.append(("finished", step.id, step.status))

    def answer_text(self, text: str) -> None:
        self.events.append(("answer", text))

    @property
    def answer(self) -> str:
        return "".join(event[1] for event in self.events if event[0] == "answer")


class Run:
    """One run of a plan, ready to go: `await Run(plan, {...}).go()`."""

    def __init__(
        self,
        plan: Plan | Protocol,
        scripts: Mapping[str, Script | list[Script]] | None = None,
        *,
        question: str = "Why is the sky blue?",
        sources: list[dict[str, Any]] | None = None,
        system: str | None = None,
        trace: Trace | None = None,
        limits: Limits | None = None,
    ) -> None:
        self.plan = plan_protocol(plan) if isinstance(plan, Protocol) else plan
        self.caller = ScriptedCaller(scripts)
        self.trace = trace or Trace()
        self.watcher = Watcher()
        self.clock = Clock()
        start = RunStart(
            "run-1", "think", question, START, self.plan.protocol, self.plan.profile, "trace-1"
        )
        self.ledger = Ledger(start, self.trace, self.watcher, self.clock)
        self.recipe = Recipe(self.plan, Fence(KEY), sources or [], system=system)
        budget = Budget(limits or Limits())
        self.runner = Runner(self.recipe, self.plan, self.ledger, self.caller, budget)

    async def go(self) -> Result:
        return await self.runner.run()

    def steps(self) -> dict[str, StepResult]:
        return {step.id: step for step in self.trace.steps}


def protocol(
    steps: Mapping[str, Mapping[str, Any]], *, answer: str = "answer", **more: Any
) -> Protocol:
    """A protocol of these steps, which has to be one without mistakes."""
    made = Protocol.model_validate(
        {"protocol": "mine", "title": "t", "summary": "s", "steps": steps, "answer": answer} | more
    )
    assert find_mistakes(made) == []
    return made


def without_schema(caller: ScriptedCaller, role: str = "main") -> None:
    """Make the model of a role one that cannot be held to a schema."""
    caller.known[role] = replace(caller.facts(role), constrains_output=False)
