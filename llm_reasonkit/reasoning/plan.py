"""A plan: the stages of one run, each a protocol with its settings, and how many calls they make.

A lone protocol is a plan of one stage. A profile's stages run side by side unless one waits for
others; its synthesis waits for all and gives the answer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from llm_reasonkit.reasoning.limits import NO_LIMITS, Limits
from llm_reasonkit.reasoning.names import nearest, unknown
from llm_reasonkit.reasoning.protocol import (
    Location,
    Profile,
    Protocol,
    RunLimits,
    Stage,
    Step,
    head_of,
    largest_fan_out,
)

# The role of steps that name none.
MAIN = "main"
# What a profile says that runs nothing more where its `min_confidence` is not reached.
WARN = "warn"

# Sources of which it is known only that there are some: whatever is asked of them is open.
SOME = object()

Purpose = Literal["findings", "sources", "second_look"]


@dataclass(frozen=True, slots=True)
class PlannedStage:
    """A protocol to run. `targets` are the steps that something outside it reads.

    purpose: what it runs for. `findings` go to the stages after it; `sources` are given to the
    whole run, as if the user had named them; a `second_look` is taken only where the checks so far
    do not reach the confidence that the plan asks for.
    """

    key: str
    protocol: Protocol
    settings: Mapping[str, Any]
    targets: tuple[str, ...]
    after: tuple[str, ...] = ()
    purpose: Purpose = "findings"

    @property
    def steps(self) -> list[str]:
        """The steps that have to run, in file order."""
        return self.protocol.needed_for(list(self.targets))

    def id_of(self, step: str) -> str:
        """The id of a step in the run's records."""
        return f"{self.key}.{step}" if self.key else step

    @property
    def target_steps(self) -> list[str]:
        """The steps that the targets lie in."""
        return [head_of(target) for target in self.targets]

    def most_calls(self, name: str, sources: object = SOME) -> int:
        """Count the calls of a prompt step at most, without re-asks.

        sources: those of the question; SOME where it is not known which.
        """
        known = {"settings": self.settings, "sources": sources}
        return largest_fan_out(self.protocol, self.protocol.steps[name], known) or 0


@dataclass(frozen=True, slots=True)
class Plan:
    """The stages of a run; the last one gives the answer.

    models: of the roles that the profile gives one to. limits: what the run may take.
    min_confidence: the least confidence (a share) that is wanted of what was found.
    """

    stages: tuple[PlannedStage, ...]
    protocol: str | None = None
    profile: str | None = None
    models: Mapping[str, str] = field(default_factory=dict)
    limits: Limits = NO_LIMITS
    min_confidence: float | None = None

    def after_search(self, search: Protocol) -> Plan:
        """Return the plan in which a protocol first finds sources for all others."""
        key = search.protocol
        first = PlannedStage(key, search, search.settings, (search.answer,), purpose="sources")
        others = (replace(stage, after=(key, *stage.after)) for stage in self.stages)
        return replace(self, stages=(first, *others))

    @property
    def answer_step(self) -> str | None:
        """The id of the step that a model answers in, None where code makes up the answer."""
        last = self.stages[-1]
        name = last.protocol.answering
        return None if name is None else last.id_of(name)

    def largest_number_of_calls(
        self, *, re_asks: bool = False, sources: Sequence[object] | None = None
    ) -> int:
        """Count the calls the run can make at most; with re-asks, each one for an object may be
        made twice.

        sources: those of the question, None where it is not known whether there are any.
        """
        cases = [SOME, ()] if sources is None else [sources]
        return max(
            sum(
                stage.most_calls(name, case) * (2 if re_asks and step.output is not None else 1)
                for stage in self.stages
                for name in stage.steps
                if (step := stage.protocol.steps[name]).prompt is not None
            )
            for case in cases
        )

    @property
    def roles(self) -> frozenset[str]:
        """The roles that the run needs a model for."""
        return frozenset(step.role for step in self._asking())

    @property
    def searching_roles(self) -> frozenset[str]:
        """The roles whose model has to search the web."""
        return frozenset(step.role for step in self._asking() if step.web)

    def _asking(self) -> Iterator[Step]:
        for stage in self.stages:
            steps = (stage.protocol.steps[name] for name in stage.steps)
            yield from (step for step in steps if step.prompt is not None)


def role_of_turn(role: str, turn: int) -> str:
    """Name the role of one of several models that take turns (from 1): critic, critic[2], …"""
    return role if turn == 1 else f"{role}[{turn}]"


def turns_at(roles: Iterable[str]) -> Mapping[str, int]:
    """Count how many models take turns at each role."""
    return Counter(role.partition("[")[0] for role in roles)


def plan_protocol(protocol: Protocol) -> Plan:
    """Plan a run of one protocol."""
    stage = PlannedStage(
        key="", protocol=protocol, settings=protocol.settings, targets=(protocol.answer,)
    )
    return Plan(stages=(stage,), protocol=protocol.protocol)


def plan_profile(name: str, profile: Profile, protocols: Mapping[str, Protocol]) -> Plan:
    """Plan a run of a profile that `mistakes_in_profile` found nothing wrong with."""
    stages: list[PlannedStage] = []
    for stage, key in zip(profile.protocols, stage_keys(profile), strict=True):
        protocol = protocols[stage.protocol]
        stages.append(
            PlannedStage(
                key=key,
                protocol=protocol,
                settings={**protocol.settings, **stage.settings},
                targets=_findings_of(protocol),
                after=tuple(stage.after),
            )
        )
    if profile.below != WARN:
        second = _ending(protocols[profile.below], stages, "second_look")
        stages.append(replace(second, targets=_findings_of(second.protocol)))
    return Plan(
        stages=(*stages, _ending(protocols[profile.synthesis], stages)),
        profile=name,
        models=profile.roles,
        limits=_limits(profile.limits),
        min_confidence=profile.min_confidence,
    )


def _limits(given: RunLimits) -> Limits:
    return Limits(usd=given.usd, tokens=given.tokens, seconds=given.seconds, calls=given.max_calls)


def _ending(
    protocol: Protocol, stages: Sequence[PlannedStage], purpose: Purpose = "findings"
) -> PlannedStage:
    """Plan a stage that is given what all others found."""
    return PlannedStage(
        key=protocol.protocol,
        protocol=protocol,
        settings=protocol.settings,
        targets=(protocol.answer,),
        after=tuple(stage.key for stage in stages),
        purpose=purpose,
    )


def _findings_of(protocol: Protocol) -> tuple[str, ...]:
    return tuple(protocol.findings or [protocol.answer])


def stage_keys(profile: Profile) -> list[str]:
    """Name each stage by its protocol; a second one of the same protocol gets a number."""
    keys: list[str] = []
    for stage in profile.protocols:
        earlier = sum(other.protocol == stage.protocol for other in profile.protocols[: len(keys)])
        keys.append(stage.protocol if not earlier else f"{stage.protocol}-{earlier + 1}")
    return keys


def mistakes_in_profile(
    profile: Profile, protocols: Mapping[str, Protocol]
) -> list[tuple[Location, str]]:
    """Return what is wrong with a profile, given the protocols that can be used."""
    mistakes: list[tuple[Location, str]] = []
    keys = stage_keys(profile)
    for number, stage in enumerate(profile.protocols):
        place: Location = ("protocols", number)
        for name in stage.after:
            if name not in keys[:number]:
                text = f"`after` names {name!r}, which is no stage before this one"
                mistakes.append(((*place, "after"), text + nearest(name, keys[:number])))
        mistakes += [((*place, *where), text) for where, text in _in_stage(stage, protocols)]
    endings = {"synthesis": profile.synthesis, "below": profile.below}
    if profile.below == WARN:
        del endings["below"]
    for key, name in endings.items():
        if name in keys:
            text = f"{name!r} is one of the protocols already; it runs last by itself"
            mistakes.append(((key,), text))
        if name not in protocols:
            mistakes.append(((key,), unknown("protocol", name, protocols)))
    if len(set(endings.values())) < len(endings):
        mistakes.append((("below",), f"{profile.below!r} is the synthesis already"))
    if "below" in endings and profile.min_confidence is None:
        mistakes.append((("below",), "below what? Give `min_confidence`, a share such as 0.8"))
    if not mistakes:
        known = plan_profile("", profile, protocols).roles
        complaints = ((role, mistake_in_role(role, known)) for role in profile.roles)
        mistakes += [(("roles", role), text) for role, text in complaints if text]
    return mistakes


def mistake_in_role(role: str, known: Collection[str]) -> str | None:
    """Say why a role cannot be given a model of its own, if it cannot.

    known: the roles of the plan.
    """
    if role == MAIN:
        return "the model of `main` is the run's own (-m, profile_mapping)"
    others = set(known) - {MAIN}
    if role in others:
        return None
    return unknown("role", role, others) + ("" if others else "; all steps ask `main`")


def _in_stage(stage: Stage, protocols: Mapping[str, Protocol]) -> list[tuple[Location, str]]:
    protocol = protocols.get(stage.protocol)
    if protocol is None:
        return [(("protocol",), unknown("protocol", stage.protocol, protocols))]
    mistakes: list[tuple[Location, str]] = []
    for name, value in stage.settings.items():
        if name not in protocol.settings:
            mistakes.append((("settings", name), unknown("setting", name, protocol.settings)))
        elif type(value) is not type(usual := protocol.settings[name]):
            text = f"setting {name!r} must be like the protocol's own, which is {usual!r}"
            mistakes.append((("settings", name), text))
    return mistakes
