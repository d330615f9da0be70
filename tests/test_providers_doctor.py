"""`llm reasonkit doctor`: what it finds, what it advises, how it ends."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlite_utils import Database

from llm_reasonkit.errors import StoreError
from llm_reasonkit.store import checkup, schema
from llm_reasonkit.store.database import transaction
from tests.catalogue_rows import cache, row
from tests.cli import llm
from tests.openrouter_server import Raw, Server, refuse, web_page

DAY = 24 * 3600


@pytest.fixture(autouse=True)
def config(user_folder: Path) -> Path:
    """A configuration that hardly waits between tries."""
    path = user_folder / "reasonkit" / "config.toml"
    path.parent.mkdir()
    path.write_text("[providers.openrouter]\nretry_delay_ms = 1\n")
    return path


def findings(exit_code: int) -> dict[str, dict[str, Any]]:
    """Run the doctor and return the worst it found of each kind."""
    ended = llm("reasonkit", "doctor", "--json")
    assert ended.exit_code == exit_code, ended.output
    order = ["ok", "warning", "failed"]
    found = json.loads(ended.stdout)["items"]
    return {item["check"]: item for item in sorted(found, key=lambda i: order.index(i["status"]))}


def told(**data: Any) -> Raw:
    """A reply with these data."""
    return Raw([json.dumps({"data": data}).encode()], content_type="application/json")


def test_all_is_well(openrouter: Server, user_folder: Path) -> None:
    """With key, credits and a fresh catalogue every line has its tick and the end is 0."""
    cache(user_folder, row("acme/small"))

    ended = llm("reasonkit", "doctor")

    assert ended.exit_code == 0
    lines = ended.stdout.splitlines()
    assert {line[0] for line in lines} <= {"✓", " "}
    assert [line.split()[1] for line in lines if line[0] == "✓"] == [
        *("versions", "config", "key", "network", "credits", "limits", "catalogue", "log", "local"),
    ]
    assert "…0001 from OPENROUTER_API_KEY, accepted" in ended.stdout
    assert openrouter.key not in ended.stdout
    assert not (user_folder / "logs.db").exists()


def test_versions(openrouter: Server) -> None:
    """What a bug report needs stands in one line."""
    detail = findings(0)["versions"]["detail"]

    assert "llm 0." in detail
    assert "llm-reasonkit " in detail
    assert f"SQLite {sqlite3.sqlite_version}" in detail


def test_a_wrong_key(openrouter: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server is there, the key is not accepted: exit 5, and the key stays unsaid."""
    monkeypatch.setenv("OPENROUTER_API_KEY", "sk-or-v1-wrong-key-7777")

    found = findings(5)

    assert found["network"]["status"] == "ok"
    assert found["key"]["status"] == "failed"
    assert "…7777 from OPENROUTER_API_KEY: OpenRouter does not accept" in found["key"]["detail"]
    assert "wrong-key" not in json.dumps(found)
    assert "credits" not in found


def test_no_key(openrouter: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without any model that could be used the setup is to be mended: exit 2."""
    monkeypatch.delenv("OPENROUTER_API_KEY")

    found = findings(2)

    assert (found["key"]["status"], found["network"]["status"]) == ("failed", "ok")
    assert "llm keys set openrouter" in found["key"]["remedy"]


def test_no_key_but_another_model(openrouter: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key for llm's default model is enough to work with."""
    monkeypatch.delenv("OPENROUTER_API_KEY")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-something")

    assert findings(0)["key"]["status"] == "warning"


def test_no_key_but_a_local_model(
    openrouter: Server, monkeypatch: pytest.MonkeyPatch, user_folder: Path
) -> None:
    """So is a local model."""
    monkeypatch.delenv("OPENROUTER_API_KEY")
    (user_folder / "reasonkit" / "models").mkdir()
    (user_folder / "reasonkit" / "models" / "mine.gguf").write_bytes(b"GGUF")

    found = findings(0)

    assert found["key"]["detail"] == "none for OpenRouter; local/mine runs without it"
    assert "local/mine" in found["local"]["detail"]


def test_no_network(openrouter: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody answers: exit 5, and nothing is said against the key."""
    monkeypatch.setenv("OPENROUTER_BASE_URL", "http://127.0.0.1:9/api/v1")

    found = findings(5)

    assert found["network"]["status"] == "failed"
    assert "127.0.0.1: the connection to OpenRouter failed" in found["network"]["detail"]
    assert (found["key"]["status"], found["key"]["exit_code"]) == ("warning", 0)


def test_a_server_that_fails(openrouter: Server) -> None:
    """A page of some gateway is no answer."""
    openrouter.script(web_page(), web_page(), model="/key")

    assert findings(5)["network"]["status"] == "failed"


@pytest.mark.parametrize(
    ("bought", "used", "status", "words"),
    [
        (10, 2.5, "ok", "$7.50 left"),
        (10, 10, "failed", "used up ($0.00)"),
        (10, 10.25, "failed", "used up (-$0.25)"),
        (0, 0, "warning", "only :free models"),
    ],
)
def test_credits(openrouter: Server, bought: float, used: float, status: str, words: str) -> None:
    """Credits that are used up end with 5; none ever bought leaves the free models."""
    openrouter.script(told(total_credits=bought, total_usage=used), model="/credits")

    found = findings(5 if status == "failed" else 0)["credits"]

    assert found["status"] == status
    assert words in found["detail"]


def test_credits_that_are_not_told(openrouter: Server) -> None:
    """An ordinary key may not know; that is unknown, and where to look is said."""
    openrouter.script(refuse(403, "Only management keys can do this"), model="/credits")

    found = findings(0)["credits"]

    assert (found["status"], found["detail"][:7]) == ("warning", "unknown")
    assert "https://openrouter.ai/settings/credits" in found["remedy"]


@pytest.mark.parametrize(
    ("data", "status", "words"),
    [
        ({"limit": None}, "ok", "of the key: none; free requests left today: unknown"),
        ({}, "ok", "of the key: unknown"),
        ({"limit": 10, "limit_remaining": 4, "limit_reset": "daily"}, "ok", "$4.00 left, resets"),
        ({"limit": 10, "limit_remaining": 0}, "failed", "the spending limit of the key is reached"),
        ({"free_model_daily_requests": {"remaining": 7}}, "ok", "left today: 7"),
        ({"free_model_daily_requests": {"remaining": 0}}, "warning", "left today: 0"),
    ],
)
def test_limits(openrouter: Server, data: dict[str, Any], status: str, words: str) -> None:
    """A reached limit of the key ends with 5; used up free requests are a warning."""
    openrouter.script(told(**data), model="/key")

    found = findings(5 if status == "failed" else 0)["limits"]

    assert found["status"] == status
    assert words in found["detail"]


@pytest.mark.parametrize(
    ("age", "status", "remedy"),
    [(60, "ok", None), (2 * DAY, "warning", "--refresh"), (None, "warning", "fetches it")],
)
def test_catalogue(
    openrouter: Server, user_folder: Path, age: float | None, status: str, remedy: str | None
) -> None:
    """An old or missing catalogue is a warning that names the command which mends it."""
    if age is not None:
        cache(user_folder, row("acme/small"), age=age)

    found = findings(0)["catalogue"]

    assert found["status"] == status
    assert (remedy or "") in (found["remedy"] or "")


def test_a_configuration_with_mistakes(openrouter: Server, config: Path) -> None:
    """All mistakes stand there with their lines, and the rest is checked all the same."""
    config.write_text("[providers.openrouter]\ntemprature = 1\ntop_p = 5\nretry_delay_ms = 1\n")

    found = findings(2)

    assert f"{config}:2: unknown key 'temprature'" in found["config"]["detail"]
    assert f"{config}:3: " in found["config"]["detail"]
    assert found["key"]["status"] == "ok"


def test_an_environment_with_mistakes(openrouter: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """An address that would give the key away is refused, and nobody is asked."""
    monkeypatch.setenv("OPENROUTER_BASE_URL", "http://example.com/api/v1")

    found = findings(2)

    assert "would send your key unencrypted" in found["config"]["detail"]
    assert "network" not in found
    assert openrouter.requests == []


def test_configured_models_that_do_not_exist(
    openrouter: Server, user_folder: Path, config: Path
) -> None:
    """A model of the configuration that is not in the catalogue gets the nearest right id."""
    cache(user_folder, row("acme/small"), row("acme/large"))
    config.write_text(
        '[providers.openrouter]\nretry_delay_ms = 1\ndefault_model = "acme/smal"\n'
        'fallback_models = ["acme/small", "gpt-4o", "openrouter/acme/small:floor"]\n'
        '[providers.openrouter.profile_mapping]\nquick = "openrouter/acme/large:nitro"\n'
    )

    found = json.loads(llm("reasonkit", "doctor", "--json").stdout)["items"]

    (warning,) = [item for item in found if item["check"] == "config" and item["remedy"]]
    assert warning["detail"] == "acme/smal is configured, but not in the catalogue"
    assert warning["remedy"].startswith("nearest: acme/small")


def test_broken_keys(openrouter: Server, user_folder: Path) -> None:
    """A broken keys.json is a mistake of the setup, not a crash."""
    (user_folder / "keys.json").write_text("{")

    assert "keys.json cannot be read" in findings(2)["config"]["detail"]


def test_a_log_that_is_no_database(openrouter: Server, user_folder: Path) -> None:
    """The log's trouble is named, with what to do."""
    (user_folder / "logs.db").write_text("nonsense, and long enough to be read as a header" * 20)

    found = findings(2)["log"]

    assert "is not an SQLite database; move it away" in found["detail"]


def test_a_log_with_runs(openrouter: Server, user_folder: Path) -> None:
    """Runs in the log are counted."""
    llm("think", "q", "-m", "openrouter/acme/small", "--protocol", "laserlogic")

    assert findings(0)["log"]["detail"].endswith("can be read and written to; runs in it: 1")


def test_logging_is_off(openrouter: Server) -> None:
    """That nothing will be logged is a warning."""
    llm("logs", "off")

    assert findings(0)["log"]["remedy"] == "llm logs on"


def test_a_log_elsewhere(openrouter: Server, tmp_path: Path) -> None:
    """`-d` names another log, as everywhere."""
    ended = llm("reasonkit", "doctor", "-d", str(tmp_path / "other.db"), "--json")

    assert "other.db will be made by the first run" in ended.stdout


def test_a_log_that_another_program_holds(tmp_path: Path) -> None:
    """A log under somebody's lock can be read but not written to, and that is found out."""
    path = tmp_path / "logs.db"
    with closing(sqlite3.connect(path)) as connection:
        with transaction(Database(connection, execute_plugins=False)):
            schema.migrate(Database(connection, execute_plugins=False))
        assert checkup.examine(path) == 0
        connection.execute("begin immediate")
        with pytest.raises(StoreError, match="is locked by another program"):
            checkup.examine(path)


def test_a_log_in_a_place_that_is_none(tmp_path: Path) -> None:
    """A log below a file can never be made."""
    (tmp_path / "file").write_text("")

    with pytest.raises(StoreError, match="cannot be"):
        checkup.examine(tmp_path / "file" / "logs.db")
