"""`llm think` on a real terminal, and when it is stopped: by Ctrl-C, by a signal, by its reader."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli import Terminal, answering, llm, until, write_protocol
from tests.openrouter_server import Answer, Server, Stall
from tests.test_cli_models import SMALL

THINK = ("think", "Is it so?", "--protocol", "weigh", "-m", SMALL)


@pytest.fixture(autouse=True)
def _weigh(user_folder: Path, openrouter: Server) -> None:
    write_protocol(user_folder)
    usual = answering("seen")
    answer = "Yes, because of the facts."
    openrouter.reply = lambda body: answer if "Decide." in str(body) else usual(body)


def shown_run() -> dict[str, Any]:
    """The newest run of the log."""
    found: dict[str, Any] = json.loads(llm("reasonkit", "show", "--json").stdout)
    return found


def test_steps_answer_and_summary_appear() -> None:
    """On a terminal: a line for each step with model, time, tokens and cost, the answer, then
    what was checked, what it cost and what confidence is based on."""
    terminal = Terminal.open(*THINK)
    assert terminal.end() == 0
    shown = terminal.text
    steps, _, rest = shown.partition("Yes, because of the facts.")
    facts = next(line for line in steps.splitlines() if "✓ facts" in line)
    assert all(part in facts for part in ("small", " s ", "→", "$0.0000", "billed"))
    assert "✓ look" in steps
    for part in (
        "✓ links",
        "status",
        "done",
        "checked",
        "confidence",
        "cost",
        "llm reasonkit show",
    ):
        assert part in rest


def test_running_steps_are_shown_side_by_side(openrouter: Server) -> None:
    """While the two items of a step run, both are counted on the screen."""
    usual = answering("Yes.")

    def reply(body: Any) -> Any:
        return Answer("seen", delay=0.5) if "Look at this" in str(body) else usual(body)

    openrouter.reply = reply
    terminal = Terminal.open(*THINK)
    assert terminal.end() == 0
    assert "look 0/2" in terminal.text


def test_answer_streams(openrouter: Server) -> None:
    """The first words of the answer are on the screen while the last are still to come."""

    def reply(body: Any) -> Any:
        if "Decide." not in str(body):
            return answering("seen")(body)
        return Answer("first words, last words", deltas=2, cut="stall", cut_after=1)

    openrouter.reply = reply
    terminal = Terminal.open(*THINK)
    while b"first words" not in terminal.shown:
        terminal.shown += os.read(terminal.side, 65536)
    terminal.press(b"\x03")
    assert terminal.end() == 130
    assert "last words" not in terminal.text


def test_quiet_on_a_terminal() -> None:
    """With --quiet a terminal shows the answer and nothing else."""
    terminal = Terminal.open(*THINK, "--quiet")
    assert terminal.end() == 0
    assert terminal.text == "Yes, because of the facts.\n"


def test_piped_answer_with_steps_on_the_terminal(tmp_path: Path) -> None:
    """With stdout in a file, the file has the answer and the terminal the steps."""
    path = tmp_path / "answer"
    with path.open("wb") as file:
        terminal = Terminal.open(*THINK, stdout=file.fileno())
        assert terminal.end() == 0
    assert path.read_text() == "Yes, because of the facts.\n"
    assert "✓ facts" in terminal.text
    assert "Yes, because" not in terminal.text


def test_escapes_of_a_model_never_reach_the_terminal(openrouter: Server) -> None:
    """Title changes, clipboard writes and cursor moves in replies are shown, not obeyed."""
    evil = "\x1b]0;owned\x07 \x1b]52;c;aGk=\x07 \x1b[2J\x9b31m done"
    facts = json.dumps({"facts": [{"text": evil}]})
    openrouter.reply = lambda body: facts if "response_format" in body else evil
    terminal = Terminal.open(*THINK, "--verbose")
    assert terminal.end() == 0
    for part in (b"\x1b]0;", b"\x1b]52;", b"\x07", b"\x1b[2J", "\x9b".encode()):
        assert part not in terminal.shown
    assert "done" in terminal.text


def test_question_is_typed(openrouter: Server) -> None:
    """Without a question, and with a terminal as stdin, it is typed and ended by Ctrl-D."""
    terminal = Terminal.open("think", "--protocol", "weigh", "-m", SMALL, "--quiet")
    terminal.press(b"Is it typed?\n\x04")
    assert terminal.end() == 0
    assert "Is it typed?" in str(openrouter.chats[0].body)


def test_ctrl_c_keeps_the_run(openrouter: Server) -> None:
    """Ctrl-C ends with 130 and one line; what was done and paid for is in the log."""
    usual = answering("Yes.")

    def reply(body: Any) -> Any:
        return Answer("never", delay=60) if "Decide." in str(body) else usual(body)

    openrouter.reply = reply
    terminal = Terminal.open(*THINK)
    until(lambda: len(openrouter.chats) == 4)
    terminal.press(b"\x03")
    assert terminal.end() == 130
    assert terminal.text.rstrip().endswith("Error: interrupted; `llm reasonkit resume` goes on")
    assert "Traceback" not in terminal.text
    found = shown_run()
    assert (found["status"], found["answer"]) == ("interrupted", None)
    statuses = {step["id"]: step["status"] for step in found["steps"]}
    assert statuses == {
        "facts": "done",
        "look[1]": "done",
        "look[2]": "done",
        "verdict": "interrupted",
    }
    assert found["cost"]["unknown_calls"] == 1


def test_interrupted_run_as_json(openrouter: Server) -> None:
    """With --json an interrupted run is printed with its status; an open bill is told of."""
    openrouter.reply = lambda _: Answer("never", delay=60)
    with subprocess.Popen(
        [sys.executable, "-m", "llm", *THINK, "--json"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as started:
        until(lambda: len(openrouter.chats) == 1)
        started.send_signal(signal.SIGINT)
        stdout, stderr = started.communicate(timeout=60)
    assert started.returncode == 130
    assert json.loads(stdout)["status"] == "interrupted"
    (unpaid,) = json.loads(stdout)["warnings"]
    assert re.fullmatch(r"no bill came in time for a call .* at most \$0\.\d+ more", unpaid)
    said = "Error: interrupted; `llm reasonkit resume` goes on"
    assert stderr == f"warning: {unpaid}\n{said}\n"


def test_ctrl_c_before_the_first_call(openrouter: Server) -> None:
    """Ctrl-C while the catalogue is still awaited ends the same way; there is no run yet."""
    openrouter.script(Stall(), model="/models")
    terminal = Terminal.open(*THINK)
    until(lambda: len(openrouter.requests) == 1)
    terminal.press(b"\x03")
    assert terminal.end() == 130
    assert terminal.text.rstrip().endswith("Error: interrupted")
    assert "Traceback" not in terminal.text
    assert openrouter.chats == []


def test_reader_that_has_gone(openrouter: Server) -> None:
    """When the reader of the answer has gone, the run is finished and logged, without a word."""
    with subprocess.Popen(
        [sys.executable, "-m", "llm", *THINK],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as started:
        assert started.stdout is not None
        assert started.stderr is not None
        started.stdout.close()
        stderr = started.stderr.read()
    assert stderr == b""
    assert started.returncode == 0
    assert shown_run()["answer"] == "Yes, because of the facts."
