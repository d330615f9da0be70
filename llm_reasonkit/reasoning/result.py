"""The result object: what `--json` prints, what the Python API returns, what the log keeps.

One shape for all commands, versioned; keys are never renamed and unknown is null. Money is a
`Decimal` in USD and becomes a decimal string in JSON. Durations are milliseconds.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer

SCHEMA_VERSION = 1

RunStatus = Literal[
    "done", "partial", "stopped_by_budget", "interrupted", "failed", "no_consensus", "tie"
]
StepStatus = Literal["running", "done", "failed", "skipped", "interrupted", "stopped_by_budget"]
CheckStatus = Literal["passed", "failed", "not_checkable"]
CostSource = Literal["billed", "computed", "unknown"]
ConfidenceKind = Literal["calibrated", "prior", "agreement", "checks", "none"]

Usd = Annotated[
    Decimal,
    PlainSerializer(lambda usd: format(usd.normalize(), "f"), return_type=str, when_used="json"),
]
# JSON has no NaN; null is how the unknown travels.
Share = Annotated[
    float,
    BeforeValidator(lambda value: math.nan if value is None else value),
    PlainSerializer(
        lambda value: None if math.isnan(value) else value,
        return_type=float | None,
        when_used="json",
    ),
]


class Record(BaseModel):
    """Base of everything in the result: immutable, closed."""

    # Not built at import: most commands use few of these classes, and all of them start faster.
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class Tokens(Record):
    """Tokens as the provider counted them; None where it did not say.

    `reasoning` is part of `output`, `cached` is part of `input`.
    """

    input: int | None = None
    output: int | None = None
    reasoning: int | None = None
    cached: int | None = None


class Cost(Record):
    """USD, and where the figure comes from.

    `usd` is the sum of what is known and None only if nothing is; `unknown_calls` counts the
    calls whose cost is missing from that sum.
    """

    usd: Usd | None = None
    source: CostSource = "unknown"
    unknown_calls: int = 0
    saved_usd: Usd | None = None


class CheckItem(Record):
    """A fact established by code about a step's output."""

    step: str
    name: str
    status: CheckStatus
    detail: str = ""


class Checks(Record):
    """All checks of a run, counted."""

    passed: int = 0
    failed: int = 0
    not_checkable: int = 0
    items: list[CheckItem] = Field(default_factory=list)


class Confidence(Record):
    """A statement about being right, always with what it is based on.

    `overall` is NaN (null in JSON) when the kind is `none`.
    """

    overall: Share = math.nan
    kind: ConfidenceKind = "none"
    interval: tuple[float, float] | None = None
    basis: str = "nothing in this run can be counted"


class ModelUse(Record):
    """A model of the run: what was asked for, what answered, and how many calls it took."""

    asked: str
    served: str | None = None
    provider: str | None = None
    calls: int = 0


class Agreement(Record):
    """How far a panel agrees, in members; a member of no vote stays in the denominator.

    leading: members behind the answer. asked: members that were asked. needed: votes that the
    threshold takes. share: leading of all that count. families: makers of models behind the
    answer. decided_by: `votes`, `check`, `reliability` or None. cancelled: calls that a decision
    made superfluous while they ran. calls_saved: calls that were not made for it.
    """

    leading: int
    members: int
    asked: int
    needed: int
    share: Usd
    families: int
    threshold: Usd
    accepted: bool
    decided_by: str | None = None
    cancelled: int = 0
    calls_saved: int = 0


class Member(Record):
    """What one model of a panel, or of a comparison, answered, and what that took.

    wins: how many others' answers a judge found worse, where there was one. run_id: of the member's
    own run, where a protocol or profile was compared.
    """

    model: str
    model_served: str | None = None
    provider: str | None = None
    family: str | None = None
    status: StepStatus
    answer: str | None = None
    first_token_ms: int | None = None
    duration_ms: int | None = None
    tokens: Tokens = Tokens()
    cost: Cost | None = None
    error: str | None = None
    wins: int | None = None
    run_id: str | None = None


class Vote(Record):
    """One reply of a member, and how it was read.

    member: number of the member, from 0. raw: the reply. answer: what was read from it.
    canonical: the form in which it is compared. cluster: number of the answers it equals.
    status: `vote`, or why there is none. rung: what decided which answers it equals.
    """

    member: int
    round: int = 1
    model_served: str | None = None
    raw: str
    answer: str | None = None
    canonical: str | None = None
    cluster: int | None = None
    status: str
    rung: str | None = None


class Dissent(Record):
    """An answer that did not win, or what speaks against the one that was found.

    members: of a panel, those who gave it, by number. point: where they first diverge, or why.
    step: the id of the step that it comes from, where there was no panel.
    """

    answer: str
    members: list[int] = Field(default_factory=list)
    point: str = ""
    step: str | None = None


class StepResult(Record):
    """One call, or one check. A for_each step gives one of these per item, a re-ask a further one.

    `id` is unique in the run (`gigathink.lenses[2]`), `name` is the step's name in its protocol,
    `inputs` are the ids of the steps it read. `output` is JSON: the validated object of a step
    with a schema, the text of one without, what a check established. `fell_back` has a line for
    each model or provider that did not answer before the one that did.
    """

    id: str
    name: str
    kind: Literal["prompt", "check"]
    role: str | None = None
    attempt: int = 1
    model: str | None = None
    model_served: str | None = None
    provider: str | None = None
    status: StepStatus
    output: Any = None
    error: str | None = None
    tokens: Tokens = Tokens()
    cost: Cost | None = None
    started: datetime
    duration_ms: int | None = None
    turn_id: str | None = None
    inputs: list[str] = Field(default_factory=list)
    fell_back: list[str] = Field(default_factory=list)

    def left_behind(self) -> StepResult:
        """Return the record as it reads once nobody carries out the step any more."""
        return self.model_copy(
            update={"status": "interrupted" if self.status == "running" else self.status}
        )


class Result(Record):
    """What a run gives back. See `result.schema.json` for the JSON form.

    parent_run: the id of the run that this one goes on from, or repeats in part.
    """

    schema_version: int = SCHEMA_VERSION
    run_id: str
    command: str
    status: RunStatus
    question: str
    answer: str | None = None
    answer_kind: str | None = None
    protocol: str | None = None
    profile: str | None = None
    model_used: str | None = None
    models: list[ModelUse] = Field(default_factory=list)
    confidence: Confidence = Confidence()
    agreement: Agreement | None = None
    members: list[Member] = Field(default_factory=list)
    votes: list[Vote] = Field(default_factory=list)
    dissent: list[Dissent] = Field(default_factory=list)
    steps: list[StepResult] = Field(default_factory=list)
    checks: Checks = Checks()
    tokens: Tokens = Tokens()
    cost: Cost = Cost()
    started: datetime
    duration_ms: int | None = None
    trace_id: str | None = None
    parent_run: str | None = None
    warnings: list[str] = Field(default_factory=list)

    @property
    def output(self) -> str:
        """The answer, or an empty string when the run has none."""
        return self.answer or ""


def total_tokens(parts: Iterable[Tokens]) -> Tokens:
    """Sum each count over the parts that state it; a count nobody states stays None."""
    rows = list(parts)

    def total(name: str) -> int | None:
        known = [value for row in rows if (value := getattr(row, name)) is not None]
        return sum(known) if known else None

    return Tokens(**{name: total(name) for name in Tokens.model_fields})


def total_cost(costs: Iterable[Cost]) -> Cost:
    """Sum the known figures (USD) and count the calls without one.

    The source is the weakest among the known: one computed figure makes the sum computed.
    """
    rows = list(costs)
    known = [row for row in rows if row.usd is not None]
    unknown_calls = sum(max(1, row.unknown_calls) for row in rows if row.usd is None)
    if not known:
        return Cost(unknown_calls=unknown_calls)
    return Cost(
        usd=sum((row.usd for row in known if row.usd is not None), Decimal(0)),
        source="billed" if all(row.source == "billed" for row in known) else "computed",
        unknown_calls=unknown_calls + sum(row.unknown_calls for row in known),
    )


def count_models(calls: Iterable[StepResult]) -> list[ModelUse]:
    """Count the calls by model asked, model served and provider, in order of appearance."""
    counts = Counter((step.model or "", step.model_served, step.provider) for step in calls)
    return [
        ModelUse(asked=asked, served=served, provider=provider, calls=count)
        for (asked, served, provider), count in counts.items()
    ]


def count_checks(items: Iterable[CheckItem]) -> Checks:
    """Count check items by status, keeping their order."""
    rows = list(items)

    def count(status: CheckStatus) -> int:
        return sum(row.status == status for row in rows)

    return Checks(
        passed=count("passed"),
        failed=count("failed"),
        not_checkable=count("not_checkable"),
        items=rows,
    )


def confidence_from_checks(checks: Checks) -> Confidence:
    """Share of the checks with a verdict that passed; kind `none` when there is no verdict."""
    decided = checks.passed + checks.failed
    if not decided:
        return Confidence()
    basis = f"{checks.passed} of {decided} checks passed"
    if checks.not_checkable:
        basis += f", {checks.not_checkable} not checkable"
    return Confidence(overall=checks.passed / decided, kind="checks", basis=basis)


def shortfall(reached: Confidence, least: float) -> str | None:
    """Say how a confidence falls short of what was wanted (a share); None where it does not.

    One that is unknown falls short of everything.
    """
    if reached.overall >= least:
        return None
    if math.isnan(reached.overall):
        return f"a confidence of {least:.1%} was wanted, and {reached.basis}"
    return f"a confidence of {least:.1%} was wanted, it is {reached.overall:.1%}: {reached.basis}"
