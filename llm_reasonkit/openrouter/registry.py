"""Which OpenRouter models llm is told about: from disk and the command line, never the network."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from llm_reasonkit.openrouter import catalogue
from llm_reasonkit.openrouter.ids import PREFIX, own_folder, wire_id
from llm_reasonkit.openrouter.model import (
    OpenRouterAsyncModel,
    OpenRouterModel,
    SettingsSource,
    environ_settings,
)

# As a word of its own, or the value of an option, or an item of a list: `--models=a,b`.
_MODEL_ID = re.compile(rf"(?:^(?:-[a-zA-Z])?|[=,]){PREFIX}[^\s,=]+")


def register(
    register: Callable[..., None],
    model_aliases: Sequence[Any],
    argv: Sequence[str],
    environ: Mapping[str, str],
    settings: SettingsSource = environ_settings,
) -> None:
    """Register the ids that no other plugin has, for llm's `register_models` hook.

    They are those of the cached catalogue, those used before, and those named in `argv` or in
    LLM_MODEL. Never raises on account of a file.
    """
    taken = {known.model.model_id for known in model_aliases}
    cached = catalogue.load(own_folder())
    named = _named([*argv, environ.get("LLM_MODEL", "")])
    known = (PREFIX + id_ for id_ in (*cached.ids, *catalogue.known_ids(own_folder())))
    for model_id in dict.fromkeys([*known, *named]):
        if model_id not in taken:
            entry = cached.get(wire_id(model_id))
            register(
                OpenRouterModel(model_id, entry, settings=settings),
                OpenRouterAsyncModel(model_id, entry, settings=settings),
            )


def _named(words: Sequence[str]) -> Iterator[str]:
    for word in words:
        # A prompt may mention a model without meaning to use it.
        if " " not in word:
            for match in _MODEL_ID.findall(word):
                yield match[match.index(PREFIX) :]
