"""A run as it goes on: its steps on stderr, its answer on stdout.

Steps show only where stderr is a terminal, or with `--verbose`. While the answer is written
nothing else is: what ends in the meantime is shown after it. On a terminal the
answer is sanitised; a file or pipe gets the exact text.
"""

from __future__ import annotations

import os
import re
import sys
import time
from dataclasses import dataclass, field
from typing import IO, Self, TextIO

from rich.console import Console, RenderableType
from rich.live import Live
from rich.text import Text

from llm_reasonkit.errors import UsageError
from llm_reasonkit.reasoning.result import Agreement, CheckItem, Result, StepResult
from llm_reasonkit.render import figures
from llm_reasonkit.render.panel import positions
from llm_reasonkit.render.run_page import step_output
from llm_reasonkit.render.sanitize import StreamCleaner, one_line
from llm_reasonkit.render.terminal import (
    ROOM_FOR_COLUMNS,
    group_line,
    plain,
    step_cells,
    step_grid,
    step_line,
    summary,
)

_ITEM = re.compile(r"(.+)\[\d+\]")
_TAIL_KEPT, _TAIL_SHOWN = 200, 30
_FRAMES_PER_SECOND = 8
_SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"


@dataclass(slots=True)
class _Activity:
    """A step under way, or all items of a for_each step together.

    started: the model of each item. writing: the end of what each item under way has written, the
    one that began first comes first.
    """

    label: str
    model: str
    is_group: bool
    began: float = field(default_factory=time.monotonic)
    ended: float = 0.0
    started: dict[str, str] = field(default_factory=dict)
    writing: dict[str, str] = field(default_factory=dict)
    records: list[StepResult] = field(default_factory=list)

    def cells(self, width: int) -> tuple[Text, ...]:
        """The line of this activity in the live area."""
        mark = Text(_SPINNER[int(time.monotonic() * _FRAMES_PER_SECOND) % len(_SPINNER)], "cyan")
        ended = len(self.started) - len(self.writing)
        label = f"{self.label} {ended}/{len(self.started)}" if self.is_group else self.label
        elapsed = figures.duration(round((time.monotonic() - self.began) * 1000))
        # One of them: pieces of several replies would make no sense together.
        item, written = next(iter(self.writing.copy().items()), ("", ""))
        model = self.started.get(item) or self.model
        tail = one_line(written)[-_TAIL_SHOWN:] if width >= ROOM_FOR_COLUMNS else ""
        return *step_cells(mark, label, model, elapsed, width), Text(tail, "dim italic")


class Progress:
    """Shows a run while it goes on; an `engine.ports.Observer`, to be used as a context manager.

    quiet: only the answer. verbose: the full output of every step, also where stderr is a file.
    stream: write the answer as it arrives; else not before `finish_answer`.
    """

    def __init__(
        self,
        *,
        quiet: bool = False,
        verbose: bool = False,
        stream: bool = True,
        stdout: TextIO | None = None,
        stderr: TextIO | None = None,
    ) -> None:
        self._stdout = stdout or sys.stdout
        stderr = stderr or sys.stderr
        self._watched = stderr.isatty() and not quiet
        self._talks = self._watched or (verbose and not quiet)
        self._quiet, self._verbose, self._stream = quiet, verbose, stream
        # rich would take FORCE_COLOR for a terminal, and write its cursor moves into a file.
        self._console = _Stderr(
            file=stderr, force_terminal=self._watched, highlight=False, emoji=False, markup=False
        )
        self._live: Live | None = None
        self._activities: dict[str, _Activity] = {}
        self._postponed: list[RenderableType] = []
        self._cleaner = StreamCleaner() if self._stdout.isatty() else None
        self._answering = self._answered = False
        self._ends_line = True
        self._stdout_error: OSError | None = None

    def __enter__(self) -> Self:
        if self._watched:
            self._live = Live(
                get_renderable=self._live_area,
                console=self._console,
                refresh_per_second=_FRAMES_PER_SECOND,
                transient=True,
                redirect_stdout=False,
                redirect_stderr=False,
            )
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end_answer()
        self._show_groups(everything=True)
        self._stop_live()

    def step_started(self, step_id: str, model: str | None) -> None:
        """Show that a step, or one item of one, has started."""
        key, is_group = _key(step_id)
        activity = self._activities.get(key)
        if activity is None:
            # An item cannot tell how many follow it; that a step of another name starts, can.
            self._show_groups()
            activity = _Activity(key, model or "", is_group)
            self._activities[key] = activity
        activity.started[step_id] = model or ""
        activity.writing[step_id] = ""

    def step_text(self, step_id: str, text: str) -> None:
        """Show the end of what a running step has written."""
        activity = self._activities.get(_key(step_id)[0])
        if activity is not None and step_id in activity.writing:
            written = activity.writing[step_id] + text[-_TAIL_KEPT:]
            activity.writing[step_id] = written[-_TAIL_KEPT:]

    def step_finished(self, step: StepResult, checks: list[CheckItem]) -> None:
        """Show how a step came out; items of one step are shown together at its end."""
        key, is_group = _key(step.id)
        activity = self._activities.get(key)
        if activity is not None:
            activity.writing.pop(step.id, None)
            activity.records.append(step)
            activity.ended = time.monotonic()
        if is_group and activity is not None and not self._verbose:
            return
        if not is_group:
            self._activities.pop(key, None)
        self._print(step_line(step, checks))
        was_the_answer = self._answering and isinstance(step.output, str)
        if self._verbose and step.output is not None and not was_the_answer:
            self._print(step_output(step, full=True))

    def make_room(self) -> None:
        """End the live area, as something else is written to the terminal now."""
        self._show_groups(everything=True)
        self._stop_live()

    def answer_text(self, text: str) -> None:
        """Write a piece of the answer to stdout."""
        if text and self._stream:
            self._write_answer(text)

    def finish_answer(self, answer: str | None) -> None:
        """End the answer on stdout: write it if it was not streamed, and end its line.

        Raises UsageError where stdout cannot take it; a reader that has gone is no error.
        """
        if answer and not self._answered:
            self._write_answer(answer)
        self._end_answer()
        error = self._stdout_error
        if error is not None and not isinstance(error, BrokenPipeError):
            raise UsageError(f"the answer cannot be written to stdout: {error.strerror}") from error

    def warn(self, message: str) -> None:
        """Show a warning on stderr, wherever that leads, but not with `quiet`."""
        if not self._quiet:
            self._show(plain(f"warning: {one_line(message)}", "yellow"))

    def summarize(self, result: Result, short_id: str | None = None, error: str = "") -> None:
        """Show the closing summary; where steps do not show, only the warnings of the run.

        Of a run that failed or was stopped they would only say again what the error says; so
        would a warning that is the `error` to come.
        """
        self.make_room()
        if self._talks:
            self._show(Text())
            self._show(summary(result, short_id))
        elif result.status not in ("failed", "stopped_by_budget"):
            if result.agreement is not None and not self._quiet:
                self._show_agreement(result, result.agreement)
            for message in result.warnings:
                if message != error:
                    self.warn(message)

    def _show_agreement(self, result: Result, agreement: Agreement) -> None:
        if result.status == "done":
            self._show(plain(figures.agreement(agreement)))
        label = "position" if result.status == "tie" else "dissent"
        for position in positions(result):
            self._show(plain(f"{label}: {position}"))

    def _print(self, renderable: RenderableType) -> None:
        if self._talks:
            self._show(renderable)

    def _show(self, renderable: RenderableType) -> None:
        if self._answering:
            self._postponed.append(renderable)
        else:
            try:
                self._console.print(renderable, soft_wrap=not self._watched)
            except OSError:
                self._console.on_broken_pipe()

    def _show_groups(self, *, everything: bool = False) -> None:
        """Show the groups of items that have ended; `everything`: whatever has an end to show."""
        for key, activity in list(self._activities.items()):
            if activity.writing and not everything:
                continue
            del self._activities[key]
            if activity.is_group and activity.records and not self._verbose:
                ms = round((activity.ended - activity.began) * 1000)
                self._print(group_line(activity.label, activity.records, ms))

    def _live_area(self) -> RenderableType:
        width = self._console.width
        lines = step_grid(width)
        lines.add_column(no_wrap=True)
        # Copied, as this runs in the thread that draws.
        for activity in list(self._activities.values()):
            lines.add_row(*activity.cells(width))
        return lines

    def _stop_live(self) -> None:
        live, self._live = self._live, None
        if live is not None:
            live.stop()

    def _write_answer(self, text: str) -> None:
        if not self._answering:
            self._show_groups()
            # Also where stdout is a pipe: whoever reads it may write to this terminal.
            self._stop_live()
            if self._watched:
                self._console.print()
            self._answering = self._answered = True
        self._write(self._cleaner.feed(text) if self._cleaner else text)

    def _end_answer(self) -> None:
        if not self._answering:
            return
        if self._cleaner is not None:
            self._write(self._cleaner.close())
        if not self._ends_line:
            self._write("\n")
        self._answering = False
        postponed, self._postponed = self._postponed, []
        for renderable in [Text(), *postponed] if postponed else []:
            self._show(renderable)

    def _write(self, text: str) -> None:
        if not text or self._stdout_error is not None:
            return
        self._ends_line = text.endswith("\n")
        try:
            self._stdout.write(_encodable(text, self._stdout))
            self._stdout.flush()
        except OSError as error:
            # The run goes on, as it is paid for and recorded.
            self._stdout_error = error
            _discard(self._stdout)


class _Stderr(Console):
    """Goes silent when stderr cannot be written any more; rich would end the process."""

    def on_broken_pipe(self) -> None:
        self.quiet = True
        _discard(self.file)


def _key(step_id: str) -> tuple[str, bool]:
    """The name an activity goes by, and whether it is one of the items of a for_each step."""
    item = _ITEM.fullmatch(step_id)
    return (item[1], True) if item else (step_id, False)


def _encodable(text: str, stream: TextIO) -> str:
    """Replace what the encoding of a stream cannot express."""
    encoding = stream.encoding or "utf-8"
    return text.encode(encoding, "replace").decode(encoding)


def _discard(stream: IO[str]) -> None:
    """Lead a stream nowhere, or Python would complain once more when it ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
