"""Errors: one line for a person each, with the exit code that the command ends with."""

from __future__ import annotations

import pytest

from llm_reasonkit.errors import (
    CallError,
    ConfigError,
    Interrupted,
    LimitError,
    MissingKeyError,
    Problem,
    ProtocolError,
    ReasonkitError,
    StoreError,
    UsageError,
)


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (ReasonkitError, 1),
        (UsageError, 2),
        (MissingKeyError, 2),
        (ProtocolError, 2),
        (ConfigError, 2),
        (StoreError, 2),
        (LimitError, 3),
        (CallError, 5),
        (Interrupted, 130),
    ],
)
def test_each_kind_has_its_exit_code(kind: type[ReasonkitError], code: int):
    """The documented exit codes hold for each kind of error."""
    assert kind.exit_code == code


def test_problems_of_a_file_are_a_line_each():
    """File, line where it is known, and message, in the form editors jump to."""
    error = ProtocolError("mine.yaml", [Problem("bad", 3), Problem("not a text file")])
    assert str(error) == "mine.yaml:3: bad\nmine.yaml: not a text file"


def test_a_call_error_says_what_a_program_needs():
    """Without further word a failed call may have been billed and left no text."""
    error = CallError("gone")
    assert (str(error), error.code, error.billed, error.partial) == (
        "gone",
        "unavailable",
        True,
        "",
    )
    assert (error.model, error.status, error.request_id, error.retry_after) == (None,) * 4


def test_an_interrupted_run_carries_its_result():
    """It is a KeyboardInterrupt, so that no `except Exception` swallows Ctrl-C."""
    assert issubclass(Interrupted, KeyboardInterrupt)
    assert not issubclass(Interrupted, Exception)
    assert Interrupted(None).result is None
