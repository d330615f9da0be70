"""`llm providers` as a user types it, against the look-alike of OpenRouter."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.catalogue_rows import cache, row
from tests.cli import Terminal, llm
from tests.openrouter_server import Drop, Raw, Refuse, Server, refuse

DAY = 24 * 3600
SOME = (
    row("acme/cheap", "0.0000000375", "0.0000001", context=1_048_576, created=3),
    row("acme/dear", "0.000015", "0.000075", context=200_000, created=2, parameters=("tools",)),
    row("acme/gift:free", "0", "0", context=32_768, created=1),
    row("openrouter/auto", "-1", "-1", context=2_000_000, created=0),
)


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch, user_folder: Path) -> None:
    """No server, and no patience with its absence."""
    monkeypatch.setenv("OPENROUTER_BASE_URL", "http://127.0.0.1:9/api/v1")
    (user_folder / "reasonkit").mkdir(exist_ok=True)
    (user_folder / "reasonkit" / "config.toml").write_text(
        "[providers.openrouter]\nretry_delay_ms = 1\n"
    )


def told(data: dict[str, Any]) -> Raw:
    """A reply with these data."""
    return Raw([json.dumps({"data": data}).encode()], content_type="application/json")


def asked(server: Server) -> list[str]:
    """What was asked for, without the common beginning of the paths."""
    return [request.path.removeprefix("/api/v1/") for request in server.requests]


def items(*arguments: str) -> list[dict[str, Any]]:
    """Run a command with --json and return its items."""
    ended = llm(*arguments, "--json")
    assert ended.exit_code == 0, ended.output
    found: list[dict[str, Any]] = json.loads(ended.stdout)["items"]
    return found


def test_search_needs_no_network(user_folder: Path, offline: None) -> None:
    """With a warm cache and nobody to ask, the models are found."""
    cache(user_folder, *SOME)

    ended = llm("providers", "search", "openrouter", "acme")

    assert (ended.exit_code, ended.stderr) == (0, "")
    assert ended.stdout == (
        "model           context  in $/M  out $/M  supports\n"
        "acme/cheap         1.0M  0.0375      0.1  tools schema reasoning images\n"
        "acme/dear          200k      15       75  tools images\n"
        "acme/gift:free      32k    free     free  tools schema reasoning images\n"
    )


def test_a_price_that_varies_is_never_negative(user_folder: Path, offline: None) -> None:
    """A router's price is said to vary, and is null in JSON."""
    cache(user_folder, *SOME)

    shown = llm("providers", "search", "openrouter", "auto").stdout
    (model,) = items("providers", "search", "openrouter", "auto")

    assert shown.splitlines()[1].split()[:4] == ["openrouter/auto", "2.0M", "varies", "varies"]
    assert (model["price_in"], model["price_varies"]) == (None, True)
    assert model["llm_id"] == "openrouter/auto"


def test_search_as_json(user_folder: Path, offline: None) -> None:
    """A model has its exact prices per million tokens as decimal strings, and what -m takes."""
    cache(user_folder, row("acme/cheap", "0.0000000375", "0.0000001", created=86_400))

    (model,) = items("providers", "search", "openrouter")

    assert model == {
        "id": "acme/cheap",
        "llm_id": "openrouter/acme/cheap",
        "name": "acme/cheap by name",
        "context": 128_000,
        "max_output": None,
        "price_in": "0.0375",
        "price_out": "0.1",
        "price_varies": False,
        "free": False,
        "supports": ["tools", "schema", "reasoning", "images"],
        "must_reason": False,
        "efforts": [],
        "added": "1970-01-02",
        "expires": None,
    }


@pytest.mark.parametrize(
    ("options", "found"),
    [
        (["--free"], ["acme/gift:free"]),
        (["--max-price", "$0.1"], ["acme/cheap", "acme/gift:free"]),
        (["--max-price", "0.1", "--context", "128k"], ["acme/cheap"]),
        (["--context", "1M", "--sort", "context"], ["openrouter/auto", "acme/cheap"]),
        (
            ["--supports", "images", "--supports", "schema", "acme"],
            ["acme/cheap", "acme/gift:free"],
        ),
        (["acme", "--sort", "newest"], ["acme/cheap", "acme/dear", "acme/gift:free"]),
        (["acme", "--sort", "price"], ["acme/gift:free", "acme/cheap", "acme/dear"]),
    ],
)
def test_search_filters(
    user_folder: Path, offline: None, options: list[str], found: list[str]
) -> None:
    """The options narrow and sort what is found."""
    cache(user_folder, *SOME)

    assert [model["id"] for model in items("providers", "search", "openrouter", *options)] == found


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--context", "much"], "'much' is not a number of tokens; give one such as 128k or 1M"),
        (["--max-price", "-1"], "'-1' is not an amount of USD; give one such as 0.50"),
        (["--max-price", "nan"], "'nan' is not an amount of USD"),
        (["--supports", "video"], "'video' is not one of"),
        (["--sort", "name"], "'name' is not one of"),
    ],
)
def test_search_with_mistakes(
    user_folder: Path, offline: None, options: list[str], words: str
) -> None:
    """A value that means nothing is refused, with what would mean something."""
    ended = llm("providers", "search", "openrouter", *options)

    assert ended.exit_code == 2
    assert words in ended.stderr


def test_search_that_finds_nothing(user_folder: Path, offline: None) -> None:
    """A misspelt name gets the nearest ids on stderr, and an empty list in JSON."""
    cache(user_folder, *SOME)

    ended = llm("providers", "search", "openrouter", "acme/chaep")

    assert (ended.exit_code, ended.stdout) == (0, "")
    assert ended.stderr.startswith("no model fits; nearest: acme/cheap")
    assert items("providers", "search", "openrouter", "acme/chaep") == []


def test_only_openrouter_can_be_searched(user_folder: Path) -> None:
    """Other providers have no catalogue; the way to their models is named."""
    ended = llm("providers", "search", "openai", "gpt")

    assert ended.exit_code == 2
    assert "see `llm providers show openai`" in ended.stderr


def test_the_first_search_fetches(openrouter: Server, user_folder: Path) -> None:
    """Without a cache the models are fetched, without a key, and stay for the next search."""
    first = llm("providers", "search", "openrouter", "claude")
    again = llm("providers", "search", "openrouter", "claude")

    assert "anthropic/claude-sonnet-4" in first.stdout
    assert again.stdout == first.stdout
    assert asked(openrouter) == ["models"]
    assert "authorization" not in openrouter.requests[0].headers


@pytest.mark.parametrize("command", [["search", "openrouter"], ["recommend"]])
def test_no_cache_and_no_network(offline: None, command: list[str]) -> None:
    """Then there is one line that says so, and exit code 5."""
    ended = llm("providers", *command)

    assert (ended.exit_code, ended.stdout) == (5, "")
    assert ended.stderr.count("\n") == 1
    assert ended.stderr.startswith(
        "Error: OpenRouter's models cannot be fetched (none are cached): models: the connection"
    )


@pytest.mark.parametrize("command", [["search", "openrouter", "acme"], ["recommend"]])
def test_an_old_cache_is_used_and_renewed(
    openrouter: Server, user_folder: Path, command: list[str]
) -> None:
    """The answer comes from the old models, and the next one from the new."""
    cache(user_folder, row("acme/gone"), age=DAY + 60)

    old = llm("providers", *command)
    new = llm("providers", *command)

    assert asked(openrouter) == ["models"]
    assert "acme/small" not in old.stdout
    assert "acme/small" in new.stdout


def test_an_old_cache_without_a_network(user_folder: Path, offline: None) -> None:
    """That nobody can be asked is no reason to complain to who was served."""
    cache(user_folder, *SOME, age=30 * DAY)

    ended = llm("providers", "search", "openrouter", "cheap")

    assert (ended.exit_code, ended.stderr) == (0, "")
    assert "acme/cheap" in ended.stdout


def test_an_old_cache_and_a_broken_configuration(user_folder: Path, offline: None) -> None:
    """Searching needs no configuration, so that its mistakes do not stop it."""
    (user_folder / "reasonkit" / "config.toml").write_text("nonsense")
    cache(user_folder, *SOME, age=30 * DAY)

    assert llm("providers", "search", "openrouter", "cheap").exit_code == 0


def test_refresh(openrouter: Server, user_folder: Path) -> None:
    """`--refresh` fetches what is not old yet."""
    cache(user_folder, *SOME)

    found = items("providers", "search", "openrouter", "--refresh")

    assert "acme/small" in [model["id"] for model in found]


@pytest.mark.parametrize(
    "failure",
    [
        refuse(400, "x"),
        Drop(),
        Raw([b'{"data": []}'], content_type="application/json"),
        Raw([b"[]"], content_type="application/json"),
    ],
)
def test_a_refresh_that_fails(openrouter: Server, user_folder: Path, failure: Refuse | Raw) -> None:
    """It is an error that names the way to the cached models, and they are not lost."""
    cache(user_folder, *SOME)
    openrouter.script(*[failure] * 2, model="/models")

    ended = llm("providers", "search", "openrouter", "--refresh")

    assert (ended.exit_code, ended.stdout) == (5, "")
    assert "leave --refresh out to see those of the cache" in ended.stderr
    assert len(items("providers", "search", "openrouter")) == len(SOME)


def test_search_loads_nothing_heavy(user_folder: Path) -> None:
    """From a warm cache neither the HTTP client, the renderer nor the engine is imported."""
    cache(user_folder, *SOME)
    heavy = ["httpx", "rich", "jinja2", "jsonschema", "tenacity", "llm_reasonkit.api"]
    code = (
        "import sys\nfrom llm.cli import cli\nbefore = set(sys.modules)\n"
        "cli(['providers', 'search', 'openrouter', 'acme'], standalone_mode=False)\n"
        f"print([name for name in {heavy} if name in set(sys.modules) - before])"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.splitlines()[-1] == "[]"


def test_hostile_names_stay_text(user_folder: Path, offline: None) -> None:
    """Escape sequences in a catalogue reach neither the terminal nor JSON raw."""
    cache(user_folder, row("acme/\x1b]52;c;x\x07evil\x1b[31m\u202e", name="\x1b[2J"))

    shown = llm("providers", "search", "openrouter").stdout
    as_json = llm("providers", "search", "openrouter", "--json").stdout

    assert "acme/evil" in shown
    assert not {"\x1b", "\x07", "\u202e"} & {*shown, *as_json}


def test_list(openrouter: Server, user_folder: Path) -> None:
    """OpenRouter comes first, then who else llm has models of, with models and key."""
    cache(user_folder, *SOME, age=3 * 3600 + 5)

    found = items("providers")

    assert found[0] == {"name": "openrouter", "key": "found", "models": 4, "age_seconds": 10805}
    (openai,) = [provider for provider in found if provider["name"] == "openai"]
    assert openai["key"] == "missing"
    assert openai["models"] > 5
    assert openrouter.requests == []
    lines = llm("providers").stdout.splitlines()
    assert [line.split() for line in lines[:2]] == [
        ["provider", "key", "models", "catalogue"],
        ["openrouter", "found", "4", "3", "h", "old"],
    ]


def test_list_of_a_fresh_user(user_folder: Path) -> None:
    """Without key and cache OpenRouter is listed all the same, its models unknown."""
    found = items("providers", "list")

    assert found[0] == {"name": "openrouter", "key": "missing", "models": None, "age_seconds": None}


def test_list_with_a_local_model(user_folder: Path) -> None:
    """Local models are a provider that needs no key."""
    (user_folder / "reasonkit" / "models").mkdir(parents=True)
    (user_folder / "reasonkit" / "models" / "mine.gguf").write_bytes(b"GGUF")

    local = next(provider for provider in items("providers") if provider["name"] == "local")

    assert (local["key"], local["models"]) == ("not needed", 1)
    assert llm("providers", "show", "local").stdout.splitlines()[:2] == [
        "provider  local",
        "key       not needed",
    ]


def test_everything_below_reasonkit(user_folder: Path, offline: None) -> None:
    """The commands are found under `llm reasonkit` as well."""
    cache(user_folder, *SOME)

    assert "acme/cheap" in llm("reasonkit", "providers", "search", "openrouter", "cheap").stdout


def test_show_openrouter(openrouter: Server, user_folder: Path) -> None:
    """All that the server tells of the key is shown, then the models."""
    cache(user_folder, *SOME)
    openrouter.script(
        told(
            {
                "label": "My laptop",
                "limit": 10,
                "limit_remaining": 7.5,
                "limit_reset": "monthly",
                "usage": 2.5,
                "usage_daily": 0.0125,
                "is_free_tier": False,
                "free_model_daily_requests": {"used": 2, "limit": 50, "remaining": 48},
            }
        ),
        model="/key",
    )

    shown = llm("providers", "show", "openrouter").stdout

    assert shown.splitlines()[:8] == [
        "key        …0001 from OPENROUTER_API_KEY, accepted (My laptop)",
        "limit      $7.50 left of $10.00, resets monthly",
        "used       $2.50, $0.0125 today",
        "credits    $10.00 left of $10.00 bought",
        "free       48 of 50 requests left today",
        "catalogue  4 models, 0 s old",
        "",
        "model            context  in $/M  out $/M  supports",
    ]
    assert "acme/dear" in shown
    assert asked(openrouter) == ["key", "credits"]


def test_show_openrouter_to_an_ordinary_key(openrouter: Server, user_folder: Path) -> None:
    """What the server does not tell is unknown, not zero."""
    cache(user_folder, *SOME)
    openrouter.script(told({"label": "sk-or-v1-tes...001"}), model="/key")
    openrouter.script(refuse(403, "Only management keys can do this"), model="/credits")

    lines = llm("providers", "show", "openrouter").stdout.splitlines()[:5]
    openrouter.script(told({"label": "sk-or-v1-tes...001"}), model="/key")
    openrouter.script(refuse(403, "Only management keys can do this"), model="/credits")
    page = json.loads(llm("providers", "show", "openrouter", "--json").stdout)

    assert lines == [
        "key        …0001 from OPENROUTER_API_KEY, accepted (…001)",
        "limit      unknown",
        "used       unknown",
        "credits    unknown",
        "free       unknown",
    ]
    account = page["provider"]["account"]
    assert account.pop("label") == "…001"
    assert set(account.values()) == {None}


def test_show_openrouter_as_json(openrouter: Server, user_folder: Path) -> None:
    """The page holds the provider and its models; money is a decimal string."""
    cache(user_folder, *SOME)

    page = json.loads(llm("providers", "show", "openrouter", "--json").stdout)

    provider = page["provider"]
    assert (provider["name"], provider["accepted"], provider["key_ending"]) == (
        "openrouter",
        True,
        "…0001",
    )
    assert provider["account"]["limited"] is False
    assert Decimal(provider["account"]["credits_left"]) == 10
    assert [model["id"] for model in page["items"]] == [model["id"] for model in SOME]


def test_show_with_a_wrong_key(
    openrouter: Server, user_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is said that the key is not accepted, never what it is, and the models follow."""
    cache(user_folder, *SOME)
    llm("keys", "set", "openrouter", "--value", "sk-or-v1-wrong-key-7777")

    ended = llm("providers", "show", "openrouter")

    assert ended.stdout.startswith(
        "key        …7777 from llm keys, not accepted: OpenRouter does not accept the key (401)"
    )
    assert "wrong-key" not in ended.output
    assert "acme/cheap" in ended.stdout
    assert asked(openrouter) == ["key"]


def test_show_without_key_and_cache(
    openrouter: Server, user_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a key it says how to get one, and fetches the models, which need none."""
    monkeypatch.delenv("OPENROUTER_API_KEY")

    shown = llm("providers", "show", "openrouter").stdout

    assert shown.startswith("key        missing: set one with `llm keys set openrouter`")
    assert "acme/small" in shown
    assert asked(openrouter) == ["models"]


def test_show_offline(user_folder: Path, offline: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """An old catalogue is shown when there is no network, and the key is not said to be wrong."""
    monkeypatch.setenv("OPENROUTER_API_KEY", "short")
    cache(user_folder, *SOME, age=3 * DAY)

    ended = llm("providers", "show", "openrouter")

    assert ended.exit_code == 0
    assert "… from OPENROUTER_API_KEY, not checked: the connection to OpenRouter" in ended.stdout
    assert "short" not in ended.stdout
    assert "catalogue  4 models, 3 days old" in ended.stdout


def test_show_another_provider(user_folder: Path) -> None:
    """Any provider of llm's shows its models; what llm does not know of them is unknown."""
    shown = llm("providers", "show", "openai").stdout
    page = json.loads(llm("providers", "show", "openai", "--json").stdout)

    assert shown.startswith("provider  openai\nkey       missing\n")
    model = next(model for model in page["items"] if model["id"] == "gpt-4o")
    assert {"tools", "schema", "images"} == set(model["supports"])
    assert (model["context"], model["price_in"], model["free"]) == (None, None, None)


def test_show_an_unknown_provider(user_folder: Path) -> None:
    """The error names the nearest, or those that there are."""
    misspelt = llm("providers", "show", "openruoter")
    unlike = llm("providers", "show", "zzz")

    assert (misspelt.exit_code, unlike.exit_code) == (2, 2)
    assert "no provider 'openruoter'; did you mean 'openrouter'?" in misspelt.stderr
    assert "no provider 'zzz'; there is openai, openrouter" in unlike.stderr


def test_keys_that_cannot_be_read(user_folder: Path) -> None:
    """A broken keys.json is named, without a traceback."""
    (user_folder / "keys.json").write_text('{"openrouter": ')

    ended = llm("providers")

    assert ended.exit_code == 2
    assert "keys.json cannot be read; mend it" in ended.stderr


def test_json_before_a_subcommand() -> None:
    """`--json` in the wrong place is not silently ignored."""
    ended = llm("providers", "--json", "show", "openrouter")

    assert ended.exit_code == 2
    assert "--json goes after show" in ended.stderr


def test_recommend(user_folder: Path, offline: None) -> None:
    """Each use has its models, prices and reasons; those without one say so."""
    cache(
        user_folder,
        row("anthropic/claude-sonnet-4", "0.000003", "0.000015"),
        row("google/gemini-3-flash", "0.0000003", "0.0000025"),
    )

    shown = llm("providers", "recommend").stdout
    found = items("providers", "recommend")

    assert (
        "balanced quality\n"
        "  anthropic/claude-sonnet-4     128k       3       15  known for it and still offered\n"
    ) in shown
    assert "in place of google/gemini-2.0-flash, which is not offered" in shown
    gone = next(item for item in found if item["use"] == "maximum quality")
    assert gone["model"] is None
    assert gone["why"] == "neither anthropic/claude-opus-4 nor a successor is offered now"


def test_a_terminal_gets_what_fits(openrouter: Server, user_folder: Path) -> None:
    """On 100 columns abilities become letters where words would not fit, with a legend."""
    cache(user_folder, row("acme/" + "long-" * 10 + "name"))

    terminal = Terminal.open("providers", "search", "openrouter")

    assert terminal.end() == 0
    lines = terminal.text.splitlines()
    assert lines[1].endswith("TSRI")
    assert lines[-1] == "T tools, S schema, R reasoning, I images"
    assert all(len(line) <= 100 for line in lines)


def test_a_long_page_is_paged(
    openrouter: Server, user_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a terminal of 40 lines, 50 models go through the pager of the user's choice."""
    monkeypatch.setenv("PAGER", "cat -n")
    cache(user_folder, *(row(f"acme/model-{number}") for number in range(50)))

    terminal = Terminal.open("providers", "show", "openrouter")

    assert terminal.end() == 0
    assert re.search(r"^ +58\tacme/model-49 ", terminal.text, re.MULTILINE)
