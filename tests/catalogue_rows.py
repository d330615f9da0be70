"""A catalogue of made-up models for tests, in the form in which it is cached."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from llm_reasonkit.openrouter.catalogue import Catalogue, Model, catalogue_path

ALL = ("tools", "structured_outputs", "reasoning")


def row(
    model_id: str,
    prompt: str = "0.000001",
    completion: str = "0.000002",
    *,
    parameters: Iterable[str] = ALL,
    inputs: Iterable[str] = ("text", "image"),
    context: int = 128_000,
    created: int = 1_760_000_000,
    **more: Any,
) -> dict[str, Any]:
    """A row of the cache: it can do everything unless `parameters` and `inputs` say less."""
    return {
        "id": model_id,
        "name": f"{model_id} by name",
        "created": created,
        "context_length": context,
        "pricing": {"prompt": prompt, "completion": completion},
        "supported_parameters": list(parameters),
        "inputs": list(inputs),
        "outputs": ["text"],
        **more,
    }


def models(*rows: Mapping[str, Any]) -> list[Model]:
    """The rows as models."""
    return Catalogue(rows).models


def cache(folder: Path, *rows: Mapping[str, Any], age: float = 0) -> None:
    """Put the rows into the cache below llm's `folder`, as fetched `age` seconds ago."""
    path = catalogue_path(folder / "reasonkit")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"fetched": time.time() - age, "models": rows}))
