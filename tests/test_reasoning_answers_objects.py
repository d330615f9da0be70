"""JSON answers: read by their schema, compared field by field."""

from __future__ import annotations

import json
from typing import Any

import pytest

from llm_reasonkit.reasoning.answers import AnswerForm, read, request_for, sameness
from llm_reasonkit.reasoning.schema import compile_schema

OPEN = AnswerForm("json", schema='{"type": "object"}')


def form(notation: Any) -> AnswerForm:
    return AnswerForm("json", schema=json.dumps(compile_schema(notation)))


def compared(one: Any, other: Any) -> str:
    left, right = (read(json.dumps(value), OPEN).answer for value in (one, other))
    assert left is not None
    assert right is not None
    assert sameness(left, right, OPEN) == sameness(right, left, OPEN)
    return sameness(left, right, OPEN)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"a": 1, "b": "red"}, {"b": "Red", "a": 1.0}),
        ({"a": "1,000"}, {"a": "1000"}),
        ({"a": "1/2"}, {"a": "0.5"}),
        ({"a": True}, {"a": True}),
        ({"a": None}, {"a": None}),
        ({"a": ["red", {"b": 2}]}, {"a": ["Red", {"b": 2.0}]}),
        ({"a": []}, {"a": []}),
        ({}, {}),
    ],
)
def test_same_objects(one: Any, other: Any):
    """The order of fields and the spelling of values do not matter."""
    assert compared(one, other) == "same"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"a": 12}, {"a": 17}),
        ({"a": True}, {"a": False}),
        ({"a": 1, "b": 2}, {"a": 2, "b": 1}),
        ({"a": 1}, {"b": 1}),
        ({"a": ["1", "2"]}, {"a": ["2", "1"]}),
        ({"a": 1}, {"a": 1, "b": 1}),
        ({"a": {"b": 1}}, {"a": {"b": 2}}),
        ({"a": "3.5"}, {"a": "35"}),
    ],
)
def test_different_objects(one: Any, other: Any):
    """Another value, field, order of a list or number of fields is another answer."""
    assert compared(one, other) == "different"


def test_the_schema_says_what_to_reply():
    """Nothing beside it is asked for in words."""
    assert request_for(OPEN) == ""


def test_words_are_left_to_understanding():
    """Fields in other words are not merged, and not kept apart for good."""
    assert compared({"a": "Amsterdam"}, {"a": "the city of A'dam"}) == "unsure"


def test_what_the_schema_does_not_name():
    """Further fields are not compared; the answer is shown without them."""
    answer = read('{"a": 1, "why": "because"}', form({"type": "object", "properties": {"a": {}}}))
    assert answer.answer is not None
    assert answer.answer.text == '{"a": 1}'


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        ("It is one.", "no complete JSON object"),
        ('{"a": "one"}', "a: 'one' is not of type 'integer'"),
        ('{"a": 1', "no complete JSON object"),
        ("", "empty reply"),
    ],
)
def test_what_fits_no_schema_is_no_vote(reply: str, reason: str):
    """A reply without such an object has no answer, and says why."""
    reading = read(reply, form({"a": "int"}))
    assert reading.answer is None
    assert reason in reading.reason


def test_an_object_in_prose_is_found():
    """Fenced or in the middle of words, the object that fits is read."""
    reading = read('Here it is:\n```json\n{"a": 7}\n```\nHope that helps.', form({"a": "int"}))
    assert reading.answer is not None
    assert (reading.answer.text, reading.found) == ('{"a": 7}', "json")
