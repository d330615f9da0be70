"""How fast requests may be started: as they come, until the server asks to slow down."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from llm_reasonkit.errors import CallError
from llm_reasonkit.openrouter import failures
from llm_reasonkit.rate_limit import RateLimit


class Pace:
    """The pace of the requests that share a limit of the server's.

    Told to slow down, it lets none start before the time that the server named, and then half as
    many at once as before. Each start that goes well makes room for one more.

    is_shared: the limit is the key's, not that of one model.
    """

    def __init__(self, *, is_shared: bool) -> None:
        self._is_shared = is_shared
        self._at_once = math.inf
        self._starting = 0
        self._pause_until = 0.0
        self._slowed = 0.0
        self._changed = asyncio.Event()

    @property
    def pause(self) -> float:
        """Seconds before which nobody may start."""
        return self._pause_until - time.monotonic()

    @property
    def is_full(self) -> bool:
        """Whether as many are starting as may."""
        return self._starting >= self._at_once

    def enter(self) -> None:
        """Count one more that starts."""
        self._starting += 1

    def leave(self) -> None:
        """Count one less, and let the next one look."""
        self._starting -= 1
        self._changed.set()
        self._changed.clear()

    async def change(self) -> None:
        """Wait until somebody leaves."""
        await self._changed.wait()

    def speed_up(self) -> None:
        """Note that a start went well."""
        self._at_once += 1

    def slow_down(self, error: CallError, began: float) -> None:
        """Note how a start failed that was made at `began`."""
        if not failures.slows_down(error) or error.is_shared != self._is_shared:
            return
        now = time.monotonic()
        self._pause_until = max(self._pause_until, now + (error.retry_after or 0))
        # Requests that were under way together fail together: that counts once.
        if began >= self._slowed:
            self._at_once = max(1, min(self._starting, self._at_once) // 2)
            self._slowed = now


@asynccontextmanager
async def turn(paces: Sequence[Pace], limit: RateLimit | None) -> AsyncIterator[None]:
    """Wait for a turn and hold it while a request is started; how that goes sets the pace."""
    await _enter(paces, limit)
    began = time.monotonic()
    try:
        yield
    except CallError as error:
        for pace in paces:
            pace.slow_down(error, began)
        raise
    else:
        for pace in paces:
            pace.speed_up()
    finally:
        for pace in paces:
            pace.leave()


async def _enter(paces: Sequence[Pace], limit: RateLimit | None) -> None:
    while True:
        await _until_free(paces)
        for pace in paces:
            pace.enter()
        try:
            if limit is not None:
                await limit.wait()
            if all(pace.pause <= 0 for pace in paces):
                return
        except BaseException:
            for pace in paces:
                pace.leave()
            raise
        # Told to slow down meanwhile: a turn of the limit's taken now would come too late.
        for pace in paces:
            pace.leave()


async def _until_free(paces: Sequence[Pace]) -> None:
    while True:
        pause = max(pace.pause for pace in paces)
        full = next((pace for pace in paces if pace.is_full), None)
        if pause > 0:
            await asyncio.sleep(pause)
        elif full is not None:
            await full.change()
        else:
            return
