"""Requests a minute across processes, and slowing down when the server says so."""

from __future__ import annotations

import asyncio
import stat
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from llm_reasonkit.errors import UsageError
from llm_reasonkit.openrouter.client import Client
from llm_reasonkit.openrouter.settings import ClientSettings
from llm_reasonkit.rate_limit import RateLimit
from tests.cli import llm
from tests.openrouter_calls import BODY, ask
from tests.openrouter_server import (
    Answer,
    Refuse,
    Server,
    overloaded,
    rate_limited,
    upstream_rate_limited,
)

# Calls as fast as it is let, for so many seconds.
_EAGER = """
import asyncio, os, sys
from llm_reasonkit.openrouter.client import Client
from llm_reasonkit.openrouter.settings import ClientSettings
from tests.openrouter_calls import BODY

async def call(client):
    async for _ in client.stream(BODY, key=os.environ["OPENROUTER_API_KEY"]):
        pass

async def main(per_minute, seconds):
    settings = ClientSettings.from_environ(os.environ, requests_per_minute=per_minute)
    async with Client(settings) as client:
        tasks = [asyncio.create_task(call(client)) for _ in range(10 * per_minute)]
        await asyncio.wait(tasks, timeout=seconds)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

asyncio.run(main(int(sys.argv[1]), float(sys.argv[2])))
"""


def limited(server: Server, per_minute: int) -> ClientSettings:
    return ClientSettings(
        base_url=server.base_url, retry_delay_ms=1, requests_per_minute=per_minute
    )


def test_two_processes_keep_one_limit(openrouter: Server) -> None:
    """Two processes that call as fast as they can send as many as a minute allows, not more."""
    command = [sys.executable, "-W", "error", "-c", _EAGER, "20", "3"]
    both = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    assert [process.communicate()[1] for process in both] == ["", ""]
    assert len(openrouter.chats) == 20


def test_llms_own_prompts_are_counted(openrouter: Server, user_folder: Path) -> None:
    """A plain `llm -m` waits for its turn, too."""
    path = user_folder / "reasonkit" / "config.toml"
    path.parent.mkdir()
    path.write_text("[providers.openrouter]\nrequests_per_minute = 1\n")
    assert llm("-m", "openrouter/acme/small", "hi").exit_code == 0
    with pytest.raises(subprocess.TimeoutExpired):
        subprocess.run(
            [sys.executable, "-m", "llm", "-m", "openrouter/acme/small", "hi"],
            stdin=subprocess.DEVNULL,
            timeout=4,
            check=False,
        )
    assert len(openrouter.chats) == 1


async def test_retries_count_as_requests(openrouter: Server) -> None:
    """What is sent again is a request like any other."""
    openrouter.script(overloaded(), overloaded())
    async with Client(limited(openrouter, 4)) as client:
        assert (await ask(client, openrouter)).error is None
        assert (await ask(client, openrouter)).error is None
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(ask(client, openrouter), 0.3)
    assert len(openrouter.chats) == 4


async def test_waiting_is_given_up_at_once(openrouter: Server) -> None:
    """Ctrl-C need not wait for the minute to pass, and nothing is sent afterwards."""
    async with Client(limited(openrouter, 1)) as client:
        await ask(client, openrouter)
        waiting = asyncio.create_task(ask(client, openrouter))
        await asyncio.sleep(0.1)
        waiting.cancel()
        assert await asyncio.wait([waiting], timeout=10) == ({waiting}, set())
    assert len(openrouter.chats) == 1


async def test_waiting_for_a_turn_is_not_time_of_the_call(openrouter: Server) -> None:
    """A call that had to wait has all of its time when it begins."""
    settings = ClientSettings(
        base_url=openrouter.base_url, requests_per_minute=1, total_timeout=0.2
    )
    async with Client(settings) as client:
        await ask(client, openrouter)
        waiting = asyncio.create_task(ask(client, openrouter))
        assert await asyncio.wait([waiting], timeout=0.5) == (set(), {waiting})
        waiting.cancel()


async def test_keys_have_limits_of_their_own(openrouter: Server) -> None:
    """Requests with another key, or to another provider, are not counted along."""
    for provider, key in (("a", "1"), ("a", "2"), ("b", "1"), ("b", None)):
        limit = RateLimit(provider, key, 1)
        await asyncio.wait_for(limit.wait(), 2)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(limit.wait(), 0.1)
        limit.close()


async def test_nobody_else_may_read_the_file(openrouter: Server, user_folder: Path) -> None:
    """The files are the user's alone and do not hold the key."""
    async with Client(limited(openrouter, 5)) as client:
        await ask(client, openrouter)
        files = list((user_folder / "reasonkit").glob("rate-limits*"))
        assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
        assert not any(openrouter.key.encode() in path.read_bytes() for path in files)


async def test_a_file_that_cannot_be_used_is_told(user_folder: Path) -> None:
    """A limit that cannot be held is an error that says which file is in the way."""
    path = user_folder / "reasonkit" / "rate-limits.db"
    path.parent.mkdir()
    path.write_bytes(b"this is no database " * 100)
    with pytest.raises(UsageError, match="requests_per_minute cannot be held") as caught:
        await RateLimit("a", None, 1).wait()
    assert str(path) in str(caught.value)
    assert "move it away" in str(caught.value)


@pytest.fixture
async def client(openrouter: Server) -> AsyncIterator[Client]:
    settings = ClientSettings(base_url=openrouter.base_url, retry_delay_ms=1)
    async with Client(settings) as client:
        yield client


async def refused(server: Server, client: Client) -> asyncio.Task[None]:
    """Start a call and wait until it has been told to slow down."""
    told = asyncio.Event()

    async def call() -> None:
        async for _ in client.stream(BODY, key=server.key, on_retry=lambda *_: told.set()):
            pass

    task = asyncio.create_task(call())
    await told.wait()
    return task


async def test_all_calls_of_a_key_wait_when_told(openrouter: Server, client: Client) -> None:
    """After a 429 with a wait nobody with that key sends anything before the wait is over."""
    openrouter.script(rate_limited(0.5))
    first = await refused(openrouter, client)
    got = await asyncio.gather(
        *(ask(client, openrouter, model=name) for name in ("acme/small", "acme/prose") * 10)
    )
    await first
    assert [one.error for one in got] == [None] * 20
    told, *later = [chat.received for chat in openrouter.chats]
    assert min(later) - told >= 0.5


@pytest.mark.parametrize("busy", [upstream_rate_limited(0.5), overloaded(0.5)])
async def test_other_models_go_on(openrouter: Server, client: Client, busy: Refuse) -> None:
    """What one model's provider has too much of does not hold up calls of other models."""
    openrouter.script(busy, model="acme/small")
    first = await refused(openrouter, client)
    await asyncio.gather(ask(client, openrouter), ask(client, openrouter, model="acme/prose"))
    await first
    sent = [chat.body["model"] for chat in openrouter.chats]
    assert sent == ["acme/small", "acme/prose", "acme/small", "acme/small"]
    assert openrouter.chats[2].received - openrouter.chats[0].received >= 0.5


async def test_calls_come_back_few_at_a_time(openrouter: Server, client: Client) -> None:
    """When all of twenty were told to wait, half of them come back at first."""
    openrouter.script(*[rate_limited(0.1)] * 20, *[Answer(delay=0.5)] * 20)
    calls = [asyncio.create_task(ask(client, openrouter)) for _ in range(20)]
    await asyncio.wait(calls, return_when=asyncio.FIRST_COMPLETED)
    assert len(openrouter.chats) < 40
    assert [(await call).error for call in calls] == [None] * 20
    assert len(openrouter.chats) == 40


async def test_pace_recovers(openrouter: Server, client: Client) -> None:
    """Once the server is content, calls run side by side again."""
    openrouter.script(rate_limited(0.05))
    for count in (1, 20):
        await asyncio.gather(*(ask(client, openrouter) for _ in range(count)))
    openrouter.script(*[Answer(delay=0.5)] * 20)
    calls = [asyncio.create_task(ask(client, openrouter)) for _ in range(20)]
    await asyncio.wait(calls, return_when=asyncio.FIRST_COMPLETED)
    assert len(openrouter.chats) == 2 + 20 + 20
    await asyncio.wait(calls)
