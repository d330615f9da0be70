"""So many requests a minute for one account, held across all processes of this user."""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

import llm

from llm_reasonkit.errors import UsageError

if TYPE_CHECKING:
    from pyrate_limiter import Limiter

FILE_NAME = "rate-limits.db"
# A second more than a minute: a request reaches the server some time after it was allowed, and
# the first of a process later than those that find its connection open.
_MINUTE_MS = 61_000
_SQLITE = b"SQLite format 3\0"


class RateLimit:
    """Lets at most `per_minute` requests of one account pass in any minute.

    provider, key: tell accounts apart; of the key only a hash is kept. Nothing is opened before
    the first request.
    """

    def __init__(self, provider: str, key: str | None, per_minute: int) -> None:
        account = f"{provider}\0{key or ''}".encode()
        self._table = f"requests_{hashlib.sha256(account).hexdigest()[:16]}"
        self._per_minute = per_minute
        self._path: Path = llm.user_dir() / "reasonkit" / FILE_NAME
        self._limiter: Limiter | None = None

    async def wait(self) -> None:
        """Wait for one request's turn; may be cancelled.

        Raises UsageError where the requests of other processes cannot be counted.
        """
        try:
            if self._limiter is None:
                self._limiter = self._open()
            await self._limiter.try_acquire_async(self._table)
        # The file may be missing, locked, full, or no database at all.
        except Exception as error:
            why = getattr(error, "strerror", None) or error
            raise UsageError(
                f"requests_per_minute cannot be held, for {self._path} cannot be used: {why}"
            ) from error

    def close(self) -> None:
        """Close the file."""
        limiter, self._limiter = self._limiter, None
        if limiter is not None:
            limiter.close()

    def _open(self) -> Limiter:
        # Too slow to import for those who set no limit.
        from pyrate_limiter import Limiter, Rate, SingleBucketFactory, SQLiteBucket

        self._path.parent.mkdir(exist_ok=True)
        for path in (self._path, self._path.with_name(f"{FILE_NAME}.lock")):
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        with self._path.open("rb") as file:
            # The library would find out, too, but leave the file open.
            if file.read(len(_SQLITE)) not in (b"", _SQLITE):
                raise ValueError("it is no SQLite database; move it away")
        bucket = SQLiteBucket.init_from_file(
            [Rate(self._per_minute, _MINUTE_MS)],
            table=self._table,
            db_path=str(self._path),
            use_file_lock=True,
        )
        bucket.leak(time.time_ns() // 1_000_000)
        return Limiter(SingleBucketFactory(bucket, schedule_leak=False))
