"""OpenRouter's models in llm's own commands, as a user types them."""

from __future__ import annotations

import json
import struct
import zlib
from pathlib import Path

import pytest

from tests.cli import llm
from tests.openrouter_server import Answer, Server, ToolCall

SMALL = "openrouter/acme/small"


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """A picture of one red point."""
    path = tmp_path / "image.png"
    path.write_bytes(png())
    return path


def png() -> bytes:
    """A PNG file of one red point."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        checked = kind + data
        return struct.pack(">I", len(data)) + checked + struct.pack(">I", zlib.crc32(checked))

    head = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    body = zlib.compress(b"\0\xff\0\0")
    parts = (chunk(b"IHDR", head), chunk(b"IDAT", body), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def test_any_id_works_in_a_fresh_folder(openrouter: Server, user_folder: Path) -> None:
    """A model nobody has heard of is asked for at once, and the server's no names it."""
    ended = llm("-m", "openrouter/any/id", "hi")
    assert [chat.body["model"] for chat in openrouter.chats] == ["any/id"]
    assert "any/id: OpenRouter has no such model" in ended.stderr
    assert llm("-m", SMALL, "hi").stdout.startswith("alpha one")
    assert not (user_folder / "reasonkit" / "openrouter-models.json").exists()


def test_id_that_was_used_once_stays_known(openrouter: Server) -> None:
    """A model that has answered is listed afterwards, without a catalogue."""
    llm("-m", SMALL, "hi")
    assert f"OpenRouter: {SMALL}" in llm("models").stdout


def test_id_in_llm_model(openrouter: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fresh id may stand in LLM_MODEL as well as on the command line."""
    monkeypatch.setenv("LLM_MODEL", SMALL)
    assert llm("hi").exit_code == 0
    assert openrouter.chats[0].body["model"] == "acme/small"


@pytest.mark.parametrize("variable", ["OPENROUTER_API_KEY", "OPENROUTER_KEY"])
def test_key_from_the_environment(
    openrouter: Server, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    """Either variable gives the key."""
    monkeypatch.delenv("OPENROUTER_API_KEY")
    assert llm("-m", SMALL, "hi").exit_code == 1
    monkeypatch.setenv(variable, openrouter.key)
    assert llm("-m", SMALL, "hi").exit_code == 0


def test_key_set_with_llm_keys(openrouter: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """The key that `llm keys set openrouter` stores is used, before that of the environment."""
    monkeypatch.setenv("OPENROUTER_API_KEY", "sk-or-v1-another")
    assert llm("keys", "set", "openrouter", "--value", openrouter.key).exit_code == 0
    assert llm("-m", SMALL, "hi").exit_code == 0
    assert llm("-m", SMALL, "hi", "--key", "sk-or-v1-typed").exit_code == 1


def test_conversation_goes_on(openrouter: Server) -> None:
    """`-c` sends what was said before."""
    openrouter.reply = lambda body: f"reply {len(body['messages'])}"
    llm("-m", SMALL, "one")
    assert llm("-c", "two").stdout == "reply 3\n"
    said = [message["content"] for message in openrouter.chats[1].body["messages"]]
    assert said == ["one", "reply 1", "two"]


def test_image_is_sent(openrouter: Server, image: Path) -> None:
    """`-a image.png` reaches the model as a data URL."""
    assert llm("-m", SMALL, "-a", str(image), "What is it?").exit_code == 0
    parts = openrouter.chats[0].body["messages"][0]["content"]
    urls = [part["image_url"]["url"] for part in parts if part["type"] == "image_url"]
    assert len(urls) == 1
    assert urls[0].startswith("data:image/png;base64,")


def test_schema_constrains_the_reply(openrouter: Server) -> None:
    """`--schema` is sent, and the reply is the object it describes."""
    ended = llm("-m", SMALL, "--schema", "name, age int", "Invent a dog")
    assert set(json.loads(ended.stdout)) == {"name", "age"}
    assert openrouter.chats[0].body["response_format"]["type"] == "json_schema"


def test_tool_is_called(openrouter: Server) -> None:
    """`-T` offers a tool; its result goes back and the final reply is printed."""
    openrouter.script(
        Answer(None, tool_calls=[ToolCall("llm_version")], finish_reason="tool_calls"),
        Answer("it is 0.36"),
    )
    ended = llm("-m", SMALL, "-T", "llm_version", "Which version?")
    assert ended.stdout.strip() == "it is 0.36"
    first, second = (chat.body for chat in openrouter.chats)
    assert first["tools"][0]["function"]["name"] == "llm_version"
    assert second["messages"][-1]["role"] == "tool"


def test_options_are_sent(openrouter: Server) -> None:
    """`-o` sets what the body holds, in its own type."""
    options = ["-o", "temperature", "0.2", "-o", "max_tokens", "20", "-o", "seed", "7"]
    assert llm("-m", SMALL, "hi", *options).exit_code == 0
    body = openrouter.chats[0].body
    assert (body["temperature"], body["max_tokens"], body["seed"]) == (0.2, 20, 7)


def test_routing_options_are_sent(openrouter: Server) -> None:
    """Fallback models, routing and the highest price travel in OpenRouter's own fields."""
    options = ["-o", "models", "acme/prose", "-o", "route", "lowest-cost", "-o", "max_price", "1"]
    assert llm("-m", SMALL, "hi", *options).exit_code == 0
    body = openrouter.chats[0].body
    assert "acme/prose" in body["models"]
    assert set(body["provider"]) == {"sort", "max_price"}


def test_options_are_documented() -> None:
    """`llm models --options` names each option of the README with a description."""
    shown = llm("models", "-m", SMALL, "--options").stdout
    for name in (
        *("temperature: float", "max_tokens: int", "seed: int", "stop: array", "models: array"),
        *("reasoning_effort: str", "reasoning_max_tokens: int", "provider: dict", "route: str"),
        "max_price: dict",
    ):
        description = shown.split(f"    {name}\n      ")[1]
        assert description[0].isalnum()


@pytest.mark.parametrize("flag", ["--async", "--no-stream"])
def test_every_way_of_calling(openrouter: Server, flag: str) -> None:
    """Async and unstreamed calls give the same reply as a plain one."""
    openrouter.reply = lambda body: f"streamed: {body.get('stream', False)}"
    ended = llm("-m", SMALL, "hi", flag)
    assert ended.stdout == f"streamed: {flag == '--async'}\n"


def test_usage_shows_the_bill(openrouter: Server) -> None:
    """`-u` prints the tokens and exactly what was billed."""
    ended = llm("-m", SMALL, "hi", "-u")
    assert json.loads(ended.stderr[ended.stderr.index("{") :]) == {
        "cost": float(openrouter.ledger.total)
    }


def test_code_is_extracted(openrouter: Server) -> None:
    """`-x` prints the fenced code only."""
    openrouter.reply = lambda _: "Here:\n```python\nprint(1)\n```\nDone."
    assert llm("-m", SMALL, "-x", "code").stdout.strip() == "print(1)"


def test_chat(openrouter: Server) -> None:
    """`llm chat` keeps the thread from line to line."""
    openrouter.reply = lambda body: f"reply {len(body['messages'])}"
    ended = llm("chat", "-m", SMALL, stdin="one\ntwo\nquit\n")
    assert ended.exit_code == 0
    assert "reply 1" in ended.stdout
    assert "reply 3" in ended.stdout


def test_reasoning_is_shown_apart_and_can_be_hidden(openrouter: Server) -> None:
    """What a model thinks goes to stderr, and nowhere with `-R`."""
    openrouter.reply = lambda _: Answer("the answer", reasoning="let me see")
    shown = llm("-m", "openrouter/acme/thinker", "hi")
    assert (shown.stdout.strip(), shown.stderr.strip()) == ("the answer", "let me see")
    hidden = llm("-m", "openrouter/acme/thinker", "hi", "-R")
    assert (hidden.stdout.strip(), hidden.stderr.strip()) == ("the answer", "")


def test_listing_models_asks_nobody(openrouter: Server) -> None:
    """`llm models` works from disk: the server hears nothing."""
    assert llm("models").exit_code == 0
    llm("think", "q", "-m", SMALL, "--protocol", "laserlogic")
    asked = len(openrouter.requests)
    listed = llm("models").stdout
    assert "OpenRouter: openrouter/acme/thinker" in listed
    assert len(openrouter.requests) == asked
