"""What is known of OpenRouter's models: the catalogue as last fetched, and the ids used before."""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any

from llm_reasonkit.openrouter.json_values import (
    JsonSource,
    count,
    items,
    mapping,
    strings,
    word,
)
from llm_reasonkit.openrouter.pricing import is_free_variant, price
from llm_reasonkit.openrouter.spelling import nearest_ids

# Rows of /models are ten times larger than what is used of them, and llm reads this at start.
_KEPT = (
    "id",
    "name",
    "canonical_slug",
    "created",
    "context_length",
    "pricing",
    "supported_parameters",
    "alias_target",
    "expiration_date",
    "reasoning",
)
_MAX_AGE = 24 * 3600  # seconds
# These steer routing and have no row of their own; `:free`, `:batch` and others have one.
_ROUTING_SUFFIXES = frozenset(("nitro", "floor", "exacto", "online"))


@dataclass(frozen=True)
class Model:
    """One row of the catalogue. Prices are USD per token, None where they vary or are unknown."""

    id: str
    row: Mapping[str, Any]

    @property
    def name(self) -> str:
        """What people call it."""
        return str(self.row.get("name") or self.id)

    @property
    def canonical_slug(self) -> str:
        """The dated id under which replies name it; `:free` rows share that of their base."""
        return str(self.row.get("canonical_slug") or self.id)

    @property
    def alias_target(self) -> str | None:
        """The id this one stands for at present, if it is an alias."""
        return word(mapping(self.row.get("alias_target")).get("slug"))

    @property
    def context_length(self) -> int | None:
        """Tokens that prompt and reply may have together."""
        return count(self.row.get("context_length"))

    @property
    def max_output(self) -> int | None:
        """Tokens that a reply may have."""
        return count(self.row.get("max_completion_tokens"))

    @property
    def created(self) -> int:
        """When it was added, in seconds since 1970; 0 if unknown."""
        return count(self.row.get("created")) or 0

    @cached_property
    def inputs(self) -> frozenset[str]:
        """The kinds of input it takes: text, image, file, audio, video."""
        return frozenset(strings(self.row.get("inputs")))

    @cached_property
    def outputs(self) -> frozenset[str]:
        """The kinds of output it makes: text, image, audio."""
        return frozenset(strings(self.row.get("outputs")))

    @cached_property
    def parameters(self) -> frozenset[str]:
        """The request parameters that at least one of its providers knows."""
        return frozenset(strings(self.row.get("supported_parameters")))

    @property
    def pricing(self) -> Mapping[str, Any]:
        """All its prices as the catalogue has them, overrides included."""
        return mapping(self.row.get("pricing"))

    @property
    def prompt_price(self) -> Decimal | None:
        """USD per input token."""
        return price(self.pricing, "prompt") if "prompt" in self.pricing else None

    @property
    def completion_price(self) -> Decimal | None:
        """USD per output token."""
        return price(self.pricing, "completion") if "completion" in self.pricing else None

    @property
    def price_varies(self) -> bool:
        """Whether its price is that of the model which it picks for a request."""
        return any(str(self.pricing.get(name)).startswith("-") for name in ("prompt", "completion"))

    @property
    def is_free(self) -> bool:
        """Whether nothing is ever billed; a price of 0 alone does not promise that."""
        return is_free_variant(self.id)

    @property
    def supports_tools(self) -> bool:
        """Whether it can call tools."""
        return "tools" in self.parameters

    @property
    def supports_schema(self) -> bool:
        """Whether its output can be constrained by a JSON Schema."""
        return "structured_outputs" in self.parameters

    @property
    def supports_images(self) -> bool:
        """Whether it takes images."""
        return "image" in self.inputs

    @property
    def reasons(self) -> bool:
        """Whether it can reason by itself before it answers."""
        return "reasoning" in self.parameters

    @property
    def must_reason(self) -> bool:
        """Whether it reasons even when told not to."""
        return self._reasoning.get("mandatory") is True

    @property
    def efforts(self) -> tuple[str, ...]:
        """How hard it can be told to reason; empty where the catalogue does not say."""
        return tuple(strings(self._reasoning.get("supported_efforts")))

    @property
    def expires(self) -> date | None:
        """The day on which it is withdrawn, if that is known."""
        try:
            return date.fromisoformat(str(self.row.get("expiration_date"))[:10])
        except ValueError:
            return None

    @property
    def _reasoning(self) -> Mapping[str, Any]:
        return mapping(self.row.get("reasoning"))


class Catalogue:
    """The rows last fetched. An empty one means that nothing is known, not that nothing exists.

    fetched: when, in seconds since 1970; 0 if never.
    """

    def __init__(self, rows: Iterable[Mapping[str, Any]] = (), fetched: float = 0) -> None:
        self.fetched = fetched
        self._rows = {row["id"]: row for row in rows}

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def ids(self) -> list[str]:
        """All ids, in the server's order."""
        return list(self._rows)

    @property
    def models(self) -> list[Model]:
        """All models, in the server's order."""
        return [Model(id_, row) for id_, row in self._rows.items()]

    @property
    def age(self) -> float | None:
        """Seconds since it was fetched; None if it never was."""
        return max(0.0, time.time() - self.fetched) if self.fetched else None

    @property
    def is_old(self) -> bool:
        """Whether it was never fetched, or too long ago to be relied on."""
        return self.age is None or self.age > _MAX_AGE

    def get(self, model_id: str) -> Model | None:
        """Return the model that `model_id` means, whatever suffix says how to route to it."""
        base, *suffixes = model_id.split("@preset/")[0].split(":")
        kept = [suffix for suffix in suffixes if suffix not in _ROUTING_SUFFIXES]
        known = ":".join([base, *kept])
        row = self._rows.get(known)
        return Model(known, row) if row is not None else None

    def served_as(self, name: str) -> Model | None:
        """Return the model that a reply names, by its id or dated; the variant tells apart those
        that share a name."""
        dated, _, variant = name.partition(":")
        rows = (
            model
            for model in self.models
            if model.canonical_slug == dated and model.id.partition(":")[2] == variant
        )
        return self.get(name) or next(rows, None)

    def is_same(self, asked: str, served: str) -> bool:
        """Whether `served` is just another name of the model `asked` (a dated one, an alias)."""
        one, other = self._canonical(asked), self._canonical(served)
        return one.removesuffix(":free") == other.removesuffix(":free")

    def _canonical(self, model_id: str) -> str:
        model = self.get(model_id)
        if model and model.alias_target:
            model = self.get(model.alias_target) or model
        return model.canonical_slug if model else model_id

    def nearest(self, model_id: str, count: int = 3) -> list[str]:
        """Return the ids someone may have meant by `model_id`, the likeliest first."""
        return nearest_ids({model.id: model.created for model in self.models}, model_id, count)


def catalogue_path(folder: Path) -> Path:
    """Return where the catalogue is cached in our `folder` of llm's user directory."""
    return folder / "openrouter-models.json"


def load(folder: Path) -> Catalogue:
    """Read the cached catalogue; a missing, broken or foreign file counts as none."""
    try:
        data = json.loads(catalogue_path(folder).read_bytes())
        rows = [row for row in data["models"] if isinstance(row["id"], str)]
        return Catalogue(rows, float(data["fetched"]))
    except (OSError, ValueError, TypeError, KeyError):
        return Catalogue()


async def refresh(folder: Path, source: JsonSource) -> Catalogue:
    """Fetch the catalogue and cache it; an unwritable cache is no error.

    Raises CallError when it cannot be fetched.
    """
    reply = await source.get_json("models")
    listed = map(mapping, items(mapping(reply).get("data")))
    rows = [_compact(row) for row in listed if isinstance(row.get("id"), str)]
    catalogue = Catalogue(rows, time.time())
    if rows:
        with suppress(OSError):
            _write(catalogue_path(folder), {"fetched": catalogue.fetched, "models": rows})
    return catalogue


def known_ids(folder: Path) -> list[str]:
    """Return the ids used before, so that old conversations find their models."""
    try:
        data = json.loads((folder / "known-models.json").read_bytes())
    except (OSError, ValueError):
        return []
    return strings(data)


def remember(folder: Path, model_id: str) -> None:
    """Add an id to those used before. Raises OSError."""
    # Another process may replace the file between our reading and our writing.
    for _ in range(5):
        known = known_ids(folder)
        if model_id in known:
            return
        _write(folder / "known-models.json", sorted({*known, model_id}))


def _compact(row: Mapping[str, Any]) -> dict[str, Any]:
    kept = {key: row[key] for key in _KEPT if row.get(key) is not None}
    architecture, provider = row.get("architecture"), row.get("top_provider")
    if isinstance(architecture, dict):
        kept["inputs"] = architecture.get("input_modalities")
        kept["outputs"] = architecture.get("output_modalities")
    if isinstance(provider, dict):
        kept["max_completion_tokens"] = provider.get("max_completion_tokens")
    return kept


def _write(path: Path, data: object) -> None:
    """Replace a file as a whole, readable by its owner only."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # mkstemp makes the file 0600.
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(data, file, default=str, separators=(",", ":"))
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
