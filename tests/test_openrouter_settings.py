"""Where requests go, and that the key goes nowhere else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

from llm_reasonkit.errors import CallError, UsageError
from llm_reasonkit.openrouter.client import Client
from llm_reasonkit.openrouter.settings import ClientSettings
from tests.openrouter_calls import ask
from tests.openrouter_server import Answer, Refuse, Server


@pytest.fixture
def elsewhere() -> Iterator[Server]:
    """Another server on this machine."""
    with Server() as server:
        yield server


@pytest.mark.parametrize(
    "url",
    [
        "https://openrouter.ai/api/v1",
        "http://127.0.0.1:8000/api/v1",
        "http://[::1]:8000/api/v1",
        "http://localhost/api/v1/",
    ],
)
def test_safe_addresses_are_taken(url: str) -> None:
    """https anywhere, http on this machine only."""
    assert ClientSettings(base_url=url).base_url == url


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://openrouter.ai/api/v1", "unencrypted"),
        ("http://127.0.0.1.example.com/", "unencrypted"),
        ("http://10.0.0.1/api/v1", "unencrypted"),
        ("ftp://openrouter.ai/", "not a web address"),
        ("openrouter.ai/api/v1", "not a web address"),
        ("https://", "not a web address"),
        ("https://host:port/", "not a web address"),
        ("https://me:secret@example.com/", "user name or password"),
        ("http://127.0.0.1@example.com/", "user name or password"),
    ],
)
def test_unsafe_addresses_are_refused(url: str, words: str) -> None:
    """An address that would give the key away, or is none, is refused by name."""
    with pytest.raises(UsageError, match=words) as caught:
        ClientSettings(base_url=url)

    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "values",
    [
        {"retry_attempts": -1},
        {"retry_delay_ms": -1},
        {"total_timeout": 0},
        {"site_name": "two\nlines"},
        {"site_url": "http://a\r\nX-Evil: 1"},
    ],
)
def test_values_that_cannot_be_used_are_refused(values: dict[str, object]) -> None:
    """Mistakes are told where the settings are made."""
    with pytest.raises(UsageError):
        ClientSettings.from_environ({}, **values)


def test_the_environment_goes_before_given_values() -> None:
    """OPENROUTER_BASE_URL and its kin win; None means not given."""
    environ = {"OPENROUTER_BASE_URL": "https://example.com/v1", "OPENROUTER_SITE_NAME": ""}

    settings = ClientSettings.from_environ(
        environ, base_url="https://ignored/", site_name="mine", site_url=None, retry_attempts=7
    )

    assert settings == ClientSettings(
        base_url="https://example.com/v1", site_name="mine", retry_attempts=7
    )


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_redirects_do_not_take_the_key_along(
    client: Client, openrouter: Server, elsewhere: Server, status: int
) -> None:
    """A redirect is an error; nobody is called in its name."""
    location = {"location": f"{elsewhere.base_url}/chat/completions"}
    openrouter.script(Refuse(status, headers=location, body=b""))

    got = await ask(client, openrouter)

    assert got.error is not None
    assert not elsewhere.requests


async def test_no_proxy_comes_between_this_machine_and_itself(
    openrouter: Server, elsewhere: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy from the environment never sees an unencrypted key."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{elsewhere.port}")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    openrouter.script(Answer("direct"))

    async with Client(ClientSettings(base_url=openrouter.base_url)) as client:
        got = await ask(client, openrouter)

    assert got.text == "direct"
    assert not elsewhere.requests


@pytest.fixture
async def proxy() -> AsyncIterator[tuple[int, list[bytes]]]:
    """Give the port of a proxy that connects nobody, and the requests it got."""
    asked: list[bytes] = []

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(refuse, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1], asked


@pytest.mark.parametrize(("variable", "scheme"), [("HTTPS_PROXY", "http://"), ("ALL_PROXY", "")])
async def test_a_proxy_leads_outside(
    openrouter: Server,
    proxy: tuple[int, list[bytes]],
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
    scheme: str,
) -> None:
    """A proxy from the environment is asked for a tunnel to OpenRouter and never sees the key."""
    port, asked = proxy
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(variable, f"{scheme}127.0.0.1:{port}")

    async with Client(ClientSettings(retry_attempts=0)) as client:
        got = await ask(client, openrouter)

    assert got.error is not None
    assert (got.error.code, got.error.billed) == ("network", False)
    assert [request.split(b"\r\n")[0] for request in asked] == [
        b"CONNECT openrouter.ai:443 HTTP/1.1"
    ]
    assert openrouter.key.encode() not in asked[0]


async def test_no_proxy_where_none_is_wanted(
    openrouter: Server, proxy: tuple[int, list[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A host that NO_PROXY names is connected to directly."""
    port, asked = proxy
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{port}")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    base_url = openrouter.base_url.replace("http:", "https:")

    async with Client(ClientSettings(base_url=base_url, retry_attempts=0)) as client:
        got = await ask(client, openrouter)

    assert got.error is not None
    assert not asked


async def test_cookies_are_not_kept(openrouter: Server, client: Client) -> None:
    """What a server wants remembered is forgotten: each call stands for itself."""
    headers = {"set-cookie": "session=1"}
    openrouter.script(Refuse(400, body=b"{}", headers=headers))

    await ask(client, openrouter)
    await ask(client, openrouter)

    assert len(openrouter.requests) == 2
    assert not any("cookie" in request.headers for request in openrouter.requests)


async def test_a_server_without_tls_gets_no_key(openrouter: Server) -> None:
    """https is never given up for http: the call fails before anything is sent."""
    settings = ClientSettings(
        base_url=openrouter.base_url.replace("http:", "https:"), retry_attempts=0
    )

    async with Client(settings) as client:
        got = await ask(client, openrouter)

    assert got.error is not None
    assert (got.error.code, got.error.billed) == ("network", False)
    assert not openrouter.requests


async def test_json_is_fetched_with_and_without_key(client: Client, openrouter: Server) -> None:
    """/key needs the key, /models does not, and a missing route is told with its status."""
    key = await client.get_json("key", key=openrouter.key)
    models = await client.get_json("/models")

    assert isinstance(key, dict)
    assert key["data"]["is_free_tier"] is False
    assert isinstance(models, dict)
    assert len(models["data"]) == models["total_count"]
    with pytest.raises(CallError, match="401"):
        await client.get_json("credits")
    with pytest.raises(CallError, match="404"):
        await client.get_json("nowhere")


async def test_a_generation_is_known_a_little_later(client: Client, openrouter: Server) -> None:
    """The bill of a call can be asked for by its id, after a while."""
    openrouter.generation_lag = 1
    got = await ask(client, openrouter)
    assert got.receipt is not None

    with pytest.raises(CallError, match="not found"):
        await client.get_json(f"generation?id={got.receipt.id}", key=openrouter.key)
    reply = await client.get_json(f"generation?id={got.receipt.id}", key=openrouter.key)

    assert isinstance(reply, dict)
    assert reply["data"]["total_cost"] == got.cost
