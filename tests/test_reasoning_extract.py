"""Reading the object out of a reply: found wherever it stands, never guessed, never a crash."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from llm_reasonkit.reasoning.extract import ExtractError, first_problem, read_object
from llm_reasonkit.reasoning.schema import compile_schema

SCHEMA = compile_schema({"a": "str"})
NUMBER = compile_schema({"n": "float"})
OPEN: dict[str, Any] = {"type": "object"}


@pytest.mark.parametrize(
    "reply",
    [
        '{"a": "x"}',
        '  {"a": "x"}\n',
        '```json\n{"a": "x"}\n```',
        '```\n{"a": "x"}\n```',
        'Here it is:\n```JSON\n{"a": "x"}\n```\nAnything else?',
        'Here it is: {"a": "x"}. Done.',
        'First {"a": "old"}, then on reflection {"a": "x"}',
        '```json\n{"a": "old"}\n```\nBetter:\n```json\n{"a": "x"}\n```',
        '{"a": "x"} and then {"b": "y"}',
        'In LaTeX \\frac{1}{2}, {curly} {{ twice }} and {"a": "x"}',
        '[{"a": "x"}]',
        '```json\n[1]\n```\n{"a": "x"}',
        '<think>{"a": 1}</think>{"a": "x"}',
    ],
)
def test_the_object_is_found(reply: str):
    """The whole reply, fenced blocks and prose are searched; the last object that fits wins."""
    assert read_object(reply, SCHEMA) == {"a": "x"}


def test_code_fences_inside_a_text_do_not_end_the_object():
    """A fenced block cut short by a fence inside a string is read as prose."""
    inner = {"a": "use ```x``` here"}
    assert read_object(f"```json\n{json.dumps(inner)}\n```", SCHEMA) == inner


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        ("", "no complete JSON object"),
        ("I would rather not.", "no complete JSON object"),
        ("[1, 2]", "no complete JSON object"),
        ("null", "no complete JSON object"),
        ('{"a": "x', "no complete JSON object"),
        ('```json\n{"a": "x"', "no complete JSON object"),
        ("{'a': 'x'}", "no complete JSON object"),
        ('{"a": 1}', "a: 1 is not of type 'string'"),
        ("{}", "the object: 'a' is a required property"),
        ('{"a": "x", "b": 1}', "the object: Additional properties"),
        ('Example: {} Final: {"a": 1}', "a: 1 is not of type 'string'"),
    ],
)
def test_the_complaint_tells_how_to_mend_it(reply: str, message: str):
    """A reply without the object is refused with what the validator said of its last object."""
    with pytest.raises(ExtractError) as caught:
        read_object(reply, SCHEMA)
    assert message in str(caught.value)


def test_a_complaint_is_short():
    """A validator's message that quotes a long value is cut."""
    with pytest.raises(ExtractError) as caught:
        read_object(json.dumps({"a": ["x" * 10_000]}), SCHEMA)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "9" * 5000])
def test_only_numbers_of_json_are_numbers(number: str):
    """What could not be written down as JSON again is not accepted."""
    with pytest.raises(ExtractError):
        read_object(f'{{"n": {number}}}', NUMBER)


def test_ordinary_numbers_keep_their_kind():
    """Whole numbers stay whole and fractions are read as they are."""
    assert read_object('{"n": 1.5e3, "m": 2}', OPEN) == {"n": 1500.0, "m": 2}


def test_half_a_character_is_replaced():
    """A lone surrogate could neither be stored nor sent; a whole pair is a character."""
    assert read_object(r'{"a": "x\ud800y \ud83d\ude00"}', SCHEMA) == {"a": "x?y 😀"}


@pytest.mark.parametrize("depth", [150, 900, 985, 2_000, 100_000])
def test_deep_nesting_is_refused(depth: int):
    """Nesting that would break whoever writes the object down again is refused."""
    with pytest.raises(ExtractError):
        read_object('{"a": ' + "[" * depth + "]" * depth + "}", OPEN)


@pytest.mark.parametrize(
    "part",
    [
        "{",
        '{"a":',
        '{"a":[1,',
        '{"a":{"b":1},',
        '{"a":1}',
        "{}",
        "```json\n",
        "```json\n{}\n```",
        "{ ",
        '{"',
        "\\",
    ],
)
def test_a_megabyte_of_anything_is_read_in_time(part: str):
    """No repeated pattern makes the search take more than a few passes over a long reply."""
    with pytest.raises(ExtractError):
        read_object(part * (1_000_000 // len(part)), SCHEMA)


def test_a_large_object_is_read():
    """Size alone is no reason to refuse."""
    large = {"a": "x" * 1_000_000}
    assert read_object(json.dumps(large), SCHEMA) == large


def test_no_reference_is_fetched():
    """A schema that points elsewhere is an error of the schema, not a request."""
    with pytest.raises(Exception, match="Unresolvable"):
        first_problem({"a": 1}, {"properties": {"a": {"$ref": "http://127.0.0.1:9/x"}}})


def test_nothing_is_wrong_with_what_fits():
    """A value that fits has no first problem."""
    assert first_problem({"a": "x"}, SCHEMA) is None


@settings(deadline=None, max_examples=50, database=None)
@given(st.text() | st.text(alphabet='{}[]"\\:,ab1-.eu`\nNI', max_size=80))
@example('{"a": "\\ud800"}')
@example("{" * 2_000)
def test_any_text_is_an_object_or_refused(reply: str):
    """Arbitrary text gives an object that can be written down as UTF-8 JSON, or an ExtractError."""
    try:
        value = read_object(reply, OPEN)
    except ExtractError:
        return
    json.dumps(value, ensure_ascii=False, allow_nan=False).encode()


@settings(deadline=None, max_examples=50, database=None)
@given(st.dictionaries(st.just("a"), st.text(), min_size=1), st.text(alphabet="ab {}.\n"))
def test_an_object_is_read_back_from_prose(value: dict[str, str], prose: str):
    """What a model writes as JSON is what is read, whatever prose stands before it."""
    written = json.dumps(value)
    assert read_object(f"{prose}\n{written}", SCHEMA) == value
