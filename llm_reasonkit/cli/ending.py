"""How a command ends: one line that helps and the documented exit code, never a traceback."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import click

from llm_reasonkit.errors import Interrupted, ReasonkitError
from llm_reasonkit.reasoning.result import Result, RunStatus, shortfall
from llm_reasonkit.render import figures
from llm_reasonkit.render.panel import is_side_by_side
from llm_reasonkit.render.sanitize import sanitize

_P = ParamSpec("_P")
_T = TypeVar("_T")

EXIT_CODES: dict[RunStatus, int] = {
    "done": 0,
    "partial": 0,
    "stopped_by_budget": 3,
    "no_consensus": 4,
    "tie": 4,
    "failed": 5,
    "interrupted": 130,
}

# Of what is no run, but has a budget all the same.
OUT_OF_BUDGET = EXIT_CODES["stopped_by_budget"]

# Below a confidence that the user asked for, whatever else became of the run.
TOO_UNSURE = 4


class Failure(click.ClickException):
    """An error whose exit code says what kind it is."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(sanitize(message))
        self.code = exit_code

    @property
    def exit_code(self) -> int:  # type: ignore[override]
        """What the process ends with; click declares it for the class."""
        return self.code


def ends_cleanly(command: Callable[_P, _T]) -> Callable[_P, _T]:
    """Turn errors into a line on stderr and an exit code.

    With LLM_RAISE_ERRORS set, as in llm, everything is raised as it is.
    """

    @functools.wraps(command)
    def run(*args: _P.args, **kwargs: _P.kwargs) -> _T:
        try:
            return command(*args, **kwargs)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except ReasonkitError as error:
            raise Failure(str(error), error.exit_code) from error
        except Interrupted as stop:
            raise Failure("interrupted", stop.exit_code) from stop
        except BrokenPipeError:
            # Whoever read our output has gone; Python would complain again when it flushes.
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            raise click.exceptions.Exit(1) from None
        except Exception as error:
            if os.environ.get("LLM_RAISE_ERRORS"):
                raise
            text = (
                f"this is a bug of llm-reasonkit: {type(error).__name__}: {error} "
                "(LLM_RAISE_ERRORS=1 shows where)"
            )
            raise Failure(text, 1) from error

    return run


def as_far_as_it_came(run: Callable[[], Result]) -> Result:
    """Carry out a run and return its result, or what there is of it after Ctrl-C."""
    try:
        return run()
    except Interrupted as stop:
        if stop.result is None:
            raise
        return stop.result


def require_success(result: Result, least: float | None = None) -> None:
    """Raise Failure unless a run came to an answer.

    least: the confidence (a share) that the user asked for; with less, or unknown, the run fails.
    """
    if code := EXIT_CODES[result.status]:
        raise Failure(_why(result), code)
    if least is not None and (too_little := shortfall(result.confidence, least)):
        raise Failure(too_little, TOO_UNSURE)


def _why(result: Result) -> str:
    # What is not in the log cannot be gone on with.
    resume = "`llm reasonkit resume` goes on"
    if result.status == "interrupted":
        return f"interrupted; {resume}" if result.trace_id else "interrupted"
    if result.status == "stopped_by_budget":
        stopped = f"stopped: {result.warnings[0]}"
        return f"{stopped}; given more, {resume}" if result.trace_id else stopped
    if result.agreement is not None and result.status in ("no_consensus", "tie"):
        said = "a tie" if result.status == "tie" else "no consensus"
        return f"{said}: {figures.agreement(result.agreement)}"
    reasons = [step.error for step in result.steps if step.status == "failed" and step.error]
    if is_side_by_side(result):
        # The last step that failed, as members may have failed before.
        why = f": {reasons[-1]}" if reasons else ""
        return f"no synthesis came about{why}; the answers stand each for itself"
    return f"no answer: {reasons[0]}" if reasons else "no answer"
