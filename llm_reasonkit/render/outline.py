"""The steps of a run in the order a reader follows: stage by stage, each with its checks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from llm_reasonkit.reasoning.result import CheckItem, Result, StepResult

SIGNS = {
    "running": "…",
    "done": "✓",
    "partial": "!",
    "failed": "✗",
    "skipped": "-",
    "interrupted": "!",
    "stopped_by_budget": "!",
    "no_consensus": "!",
    "tie": "!",
    "passed": "✓",
    "not_checkable": "?",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """A record of a run in its place.

    number: counted from 1 over the whole run. stage: the protocol it belongs to, in a profile.
    label: what it goes by there. begins, lasts: shares of the run's time.
    """

    number: int
    step: StepResult
    stage: str
    label: str
    checks: Sequence[CheckItem]
    begins: float
    lasts: float

    @property
    def status(self) -> str:
        """How the step came out."""
        return outcome(self.step, self.checks)

    @property
    def title(self) -> str:
        """The label, and which try it was if not the first."""
        return with_try(self.step, self.label)


def outcome(step: StepResult, checks: Sequence[CheckItem]) -> str:
    """Return a step's status; of one that established something, what that amounts to:
    `partial` where something was wrong, `not_checkable` where nothing could be told."""
    if step.status != "done" or not checks:
        return step.status
    found = {item.status for item in checks}
    if "failed" in found:
        return "partial"
    return "done" if "passed" in found else "not_checkable"


def with_try(step: StepResult, label: str) -> str:
    """Return a step's label, and which try it was if not the first."""
    return f"{label} (try {step.attempt})" if step.attempt > 1 else label


def outline(result: Result) -> dict[str, list[Entry]]:
    """Return the records of a run by stage, in order; those outside any stage are under ``."""
    checks = defaultdict(list)
    for item in result.checks.items:
        checks[item.step].append(item)
    ends = [step.started + timedelta(milliseconds=step.duration_ms or 0) for step in result.steps]
    whole = max(ends, default=result.started) - result.started
    stages: dict[str, list[Entry]] = {}
    for number, step in enumerate(result.steps, 1):
        stage, label = _stage_and_label(step)
        entry = Entry(
            number=number,
            step=step,
            stage=stage,
            label=label,
            checks=checks[step.id],
            begins=_share(step.started - result.started, whole),
            lasts=_share(timedelta(milliseconds=step.duration_ms or 0), whole),
        )
        stages.setdefault(stage, []).append(entry)
    return stages


def _stage_and_label(step: StepResult) -> tuple[str, str]:
    stage, dot, label = step.id.partition(".")
    return (stage, label) if dot and label.startswith(step.name) else ("", step.id)


def _share(part: timedelta, whole: timedelta) -> float:
    return min(1.0, max(0.0, part / whole)) if whole else 0.0
