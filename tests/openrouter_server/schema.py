"""The smallest instance of a JSON Schema."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_WORDS = ("one", "two", "three", "four", "five", "six", "seven", "eight")


def instance(schema: Mapping[str, Any], number: int = 0) -> Any:
    """Return a valid instance; `number` tells the items of a list apart."""
    return _instance(schema, schema, number)


def _instance(schema: Mapping[str, Any], root: Mapping[str, Any], number: int) -> Any:
    if "$ref" in schema:
        target: Any = root
        for name in schema["$ref"].removeprefix("#/").split("/"):
            target = target[name]
        return _instance(target, root, number)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    for key in ("anyOf", "oneOf", "allOf"):
        if key in schema:
            return _instance(schema[key][0], root, number)
    kind = schema.get("type", "object" if "properties" in schema else "string")
    if isinstance(kind, list):
        kind = kind[0]
    if kind == "object":
        return {
            name: _instance(part, root, number)
            for name, part in schema.get("properties", {}).items()
            if name in schema.get("required", schema.get("properties", {}))
        }
    if kind == "array":
        count = max(1, schema.get("minItems", 1))
        return [_instance(schema.get("items", {}), root, index) for index in range(count)]
    return _scalar(schema, kind, number)


def _scalar(schema: Mapping[str, Any], kind: str, number: int) -> Any:
    if kind in ("integer", "number"):
        least = schema.get("minimum", schema.get("exclusiveMinimum", -1) + 1)
        return min(least + number, schema.get("maximum", least + number))
    if kind == "boolean":
        return True
    if kind == "null":
        return None
    text = f"alpha {_WORDS[number % len(_WORDS)]}"
    while len(text) < schema.get("minLength", 0):
        text += f" {text}"
    return text[: schema.get("maxLength", len(text))]
