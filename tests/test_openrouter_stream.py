"""How replies are read, over a real connection: every shape in which OpenRouter sends them."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from llm_reasonkit.openrouter.client import Client
from tests.openrouter_calls import ask
from tests.openrouter_server import Answer, Raw, Server
from tests.openrouter_server import ToolCall as Calling

SENTENCE = "naïve 東京 café — ok"


@pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])
@pytest.mark.parametrize(
    "answer",
    [
        Answer(SENTENCE),
        Answer(SENTENCE, usage=1),
        Answer(SENTENCE, usage=3),
        Answer(SENTENCE, comments=30, comments_between=2),
        Answer(SENTENCE, comments=0),
        Answer(SENTENCE, done=False),
        Answer(SENTENCE, trailing=b"data: {not json\n\n: bye\n\n"),
        Answer(SENTENCE, line_end=b"\r\n"),
        Answer(SENTENCE, write=1, deltas=2),
        Answer(SENTENCE, write=7),
        Answer(SENTENCE, debug_chunk=True),
        Answer(SENTENCE, content_type="text/plain"),
        Answer(SENTENCE, content_type="application/json"),
    ],
    ids=[
        "usage chunk without choices",
        "usage chunk with a choice",
        "usage chunk that repeats finish_reason",
        "comments between",
        "no comment",
        "no end mark",
        "rubbish after the end mark",
        "CRLF",
        "a byte a write",
        "writes that split characters",
        "debug chunk first",
        "relabelled as text",
        "relabelled as JSON",
    ],
)
async def test_every_shape_gives_the_same_reply(
    client: Client, openrouter: Server, answer: Answer, stream: bool
) -> None:
    """However a reply is cut and labelled, text, facts and bill arrive whole."""
    openrouter.script(answer)

    got = await ask(client, openrouter, stream=stream)

    assert got.error is None
    assert got.text == SENTENCE
    assert got.receipt is not None
    assert (got.receipt.finish_reason, got.receipt.provider) == ("stop", "Acme Cloud")
    assert got.receipt.model == "acme/small-2026-01-15"
    assert got.receipt.id is not None
    assert openrouter.ledger[got.receipt.id] == got.cost


async def test_a_missing_usage_chunk_leaves_the_cost_unknown(
    client: Client, openrouter: Server
) -> None:
    """Without a usage chunk the text is complete and the cost is None, not 0."""
    openrouter.script(Answer("fine", usage=None))

    got = await ask(client, openrouter)

    assert got.text == "fine"
    assert got.receipt is not None
    assert got.receipt.usage is None
    assert got.cost is None


@pytest.mark.parametrize(
    ("changes", "upstream", "expected"),
    [
        ({"cost": 0.0076509169000000005}, None, Decimal("0.0076509169000000005")),
        ({"cost": 0}, None, Decimal(0)),
        ({"cost": None}, None, None),
        ({"cost": ...}, None, None),
        ({"cost": ..., "is_byok": ..., "cost_details": None}, None, None),
        ({"cost": "free of charge"}, None, None),
        ({}, Decimal("0.25"), Decimal("0.25")),
        ({"cost": 0.5, "is_byok": ...}, None, Decimal("0.5")),
        ({"cost": 0.5, "prompt_tokens_details": None}, None, Decimal("0.5")),
    ],
)
async def test_the_bill_is_read_to_the_last_digit(
    client: Client,
    openrouter: Server,
    changes: dict[str, Any],
    upstream: Decimal | None,
    expected: Decimal | None,
) -> None:
    """The cost is what the server billed, plus the provider's own only under BYOK."""
    openrouter.script(Answer("ok", usage_changes=changes, upstream=upstream))

    got = await ask(client, openrouter)

    assert got.receipt is not None
    assert expected == got.cost


async def test_reasoning_comes_apart_from_the_answer(client: Client, openrouter: Server) -> None:
    """Reasoning is told from text, and its details come out as a whole reply would have them."""
    signature = {"type": "reasoning.text", "signature": "c2ln", "format": "acme-v1", "index": 0}
    openrouter.script(Answer("42", reasoning="six times seven", reasoning_details=[signature]))

    got = await ask(client, openrouter, model="acme/thinker")

    assert (got.reasoning, got.text) == ("six times seven", "42")
    assert got.receipt is not None
    whole = {**signature, "text": "six times seven"}
    assert (whole,) == got.receipt.reasoning_details


async def test_encrypted_reasoning_stays_as_it_is(client: Client, openrouter: Server) -> None:
    """Opaque details are neither joined nor changed."""
    details = [
        {"type": "reasoning.encrypted", "data": "AAA", "id": "rs_1", "index": 0, "format": "o"},
        {"type": "reasoning.encrypted", "data": "BBB", "id": "rs_2", "index": 0, "format": "o"},
    ]
    openrouter.script(Answer("done", reasoning_details=details))

    got = await ask(client, openrouter)

    assert got.receipt is not None
    assert details == list(got.receipt.reasoning_details)


CITY = Calling("weather", '{"city": "Oslo"}', id="call_a", pieces=3)
TIME = Calling("time", '{"zone": "CET"}', id="call_b", pieces=2)


@pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])
@pytest.mark.parametrize(
    "calls",
    [
        [CITY],
        [CITY, TIME],
        [Calling("weather", '{"city": "Oslo"}', id="call_a", pieces=1)],
        [Calling("weather", '{"city": "Oslo"}', id="call_a", numbered=False)],
        [Calling("weather", '{"city": "Oslo"}', id="call_a", identified=True)],
        [Calling("now", "", id="call_a")],
        [
            Calling("weather", '{"city": "Oslo"}', id="call_a", numbered=False),
            Calling("time", '{"zone": "CET"}', id="call_b", numbered=False),
        ],
    ],
    ids=[
        "one",
        "two",
        "in one piece",
        "no index",
        "id on every piece",
        "no arguments",
        "two, no index",
    ],
)
async def test_tool_calls_are_put_together(
    client: Client, openrouter: Server, calls: list[Calling], stream: bool
) -> None:
    """Pieces of tool calls find their call whatever the provider leaves out."""
    openrouter.script(Answer(None, tool_calls=calls, finish_reason="tool_calls"))

    got = await ask(client, openrouter, stream=stream)

    assert {call.id: (call.name, call.arguments) for call in calls} == got.calls


async def test_a_tool_call_without_id_gets_one(client: Client, openrouter: Server) -> None:
    """A call that the provider did not name can still be answered."""
    openrouter.script(Answer(None, tool_calls=[Calling("weather", "{}")], finish_reason="stop"))

    got = await ask(client, openrouter)

    assert list(got.calls.values()) == [("weather", "{}")]
    assert all(got.calls)


def chunk(**fields: Any) -> bytes:
    """Write one event by hand."""
    return b"data: " + json.dumps(fields).encode() + b"\n\n"


def delta(text: str, **fields: Any) -> bytes:
    """Write a piece of text by hand."""
    return chunk(choices=[{"index": 0, "delta": {"content": text}, **fields}])


@pytest.mark.parametrize(
    "writes",
    [
        [delta("a")[:-2] + delta("b"), delta("", finish_reason="stop"), b"data: [DONE]\n\n"],
        [delta("a").strip(), b"\n\n", delta("b", finish_reason="stop").rstrip()],
        [b'data: {"choices": [{"delta":\ndata: {"content": "ab"}}]}\n\n', b"data: [DONE]\n\n"],
        [b"event: message\nid: 1\nretry: 5\n" + delta("ab"), b"data:[DONE]\n\n"],
        [b"\xef\xbb\xbf: hello\n\n", delta("ab", unknown={"x": [1]}), b"data: [DONE]\n\n"],
        [chunk(id="", model="", choices=[]), delta("ab"), delta("", finish_reason="new_reason")],
        [b": \n\n", delta("a"), b":\n\n", delta("b", finish_reason="stop"), b": \n\n"],
    ],
    ids=[
        "two events glued together",
        "no newline at the end",
        "an event on two lines",
        "other fields",
        "byte order mark, unknown keys",
        "empty names, unknown reason",
        "comments without words",
    ],
)
async def test_odd_frames_are_read(client: Client, openrouter: Server, writes: list[bytes]) -> None:
    """Frames as some upstreams send them lose no text."""
    openrouter.script(Raw(writes))

    got = await ask(client, openrouter)

    assert (got.error, got.text) == (None, "ab")


async def test_a_reply_that_had_ended_survives_a_reset(client: Client, openrouter: Server) -> None:
    """After finish_reason a lost connection costs the bill at most, not the answer."""
    openrouter.script(Raw([delta("ab"), delta("", finish_reason="stop")], reset=True))

    got = await ask(client, openrouter)

    assert (got.error, got.text) == (None, "ab")
    assert got.receipt is not None
    assert got.cost is None


async def test_every_call_may_be_number_zero(client: Client, openrouter: Server) -> None:
    """Calls are told apart by id where their numbers do not, and arguments may be an object."""
    calls = [
        {"index": 0, "id": "a", "function": {"name": "one", "arguments": {"x": 1.5}}},
        {"index": 0, "id": "b", "function": {"name": "two", "arguments": "{}"}},
    ]
    writes = [chunk(choices=[{"delta": {"tool_calls": [call]}}]) for call in calls]
    openrouter.script(Raw([*writes, delta("", finish_reason="tool_calls")]))

    got = await ask(client, openrouter)

    assert got.calls == {"a": ("one", '{"x": 1.5}'), "b": ("two", "{}")}


async def test_a_list_of_parts_is_text_too(client: Client, openrouter: Server) -> None:
    """Content that comes as a list of parts is joined."""
    message = {"content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}
    whole = {"choices": [{"message": message, "finish_reason": "stop"}]}
    openrouter.script(Raw([json.dumps(whole).encode()], content_type="application/json"))

    got = await ask(client, openrouter, stream=False)

    assert got.text == "ab"


async def test_a_reply_cut_by_its_limit_says_so(client: Client, openrouter: Server) -> None:
    """`length` is a complete exchange, and the one sign that the text is not."""
    got = await ask(client, openrouter, max_tokens=1)

    assert got.error is None
    assert got.text == "alph"
    assert got.receipt is not None
    assert got.receipt.finish_reason == "length"


async def test_reasoning_may_use_up_the_limit(client: Client, openrouter: Server) -> None:
    """A reply of reasoning alone, cut by its limit, is not an error and not tried again."""
    openrouter.script(Answer("never said", reasoning="so let me think about it"))

    got = await ask(client, openrouter, max_tokens=2)

    assert (got.error, got.text) == (None, "")
    assert got.receipt is not None
    assert got.receipt.finish_reason == "length"
    assert len(openrouter.chats) == 1


async def test_an_error_beside_length_is_not_fatal(client: Client, openrouter: Server) -> None:
    """ "Token limit reached" next to finish_reason length is only another word for it."""
    openrouter.script(
        Answer(
            "cut he",
            finish_reason="length",
            error={"code": 400, "message": "Token limit reached"},
            error_shape="beside_usage",
        )
    )

    got = await ask(client, openrouter)

    assert (got.error, got.text) == (None, "cut he")
    assert got.receipt is not None
    assert got.cost is not None


async def test_ten_megabytes_are_read_in_good_time(client: Client, openrouter: Server) -> None:
    """A huge reply in one line arrives whole: reading is linear in its size."""
    text = "x" * 10_000_000
    openrouter.script(Answer(text, deltas=1))

    got = await ask(client, openrouter)

    assert len(text) == len(got.text)
