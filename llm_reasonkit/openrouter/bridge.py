"""An asynchronous stream for synchronous callers, whether or not they run an event loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing, suppress
from queue import SimpleQueue
from typing import TypeVar

T = TypeVar("T")


class _End:
    """Marks the end of the stream, with the error that ended it."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.error = error


def iterate(stream: AsyncGenerator[T, None]) -> Iterator[T]:
    """Yield what `stream` yields, running it on an event loop in a thread of its own.

    Whatever ends the iteration (the end, an error, Ctrl-C, closing the generator) has ended
    the thread too when it returns.
    """
    inbox: SimpleQueue[T | _End] = SimpleQueue()
    loop = asyncio.new_event_loop()

    async def pump() -> None:
        async with aclosing(stream):
            async for item in stream:
                inbox.put(item)

    def run() -> None:
        error: BaseException | None = None
        try:
            with asyncio.Runner(loop_factory=lambda: loop) as runner:
                runner.run(pump())
        except BaseException as raised:  # noqa: BLE001 - raised again in the caller's thread
            error = raised
        inbox.put(_End(error))

    def cancel() -> None:
        for task in asyncio.all_tasks(loop):
            task.cancel()

    # A daemon, so that a caller who never closes the generator can still end the process.
    thread = threading.Thread(target=run, name="openrouter-stream", daemon=True)
    thread.start()
    try:
        while not isinstance(item := inbox.get(), _End):
            yield item
        if item.error:
            raise item.error
    finally:
        # The loop is closed already when the stream came to its end by itself.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(cancel)
        thread.join()
