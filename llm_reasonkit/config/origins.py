"""Where each configured value comes from."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from llm_reasonkit.config.files import read_file, read_settings
from llm_reasonkit.config.settings import OpenRouter, Settings
from llm_reasonkit.openrouter.ids import PROVIDER as OPENROUTER

Key = tuple[str, ...]

DEFAULT = "default"
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_SECTION = ("providers", OPENROUTER)
_VARIABLES = {
    "api_base_url": "OPENROUTER_BASE_URL",
    "site_url": "OPENROUTER_SITE_URL",
    "site_name": "OPENROUTER_SITE_NAME",
}


class Origin(BaseModel):
    """A value of the configuration as it holds now; None where there is none.

    key: as in the file, with its sections. source: a file's path, the name of an environment
    variable, or `default`.
    """

    key: str
    value: Any
    source: str


def origins(files: Sequence[Path], environ: Mapping[str, str]) -> list[Origin]:
    """List every value that is set, or has a default, and where it comes from.

    Raises ConfigError with the mistakes of a file, and UsageError where a value cannot be used.
    """
    settings = read_settings(files)
    found = {key: (value, DEFAULT) for key, value in _defaults(settings, environ)}
    for path in reversed(files):
        if path.is_file():
            found |= {key: (value, str(path)) for key, value in _leaves(read_file(path))}
    for name, variable in _VARIABLES.items():
        if value := environ.get(variable):
            found[*_SECTION, name] = (value, variable)
    return [
        Origin(key=_dotted(key), value=value, source=source)
        for key, (value, source) in found.items()
    ]


def _defaults(settings: Settings, environ: Mapping[str, str]) -> Iterator[tuple[Key, Any]]:
    """Yield what holds where nothing is set."""
    # Also the check that no address with a password in it is shown.
    client = settings.client(environ)
    effective = {
        "api_key_env": client.key_env[0],
        "api_base_url": client.base_url,
        "retry_attempts": client.retry_attempts,
        "retry_delay_ms": client.retry_delay_ms,
    }
    for name, value in OpenRouter().model_dump(exclude={"profile_mapping"}).items():
        yield (*_SECTION, name), effective.get(name, None if value == [] else value)
    yield ("confirm_above",), None


def _dotted(key: Key) -> str:
    return ".".join(name if _BARE.fullmatch(name) else f'"{name}"' for name in key)


def _leaves(table: Mapping[str, Any], above: Key = ()) -> Iterator[tuple[Key, Any]]:
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _leaves(value, (*above, name))
        else:
            yield (*above, name), value
