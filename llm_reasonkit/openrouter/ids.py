"""How OpenRouter's models, its key and its files are called here."""

from __future__ import annotations

from pathlib import Path

import llm

PROVIDER = "openrouter"
PREFIX = f"{PROVIDER}/"
KEY_ALIAS = "openrouter"


def wire_id(model_id: str) -> str:
    """Return OpenRouter's own id of a model: `openrouter/auto` and its kin keep the prefix."""
    bare = model_id.removeprefix(PREFIX)
    return bare if "/" in bare or bare.startswith("@") else PREFIX + bare


def prefixed(model_id: str) -> str:
    """Return the id of a model of OpenRouter's with the prefix, once."""
    return PREFIX + model_id.removeprefix(PREFIX)


def own_folder() -> Path:
    """Return our folder in llm's user directory."""
    folder: Path = llm.user_dir()
    return folder / "reasonkit"
