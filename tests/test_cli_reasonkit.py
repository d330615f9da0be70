"""`llm reasonkit`: runs, show, protocols and local, as a user types them."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from click.testing import Result as Ended

from tests.cli import PROTOCOL, answering, llm, write_protocol
from tests.openrouter_server import Server
from tests.test_cli_models import SMALL

THINKTOOLS = ("gigathink", "laserlogic", "proofguard", "bedrock", "brutalhonesty")
PROFILES = ("quick", "balanced", "deep", "paranoid", "decide", "scientific", "powercombo")


def kit(*arguments: str) -> Ended:
    """Run a command of `llm reasonkit`."""
    return llm("reasonkit", *arguments)


@pytest.fixture
def weigh(user_folder: Path, openrouter: Server) -> Path:
    """A protocol of the user's own, and a server that answers it."""
    openrouter.reply = answering("Yes, because of the facts.")
    return write_protocol(user_folder)


def think(question: str) -> str:
    """Run the user's protocol; return the run's id."""
    ended = llm("think", question, "--protocol", "weigh", "-m", SMALL, "--json")
    return str(json.loads(ended.stdout)["run_id"])


# Runs


def test_no_runs_yet() -> None:
    """Before the first run the list is empty and says how to make one."""
    ended = kit("runs")
    assert (ended.exit_code, ended.stdout) == (0, "")
    assert "no runs yet: llm think" in ended.stderr
    assert json.loads(kit("runs", "--json").stdout) == {"schema_version": 1, "items": []}
    assert kit("show").exit_code == 2


def test_runs_are_listed(weigh: Path) -> None:
    """Runs are listed newest first with question and cost; -n limits, --json gives all fields."""
    first, second = think("Is it so?"), think("Is it not so?")
    shown = kit("runs").stdout
    assert shown.index("Is it not so?") < shown.index("Is it so?")
    assert first[-6:] in shown
    items = json.loads(kit("runs", "--json").stdout)["items"]
    assert [item["run_id"] for item in items] == [second, first]
    assert "Is it so?" not in kit("runs", "-n", "1").stdout


def test_run_is_shown(weigh: Path) -> None:
    """`show` gives steps, answer, checks and cost, by id, its beginning, short id or `last`."""
    run = think("Is it so?")
    think("Is it not so?")
    shown = [kit("show", name).stdout for name in (run, run[:24], run[-6:])]
    assert len(set(shown)) == 1
    for part in ("Is it so?", "facts", "look", "verdict", "Yes, because of the facts.", "billed"):
        assert part in shown[0]
    assert "Is it not so?" in kit("show").stdout
    assert kit("show", "last").stdout == kit("show").stdout


def test_unknown_run(weigh: Path) -> None:
    """A run that is not there is a usage error that says where the list is."""
    think("Is it so?")
    ended = kit("show", "zzzzzz")
    assert ended.exit_code == 2
    assert "no run 'zzzzzz'" in ended.stderr
    assert "llm reasonkit runs" in ended.stderr


def test_think_is_there_too(weigh: Path) -> None:
    """`llm reasonkit think` is `llm think`."""
    ended = kit("think", "Is it so?", "--protocol", "weigh", "-m", SMALL)
    assert (ended.exit_code, ended.stdout) == (0, "Yes, because of the facts.\n")


# Protocols


def test_list_of_protocols(weigh: Path) -> None:
    """The list has the shipped protocols and profiles, the user's own, and their calls."""
    shown = kit("protocols").stdout
    rows = {line.split()[0]: line for line in shown.splitlines() if line.strip()}
    for name in (*THINKTOOLS, *PROFILES):
        assert "≤" in rows[name]
    assert rows["weigh"].rstrip().endswith("yours")
    assert kit("protocols", "list").stdout == shown


def test_balanced_makes_at_most_twelve_calls(openrouter: Server) -> None:
    """The default profile stays within the twelve calls that the README promises."""
    line = next(
        line for line in kit("protocols", "lint").stdout.splitlines() if line.startswith("balanced")
    )
    assert int(line.split("at most ")[1].split()[0]) <= 12


def test_show_protocol(weigh: Path) -> None:
    """`protocols show` explains a protocol, by name or path; --yaml prints the file."""
    shown = kit("protocols", "show", "weigh").stdout
    assert all(step in shown for step in ("facts", "look", "verdict", "links"))
    assert kit("protocols", "show", str(weigh)).stdout == shown
    assert kit("protocols", "show", "weigh", "--yaml").stdout == PROTOCOL


def test_show_profile() -> None:
    """`protocols show` and `lint` take profiles too: what one wants, its stages and settings."""
    shown = kit("protocols", "show", "balanced").stdout
    assert all(text in shown for text in ("80%", "verify", "max_calls = 12", "synthesis", "batch"))
    assert kit("protocols", "show", "quick", "--yaml").stdout.startswith("quick:")
    lines = kit("protocols", "lint").stdout.splitlines()
    assert kit("protocols", "lint", "balanced").stdout.strip() in lines


def test_profile_of_the_users(user_folder: Path) -> None:
    """A profile of the user's own is found in the user's file; one that nobody has is refused."""
    path = user_folder / "reasonkit" / "protocols" / "profiles.yaml"
    path.parent.mkdir(parents=True)
    path.write_text("mine: {title: Mine, summary: Short., protocols: [laserlogic]}\n")
    assert str(path) in "".join(kit("protocols", "show", "mine").stdout.split())
    assert kit("protocols", "show", "mine", "--yaml").stdout == path.read_text()
    assert kit("protocols", "lint", "mime").exit_code == 2


def test_new_protocol(openrouter: Server, user_folder: Path) -> None:
    """`protocols new` copies one under a new name, prints its path, and it works at once."""
    openrouter.reply = answering("Yes.")
    ended = kit("protocols", "new", "my-review", "--from", "laserlogic")
    path = user_folder / "reasonkit" / "protocols" / "my-review.yaml"
    assert (ended.exit_code, ended.stdout) == (0, f"{path}\n")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "my-review: ok" in kit("protocols", "lint", "my-review").stdout
    assert llm("think", "q", "--protocol", "my-review", "-m", SMALL).stdout == "Yes.\n"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["my-review"], "already"),
        (["other", "--from", "laserlogik"], "did you mean 'laserlogic'"),
        (["../evil"], "cannot be the name"),
        (["profiles"], "cannot be the name"),
    ],
)
def test_new_protocol_that_cannot_be(user_folder: Path, arguments: list[str], says: str) -> None:
    """A name that is taken or none, or an unknown origin, is refused; nothing is overwritten."""
    kit("protocols", "new", "my-review")
    before = {path: path.read_text() for path in user_folder.rglob("*.yaml")}
    ended = kit("protocols", "new", *arguments)
    assert ended.exit_code == 2
    assert says in ended.stderr
    assert {path: path.read_text() for path in user_folder.rglob("*.yaml")} == before


def test_lint_says_how_many_calls(weigh: Path) -> None:
    """A protocol without mistakes is ok, with the most calls it can make."""
    ended = kit("protocols", "lint", "weigh", str(weigh))
    line = "ok, at most 5 calls (6 if every reply has to be asked for again)"
    assert ended.stdout.splitlines() == [f"weigh: {line}", f"{weigh}: {line}"]


def test_everything_shipped_is_without_mistakes() -> None:
    """`protocols lint` without names checks all protocols and profiles."""
    ended = kit("protocols", "lint")
    assert ended.exit_code == 0
    names = {line.split(":")[0] for line in ended.stdout.splitlines()}
    assert names >= {*THINKTOOLS, *PROFILES}


MISTAKES = {
    "unknown key": ("    promt: List the facts.", 7, "did you mean 'prompt'"),
    "cycle": ("    prompt: List {{ verdict }}.", 5, "facts -> verdict -> look -> facts"),
    "unknown name": ("    prompt: List {{ fatcs }}.", 7, "did you mean 'facts'"),
    "not closed": ("    prompt: List {{ facts.", 7, "cannot be read"),
}


@pytest.mark.parametrize("kind", MISTAKES)
def test_mistake_in_a_protocol(kind: str, user_folder: Path, openrouter: Server) -> None:
    """lint names file, line and the nearest name; think says the same and asks nobody."""
    line, number, says = MISTAKES[kind]
    path = write_protocol(user_folder, PROTOCOL.replace("    prompt: List the facts.", line))
    linted = kit("protocols", "lint", "weigh")
    assert linted.exit_code == 2
    assert f"{path}:{number}: " in linted.stderr
    assert says in linted.stderr
    thought = llm("think", "q", "--protocol", "weigh", "-m", SMALL)
    assert (thought.exit_code, openrouter.requests) == (2, [])
    assert f"{path}:{number}: " in thought.stderr


def test_all_mistakes_at_once(user_folder: Path) -> None:
    """Mistakes in several places are all told, in the file's order."""
    text = PROTOCOL.replace("max_tokens: 300", "max_token: 300")
    path = write_protocol(user_folder, text.replace("summary:", "sumary:"))
    told = [line.split(";")[0] for line in kit("protocols", "lint", "weigh").stderr.splitlines()]
    assert f"{path}:3: unknown key 'sumary'" in told
    assert f"{path}:6: unknown key 'max_token'" in told
    path.write_text(PROTOCOL.replace("facts.facts", "fact.facts") + "findings: [lok]\n")
    told = kit("protocols", "lint", "weigh").stderr
    assert f"{path}:11: " in told
    assert f"{path}:24: " in told


def test_broken_protocol_does_not_hide_the_others(user_folder: Path) -> None:
    """One file with a mistake is a warning in the list of the others."""
    write_protocol(user_folder, "protocol: [", "broken")
    ended = kit("protocols")
    assert ended.exit_code == 0
    assert "gigathink" in ended.stdout
    assert "broken.yaml" in ended.stderr


def test_protocol_by_path(weigh: Path, tmp_path: Path) -> None:
    """A protocol is run from wherever it lies, but never found there by its bare name."""
    other = tmp_path / "elsewhere.yaml"
    other.write_text(PROTOCOL.replace("protocol: weigh", "protocol: elsewhere"))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        by_path = llm("think", "q", "--protocol", "./elsewhere.yaml", "-m", SMALL)
        by_name = llm("think", "q", "--protocol", "elsewhere", "-m", SMALL)
    assert (by_path.exit_code, by_path.stdout) == (0, "Yes, because of the facts.\n")
    assert by_name.exit_code == 2
    assert "unknown protocol 'elsewhere'" in by_name.stderr


def test_own_protocol_comes_before_a_shipped_one(user_folder: Path, openrouter: Server) -> None:
    """A file of a shipped protocol's name in the user's folder is the one that runs."""
    write_protocol(user_folder, PROTOCOL.replace("protocol: weigh", "protocol: bedrock"), "bedrock")
    openrouter.reply = answering("Mine.")
    ended = llm("think", "q", "--protocol", "bedrock", "-m", SMALL, "--json")
    assert json.loads(ended.stdout)["steps"][0]["name"] == "facts"


def test_own_profile(weigh: Path, user_folder: Path) -> None:
    """profiles.yaml in the user's folder adds profiles of the user's own."""
    path = weigh.parent / "profiles.yaml"
    path.write_text("mine:\n  title: Mine\n  summary: One look.\n  protocols: [weigh]\n")
    assert "mine" in kit("protocols").stdout
    ended = llm("think", "q", "--profile", "mine", "-m", SMALL, "--json")
    assert json.loads(ended.stdout)["profile"] == "mine"
    assert ended.exit_code == 0


# Local models


def test_no_local_models_yet() -> None:
    """Without any the list is empty and nothing fails."""
    ended = kit("local", "list")
    assert (ended.exit_code, ended.stdout) == (0, "")


def test_local_models_are_listed(tiny_installed: Path) -> None:
    """An installed model stands in our list and in llm's own."""
    assert kit("local", "list").stdout.startswith("local/smollm2-135m-instruct  98 MB  ")
    assert "local/smollm2-135m-instruct" in llm("models").stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "GGUF file, or --tiny"),
        (["model.gguf", "--tiny"], "GGUF file, or --tiny"),
        (["nowhere.gguf"], "nowhere.gguf"),
        (["https://example.com/model.gguf"], "--sha256"),
        (["http://example.com/model.gguf", "--sha256", "0" * 64], "https"),
        (["https://example.com/model.gguf", "--sha256", "abc"], "64 hex digits"),
    ],
)
def test_local_install_that_cannot_be(arguments: list[str], says: str) -> None:
    """What cannot be installed is refused in one line that says what to give."""
    ended = kit("local", "install", *arguments)
    assert ended.exit_code == 2
    assert says in ended.stderr


def test_think_on_the_tiny_model(tiny_installed: Path, tmp_path: Path) -> None:
    """`--local` runs a protocol on the real tiny model, without a key, at no cost, and says what
    that model is; LLM_MODEL does not stand in the way."""
    protocol = tmp_path / "short.yaml"
    protocol.write_text(
        "protocol: short\ntitle: Short\nsummary: Two steps.\nsteps:\n"
        "  colour:\n    max_tokens: 40\n    prompt: Name a colour.\n"
        "    output: {colour: [red, green, blue]}\n"
        "  answer:\n    max_tokens: 30\n    prompt: Say something about {{ colour.colour }}.\n"
        "answer: answer\n"
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LLM_MODEL", "gpt-4o")
        ended = llm("think", "Which?", "--local", "--protocol", str(protocol), "--json")
    found = json.loads(ended.stdout)
    assert (ended.exit_code, found["status"]) == (0, "done")
    assert found["steps"][0]["output"]["colour"] in ("red", "green", "blue")
    assert (found["cost"]["usd"], found["cost"]["unknown_calls"]) == ("0", 0)
    assert found["models"][0]["asked"] == "local/smollm2-135m-instruct"
    assert "it shows the workings, not the wits" in found["warnings"][0]
    assert "it shows the workings, not the wits" in ended.stderr


def test_tiny_model_is_only_taken_when_asked_for(tiny_installed: Path) -> None:
    """Without a key and without --local the tiny model is not fallen back to."""
    ended = llm("think", "q")
    assert ended.exit_code == 2
    assert "--local" in ended.stderr


def test_fall_back_to_a_local_model(tiny_installed: Path) -> None:
    """Without a key a local model of the user's own is used, and one line says so."""
    models = tiny_installed / "reasonkit" / "models"
    (models / "smollm2-135m-instruct.gguf").rename(models / "own.gguf")
    protocol = tiny_installed / "one.yaml"
    protocol.write_text(
        "protocol: one\ntitle: One\nsummary: One step.\nsteps:\n"
        "  answer: {max_tokens: 20, prompt: Say hello.}\nanswer: answer\n"
    )
    ended = llm("think", "q", "--protocol", str(protocol), "--json")
    assert ended.exit_code == 0, ended.stderr
    assert json.loads(ended.stdout)["models"][0]["asked"] == "local/own"
    assert "no other model has a key, so local/own runs here instead" in ended.stderr
