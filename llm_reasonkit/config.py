"""The configuration: TOML files and the environment become one frozen Settings.

Read from `config.toml` in `reasonkit/` of llm's folder, then `~/.reasonkit/config.toml`, key by
key; the environment wins over both. Every mistake of a file is reported at once, with its line.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from llm_reasonkit.errors import ConfigError, Problem
from llm_reasonkit.openrouter.settings import ClientSettings
from llm_reasonkit.reasoning.protocol import nearest

FILE_NAME = "config.toml"


class Section(BaseModel):
    """Base of a section: closed, so that a misspelt key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class OpenRouter(Section):
    """`[providers.openrouter]`. Prices are USD, delays milliseconds."""

    api_key_env: str | None = None
    api_base_url: str | None = None
    site_url: str | None = None
    site_name: str | None = None
    default_model: str | None = None
    temperature: float | None = Field(default=None, ge=0, le=2)
    max_tokens: int | None = Field(default=None, ge=1)
    top_p: float | None = Field(default=None, ge=0, le=1)
    retry_attempts: int | None = Field(default=None, ge=0, le=20)
    retry_delay_ms: int | None = Field(default=None, ge=0)
    profile_mapping: dict[str, str] = Field(default_factory=dict)

    @property
    def model_options(self) -> dict[str, Any]:
        """The options that every model of this provider gets unless the user gives others."""
        return self.model_dump(include={"temperature", "max_tokens", "top_p"}, exclude_none=True)


class Providers(Section):
    """`[providers]`."""

    openrouter: OpenRouter = OpenRouter()


class Settings(Section):
    """Everything that can be configured."""

    providers: Providers = Providers()

    @cached_property
    def openrouter(self) -> OpenRouter:
        """The settings of the provider our client talks to."""
        return self.providers.openrouter

    def client(self, environ: Mapping[str, str]) -> ClientSettings:
        """Return how to reach OpenRouter. Raises UsageError where a value cannot be used."""
        own = self.openrouter
        values: dict[str, Any] = {
            "base_url": own.api_base_url,
            "site_url": own.site_url,
            "site_name": own.site_name,
            "retry_attempts": own.retry_attempts,
            "retry_delay_ms": own.retry_delay_ms,
        }
        if own.api_key_env:
            values["key_env"] = (own.api_key_env, *ClientSettings().key_env)
        return ClientSettings.from_environ(environ, **values)


def config_files(user_folder: Path, home: Path) -> list[Path]:
    """List where configuration is read from, the file that wins first."""
    return [user_folder / "reasonkit" / FILE_NAME, home / ".reasonkit" / FILE_NAME]


def read_settings(files: Sequence[Path]) -> Settings:
    """Merge the files that exist, key by key, the first one winning. Raises ConfigError."""
    merged: dict[str, Any] = {}
    for path in reversed(files):
        if path.is_file():
            merged = _merge(merged, _read(path))
    return Settings.model_validate(merged)


def _read(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text("utf-8")
        data = tomllib.loads(text)
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise ConfigError(str(path), [Problem(f"cannot be read: {why}")]) from error
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"at line (\d+)", str(error))
        problem = Problem(str(error), int(line[1]) if line else None)
        raise ConfigError(str(path), [problem]) from error
    try:
        Settings.model_validate(data)
    except ValidationError as error:
        problems = [
            _problem(row["loc"], row["type"], row["msg"], text)
            for row in error.errors(include_url=False)
        ]
        problems.sort(key=lambda problem: problem.line or 0)
        raise ConfigError(str(path), problems) from error
    return data


def _problem(where: tuple[int | str, ...], kind: str, message: str, text: str) -> Problem:
    path = [str(part) for part in where]
    line = _line_of(path, text)
    if kind == "extra_forbidden":
        known: Mapping[str, Any] = Settings.model_fields
        for shape, name in ((Providers, "providers"), (OpenRouter, "openrouter")):
            if name in path[:-1]:
                known = shape.model_fields
        return Problem(f"unknown key {path[-1]!r}{nearest(path[-1], known)}", line)
    return Problem(f"{'.'.join(path)}: {message}", line)


def _line_of(path: list[str], text: str) -> int | None:
    """Find where a key stands, else the last line of what it stands in."""
    wanted = ".".join(path)
    section, around = "", None
    for number, row in enumerate(text.splitlines(), 1):
        if header := re.match(r"\s*\[+\s*([^\]]+?)\s*\]", row):
            name = section = re.sub(r"[\"']", "", header[1])
        elif key := re.match(r"\s*([\w.\"'-]+)\s*=", row):
            name = f"{section}.".lstrip(".") + re.sub(r"[\"']", "", key[1])
        else:
            continue
        if f"{name}.".startswith(f"{wanted}."):
            return number
        if wanted.startswith(f"{name}."):
            around = number
    return around


def _merge(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        old = merged.get(key)
        if isinstance(old, dict) and isinstance(value, dict):
            value = _merge(old, value)
        merged[key] = value
    return merged
