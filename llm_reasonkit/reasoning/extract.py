"""Read the object a model was asked for out of what it wrote, and hold it to its schema."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import lru_cache
from typing import Any

from jsonschema import Draft202012Validator
from referencing import Registry

_FENCED = re.compile(r"```(?:json|JSON)?[ \t]*\n(.*?)```", re.DOTALL)
_OPENING = re.compile(r'\{\s*["}]')
# Bounds on what a hostile reply can make us do: each attempt may read all of the text.
_MOST_ATTEMPTS = 500
_DEEPEST = 100


class ExtractError(ValueError):
    """The reply does not hold what was asked for; the message tells a model how to mend it."""


def read_object(text: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    """Find the JSON object in a reply that fits the schema.

    Tried in turn: the whole reply, fenced blocks, objects standing in prose (the last one that
    fits wins, as models state their result last). Nothing is completed or guessed: a reply that
    was cut off holds no object. Raises ExtractError with the validator's message.
    """
    complaint = None
    for candidate in _candidates(text):
        problem = first_problem(candidate, schema)
        if problem is None:
            return candidate
        complaint = complaint or problem
    raise ExtractError(complaint or "the reply holds no complete JSON object")


def first_problem(value: object, schema: Mapping[str, Any]) -> str | None:
    """Say what is wrong with a value under a schema, or None."""
    error = next(iter(_validator(json.dumps(schema)).iter_errors(value)), None)
    if error is None:
        return None
    place = "/".join(str(part) for part in error.absolute_path) or "the object"
    return f"{place}: {_shortened(error.message)}"


@lru_cache(maxsize=128)
def _validator(schema: str) -> Draft202012Validator:
    # Without a registry of its own the validator fetches a `$ref` that is a URL.
    return Draft202012Validator(json.loads(schema), registry=Registry())


def _candidates(text: str) -> Iterator[dict[str, Any]]:
    whole = _loads(text)
    if whole is not None:
        yield whole
        return
    for block in reversed(_FENCED.findall(text)[-_MOST_ATTEMPTS:]):
        value = _loads(block)
        if value is not None:
            yield value
    yield from reversed(_objects_in_prose(text))


def _objects_in_prose(text: str) -> list[dict[str, Any]]:
    found = []
    opening = _OPENING.search(text)
    for _ in range(_MOST_ATTEMPTS):
        if opening is None:
            break
        end = opening.start() + 1
        with suppress(ValueError, RecursionError):
            value, end = _DECODER.raw_decode(text, opening.start())
            found.append(value)
        opening = _OPENING.search(text, end)
    return [storable for value in found if (storable := _storable(value)) is not None]


def _loads(text: str) -> dict[str, Any] | None:
    with suppress(ValueError, RecursionError):
        return _storable(_DECODER.decode(text))
    return None


def _storable(value: Any) -> dict[str, Any] | None:  # noqa: ANN401 (a JSON value)
    """Return an object that can be written down again, None for any other value."""
    if not isinstance(value, dict) or _is_deeper_than(value, _DEEPEST):
        return None
    # `\ud800` alone is legal in JSON and in no text that is stored or sent.
    return dict(json.loads(json.dumps(value, ensure_ascii=False).encode(errors="replace")))


def _is_deeper_than(value: object, limit: int) -> bool:
    level = [value]
    for _ in range(limit):
        level = [
            part
            for node in level
            if isinstance(node, dict | list)
            for part in (node.values() if isinstance(node, dict) else node)
        ]
    return bool(level)


def _number(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text} is no number of JSON's")
    return value


_DECODER = json.JSONDecoder(parse_float=_number, parse_constant=_number)


def _shortened(message: str, limit: int = 300) -> str:
    return message if len(message) <= limit else message[: limit - 1] + "…"
