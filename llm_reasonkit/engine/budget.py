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
from llm_reasonkit.reasoning.result import Cost, Tokens


class LimitReached(Exception):
    """The next call does not fit into what is left; the message says which limit and how much."""


@dataclass(frozen=True, slots=True)
class Size:
    """How large a call can get, in tokens: its prompt at most, its reply as wanted and at least."""

    prompt: int
    reply: int
    least_reply: int


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
    """Holds the limits of one run; every call of the run reserves from the same object."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._usd = Decimal(0)
        self._tokens = 0
        self._in_flight = 0
        self._settled = asyncio.Event()

    @asynccontextmanager
    async def reserve(self, price: Price | None, size: Size) -> AsyncIterator[Reservation]:
        """Set aside the worst case of a call; on leaving, what it did not use is given back.

        price: USD per token; a call whose price is None is made while there is anything left.
        Raises LimitReached.
        """
        reply = self._reply(price, size)
        while reply is None:
            if not self._in_flight:
                raise LimitReached(self._why(price, size))
            self._settled.clear()
            await self._settled.wait()
            reply = self._reply(price, size)
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
                f"the next call may take {tokens:,}"
            )
        usd = price.at_most(size.prompt, size.least_reply) if price else Decimal(0)
        return (
            f"the budget of ${self.limits.usd or 0:f} is used up: ${self._usd.normalize():f} spent,"
            f" the next call may cost ${usd.normalize():f}"
        )
