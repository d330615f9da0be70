"""A model that says what a test wrote for it, and a run of a shipped protocol or profile on it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from llm_reasonkit.engine.budget import Budget
from llm_reasonkit.engine.ledger import Ledger
from llm_reasonkit.engine.ports import Call, ModelFacts, Recipe, Recorded, Reply, RunStart
from llm_reasonkit.engine.runner import Runner
from llm_reasonkit.errors import CallError
from llm_reasonkit.protocol_files import Library
from llm_reasonkit.reasoning.limits import Limits
from llm_reasonkit.reasoning.plan import Plan
from llm_reasonkit.reasoning.result import CheckItem, Cost, Result, StepResult
from llm_reasonkit.reasoning.template import Fence

LIBRARY = Library(Path("no folder of the user's"))


def babble(schema: Mapping[str, Any], number: int = 1) -> Any:
    """Make the poorest reply that fits a schema, as a model that understands nothing would."""
    if "enum" in schema:
        return schema["enum"][0]
    if schema["type"] == "object":
        return {key: babble(part, number) for key, part in schema["properties"].items()}
    if schema["type"] == "array":
        return [babble(schema["items"], n) for n in range(1, max(1, schema.get("minItems", 1)) + 1)]
    return f"word {number}" if schema["type"] == "string" else number


@dataclass
class ScriptedCaller:
    """Plays every role. `replies` maps a step's name (or its id, or one item's, as in `lenses[2]`)
    to its reply: an object, a text, or an error to fail with; the others are answered by
    `otherwise`, or with a few words."""

    replies: Mapping[str, Any] = field(default_factory=dict)
    reasons: bool = False
    otherwise: Callable[[Mapping[str, Any]], Any] = babble
    calls: list[Call] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)

    def facts(self, role: str) -> ModelFacts:
        return ModelFacts(f"scripted/{role}", reasons=self.reasons, constrains_output=True)

    async def call(self, call: Call, on_text: Callable[[str], None]) -> Reply:
        self.calls.append(call)
        item = call.step.rsplit(".", 1)[-1].removesuffix("#2")
        name = re.sub(r"\[\d+\]$", "", item)
        said = self.replies.get(call.step, self.replies.get(item, self.replies.get(name)))
        if isinstance(said, CallError):
            raise said
        if said is None:
            said = self.otherwise(call.schema) if call.schema else f"Words about {name}."
        text = said if isinstance(said, str) else json.dumps(said)
        self.texts.append(text)
        on_text(text)
        return Reply(text, model=f"scripted/{call.role}", finish_reason="stop")

    async def bill(self, step: str) -> Cost:
        return Cost(unknown_calls=1)

    def prompt_of(self, name: str) -> str:
        """The prompt of the first call of a step."""
        return next(c.prompt for c in self.calls if re.search(rf"(?:^|\.){name}\b", c.step))


class Unrecorded:
    """Keeps nothing and shows nothing."""

    async def run_started(self, run: RunStart) -> None: ...
    async def run_finished(self, result: Result) -> None: ...
    def step_started(self, step_id: str, model: str | None) -> None: ...
    def step_text(self, step_id: str, text: str) -> None: ...
    def answer_text(self, text: str) -> None: ...


class Trace(Unrecorded):
    async def call_started(self, call: Recorded) -> None: ...

    async def step_finished(
        self, step: StepResult, checks: list[CheckItem], reply: Reply | None
    ) -> None: ...


class Watcher(Unrecorded):
    def step_finished(self, step: StepResult, checks: list[CheckItem]) -> None: ...


class StoppedClock:
    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC)

    def monotonic(self) -> float:
        return 0.0


def plan_of(name: str) -> Plan:
    """Plan a shipped protocol or, where there is none of that name, a profile."""
    if any(file.name == name for file in LIBRARY.files()):
        return LIBRARY.plan_of_protocol(name)
    return LIBRARY.plan_of_profile(name)


async def run(
    name: str,
    question: str,
    caller: ScriptedCaller | None = None,
    sources: Sequence[str] = (),
    names: Sequence[str] = (),
) -> Result:
    """Run a shipped protocol or profile on a scripted model; sources get the ids S1, S2, …
    and the names given, or 1.txt, 2.txt, …"""
    start = RunStart(run_id="run", command="think", question=question, started=StoppedClock().now())
    ledger = Ledger(start, Trace(), Watcher(), StoppedClock())
    called = names or [f"{number}.txt" for number in range(1, len(sources) + 1)]
    given = [
        {"id": f"S{number}", "name": name, "text": text}
        for number, (name, text) in enumerate(zip(called, sources, strict=True), 1)
    ]
    plan = plan_of(name)
    recipe = Recipe(plan, Fence("k3y"), given)
    caller = caller or ScriptedCaller()
    return await Runner(recipe, plan, ledger, caller, Budget(Limits())).run()


def failed(result: Result) -> list[str]:
    """The facts of a run that do not hold, each with its detail."""
    return [
        f"{item.name}: {item.detail}" for item in result.checks.items if item.status == "failed"
    ]


def output_of(result: Result, name: str) -> Any:
    """What a step of a run left behind."""
    return next(step.output for step in result.steps if step.name == name)
