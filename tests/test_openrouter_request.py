"""What is sent for an llm prompt; every request must keep OpenRouter's own rules."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import jsonschema
import llm
import pytest
from llm.parts import ReasoningPart, TextPart

from llm_reasonkit.openrouter.ids import wire_id
from llm_reasonkit.openrouter.model import OpenRouterAsyncModel, OpenRouterModel
from tests.openrouter_rules import CHAT_REQUEST
from tests.openrouter_server import Answer, Server, ToolCall

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJg"
    "gg=="
)
CLOSED = {
    "type": "object",
    "properties": {
        "pattern": {"type": "string", "pattern": "^a", "minLength": 1},
        "items": {
            "type": "array",
            "minItems": 1,
            "maxItems": 5,
            "items": {"$ref": "#/$defs/item"},
        },
    },
    "required": ["pattern", "items"],
    "additionalProperties": False,
    "$defs": {
        "item": {
            "type": "object",
            "properties": {"n": {"anyOf": [{"type": "integer", "minimum": 1}, {"type": "null"}]}},
            "required": ["n"],
            "additionalProperties": False,
        }
    },
}


@pytest.fixture
def model(openrouter: Server) -> OpenRouterModel:
    """A model that is in no catalogue."""
    return OpenRouterModel("openrouter/acme/small")


def sent(server: Server) -> dict[str, Any]:
    """Return the last chat request, once it is known to keep the rules."""
    body: dict[str, Any] = server.chats[-1].body
    jsonschema.validate(body, CHAT_REQUEST)
    return body


def test_a_plain_prompt_sends_nothing_but_itself(
    model: OpenRouterModel, openrouter: Server
) -> None:
    """What is not asked for is not sent: no limits, no sampling, no empty objects."""
    model.prompt("hi", system="be brief").text()

    assert sent(openrouter) == {
        "model": "acme/small",
        "messages": [
            {"role": "system", "content": "be brief"},
            {"role": "user", "content": "hi"},
        ],
        "stream": True,
    }


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"temperature": "0.2", "top_p": 0.9}, {"temperature": 0.2, "top_p": 0.9}),
        ({"top_k": 0, "min_p": 0.05, "seed": -1}, {"top_k": 0, "min_p": 0.05, "seed": -1}),
        (
            {"frequency_penalty": -2, "presence_penalty": 2, "repetition_penalty": 1.1},
            {"frequency_penalty": -2.0, "presence_penalty": 2.0, "repetition_penalty": 1.1},
        ),
        ({"max_tokens": 7}, {"max_tokens": 7}),
        ({"stop": "a, b"}, {"stop": ["a, b"]}),
        ({"stop": '["a", "b"]'}, {"stop": ["a", "b"]}),
        ({"reasoning_effort": "xhigh"}, {"reasoning": {"effort": "xhigh"}}),
        ({"reasoning_max_tokens": 99}, {"reasoning": {"max_tokens": 99}}),
        (
            {"models": "acme/prose,openrouter/acme/thinker"},
            {"models": ["acme/prose", "acme/thinker"]},
        ),
        ({"models": '["acme/prose"]'}, {"models": ["acme/prose"]}),
        ({"models": ["acme/prose"], "route": "fallback"}, {"models": ["acme/prose"]}),
        ({"route": "lowest-cost"}, {"provider": {"sort": "price"}}),
        ({"route": "lowest-latency"}, {"provider": {"sort": "latency"}}),
        ({"route": "highest-throughput"}, {"provider": {"sort": "throughput"}}),
        ({"route": "auto"}, {}),
        (
            {"route": "lowest-cost", "models": "acme/prose"},
            {"provider": {"sort": {"by": "price", "partition": "none"}}, "models": ["acme/prose"]},
        ),
        ({"max_price": "0.5"}, {"provider": {"max_price": {"prompt": "0.5", "completion": "0.5"}}}),
        (
            {"max_price": '{"prompt": 1, "request": 0.0000002}'},
            {"provider": {"max_price": {"prompt": "1", "request": "0.0000002"}}},
        ),
        (
            {"provider": '{"order": ["acme"], "sort": "latency"}', "route": "lowest-cost"},
            {"provider": {"order": ["acme"], "sort": "latency"}},
        ),
    ],
)
def test_options_become_fields(
    model: OpenRouterModel, openrouter: Server, options: dict[str, Any], expected: dict[str, Any]
) -> None:
    """Each option reaches the wire as the field that works today."""
    model.prompt("hi", options=options).text()

    body = sent(openrouter)
    assert {name: body[name] for name in body.keys() - {"model", "messages", "stream"}} == expected


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"temperature": 3}, "less than or equal to 2"),
        ({"max_tokens": 0}, "greater than or equal to 1"),
        ({"reasoning_effort": "huge"}, "minimal"),
        ({"reasoning_effort": "low", "reasoning_max_tokens": 5}, "not both"),
        ({"models": "a/a,b/b,c/c,d/d"}, "at most 3"),
        ({"route": "cheapest"}, "lowest-cost"),
        ({"route": "fallback"}, "needs models"),
        ({"provider": "{oops"}, "not valid JSON"),
        ({"max_price": '{"prompt": -1}'}, "greater than or equal to 0"),
        ({"max_price": '{"banana": 1}'}, "prompt"),
        ({"stop": '["a","b","c","d","e"]'}, "at most 4"),
        ({"temprature": 1}, "Extra inputs"),
    ],
)
def test_bad_options_cost_nothing(
    model: OpenRouterModel, openrouter: Server, options: dict[str, Any], words: str
) -> None:
    """A mistake in an option is told before anything is sent."""
    with pytest.raises(ValueError, match=words):
        model.prompt("hi", options=options)

    assert not openrouter.requests


def test_every_option_is_described() -> None:
    """`llm models --options` has something to say about each."""
    fields = OpenRouterModel.Options.model_fields

    assert all(field.description for field in fields.values())


def test_a_closed_schema_is_strict_and_without_bounds(
    model: OpenRouterModel, openrouter: Server
) -> None:
    """Bounds go where providers refuse them; properties that bear such names stay."""
    model.prompt("hi", schema=CLOSED).text()

    wanted = sent(openrouter)["response_format"]["json_schema"]
    assert wanted["strict"] is True
    assert wanted["schema"] == {
        "type": "object",
        "properties": {
            "pattern": {"type": "string"},
            "items": {"type": "array", "items": {"$ref": "#/$defs/item"}},
        },
        "required": ["pattern", "items"],
        "additionalProperties": False,
        "$defs": {
            "item": {
                "type": "object",
                "properties": {"n": {"anyOf": [{"type": "integer"}, {"type": "null"}]}},
                "required": ["n"],
                "additionalProperties": False,
            }
        },
    }


@pytest.mark.parametrize(
    "schema",
    [
        llm.schema_dsl("name, age int"),
        {**CLOSED, "required": ["items"]},
        {"type": "array", "minItems": 2, "items": {"type": "object", "properties": {}}},
    ],
    ids=["llm's concise form", "an optional property", "an open object inside"],
)
def test_an_open_schema_is_sent_as_it_is(
    model: OpenRouterModel, openrouter: Server, schema: dict[str, Any]
) -> None:
    """A schema that strict mode would refuse is asked for without it, bounds and all."""
    model.prompt("hi", schema=schema).text()

    wanted = sent(openrouter)["response_format"]["json_schema"]
    assert (wanted["strict"], wanted["schema"]) == (False, schema)


def test_attachments_are_sent_by_kind(
    model: OpenRouterModel, openrouter: Server, tmp_path: Path
) -> None:
    """Images and PDF go as URL where they have one, else inline; audio always inline."""
    (tmp_path / "dot.png").write_bytes(PNG)
    attachments = [
        llm.Attachment(path=str(tmp_path / "dot.png")),
        llm.Attachment(url="https://example.com/a.jpg", type="image/jpeg"),
        llm.Attachment(content=b"%PDF-1.4", type="application/pdf"),
        llm.Attachment(url="https://example.com/a.pdf", type="application/pdf"),
        llm.Attachment(content=b"RIFF", type="audio/wav"),
        llm.Attachment(content=b"ID3", type="audio/mpeg"),
    ]

    model.prompt("look", attachments=attachments).text()

    text, *parts = sent(openrouter)["messages"][0]["content"]
    assert text == {"type": "text", "text": "look"}
    encoded = base64.b64encode(PNG).decode()
    assert parts[0] == {
        "type": "image_url",
        "image_url": {"url": f"data:image/png;base64,{encoded}"},
    }
    assert parts[1]["image_url"]["url"] == "https://example.com/a.jpg"
    assert parts[2]["file"]["file_data"].startswith("data:application/pdf;base64,")
    assert parts[3]["file"]["file_data"] == "https://example.com/a.pdf"
    assert [part["input_audio"]["format"] for part in parts[4:]] == ["wav", "mp3"]


def test_other_attachments_are_refused(model: OpenRouterModel, openrouter: Server) -> None:
    """What OpenRouter cannot take is refused before anything is sent, in a history too."""
    film = llm.Attachment(content=b"...", type="video/mp4")

    with pytest.raises(ValueError, match="video/mp4"):
        model.prompt("look", attachments=[film])
    with pytest.raises(ValueError, match="video/mp4"):
        model.prompt("and?", messages=[llm.user("look", film)]).text()

    assert not openrouter.requests


def test_hidden_reasoning_is_not_requested(model: OpenRouterModel, openrouter: Server) -> None:
    """-R asks the model to keep its reasoning to itself, not to do without it."""
    model.prompt("hi", hide_reasoning=True, options={"reasoning_effort": "high"}).text()

    assert sent(openrouter)["reasoning"] == {"effort": "high", "exclude": True}


def weather(city: str) -> str:
    """Tell the weather."""
    return f"sunny in {city}"


def test_a_tool_chain_goes_back_and_forth(model: OpenRouterModel, openrouter: Server) -> None:
    """Tools, calls, results and the reasoning behind them are sent as the API wants them."""
    signature = {
        "type": "reasoning.text",
        "text": "I need the weather",
        "signature": "c2ln",
        "format": "acme-v1",
        "index": 0,
    }
    call = ToolCall("weather", '{"city": "Oslo"}', id="call_1")
    openrouter.script(
        Answer(None, reasoning_details=[signature], tool_calls=[call], finish_reason="tool_calls"),
        Answer("It is sunny."),
    )

    text = model.chain("weather in Oslo?", tools=[weather]).text()

    assert text == "It is sunny."
    body = sent(openrouter)
    assert body["tools"][0]["function"]["name"] == "weather"
    assert body["messages"][1:] == [
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [
                {
                    "id": "call_1",
                    "type": "function",
                    "function": {"name": "weather", "arguments": '{"city": "Oslo"}'},
                }
            ],
            "reasoning_details": [signature],
        },
        {"role": "tool", "tool_call_id": "call_1", "content": "sunny in Oslo"},
    ]


def test_arguments_that_are_not_json_are_told_to_the_model(
    model: OpenRouterModel, openrouter: Server
) -> None:
    """A spoilt tool call does not end the chain: the model hears of it and goes on."""
    openrouter.script(
        Answer(None, tool_calls=[ToolCall("weather", "{city: Oslo", id="call_1")]),
        Answer("Sorry."),
    )

    assert model.chain("weather?", tools=[weather]).text() == "Sorry."

    _, assistant, result = sent(openrouter)["messages"]
    assert assistant["tool_calls"][0]["function"]["arguments"] == "{city: Oslo"
    assert result["content"].startswith("Error")


def test_a_server_side_tool_of_the_users_own_is_passed_on(
    model: OpenRouterModel, openrouter: Server
) -> None:
    """A raw specification goes to the server; another plugin's class is refused by name."""

    class Foreign(llm.ServerSideTool):
        """A tool of some other provider's."""

        name = "foreign"

    model.prompt("hi", tools=[llm.ServerSideTool({"type": "openrouter:web_search"})]).text()
    assert sent(openrouter)["tools"] == [{"type": "openrouter:web_search"}]

    with pytest.raises(ValueError, match="foreign"):
        model.prompt("hi", tools=[Foreign()]).text()


def test_reasoning_of_other_providers_is_left_out(
    model: OpenRouterModel, openrouter: Server
) -> None:
    """A conversation begun elsewhere goes on without what only that provider understands."""
    history = [
        llm.user("hi"),
        llm.assistant(
            ReasoningPart("hm", provider_metadata={"other": {"signature": "x"}}), TextPart("hello")
        ),
    ]

    model.prompt("and?", messages=history).text()

    assert sent(openrouter)["messages"][1] == {"role": "assistant", "content": "hello"}


async def test_a_conversation_sends_its_history_once(openrouter: Server) -> None:
    """The second turn of an asynchronous conversation carries the first."""
    conversation = OpenRouterAsyncModel("openrouter/acme/small").conversation()
    openrouter.script(Answer("one"), Answer("two"))

    await conversation.prompt("first").text()
    await conversation.prompt("second").text()

    assert [(m["role"], m["content"]) for m in sent(openrouter)["messages"]] == [
        ("user", "first"),
        ("assistant", "one"),
        ("user", "second"),
    ]


@pytest.mark.parametrize(
    ("model_id", "expected"),
    [
        ("openrouter/acme/small", "acme/small"),
        ("openrouter/acme/small:nitro", "acme/small:nitro"),
        ("openrouter/openrouter/auto", "openrouter/auto"),
        ("openrouter/auto", "openrouter/auto"),
        ("openrouter/~acme/small-latest", "~acme/small-latest"),
        ("openrouter/@preset/mine", "@preset/mine"),
        ("acme/small", "acme/small"),
    ],
)
def test_ids_on_the_wire(model_id: str, expected: str) -> None:
    """llm's ids carry a prefix that OpenRouter's own do not, but for its routers."""
    assert wire_id(model_id) == expected


def test_what_is_sent_is_what_llm_logs(model: OpenRouterModel, openrouter: Server) -> None:
    """No field that is not JSON slips into the response that llm writes to its log."""
    response = model.prompt("hi", schema=CLOSED)
    response.text()

    assert json.loads(json.dumps(response.response_json)) == response.response_json
