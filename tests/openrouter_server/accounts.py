"""What limits an account: credits, limits of its keys, the free models' allowance, rates."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from threading import Lock
from typing import Any, Literal

from . import refusals
from .behaviours import Refuse
from .billing import Ledger

_FREE = "free models"
Reset = Literal["daily", "weekly", "monthly"]


@dataclass(frozen=True)
class KeyLimit:
    """USD that one key may spend in a period, or without `reset` in its whole life."""

    usd: Decimal
    reset: Reset | None = None


@dataclass(frozen=True)
class Wanted:
    """A request that asks to be let in. Prices are USD: of the prompt, and per token of reply."""

    key: str
    model: str
    is_free: bool
    prompt: Decimal
    completion: Decimal
    max_tokens: int

    @property
    def worst(self) -> Decimal:
        """The most that it can cost, in USD."""
        return self.prompt + self.completion * self.max_tokens


@dataclass
class Account:
    """What all keys of one user share.

    credits: USD bought. in_flight_budget: USD that running requests may hold together; what is
    left of the credits if None. free_per_day: 50, or 1000 with 10 USD bought, if None.
    model_per_minute: limits of single models. minute: its length in seconds, for the impatient.
    guarded: models that a guardrail is against. lets_train: providers may learn from prompts.
    """

    credits: Decimal = Decimal(10)
    key_limits: dict[str, KeyLimit] = field(default_factory=dict)
    in_flight_budget: Decimal | None = None
    free_per_minute: int = 20
    free_per_day: int | None = None
    model_per_minute: dict[str, int] = field(default_factory=dict)
    minute: float = 60
    guarded: set[str] = field(default_factory=set)
    lets_train: bool = True
    in_flight: Decimal = Decimal(0)

    def __post_init__(self) -> None:
        self._lock = Lock()
        self._times: dict[str, list[float]] = defaultdict(list)

    @property
    def daily_allowance(self) -> int:
        """Requests to free models a day."""
        if self.free_per_day is not None:
            return self.free_per_day
        return 50 if self.credits < 10 else 1000

    def admit(self, wanted: Wanted, ledger: Ledger, now: float) -> Refuse | None:
        """Refuse a request, or let it in and hold its worst case until `release`."""
        with self._lock:
            refusal = self._check_money(wanted, ledger, now) or self._check_rates(wanted, now)
            if refusal is None:
                self.in_flight += wanted.worst
            return refusal

    def release(self, wanted: Wanted) -> None:
        """Give back what an admitted request held."""
        with self._lock:
            self.in_flight -= wanted.worst

    def _check_money(self, wanted: Wanted, ledger: Ledger, now: float) -> Refuse | None:
        left = self.credits - ledger.total
        if left < 0:
            return refusals.negative_balance()
        if wanted.is_free:
            return None
        if limit := self.key_limits.get(wanted.key):
            of_key = limit.usd - ledger.spent(wanted.key, period_start(limit.reset, now))
            if of_key <= 0:
                return refusals.key_limit(limit.reset or "total")
            if wanted.worst > of_key:
                return _too_dear(wanted, of_key, "openrouter_key_limit")
        if not self.credits:
            return refusals.never_purchased()
        if wanted.worst > left:
            return _too_dear(wanted, left, "openrouter_credits")
        budget = left if self.in_flight_budget is None else min(left, self.in_flight_budget)
        if wanted.worst > budget:
            return refusals.weight_exceeds_budget()
        if wanted.worst > budget - self.in_flight:
            return refusals.in_flight(self.minute * 2)
        return None

    def _check_rates(self, wanted: Wanted, now: float) -> Refuse | None:
        """Count the request; those that are refused count too."""
        self._times[wanted.model].append(now)
        limit = self.model_per_minute.get(wanted.model)
        if limit is not None:
            words = (
                f"limit_rpm/{wanted.model}/{uuid.uuid5(uuid.NAMESPACE_URL, wanted.model)}. High"
                f" demand for {wanted.model} on OpenRouter - limited to {limit} requests per minute"
            )
            if reset := self._full(wanted.model, limit, now):
                return refusals.over_limit(words, limit, reset)
        if not wanted.is_free:
            return None
        self._times[_FREE].append(now)
        if self.free_used(now) > self.daily_allowance:
            midnight = (day_of(now) + timedelta(days=1)).timestamp()
            return refusals.daily_limit(round(midnight * 1000), self.daily_allowance)
        if reset := self._full(_FREE, self.free_per_minute, now):
            return refusals.over_limit("free-models-per-min.", self.free_per_minute, reset)
        return None

    def _full(self, name: str, limit: int, now: float) -> float | None:
        """Return when the oldest request of a full minute stops counting."""
        recent = [time for time in self._times[name] if time > now - self.minute]
        if len(recent) <= limit:
            return None
        return (recent[-limit] if limit else now) + self.minute

    def free_used(self, now: float) -> int:
        """Count today's requests to free models."""
        return sum(time >= day_of(now).timestamp() for time in self._times[_FREE])

    def describe_key(
        self, key: str, ledger: Ledger, now: float, *, manages: bool
    ) -> dict[str, Any]:
        """Return what `/key` says."""
        limit = self.key_limits.get(key)
        used = self.free_used(now)
        return {
            "label": f"{key[:12]}...{key[-3:]}",
            "limit": None if limit is None else float(limit.usd),
            "limit_remaining": None
            if limit is None
            else float(limit.usd - ledger.spent(key, period_start(limit.reset, now))),
            "limit_reset": limit.reset if limit else None,
            **_usage(key, ledger, now),
            "is_free_tier": not self.credits,
            "is_management_key": manages,
            "is_provisioning_key": manages,
            "free_model_daily_requests": {
                "used": used,
                "limit": self.daily_allowance,
                "remaining": max(0, self.daily_allowance - used),
            },
            "rate_limit": {"requests": -1, "interval": "10s", "note": "deprecated"},
        }


def day_of(now: float) -> datetime:
    """Return the UTC midnight before."""
    return datetime.fromtimestamp(now, UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def period_start(reset: Reset | None, now: float) -> float:
    """Return when the current period began, in seconds since 1970."""
    day = day_of(now)
    starts: Mapping[Reset | None, datetime] = {
        "daily": day,
        "weekly": day - timedelta(days=day.weekday()),
        "monthly": day.replace(day=1),
    }
    return starts[reset].timestamp() if reset else 0


def _usage(key: str, ledger: Ledger, now: float) -> dict[str, float]:
    periods: tuple[Reset, ...] = ("daily", "weekly", "monthly")
    spent = {f"usage_{name}": ledger.spent(key, period_start(name, now)) for name in periods}
    return {name: float(usd) for name, usd in {"usage": ledger.spent(key), **spent}.items()}


def _too_dear(wanted: Wanted, left: Decimal, source: str) -> Refuse:
    affordable = 0
    if left > wanted.prompt and wanted.completion:
        affordable = int((left - wanted.prompt) // wanted.completion)
    return refusals.no_credits(wanted.max_tokens, affordable, source)
