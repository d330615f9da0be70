"""Our plugin in every `llm` command: it costs little, and breaks none, whatever is broken."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli import answering, llm, process, write_protocol
from tests.openrouter_server import Server
from tests.test_cli_models import SMALL

HEAVY = {"httpx", "rich", "jinja2", "jsonschema", "lark", "pysat", "datasette", "xllamacpp"}
# Lists what is loaded when llm ends.
LISTED = (
    "import atexit, sys; atexit.register(lambda: print('loaded', *sys.modules, file=sys.stderr))"
)


@pytest.mark.parametrize("arguments", [["--version"], ["models"], ["logs", "path"]])
def test_nothing_heavy_is_imported(arguments: list[str], openrouter: Server) -> None:
    """llm's own commands import none of the libraries that only our commands need."""
    ended = process(*arguments, first=LISTED)
    assert ended.returncode == 0
    loaded = set(ended.stderr.partition("loaded ")[2].split())
    assert "llm_reasonkit.plugin" in loaded
    assert not loaded & HEAVY
    assert not any(name.startswith("llm_reasonkit.cli") for name in loaded)
    assert openrouter.requests == []


def test_a_search_of_the_cache_imports_little(openrouter: Server) -> None:
    """What stands in the cached catalogue is found without anything that calls need."""
    assert llm("providers", "search", "openrouter", "small").exit_code == 0
    openrouter.reset()
    ended = process("providers", "search", "openrouter", "small", first=LISTED)
    assert "acme/small" in ended.stdout
    loaded = set(ended.stderr.partition("loaded ")[2].split())
    assert "llm_reasonkit.cli.providers" in loaded
    assert not loaded & {*HEAVY, "tenacity", "llm_reasonkit.openrouter.model"}
    assert openrouter.requests == []


def other_plugin(folder: Path, text: str) -> dict[str, str]:
    """Install a plugin of somebody else's for child processes; returns their environment."""
    (folder / "other_plugin.py").write_text(text)
    about = folder / "other-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: other\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[llm]\nother = other_plugin\n")
    return {"PYTHONPATH": str(folder)}


@pytest.mark.parametrize("order", ["tryfirst", "trylast"])
def test_other_plugin_keeps_the_name_think(
    order: str, openrouter: Server, user_folder: Path, tmp_path: Path
) -> None:
    """Whichever is loaded first: another plugin's `think` stays its own, and ours is reached as
    `llm reasonkit think`."""
    env = other_plugin(
        tmp_path,
        f"""
import click, llm

@llm.hookimpl({order}=True)
def register_commands(cli):
    @cli.command()
    def think():
        click.echo("the other one")
""",
    )
    write_protocol(user_folder)
    openrouter.reply = answering("Yes.")
    assert process("think", env=env).stdout == "the other one\n"
    ours = process("reasonkit", "think", "q", "--protocol", "weigh", "-m", SMALL, env=env)
    assert (ours.returncode, ours.stdout) == (0, "Yes.\n")


@pytest.mark.parametrize("order", ["tryfirst", "trylast"])
def test_other_plugin_keeps_its_models(order: str, openrouter: Server, tmp_path: Path) -> None:
    """An id that another plugin registers is its own in `llm -m`; `llm think` uses our client."""
    env = other_plugin(
        tmp_path,
        f"""
import llm

class Other(llm.Model):
    model_id = "{SMALL}"

    def execute(self, prompt, stream, response, conversation):
        yield "the other one"

@llm.hookimpl({order}=True)
def register_models(register):
    register(Other())
""",
    )
    openrouter.reply = answering("ours")
    listed = process("models", env=env).stdout
    assert listed.count(SMALL) == 1
    if order == "tryfirst":
        assert process("-m", SMALL, "hi", env=env).stdout == "the other one\n"
    thought = process("think", "q", "--profile", "quick", "-m", SMALL, env=env)
    assert thought.stdout == "ours\n"
    assert len(openrouter.chats) == 4


def damage_catalogue(folder: Path) -> None:
    (folder / "reasonkit" / "openrouter-models.json").write_bytes(b"\xff{]")


def damage_known_ids(folder: Path) -> None:
    (folder / "reasonkit" / "known-models.json").write_text('{"not": ["a list"]}')


def damage_config(folder: Path) -> None:
    (folder / "reasonkit" / "config.toml").write_text("[[[ broken")


def make_folders_of_files(folder: Path) -> None:
    for name in ("openrouter-models.json", "known-models.json", "config.toml"):
        (folder / "reasonkit" / name).unlink(missing_ok=True)
        (folder / "reasonkit" / name).mkdir()


def lead_in_circles(folder: Path) -> None:
    for path in (folder / "reasonkit").iterdir():
        path.unlink()
    (folder / "reasonkit").rmdir()
    (folder / "reasonkit").symlink_to(folder / "reasonkit")


def put_file_in_place_of_models(folder: Path) -> None:
    (folder / "reasonkit" / "models").write_text("no folder")


@pytest.mark.parametrize(
    "damage",
    [
        damage_catalogue,
        damage_known_ids,
        damage_config,
        make_folders_of_files,
        lead_in_circles,
        put_file_in_place_of_models,
    ],
)
def test_damage_never_stops_llm(
    damage: Callable[[Path], None], openrouter: Server, user_folder: Path
) -> None:
    """Whatever of ours is broken on the disk, llm's own commands work as before."""
    llm("-m", SMALL, "hi")
    damage(user_folder)
    for arguments in (["--version"], ["models"], ["logs", "-n", "1"], ["models", "default"]):
        ended = llm(*arguments)
        assert (ended.exit_code, ended.exception) == (0, None), arguments
    assert "gpt-4o" in llm("models").stdout


def test_model_survives_a_broken_catalogue(openrouter: Server, user_folder: Path) -> None:
    """With a broken catalogue cache `llm -m openrouter/…` and `llm think` still work."""
    openrouter.reply = answering("Yes.")
    (user_folder / "reasonkit").mkdir()
    damage_catalogue(user_folder)
    damage_known_ids(user_folder)
    assert llm("-m", SMALL, "hi").stdout == "Yes.\n"
    assert llm("think", "q", "--profile", "quick", "-m", SMALL).stdout == "Yes.\n"
    assert json.loads((user_folder / "reasonkit" / "openrouter-models.json").read_text())


def test_broken_config_stops_only_those_who_need_it(openrouter: Server, user_folder: Path) -> None:
    """A broken configuration is an error of a call to OpenRouter, in one line, and of nothing
    else."""
    (user_folder / "reasonkit").mkdir()
    damage_config(user_folder)
    ended = llm("-m", SMALL, "hi")
    assert ended.exit_code == 1
    assert "config.toml:1" in ended.stderr
    assert openrouter.requests == []
    assert llm("reasonkit", "protocols").exit_code == 0


def test_missing_packages_never_stop_llm(openrouter: Server) -> None:
    """With all of these packages of ours missing, llm's own commands work."""
    missing = ("xllamacpp", "httpx", "rich", "jinja2", "tenacity")
    ended = process("models", first=f"import sys; sys.modules |= dict.fromkeys({missing})")
    assert ended.returncode == 0, ended.stderr
    assert "gpt-4o" in ended.stdout


def test_all_but_local_models_works_without_llama_cpp(openrouter: Server) -> None:
    """Without the [local] extra a run with another model is done as ever, and no local model is
    listed."""
    openrouter.reply = answering("Yes.")
    hidden = "import sys; sys.modules['xllamacpp'] = None"
    thought = process("think", "q", "--profile", "quick", "-m", SMALL, first=hidden)
    assert (thought.returncode, thought.stdout) == (0, "Yes.\n")
    listed = process("reasonkit", "local", "list", first=hidden)
    assert (listed.returncode, listed.stdout) == (0, "")


def test_missing_llama_cpp_is_explained(user_folder: Path) -> None:
    """Without the [local] extra a local model says in one line how to get it."""
    models = user_folder / "reasonkit" / "models"
    models.mkdir(parents=True)
    (models / "own.gguf").write_bytes(b"GGUF" + bytes(100))
    hidden = "import sys; sys.modules['xllamacpp'] = None"
    assert "local/own" in process("models", first=hidden).stdout
    ended = process("-m", "local/own", "hi", first=hidden)
    assert ended.returncode == 1
    assert "[local]" in ended.stderr
    assert "Traceback" not in ended.stderr
