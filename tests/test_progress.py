"""The live progress, on a real pseudo-terminal, real pipes and real files."""

from __future__ import annotations

import errno
import io
import os
import pty
import re
import signal
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, TextIO

import pytest

from llm_reasonkit.cli.progress import Progress
from llm_reasonkit.errors import UsageError
from llm_reasonkit.reasoning.result import CheckItem, Cost, Result, StepResult, Tokens

MODEL = "openrouter/anthropic/claude-sonnet-4"
HIDE, SHOW = "\x1b[?25l", "\x1b[?25h"
_ESCAPE = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")


class Terminal:
    """A pseudo-terminal whose output is kept."""

    def __init__(self) -> None:
        self._master, slave = pty.openpty()
        settings = termios.tcgetattr(slave)
        settings[1] &= ~termios.OPOST  # no \n -> \r\n, to compare what was written
        termios.tcsetattr(slave, termios.TCSANOW, settings)
        self.stream: TextIO = os.fdopen(slave, "w", encoding="utf-8")
        self._kept = b""
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        while True:
            try:
                chunk = os.read(self._master, 65536)
            except OSError as error:
                assert error.errno == errno.EIO  # noqa: PT017 (how Linux says that it was closed)
                return
            if not chunk:
                return
            self._kept += chunk

    def close(self) -> str:
        """End it and return all that was written."""
        if not self.stream.closed:
            self.stream.close()
            self._reader.join()
            os.close(self._master)
        return self._kept.decode()

    @property
    def raw(self) -> str:
        """What was written so far."""
        return self._kept.decode(errors="replace")


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    """A terminal of 100 columns."""
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("NO_COLOR", "1")
    terminal = Terminal()
    yield terminal
    terminal.close()


def step(ident: str, **fields: Any) -> StepResult:
    """A step that went well."""
    given = {
        "id": ident,
        "name": ident,
        "kind": "prompt",
        "model": MODEL,
        "status": "done",
        "output": {"ideas": [f"an idea of {ident}"]},
        "tokens": Tokens(input=1_204, output=310),
        "cost": Cost(usd=Decimal("0.0123"), source="billed"),
        "started": datetime(2026, 1, 2, tzinfo=UTC),
        "duration_ms": 4_200,
    }
    return StepResult(**{**given, **fields})


def do(progress: Progress, *idents: str, **fields: Any) -> None:
    """Let steps start together and end one after another."""
    for ident in idents:
        progress.step_started(ident, MODEL)
    for ident in idents:
        progress.step_finished(step(ident, **fields), [])


def result(**fields: Any) -> Result:
    """A finished run."""
    given = {"run_id": "01kdwj", "command": "think", "status": "done", "question": "Why?"}
    return Result(**{**given, "started": datetime(2026, 1, 2, tzinfo=UTC), **fields})


def until(terminal: Terminal, words: str) -> None:
    """Wait for the drawing thread to have written something."""
    while words not in terminal.raw:
        time.sleep(0.01)


def lines(text: str) -> list[str]:
    """The lines that stay on a terminal when lines above were drawn over."""
    screen, row = [""], 0
    for part in re.findall(r"\x1b\[[0-?]*[@-~]|\n|\r|[^\x1b\n\r]+", text):
        if part == "\n":
            row += 1
            screen += [""] * (row + 1 - len(screen))
        elif part == "\x1b[2K":
            screen[row] = ""
        elif part == "\x1b[1A":
            row -= 1
        elif part[0] not in "\x1b\r":
            screen[row] += part
    return [line.rstrip() for line in screen if line.strip()]


def test_running_steps_show_side_by_side_while_they_run(terminal: Terminal) -> None:
    """Each running step has a line with its model and the end of what it writes."""
    with Progress(stdout=io.StringIO(), stderr=terminal.stream) as progress:
        progress.step_started("gigathink.frame", MODEL)
        progress.step_started("laserlogic.claims", MODEL)
        progress.step_text("gigathink.frame", '{"aspects": ["the cost')
        until(terminal, '"aspects": ["the cost')
        until(terminal, "laserlogic.claims")
    drawn = terminal.close()
    assert re.search(r"gigathink\.frame +claude-sonnet-4 +\d\.\d s +\{", _ESCAPE.sub("", drawn))


def test_one_of_several_replies_shows(terminal: Terminal) -> None:
    """Of members that write at the same time one shows, until it has ended: never a mixture."""
    with Progress(stdout=io.StringIO(), stderr=terminal.stream) as progress:
        for number in (1, 2):
            progress.step_started(f"members[{number}]", MODEL)
        for one, other in (("Two ", "Mars "), ("moons", "has")):
            progress.step_text("members[1]", one)
            progress.step_text("members[2]", other)
        until(terminal, "Two moons")
        progress.step_finished(step("members[1]"), [])
        progress.step_text("members[1]", "too late")
        until(terminal, "members 1/2")
        until(terminal, "Mars has")
    drawn = terminal.close()
    assert "Two Mars" not in drawn
    assert "too late" not in drawn


def test_hostile_text_of_a_running_step_is_not_drawn(terminal: Terminal) -> None:
    """Escapes in streamed text do not reach the live area, even split in two."""
    with Progress(stdout=io.StringIO(), stderr=terminal.stream) as progress:
        progress.step_started("frame", MODEL)
        progress.step_text("frame", "words \x1b]52;c;QUFBQQ")
        progress.step_text("frame", "==\x07\x1b[31mthat stay")
        until(terminal, "that stay")
    drawn = terminal.close()
    assert "\x1b]" not in drawn
    assert "\x1b[31m" not in drawn


def test_a_finished_step_leaves_a_line(terminal: Terminal) -> None:
    """When a step has ended its line stays, with model, time, tokens and cost."""
    with Progress(stdout=io.StringIO(), stderr=terminal.stream) as progress:
        do(progress, "gigathink.frame")
        do(progress, "gigathink.rate", cost=Cost(unknown_calls=1))
    kept = lines(terminal.close())
    assert len(kept) == 2
    assert re.fullmatch(
        r"✓ gigathink\.frame +claude-sonnet-4 +4\.2 s +1,204→310  \$0\.0123 billed", kept[0]
    )
    assert kept[1].endswith("cost unknown")


def test_items_of_a_step_are_counted_on_one_line(terminal: Terminal) -> None:
    """Twenty items of a step are one line when they have ended, and one while they run."""
    items = [f"gigathink.lenses[{number}]" for number in range(1, 21)]
    with Progress(stdout=io.StringIO(), stderr=terminal.stream) as progress:
        for item in items:
            progress.step_started(item, MODEL)
        progress.step_finished(step(items[0]), [])
        until(terminal, "gigathink.lenses 1/20")
        for item in items[1:]:
            progress.step_finished(step(item), [])
        do(progress, "gigathink.cluster")
    kept = lines(terminal.close())
    assert [row.split()[1:3] for row in kept] == [
        ["gigathink.lenses", "20/20"],
        ["gigathink.cluster", "claude-sonnet-4"],
    ]
    assert "$0.246 billed" in kept[0]


def test_an_item_that_is_asked_again_counts_once(terminal: Terminal) -> None:
    """A re-ask adds its cost to the group, not another item."""
    with Progress(stdout=io.StringIO(), stderr=terminal.stream) as progress:
        do(progress, "lenses[1]", status="failed", error="no JSON")
        do(progress, "lenses[1]", attempt=2)
    kept = lines(terminal.close())
    assert len(kept) == 1
    assert kept[0].startswith("✓ lenses 1/1 ")
    assert kept[0].endswith("$0.0246 billed")


def test_checks_show_their_counts(terminal: Terminal) -> None:
    """A check's line says how many facts held."""
    facts = [CheckItem(step="quotes", name="c1", status="failed", detail="not there")]
    with Progress(stdout=io.StringIO(), stderr=terminal.stream) as progress:
        progress.step_started("quotes", None)
        progress.step_finished(step("quotes", kind="check", cost=None), facts)
    assert lines(terminal.close()) == ["! quotes  1 failed"]


def test_answer_on_the_same_terminal_is_not_disturbed(terminal: Terminal) -> None:
    """From its first to its last word nothing else is written; what ended meanwhile follows."""
    answer = ["No.\n\nFor a team", " of six", " it does not pay.", "\nNot yet."]
    with Progress(stdout=terminal.stream, stderr=terminal.stream) as progress:
        do(progress, "frame")
        progress.step_started("answer", MODEL)
        for piece in answer:
            progress.answer_text(piece)
            progress.step_started("late", MODEL)
            progress.step_finished(step("late"), [])
        progress.finish_answer("".join(answer))
        progress.summarize(result(answer="".join(answer)))
    drawn = terminal.close()
    assert "".join(answer) + "\n" in drawn
    before, after = drawn.split("".join(answer))
    assert before.rindex(SHOW) > before.rindex(HIDE)
    assert "late" not in before
    assert lines(after)[0].startswith("✓ late")
    assert HIDE not in after
    assert "confidence  none: nothing in this run can be counted" in lines(after)


def test_answer_on_a_terminal_is_sanitised_across_chunks(terminal: Terminal) -> None:
    """A sequence split between two pieces of the answer does not reach the terminal."""
    with Progress(quiet=True, stdout=terminal.stream, stderr=io.StringIO()) as progress:
        for piece in ("a\x1b]52;c", ";AAAA", "\x07b\x1b", "[31", "mc", "\x9b2Jd\u202e", "e\x1b"):
            progress.answer_text(piece)
        progress.finish_answer("whatever")
    assert terminal.close() == "abcde\n"


def test_answer_in_a_file_is_exact(tmp_path: Path) -> None:
    """A file gets the text as the model gave it, and a newline at its end."""
    text = "tabs\tcontrol \x1b[31m\x07 and\r\nGrüße \U0001f600"
    path = tmp_path / "answer.txt"
    with (
        path.open("w", encoding="utf-8", newline="") as file,
        Progress(stdout=file, stderr=io.StringIO()) as progress,
    ):
        progress.answer_text(text[:12])
        progress.answer_text(text[12:])
        progress.finish_answer(text)
    assert path.read_bytes() == f"{text}\n".encode()


def test_an_answer_that_was_not_streamed_is_written_once() -> None:
    """Without streaming it comes at the end; with streaming it is not written again."""
    for stream in (True, False):
        out = io.StringIO()
        with Progress(stream=stream, stdout=out, stderr=io.StringIO()) as progress:
            progress.answer_text("Yes.\n")
            assert out.getvalue() == ("Yes.\n" if stream else "")
        progress.finish_answer("Yes.\n")
        assert out.getvalue() == "Yes.\n"


def test_a_run_without_an_answer_writes_nothing_to_stdout() -> None:
    """No answer, no newline."""
    out = io.StringIO()
    with Progress(stdout=out, stderr=io.StringIO()) as progress:
        do(progress, "frame", status="failed", error="network")
        progress.finish_answer(None)
    assert out.getvalue() == ""


def test_without_a_terminal_only_warnings_show(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a pipe stderr gets the warnings and nothing else, whatever FORCE_COLOR says."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    out, err = io.StringIO(), io.StringIO()
    with Progress(stdout=out, stderr=err) as progress:
        do(progress, "frame", "lenses[1]", "lenses[2]")
        progress.answer_text("Yes.")
        progress.finish_answer("Yes.")
        progress.summarize(result(answer="Yes.", warnings=["something\x1b[2J is missing"]))
    assert out.getvalue() == "Yes.\n"
    assert err.getvalue() == "warning: something is missing\n"


def test_quiet_shows_the_answer_only(terminal: Terminal) -> None:
    """On a terminal, too: no steps, no warnings, no summary, no cursor moves."""
    with Progress(
        quiet=True, verbose=True, stdout=terminal.stream, stderr=terminal.stream
    ) as progress:
        do(progress, "frame")
        progress.warn("careful")
        progress.answer_text("Yes.")
        progress.finish_answer("Yes.")
        progress.summarize(result(answer="Yes.", warnings=["careful"]))
    assert terminal.close() == "Yes.\n"


def test_verbose_shows_every_output_in_a_pipe_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each item has its line and its whole output; the answer's text is not repeated."""
    monkeypatch.setenv("COLUMNS", "100")
    out, err = io.StringIO(), io.StringIO()
    long = "word " * 300
    with Progress(verbose=True, stdout=out, stderr=err) as progress:
        do(progress, "lenses[1]", "lenses[2]")
        do(progress, "frame", output=f"{long}\x1b[2Jend")
        progress.step_started("answer", MODEL)
        progress.answer_text("Yes.")
        progress.step_finished(step("answer", output="Yes."), [])
        progress.finish_answer("Yes.")
        progress.summarize(result(answer="Yes."))
    text = err.getvalue()
    assert "an idea of lenses[1]" in text
    assert "an idea of lenses[2]" in text
    assert f"  {long}end\n" in text
    assert "Yes." not in text
    assert "✓ answer" in text
    assert "status      done" in text
    assert "\x1b" not in text


@pytest.mark.parametrize("failure", [KeyboardInterrupt, RuntimeError, SystemExit])
def test_the_terminal_is_left_in_order(terminal: Terminal, failure: type[BaseException]) -> None:
    """After an exception the cursor is visible and what had ended is shown."""

    def fail() -> None:
        with Progress(stdout=terminal.stream, stderr=terminal.stream) as progress:
            progress.step_started("lenses[1]", MODEL)
            progress.step_started("lenses[2]", MODEL)
            progress.step_finished(step("lenses[1]"), [])
            until(terminal, "lenses 1/2")
            raise failure

    with pytest.raises(failure):
        fail()
    drawn = terminal.close()
    assert drawn.rindex(SHOW) > drawn.rindex(HIDE)
    assert lines(drawn)[-1].startswith("✓ lenses 1/1")


def test_ctrl_c_in_the_middle_of_an_answer_ends_its_line(terminal: Terminal) -> None:
    """A process that is interrupted leaves the cursor visible, at the start of a line."""
    code = (
        "import time\n"
        "from llm_reasonkit.cli.progress import Progress\n"
        "with Progress() as progress:\n"
        "    progress.step_started('answer', 'm')\n"
        "    time.sleep(0.3)\n"
        "    progress.answer_text('half an ans')\n"
        "    time.sleep(60)\n"
    )
    command = [sys.executable, "-c", code]
    with subprocess.Popen(
        command, stdout=terminal.stream, stderr=terminal.stream, start_new_session=True
    ) as process:
        until(terminal, "half an ans")
        process.send_signal(signal.SIGINT)
        process.wait()
    drawn = terminal.close()
    assert drawn.rindex(SHOW) > drawn.rindex(HIDE)
    assert "half an ans\n" in drawn


def test_a_reader_that_has_gone_is_no_error() -> None:
    """When stdout is a closed pipe the run goes on and nothing is raised, then or at the end."""
    read, write = os.pipe()
    os.close(read)
    err = io.StringIO()
    with os.fdopen(write, "w") as out, Progress(stdout=out, stderr=err) as progress:
        progress.answer_text("one")
        progress.answer_text("two")
        progress.finish_answer("onetwo")
        progress.summarize(result(answer="onetwo", warnings=["still said"]))
    assert err.getvalue() == "warning: still said\n"


def test_a_closed_stderr_is_no_error() -> None:
    """When stderr is a closed pipe the answer is still written."""
    read, write = os.pipe()
    os.close(read)
    out = io.StringIO()
    with (
        os.fdopen(write, "w") as err,
        Progress(verbose=True, stdout=out, stderr=err) as progress,
    ):
        do(progress, "frame")
        progress.answer_text("Yes.")
        progress.finish_answer("Yes.")
        progress.summarize(result(answer="Yes."))
    assert out.getvalue() == "Yes.\n"


def test_a_failing_stdout_is_reported_once_the_run_has_ended(tmp_path: Path) -> None:
    """Streaming does not raise, nor does a failing stderr; the end does, with the reason."""
    (tmp_path / "closed").touch()

    def unwritable() -> TextIO:
        return os.fdopen(os.open(tmp_path / "closed", os.O_RDONLY), "w")

    with unwritable() as out, unwritable() as err:
        with Progress(verbose=True, stdout=out, stderr=err) as progress:
            do(progress, "frame")
            progress.answer_text("Yes.")
        with pytest.raises(UsageError, match="answer cannot be written to stdout: Bad file"):
            progress.finish_answer("Yes.")


def test_a_narrow_encoding_replaces_what_it_lacks() -> None:
    """On an ASCII stdout, and for lone surrogates, a question mark stands in."""
    buffer = io.BytesIO()
    out = io.TextIOWrapper(buffer, encoding="ascii")
    with Progress(stdout=out, stderr=io.StringIO()) as progress:
        progress.answer_text("naïve \ud800 é")
        progress.finish_answer("")
    assert buffer.getvalue() == b"na?ve ? ?\n"
