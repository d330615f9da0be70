"""The reader of replies, fed with what no server should send."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llm_reasonkit.openrouter.events import Receipt, Text
from llm_reasonkit.openrouter.failures import from_response
from llm_reasonkit.openrouter.wire import Reader

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=5,
)


def shaped(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """An object with some of these fields, or anything instead."""
    return st.fixed_dictionaries({}, optional=fields) | ANYTHING


FUNCTION = shaped(name=ANYTHING, arguments=ANYTHING)
CALL = shaped(index=ANYTHING, id=ANYTHING, function=FUNCTION)
DETAIL = shaped(type=st.just("reasoning.text") | ANYTHING, text=ANYTHING, index=ANYTHING)
MESSAGE = shaped(
    content=ANYTHING,
    reasoning=ANYTHING,
    refusal=ANYTHING,
    reasoning_details=st.lists(DETAIL, max_size=3) | ANYTHING,
    tool_calls=st.lists(CALL, max_size=3) | ANYTHING,
)
CHOICE = shaped(delta=MESSAGE, message=MESSAGE, finish_reason=ANYTHING, error=ANYTHING)
USAGE = shaped(
    cost=ANYTHING,
    prompt_tokens=ANYTHING,
    completion_tokens_details=ANYTHING,
    cost_details=shaped(upstream_inference_cost=ANYTHING),
    is_byok=ANYTHING,
)
METADATA = shaped(
    raw=ANYTHING,
    headers=ANYTHING,
    previous_errors=st.lists(shaped(raw=ANYTHING, message=ANYTHING), max_size=2) | ANYTHING,
    failed_routing_step=ANYTHING,
)
ERROR = shaped(code=ANYTHING, message=ANYTHING, metadata=METADATA)
CHUNK = shaped(
    id=ANYTHING,
    model=ANYTHING,
    choices=st.lists(CHOICE, max_size=2) | ANYTHING,
    usage=USAGE,
    error=st.none() | ERROR,
    openrouter_metadata=ANYTHING,
)


@settings(max_examples=300, deadline=None)
@given(st.lists(CHUNK, max_size=4), st.integers(1, 40))
def test_no_object_breaks_the_reader(chunks: list[Any], size: int) -> None:
    """Objects of any shape end in events or in a failure, never in an exception."""
    stream = b"".join(b"data: " + json.dumps(chunk).encode() + b"\n\n" for chunk in chunks)
    streamed, whole = Reader("m"), Reader("m")

    for start in range(0, len(stream), size):
        if not streamed.is_over:
            streamed.feed(stream[start : start + size])
    streamed.close()
    for chunk in chunks[:1]:
        whole.read_body(json.dumps(chunk).encode())
        whole.close()

    for reader in (streamed, whole):
        assert isinstance(reader.receipt(), Receipt)
        assert reader.failure is None or str(reader.failure).isprintable()


@settings(max_examples=300, deadline=None)
@given(st.lists(st.binary(max_size=30), max_size=6))
def test_no_bytes_break_the_reader(pieces: list[bytes]) -> None:
    """Bytes of any kind end in a failure: nothing that is no reply is taken for one."""
    reader = Reader("m")

    events = [event for piece in pieces for event in reader.feed(piece)]
    reader.close()

    assert not events
    assert reader.failure is not None


@settings(max_examples=200, deadline=None)
@given(st.text(min_size=1, max_size=40), st.lists(st.integers(1, 30), min_size=1, max_size=20))
def test_any_cut_gives_the_same_text(text: str, cuts: list[int]) -> None:
    """Where the network cuts a stream does not show in the text."""
    chunk = {"choices": [{"delta": {"content": text}, "finish_reason": "length"}]}
    stream = b"data: " + json.dumps(chunk, ensure_ascii=False).encode("utf-8", "replace") + b"\n\n"
    reader, got, rest = Reader("m"), "", stream

    while rest:
        size = cuts[len(rest) % len(cuts)]
        events = reader.feed(rest[:size])
        got += "".join(event.text for event in events if isinstance(event, Text))
        rest = rest[size:]

    assert got == text.encode("utf-8", "replace").decode()


@pytest.mark.parametrize("error", [b"", b'{"error": '])
def test_what_is_nested_too_deeply_is_unreadable(error: bytes) -> None:
    """JSON deeper than Python follows ends in a failure, as a reply and as an error."""
    body = error + b"[" * 200_000
    streamed, whole = Reader("m"), Reader("m")
    streamed.feed(b"data: " + body + b"\n\n")
    streamed.close()
    whole.read_body(body)
    for failure in (streamed.failure, whole.failure, from_response(500, {}, body, "m", 0)):
        assert failure is not None
        assert failure.code == "server"


def test_an_empty_word_is_no_ending() -> None:
    """A reply that breaks off is not whole because each of its chunks has an empty reason."""
    reader = Reader("m")
    chunk = {"choices": [{"delta": {"content": "Hel"}, "finish_reason": ""}]}
    reader.feed(b"data: " + json.dumps(chunk).encode() + b"\n\n")
    reader.close()
    assert reader.failure is not None
    assert reader.failure.code == "interrupted_stream"


@pytest.mark.parametrize("number", ["1e999999999", "-1e999999999", "1e-999999999"])
def test_numbers_of_no_sense_are_unknown(number: str) -> None:
    """A count or cost that would take minutes to write out is none."""
    reader = Reader("m")
    usage = f'{{"prompt_tokens": {number}, "completion_tokens": 12.0, "cost": {number}}}'
    reader.read_body(f'{{"choices": [], "usage": {usage}}}'.encode())
    told = reader.receipt().usage
    assert told is not None
    assert (told.input, told.output, told.cost) == (None, 12, None)
