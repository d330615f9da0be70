"""Searching the web through OpenRouter: what is asked, what comes back, what is kept of it."""

from __future__ import annotations

from typing import Any

import pytest

from llm_reasonkit.openrouter.client import Client
from llm_reasonkit.openrouter.search import MOST_TOKENS, pages_in, search_tool
from tests.openrouter_calls import ask
from tests.openrouter_server import Answer, Server, citation

ONE = citation("https://a.example/1", "One", "First passage.")


def test_a_search_is_bounded() -> None:
    """One search, and no more text than is reckoned with, in whatever script."""
    parameters = search_tool()["parameters"]
    assert parameters["max_uses"] == 1
    assert parameters["max_results"] == parameters["max_total_results"]
    characters = parameters["max_results"] * parameters["max_characters"]
    assert len(("€" * characters).encode()) <= MOST_TOKENS


def test_a_page_is_kept_under_its_address() -> None:
    """Title and passages stand together as the text of the page, each once."""
    more = citation("https://a.example/1", "One", "Second passage.")
    other = citation("https://b.example", "", "Other.")
    assert pages_in([ONE, more, ONE, other]) == [
        {"name": "https://a.example/1", "text": "One\n\nFirst passage.\n\nSecond passage."},
        {"name": "https://b.example", "text": "Other."},
    ]


@pytest.mark.parametrize(
    "annotation",
    [
        None,
        "https://a.example",
        {"type": "file"},
        {"type": "url_citation", "url_citation": None},
        citation("https://a.example", "No text", " "),
        {"type": "url_citation", "url_citation": {"url": 7, "content": "x"}},
        {"type": "url_citation", "url_citation": {"url": "https://a.example", "content": None}},
    ],
)
def test_what_nothing_can_be_checked_against_is_left_out(annotation: Any) -> None:
    """Citations without an address or a text are no sources."""
    assert pages_in([annotation]) == []


@pytest.mark.parametrize("stream", [True, False])
async def test_citations_are_on_the_receipt(
    client: Client, openrouter: Server, stream: bool
) -> None:
    """However the reply comes, what it cites comes with it, and its text is unharmed."""
    openrouter.script(Answer("As One says.", annotations=[ONE, ONE]))
    got = await ask(client, openrouter, stream=stream)
    assert got.text == "As One says."
    assert got.receipt is not None
    assert list(got.receipt.annotations) == [ONE, ONE]
    got = await ask(client, openrouter, stream=stream)
    assert got.receipt is not None
    assert got.receipt.annotations == ()


@pytest.mark.parametrize("odd", ["text", {"a": 1}, ["x", 3, None]])
async def test_citations_of_an_odd_shape_are_ignored(
    client: Client, openrouter: Server, odd: Any
) -> None:
    """What is no list of objects does no harm."""
    openrouter.script(Answer("Fine.", annotations=odd))
    got = await ask(client, openrouter, stream=False)
    assert (got.text, got.error) == ("Fine.", None)
