"""The budget of a run: reserved before each call, settled after it, never overspent.

A call is made only when its worst case fits what is left together with every call in flight. One
that does not fit waits for others to settle, then is made smaller, and only then is the limit
reached.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal

from llm_reasonkit.reasoning.limits import Limits, Price
from llm_reasonkit.reasoning.result import Cost, Tokens


class LimitReached(Exception):
    """The next call does not fit into what is left; the message says which limit and how much."""


@dataclass(slots=True)
class Reservation:
    """What a call may use at most. It counts as spent until `settle` says what was used.

    max_tokens: the bound of the reply that this reservation pays for.
    """

    max_tokens: int
    usd: Decimal
    tokens: int

    def settle(self, cost: Cost, tokens: Tokens) -> None:
        """Replace the worst case by what was billed and counted, where that is known."""
        if cost.usd is not None:
            self.usd = cost.usd
        if tokens.input is not None and tokens.output is not None:
            self.tokens = tokens.input + tokens.output


class Budget:
    """Holds the limits of one run; all calls of the run reserve from the same object."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._usd = Decimal(0)
        self._tokens = 0
        self._in_flight = 0
        self._changed = asyncio.Condition()

    @asynccontextmanager
    async def reserve(
        self, price: Price | None, prompt_tokens: int, max_tokens: int, least_tokens: int
    ) -> AsyncIterator[Reservation]:
        """Set aside the worst case of a call; on leaving, what it did not use is given back.

        prompt_tokens: upper bound of the prompt. max_tokens: wanted for the reply; least_tokens:
        with fewer it is not worth making. price: USD per token, None where it is unknown, which
        then counts against tokens only. Raises LimitReached.
        """
        reservation = await self._take(price, prompt_tokens, max_tokens, least_tokens)
        before = (reservation.usd, reservation.tokens)
        try:
            yield reservation
        finally:
            self._usd += reservation.usd - before[0]
            self._tokens += reservation.tokens - before[1]
            self._in_flight -= 1
            async with self._changed:
                self._changed.notify_all()

    async def _take(
        self, price: Price | None, prompt_tokens: int, max_tokens: int, least_tokens: int
    ) -> Reservation:
        async with self._changed:
            while True:
                for size in (max_tokens, self._largest_reply(price, prompt_tokens)):
                    wanted = min(size, max_tokens)
                    alone = self._in_flight == 0
                    if wanted == max_tokens or (alone and wanted >= least_tokens):
                        usd = price.at_most(prompt_tokens, wanted) if price else Decimal(0)
                        tokens = prompt_tokens + wanted
                        if self._fits(usd, tokens):
                            self._usd += usd
                            self._tokens += tokens
                            self._in_flight += 1
                            return Reservation(wanted, usd, tokens)
                if self._in_flight == 0:
                    raise LimitReached(self._why(price, prompt_tokens, least_tokens))
                await self._changed.wait()

    def _fits(self, usd: Decimal, tokens: int) -> bool:
        limits = self._limits
        if limits.usd is not None and self._usd + usd > limits.usd and usd:
            return False
        return limits.tokens is None or self._tokens + tokens <= limits.tokens

    def _largest_reply(self, price: Price | None, prompt_tokens: int) -> int:
        """The most tokens of reply that what is left can pay for."""
        sizes = [2**31]
        if self._limits.tokens is not None:
            sizes.append(self._limits.tokens - self._tokens - prompt_tokens)
        if self._limits.usd is not None and price is not None and price.completion:
            left = self._limits.usd - self._usd - price.at_most(prompt_tokens, 0)
            sizes.append(int(left / price.completion))
        return min(sizes)

    def _why(self, price: Price | None, prompt_tokens: int, least_tokens: int) -> str:
        limits = self._limits
        tokens = prompt_tokens + least_tokens
        if limits.tokens is not None and self._tokens + tokens > limits.tokens:
            return (
                f"the budget of {limits.tokens:,} tokens is used up: {self._tokens:,} spent, "
                f"the next call may take {tokens:,}"
            )
        usd = price.at_most(prompt_tokens, least_tokens) if price else Decimal(0)
        return (
            f"the budget of ${limits.usd:f} is used up: ${self._usd.normalize():f} spent, "
            f"the next call may cost ${usd.normalize():f}"
        )
