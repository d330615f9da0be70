"""Where a result goes: the answer to stdout or a file, everything else to stderr."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from llm_reasonkit.cli.progress import Progress
from llm_reasonkit.cli.screen import show
from llm_reasonkit.errors import UsageError
from llm_reasonkit.reasoning.result import Result, shortfall
from llm_reasonkit.render import figures
from llm_reasonkit.render.document import Form, document
from llm_reasonkit.render.panel import is_side_by_side
from llm_reasonkit.render.side_by_side import SideBySide

if TYPE_CHECKING:
    from llm_reasonkit.render.quotes import Source


@dataclass(frozen=True, slots=True)
class Output:
    """What the user wants to see, and where. Raises UsageError for a file that is in the way."""

    as_json: bool
    form: Form | None
    output: Path | None
    force: bool
    quiet: bool
    verbose: bool
    usage: bool
    no_stream: bool

    def __post_init__(self) -> None:
        if self.as_json and self.form not in (None, "json"):
            raise UsageError(f"--json and --format {self.form} contradict each other")
        if self.output is not None:
            require_writable(self.output, force=self.force)

    @property
    def is_json(self) -> bool:
        """Whether stdout is for a program."""
        return self.as_json or self.form == "json"

    @property
    def is_plain(self) -> bool:
        """Whether stdout is for the answer alone."""
        return not (self.is_json or self.form or self.output)

    def progress(self) -> Progress:
        """Return what watches the run."""
        stream = self.is_plain and not self.no_stream
        return Progress(quiet=self.quiet, verbose=self.verbose, stream=stream)

    def show_members(self, result: Result, progress: Progress) -> None:
        """Show the members' answers side by side where none stands for them: of a comparison, and
        of an open question without a synthesis."""
        if self.is_plain and (result.command == "compare" or is_side_by_side(result)):
            progress.make_room()
            show(SideBySide(result))

    def show(
        self,
        result: Result,
        progress: Progress,
        short_id: str | None,
        sources: Sequence[Source] = (),
        least: float | None = None,
    ) -> None:
        """Write the answer, or the run as a document, and the closing summary.

        least: the confidence that the user asked for; below it an error says so after this.
        A file that cannot be written after all does not cost the answer: it is printed, and
        UsageError says so.
        """
        form: Form | None = "json" if self.is_json else self.form
        text = result.answer if form is None else document(result, form, sources)
        trouble = None
        if self.output is None or text is None:
            progress.finish_answer(text)
        else:
            try:
                write_atomically(self.output, text.rstrip("\n") + "\n")
            except UsageError as error:
                progress.finish_answer(text)
                trouble = error
        too_little = None if least is None else shortfall(result.confidence, least)
        progress.summarize(result, short_id, too_little or "")
        if self.usage:
            cost = figures.cost_by_source(
                result.cost, [step.cost for step in result.steps if step.cost]
            )
            line = f"Token usage: {figures.all_tokens(result.tokens)}, {cost}"
            click.secho(line, fg="yellow", bold=True, err=True)
        if trouble is not None:
            raise UsageError(f"{trouble}; printed instead") from trouble


def require_writable(path: Path, *, force: bool) -> None:
    """Raise UsageError where a file cannot be written, or is there and must not be replaced."""
    if path.exists() and not path.is_file():
        raise UsageError(f"{path} is no ordinary file; without --output, stdout gets the text")
    if path.exists() and not force:
        raise UsageError(f"{path} exists already; --force overwrites it")
    if not os.access(path.resolve().parent, os.W_OK):
        raise UsageError(f"{path.parent} is no folder that can be written to")


def write_atomically(path: Path, text: str) -> None:
    """Write a whole file or none; raises UsageError where that is not possible."""
    # What a link leads to is written, the link stays.
    target = path.resolve()
    try:
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
            Path(name).replace(target)
        except BaseException:
            Path(name).unlink()
            raise
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from error
