"""Which model plays in a run: the one that was named, or the one to take when none was."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import llm

from llm_reasonkit.config import Settings
from llm_reasonkit.errors import CallError, MissingKeyError, UsageError
from llm_reasonkit.local.registry import PREFIX as LOCAL
from llm_reasonkit.local.registry import default_model_id
from llm_reasonkit.models import AnyModel, Player
from llm_reasonkit.openrouter import catalogue
from llm_reasonkit.openrouter.model import PREFIX as OPENROUTER
from llm_reasonkit.openrouter.model import OpenRouterAsyncModel, own_folder, wire_id
from llm_reasonkit.openrouter.settings import ClientSettings
from llm_reasonkit.reasoning.protocol import nearest

if TYPE_CHECKING:
    from llm_reasonkit.openrouter.client import Client

STANDARD_MODEL = "openrouter/anthropic/claude-sonnet-4"
_CATALOGUE_AGE = 24 * 3600  # seconds
_CATALOGUE_PATIENCE = 10  # seconds


@dataclass(frozen=True, slots=True)
class OpenRouterProvider:
    """A model of OpenRouter's with its settings; what is None is left to the configuration.

    model: OpenRouter's id (`anthropic/claude-sonnet-4`). api_key: else llm's keys and the
    environment. options: further options of the model, by name.
    """

    model: str | None = None
    temperature: float | None = None
    max_tokens: int | None = None
    top_p: float | None = None
    site_url: str | None = None
    site_name: str | None = None
    api_key: str | None = None
    options: Mapping[str, Any] | None = None

    @property
    def model_options(self) -> dict[str, Any]:
        """The options that were given."""
        own = {
            "temperature": self.temperature,
            "max_tokens": self.max_tokens,
            "top_p": self.top_p,
        }
        given = {name: value for name, value in own.items() if value is not None}
        return given | dict(self.options or {})


def with_provider(provider: str | None, model: str | None) -> str | None:
    """Put `provider/` in front of a model id, once. Raises UsageError if there is no model."""
    if provider is None:
        return model
    if model is None:
        if provider == OPENROUTER.rstrip("/"):
            return OPENROUTER
        raise UsageError(f"--provider {provider} needs a model: add -m")
    return model if model.startswith(f"{provider}/") else f"{provider}/{model}"


class Roster:
    """Finds models for one run, within one event loop; an asynchronous context manager.

    profile: the run's profile, for `profile_mapping`.
    """

    def __init__(self, settings: Settings, environ: Mapping[str, str], profile: str | None) -> None:
        self._settings = settings
        self._environ = environ
        self._profile = profile
        self._client: Client | None = None
        self._refreshing: asyncio.Task[catalogue.Catalogue] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._refreshing is not None:
            self._refreshing.cancel()
            with suppress(asyncio.CancelledError, CallError):
                await self._refreshing
        if self._client is not None:
            await self._client.aclose()

    async def cast(
        self,
        provider: OpenRouterProvider | AnyModel | str | None,
        *,
        key: str | None,
        options: Mapping[str, Any],
    ) -> Player:
        """Find the model to use and set its options.

        Raises UsageError for an unknown model or option, MissingKeyError for a missing key.
        """
        if isinstance(provider, AnyModel):
            player = Player(provider)
        elif isinstance(provider, OpenRouterProvider):
            options = provider.model_options | dict(options)
            key = key or provider.api_key
            name = OPENROUTER + provider.model.removeprefix(OPENROUTER) if provider.model else None
            player = await self._openrouter(name or self._standard(), provider)
        else:
            player = await self._named(provider or self._default(key))
        player = replace(player, key=key)
        player.require_key()
        is_ours = player.id.startswith(OPENROUTER)
        defaults = self._settings.openrouter.model_options if is_ours else {}
        return player.with_options(options, defaults)

    async def _named(self, name: str) -> Player:
        name = self._standard() if name == OPENROUTER else name
        if name.startswith(OPENROUTER):
            return await self._openrouter(name, None)
        found = self._known.get(name)
        if found is not None and found.model is not None:
            model: AnyModel = found.async_model or found.model
            if model.model_id.startswith(OPENROUTER):
                return await self._openrouter(model.model_id, None)
            return Player(model, runs_here=model.model_id.startswith(LOCAL))
        if "/" in name:
            return await self._openrouter(OPENROUTER + name, None)
        raise UsageError(f"unknown model {name!r}{nearest(name, frozenset(self._known))}")

    async def _openrouter(self, model_id: str, provider: OpenRouterProvider | None) -> Player:
        settings = self._client_settings(provider)
        if self._client is None:
            from llm_reasonkit.openrouter.client import Client

            self._client = Client(settings)
        known = await self._catalogue(self._client)
        entry = known.get(wire_id(model_id))
        model = OpenRouterAsyncModel(
            model_id, entry, client=self._client, settings=lambda: settings
        )
        return Player(model, reasons=entry is not None and entry.reasons)

    def _client_settings(self, provider: OpenRouterProvider | None) -> ClientSettings:
        environ = dict(self._environ)
        for name in ("site_url", "site_name"):
            if value := getattr(provider, name, None):
                environ[f"OPENROUTER_{name.upper()}"] = value
        return self._settings.client(environ)

    async def _catalogue(self, client: Client) -> catalogue.Catalogue:
        """Return what is known of the models: fetched if nothing is, refreshed behind if old."""
        folder = own_folder()
        known = catalogue.load(folder)
        if self._refreshing is None and (known.age is None or known.age > _CATALOGUE_AGE):
            self._refreshing = asyncio.create_task(catalogue.refresh(folder, client))
            if known.age is None:
                # A run without the catalogue is a run all the same.
                with suppress(CallError, TimeoutError):
                    task = asyncio.shield(self._refreshing)
                    known = await asyncio.wait_for(task, _CATALOGUE_PATIENCE)
        return known

    def _standard(self) -> str:
        """The OpenRouter model to take when none is named."""
        own = self._settings.openrouter
        name = own.profile_mapping.get(self._profile or "") or own.default_model
        return OPENROUTER + name.removeprefix(OPENROUTER) if name else STANDARD_MODEL

    def _default(self, key: str | None) -> str:
        own = self._settings.openrouter
        if own.profile_mapping.get(self._profile or "") or own.default_model:
            return OPENROUTER
        usual = str(llm.get_default_model())
        found = self._known.get(usual)
        if found is not None and found.model is not None and _can_be_used(found.model, key):
            return usual
        standard = OpenRouterAsyncModel(
            STANDARD_MODEL, settings=lambda: self._client_settings(None)
        )
        if _can_be_used(standard, key):
            return STANDARD_MODEL
        if (local := default_model_id()) is not None:
            return local
        raise MissingKeyError(
            "no model can be used yet: set a key (`llm keys set openrouter`), "
            "add --local for a local model, or name another plugin's model with -m"
        )

    @cached_property
    def _known(self) -> dict[str, Any]:
        # Each look-up of llm's rebuilds its whole registry: ask once.
        rows = llm.get_models_with_aliases()
        return {
            name: row for row in rows for name in (row.model.model_id, *row.aliases) if row.model
        }


def _can_be_used(model: AnyModel, key: str | None) -> bool:
    try:
        Player(model, key=key).require_key()
    except MissingKeyError:
        return False
    return True
