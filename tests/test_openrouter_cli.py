"""The `llm` command itself, run against the look-alike."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from tests.cli import llm, process
from tests.openrouter_server import Answer, Server, ToolCall, refuse
from tests.test_openrouter_request import PNG

MODEL = "openrouter/acme/small"


@pytest.mark.parametrize("how", [[], ["--no-stream"], ["--async"], ["--async", "--no-stream"]])
def test_a_model_can_be_used_before_anything_was_prepared(
    openrouter: Server, how: list[str]
) -> None:
    """In a fresh folder, with nothing but a key, `llm -m openrouter/any/id` answers."""
    openrouter.script(Answer("Hello there.", reasoning="They greet me."))

    done = process("-m", MODEL, "hi", *how)

    assert (done.returncode, done.stdout) == (0, "Hello there.\n")
    assert "Warning" not in done.stderr
    assert "Traceback" not in done.stderr


def test_the_log_has_cost_model_and_reasoning(openrouter: Server) -> None:
    """`llm logs` shows what was billed and what served; `llm -c` goes on from there."""
    openrouter.script(Answer("First.", reasoning="Hm."), Answer("Second."))

    first = llm("-m", MODEL, "one", "-u")
    bill = openrouter.ledger.total
    (logged,) = json.loads(llm("logs", "--json").stdout)
    llm("-c", "two")

    assert Decimal(str(json.loads(logged["token_details"])["cost"])) == bill
    assert f'"cost": {float(bill)!r}' in first.stderr
    assert logged["resolved_model"] == "acme/small-2026-01-15"
    assert [message["content"] for message in openrouter.chats[1].body["messages"]] == [
        "one",
        "First.",
        "two",
    ]


def test_options_schema_and_attachments(openrouter: Server, tmp_path: Path) -> None:
    """-o, --schema and -a reach the wire."""
    (tmp_path / "dot.png").write_bytes(PNG)

    done = llm(
        *("-m", MODEL, "hi", "-o", "temperature", "0.2", "-o", "route", "lowest-cost"),
        *("--schema", "name, age int", "-a", str(tmp_path / "dot.png")),
    )

    assert json.loads(done.stdout) == {"name": "alpha one", "age": 0}
    body = openrouter.chats[0].body
    assert (body["temperature"], body["provider"]) == (0.2, {"sort": "price"})
    assert base64.b64encode(PNG).decode() in body["messages"][0]["content"][1]["image_url"]["url"]


@pytest.mark.parametrize("how", [[], ["--async"]])
def test_tools_are_run(openrouter: Server, how: list[str]) -> None:
    """-T goes through a whole chain, synchronous and asynchronous."""
    openrouter.script(
        Answer(None, tool_calls=[ToolCall("llm_version", "{}", id="call_1")]), Answer("Recent.")
    )

    done = llm("-m", MODEL, "which llm?", "-T", "llm_version", *how)

    assert (done.exit_code, done.stdout) == (0, "Recent.\n")


def test_options_are_listed(openrouter: Server) -> None:
    """`llm models --options` documents each of them."""
    done = llm("models", "-m", MODEL, "--options")

    for name in ("temperature", "reasoning_effort", "max_price", "route", "provider", "models"):
        assert f"{name}: " in done.stdout
    assert "USD per million tokens" in done.stdout


def test_an_error_is_one_line(openrouter: Server) -> None:
    """A rejected key ends with llm's own exit code, one line, no traceback and no key."""
    openrouter.script(refuse(401, "User not found."))

    done = llm("-m", MODEL, "hi", "--key", "sk-or-v1-wrong-key-7777")

    assert done.exit_code == 1
    assert done.stderr.startswith("Error: acme/small: OpenRouter does not accept the key (401)")
    assert done.stderr.count("\n") == 1
    assert "wrong-key" not in done.stderr


def test_chat_keeps_its_history(openrouter: Server) -> None:
    """`llm chat` is a conversation."""
    openrouter.script(Answer("First."), Answer("Second."))

    done = llm("chat", "-m", MODEL, stdin="one\ntwo\nexit\n")

    assert "Second." in done.stdout
    assert len(openrouter.chats[1].body["messages"]) == 3


@pytest.mark.parametrize("how", [[], ["--async"]])
def test_ctrl_c_ends_it_at_once(openrouter: Server, how: list[str]) -> None:
    """An interrupted prompt stops, without a word from threads or loops."""
    openrouter.script(Answer("one two three", cut="stall", cut_after=1))
    command = [sys.executable, "-m", "llm", "-m", MODEL, "hi", *how]
    environ = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environ
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.read(5) == "one t"
        process.send_signal(signal.SIGINT)
        said = process.stderr.read()

    assert process.returncode == 1
    assert "Aborted!" in said
    assert "Traceback" not in said
