"""Where a result goes: the answer to stdout or a file, everything else to stderr."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

import click

from llm_reasonkit.cli.progress import Progress
from llm_reasonkit.errors import UsageError
from llm_reasonkit.reasoning.result import Result
from llm_reasonkit.render import figures
from llm_reasonkit.render.result_json import to_json


@dataclass(frozen=True, slots=True)
class Output:
    """What the user wants to see, and where. Raises UsageError for a file that is in the way."""

    as_json: bool
    output: Path | None
    force: bool
    quiet: bool
    verbose: bool
    usage: bool
    no_stream: bool

    def __post_init__(self) -> None:
        if self.output is None:
            return
        if self.output.exists() and not self.force:
            raise UsageError(f"{self.output} exists already; --force overwrites it")
        if not os.access(self.output.parent, os.W_OK):
            raise UsageError(f"{self.output.parent} is no folder that can be written to")

    def progress(self) -> Progress:
        """Return what watches the run."""
        answer_later = self.as_json or self.output is not None
        return Progress(
            quiet=self.quiet, verbose=self.verbose, stream=not (self.no_stream or answer_later)
        )

    def show(self, result: Result, progress: Progress, short_id: str | None) -> None:
        """Write the answer, or the whole result as JSON, and the closing summary."""
        text = to_json(result) if self.as_json else result.answer
        if self.output is None:
            progress.finish_answer(text)
        elif text is not None:
            write_atomically(self.output, text.rstrip("\n") + "\n")
        progress.summarize(result, short_id)
        if self.usage:
            cost = figures.cost_by_source(
                result.cost, [step.cost for step in result.steps if step.cost]
            )
            line = f"Token usage: {figures.all_tokens(result.tokens)}, {cost}"
            click.secho(line, fg="yellow", bold=True, err=True)


def write_atomically(path: Path, text: str) -> None:
    """Write a whole file or none; raises UsageError where that is not possible."""
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink()
            raise
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from error
