"""What the engine needs from the outside world; the adapters implement these protocols."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from llm_reasonkit.reasoning.limits import Price
from llm_reasonkit.reasoning.result import CheckItem, Cost, Result, StepResult, Tokens


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What the engine must know of a model before it writes a prompt for it.

    reasons: it is known to reason by itself, so it is not told to think step by step.
    constrains_output: a JSON Schema can be passed with the call. effort: how hard the user told it
    to think, whatever a step says. price: the most it can cost, None where nobody knows.
    attached_tokens: what goes along with every prompt takes at most. context_length: tokens that
    it can read at most, None where nobody knows.
    """

    id: str
    reasons: bool = False
    constrains_output: bool = False
    effort: str | None = None
    price: Price | None = None
    attached_tokens: int = 0
    context_length: int | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """One request to the model of one role.

    max_tokens: bounds the reply, reasoning included, always. again: asked before a further try
    where the one before may be billed; False forbids it.
    """

    step: str
    role: str
    prompt: str
    max_tokens: int
    system: str | None = None
    schema: Mapping[str, Any] | None = None
    effort: str | None = None
    again: Callable[[], bool] = lambda: True


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back from one call.

    finish_reason: `stop`, `length` (cut off), or None where the model does not say.
    turn: the adapter's own record of the exchange, handed unopened to the trace.
    turn_id: the id under which that record is kept in llm's log. fell_back: a line for each model
    or provider that did not answer before this one did.
    """

    text: str
    model: str
    model_served: str | None = None
    provider: str | None = None
    finish_reason: str | None = None
    tokens: Tokens = field(default_factory=Tokens)
    cost: Cost = field(default_factory=lambda: Cost(unknown_calls=1))
    first_token_ms: int | None = None
    turn: Any = None
    turn_id: str | None = None
    fell_back: tuple[str, ...] = ()


class Caller(Protocol):
    """The models of a run, by role."""

    def facts(self, role: str) -> ModelFacts:
        """Tell what is known of the model that plays `role`."""
        ...

    async def call(self, call: Call, on_text: Callable[[str], None]) -> Reply:
        """Make one call, handing on text as it arrives.

        Raises CallError when the model gave no complete reply.
        """
        ...

    async def bill(self, step: str) -> Cost:
        """Find out what the call of a step cost that was cancelled, within a few seconds."""
        ...


@dataclass(frozen=True, slots=True)
class RunStart:
    """What is known of a run before its first call.

    trace_id: under which the record can be found again, None where nothing is kept.
    settings: as sent, without secrets.
    """

    run_id: str
    command: str
    question: str
    started: datetime
    protocol: str | None = None
    profile: str | None = None
    trace_id: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)


class TraceSink(Protocol):
    """Where a run is recorded. A finished step or run is safe when its method returns."""

    async def run_started(self, run: RunStart) -> None: ...

    async def step_finished(
        self, step: StepResult, checks: list[CheckItem], reply: Reply | None
    ) -> None: ...

    async def run_finished(self, result: Result) -> None: ...


class Observer(Protocol):
    """Who watches a run. Methods return at once and never raise."""

    def step_started(self, step_id: str, model: str | None) -> None: ...

    def step_text(self, step_id: str, text: str) -> None: ...

    def step_finished(self, step: StepResult, checks: list[CheckItem]) -> None: ...

    def answer_text(self, text: str) -> None: ...


class Clock(Protocol):
    """Time, so that the engine need not look at the wall itself."""

    def now(self) -> datetime:
        """Return the time of day, in UTC."""
        ...

    def monotonic(self) -> float:
        """Return seconds that never run backwards."""
        ...
