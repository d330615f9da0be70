"""Reading the text of chunks that are like an earlier one, without decoding them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_reasonkit.openrouter.chunk_pattern import ChunkPattern
from llm_reasonkit.openrouter.events import Text
from llm_reasonkit.openrouter.wire import Reader

# What would be mistaken first: quotes, escapes, braces, odd white space, words of the chunk itself.
TEXTS = (
    st.text() | st.text('a "\\{}:,\n\t\x00\u00a0\u2028é') | st.sampled_from(("assistant", "gen-1"))
)


def chunk(text: object, **delta: object) -> dict[str, Any]:
    message = {"role": "assistant", "content": text, **delta}
    choice = {"index": 0, "delta": message, "finish_reason": None}
    return {"id": "gen-1", "model": "acme/small", "choices": [choice]}


def dumped(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def learnt(first: object) -> ChunkPattern:
    pattern = ChunkPattern()
    pattern.learn(dumped(first), first)
    return pattern


def test_later_texts_are_read() -> None:
    """After one chunk the texts of others like it are known, in any script."""
    pattern = learnt(chunk(" Why"))
    for text in (" not", "?", "  ", "naïve", "猫", "{}:,'"):
        assert pattern.text_of(dumped(chunk(text))) == text


@pytest.mark.parametrize(
    "other",
    [
        chunk('say "no"'),
        chunk("a\\b"),
        chunk("line\n"),
        chunk(""),
        chunk(None),
        chunk([{"type": "text", "text": "b"}]),
        chunk("b", reasoning="hm"),
        chunk("b") | {"usage": {"cost": 1}},
        chunk("b") | {"id": "gen-2"},
        {"error": {"message": "b"}},
    ],
)
def test_other_chunks_are_left(other: object) -> None:
    """Whatever differs in more than plain text has to be decoded."""
    assert learnt(chunk("a")).text_of(dumped(other)) is None


@pytest.mark.parametrize(
    "first",
    [
        chunk("a", reasoning="a"),
        chunk("a", tool_calls=[{"id": "a"}]),
        chunk("a", refusal="a"),
        chunk(1),
        {"choices": []},
        {"choices": [{"delta": None}]},
        [],
        "a",
        None,
    ],
)
def test_only_chunks_of_text_are_a_pattern(first: object) -> None:
    """From a chunk that does more than add text, or nothing of the kind, nothing is learnt."""
    pattern = learnt(first)
    assert pattern.text_of(dumped(first)) is None
    assert pattern.text_of(dumped(chunk("b"))) is None


def test_words_of_the_chunk_are_no_trap() -> None:
    """A text that also stands elsewhere in its chunk is not looked for there."""
    pattern = learnt(chunk("assistant"))
    assert pattern.text_of(dumped(chunk("b") | {"choices": []})) is None
    assert pattern.text_of(dumped(chunk("assistant"))) in (None, "assistant")


def test_a_pattern_that_never_fits_is_given_up() -> None:
    """Where each chunk has a number of its own, no time is spent on patterns for long."""
    pattern = ChunkPattern()
    for number in range(10):
        numbered = chunk("a") | {"created": number}
        assert pattern.text_of(dumped(numbered)) is None
        pattern.learn(dumped(numbered), numbered)
    assert pattern.text_of(dumped(chunk("b") | {"created": 2})) == "b"
    assert pattern.text_of(dumped(chunk("b") | {"created": 9})) is None


@given(st.lists(TEXTS, max_size=12), st.booleans(), st.sampled_from(((",", ":"), (", ", ": "))))
def test_any_texts_arrive_as_they_are(
    texts: list[str], ascii_only: bool, separators: tuple[str, str]
) -> None:
    """However a server spells its JSON, a reply is the sum of the texts of its chunks."""
    reader = Reader("acme/small")
    read = []
    for text in texts:
        data = json.dumps(chunk(text), ensure_ascii=ascii_only, separators=separators)
        read += reader.feed(b"data: " + data.encode() + b"\n\n")
    assert [event.text for event in read if isinstance(event, Text)] == [t for t in texts if t]
    assert reader.partial == "".join(texts)
