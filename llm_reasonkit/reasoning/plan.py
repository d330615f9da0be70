"""A plan: the stages of one run, each a protocol with its settings, and how many calls they make.

A lone protocol is a plan of one stage. A profile's stages run side by side unless one waits for
others; its synthesis waits for all and gives the answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from llm_reasonkit.reasoning.names import nearest
from llm_reasonkit.reasoning.protocol import (
    Location,
    Profile,
    Protocol,
    Stage,
    largest_fan_out,
)


@dataclass(frozen=True, slots=True)
class PlannedStage:
    """A protocol to run. `targets` are the steps that something outside it reads."""

    key: str
    protocol: Protocol
    settings: Mapping[str, Any]
    targets: tuple[str, ...]
    after: tuple[str, ...] = ()

    @property
    def steps(self) -> list[str]:
        """The steps that have to run, in file order."""
        return self.protocol.needed_for(list(self.targets))

    @property
    def target_steps(self) -> list[str]:
        """The steps that the targets lie in."""
        return [target.split(".", 1)[0] for target in self.targets]

    def largest_number_of_calls(self, *, re_asks: bool) -> int:
        """Count the calls this stage can make at most; with re-asks, each one for an object
        may be made twice."""
        total = 0
        for name in self.steps:
            step = self.protocol.steps[name]
            if step.prompt is not None:
                calls = largest_fan_out(self.protocol, step, self.settings) or 0
                total += calls * (2 if re_asks and step.output is not None else 1)
        return total


@dataclass(frozen=True, slots=True)
class Plan:
    """The stages of a run; the last one gives the answer."""

    stages: tuple[PlannedStage, ...]
    protocol: str | None = None
    profile: str | None = None

    def largest_number_of_calls(self, *, re_asks: bool = False) -> int:
        """Count the calls the run can make at most."""
        return sum(stage.largest_number_of_calls(re_asks=re_asks) for stage in self.stages)

    @property
    def roles(self) -> frozenset[str]:
        """The roles that the run needs a model for."""
        return frozenset(
            step.role
            for stage in self.stages
            for name in stage.steps
            if (step := stage.protocol.steps[name]).prompt is not None
        )


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
                targets=tuple(protocol.findings or [protocol.answer]),
                after=tuple(stage.after),
            )
        )
    synthesis = protocols[profile.synthesis]
    last = PlannedStage(
        key=synthesis.protocol,
        protocol=synthesis,
        settings=synthesis.settings,
        targets=(synthesis.answer,),
        after=tuple(stage.key for stage in stages),
    )
    return Plan(stages=(*stages, last), profile=name)


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
    if profile.synthesis in keys:
        text = f"{profile.synthesis!r} is one of the protocols already; it runs last by itself"
        mistakes.append((("synthesis",), text))
    if profile.synthesis not in protocols:
        text = f"unknown protocol {profile.synthesis!r}{nearest(profile.synthesis, protocols)}"
        mistakes.append((("synthesis",), text))
    return mistakes


def _in_stage(stage: Stage, protocols: Mapping[str, Protocol]) -> list[tuple[Location, str]]:
    protocol = protocols.get(stage.protocol)
    if protocol is None:
        text = f"unknown protocol {stage.protocol!r}{nearest(stage.protocol, protocols)}"
        return [(("protocol",), text)]
    mistakes: list[tuple[Location, str]] = []
    for name, value in stage.settings.items():
        if name not in protocol.settings:
            text = f"unknown setting {name!r}{nearest(name, protocol.settings)}"
            mistakes.append((("settings", name), text))
        elif type(value) is not type(usual := protocol.settings[name]):
            text = f"setting {name!r} must be like the protocol's own, which is {usual!r}"
            mistakes.append((("settings", name), text))
    return mistakes
