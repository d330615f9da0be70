"""Calls to OpenRouter, repeated where a repetition can help."""

from __future__ import annotations

import asyncio
import functools
import json
import math
import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, aclosing, nullcontext
from typing import Any
from weakref import WeakKeyDictionary

import httpx
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception,
    wait_exponential,
    wait_random,
)

from llm_reasonkit.errors import CallError
from llm_reasonkit.openrouter import failures
from llm_reasonkit.openrouter.billing import may_bill_again
from llm_reasonkit.openrouter.client.connections import Connections, Pool
from llm_reasonkit.openrouter.client.exchange import Exchange, bearer
from llm_reasonkit.openrouter.client.pace import Pace, turn
from llm_reasonkit.openrouter.events import Attempt, Event
from llm_reasonkit.openrouter.ids import PROVIDER
from llm_reasonkit.openrouter.json_values import parse_json
from llm_reasonkit.openrouter.settings import ClientSettings
from llm_reasonkit.rate_limit import RateLimit

OnRetry = Callable[[int, float, str], None]

_LONGEST_PAUSE = 60


class Client:
    """Talks to one OpenRouter server from one event loop.

    Close it with `aclose`, or use it as an asynchronous context manager.
    """

    def __init__(self, settings: ClientSettings) -> None:
        self.settings = settings
        self._connections = Connections(settings)
        self._paces: dict[tuple[str, str | None], Pace] = {}
        self._limits: dict[str, RateLimit] = {}

    async def __aenter__(self) -> Client:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close all connections."""
        for limit in self._limits.values():
            limit.close()
        await self._connections.aclose()

    async def stream(
        self,
        body: Mapping[str, Any],
        *,
        key: str,
        on_retry: OnRetry | None = None,
        tried: list[Attempt] | None = None,
        again: Callable[[], bool] = lambda: True,
    ) -> AsyncGenerator[Event, None]:
        """Send a chat request and yield the reply's events, the receipt last.

        Works the same for `stream` true and false in `body`. `on_retry` hears of each retry:
        attempts made so far, seconds until the next, code of the failure. When a reply fails
        after it began, its receipt still comes before the error. `tried` is given all tries that
        may be billed, also when the call is cancelled and there is no receipt. `again` is asked,
        beside `may_bill_again`, before such a try is repeated.

        Raises CallError when there is no complete reply.
        """
        content = json.dumps(body, ensure_ascii=False).encode()
        request = functools.partial(Pool.chat, content=content, bearer=bearer(key))
        tries: list[Exchange] = []
        failure: CallError | None = None
        try:
            silent = not body.get("stream")
            model = str(body.get("model"))
            turns = self._turns(key, model)
            budgeted = may_bill_again.get()
            await self._repeat(
                request,
                model,
                tries,
                turns,
                on_retry,
                silent=silent,
                again=lambda: again() and budgeted(),
            )
            while events := await tries[-1].arrived():
                for event in events:
                    yield event
            failure = tries[-1].reader.failure
        except CallError as error:
            failure = error
        finally:
            if tried is not None:
                tried += _attempts(tries)
            if tries:
                await tries[-1].aclose()
        earlier = _attempts(tries[:-1])
        if earlier or (tries and tries[-1].has_begun):
            yield tries[-1].reader.receipt(earlier)
        if failure:
            raise _without_key(failure, key)

    async def get_json(self, path: str, *, key: str | None = None) -> object:
        """Fetch `path` under the base URL and decode it, money as Decimal.

        Raises CallError when there is no usable reply.
        """
        request = functools.partial(Pool.get, path=path, bearer=bearer(key) if key else None)
        tries: list[Exchange] = []
        try:
            await self._repeat(request, path, tries, nullcontext)
            return parse_json(tries[-1].body)
        except ValueError:
            raise failures.unreadable(tries[-1].body, path) from None
        except CallError as error:
            raise _without_key(error, key) from None
        finally:
            await tries[-1].aclose()

    def _turns(self, key: str, model: str) -> Callable[[], AbstractAsyncContextManager[None]]:
        """Return what each try of a call waits for: limits of the key, of the model, of ours."""
        paces = [
            self._paces.setdefault((key, name), Pace(is_shared=name is None))
            for name in (None, model)
        ]
        per_minute = self.settings.requests_per_minute
        limit = per_minute and self._limits.setdefault(key, RateLimit(PROVIDER, key, per_minute))
        return functools.partial(turn, paces, limit or None)

    async def _repeat(
        self,
        request: Callable[[Pool], httpx.Request],
        subject: str,
        tries: list[Exchange],
        turn: Callable[[], AbstractAsyncContextManager[None]],
        on_retry: OnRetry | None = None,
        *,
        silent: bool = False,
        again: Callable[[], bool] = lambda: True,
    ) -> None:
        """Try until a reply has begun, adding each exchange to `tries`; the last stays open.

        Each try waits for its `turn`; the time for the call begins with the first. One that may
        be billed is repeated only if `again` says so.
        """
        deadline = math.inf

        async def attempt() -> None:
            nonlocal deadline
            async with turn():
                deadline = min(deadline, time.monotonic() + self.settings.total_timeout)
                exchange = Exchange(self._connections.free_pool(), subject, deadline, self.settings)
                tries.append(exchange)
                try:
                    await exchange.begin(request(exchange.pool), silent=silent)
                except BaseException:
                    await exchange.aclose()
                    raise

        def may_retry(error: BaseException) -> bool:
            empties = sum(failures.is_empty(try_.reader.failure) for try_ in tries)
            if not failures.is_retryable(error) or empties > failures.MAX_EMPTY_RETRIES:
                return False
            return not _may_be_billed(tries[-1]) or again()

        def before_sleep(state: RetryCallState) -> None:
            error = state.outcome and state.outcome.exception()
            if on_retry and isinstance(error, CallError):
                on_retry(state.attempt_number, state.upcoming_sleep, error.code)

        def is_enough(state: RetryCallState) -> bool:
            too_late = time.monotonic() + state.upcoming_sleep >= deadline
            return too_late or state.attempt_number > self.settings.retry_attempts

        await AsyncRetrying(
            retry=retry_if_exception(may_retry),
            stop=is_enough,
            wait=functools.partial(_pause, self.settings.retry_delay_ms / 1000),
            before_sleep=before_sleep,
            reraise=True,
        )(attempt)


def _attempts(tries: Sequence[Exchange]) -> tuple[Attempt, ...]:
    return tuple(attempt for try_ in tries if (attempt := try_.attempt()))


def _may_be_billed(failed: Exchange) -> bool:
    attempt = failed.attempt()
    return attempt is not None and attempt.cost != 0


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
