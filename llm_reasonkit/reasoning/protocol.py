"""Protocols and profiles: what their files say, and what follows from it.

A protocol is a graph of steps. A step depends on what its prompt, `for_each`, `when` and `with`
mention; nobody writes a dependency by hand.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from decimal import Decimal
from functools import cached_property
from graphlib import TopologicalSorter
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from llm_reasonkit.reasoning.schema import Schema, compile_schema
from llm_reasonkit.reasoning.template import (
    as_template,
    may_hold,
    mentioned_names,
    mentioned_paths,
    names_in_expression,
)

Location = tuple[str | int, ...]
Effort = Literal["none", "minimal", "low", "medium", "high"]

# What every step may use besides the protocol's own inputs and the steps before it.
#   question   what was asked                     context    the text of all sources
#   sources    what was given with it, one by one  material   question and context
#   findings   what earlier stages of a profile found, with the checks that did not pass
#   settings   the protocol's, as the profile set them
#   thinks     the model reasons by itself: do not tell it to think step by step
BUILT_IN_NAMES = frozenset(
    {"question", "context", "sources", "material", "findings", "settings", "thinks"}
)
ITEM_NAMES = frozenset({"item", "number"})


class Entry(BaseModel):
    """Base of what is read from a file: closed, so that a misspelt key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Step(Entry):
    """A node of the graph: a model call, one call per item, or a check.

    prompt: template of the call; question, sources and findings are put in front of it unless it
        mentions `question` itself. output: what the reply must hold (without it: text).
    for_each: a list, or the path to one; the step then runs once per `item`, all in parallel, and
        its value is the list of outputs, each with its `item`. at_most: items to take (a number,
        or a path into `settings`). optional: steps this one can do without.
    max_tokens: bound of one reply, reasoning apart. usual: tokens that a reply, or what a check
    hands on, usually has; estimates go by it until the user's own runs tell. web: the model may
    search the web; the step's value then has the `pages` that were found, each `{name, text}`.
    """

    prompt: str | None = None
    check: str | None = None
    with_: dict[str, str] = Field(default_factory=dict, alias="with")
    for_each: str | list[Any] | None = None
    at_most: int | str | None = None
    output: Any = None
    role: str = "main"
    effort: Effort | None = None
    max_tokens: int = Field(default=1000, ge=16)
    usual: int | None = Field(default=None, ge=1)
    when: str | None = None
    optional: list[str] = Field(default_factory=list)
    web: bool = False

    @cached_property
    def output_schema(self) -> Schema | None:
        """The JSON Schema of the reply, or None where the step answers in text."""
        return None if self.output is None else compile_schema(self.output)

    def mentions(self) -> Iterator[tuple[Location, frozenset[str]]]:
        """Yield each place that reads names, with the names. Raises TemplateSyntaxError."""
        if self.prompt is not None:
            yield ("prompt",), mentioned_names(self.prompt)
        if self.when is not None:
            yield ("when",), names_in_expression(self.when)
        for where, path in self.paths():
            yield where, frozenset({head_of(path)})

    def paths(self) -> Iterator[tuple[Location, str]]:
        """Yield each place that holds a path, with the path."""
        if isinstance(self.for_each, str):
            yield ("for_each",), self.for_each
        if isinstance(self.at_most, str):
            yield ("at_most",), self.at_most
        for name, path in self.with_.items():
            yield ("with", name), path

    def parts(self) -> Iterator[tuple[Location, str]]:
        """Yield each part of a value that a template or expression reads, as a path.

        Raises TemplateSyntaxError.
        """
        when = None if self.when is None else as_template(self.when)
        for place, template in (("prompt", self.prompt), ("when", when)):
            for path in sorted(mentioned_paths(template or "")):
                yield (place,), path

    @cached_property
    def reads(self) -> frozenset[str]:
        """All names that the step reads."""
        return frozenset().union(*(names for _, names in self.mentions()))


class Inputs(Entry):
    """What a protocol wants besides the question."""

    sources: Literal["optional", "required"] | None = None


class Protocol(Entry):
    """A graph of steps that ends in one answer.

    inputs: whether sources may or must be given. settings: numbers, words
    and lists that a profile may change to run a reduced form. answer: path to the answer.
    findings: the steps that a profile's synthesis gets instead of the answer.
    """

    protocol: str
    title: str
    summary: str
    inputs: Inputs = Inputs()
    settings: dict[str, Any] = Field(default_factory=dict)
    steps: dict[str, Step]
    answer: str
    findings: list[str] = Field(default_factory=list)

    @property
    def answering(self) -> str | None:
        """The step in whose words a model answers, None where code makes up the answer."""
        name, _, key = self.answer.partition(".")
        if self.steps[name].check == "links" and key == "text":
            name = self.steps[name].with_.get("text", "")
        return name if name in self.steps and self.steps[name].check is None else None

    def dependencies(self, name: str) -> list[str]:
        """Tell which steps a step reads, in file order."""
        return [other for other in self.steps if other in self.steps[name].reads]

    def needed_for(self, targets: list[str]) -> list[str]:
        """Return the steps to run, in file order: the targets, what they read, and every check
        whose inputs are there anyway."""
        needed: set[str] = set()
        waiting = [head_of(target) for target in targets]
        while waiting:
            name = waiting.pop()
            if name not in needed:
                needed.add(name)
                waiting.extend(self.dependencies(name))
        for name in self.in_order(self.steps):
            if self.steps[name].check and needed.issuperset(self.dependencies(name)):
                needed.add(name)
        return [name for name in self.steps if name in needed]

    def in_order(self, names: Collection[str]) -> list[str]:
        """Sort steps so that each comes after those it reads."""
        graph = {name: self.dependencies(name) for name in names}
        return list(TopologicalSorter(graph).static_order())


class Stage(Entry):
    """One protocol of a profile, with its settings, after the stages whose findings it is given."""

    protocol: str
    settings: dict[str, Any] = Field(default_factory=dict)
    after: list[str] = Field(default_factory=list)


def _stage_of_name(value: object) -> object:
    return {"protocol": value} if isinstance(value, str) else value


class RunLimits(Entry):
    """What a run of a profile may take: calls, USD, tokens in and out, seconds."""

    max_calls: int | None = Field(default=None, ge=1)
    usd: Decimal | None = Field(default=None, ge=0)
    tokens: int | None = Field(default=None, ge=1)
    seconds: float | None = Field(default=None, ge=0)


class Profile(Entry):
    """Which protocols a run takes, and the one that draws the answer from their findings.

    Stages run side by side unless one names others in `after`; it then gets their findings.
    roles: the models of roles other than main. min_confidence: the least confidence (a share) that
    is wanted of what was found. below: what is done, once, where it is less or unknown: a protocol
    that runs before the synthesis, or `warn` for nothing but the warning that comes anyway.
    """

    title: str
    summary: str
    protocols: list[Annotated[Stage, BeforeValidator(_stage_of_name)]] = Field(min_length=1)
    synthesis: str = "synthesis"
    roles: dict[str, str] = Field(default_factory=dict)
    limits: RunLimits = RunLimits()
    min_confidence: float | None = Field(default=None, ge=0, le=1)
    below: str = "warn"


def resolve(path: str, scope: Mapping[str, Any]) -> Any:  # noqa: ANN401 (a JSON value)
    """Follow a dotted path; a list on the way is mapped over and flattened (`lenses.ideas`).

    Raises KeyError with the path where it leads nowhere.
    """
    head, *rest = path.split(".")
    if head not in scope:
        raise KeyError(path)
    value: Any = scope[head]
    for key in rest:
        if isinstance(value, list):
            found = [item[key] for item in value if isinstance(item, Mapping) and key in item]
            value = [
                part for item in found for part in (item if isinstance(item, list) else [item])
            ]
        elif isinstance(value, Mapping) and key in value:
            value = value[key]
        else:
            raise KeyError(path)
    return value


def largest_fan_out(protocol: Protocol, step: Step, known: Mapping[str, Any]) -> int | None:
    """Return how many calls a step makes at most (re-asks apart), or None if nothing bounds it.

    known: what can be read before the run: `settings`, and perhaps `sources`.
    """
    if step.when is not None and not may_hold(step.when, known):
        return 0
    if step.for_each is None:
        return 1
    bounds: list[Any] = []
    if isinstance(step.for_each, list):
        bounds.append(len(step.for_each))
    elif head_of(step.for_each) == "settings":
        value = _or_none(step.for_each, known)
        if isinstance(value, list):
            bounds.append(len(value))
    else:
        bounds.append(_largest_list(protocol, step.for_each))
    bounds.append(count_of(step.at_most, known))
    return min((bound for bound in bounds if isinstance(bound, int)), default=None)


def count_of(limit: int | str | None, known: Mapping[str, Any]) -> int | None:
    """Return the number that `at_most` is or leads to; None for none, or one below 0."""
    value = _or_none(limit, known) if isinstance(limit, str) else limit
    return value if isinstance(value, int) and value >= 0 else None


def _largest_list(protocol: Protocol, path: str) -> int | None:
    """Read the bound of a list from the schema of the step that makes it."""
    head, *rest = path.split(".")
    step = protocol.steps.get(head)
    if step is None or step.output is None or step.for_each is not None or len(rest) != 1:
        return None
    schema = step.output_schema or {}
    bound = schema.get("properties", {}).get(rest[0], {}).get("maxItems")
    return bound if isinstance(bound, int) else None


def _or_none(path: str, scope: Mapping[str, Any]) -> Any:  # noqa: ANN401 (a JSON value)
    try:
        return resolve(path, scope)
    except KeyError:
        return None


def head_of(path: str) -> str:
    """Return what a path begins at: a step, or a name that every step may use."""
    return path.split(".", 1)[0]
