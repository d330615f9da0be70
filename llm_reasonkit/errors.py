"""Every error this package raises on purpose.

ReasonkitError
├── UsageError           exit 2: what the user typed or configured is wrong
│   ├── ProtocolError    a protocol or profile file has mistakes (all of them, with lines)
│   ├── ConfigError      the configuration has mistakes (all of them, with lines)
│   └── MissingKeyError  no key for the provider
├── LimitError           exit 3: a budget or limit ended the work
├── CallError            exit 5: one call to one model failed
└── StoreError           exit 2: the log cannot be read or written

KeyboardInterrupt
└── Interrupted          exit 130: a run was stopped by hand; it carries the result so far

`str(error)` is one line for a person: what is wrong, where, what to do next. It never holds a key.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from llm_reasonkit.reasoning.result import Result


class ReasonkitError(Exception):
    """Root of the tree; `exit_code` is what the command line ends with."""

    exit_code: ClassVar[int] = 1


class UsageError(ReasonkitError):
    """What was typed or configured cannot be carried out."""

    exit_code = 2


class MissingKeyError(UsageError):
    """No key is known for the provider of the model asked for."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake in a file: where it is and what would be right."""

    message: str
    line: int | None = None


class FileProblems(UsageError):
    """A file has mistakes; all of them are reported at once.

    `source` names the file as the user knows it, `problems` are in file order.
    """

    def __init__(self, source: str, problems: list[Problem]) -> None:
        self.source = source
        self.problems = problems
        super().__init__("\n".join(self._row(problem) for problem in problems))

    def _row(self, problem: Problem) -> str:
        place = self.source if problem.line is None else f"{self.source}:{problem.line}"
        return f"{place}: {problem.message}"


class ProtocolError(FileProblems):
    """A protocol or profile file cannot be used."""


class ConfigError(FileProblems):
    """A configuration file cannot be used."""


class LimitError(ReasonkitError):
    """A budget or a limit of the user's was reached."""

    exit_code = 3


class CallError(ReasonkitError):
    """One call to one model failed.

    code: stable word for programs: `auth`, `no_credits`, `rate_limited`, `daily_limit`,
        `bad_request`, `model_not_found`, `moderated`, `network`, `timeout`, `server`,
        `interrupted_stream`, `empty`, `refused`, `unavailable`, `context_exceeded` (the prompt is
        longer than the model can read), `too_long` (the reply ran on past its bound).
    status: HTTP status where there was one. request_id: the provider's id of the generation.
    retry_after: seconds the server asked to wait. billed: False only when it is certain that
        nothing was charged. usd: what was charged all the same, as far as that is known, None where
        nothing is. unknown_tries: how many tries are missing from that.
    partial: text received before the failure. is_shared: the limit that was hit is one of all
        calls with this key, not of one model.
    """

    exit_code = 5

    def __init__(
        self,
        message: str,
        *,
        code: str = "unavailable",
        model: str | None = None,
        status: int | None = None,
        retry_after: float | None = None,
        billed: bool = True,
        partial: str = "",
    ) -> None:
        super().__init__(message)
        self.code = code
        self.model = model
        self.status = status
        self.request_id: str | None = None
        self.retry_after = retry_after
        self.billed = billed
        self.partial = partial
        self.usd: Decimal | None = None
        self.unknown_tries = 0
        self.is_shared = False


class StoreError(ReasonkitError):
    """logs.db or our tables in it cannot be read or written."""

    exit_code = 2


class Interrupted(KeyboardInterrupt):
    """A run was stopped by hand. `result` is what there was, None if it had not begun."""

    exit_code: ClassVar[int] = 130

    def __init__(self, result: Result | None) -> None:
        super().__init__("interrupted")
        self.result = result
