"""Lets other processes see that this one still works on a log; no kill leaves it behind."""

from __future__ import annotations

import secrets
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

_PATIENCE = 5.0  # seconds; nobody else knows the name


class Presence:
    """A lock beside the log at `path`, held until `end` or until the process dies.

    name: for `is_at_work`; None where no file can be made beside the log.
    """

    def __init__(self, path: Path) -> None:
        self.name: str | None = f"{path.name}.reasonkit-{secrets.token_hex(8)}.lock"
        _sweep(path)
        self._file = path.with_name(self.name)
        self._lock = FileLock(self._file, thread_local=False)
        try:
            self._lock.acquire(_PATIENCE)
        except (OSError, Timeout):
            self.name = None

    def end(self) -> None:
        """Give the lock back."""
        with suppress(OSError):
            self._file.unlink(missing_ok=True)
        self._lock.release()


def is_at_work(path: Path, name: str | None) -> bool:
    """Tell whether the process whose presence at a log has this name is still there."""
    file = None if name is None else path.with_name(name)
    if file is None or not file.exists():
        return False
    try:
        with FileLock(file, blocking=False):
            return False
    # Where it cannot be found out, it may be.
    except (OSError, Timeout):
        return True


def _sweep(path: Path) -> None:
    """Remove the files of processes that were killed."""
    for file in path.parent.glob(f"{path.name}.reasonkit-*.lock"):
        with suppress(OSError, Timeout), FileLock(file, blocking=False):
            file.unlink()
