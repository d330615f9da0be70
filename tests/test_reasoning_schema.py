"""Output schemas: the short notation becomes JSON Schema, and code gives out the ids."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from llm_reasonkit.reasoning.schema import SchemaError, assign_ids, compile_schema, wire_schema

CLAIM = {"id": "auto", "text": "str"}


def property_of(notation: object) -> dict[str, Any]:
    return compile_schema({"x": notation})["properties"]["x"]


@pytest.mark.parametrize(
    ("notation", "schema"),
    [
        ("str", {"type": "string"}),
        ("int", {"type": "integer"}),
        ("float", {"type": "number"}),
        ("bool", {"type": "boolean"}),
        (["a", "b"], {"type": "string", "enum": ["a", "b"]}),
        (["str"], {"type": "array", "items": {"type": "string"}}),
        (["str", 8], {"type": "array", "items": {"type": "string"}, "maxItems": 8}),
        (
            ["int", 3, 8],
            {"type": "array", "items": {"type": "integer"}, "maxItems": 8, "minItems": 3},
        ),
        ({"type": "integer", "minimum": 1}, {"type": "integer", "minimum": 1}),
    ],
)
def test_each_notation_has_its_schema(notation: object, schema: dict[str, Any]):
    """Scalars, words, bounded lists and plain JSON Schema come out as documented."""
    assert property_of(notation) == schema


def test_an_object_is_closed_and_complete():
    """All keys of an object are required and no others are allowed."""
    assert compile_schema({"a": "str", "type": ["x", "y"]}) == {
        "type": "object",
        "properties": {"a": {"type": "string"}, "type": {"type": "string", "enum": ["x", "y"]}},
        "required": ["a", "type"],
        "additionalProperties": False,
    }


@pytest.mark.parametrize(
    ("notation", "message", "path"),
    [
        ("str", "an output is an object", ()),
        ([], "write a list as", ()),
        ({"a": "string"}, "unknown type 'string'", ("a",)),
        ({"a": [{"b": "txt"}]}, "unknown type 'txt'", ("a", 0, "b")),
        ({"a": None}, "expected a type", ("a",)),
        ({"a": ["str", "x", 1]}, "write a list as", ("a",)),
        ({"a": ["str", 1, 2, 3]}, "write a list as", ("a",)),
        ({"a": ["str", 8, 3]}, "least, most", ("a",)),
        ({"a": ["str", -1]}, "0 or more", ("a",)),
        ({"a": [True, False]}, "YAML reads yes, no", ("a",)),
        ({}, "at least one key", ()),
        ({"a": [{"id": "auto"}]}, "at least one key", ("a", 0)),
        ({"id": "auto", "a": "str"}, "this is not one", ()),
        ({"a": CLAIM}, "this is not one", ("a",)),
        ({"claims": [CLAIM], "causes": [CLAIM]}, "'claims' and 'causes' would be the same", ()),
        (
            {"a": [{"x": [CLAIM]}], "b": [{"x": [CLAIM]}]},
            "'x' and 'x' would be the same",
            (),
        ),
        (
            {"type": "object", "properties": {"a": {"type": "strng"}}},
            "no JSON Schema",
            ("properties", "a", "type"),
        ),
        (
            {"type": "object", "properties": {"a": {"pattern": "("}}},
            "no JSON Schema",
            ("properties", "a", "pattern"),
        ),
        (
            {"type": "object", "properties": {"a": {"$ref": "#/$defs/b"}}},
            "no `\\$ref` leads to",
            (),
        ),
        (
            {"type": "object", "properties": {"a": {"$ref": "https://x.test/y"}}},
            "no `\\$ref` leads to",
            (),
        ),
    ],
)
def test_a_mistake_says_what_and_where(notation: object, message: str, path: tuple[str | int, ...]):
    """What cannot be a schema is refused, with the way to the place inside the notation."""
    with pytest.raises(SchemaError, match=message) as caught:
        compile_schema(notation)
    assert caught.value.path == path


def test_an_output_that_contains_itself_is_refused():
    """A YAML alias to its own parent is a mistake, not an endless loop."""
    endless: dict[str, Any] = {}
    endless["a"] = endless
    with pytest.raises(SchemaError, match="contains itself"):
        compile_schema(endless)


def test_references_inside_a_schema_are_kept():
    """JSON Schema with definitions of its own can be used."""
    schema = {
        "type": "object",
        "properties": {"a": {"$ref": "#/$defs/b"}},
        "$defs": {"b": {"type": "string"}},
    }
    assert compile_schema(schema) == schema


def test_the_model_never_sees_our_annotations():
    """Neither the ids nor the mark for them are in the schema that is sent."""
    schema = wire_schema(compile_schema({"claims": [CLAIM], "kind": ["a", "b"]}))
    assert "x-auto" not in str(schema)
    assert schema["properties"]["claims"]["items"]["required"] == ["text"]
    assert schema["properties"]["kind"]["enum"] == ["a", "b"]


def test_ids_are_a_letter_and_a_number():
    """Items are numbered by code, whatever id a model claims is not asked for."""
    schema = compile_schema({"claims": [CLAIM], "note": "str"})
    value = {"claims": [{"text": "a"}, {"text": "b"}], "note": "n"}
    assert assign_ids(schema, value) == {
        "claims": [{"id": "c1", "text": "a"}, {"id": "c2", "text": "b"}],
        "note": "n",
    }


def test_ids_of_different_items_differ():
    """The prefix of a for_each item is part of every id below it."""
    schema = compile_schema({"ideas": [{"id": "auto", "steps": [CLAIM]}]})
    value = {"ideas": [{"steps": [{"text": "a"}]}]}
    assert assign_ids(schema, value, "2.") == {
        "ideas": [{"id": "i2.1", "steps": [{"id": "s2.1.1", "text": "a"}]}]
    }


def test_ids_reach_lists_in_objects_and_in_lists():
    """A list is numbered wherever it stands; what the schema does not speak of is left alone."""
    schema = compile_schema({"box": {"claims": [CLAIM]}, "grid": [[CLAIM]]})
    value = {"box": {"claims": [{"text": "a"}]}, "grid": [[{"text": "b"}]], "more": 1}
    assert assign_ids(schema, value) == {
        "box": {"claims": [{"id": "c1", "text": "a"}]},
        "grid": [[{"id": "g1.1", "text": "b"}]],
        "more": 1,
    }


def test_ids_leave_other_shapes_alone():
    """A value that is not what the schema says passes unchanged."""
    schema = compile_schema({"claims": [CLAIM]})
    assert assign_ids(schema, "text") == "text"
    assert assign_ids(schema, {"claims": "none"}) == {"claims": "none"}


def test_an_id_that_an_open_schema_lets_through_is_the_models_own():
    """Code fills in what is missing and overwrites nothing that passed validation."""
    schema = compile_schema({"claims": [CLAIM]})
    assert assign_ids(schema, {"claims": [{"id": "z", "text": "a"}]}) == {
        "claims": [{"id": "z", "text": "a"}]
    }


scalars = st.sampled_from(["str", "int", "float", "bool"])
words = st.lists(st.text(min_size=1, max_size=5), min_size=2, max_size=4)
keys = st.text(alphabet="abcdefgh", min_size=1, max_size=3)
notations = st.recursive(
    scalars | words,
    lambda inner: (
        st.builds(
            lambda item, low, more: [item, low, low + more],
            inner,
            st.integers(0, 3),
            st.integers(0, 3),
        )
        | st.dictionaries(keys, inner, min_size=1, max_size=3).map(
            lambda made: [{"id": "auto", **made}]
        )
        | st.dictionaries(keys, inner, min_size=1, max_size=3)
    ),
    max_leaves=8,
)


@settings(deadline=None, max_examples=50, database=None)
@given(st.dictionaries(keys, notations, min_size=1, max_size=3))
def test_every_notation_gives_a_valid_schema(notation: dict[str, Any]):
    """A notation is either refused or a JSON Schema that validators and models understand."""
    try:
        schema = compile_schema(notation)
    except SchemaError:
        return
    Draft202012Validator.check_schema(wire_schema(schema))
    assert schema["required"] == list(notation)


def filled(schema: dict[str, Any]) -> Any:
    """A value with two items in every list."""
    if schema["type"] == "array":
        return [filled(schema["items"]), filled(schema["items"])]
    if schema["type"] == "object":
        return {key: filled(part) for key, part in schema["properties"].items()}
    return "x"


def ids_in(value: Any, schema: dict[str, Any]) -> list[str]:
    if schema["type"] == "array":
        return [ident for item in value for ident in ids_in(item, schema["items"])]
    if schema["type"] == "object":
        own = [value["id"]] if "x-auto" in schema else []
        parts = schema["properties"].items()
        return own + [ident for key, part in parts for ident in ids_in(value[key], part)]
    return []


@settings(deadline=None, max_examples=50, database=None)
@given(st.dictionaries(keys, notations, min_size=1, max_size=4))
def test_ids_are_unique_in_an_output(notation: dict[str, Any]):
    """No two items of one output ever get the same id."""
    try:
        schema = compile_schema(notation)
    except SchemaError:
        return
    found = ids_in(assign_ids(schema, filled(schema)), schema)
    assert len(found) == len(set(found))
