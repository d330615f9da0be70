"""What stands between the user and an answer: everything that a run needs, tried one by one."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from importlib.metadata import version
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import llm

from llm_reasonkit.config import Settings, config_files, read_settings
from llm_reasonkit.errors import CallError, ConfigError, StoreError, UsageError
from llm_reasonkit.local import weights
from llm_reasonkit.local.registry import default_model_id
from llm_reasonkit.local.runtime import import_xllamacpp
from llm_reasonkit.openrouter import catalogue
from llm_reasonkit.openrouter.account import Account, Key, find_key, read_account
from llm_reasonkit.openrouter.catalogue import Catalogue
from llm_reasonkit.openrouter.ids import PREFIX, own_folder, wire_id
from llm_reasonkit.openrouter.settings import ClientSettings
from llm_reasonkit.providers import key_state, small_client
from llm_reasonkit.reasoning.result import Record
from llm_reasonkit.store import checkup

_CONFIGURATION = UsageError.exit_code
_NO_ANSWER = CallError.exit_code
_UNREACHABLE = frozenset({"network", "timeout", "server"})


class Finding(Record):
    """One thing that was tried. remedy: what to do about it.

    exit_code: 2 where the user's setup has to be mended, 5 where OpenRouter will not answer.
    """

    check: str
    status: Literal["ok", "warning", "failed"] = "ok"
    detail: str
    remedy: str | None = None
    exit_code: int = 0


async def examine(log: Path, *, logging: bool) -> list[Finding]:
    """Try everything; asks OpenRouter how the key stands and changes nothing.

    log: llm's database. logging: whether llm's logging is on.
    """
    settings, findings = _settings(config_files(llm.user_dir(), Path.home()))
    findings = [_versions(), *findings]
    known = catalogue.load(own_folder())
    try:
        client_settings = settings.client(os.environ)
        findings += await _openrouter(client_settings, find_key(client_settings))
    except UsageError as error:
        findings.append(_failed("config", str(error), _CONFIGURATION))
    return [*findings, _catalogue(known), *_named(settings, known), _log(log, logging), _local()]


def exit_code(findings: Sequence[Finding]) -> int:
    """Return what a command that reports these ends with: what can be mended here goes first."""
    return min((finding.exit_code for finding in findings if finding.exit_code), default=0)


def _versions() -> Finding:
    parts = [f"{name} {version(name)}" for name in ("llm", "llm-reasonkit")]
    parts += [f"Python {platform.python_version()}", f"SQLite {checkup.SQLITE_VERSION}"]
    return Finding(check="versions", detail=", ".join(parts))


def _settings(files: Sequence[Path]) -> tuple[Settings, list[Finding]]:
    """Read each file by itself; what is broken is left out, so that the rest can be tried."""
    findings, sound = [], []
    for path in files:
        if path.is_file():
            try:
                read_settings([path])
            except ConfigError as error:
                text = "; ".join(str(error).splitlines())
                findings.append(_failed("config", text, _CONFIGURATION))
            else:
                findings.append(Finding(check="config", detail=str(path)))
                sound.append(path)
    none = Finding(check="config", detail="no file, which is fine: nothing has to be configured")
    return read_settings(sound), findings or [none]


async def _openrouter(settings: ClientSettings, key: Key | None) -> list[Finding]:
    """Ask how the key stands, or without one, whether anybody is there."""
    account, failure = None, None
    async with small_client(settings) as client:
        try:
            account = await read_account(client, key.value if key else None)
        except CallError as error:
            failure = error
    host = urlsplit(settings.base_url).hostname
    if failure and failure.code in _UNREACHABLE:
        found = [_failed("network", f"{host}: {failure}", _NO_ANSWER)]
    else:
        found = [Finding(check="network", detail=f"{host} answers")]
        failure = failure if key else None
    return [_key(key, failure), *found, *((_credits(account), _limits(account)) if account else ())]


def _key(key: Key | None, failure: CallError | None) -> Finding:
    if key is None:
        remedy = "get one at https://openrouter.ai/keys, then: llm keys set openrouter"
        other = _other_model()
        if other:
            detail = f"none for OpenRouter; {other} runs without it"
            return _warning("key", detail, remedy)
        return _failed("key", "none, and no other model can be used", _CONFIGURATION, remedy)
    found = f"{key.ending} from {key.source}"
    if failure is None:
        return Finding(check="key", detail=f"{found}, accepted")
    if failure.code in _UNREACHABLE:
        return _warning("key", f"{found}, could not be checked")
    return _failed("key", f"{found}: {failure}", _NO_ANSWER)


def _other_model() -> str | None:
    """Name a model that works without OpenRouter."""
    usual = str(llm.get_default_model())
    with suppress(llm.UnknownModelError):
        if key_state(llm.get_model(usual)) != "missing":
            return usual
    return default_model_id()


def _credits(account: Account) -> Finding:
    left, remedy = account.credits_left, "add some at https://openrouter.ai/settings/credits"
    if left is None:
        remedy = "see https://openrouter.ai/settings/credits"
        detail = "unknown: OpenRouter does not tell this key"
        return _warning("credits", detail, remedy)
    if left > 0:
        return Finding(check="credits", detail=f"{_dollars(left)} left")
    if account.credits_bought:
        return _failed("credits", f"used up ({_dollars(left)})", _NO_ANSWER, remedy)
    detail = "none bought: only :free models can be used"
    return _warning("credits", detail, remedy)


def _limits(account: Account) -> Finding:
    left, free = account.limit_left, account.free_left
    if left is not None and left <= 0:
        remedy = "raise it at https://openrouter.ai/settings/keys, or use another key"
        return _failed("limits", "the spending limit of the key is reached", _NO_ANSWER, remedy)
    limit = "unknown" if account.limited is None else "none"
    if left is not None:
        resets = f", resets {account.resets}" if account.resets else ""
        limit = f"{_dollars(left)} left{resets}"
    detail = f"of the key: {limit}; free requests left today: {'unknown' if free is None else free}"
    if free == 0:
        remedy = "wait for tomorrow, or take a paid model"
        return _warning("limits", detail, remedy)
    return Finding(check="limits", detail=detail)


def _catalogue(known: Catalogue) -> Finding:
    if known.age is None:
        remedy = "llm providers search openrouter fetches it"
        return _warning("catalogue", "empty", remedy)
    fetched = datetime.fromtimestamp(known.fetched).astimezone()
    detail = f"{len(known)} models, fetched {fetched:%Y-%m-%d %H:%M}"
    if known.is_old:
        remedy = "llm providers search openrouter --refresh"
        return _warning("catalogue", detail, remedy)
    return Finding(check="catalogue", detail=detail)


def _named(settings: Settings, known: Catalogue) -> Iterator[Finding]:
    """Find the configured models that nobody has."""
    own = settings.openrouter
    names = [own.default_model, *own.profile_mapping.values(), *own.fallback_models]
    others = {
        name for row in llm.get_models_with_aliases() for name in (row.model.model_id, *row.aliases)
    }
    for name in dict.fromkeys(name for name in names if name and len(known)):
        bare = name.removeprefix(PREFIX)
        if name not in others and known.get(wire_id(bare)) is None:
            near = known.nearest(bare)
            remedy = f"nearest: {', '.join(near)}" if near else None
            yield _warning("config", f"{name} is configured, but not in the catalogue", remedy)


def _log(path: Path, logging: bool) -> Finding:
    try:
        runs = checkup.examine(path)
    except StoreError as error:
        return _failed("log", str(error), _CONFIGURATION)
    if not logging:
        detail = f"{path} can be written to, but logging is off"
        return _warning("log", detail, "llm logs on")
    if runs is None:
        return Finding(check="log", detail=f"{path} will be made by the first run")
    return Finding(check="log", detail=f"{path} can be read and written to; runs in it: {runs}")


def _local() -> Finding:
    there = [model.model_id for model in weights.installed()]
    try:
        import_xllamacpp()
    except UsageError as error:
        if there:
            return _warning("local", str(error))
        return Finding(check="local", detail=f"not set up, which is fine: {error}")
    return Finding(check="local", detail=f"runtime found, models: {', '.join(there) or 'none yet'}")


def _warning(check: str, detail: str, remedy: str | None = None) -> Finding:
    return Finding(check=check, status="warning", detail=detail, remedy=remedy)


def _failed(check: str, detail: str, code: int, remedy: str | None = None) -> Finding:
    return Finding(check=check, status="failed", detail=detail, remedy=remedy, exit_code=code)


def _dollars(amount: Decimal) -> str:
    return f"{'-' if amount < 0 else ''}${abs(amount):,.2f}"
