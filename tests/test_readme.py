"""What the README shows is run as it is printed."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from llm_reasonkit.config import load_settings
from tests.cli import answering, llm, process
from tests.openrouter_server import Server, models
from tests.readme import CHECKOUT, Block, blocks, copy_checkout, marked, newcomer
from tests.test_cli_models import png

COMMANDS = [block for block in blocks("bash") if block.mark is None]
PROGRAMS = blocks("python")


@pytest.fixture
def workplace(
    openrouter: Server, tiny_installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A folder with the files that the README mentions, a run in the log, and its models."""
    for name in ("openai/gpt-4o", "qwen2.5:7b"):
        monkeypatch.setitem(models.MODELS, name, {**models.MODELS["acme/small"], "id": name})
    openrouter.reply = answering("Yes, because of the facts.")
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "plan.md").write_text("We rewrite everything in a week.\n")
    (folder / "report.txt").write_text("Sales rose by 12% in 2024.\n")
    (folder / "image.png").write_bytes(png())
    assert llm("think", "Should we?", "--profile", "quick").exit_code == 0
    return folder


@pytest.mark.parametrize("block", COMMANDS, ids=lambda block: block.title)
def test_commands(block: Block, workplace: Path) -> None:
    """Each line of each block of commands ends with exit code 0 and without a word of complaint."""
    for line in block.text.splitlines():
        ended = subprocess.run(
            ["bash", "-c", f"set -o pipefail; {line}"],
            cwd=workplace,
            env=newcomer(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == 0, (line, ended.stderr)
        assert "Error" not in ended.stderr, (line, ended.stderr)


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda block: block.title)
def test_programs(program: Block, workplace: Path) -> None:
    """Each Python block runs as printed and prints what was asked for."""
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-c", program.text],
        cwd=workplace,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert re.search(r"\b\d+\.\d%", ended.stdout)
    assert "anthropic/claude" in ended.stdout


def test_configuration(user_folder: Path) -> None:
    """The configuration shown is accepted, key by key."""
    (block,) = blocks("toml")
    path = user_folder / "reasonkit" / "config.toml"
    path.parent.mkdir()
    path.write_text(block.text)
    shown = tomllib.loads(block.text)["providers"]["openrouter"]
    assert load_settings().openrouter.model_dump(exclude_unset=True) == shown


def test_protocol(user_folder: Path) -> None:
    """The protocol shown has no mistakes."""
    text = next(block.text for block in blocks("yaml") if block.text.startswith("protocol: "))
    path = user_folder / f"{yaml.safe_load(text)['protocol']}.yaml"
    path.write_text(text)
    ended = llm("reasonkit", "protocols", "lint", str(path))
    assert (ended.exit_code, ended.stderr) == (0, "")
    assert "at most 3 calls" in ended.stdout


def test_any_openai_compatible_server(
    workplace: Path, openrouter: Server, user_folder: Path
) -> None:
    """A server that llm's own configuration names, as shown, can be thought with, without a key."""
    text = next(block.text for block in blocks("yaml") if "api_base" in block.text)
    shown = yaml.safe_load(text)
    extra = [{**row, "api_base": openrouter.base_url} for row in shown]
    (user_folder / "extra-openai-models.yaml").write_text(yaml.safe_dump(extra))
    openrouter.keys.add("DUMMY_KEY")
    openrouter.requests.clear()
    # In a process of its own: llm leaves it to the end of the process to close OpenAI's client.
    ended = process("think", "q", "--protocol", "laserlogic", "-m", shown[0]["model_id"])
    assert (ended.returncode, ended.stdout) == (0, "Yes, because of the facts.\n")
    assert {chat.body["model"] for chat in openrouter.chats} == {shown[0]["model_name"]}


@pytest.mark.parametrize("table", ["protocol", "profile", "exit code"])
def test_tables_name_what_there_is(table: str) -> None:
    """The tables of protocols, profiles and exit codes hold what the program has."""
    text = (CHECKOUT / "README.md").read_text("utf-8")
    rows = text.split(f"| {table} |")[1].split("\n\n")[0]
    listed = llm("reasonkit", "protocols").stdout
    if table == "exit code":
        assert re.findall(r"^\| (\d+) \|", rows, re.M) == ["0", "1", "2", "3", "5", "130"]
    for name in re.findall(r"^\| (`.*?) \|", rows, re.M):
        assert all(part.strip("` ") in listed for part in name.split(","))


def test_links_lead_somewhere() -> None:
    """Links to files and headings of the project lead to some."""
    text = (CHECKOUT / "README.md").read_text("utf-8")
    anchors = {re.sub(r"\W+", "-", line.lower()) for line in re.findall(r"^#+ (.*)$", text, re.M)}
    for target in re.findall(r"\]\((?!https?:)([^)]+)\)", text):
        if target.startswith("#"):
            assert target[1:] in anchors
        else:
            assert (CHECKOUT / target).exists()


@pytest.mark.timeout(600)
def test_installation(tmp_path: Path, openrouter: Server, user_folder: Path) -> None:
    """The first command of the README, in a fresh copy and without a key, installs everything and
    reasons about a question on the real tiny model."""
    env = newcomer()
    for name in ("OPENROUTER_API_KEY", "OPENROUTER_BASE_URL"):
        del env[name]
    ended = subprocess.run(
        ["bash", "-c", marked("install")],
        cwd=copy_checkout(tmp_path / "llm-reasonkit"),
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.strip()
    assert "it shows the workings, not the wits" in ended.stderr
    assert openrouter.requests == []
    assert "local/smollm2-135m-instruct" in llm("logs", "-n", "1").stdout
