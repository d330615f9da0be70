"""What is asked, and the protocols and profiles that it is asked with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import llm

from llm_reasonkit.errors import UsageError
from llm_reasonkit.openrouter.options import Route
from llm_reasonkit.protocol_files import Library
from llm_reasonkit.reasoning.limits import Limits, parse_budget
from llm_reasonkit.reasoning.plan import Plan


class ReasoningProfile(StrEnum):
    """The shipped profiles; a name of the user's own works wherever one of these does."""

    QUICK = "quick"
    BALANCED = "balanced"
    DEEP = "deep"
    PARANOID = "paranoid"
    DECIDE = "decide"
    SCIENTIFIC = "scientific"
    POWERCOMBO = "powercombo"


DEFAULT_PROFILE = ReasoningProfile.BALANCED


@dataclass(frozen=True, slots=True)
class Source:
    """Material given with a question: `name` says where it is from."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, and what comes with it.

    protocol: name or path; profile: name; with neither, `balanced`. system: added to the system
    prompt of every step. sources: texts that the answer may lean on. options: for the models, as
    typed (`{"temperature": "0.2"}`). budget: `$0.50`, `2000t`, `30s` or several with commas; with
    none in USD a run may cost 1.00 USD. route: how OpenRouter chooses (`lowest-cost` …). fallback:
    models to ask when those before them fail, in order. stream: let models stream where they can.
    """

    text: str
    protocol: str | None = None
    profile: str | None = None
    system: str | None = None
    sources: Sequence[Source] = ()
    attachments: Sequence[llm.Attachment] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    budget: str | None = None
    route: Route | None = None
    fallback: Sequence[str] = ()
    stream: bool = True


def library() -> Library:
    """Return the protocols and profiles of this user."""
    return Library(llm.user_dir() / "reasonkit" / "protocols")


def plan_of(*, protocol: str | None = None, profile: str | None = None) -> Plan:
    """Return what a run of a protocol or profile does; with neither, of `balanced`.

    Raises UsageError for both, an unknown one, or one whose file has mistakes.
    """
    if protocol and profile:
        raise UsageError("give a protocol or a profile, not both")
    if protocol:
        return library().plan_of_protocol(protocol)
    return library().plan_of_profile(profile or DEFAULT_PROFILE)


def plan_for(question: Question) -> Plan:
    """Return the plan of a question; raises UsageError also where it lacks sources."""
    plan = plan_of(protocol=question.protocol, profile=question.profile)
    for stage in plan.stages:
        if stage.protocol.inputs.sources == "required" and not question.sources:
            raise UsageError(f"{stage.protocol.protocol} needs sources: give them with -f")
    return plan


def limits_of(budget: str | None) -> Limits:
    """Read a budget as typed; raises UsageError."""
    try:
        return parse_budget(budget) if budget is not None else Limits()
    except ValueError as error:
        raise UsageError(f"--budget {error}") from error
