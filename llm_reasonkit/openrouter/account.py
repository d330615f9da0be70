"""The user's key for OpenRouter, and what OpenRouter tells of its limits and credits."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import llm

from llm_reasonkit.errors import CallError, UsageError
from llm_reasonkit.openrouter.ids import KEY_ALIAS, PREFIX
from llm_reasonkit.openrouter.json_values import JsonSource, amount, count, mapping, word
from llm_reasonkit.openrouter.settings import ClientSettings
from llm_reasonkit.reasoning.result import Record, Usd

# Shorter secrets would be given away by their ending.
_SHORTEST_WITH_ENDING = 12


@dataclass(frozen=True, slots=True)
class Key:
    """A key and where it was found: `llm keys`, or the name of a variable."""

    value: str = field(repr=False)
    source: str

    @property
    def ending(self) -> str:
        """All of it that may be shown."""
        return f"…{self.value[-4:]}" if len(self.value) >= _SHORTEST_WITH_ENDING else "…"


class Account(Record):
    """What OpenRouter tells about a key. Money is USD; what it does not tell is None.

    label: the key's name, never the key. limited: whether the key has a spending limit at all.
    resets: daily, weekly or monthly. free_left, free_limit: requests to free models, today.
    """

    label: str | None = None
    limited: bool | None = None
    limit: Usd | None = None
    limit_left: Usd | None = None
    resets: str | None = None
    used: Usd | None = None
    used_today: Usd | None = None
    free_left: int | None = None
    free_limit: int | None = None
    free_tier: bool | None = None
    expires: str | None = None
    credits_bought: Usd | None = None
    credits_left: Usd | None = None


def find_key(settings: ClientSettings) -> Key | None:
    """Return the key that a call would use: llm's stored one, else that of the environment.

    Raises UsageError where llm's file of keys cannot be read.
    """
    # With all that a call needs it is too much for whoever only looks at the catalogue.
    from llm_reasonkit.openrouter.model import OpenRouterModel

    try:
        value = OpenRouterModel(PREFIX, settings=lambda: settings).get_key()
    except llm.NeedsKeyException:
        return None
    except (OSError, ValueError) as error:
        raise unreadable_keys() from error
    if llm.load_keys().get(KEY_ALIAS) == value:
        return Key(value, "llm keys")
    return Key(value, next(name for name in settings.key_env if os.environ.get(name) == value))


def unreadable_keys() -> UsageError:
    """Say that llm's file of keys is broken."""
    path = llm.user_dir() / "keys.json"
    return UsageError(f"{path} cannot be read; mend it, or move it away and set your keys again")


async def read_account(source: JsonSource, key: str | None) -> Account:
    """Ask how a key stands. Raises CallError when that is not told, as for a wrong key or none."""
    try:
        told = _data(await source.get_json("key", key=key))
    except CallError as error:
        # It begins with what was asked for, as a path of the server's.
        error.args = (str(error).removeprefix("key: "),)
        raise
    try:
        balance = _data(await source.get_json("credits", key=key))
    except CallError:
        # An ordinary key may not be told.
        balance = {}
    bought, used = amount(balance.get("total_credits")), amount(balance.get("total_usage"))
    free_tier = told.get("is_free_tier")
    free = mapping(told.get("free_model_daily_requests"))
    return Account(
        label=_label(told.get("label")),
        limited=told["limit"] is not None if "limit" in told else None,
        limit=amount(told.get("limit")),
        limit_left=amount(told.get("limit_remaining")),
        resets=word(told.get("limit_reset")),
        used=amount(told.get("usage")),
        used_today=amount(told.get("usage_daily")),
        free_left=count(free.get("remaining")),
        free_limit=count(free.get("limit")),
        free_tier=free_tier if isinstance(free_tier, bool) else None,
        expires=word(told.get("expires_at")),
        credits_bought=bought,
        credits_left=None if bought is None or used is None else bought - used,
    )


def _label(value: object) -> str | None:
    """Return a key's name, which by default is the key with its middle left out."""
    name = word(value)
    if name is None or not name.startswith("sk-"):
        return name
    return f"…{name.rpartition('.')[2][-4:]}"


def _data(reply: object) -> Mapping[str, Any]:
    return mapping(mapping(reply).get("data"))
