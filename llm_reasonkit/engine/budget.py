"""The budget of a run: reserved before each call, settled after it, never overspent.

A call is made only when its worst case fits what is left together with every call in flight. One
that does not fit waits for others to settle, then is made smaller, and only then is the limit
reached.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal

from llm_reasonkit.reasoning.limits import Limits, Price
from llm_reasonkit.reasoning.result import Cost, StepStatus, Tokens


class NotAsked(Exception):
    """A call is not made. The message says why; `status` is what its record says."""

    def __init__(self, why: str, status: StepStatus) -> None:
        super().__init__(why)
        self.status = status


class LimitReached(NotAsked):
    """The next call does not fit into what is left; the message says which limit and how much."""

    def __init__(self, why: str) -> None:
        super().__init__(why, "stopped_by_budget")


@dataclass(frozen=True, slots=True)
class Size:
    """How large a call can get, in tokens: its prompt at most, its reply as wanted and at least."""

    prompt: int
    reply: int
    least_reply: int


@dataclass(frozen=True, slots=True)
class Spent:
    """What earlier parts of a run took: USD, tokens, calls, and how many of those were repeats."""

    usd: Decimal = Decimal(0)
    tokens: int = 0
    calls: int = 0
    repeats: int = 0


@dataclass(slots=True)
class Reservation:
    """What a call may use. It counts as spent until `settle` says what was used.

    reply: the bound, in tokens, that this reservation pays for. again: sets the same aside once
    more, for a further try where the one before may be billed; False where it does not fit.
    """

    reply: int
    usd: Decimal
    tokens: int
    again: Callable[[], bool]

    def settle(self, cost: Cost, tokens: Tokens | None = None) -> None:
        """Replace the worst case by what was billed and counted, as far as that is known."""
        if cost.usd is not None and not cost.unknown_calls:
            self.usd = cost.usd
        if tokens is not None and tokens.input is not None and tokens.output is not None:
            self.tokens = tokens.input + tokens.output


class Budget:
    """Holds the limits of one run; every call of the run reserves from the same object.

    planned: the calls that the run makes at most if none is repeated. Of a limit of calls, one is
    kept for the answer, and repeats get what the planned calls leave. spent: before this part.
    """

    def __init__(self, limits: Limits, planned: int = 0, spent: Spent = Spent()) -> None:
        self.limits = limits
        self._planned = planned
        self._calls = spent.calls
        self._repeats = spent.repeats
        self._usd = spent.usd
        self._tokens = spent.tokens
        self._in_flight = 0
        self._settled = asyncio.Event()

    def take_repeat(self) -> bool:
        """Take one of the calls that are left for repeats; False where there is none."""
        most = self.limits.calls
        if most is not None and self._repeats >= most - self._planned:
            return False
        self._repeats += 1
        return True

    @asynccontextmanager
    async def reserve(
        self, price: Price | None, size: Size, *, is_answer: bool = False
    ) -> AsyncIterator[Reservation]:
        """Set aside the worst case of a call; on leaving, what it did not use is given back.

        price: USD per token; a call whose price is None is made while there is anything left.
        is_answer: it may be the run's last. Raises LimitReached.
        """
        self._take_call(is_answer)
        try:
            reply = await self._affordable(price, size)
        except BaseException:
            self._calls -= 1
            raise
        usd = price.at_most(size.prompt, reply) if price else Decimal(0)
        tokens = size.prompt + reply
        tries = 0

        def again() -> bool:
            nonlocal tries
            longest = self._longest_reply(price, size.prompt)
            if longest is not None and longest < reply:
                return False
            tries += 1
            reservation.usd, reservation.tokens = tries * usd, tries * tokens
            self._usd, self._tokens = self._usd + usd, self._tokens + tokens
            return True

        reservation = Reservation(reply, usd, tokens, again)
        again()
        self._in_flight += 1
        try:
            yield reservation
        finally:
            self._usd += reservation.usd - tries * usd
            self._tokens += reservation.tokens - tries * tokens
            self._in_flight -= 1
            self._settled.set()

    def _take_call(self, is_answer: bool) -> None:
        most = self.limits.calls
        if most is not None and self._calls >= most - (not is_answer):
            kept = "" if self._calls >= most else ", one is kept for the answer"
            raise LimitReached(f"the limit of {most} calls is used up: {self._calls} made{kept}")
        self._calls += 1

    async def _affordable(self, price: Price | None, size: Size) -> int:
        """Wait until a call can be paid for; return how long its reply may be."""
        while (reply := self._reply(price, size)) is None:
            if not self._in_flight:
                raise LimitReached(self._why(price, size))
            self._settled.clear()
            await self._settled.wait()
        return reply

    def _reply(self, price: Price | None, size: Size) -> int | None:
        """How long a reply can be paid for now: as wanted, or less once nothing is in flight."""
        longest = self._longest_reply(price, size.prompt)
        if longest is None or longest >= size.reply:
            return size.reply
        return longest if longest >= size.least_reply and not self._in_flight else None

    def _longest_reply(self, price: Price | None, prompt: int) -> int | None:
        """The longest reply that what is left can pay for, in tokens; None for any length."""
        bounds = []
        if self.limits.tokens is not None:
            bounds.append(self.limits.tokens - self._tokens - prompt)
        if self.limits.usd is not None and price is None:
            bounds += [] if self._usd < self.limits.usd else [-1]
        elif self.limits.usd is not None and price is not None and not price.is_free:
            left = self.limits.usd - self._usd - price.at_most(prompt, 0)
            if left < 0:
                bounds.append(-1)
            elif price.completion:
                bounds.append(int(left // price.completion))
        return min(bounds, default=None)

    def _why(self, price: Price | None, size: Size) -> str:
        tokens = size.prompt + size.least_reply
        if self.limits.tokens is not None and self._tokens + tokens > self.limits.tokens:
            return (
                f"the budget of {self.limits.tokens:,} tokens is used up: {self._tokens:,} spent, "
                f"the next call may take {tokens:,}, {size.prompt:,} of them for its prompt, of "
                "which each byte may be a token"
            )
        usd = price.at_most(size.prompt, size.least_reply) if price else Decimal(0)
        return (
            f"the budget of ${self.limits.usd or 0:f} is used up: ${self._usd.normalize():f} spent,"
            f" the next call may cost ${usd.normalize():f}"
        )
