"""What llama.cpp is asked for: messages, options, and schemas that end."""

from __future__ import annotations

from typing import Any

import llm
import pytest
from jsonschema import Draft202012Validator
from llm.parts import AttachmentPart, Message, TextPart, ToolCallPart, ToolResultPart
from pydantic import BaseModel

from llm_reasonkit.errors import CallError
from llm_reasonkit.local.model import LocalModel
from llm_reasonkit.local.request import DEFAULT_MAX_TOKENS, LocalOptions, bounded, chat_request
from llm_reasonkit.local.weights import Weights


@pytest.fixture
def ask(tmp_path) -> Any:
    """Build the request for a prompt without loading anything."""
    model = LocalModel(Weights("any", tmp_path / "any.gguf"))

    def build(**prompt: Any) -> dict[str, Any]:
        options = LocalOptions(**prompt.pop("options", {}))
        text = prompt.pop("text", None)
        return chat_request(llm.Prompt(text, model=model, options=options, **prompt))

    return build


def test_max_tokens_is_sent_even_when_nobody_asks(ask):
    """A reply is bounded whether or not the user gave a bound."""
    assert ask(text="hi")["max_tokens"] == DEFAULT_MAX_TOKENS
    assert ask(text="hi", options={"max_tokens": 7})["max_tokens"] == 7


def test_options_are_sent_as_given_and_threads_stay_home(ask):
    """Sampling options reach the runtime, options left out and the thread count do not."""
    request = ask(text="hi", options={"temperature": 0, "seed": 3, "threads": 2})
    assert request["temperature"] == 0
    assert request["seed"] == 3
    assert not request.keys() & {"threads", "top_p", "stop"}


def test_prompt_cache_is_off_under_a_seed(ask):
    """A seed asks for the same reply again, which reuse of the last prompt could change."""
    assert ask(text="hi")["cache_prompt"] is True
    assert ask(text="hi", options={"seed": 1})["cache_prompt"] is False


@pytest.mark.parametrize(
    ("given", "sent"),
    [("END", ["END"]), ('["a", "b"]', ["a", "b"]), (["x"], ["x"]), ("5", ["5"]), ("[", ["["])],
)
def test_stop_takes_one_text_or_a_json_list(ask, given, sent):
    """`-o stop` on a command line can only be a string, so a JSON list is read from it."""
    assert ask(text="hi", options={"stop": given})["stop"] == sent


@pytest.mark.parametrize("bad", [{"max_tokens": 0}, {"top_p": 2}, {"threads": 0}, {"wat": 1}])
def test_impossible_options_are_refused(bad):
    """Options out of range or unknown fail before anything is loaded."""
    with pytest.raises(ValueError, match=next(iter(bad))):
        LocalOptions(**bad)


def test_messages_come_from_the_whole_history(ask):
    """System prompt, earlier turns and tool results are sent in order, reasoning is not."""
    call = ToolCallPart(name="f", arguments={"a": 1}, tool_call_id="c1")
    result = ToolResultPart(name="f", output="42", tool_call_id="c1")
    request = ask(
        messages=[
            Message("system", [TextPart("be brief")]),
            Message("user", [TextPart("what "), TextPart("is f?")]),
            Message("assistant", [call]),
            Message("tool", [result]),
            Message("user", [TextPart("so?")]),
        ]
    )
    arguments = {"name": "f", "arguments": '{"a": 1}'}
    assert request["messages"] == [
        {"role": "system", "content": "be brief"},
        {"role": "user", "content": "what is f?"},
        {
            "role": "assistant",
            "content": "",
            "tool_calls": [{"type": "function", "id": "c1", "function": arguments}],
        },
        {"role": "tool", "tool_call_id": "c1", "content": "42"},
        {"role": "user", "content": "so?"},
    ]


def test_attachment_in_the_history_is_refused(ask):
    """A conversation begun elsewhere with an image cannot silently go on without it."""
    image = AttachmentPart(llm.Attachment(type="image/png", content=b"x"))
    with pytest.raises(CallError, match="attachment") as caught:
        ask(messages=[Message("user", [image, TextPart("what is this?")])])
    assert caught.value.code == "bad_request"


def test_schema_of_a_pydantic_class_is_sent_bounded(ask):
    """Both of llm's kinds of schema become a constraint with an end."""

    class Dog(BaseModel):
        name: str

    sent = ask(text="a dog", schema=Dog)["response_format"]["json_schema"]["schema"]
    assert sent["properties"]["name"]["maxLength"] == DEFAULT_MAX_TOKENS * 2
    assert sent["additionalProperties"] is False


def test_bounds_fill_the_gaps_and_keep_what_is_there():
    """Open strings, arrays and objects are closed; bounds of the schema's own stay."""
    schema = {
        "type": "object",
        "properties": {
            "answer": {"type": "string"},
            "short": {"type": "string", "maxLength": 5},
            "kind": {"type": "string", "enum": ["a", "b"]},
            "points": {"type": "array", "minItems": 12, "items": {"type": "string"}},
            "pair": {"type": "array", "maxItems": 2, "items": {"type": ["string", "null"]}},
            "open": {"type": "object", "properties": {"x": {}}, "additionalProperties": True},
        },
    }
    closed = bounded(schema, 1200)
    parts = closed["properties"]
    assert parts["answer"]["maxLength"] == 200
    assert parts["short"]["maxLength"] == 5
    assert "maxLength" not in parts["kind"]
    assert (parts["points"]["minItems"], parts["points"]["maxItems"]) == (12, 12)
    assert parts["pair"]["items"]["maxLength"] == 100
    assert parts["open"]["additionalProperties"] is True
    assert closed["additionalProperties"] is False
    assert "maxLength" not in schema["properties"]["answer"]
    Draft202012Validator.check_schema(closed)


@pytest.mark.parametrize(("room", "most"), [(10_000, 8), (960, 4), (10, 1)])
def test_little_room_means_fewer_items_not_stumps(room, most):
    """A list in a short reply is cut to as many items as get a sentence for each field."""
    fields = {"who": {"type": "string"}, "why": {"type": "string"}, "how": {"type": "string"}}
    items = {"type": "object", "properties": fields}
    assert bounded({"type": "array", "items": items}, room)["maxItems"] == most


def test_boolean_schemas_pass_through():
    """`true` as a schema of a property or item stays what it is."""
    schema = {"type": "array", "items": True, "maxItems": 2}
    assert bounded(schema, 100) == schema
    assert bounded({"properties": {"x": True}}, 100)["properties"] == {"x": True}


@pytest.mark.parametrize("key", ["allOf", "anyOf"])
def test_object_in_several_parts_stays_open(key):
    """Closing one part of an object would forbid the keys of the others."""
    parts = [{"type": "object", "properties": {"b": {"enum": [1]}}}]
    schema = {"type": "object", "properties": {"a": {"enum": [1]}}, key: parts}
    assert bounded(schema, 100) == schema


def test_bounds_reach_alternatives_and_definitions():
    """Strings behind anyOf and $ref are bounded too."""
    schema = {
        "anyOf": [{"type": "string"}, {"$ref": "#/$defs/list"}],
        "$defs": {"list": {"type": "array", "items": {"type": "string"}}},
    }
    closed = bounded(schema, 6400)
    assert closed["anyOf"] == [{"type": "string", "maxLength": 6400}, {"$ref": "#/$defs/list"}]
    assert closed["$defs"]["list"]["maxItems"] == 8
    assert closed["$defs"]["list"]["items"]["maxLength"] == 100
