"""JSON answers, compared field by field: each value in the canonical form of its own type."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from llm_reasonkit.reasoning.answers.answer import Answer
from llm_reasonkit.reasoning.answers.canonical import canonical
from llm_reasonkit.reasoning.answers.form import AnswerForm
from llm_reasonkit.reasoning.extract import read_object

_TEXT = AnswerForm("text")
_NUMBER = AnswerForm("number")


def read_json(text: str, schema: str) -> Answer:
    """Read the object that fits a JSON Schema out of a reply. Raises ExtractError.

    What the schema does not name is left out.
    """
    asked_for = json.loads(schema)
    found = read_object(text, asked_for)
    named = asked_for.get("properties", found)
    return _object({name: found[name] for name in named if name in found})


def _object(value: Mapping[str, Any]) -> Answer:
    fields = tuple(replace(_value(value[name]), name=name) for name in sorted(value))
    keys = {field.name: field.key for field in fields}
    return Answer(
        text=json.dumps(value, ensure_ascii=False),
        kind="json",
        key=json.dumps(keys, ensure_ascii=False),
        items=fields,
    )


def _value(value: Any) -> Answer:  # noqa: ANN401 (a JSON value)
    if isinstance(value, Mapping):
        return _object(value)
    if isinstance(value, list):
        items = tuple(map(_value, value))
        key = json.dumps([item.key for item in items], ensure_ascii=False)
        return Answer(json.dumps(value, ensure_ascii=False), "list", key, items=items, frame="[]")
    if isinstance(value, bool):
        return Answer(json.dumps(value), "yes-no", "yes" if value else "no")
    if isinstance(value, int | float):
        return canonical(str(value), _NUMBER) or _word(str(value))
    return _word("null" if value is None else value)


def _word(text: str) -> Answer:
    return canonical(text, _TEXT) or Answer(text, "text", text)
