"""One HTTP request and its reply, with its timeouts; httpx's errors end here."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from decimal import Decimal

import httpx

from llm_reasonkit.errors import CallError
from llm_reasonkit.openrouter import failures
from llm_reasonkit.openrouter.client.connections import Pool
from llm_reasonkit.openrouter.events import Attempt, Event, joined
from llm_reasonkit.openrouter.settings import ClientSettings
from llm_reasonkit.openrouter.wire import Reader

_DRAIN_SECONDS = 1.0
# After these nothing has reached OpenRouter.
_UNSENT = httpx.ConnectError | httpx.ConnectTimeout | httpx.ProxyError


class Exchange:
    """One request and its reply. It holds a place in its pool until it is closed.

    A stream is read by a task of its own, so that all that has arrived is handed on at once:
    a burst of a hundred pieces is then one piece of work for everyone behind this.
    """

    def __init__(self, pool: Pool, subject: str, deadline: float, settings: ClientSettings) -> None:
        self.reader = Reader(subject)
        self.body = b""
        self.has_begun = False
        self._subject = subject
        self._deadline = deadline
        self._settings = settings
        self._arrived: list[Event] = []
        self._news = asyncio.Event()
        self._reading: asyncio.Task[None] | None = None
        self._response: httpx.Response | None = None
        self._pool: Pool | None = pool
        pool.in_use += 1

    @property
    def pool(self) -> Pool:
        """The connections of which this exchange uses one."""
        assert self._pool is not None  # noqa: S101 - only a closed exchange has none
        return self._pool

    async def aclose(self) -> None:
        """Let go of the connection; it can be used again if the reply was read to its end."""
        pool, self._pool = self._pool, None
        if pool is None:
            return
        try:
            if self._reading and not self._reading.done():
                self._reading.cancel()
                await asyncio.gather(self._reading, return_exceptions=True)
            if self._response:
                await self._response.aclose()
        finally:
            pool.in_use -= 1

    async def begin(self, request: httpx.Request, *, silent: bool) -> None:
        """Send `request` and wait until its answer has begun.

        silent: nothing is to be expected until the reply is whole. What is not a chat is then
        in `body`. Raises CallError when the reply is over without an answer.
        """
        if not silent:
            request.extensions["timeout"]["read"] = self._settings.idle_timeout
        try:
            response = await self._open(request)
        except CallError as error:
            self.reader.fail(error)
            raise
        if _is_stream(response):
            pieces = _pieces(response)
            # The first word does not wait for a task to begin, nor for what came along with it.
            await self._read(pieces, to_output=True)
            self._reading = asyncio.create_task(self._read_to_end(pieces))
            while not self.reader.has_output and not self._reading.done():
                await self._wait()
        elif request.method == "POST":
            self._read_body()
        if self.reader.failure and not self.reader.has_output:
            raise self.reader.failure

    async def _open(self, request: httpx.Request) -> httpx.Response:
        """Send `request`; return the response, its body read unless it is a stream."""
        with self._explained():
            async with self._time_left():
                response = self._response = await self.pool.send(request)
                if response.status_code != 200:
                    raise await self._refusal(response)
                self.has_begun = True
                self.reader.id = response.headers.get("X-Generation-Id")
                if not _is_stream(response):
                    self.body = await response.aread()
        return response

    async def arrived(self) -> list[Event]:
        """Wait for events and return all there are; none means that the reply is over.

        Afterwards `reader.failure` tells how it ended.
        """
        while not self._arrived and self._reading and not self._reading.done():
            await self._wait()
        events, self._arrived = self._arrived, []
        return joined(events)

    def attempt(self) -> Attempt | None:
        """Sum up a try that failed or was given up; None for one that certainly costs nothing."""
        failure = self.reader.failure
        if failure and not (self.has_begun or failure.billed):
            return None
        usage = self.reader.receipt().usage
        cost = usage.cost if usage else None
        if failure is None:
            return Attempt("cancelled", self.reader.id, cost)
        if cost is None and not failure.billed:
            cost = Decimal(0)
        return Attempt(failure.code, failure.request_id, cost)

    async def _refusal(self, response: httpx.Response) -> CallError:
        # The status says enough if its explanation breaks off.
        with suppress(httpx.HTTPError):
            self.body = await response.aread()
        return failures.from_response(
            response.status_code, response.headers, self.body, self._subject, time.time()
        )

    async def _read_to_end(self, pieces: AsyncIterator[bytes]) -> None:
        try:
            await self._read(pieces)
            if self.reader.done:
                await _drain(pieces)
        finally:
            self._arrived += self.reader.close()
            self._news.set()

    async def _read(self, pieces: AsyncIterator[bytes], *, to_output: bool = False) -> None:
        """Read to the end, or to the first output; network errors go to `reader.failure`."""
        reader = self.reader
        try:
            with self._explained():
                async with self._time_left():
                    while not reader.is_over and not (to_output and reader.has_output):
                        data = await anext(pieces)
                        if events := reader.feed(data):
                            self._arrived += events
                            self._news.set()
        except StopAsyncIteration:
            pass
        except CallError as error:
            reader.break_off(error)

    async def _wait(self) -> None:
        self._news.clear()
        await self._news.wait()

    def _time_left(self) -> asyncio.Timeout:
        return asyncio.timeout(self._deadline - time.monotonic())

    def _read_body(self) -> None:
        # Proxies sometimes relabel an event stream.
        if self.body.lstrip().startswith((b"data:", b":", b"event:")):
            self._arrived += self.reader.feed(self.body)
        else:
            self._arrived += self.reader.read_body(self.body)
        self._arrived += self.reader.close()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Translate the network's errors, which is done nowhere else."""
        total, idle = self._settings.total_timeout, self._settings.idle_timeout
        try:
            yield
        except TimeoutError:
            raise failures.timed_out("no complete reply came", total, self._subject) from None
        except httpx.ReadTimeout:
            raise failures.timed_out("nothing came", idle, self._subject) from None
        except httpx.HTTPError as error:
            failure = failures.network(str(error) or type(error).__name__, self._subject)
            failure.billed = not isinstance(error, _UNSENT)
            raise failure from None


def _is_stream(response: httpx.Response) -> bool:
    return "event-stream" in response.headers.get("Content-Type", "")


def _pieces(response: httpx.Response) -> AsyncIterator[bytes]:
    """Return the body as it comes."""
    # httpx's own iterators cost time for each piece and are of use only if the server, in spite
    # of the request, encodes its reply.
    if "Content-Encoding" in response.headers:
        return response.aiter_bytes()
    assert isinstance(response.stream, httpx.AsyncByteStream)  # noqa: S101 (of an AsyncClient)
    return aiter(response.stream)


async def _drain(pieces: AsyncIterator[bytes]) -> None:
    """Read past the end mark, without which the connection cannot be used again."""
    with suppress(TimeoutError, httpx.HTTPError):
        async with asyncio.timeout(_DRAIN_SECONDS):
            async for _ in pieces:
                pass


def bearer(key: str) -> str:
    """Return a key as the header has it. Raises CallError for what no key can be."""
    key = key.strip()
    # httpx would quote the offending header, key and all, in its own error.
    if not key.isascii() or not key.isprintable() or " " in key:
        raise CallError(
            "The OpenRouter key has characters no key has; set it again with"
            " 'llm keys set openrouter'",
            code="auth",
            billed=False,
        )
    return f"Bearer {key}"
