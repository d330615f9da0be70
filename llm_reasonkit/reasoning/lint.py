"""Find the mistakes of a protocol: all that can be seen without running it."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from jinja2 import TemplateSyntaxError

from llm_reasonkit.reasoning.checks import CHECKS
from llm_reasonkit.reasoning.checks.graph import find_circle
from llm_reasonkit.reasoning.names import unknown
from llm_reasonkit.reasoning.protocol import (
    BUILT_IN_NAMES,
    ITEM_NAMES,
    Location,
    Protocol,
    Step,
    count_of,
    head_of,
    largest_fan_out,
)
from llm_reasonkit.reasoning.schema import Schema, SchemaError


def find_mistakes(protocol: Protocol) -> list[tuple[Location, str]]:
    """Return every mistake that can be seen without running, with its place in the file."""
    mistakes: list[tuple[Location, str]] = []
    for name, step in protocol.steps.items():
        mistakes += [(("steps", name, *where), text) for where, text in _in_step(protocol, step)]
        if name in BUILT_IN_NAMES | ITEM_NAMES:
            mistakes.append((("steps", name), f"{name!r} already means something else: rename"))
        if not name.isidentifier():
            text = f"call the step {name!r} by letters, digits and _ only, so that prompts can"
            mistakes.append((("steps", name), text))
    for target in [protocol.answer, *protocol.findings]:
        place = "answer" if target == protocol.answer else "findings"
        if head_of(target) not in protocol.steps:
            mistakes.append(((place,), unknown("step", head_of(target), protocol.steps)))
        elif astray := _astray(protocol, target):
            mistakes.append(((place,), astray))
    # What cannot be read hides what depends on it, and is told already.
    with suppress(TemplateSyntaxError, SchemaError):
        told = {where for where, _ in mistakes}
        graph = [*_cycle(protocol), *_unguarded(protocol), *_unbounded(protocol)]
        mistakes += [mistake for mistake in graph if mistake[0] not in told]
    return mistakes


def _in_step(protocol: Protocol, step: Step) -> Iterator[tuple[Location, str]]:
    if (step.prompt is None) == (step.check is None):
        yield (), "a step has either a prompt or a check"
        return
    yield from _in_prompt(step) if step.check is None else _in_check(step)
    known = BUILT_IN_NAMES | protocol.steps.keys()
    if step.for_each is not None:
        known |= ITEM_NAMES
    try:
        for where, names in step.mentions():
            yield from ((where, unknown("name", name, known)) for name in sorted(names - known))
        parts = list(step.parts())
    except TemplateSyntaxError as error:
        place = "when" if error.source == step.when else "prompt"
        yield (place,), f"this cannot be read: {error.message} (its line {error.lineno})"
        parts = []
    for where, path in [*step.paths(), *parts]:
        if astray := _astray(protocol, path):
            yield where, astray
    for name in step.optional:
        if name not in protocol.steps:
            yield ("optional",), unknown("step", name, protocol.steps)


def _astray(protocol: Protocol, path: str) -> str | None:
    """Say where a path leaves what there is to read; what a check gives is not known here."""
    head, *rest = path.split(".")
    if head == "settings":
        known: Mapping[str, Any] = protocol.settings
        return unknown("setting", rest[0], known) if rest and rest[0] not in known else None
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
            return unknown("key", key, keys)
        shape = shape["properties"].get(key, {})
    return None


def _shape(step: Step) -> Schema:
    """The schema of what a prompt step leaves behind."""
    reply = step.output_schema
    added: Schema = {} if step.for_each is None else {"item": {}}
    added |= {"pages": {}} if step.web else {}
    if not added:
        return reply or {"type": "string"}
    own = {"text": {"type": "string"}} if reply is None else reply.get("properties", {})
    return (reply or {}) | {"properties": {**added, **own}}


def _in_prompt(step: Step) -> Iterator[tuple[Location, str]]:
    try:
        _ = step.output_schema
    except SchemaError as error:
        yield ("output", *error.path), str(error)
    if step.with_:
        yield ("with",), "`with` belongs to a check; a prompt simply mentions what it uses"
    if step.web and step.output is not None:
        yield ("web",), "a step that searches the web answers in text: take the `output` away"
    if step.usual is not None and step.usual > step.max_tokens:
        yield ("usual",), f"a reply has no more than its `max_tokens`, which is {step.max_tokens}"
    if isinstance(step.at_most, int) and step.at_most < 0:
        yield ("at_most",), "`at_most` must be 0 or more"


def _in_check(step: Step) -> Iterator[tuple[Location, str]]:
    for key in ("for_each", "at_most", "output", "effort", "web"):
        if getattr(step, key) not in (None, False):
            yield (key,), f"`{key}` belongs to a prompt step, not to a check"
    check = CHECKS.get(step.check or "")
    if check is None:
        yield ("check",), unknown("check", step.check or "", CHECKS)
        return
    parameters = inspect.signature(check).parameters
    for name in step.with_:
        if name not in parameters:
            yield ("with", name), unknown("input of this check", name, parameters)
    for name, parameter in parameters.items():
        if parameter.default is parameter.empty and name not in step.with_:
            yield (), f"check {step.check!r} needs `{name}` in its `with`"


def _cycle(protocol: Protocol) -> Iterator[tuple[Location, str]]:
    ring = find_circle({name: protocol.dependencies(name) for name in protocol.steps})
    if ring:
        yield ("steps", ring[0]), f"steps wait for each other: {' -> '.join(ring)}"


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
    known = {"settings": protocol.settings}
    for name, step in protocol.steps.items():
        if step.at_most is not None and count_of(step.at_most, known) is None:
            yield ("steps", name, "at_most"), "give a number, or a path to one in `settings`"
        elif largest_fan_out(protocol, step, known) is None:
            text = "how many items can there be? Give `at_most` (a number, or a path into settings)"
            yield ("steps", name, "for_each"), text
