"""Output schemas: the short notation of protocol files -> JSON Schema, and ids given by code.

str, int, float, bool      a value
[a, b, c]                  one of these words
[X]                        a list of X;  [X, 3, 8]: 3 to 8 of them;  [X, 8]: at most 8
{name: X, …}               an object with just these keys, all required
auto                       an id that code assigns; the model never sees it
JSON Schema                wherever a `type` of JSON Schema is given (`{type: integer, …}`)
"""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]

_SCALARS = {"str": "string", "int": "integer", "float": "number", "bool": "boolean"}
_JSON_TYPES = {"object", "array", "string", "integer", "number", "boolean", "null"}
_AUTO = "auto"


class SchemaError(ValueError):
    """The notation cannot be read; `path` leads to the place inside it."""

    def __init__(self, message: str, path: tuple[str | int, ...]) -> None:
        super().__init__(message)
        self.path = path


def compile_schema(notation: object) -> Schema:
    """Turn the `output` of a step into a JSON Schema for an object.

    Raises SchemaError.
    """
    schema = _compile(notation, ())
    if schema.get("type") != "object":
        raise SchemaError("an output is an object: give it keys", ())
    return schema


def _compile(notation: object, path: tuple[str | int, ...]) -> Schema:
    if isinstance(notation, str):
        if notation in _SCALARS:
            return {"type": _SCALARS[notation]}
        known = ", ".join([*_SCALARS, _AUTO])
        raise SchemaError(f"unknown type {notation!r}; use {known}, a list or an object", path)
    if isinstance(notation, list):
        return _compile_list(notation, path)
    if isinstance(notation, dict):
        if isinstance(notation.get("type"), str) and notation["type"] in _JSON_TYPES:
            return dict(notation)
        return _compile_object(notation, path)
    raise SchemaError("expected a type, a list or an object", path)


def _compile_list(notation: list[Any], path: tuple[str | int, ...]) -> Schema:
    words = [item for item in notation if isinstance(item, str)]
    if len(words) == len(notation) > 1:
        return {"type": "string", "enum": words}
    bounds = notation[1:]
    if not notation or not all(isinstance(bound, int) for bound in bounds) or len(bounds) > 2:
        raise SchemaError("write a list as [X], [X, most] or [X, least, most]", path)
    schema: Schema = {"type": "array", "items": _compile(notation[0], (*path, 0))}
    if bounds:
        schema["maxItems"] = bounds[-1]
    if len(bounds) == 2:
        schema["minItems"] = bounds[0]
    return schema


def _compile_object(notation: dict[Any, Any], path: tuple[str | int, ...]) -> Schema:
    asked = {str(key): item for key, item in notation.items() if item != _AUTO}
    if not asked:
        raise SchemaError("an object needs at least one key that the model fills in", path)
    schema: Schema = {
        "type": "object",
        "properties": {key: _compile(item, (*path, key)) for key, item in asked.items()},
        "required": list(asked),
        "additionalProperties": False,
    }
    automatic = [str(key) for key, item in notation.items() if item == _AUTO]
    if automatic:
        schema["x-auto"] = automatic
    return schema


def wire_schema(schema: Schema) -> Schema:
    """Return the schema without our own annotations, fit for a model and for validation."""

    def strip(node: Any) -> Any:  # noqa: ANN401 (a JSON value)
        if isinstance(node, dict):
            return {key: strip(item) for key, item in node.items() if key != "x-auto"}
        if isinstance(node, list):
            return [strip(item) for item in node]
        return node

    return dict(strip(schema))


def assign_ids(schema: Schema, value: Any, prefix: str = "") -> Any:  # noqa: ANN401 (JSON)
    """Fill in the `auto` ids of a validated output: first letter of its list and a number.

    `prefix` keeps the ids of one for_each item apart from those of another (`2.`: `i2.1`).
    """
    if schema.get("type") == "object" and isinstance(value, dict):
        return {
            key: _assign_list(schema["properties"][key], item, key, prefix)
            if key in schema.get("properties", {})
            else item
            for key, item in value.items()
        }
    return value


def _assign_list(schema: Schema, value: Any, key: str, prefix: str) -> Any:  # noqa: ANN401 (JSON)
    if schema.get("type") != "array" or not isinstance(value, list):
        return assign_ids(schema, value, prefix)
    items = schema.get("items", {})
    filled = []
    for number, item in enumerate(value, 1):
        ident = f"{key[0]}{prefix}{number}"
        inner = assign_ids(items, item, f"{prefix}{number}.")
        if isinstance(inner, dict):
            inner = {**dict.fromkeys(items.get("x-auto", []), ident), **inner}
        filled.append(inner)
    return filled
