"""What is asked, and the protocols and profiles that it is asked with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

import llm

from llm_reasonkit.errors import UsageError
from llm_reasonkit.openrouter.options import Route
from llm_reasonkit.protocol_files import Library
from llm_reasonkit.reasoning.limits import Limits, parse_budget
from llm_reasonkit.reasoning.plan import Plan, mistake_in_role
from llm_reasonkit.reasoning.protocol import Effort
from llm_reasonkit.reasoning.result import Result


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
# The protocol that finds sources on the web.
SEARCH = "websearch"


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
    typed (`{"temperature": "0.2"}`). budget: `$0.50`, `20000t`, `30s` or several with commas; with
    none in USD a run may cost 1.00 USD. route: how OpenRouter chooses (`lowest-cost` …). fallback:
    models to ask when those before them fail, in order. roles: models of roles other than main
    (`{"critic": "openrouter/openai/gpt-4o"}`); several (`a,b`) take turns. effort: how hard models
    are to reason that can. max_calls: calls to make at most. min_confidence: the least confidence
    (a share) that is wanted, in place of the profile's. web: let a model search the web for sources
    first. follows: earlier runs whose answers this goes on from, oldest first. stream: let models
    stream where they can.
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
    roles: Mapping[str, str] = field(default_factory=dict)
    effort: Effort | None = None
    max_calls: int | None = None
    min_confidence: float | None = None
    web: bool = False
    follows: Sequence[Result] = ()
    stream: bool = True


def numbered(sources: Sequence[Source]) -> list[dict[str, Any]]:
    """Give sources the ids under which prompts name them."""
    return [
        {"id": f"S{number}", "name": source.name, "text": source.text}
        for number, source in enumerate(sources, 1)
    ]


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
    """Return the plan of a question.

    Raises UsageError also where it lacks sources or names a role that the plan does not have.
    """
    plan = plan_of(protocol=question.protocol, profile=question.profile)
    if question.web:
        plan = plan.after_search(library().protocol(SEARCH))
    for stage in plan.stages:
        needs = stage.protocol.inputs.sources == "required"
        if needs and not (question.sources or question.web):
            raise UsageError(f"{stage.protocol.protocol} needs sources: give them with -f")
    for role in question.roles:
        if complaint := mistake_in_role(role, plan.roles):
            raise UsageError(f"--role {role}: {complaint}")
    if question.max_calls is not None and question.max_calls < 1:
        raise UsageError(f"--max-calls {question.max_calls} allows no call: give 1 or more")
    wanted = question.min_confidence
    if wanted is None:
        return plan
    if not 0 <= wanted <= 1:
        raise UsageError(f"--min-confidence {wanted:g} is no share: give one from 0 to 1")
    return replace(plan, min_confidence=wanted)


def limits_of(budget: str | None) -> Limits:
    """Read a budget as typed; raises UsageError."""
    try:
        return parse_budget(budget) if budget is not None else Limits()
    except ValueError as error:
        raise UsageError(f"--budget {error}") from error
