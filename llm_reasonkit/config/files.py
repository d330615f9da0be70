"""Configuration files: found, read, merged key by key; every mistake is told with its line."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from decimal import Decimal
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import llm
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from llm_reasonkit.config.settings import ModelPrice, OpenRouter, Provider, Providers, Settings
from llm_reasonkit.errors import ConfigError, Problem
from llm_reasonkit.openrouter.ids import PROVIDER as OPENROUTER
from llm_reasonkit.reasoning.mistakes import mistake
from llm_reasonkit.reasoning.names import nearest

FILE_NAME = "config.toml"
_NAME = r"(?:\"[^\"]*\"|'[^']*'|[\w-]+)"
_KEY = re.compile(rf"\s*({_NAME}(?:\s*\.\s*{_NAME})*)\s*=")
_HEADER = re.compile(r"\s*\[+\s*([^\]]+?)\s*\]")


def config_files(user_folder: Path, home: Path, named: Path | None = None) -> list[Path]:
    """List where configuration is read from, the file that wins first.

    named: a file that the user named; nothing else is read from outside the user's folders.
    """
    usual = [user_folder / "reasonkit" / FILE_NAME, home / ".reasonkit" / FILE_NAME]
    return usual if named is None else [named, *usual]


def load_settings(named: Path | None = None) -> Settings:
    """Read the user's configuration, after a file that they named. Raises ConfigError."""
    return read_settings(config_files(llm.user_dir(), Path.home(), named))


def read_settings(files: Sequence[Path]) -> Settings:
    """Merge the files that exist, key by key, the first one winning. Raises ConfigError."""
    merged: dict[str, Any] = {}
    for path in reversed(files):
        if path.is_file():
            merged = _merge(merged, read_file(path))
    return Settings.model_validate(merged)


def read_file(path: Path) -> dict[str, Any]:
    """Return the tables of one file, numbers exact. Raises ConfigError with all its mistakes."""
    try:
        text = path.read_text("utf-8")
        # Money must not pass through binary floats.
        data = tomllib.loads(text, parse_float=Decimal)
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise ConfigError(str(path), [Problem(f"cannot be read: {why}")]) from error
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"at line (\d+)", str(error))
        problem = Problem(str(error), int(line[1]) if line else None)
        raise ConfigError(str(path), [problem]) from error
    if problems := _problems(data, text):
        raise ConfigError(str(path), problems)
    return data


def _problems(data: dict[str, Any], text: str) -> list[Problem]:
    problems = []
    try:
        Settings.model_validate(data)
    except ValidationError as error:
        problems = [_problem(row, text) for row in error.errors(include_url=False)]
    named = data.get("providers")
    # Any provider may have a section, so a misspelt one would go unnoticed.
    for name in named if isinstance(named, dict) else ():
        if name != OPENROUTER and get_close_matches(name, [OPENROUTER], cutoff=0.8):
            hint = nearest(name, [OPENROUTER])
            problems.append(
                Problem(f"unknown key {name!r}{hint}", line_of(["providers", name], text))
            )
    return sorted(problems, key=lambda problem: problem.line or 0)


def _problem(row: ErrorDetails, text: str) -> Problem:
    path = [str(part) for part in row["loc"]]
    line = line_of(path, text)
    if row["type"] != "extra_forbidden":
        return Problem(mistake(".".join(path), row), line)
    key, section = path[-1], path[:-1]
    shape = _shape_of(section)
    if shape is Provider and key in OpenRouter.model_fields:
        return Problem(f"only [providers.{OPENROUTER}] has the key {key!r}", line)
    return Problem(f"unknown key {key!r}{nearest(key, shape.model_fields)}", line)


def _shape_of(section: Sequence[str]) -> type[BaseModel]:
    if section[:1] == ["prices"]:
        return ModelPrice
    if section[:1] == ["providers"]:
        if len(section) == 1:
            return Providers
        return OpenRouter if section[1] == OPENROUTER else Provider
    return Settings


def line_of(path: Sequence[str], text: str) -> int | None:
    """Find where a key stands, else the last line of what it stands in."""
    wanted = ".".join(path)
    section, around = "", None
    for number, row in enumerate(text.splitlines(), 1):
        if header := _HEADER.match(row):
            name = section = re.sub(r"[\"']", "", header[1])
        elif key := _KEY.match(row):
            name = f"{section}.".lstrip(".") + re.sub(r"[\"']", "", key[1])
        else:
            continue
        if f"{name}.".startswith(f"{wanted}."):
            return number
        if wanted.startswith(f"{name}."):
            around = number
    return around


def _merge(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        old = merged.get(key)
        if isinstance(old, dict) and isinstance(value, dict):
            value = _merge(old, value)
        merged[key] = value
    return merged
