"""Calls to OpenRouter, repeated where a repetition can help."""

from __future__ import annotations

import asyncio
import functools
import json
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from typing import Any
from weakref import WeakKeyDictionary

import httpx
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception,
    stop_after_attempt,
    stop_before_delay,
    wait_exponential,
    wait_random,
)

from llm_reasonkit.errors import CallError
from llm_reasonkit.openrouter import failures
from llm_reasonkit.openrouter.client.connections import Connections
from llm_reasonkit.openrouter.client.exchange import Exchange, bearer, chat_request
from llm_reasonkit.openrouter.settings import ClientSettings
from llm_reasonkit.openrouter.wire import Event, parse_json

OnRetry = Callable[[int, float, str], None]

_LONGEST_PAUSE = 60


class Client:
    """Talks to one OpenRouter server from one event loop.

    Close it with `aclose`, or use it as an asynchronous context manager.
    """

    def __init__(self, settings: ClientSettings) -> None:
        self.settings = settings
        self._connections = Connections(settings)

    async def __aenter__(self) -> Client:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close all connections."""
        await self._connections.aclose()

    async def stream(
        self, body: Mapping[str, Any], *, key: str, on_retry: OnRetry | None = None
    ) -> AsyncGenerator[Event, None]:
        """Send a chat request and yield the reply's events, the receipt last.

        Works the same for `stream` true and false in `body`. `on_retry` hears of each retry:
        attempts made so far, seconds until the next, code of the failure. When a reply fails
        after it began, its receipt still comes before the error.

        Raises CallError when there is no complete reply.
        """
        content = json.dumps(body, ensure_ascii=False).encode()
        request = functools.partial(chat_request, content, bearer(key))
        tries: list[Exchange] = []
        failure: CallError | None = None
        try:
            silent = not body.get("stream")
            await self._repeat(request, str(body.get("model")), tries, on_retry, silent=silent)
            while events := await tries[-1].arrived():
                for event in events:
                    yield event
            failure = tries[-1].reader.failure
        except CallError as error:
            failure = error
        finally:
            if tries:
                await tries[-1].aclose()
        if any(try_.has_begun for try_ in tries):
            earlier = tuple(attempt for try_ in tries[:-1] if (attempt := try_.attempt()))
            yield tries[-1].reader.receipt(earlier)
        if failure:
            raise _without_key(failure, key)

    async def get_json(self, path: str, *, key: str | None = None) -> object:
        """Fetch `path` under the base URL and decode it, money as Decimal.

        Raises CallError when there is no usable reply.
        """
        headers = {"Authorization": bearer(key)} if key else {}
        tries: list[Exchange] = []

        def request(http: httpx.AsyncClient) -> httpx.Request:
            return http.build_request("GET", path.lstrip("/"), headers=headers)

        try:
            await self._repeat(request, path, tries, None)
            return parse_json(tries[-1].body)
        except ValueError:
            raise failures.unreadable(tries[-1].body, path) from None
        except CallError as error:
            raise _without_key(error, key) from None
        finally:
            await tries[-1].aclose()

    async def _repeat(
        self,
        request: Callable[[httpx.AsyncClient], httpx.Request],
        subject: str,
        tries: list[Exchange],
        on_retry: OnRetry | None,
        *,
        silent: bool = False,
    ) -> None:
        """Try until a reply has begun, adding each exchange to `tries`; the last stays open."""
        deadline = time.monotonic() + self.settings.total_timeout

        async def attempt() -> None:
            exchange = Exchange(self._connections.free_pool(), subject, deadline, self.settings)
            tries.append(exchange)
            try:
                await exchange.begin(request(exchange.http), silent=silent)
            except BaseException:
                await exchange.aclose()
                raise

        def may_retry(error: BaseException) -> bool:
            empties = sum(failures.is_empty(try_.reader.failure) for try_ in tries)
            return failures.is_retryable(error) and empties <= failures.MAX_EMPTY_RETRIES

        def before_sleep(state: RetryCallState) -> None:
            error = state.outcome and state.outcome.exception()
            if on_retry and isinstance(error, CallError):
                on_retry(state.attempt_number, state.upcoming_sleep, error.code)

        await AsyncRetrying(
            retry=retry_if_exception(may_retry),
            stop=stop_after_attempt(1 + self.settings.retry_attempts)
            | stop_before_delay(self.settings.total_timeout),
            wait=functools.partial(_pause, self.settings.retry_delay_ms / 1000),
            before_sleep=before_sleep,
            reraise=True,
        )(attempt)


def _pause(first: float, state: RetryCallState) -> float:
    """Return the seconds until the next try: the server's word, else ever longer ones."""
    error = state.outcome and state.outcome.exception()
    if isinstance(error, CallError) and error.retry_after is not None:
        return error.retry_after
    growing = wait_exponential(multiplier=first, exp_base=1.5, max=_LONGEST_PAUSE)
    # Many calls that failed together should not come back together.
    return (growing + wait_random(0, first / 2))(state)


def _without_key(error: CallError, key: str | None) -> CallError:
    if key and len(key.strip()) > 4:
        error.args = (str(error).replace(key.strip(), f"…{key.strip()[-4:]}"),)
    return error


_Clients = dict[ClientSettings, tuple[Client, AsyncGenerator[None, None]]]
_clients_of_loops: WeakKeyDictionary[asyncio.AbstractEventLoop, _Clients] = WeakKeyDictionary()


async def client_of_running_loop(settings: ClientSettings) -> Client:
    """Return the client that the running event loop shares, which is closed along with it."""
    clients = _clients_of_loops.setdefault(asyncio.get_running_loop(), {})
    if settings not in clients:
        client = Client(settings)
        # A loop closes the asynchronous generators it has seen when it is shut down; that is
        # the one moment at which the connections can be closed without anyone's help.
        keeper = _keep(client, clients)
        clients[settings] = (client, keeper)
        await anext(keeper)
    return clients[settings][0]


async def _keep(client: Client, clients: _Clients) -> AsyncGenerator[None, None]:
    async with aclosing(client):
        try:
            yield
        finally:
            clients.pop(client.settings, None)
