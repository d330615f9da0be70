"""Which model plays in a run: the one that was named, or the one to take when none was."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import llm

from llm_reasonkit.config import Settings
from llm_reasonkit.errors import CallError, MissingKeyError, UsageError
from llm_reasonkit.local.registry import PREFIX as LOCAL
from llm_reasonkit.local.registry import default_model_id, tiny_model_id
from llm_reasonkit.models.player import AnyModel, Player
from llm_reasonkit.openrouter import catalogue
from llm_reasonkit.openrouter.account import Account, read_account
from llm_reasonkit.openrouter.ids import PREFIX as OPENROUTER
from llm_reasonkit.openrouter.ids import PROVIDER, own_folder, prefixed, wire_id
from llm_reasonkit.openrouter.model import OpenRouterAsyncModel
from llm_reasonkit.openrouter.pricing import dearest, has_fees
from llm_reasonkit.openrouter.settings import ClientSettings
from llm_reasonkit.rate_limit import RateLimit
from llm_reasonkit.reasoning.names import nearest
from llm_reasonkit.reasoning.protocol import Effort

if TYPE_CHECKING:
    from llm_reasonkit.openrouter.client import Client

STANDARD_MODEL = "openrouter/anthropic/claude-sonnet-4"
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
    api_key: str | None = field(default=None, repr=False)
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
    """Put `provider/` in front of a model id, once; without one, of whatever is configured."""
    if provider is None:
        return model
    if model is None:
        return f"{provider}/"
    return model if model.startswith(f"{provider}/") else f"{provider}/{model}"


class Roster:
    """Finds models for one run, within one event loop; an asynchronous context manager.

    profile: the run's profile, for `profile_mapping`. effort: how hard models are to reason that
    can. warnings: what the user should know of the choice that was made.
    """

    def __init__(
        self,
        settings: Settings,
        environ: Mapping[str, str],
        profile: str | None,
        effort: Effort | None = None,
    ) -> None:
        self.settings = settings
        self._environ = environ
        self._profile = profile
        self._effort = effort
        self._limits: dict[tuple[str, str | None], RateLimit] = {}
        self._accounts: dict[str | None, Account] = {}
        self.warnings: list[str] = []
        self._client: Client | None = None
        self._refreshing: asyncio.Task[catalogue.Catalogue] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        try:
            if self._refreshing is not None:
                self._refreshing.cancel()
                # Unlike `suppress`, it tells a cancellation of the run from that of the task.
                await asyncio.gather(self._refreshing, return_exceptions=True)
        finally:
            for limit in self._limits.values():
                limit.close()
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
            player = Player(provider, runs_here=provider.model_id.startswith(LOCAL))
        elif isinstance(provider, OpenRouterProvider):
            options = provider.model_options | dict(options)
            key = key or provider.api_key
            named = provider.model
            name = prefixed(named) if named else self._usual_of(PROVIDER)
            player = await self._openrouter(name, provider)
        else:
            player = await self._named(provider or self._default(key))
        if player.id == tiny_model_id():
            self.warnings.append(f"{player.id} is tiny: it shows the workings, not the wits")
        return self._equipped(player, key, options, {})

    async def cast_instead(
        self, first: Player, name: str, *, key: str | None, options: Mapping[str, Any]
    ) -> Player:
        """Find a model to use beside the first one, and set the options that it knows.

        key: used for models of the first one's provider only, else the first one's. Raises what
        `cast` raises.
        """
        player = await self._named(name)
        key = (key or first.key) if player.provider == first.provider else None
        return self._equipped(player, key, {}, options)

    def _equipped(
        self,
        player: Player,
        key: str | None,
        options: Mapping[str, Any],
        optional: Mapping[str, Any],
    ) -> Player:
        """Give a model its key, its options and what is configured for its provider."""
        player = replace(player, key=key)
        player.require_key()
        own = self.settings.provider(player.provider)
        if own.requests_per_minute and not player.id.startswith(OPENROUTER):
            account = (player.provider, key)
            limit = self._limits.setdefault(account, RateLimit(*account, own.requests_per_minute))
            player = replace(player, limit=limit)
        priced = self.settings.prices.get(player.id) or self.settings.prices.get(
            player.id.removeprefix(OPENROUTER)
        )
        if player.price is None and priced is not None:
            player = replace(player, price=priced.per_token, tariff=priced.per_token)
        effort = {"reasoning_effort": self._effort} if self._effort and player.can_reason else {}
        return player.with_options(options, {**own.model_options, **effort, **optional})

    async def account(self, player: Player) -> Account:
        """Ask OpenRouter, once, how the key of one of its models stands. Raises CallError."""
        client = self._client or self._open_client(None)
        key = player.model.get_key(player.key)
        if key not in self._accounts:
            self._accounts[key] = await read_account(client, key)
        return self._accounts[key]

    async def _named(self, name: str) -> Player:
        if name.endswith("/"):
            name = self._usual_of(name.rstrip("/"))
        if name.startswith(OPENROUTER):
            return await self._openrouter(name, None)
        found = self._known.get(name)
        if found is not None:
            model: AnyModel = found.async_model or found.model
            if model.model_id.startswith(OPENROUTER):
                return await self._openrouter(model.model_id, None)
            return Player(model, runs_here=model.model_id.startswith(LOCAL))
        if "/" in name:
            return await self._openrouter(OPENROUTER + name, None)
        near = nearest(name, frozenset(self._known)) or _nearest(catalogue.load(own_folder()), name)
        raise UsageError(f"unknown model {name!r}{near} (`llm models` lists them)")

    async def _openrouter(self, model_id: str, provider: OpenRouterProvider | None) -> Player:
        settings = self._client_settings(provider)
        client = self._client or self._open_client(settings)
        entry = await self._entry(client, wire_id(model_id))
        model = OpenRouterAsyncModel(model_id, entry, client=client, settings=lambda: settings)
        if has_fees(model_id):
            self.warnings.append(
                f"{model_id} may cost more than its tokens: no budget in USD holds"
            )
        if entry is None:
            return Player(model)
        return Player(
            model,
            reasons=entry.must_reason,
            price=None if has_fees(model_id) else dearest(entry.pricing),
            context_length=entry.context_length,
        )

    def _open_client(self, settings: ClientSettings | None) -> Client:
        # httpx is too heavy for runs that do without it.
        from llm_reasonkit.openrouter.client import Client

        self._client = Client(settings or self._client_settings(None))
        return self._client

    def _client_settings(self, provider: OpenRouterProvider | None) -> ClientSettings:
        environ = dict(self._environ)
        for name in ("site_url", "site_name"):
            if value := getattr(provider, name, None):
                environ[f"OPENROUTER_{name.upper()}"] = value
        return self.settings.client(environ)

    async def _entry(self, client: Client, wanted: str) -> catalogue.Model | None:
        """Return the catalogue's row of a model; None where it may exist all the same.

        Raises UsageError where it does not.
        """
        known = await self._catalogue(client)
        entry = known.get(wanted)
        # Routers and presets have no row, nor have models that OpenRouter shows to few.
        if entry or not len(known) or wanted.startswith(("@", OPENROUTER)):
            return entry
        if wanted in catalogue.known_ids(own_folder()):
            return None
        # It may be newer than the catalogue.
        known = await self._renewed(client) or known
        entry = known.get(wanted)
        if entry is None:
            raise UsageError(
                f"OpenRouter has no model {wanted!r}{_nearest(known, wanted)} "
                "(to look for one: llm providers search openrouter WORD)"
            )
        return entry

    async def _catalogue(self, client: Client) -> catalogue.Catalogue:
        """Return what is known of the models: fetched if nothing is, refreshed behind if old."""
        known = catalogue.load(own_folder())
        if known.age is None:
            # A run without the catalogue is a run all the same.
            return await self._renewed(client) or known
        if known.is_old:
            self._refresh(client)
        return known

    async def _renewed(self, client: Client) -> catalogue.Catalogue | None:
        """Return the catalogue as it is now, fetched once; None where it does not come soon."""
        with suppress(CallError, TimeoutError):
            task = asyncio.shield(self._refresh(client))
            return await asyncio.wait_for(task, _CATALOGUE_PATIENCE)
        return None

    def _refresh(self, client: Client) -> asyncio.Task[catalogue.Catalogue]:
        if self._refreshing is None:
            self._refreshing = asyncio.create_task(catalogue.refresh(own_folder(), client))
        return self._refreshing

    def configured_model(self) -> str | None:
        """Return the model to take when none is named, where the user has set one."""
        if named := self._environ.get("LLM_MODEL"):
            return named
        names = (PROVIDER, *self.settings.others)
        own = (name for name in names if self.settings.provider(name).model_for(self._profile))
        return next((f"{name}/" for name in own), None)

    def _usual_of(self, provider: str) -> str:
        """The model to take of a provider when none is named."""
        name = self.settings.provider(provider).model_for(self._profile)
        if provider == PROVIDER:
            return prefixed(name) if name else STANDARD_MODEL
        if name is None:
            raise UsageError(f"--provider {provider} needs a model: add -m")
        full = name if name.startswith(f"{provider}/") else f"{provider}/{name}"
        # Not all ids begin with the name of their provider: those of OpenAI's models do not.
        return name if full not in self._known and name in self._known else full

    def _default(self, key: str | None) -> str:
        if configured := self.configured_model():
            return configured
        usual = str(llm.get_default_model())
        found = self._known.get(usual)
        if found is not None and _can_be_used(found.model, key):
            return usual
        standard = OpenRouterAsyncModel(
            STANDARD_MODEL, settings=lambda: self._client_settings(None)
        )
        if _can_be_used(standard, key):
            return STANDARD_MODEL
        if (local := default_model_id()) is not None:
            self.warnings.append(f"no other model has a key, so {local} runs here instead")
            return local
        raise MissingKeyError(
            "no model can be used yet: set a key (`llm keys set openrouter`), "
            "add --local for a local model, or name another plugin's model with -m"
        )

    @cached_property
    def _known(self) -> dict[str, Any]:
        # Each look-up of llm's rebuilds its whole registry: ask once.
        rows = llm.get_models_with_aliases()
        return {name: row for row in rows for name in (row.model.model_id, *row.aliases)}


def _nearest(known: catalogue.Catalogue, wanted: str) -> str:
    found = [OPENROUTER + id_ for id_ in known.nearest(wanted)]
    return f"; nearest: {', '.join(found)}" if found else ""


def _can_be_used(model: AnyModel, key: str | None) -> bool:
    try:
        Player(model, key=key).require_key()
    except MissingKeyError:
        return False
    return True
