"""Output schemas: the short notation of protocol files -> JSON Schema, and ids given by code.

str, int, float, bool      a value
[a, b, c]                  one of these words
[X]                        a list of X;  [X, 3, 8]: 3 to 8 of them;  [X, 8]: at most 8
{name: X, …}               an object with just these keys, all required
auto                       an id that code assigns; the model never sees it
JSON Schema                wherever a `type` of JSON Schema is given (`{type: integer, …}`)
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError as InvalidSchema
from referencing import Registry
from referencing.exceptions import Unresolvable
from referencing.jsonschema import DRAFT202012

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
    try:
        schema = _compile(notation, ())
    except RecursionError as error:
        raise SchemaError("the output contains itself", ()) from error
    if schema.get("type") != "object":
        raise SchemaError("an output is an object: give it keys", ())
    _refuse_invalid(schema)
    _refuse_equal_ids(schema)
    return schema


def _refuse_invalid(schema: Schema) -> None:
    """What was written as JSON Schema has to be one, and complete."""
    try:
        Draft202012Validator.check_schema(schema)
        resolver = Registry().resolver_with_root(DRAFT202012.create_resource(schema))
        for reference in _references(schema):
            resolver.lookup(reference)
    except InvalidSchema as error:
        place = tuple(error.absolute_path)
        raise SchemaError(f"this is no JSON Schema: {error.message}", place) from error
    except Unresolvable as error:
        raise SchemaError(f"no `$ref` leads to {error.ref!r} inside this output", ()) from error


def _references(node: Any) -> Iterator[str]:  # noqa: ANN401 (a JSON value)
    if isinstance(node, dict) and isinstance(node.get("$ref"), str):
        yield node["$ref"]
    for part in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from _references(part)


def _refuse_equal_ids(schema: Schema) -> None:
    """Ids are a letter and numbers, so lists at the same depth need letters of their own."""
    taken: dict[tuple[str, int], str] = {}
    for key, depth in _numbered_lists(schema):
        other = taken.get((key[:1], depth))
        if other is not None:
            text = f"the ids of {other!r} and {key!r} would be the same ({key[:1]}1, …): rename one"
            raise SchemaError(text, ())
        taken[key[:1], depth] = key


def _numbered_lists(schema: Schema, key: str = "", depth: int = 0) -> Iterator[tuple[str, int]]:
    if "x-auto" in schema:
        yield key, depth
    if schema.get("type") == "array":
        yield from _numbered_lists(schema.get("items", {}), key, depth + 1)
    for name, part in schema.get("properties", {}).items():
        yield from _numbered_lists(part, name, depth)


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
    if any(isinstance(item, bool) for item in notation):
        raise SchemaError("YAML reads yes, no, on and off as true or false: quote them", path)
    bounds = notation[1:]
    if not notation or not all(isinstance(bound, int) for bound in bounds) or len(bounds) > 2:
        raise SchemaError("write a list as [X], [X, most] or [X, least, most]", path)
    if bounds != sorted(bounds) or min(bounds, default=0) < 0:
        raise SchemaError("a list has [X, least, most] items, both 0 or more", path)
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
        if not path or path[-1] != 0:
            raise SchemaError("`auto` numbers the items of a list; this is not one", path)
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
        ident = f"{key[:1]}{prefix}{number}"
        inner = _assign_list(items, item, key, f"{prefix}{number}.")
        if isinstance(inner, dict):
            inner = {**dict.fromkeys(items.get("x-auto", []), ident), **inner}
        filled.append(inner)
    return filled
