"""What is kept of OpenRouter's models on disk, and which of them llm is told about."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import llm
import pytest

from llm_reasonkit.errors import CallError
from llm_reasonkit.openrouter import catalogue, registry
from llm_reasonkit.openrouter.client import Client
from llm_reasonkit.openrouter.events import Usage
from llm_reasonkit.openrouter.pricing import cost_from_usage
from tests.openrouter_server import Raw, Server, refuse


@pytest.fixture
def folder(user_folder: Path) -> Path:
    """Our folder in llm's user directory."""
    return user_folder / "reasonkit"


def registered(argv: list[str] | None = None, **environ: str) -> dict[str, Any]:
    """Register for a command line and return llm's models by id."""
    models: dict[str, Any] = {}

    def register(model: Any, async_model: Any) -> None:
        assert async_model.model_id == model.model_id
        models[model.model_id] = model

    registry.register(register, [], argv or [], environ)
    return models


def files(folder: Path) -> dict[str, int]:
    """Return names and permissions of what lies in a folder."""
    return {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()}


async def test_the_catalogue_is_cached(client: Client, openrouter: Server, folder: Path) -> None:
    """A refresh brings the models, and the next start finds them on disk."""
    fetched = await catalogue.refresh(folder, client)

    cached = catalogue.load(folder)

    assert cached.ids == fetched.ids
    assert cached.age is not None
    assert cached.age < 60
    assert files(folder) == {"openrouter-models.json": 0o600}


async def test_a_model_tells_what_it_can(client: Client, folder: Path, openrouter: Server) -> None:
    """A row gives prices as Decimal per token, limits and abilities."""
    models = await catalogue.refresh(folder, client)

    thinker, prose = models.get("acme/thinker"), models.get("acme/prose")

    assert thinker is not None
    assert prose is not None
    assert (thinker.prompt_price, thinker.completion_price) == (
        Decimal("0.000003"),
        Decimal("0.000015"),
    )
    assert (thinker.context_length, thinker.max_output) == (128_000, 16_384)
    assert (thinker.reasons, thinker.supports_tools, thinker.supports_schema) == (True, True, True)
    assert (prose.reasons, prose.supports_tools, prose.supports_images) == (False, False, False)
    assert prose.max_output is None
    auto = models.get("openrouter/auto")
    assert auto is not None
    assert auto.prompt_price is None
    assert [model.id for model in models.models if model.is_free] == ["acme/small:free"]
    assert (thinker.name, thinker.created) == ("Acme: Thinker", 1_760_000_000)


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("acme/small:nitro", "acme/small"),
        ("acme/small:free", "acme/small:free"),
        ("acme/small:free:floor", "acme/small:free"),
        ("acme/small@preset/mine", "acme/small"),
        ("acme/thinker:free", None),
        ("acme/nothing", None),
    ],
)
async def test_suffixes_are_understood(
    client: Client, folder: Path, openrouter: Server, asked: str, found: str | None
) -> None:
    """Routing suffixes mean the base model; variants are models of their own."""
    models = await catalogue.refresh(folder, client)

    model = models.get(asked)

    assert (model.id if model else None) == found


@pytest.mark.parametrize(
    ("asked", "served", "same"),
    [
        ("acme/small", "acme/small-2026-01-15", True),
        ("acme/small:free", "acme/small-2026-01-15:free", True),
        ("~acme/small-latest", "acme/small-2026-01-15", True),
        ("acme/small:floor", "acme/small", True),
        ("acme/small", "acme/thinker", False),
        ("some/unknown", "some/unknown", True),
        ("some/unknown", "other/unknown", False),
    ],
)
async def test_a_dated_name_is_no_fallback(
    client: Client, folder: Path, openrouter: Server, asked: str, served: str, same: bool
) -> None:
    """Names that mean the same model are told from those of another one."""
    models = await catalogue.refresh(folder, client)

    assert models.is_same(asked, served) is same


@pytest.mark.parametrize(
    "wrong",
    [
        "claude-sonnet-4",
        "anthropic/Claude-Sonnet-4",
        "openrouter/anthropic/claude-sonet-4",
        "anthropc/claude-sonnet-4",
        "anthropic/claude_sonnet.4",
        "sonnet-4",
        "anthropic/claude-sonnet-4:free",
    ],
)
async def test_the_nearest_id_is_found(
    client: Client, folder: Path, openrouter: Server, wrong: str
) -> None:
    """Wrong case, no author, typos, dots for dashes and missing variants lead to the right id."""
    models = await catalogue.refresh(folder, client)

    assert models.nearest(wrong)[0] == "anthropic/claude-sonnet-4"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b'{"data": [{"id": "acme/small"}]}',
        b'{"fetched": "x", "models": []}',
        b'{"fetched": 1, "models": [1]}',
        b'{"fetched": 1, "models": [{"name": "no id"}]}',
        b'{"fetched": 1, "models": [{"id": 5}]}',
        b'{"fetched": 1, "models": {"a": 1}}',
    ],
)
def test_a_broken_cache_counts_as_none(folder: Path, content: bytes) -> None:
    """Whatever is in the file, nothing breaks and nothing is invented."""
    folder.mkdir()
    catalogue.catalogue_path(folder).write_bytes(content)
    (folder / "known-models.json").write_bytes(content)

    assert not registered()


@pytest.mark.parametrize(
    "row",
    [
        {"id": "a/b"},
        {"id": "a/b", "pricing": None, "supported_parameters": None, "inputs": 5},
        {"id": "a/b", "pricing": {"prompt": "many"}, "context_length": "big", "created": None},
        {"id": "a/b", "alias_target": "text", "supported_parameters": [1, None]},
    ],
)
def test_odd_rows_do_no_harm(folder: Path, row: Mapping[str, Any]) -> None:
    """Fields that are missing, null or of another type read as unknown."""
    folder.mkdir()
    content = json.dumps({"fetched": 1, "models": [row]})
    catalogue.catalogue_path(folder).write_text(content)

    (model,) = catalogue.load(folder).models

    assert (model.prompt_price, model.context_length, model.alias_target) == (None, None, None)
    assert list(registered()) == ["openrouter/a/b"]


async def test_a_failed_refresh_leaves_the_cache(
    client: Client, openrouter: Server, folder: Path
) -> None:
    """An error or an empty answer of the server does not cost the models already known."""
    before = await catalogue.refresh(folder, client)
    openrouter.script(refuse(500, "x"), refuse(401, "x"), Raw([b'{"data": []}']), model="/models")

    with pytest.raises(CallError):
        await catalogue.refresh(folder, client)
    await catalogue.refresh(folder, client)

    assert catalogue.load(folder).ids == before.ids


async def test_a_folder_that_cannot_be_written_is_no_error(
    client: Client, openrouter: Server, tmp_path: Path
) -> None:
    """The models are there for this run even if they cannot be kept for the next."""
    (tmp_path / "file").write_text("in the way")

    assert len(await catalogue.refresh(tmp_path / "file" / "folder", client))


def _remember_some(folder: str, number: int) -> None:
    for index in range(10):
        catalogue.remember(Path(folder), f"author{number}/model{index}")


def test_processes_remember_side_by_side(folder: Path) -> None:
    """Parallel writers never tear the file; an id that one lost comes back with its next use."""
    with ProcessPoolExecutor(4) as pool:
        list(pool.map(_remember_some, [str(folder)] * 4, range(4)))

    assert catalogue.known_ids(folder)
    assert files(folder) == {"known-models.json": 0o600}
    for number in range(4):
        _remember_some(str(folder), number)
    assert len(catalogue.known_ids(folder)) == 40


async def test_llm_is_told_of_all_that_is_known(
    client: Client, openrouter: Server, folder: Path
) -> None:
    """The catalogue, the ids used before, and those on the command line are registered once."""
    await catalogue.refresh(folder, client)
    catalogue.remember(folder, "gone/model")
    catalogue.remember(folder, "acme/small")

    models = registered(["-m", "openrouter/brand/new", "hi"], LLM_MODEL="openrouter/from/environ")

    assert list(models) == [
        *(f"openrouter/{id_}" for id_ in catalogue.load(folder).ids),
        "openrouter/gone/model",
        "openrouter/brand/new",
        "openrouter/from/environ",
    ]
    assert not models["openrouter/acme/prose"].supports_tools
    assert models["openrouter/brand/new"].supports_tools
    assert "image/png" not in models["openrouter/acme/prose"].attachment_types
    assert "application/pdf" in models["openrouter/acme/small"].attachment_types


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        (["-m", "openrouter/a/b"], ["openrouter/a/b"]),
        (["-mopenrouter/a/b:nitro"], ["openrouter/a/b:nitro"]),
        (["--model=openrouter/a/b"], ["openrouter/a/b"]),
        (
            ["--models", "openrouter/a/b,gpt-4o,openrouter/c/d"],
            ["openrouter/a/b", "openrouter/c/d"],
        ),
        (["--role", "critic=openrouter/a/b"], ["openrouter/a/b"]),
        (["-m", "openrouter/auto"], ["openrouter/auto"]),
        (["tell me about openrouter/a/b"], []),
        (["https://example.com/openrouter/a/b"], []),
        (["-m", "openrouter/"], []),
    ],
)
def test_ids_on_the_command_line_are_seen(argv: list[str], expected: list[str]) -> None:
    """A model can be used by name alone; a prompt that mentions one does not count."""
    assert list(registered(argv)) == expected


def test_ids_of_other_plugins_are_left_alone(folder: Path) -> None:
    """What another plugin has registered is not registered again."""
    catalogue.remember(folder, "acme/small")
    known = list(llm.get_models_with_aliases())
    taken = known[0].model.model_id
    models: list[str] = []

    def register(model: Any, async_model: Any) -> None:
        models.append(model.model_id)

    known[0].model.model_id = "openrouter/acme/small"
    registry.register(register, known, ["-m", "openrouter/a/b"], {})
    known[0].model.model_id = taken

    assert models == ["openrouter/a/b"]


def test_listing_models_needs_no_http_client(user_folder: Path) -> None:
    """Importing and asking the registry does not load httpx or tenacity."""
    code = (
        "import sys, llm; from llm_reasonkit.openrouter import registry;"
        "registry.register(lambda *a: None, [], ['-m', 'openrouter/a/b'], {});"
        "sys.exit('httpx' in sys.modules or 'tenacity' in sys.modules)"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


PRICES = {
    "prompt": "0.000003",
    "completion": "0.000015",
    "input_cache_read": "0.0000003",
    "input_cache_write": "0.00000375",
    "internal_reasoning": "0.000015",
    "overrides": [
        {"min_prompt_tokens": 1000, "prompt": "0.000006"},
        {"utc_start": 2200, "utc_end": 100, "completion": "0.000001"},
        {"utc_days": ["sunday"], "prompt": "0"},
    ],
}
NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
NIGHT = datetime(2026, 11, 2, 0, 30, tzinfo=UTC)
SUNDAY = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("pricing", "usage", "at", "expected"),
    [
        (PRICES, Usage(input=100, output=10), NOON, "0.00045"),
        (PRICES, Usage(input=100, output=10, reasoning=8), NOON, "0.00045"),
        (PRICES, Usage(input=100, output=10, cached=40, cache_written=20), NOON, "0.000357"),
        (PRICES, Usage(input=100, output=0, cached=100, cache_written=100), NOON, "0.000405"),
        (PRICES, Usage(input=1000, output=0), NOON, "0.003"),
        (PRICES, Usage(input=1001, output=0), NOON, "0.006006"),
        (PRICES, Usage(input=0, output=10), NIGHT, "0.00001"),
        (PRICES, Usage(input=100, output=0), SUNDAY, "0"),
        (PRICES, Usage(input=100, output=10), None, "0.00045"),
        ({"prompt": "0.001", "completion": "0"}, Usage(input=3, output=1, cached=2), NOON, "0.003"),
        ({"prompt": "0", "completion": "0", "request": "0.5"}, Usage(1, 1), NOON, "0.5"),
        ({"prompt": "-1", "completion": "-1"}, Usage(input=1, output=1), NOON, None),
        ({"prompt": "?", "completion": "0"}, Usage(input=1, output=1), NOON, None),
        (PRICES, Usage(input=100), NOON, None),
    ],
)
def test_cost_from_the_catalogue(
    pricing: Mapping[str, Any], usage: Usage, at: datetime | None, expected: str | None
) -> None:
    """Cache, overrides and hours count, reasoning does not count twice, unknown is unknown."""
    cost = cost_from_usage(pricing, usage, at)

    assert cost == (None if expected is None else Decimal(expected))
