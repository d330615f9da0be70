"""What the engine needs from the outside world; the adapters implement these protocols."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol

from llm_reasonkit.engine.course import Course
from llm_reasonkit.reasoning.limits import Limits, Price
from llm_reasonkit.reasoning.plan import Plan
from llm_reasonkit.reasoning.result import CheckItem, Cost, Result, StepResult, Tokens
from llm_reasonkit.reasoning.template import Fence


@dataclass(frozen=True, slots=True)
class Search:
    """What a search of the web takes at most: a fee in USD, and tokens of what it finds."""

    fee: Decimal
    tokens: int


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What the engine must know of a model before it writes a prompt for it.

    reasons: it is known to reason by itself, so it is not told to think step by step.
    constrains_output: a JSON Schema can be passed with the call. effort: how hard the user told it
    to think, whatever a step says. price: the most it can cost, None where nobody knows.
    attached_tokens: what goes along with every prompt takes at most. context_length: tokens that
    it can read at most, None where nobody knows. search: what searching the web takes, None where
    it cannot.
    """

    id: str
    reasons: bool = False
    constrains_output: bool = False
    effort: str | None = None
    price: Price | None = None
    attached_tokens: int = 0
    context_length: int | None = None
    search: Search | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """One request to the model of one role.

    prompt_hash: of what is asked, the same for any model. max_tokens: bounds the reply, reasoning
    included, always. web: it may search the web; the text of the reply is then a JSON object of
    the `text` and the `pages` that were found. again: asked before a further try where the one
    before may be billed; False forbids it.
    """

    step: str
    role: str
    prompt: str
    max_tokens: int
    system: str | None = None
    schema: Mapping[str, Any] | None = None
    effort: str | None = None
    prompt_hash: str = ""
    web: bool = False
    again: Callable[[], bool] = lambda: True


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back from one call.

    finish_reason: `stop`, `length` (cut off), or None where the model does not say.
    turn: the adapter's own record of the exchange, handed unopened to the trace.
    turn_id: the id under which that record is kept in llm's log. fell_back: a line for each model
    or provider that did not answer before this one did. taken: where the reply comes from a trace.
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
    taken: Recorded | None = None


@dataclass(frozen=True, slots=True)
class Recorded:
    """A call as a trace has it, or a step that was not asked.

    step: its record, `running` where the end of the call was never seen. prompt_hash: of what was
    asked. text: the reply as it came, None where none did. most_usd, most_tokens: what the call can
    have used, for where that is not known exactly. run_id: the run that made the call, where it
    stands in the record of another one.
    """

    step: StepResult
    prompt_hash: str | None = None
    text: str | None = None
    finish_reason: str | None = None
    first_token_ms: int | None = None
    most_usd: Decimal | None = None
    most_tokens: int | None = None
    run_id: str | None = None

    @property
    def used_usd(self) -> Decimal:
        """What the call took in USD, at most."""
        cost = self.step.cost or Cost(usd=Decimal(0))
        unknown = cost.unknown_calls or cost.usd is None
        return (self.most_usd if unknown else cost.usd) or Decimal(0)

    @property
    def used_tokens(self) -> int:
        """What the call took in tokens, in and out, at most."""
        cost, tokens = self.step.cost, self.step.tokens
        if cost is None:
            return 0
        if cost.unknown_calls or tokens.input is None or tokens.output is None:
            return self.most_tokens or 0
        return tokens.input + tokens.output


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
class Recipe:
    """All that a run's result depends on besides the question and the replies.

    plan: what is done, a Course where a panel is asked. sources: `{id, name, text}` each. findings:
    of earlier runs. facts: of the models, by role. planned_calls: at most, without repeats.
    request: what was asked for, as the API needs it to find the models again; no secrets.
    warnings: what was known to be amiss from the start.
    """

    plan: Plan | Course
    fence: Fence
    sources: Sequence[Mapping[str, Any]] = ()
    findings: Sequence[Mapping[str, Any]] = ()
    system: str | None = None
    limits: Limits = field(default_factory=Limits)
    facts: Mapping[str, ModelFacts] = field(default_factory=dict)
    planned_calls: int = 0
    request: Mapping[str, Any] = field(default_factory=dict)
    warnings: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class RunStart:
    """What is known of a run before its first call.

    trace_id: under which the record can be found again, None where nothing is kept.
    settings: as sent, without secrets. parent_run: the run that this one follows. is_resumed: its
    record goes on; elapsed: the seconds that it took before.
    """

    run_id: str
    command: str
    question: str
    started: datetime
    protocol: str | None = None
    profile: str | None = None
    trace_id: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    recipe: Recipe | None = None
    parent_run: str | None = None
    is_resumed: bool = False
    elapsed: float = 0.0


class TraceSink(Protocol):
    """Where a run is recorded. What is told of a call, a step or the end of the run is safe when
    the method returns."""

    async def run_started(self, run: RunStart) -> None: ...

    async def call_started(self, call: Recorded) -> None: ...

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
