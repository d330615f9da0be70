"""What each provider offers, and how the user stands with it.

From disk where that will do: only `known_models`, `renew` and `openrouter_status` use the network.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Literal

import llm

from llm_reasonkit.errors import CallError, UsageError
from llm_reasonkit.openrouter import catalogue
from llm_reasonkit.openrouter.account import Account, Key, find_key, read_account, unreadable_keys
from llm_reasonkit.openrouter.catalogue import Catalogue
from llm_reasonkit.openrouter.ids import PROVIDER as OPENROUTER
from llm_reasonkit.openrouter.ids import own_folder, prefixed
from llm_reasonkit.openrouter.recommendations import recommend
from llm_reasonkit.openrouter.selection import Ability, abilities, per_million
from llm_reasonkit.openrouter.settings import ClientSettings
from llm_reasonkit.reasoning.names import nearest
from llm_reasonkit.reasoning.result import Record, Usd

if TYPE_CHECKING:
    from llm_reasonkit.openrouter.client import Client

# Someone waits for these answers, with less patience than a model's reply deserves.
_PATIENCE = 15.0  # seconds
_QUIET_PATIENCE = 3.0  # seconds

SettingsSource = Callable[[], ClientSettings]
KeyState = Literal["found", "missing", "not needed"]


class ModelRow(Record):
    """A model that can be used. What is unknown is None.

    llm_id: what `-m` takes. context, max_output: tokens. price_in, price_out: USD per million
    tokens. price_varies: they depend on the model that a request is routed to.
    """

    id: str
    llm_id: str
    name: str
    context: int | None = None
    max_output: int | None = None
    price_in: Usd | None = None
    price_out: Usd | None = None
    price_varies: bool = False
    free: bool | None = None
    supports: list[Ability]
    must_reason: bool | None = None
    efforts: tuple[str, ...] = ()
    added: date | None = None
    expires: date | None = None


class Advice(Record):
    """A model to take for a use, and why; None where nothing fits it now."""

    use: str
    model: ModelRow | None
    why: str


class Provider(Record):
    """A provider among llm's. models: how many are known; age_seconds: of its catalogue."""

    name: str
    key: KeyState
    models: int | None
    age_seconds: int | None = None


class OpenRouterStatus(Provider):
    """How the user stands with OpenRouter.

    key_source: where the key was found; key_ending: its last characters; accepted: None if it
    could not be tried, which `problem` then explains.
    """

    key_source: str | None
    key_ending: str | None
    accepted: bool | None
    problem: str | None
    account: Account


def providers(settings: ClientSettings) -> list[Provider]:
    """List OpenRouter and whoever else llm has models of, from disk only."""
    others = [
        Provider(name=name, key=key_state(models[0]), models=len(models))
        for name, models in sorted(_by_provider().items())
        if name != OPENROUTER
    ]
    known = catalogue.load(own_folder())
    return [Provider(**_entry(known, find_key(settings))), *others]


def models_of(name: str) -> tuple[Provider, list[ModelRow]]:
    """List the models that llm has of a provider. Raises UsageError for an unknown one."""
    found = _by_provider()
    models = found.get(name)
    if models is None:
        raise UsageError(f"no provider {name!r}{nearest(name, sorted({OPENROUTER, *found}))}")
    rows = [_plugin_row(model) for model in models]
    return Provider(name=name, key=key_state(models[0]), models=len(rows)), rows


def model_rows(models: Iterable[catalogue.Model]) -> list[ModelRow]:
    """Describe models of OpenRouter's catalogue."""
    return [
        ModelRow(
            id=model.id,
            llm_id=prefixed(model.id),
            name=model.name,
            context=model.context_length,
            max_output=model.max_output,
            price_in=per_million(model.prompt_price),
            price_out=per_million(model.completion_price),
            price_varies=model.price_varies,
            free=model.is_free,
            supports=abilities(model),
            must_reason=model.must_reason,
            efforts=model.efforts,
            added=_day(model.created),
            expires=model.expires,
        )
        for model in models
    ]


def _day(seconds: int) -> date | None:
    # A server of another kind may count milliseconds.
    with suppress(ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(seconds, UTC).date() if seconds else None
    return None


def advice(known: Catalogue) -> list[Advice]:
    """Recommend models of the catalogue, one or more for each use."""
    return [
        Advice(use=found.use, model=row, why=found.why)
        for found in recommend(known.models, datetime.now(UTC).date())
        for row in (model_rows([found.model]) if found.model else [None])
    ]


async def known_models(settings: SettingsSource, *, refresh: bool) -> Catalogue:
    """Return OpenRouter's models from the cache; fetched if it is empty or `refresh` says so.

    settings: asked for only if something has to be fetched. Raises CallError.
    """
    known = catalogue.load(own_folder())
    if len(known) and not refresh:
        return known
    async with small_client(settings()) as client:
        return await _fetch(client, known)


async def renew(known: Catalogue, settings: SettingsSource) -> None:
    """Fetch the catalogue anew if it is old; for lack of that nothing fails.

    Meant for after the user has been served from the old one.
    """
    if known.is_old:
        with suppress(CallError, UsageError, TimeoutError):
            async with (
                asyncio.timeout(_QUIET_PATIENCE),
                small_client(settings(), retries=0) as client,
            ):
                await catalogue.refresh(own_folder(), client)


async def openrouter_status(
    settings: ClientSettings, *, refresh: bool = False
) -> tuple[OpenRouterStatus, Catalogue]:
    """Ask how the key stands, and for the models if none are known or they are old.

    Raises CallError only where no models are known at all, or a refresh was asked for.
    """
    key, known = find_key(settings), catalogue.load(own_folder())
    async with small_client(settings) as client:
        if refresh or known.is_old:
            try:
                known = await _fetch(client, known)
            except CallError:
                if refresh or not len(known):
                    raise
        standing = await _standing(client, key)
    return OpenRouterStatus(**_entry(known, key), **standing), known


def small_client(settings: ClientSettings, *, retries: int = 1) -> Client:
    """Return a client that gives up soon; to be closed, as a context manager."""
    # httpx is too heavy for what can be answered from disk.
    from llm_reasonkit.openrouter.client import Client

    return Client(
        replace(
            settings,
            retry_attempts=min(settings.retry_attempts, retries),
            connect_timeout=min(settings.connect_timeout, _PATIENCE),
            total_timeout=min(settings.total_timeout, _PATIENCE),
        )
    )


async def _fetch(client: Client, known: Catalogue) -> Catalogue:
    """Fetch the catalogue. Raises CallError that says what is left to the user without it."""
    try:
        fetched = await catalogue.refresh(own_folder(), client)
        if not len(fetched):
            raise CallError("the list came back empty; check OPENROUTER_BASE_URL", code="server")
    except CallError as error:
        left = "leave --refresh out to see those of the cache" if len(known) else "none are cached"
        error.args = (f"OpenRouter's models cannot be fetched ({left}): {error}",)
        raise
    return fetched


async def _standing(client: Client, key: Key | None) -> dict[str, Any]:
    """Return what OpenRouterStatus has beyond Provider."""
    account, accepted, problem = Account(), None, None
    if key:
        try:
            account, accepted = await read_account(client, key.value), True
        except CallError as error:
            accepted, problem = False if error.code == "auth" else None, str(error)
    return {
        "key_source": key.source if key else None,
        "key_ending": key.ending if key else None,
        "accepted": accepted,
        "problem": problem,
        "account": account,
    }


def _entry(known: Catalogue, key: Key | None) -> dict[str, Any]:
    return {
        "name": OPENROUTER,
        "key": "found" if key else "missing",
        "models": len(known) or None,
        "age_seconds": None if known.age is None else int(known.age),
    }


def _by_provider() -> dict[str, list[Any]]:
    """Group llm's models by who serves them."""
    groups: dict[tuple[str, object], list[Any]] = defaultdict(list)
    for row in llm.get_models_with_aliases():
        module = type(row.model).__module__
        # Protocols and panels under model ids have others do the answering.
        if module != "llm_reasonkit.virtual_models":
            groups[module.partition(".")[0], row.model.needs_key].append(row.model)
    named: dict[str, list[Any]] = defaultdict(list)
    for (package, needs_key), models in groups.items():
        # What all ids of a plugin begin with is what `--provider` takes; failing that, the key
        # they need or the plugin names them.
        begins = {model.model_id.partition("/")[0] for model in models if "/" in model.model_id}
        shared = len(begins) == 1 and all("/" in model.model_id for model in models)
        name = begins.pop() if shared else str(needs_key or package.removeprefix("llm_"))
        named[name] += models
    return named


def key_state(model: Any) -> KeyState:  # noqa: ANN401 (llm's model classes share no public base)
    """Tell whether a model of llm's has its key.

    Raises UsageError where llm's file of keys cannot be read.
    """
    if not model.needs_key:
        return "not needed"
    try:
        return "found" if model.get_key() else "missing"
    except llm.NeedsKeyException:
        return "missing"
    except (OSError, ValueError) as error:
        raise unreadable_keys() from error


def _plugin_row(model: Any) -> ModelRow:  # noqa: ANN401 (as above)
    can = {
        Ability.TOOLS: model.supports_tools,
        Ability.SCHEMA: model.supports_schema,
        Ability.IMAGES: any(kind.startswith("image/") for kind in model.attachment_types),
    }
    return ModelRow(
        id=model.model_id,
        llm_id=model.model_id,
        name=str(model),
        supports=[ability for ability, has in can.items() if has],
    )
