"""`llm reasonkit config`: what holds and where it comes from, mistakes with lines, no secrets."""

from __future__ import annotations

import json
import re
import stat
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from llm_reasonkit.config import OpenRouter, Settings
from tests.cli import llm, process, write_protocol
from tests.openrouter_server import Server

SECTION = "[providers.openrouter]\n"


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return path


@pytest.fixture
def own(user_folder: Path) -> Path:
    """Where the user's configuration stands."""
    return user_folder / "reasonkit" / "config.toml"


def shown(*arguments: str) -> dict[str, tuple[Any, str]]:
    """What `config show --json` says: value and source by key."""
    ended = llm("reasonkit", "config", "show", "--json", *arguments)
    assert ended.exit_code == 0, ended.stderr
    rows = json.loads(ended.stdout)["items"]
    return {row["key"].removeprefix("providers."): (row["value"], row["source"]) for row in rows}


def test_where_each_value_comes_from(
    own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A named file, the user's two files, the environment, the default: each is named."""
    write(own, SECTION + 'temperature = 0.5\nmax_tokens = 5\nsite_name = "x"\n')
    home = write(
        tmp_path / "home" / ".reasonkit" / "config.toml",
        SECTION + "temperature = 1\ntop_p = 0.25\n[providers.openrouter.profile_mapping]\n"
        'quick = "a/b"\n',
    )
    named = write(tmp_path / "here.toml", SECTION + "max_tokens = 9\n")
    monkeypatch.setenv("OPENROUTER_SITE_NAME", "mine")
    rows = shown("--config", str(named))
    assert rows["openrouter.max_tokens"] == (9, str(named))
    assert rows["openrouter.temperature"] == ("0.5", str(own))
    assert rows["openrouter.top_p"] == ("0.25", str(home))
    assert rows["openrouter.profile_mapping.quick"] == ("a/b", str(home))
    assert rows["openrouter.site_name"] == ("mine", "OPENROUTER_SITE_NAME")
    assert rows["openrouter.retry_attempts"] == (3, "default")
    assert rows["openrouter.max_cost_per_request"] == ("1.00", "default")
    assert rows["openrouter.route"] == (None, "default")
    assert shown()["openrouter.max_tokens"] == (5, str(own))


def test_show_for_people(own: Path) -> None:
    """The same as lines of TOML, money as it was written."""
    write(own, 'confirm_above = 0.10\n[prices]\n"my/model" = {prompt = 0.1, completion = 0.20}\n')
    text = llm("reasonkit", "config", "show").stdout
    assert f"confirm_above = 0.10  # {own}\n" in text
    assert f'prices."my/model".completion = 0.20  # {own}\n' in text
    assert "# providers.openrouter.route is not set\n" in text
    assert tomllib.loads(text)["providers"]["openrouter"]["retry_attempts"] == 3


def test_keys_are_never_shown(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the key of the environment, nor one that was put where its variable belongs."""
    monkeypatch.setenv("OPENROUTER_API_KEY", "sk-or-v1-SECRET")
    ended = llm("reasonkit", "config", "show")
    assert "SECRET" not in ended.output
    write(own, SECTION + 'api_key_env = "sk-or-v1-SECRET"\n')
    for command in ("show", "check"):
        ended = llm("reasonkit", "config", command)
        assert ended.exit_code == 2
        assert f"{own}:2: " in ended.stderr
        assert "the name of an environment variable is wanted" in ended.stderr
        assert "SECRET" not in ended.output


def test_an_address_with_a_password_is_refused_and_not_shown(own: Path) -> None:
    """The address of the server may not hold a secret."""
    write(own, SECTION + 'api_base_url = "https://me:SECRET@openrouter.test/api"\n')
    for command in ("show", "check"):
        ended = llm("reasonkit", "config", command)
        assert (ended.exit_code, "SECRET" in ended.output) == (2, False)


def test_path(own: Path) -> None:
    """`config path` is for `$EDITOR "$(llm reasonkit config path)"`."""
    assert llm("reasonkit", "config", "path").stdout == f"{own}\n"


def test_check_tells_every_mistake_of_every_file(own: Path, tmp_path: Path) -> None:
    """All at once, each with file, line and the nearest key; the exit code is 2."""
    write(
        own,
        SECTION + "temprature = 1\nretry_attempts = -1\n"
        "[providers.mistrall]\ntop_p = 0.5\n[providers.mistral]\nsite_name = 'x'\n"
        '[prices]\n"a/b:free" = {prompt = 1}\n',
    )
    home = write(tmp_path / "home" / ".reasonkit" / "config.toml", 'x = "y"\n[confirm_above]\n')
    ended = llm("reasonkit", "config", "check")
    assert ended.exit_code == 2
    lines = ended.stderr.removeprefix("Error: ").splitlines()
    assert [line.split(" ")[0] for line in lines] == [
        *(f"{own}:{number}:" for number in (2, 3, 7, 9)),
        f"{home}:1:",
        f"{home}:2:",
    ]
    assert "did you mean 'temperature'?" in lines[0]
    assert "only [providers.openrouter] has the key 'site_name'" in lines[2]
    assert "prices.a/b:free.completion is missing" in lines[3]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[providers.antropic]\ntop_p = 0.5\n", ":1: no provider 'antropic'"),
        (SECTION + 'route = "fallback"\n', "needs fallback_models"),
        (SECTION + 'api_base_url = "http://one.test"\n', "unencrypted"),
        (SECTION + 'route = "cheapest"\n', ":2: providers.openrouter.route must be 'lowest-"),
    ],
)
def test_check_looks_closer(own: Path, text: str, says: str) -> None:
    """What is well written but cannot work is a mistake, too."""
    write(own, text)
    ended = llm("reasonkit", "config", "check")
    assert (ended.exit_code, says in ended.stderr) == (2, True), ended.stderr


def test_check_of_what_is_right(own: Path) -> None:
    """Files without mistakes are listed; no file at all is fine."""
    assert "which is fine" in llm("reasonkit", "config", "check").stdout
    write(own, SECTION + 'route = "fallback"\nfallback_models = ["a/b"]\n[providers.openai]\n')
    ended = llm("reasonkit", "config", "check")
    assert (ended.exit_code, ended.stdout) == (0, f"{own}: no mistakes\n")


def test_init(own: Path) -> None:
    """The file explains every key, sets none, is the user's alone, and is not overwritten."""
    assert llm("reasonkit", "config", "init").stdout == f"{own}\n"
    assert stat.S_IMODE(own.stat().st_mode) == 0o600
    assert tomllib.loads(own.read_text()) == {}
    own.write_text("confirm_above = 1\n")
    again = llm("reasonkit", "config", "init")
    assert (again.exit_code, own.read_text()) == (2, "confirm_above = 1\n")
    assert "--force" in again.stderr
    assert llm("reasonkit", "config", "init", "--force").exit_code == 0
    assert "confirm_above = 0.25" in own.read_text()


def test_init_shows_every_key_there_is(own: Path) -> None:
    """With the marks taken away the file has no mistakes and leaves nothing out."""
    llm("reasonkit", "config", "init")
    keys = re.sub(r"^# (?=[\w\"]+ = |\[)", "", own.read_text(), flags=re.MULTILINE)
    own.write_text(keys)
    found = tomllib.loads(keys)
    assert found.keys() == Settings.model_fields.keys()
    assert found["providers"]["openrouter"].keys() == OpenRouter.model_fields.keys()
    assert shown()["openrouter.requests_per_minute"] == (100, str(own))


def test_init_where_nothing_can_be_written(own: Path) -> None:
    """A file in place of the folder is told in one line."""
    own.parent.write_text("")
    ended = llm("reasonkit", "config", "init")
    assert ended.exit_code == 2
    assert str(own) in ended.stderr


# What is configured for other providers


@pytest.fixture
def mine(openrouter: Server, user_folder: Path) -> None:
    """Another provider's models, without a common beginning: `prose`, which needs the key "me"."""
    write_protocol(
        user_folder,
        "protocol: say\ntitle: Say\nsummary: One call.\nsteps: {verdict: {prompt: Decide.}}\n"
        "answer: verdict\n",
        "say",
    )
    openrouter.keys.add("k")
    (user_folder / "keys.json").write_text('{"me": "k"}')
    rows = [
        {
            "model_id": name,
            "model_name": f"acme/{name}",
            "api_base": openrouter.base_url,
            "api_key_name": "me",
        }
        for name in ("prose", "small")
    ]
    (user_folder / "extra-openai-models.yaml").write_text(yaml.safe_dump(rows))


@pytest.mark.usefixtures("mine")
def test_another_provider_is_configured_alike(openrouter: Server, own: Path) -> None:
    """Default model, options and chain hold for the provider of that name."""
    write(
        own,
        '[providers.me]\ndefault_model = "prose"\ntemperature = 0.3\nmax_tokens = 77\n'
        'fallback_models = ["small"]\n[providers.me.profile_mapping]\nquick = "small"\n',
    )
    assert process("think", "q", "--protocol", "say", "--provider", "me").returncode == 0
    body = openrouter.chats[0].body
    assert (body["model"], body["temperature"], body["max_tokens"]) == ("acme/prose", 0.3, 77)
    openrouter.requests.clear()
    process("think", "q", "--profile", "quick", "--provider", "me")
    assert {chat.body["model"] for chat in openrouter.chats} == {"acme/small"}


@pytest.mark.usefixtures("mine")
def test_requests_of_another_provider_are_limited(openrouter: Server, own: Path) -> None:
    """`requests_per_minute` is held across processes there, too."""
    write(own, "[providers.me]\nrequests_per_minute = 1\n")
    asked = ("think", "q", "--protocol", "say", "-m", "prose", "--budget", "2s")
    assert process(*asked).returncode == 0
    assert process(*asked).returncode == 3
    assert len(openrouter.chats) == 1


@pytest.mark.usefixtures("mine")
def test_a_price_that_nobody_else_knows(own: Path) -> None:
    """With a price in [prices] a budget in USD can hold for any model."""
    asked = ("think", "q", "--protocol", "say", "-m", "prose", "--budget", "$0.10")
    refused = process(*asked)
    assert (refused.returncode, "[prices]" in refused.stderr) == (2, True)
    write(own, "[prices]\nprose = {prompt = 0.1, completion = 0.2}\n")
    assert process(*asked).returncode == 0


def test_a_file_is_read_only_when_named(
    openrouter: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A config.toml in the current folder counts for nothing unless --config names it."""
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "config.toml", SECTION + 'default_model = "acme/thinker"\n')
    write(tmp_path / ".reasonkit" / "config.toml", SECTION + 'default_model = "acme/thinker"\n')
    asked = ("think", "q", "--protocol", "laserlogic")
    llm(*asked)
    assert openrouter.chats[0].body["model"] == "anthropic/claude-sonnet-4"
    openrouter.requests.clear()
    llm(*asked, "--config", "config.toml")
    assert openrouter.chats[0].body["model"] == "acme/thinker"
