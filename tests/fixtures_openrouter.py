"""Fixtures for tests that talk to OpenRouter's look-alike."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from llm_reasonkit.openrouter.client import Client
from llm_reasonkit.openrouter.settings import ClientSettings
from tests.openrouter_server import Server


@pytest.fixture(scope="session")
def _openrouter_server() -> Iterator[Server]:
    with Server() as server:
        yield server


@pytest.fixture
def openrouter(_openrouter_server: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    """The look-alike, fresh, and the environment set up as for a user of it."""
    _openrouter_server.reset()
    monkeypatch.setenv("OPENROUTER_BASE_URL", _openrouter_server.base_url)
    monkeypatch.setenv("OPENROUTER_API_KEY", _openrouter_server.key)
    return _openrouter_server


@pytest.fixture
async def client(openrouter: Server) -> AsyncIterator[Client]:
    """A client of the look-alike that hardly waits between tries."""
    settings = ClientSettings(
        base_url=openrouter.base_url, retry_delay_ms=1, idle_timeout=2, total_timeout=5
    )
    async with Client(settings) as client:
        yield client
