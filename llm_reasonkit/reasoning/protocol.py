"""Protocols and profiles: what their files say, and every mistake that can be seen in them.

A protocol is a graph of steps. A step depends on what its prompt, `for_each`, `when` and `with`
mention; nobody writes a dependency by hand.
"""

from __future__ import annotations

import inspect
from collections.abc import Collection, Iterator, Mapping
from difflib import get_close_matches
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from typing import Annotated, Any, Literal

from jinja2 import TemplateSyntaxError
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from llm_reasonkit.reasoning.checks import CHECKS
from llm_reasonkit.reasoning.schema import Schema, SchemaError, compile_schema
from llm_reasonkit.reasoning.template import (
    TemplateError,
    holds,
    mentioned_names,
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
    max_tokens: bound of one reply, reasoning apart.
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
    when: str | None = None
    optional: list[str] = Field(default_factory=list)

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
            yield where, frozenset({_head(path)})

    def paths(self) -> Iterator[tuple[Location, str]]:
        """Yield each place that holds a path, with the path."""
        if isinstance(self.for_each, str):
            yield ("for_each",), self.for_each
        if isinstance(self.at_most, str):
            yield ("at_most",), self.at_most
        for name, path in self.with_.items():
            yield ("with", name), path

    @cached_property
    def reads(self) -> frozenset[str]:
        """All names that the step reads."""
        return frozenset().union(*(names for _, names in self.mentions()))


class Protocol(Entry):
    """A graph of steps that ends in one answer.

    inputs: names the caller may or must give (`optional` or `required`). settings: numbers, words
    and lists that a profile may change to run a reduced form. answer: path to the answer.
    findings: the steps that a profile's synthesis gets instead of the answer.
    """

    protocol: str
    title: str
    summary: str
    inputs: dict[str, Literal["optional", "required"]] = Field(default_factory=dict)
    settings: dict[str, Any] = Field(default_factory=dict)
    steps: dict[str, Step]
    answer: str
    findings: list[str] = Field(default_factory=list)

    def dependencies(self, name: str) -> list[str]:
        """Tell which steps a step reads, in file order."""
        return [other for other in self.steps if other in self.steps[name].reads]

    def needed_for(self, targets: list[str]) -> list[str]:
        """Return the steps to run, in file order: the targets, what they read, and every check
        whose inputs are there anyway."""
        needed: set[str] = set()
        waiting = [_head(target) for target in targets]
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


class Profile(Entry):
    """Which protocols a run takes, and the one that draws the answer from their findings.

    Stages run side by side unless one names others in `after`; it then gets their findings.
    """

    title: str
    summary: str
    protocols: list[Annotated[Stage, BeforeValidator(_stage_of_name)]] = Field(min_length=1)
    synthesis: str = "synthesis"


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


def find_mistakes(protocol: Protocol) -> list[tuple[Location, str]]:
    """Return every mistake that can be seen without running, with its place in the file."""
    mistakes: list[tuple[Location, str]] = []
    for name, step in protocol.steps.items():
        mistakes += [(("steps", name, *where), text) for where, text in _in_step(protocol, step)]
        if name in BUILT_IN_NAMES | ITEM_NAMES | protocol.inputs.keys():
            mistakes.append((("steps", name), f"{name!r} already means something else: rename"))
        if not name.isidentifier():
            text = f"call the step {name!r} by letters, digits and _ only, so that prompts can"
            mistakes.append((("steps", name), text))
    for target in [protocol.answer, *protocol.findings]:
        place = "answer" if target == protocol.answer else "findings"
        if _head(target) not in protocol.steps:
            mistakes.append(((place,), _unknown("step", _head(target), protocol.steps)))
        elif astray := _astray(protocol, target):
            mistakes.append(((place,), astray))
    if mistakes:
        return mistakes
    mistakes += _cycle(protocol)
    if not mistakes:
        mistakes += [*_unguarded(protocol), *_unbounded(protocol)]
    return mistakes


def _in_step(protocol: Protocol, step: Step) -> Iterator[tuple[Location, str]]:
    if (step.prompt is None) == (step.check is None):
        yield (), "a step has either a prompt or a check"
        return
    yield from _in_prompt(protocol, step) if step.check is None else _in_check(step)
    known = BUILT_IN_NAMES | protocol.inputs.keys() | protocol.steps.keys()
    if step.for_each is not None:
        known |= ITEM_NAMES
    try:
        for where, names in step.mentions():
            yield from ((where, _unknown("name", name, known)) for name in sorted(names - known))
    except TemplateSyntaxError as error:
        place = "when" if error.source == step.when else "prompt"
        yield (place,), f"this cannot be read: {error.message} (its line {error.lineno})"
    for where, path in step.paths():
        if astray := _astray(protocol, path):
            yield where, astray
    for name in step.optional:
        if name not in protocol.steps:
            yield ("optional",), _unknown("step", name, protocol.steps)


def _astray(protocol: Protocol, path: str) -> str | None:
    """Say where a path leaves what there is to read; what a check gives is not known here."""
    head, *rest = path.split(".")
    if head == "settings":
        known: Mapping[str, Any] = protocol.settings
        return _unknown("setting", rest[0], known) if rest and rest[0] not in known else None
    step = protocol.steps.get(head)
    try:
        shape = {} if step is None or step.check is not None else _shape(step)
    except SchemaError:
        return None
    for key in rest:
        while shape.get("type") == "array":
            shape = shape.get("items", {})
        if shape.get("type") == "string":
            return f"{path!r} asks for a part of a text"
        if "properties" not in shape:
            return None
        keys = [*shape["properties"], *shape.get("x-auto", [])]
        if key not in keys:
            return _unknown("key", key, keys)
        shape = shape["properties"].get(key, {})
    return None


def _shape(step: Step) -> Schema:
    """The schema of what a prompt step leaves behind."""
    reply = step.output_schema
    if step.for_each is None:
        return reply or {"type": "string"}
    if reply is None:
        return {"properties": {"item": {}, "text": {"type": "string"}}}
    return reply | {"properties": {"item": {}, **reply.get("properties", {})}}


def _in_prompt(protocol: Protocol, step: Step) -> Iterator[tuple[Location, str]]:
    try:
        _ = step.output_schema
    except SchemaError as error:
        yield ("output", *error.path), str(error)
    if step.with_:
        yield ("with",), "`with` belongs to a check; a prompt simply mentions what it uses"
    if isinstance(step.at_most, int) and step.at_most < 0:
        yield ("at_most",), "`at_most` must be 0 or more"


def _in_check(step: Step) -> Iterator[tuple[Location, str]]:
    for key in ("for_each", "at_most", "output", "effort"):
        if getattr(step, key) is not None:
            yield (key,), f"`{key}` belongs to a prompt step, not to a check"
    check = CHECKS.get(step.check or "")
    if check is None:
        yield ("check",), _unknown("check", step.check or "", CHECKS)
        return
    parameters = inspect.signature(check).parameters
    for name in step.with_:
        if name not in parameters:
            yield ("with", name), _unknown("input of this check", name, parameters)
    for name, parameter in parameters.items():
        if parameter.default is parameter.empty and name not in step.with_:
            yield (), f"check {step.check!r} needs `{name}` in its `with`"


def _cycle(protocol: Protocol) -> Iterator[tuple[Location, str]]:
    try:
        TopologicalSorter({name: protocol.dependencies(name) for name in protocol.steps}).prepare()
    except CycleError as error:
        ring: list[str] = error.args[1]
        yield ("steps", ring[0]), f"steps wait for each other: {' -> '.join(reversed(ring))}"


def _unguarded(protocol: Protocol) -> Iterator[tuple[Location, str]]:
    """A step that may not run (`when`) can only be read by steps that can do without it."""
    for name, step in protocol.steps.items():
        for read in protocol.dependencies(name):
            if protocol.steps[read].when is not None and read not in step.optional:
                yield (
                    ("steps", name),
                    f"reads {read!r}, which has a `when` and may not run: list it in `optional`",
                )


def _unbounded(protocol: Protocol) -> Iterator[tuple[Location, str]]:
    """How many calls a run makes at most has to be known before it starts."""
    for name, step in protocol.steps.items():
        if step.at_most is not None and _count(step.at_most, protocol.settings) is None:
            yield ("steps", name, "at_most"), "give a number, or a path to one in `settings`"
        elif largest_fan_out(protocol, step, protocol.settings) is None:
            text = "how many items can there be? Give `at_most` (a number, or a path into settings)"
            yield ("steps", name, "for_each"), text


def largest_fan_out(protocol: Protocol, step: Step, settings: Mapping[str, Any]) -> int | None:
    """Return how many calls a step makes at most (re-asks apart), or None if nothing bounds it."""
    if step.when is not None and _is_switched_off(step.when, settings):
        return 0
    if step.for_each is None:
        return 1
    bounds: list[Any] = []
    if isinstance(step.for_each, list):
        bounds.append(len(step.for_each))
    elif _head(step.for_each) == "settings":
        value = _or_none(step.for_each, {"settings": settings})
        if isinstance(value, list):
            bounds.append(len(value))
    else:
        bounds.append(_largest_list(protocol, step.for_each))
    bounds.append(_count(step.at_most, settings))
    known = [bound for bound in bounds if isinstance(bound, int)]
    return min(known) if known else None


def _count(limit: int | str | None, settings: Mapping[str, Any]) -> int | None:
    value = _or_none(limit, {"settings": settings}) if isinstance(limit, str) else limit
    return value if isinstance(value, int) and value >= 0 else None


def _is_switched_off(when: str, settings: Mapping[str, Any]) -> bool:
    """Tell whether the settings alone make a `when` false, whatever the steps before it say."""
    try:
        return not holds(when, {"settings": settings})
    except TemplateError:
        return False


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


def _head(path: str) -> str:
    return path.split(".", 1)[0]


def _unknown(kind: str, name: str, known: Mapping[str, Any] | frozenset[str] | list[str]) -> str:
    return f"unknown {kind} {name!r}{nearest(name, known)}"


def nearest(name: str, known: Mapping[str, Any] | frozenset[str] | list[str]) -> str:
    """Return `; did you mean 'x'?`, or what there is, or nothing when nothing is near."""
    matches = get_close_matches(name, list(known), n=1, cutoff=0.6)
    if matches:
        return f"; did you mean {matches[0]!r}?"
    return f"; there is {', '.join(sorted(known))}" if 0 < len(known) <= 12 else ""
