"""Read the object a model was asked for out of what it wrote, and hold it to its schema."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from jsonschema import Draft202012Validator

_FENCED = re.compile(r"```(?:json|JSON)?[ \t]*\n(.*?)```", re.DOTALL)
_DECODER = json.JSONDecoder()


class ExtractError(ValueError):
    """The reply does not hold what was asked for; the message tells a model how to mend it."""


def read_object(text: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    """Find the JSON object in a reply that fits the schema.

    Tried in turn: the whole reply, fenced blocks, objects standing in prose (the last one that
    fits wins, as models state their result last). Nothing is completed or guessed: a reply that
    was cut off holds no object. Raises ExtractError with the validator's message.
    """
    complaint = "the reply holds no complete JSON object"
    for candidate in _candidates(text):
        problem = first_problem(candidate, schema)
        if problem is None:
            return candidate
        complaint = problem
    raise ExtractError(complaint)


def first_problem(value: object, schema: Mapping[str, Any]) -> str | None:
    """Say what is wrong with a value under a schema, or None."""
    error = next(iter(_validator(json.dumps(schema)).iter_errors(value)), None)
    if error is None:
        return None
    place = "/".join(str(part) for part in error.absolute_path) or "the object"
    return f"{place}: {_shortened(error.message)}"


@lru_cache(maxsize=128)
def _validator(schema: str) -> Draft202012Validator:
    return Draft202012Validator(json.loads(schema))


def _candidates(text: str) -> Iterator[dict[str, Any]]:
    whole = _loads(text)
    if whole is not None:
        yield whole
        return
    for block in reversed(_FENCED.findall(text)):
        value = _loads(block)
        if value is not None:
            yield value
    yield from reversed(_objects_in_prose(text))


def _objects_in_prose(text: str) -> list[dict[str, Any]]:
    found = []
    position = text.find("{")
    while position != -1:
        try:
            value, end = _DECODER.raw_decode(text, position)
        except (json.JSONDecodeError, RecursionError):
            end = position + 1
        else:
            found.append(value)
        position = text.find("{", end)
        if len(found) > 50:
            break
    return found


def _loads(text: str) -> dict[str, Any] | None:
    try:
        value = json.loads(text)
    except (json.JSONDecodeError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _shortened(message: str, limit: int = 300) -> str:
    return message if len(message) <= limit else message[: limit - 1] + "…"
