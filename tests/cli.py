"""Run `llm` in tests: in this process where that shows the same, else in one of its own."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from click.testing import Result as Ended
from llm.cli import cli

# A schema with lists in it, a loop over them, a check that passes, and a text at the end.
PROTOCOL = """\
protocol: weigh
title: Weigh
summary: Facts, one look at each, a verdict.
steps:
  facts:
    max_tokens: 300
    prompt: List the facts.
    output:
      facts: [{id: auto, text: str}, 1, 3]
  look:
    for_each: facts.facts
    max_tokens: 200
    prompt: "Look at this: {{ item }}"
  verdict:
    max_tokens: 400
    prompt: |
      {{ facts }}
      {{ look }}
      Decide.
  links:
    check: links
    with: {text: verdict, given: material}
answer: verdict
"""
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07]*\x07|[@-Z\\-_])")
_RUN = "; import runpy; runpy.run_module('llm', run_name='__main__', alter_sys=True)"
# Makes the terminal the controlling one, so that Ctrl-C reaches llm as it does for a user.
_TAKE_TERMINAL = "import fcntl, termios; fcntl.ioctl(2, termios.TIOCSCTTY, 0)"


def llm(*arguments: str, stdin: str | bytes = "") -> Ended:
    """Run `llm` with these arguments in this process; neither stdin nor stdout is a terminal."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["llm", *arguments])
        return CliRunner().invoke(cli, list(arguments), input=stdin)


def process(
    *arguments: str, first: str = "pass", env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run `llm` with these arguments in a process of its own, `env` laid over this one's.

    first: Python that the process runs before llm.
    """
    return subprocess.run(
        [sys.executable, "-c", first + _RUN, *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=100,
        env={**os.environ, **(env or {})},
        check=False,
    )


@dataclass
class Terminal:
    """`llm` on a terminal of 100 columns: its stdin and stderr, and its stdout unless it is given.

    shown: everything written to the terminal so far, escapes included.
    """

    process: subprocess.Popen[bytes]
    side: int
    shown: bytes = b""

    @classmethod
    def open(cls, *arguments: str, stdout: int | None = None) -> Terminal:
        """Start `llm` with these arguments."""
        side, other = pty.openpty()
        termios.tcsetwinsize(other, (40, 100))
        env = {**os.environ, "TERM": "xterm-256color"}
        env.pop("NO_COLOR", None)
        started = subprocess.Popen(
            [sys.executable, "-c", _TAKE_TERMINAL + _RUN, *arguments],
            stdin=other,
            stdout=other if stdout is None else stdout,
            stderr=other,
            start_new_session=True,
            env=env,
        )
        os.close(other)
        return cls(started, side)

    def press(self, keys: bytes) -> None:
        """Type."""
        os.write(self.side, keys)

    def end(self) -> int:
        """Read until the program ends and return its exit code."""
        # Linux says EIO when the last one has closed the other side.
        try:
            while piece := os.read(self.side, 65536):
                self.shown += piece
        except OSError:
            pass
        os.close(self.side)
        return self.process.wait(timeout=60)

    @property
    def text(self) -> str:
        """What was shown, without colours and cursor moves."""
        return _ESCAPES.sub("", self.shown.decode(errors="replace")).replace("\r\n", "\n")


def answering(text: str) -> Callable[[Any], str]:
    """A reply function for the look-alike: objects where a schema comes with the prompt or stands
    in it, their lists two items long, else `text`."""

    def reply(body: Any) -> str:
        if wanted := body.get("response_format"):
            return json.dumps(_instance(wanted["json_schema"]["schema"]))
        content = body["messages"][-1]["content"]
        _, _, in_words = str(content).rpartition("It must fit this JSON Schema:\n")
        return json.dumps(_instance(json.loads(in_words))) if in_words != str(content) else text

    return reply


def _instance(schema: Mapping[str, Any], number: int = 1) -> Any:
    if "enum" in schema:
        return schema["enum"][0]
    if schema["type"] == "object":
        return {name: _instance(part, number) for name, part in schema["properties"].items()}
    if schema["type"] == "array":
        return [_instance(schema["items"], number) for number in (1, 2)]
    return f"word {number}" if schema["type"] == "string" else number


def until(happened: Callable[[], bool], seconds: float = 30) -> None:
    """Wait until something has happened."""
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)


def write_protocol(folder: Path, text: str = PROTOCOL, name: str = "weigh") -> Path:
    """Put a protocol into the user's own folder, below llm's `folder`."""
    path = folder / "reasonkit" / "protocols" / f"{name}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path
