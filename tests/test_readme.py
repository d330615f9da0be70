"""What the README shows is run as it is printed."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from llm_reasonkit.config import load_settings
from llm_reasonkit.config.settings import NamedPanel
from tests.cli import answering, llm, process, until, write_protocol
from tests.openrouter_server import Server, models
from tests.readme import CHECKOUT, README, Block, blocks, marked, newcomer
from tests.test_cli_models import png
from tests.test_profiles import PRICE, balanced, spoilt, tokens, usd
from tests.worked_example import REPLIES, SOURCE

COMMANDS = [block for block in blocks("bash") if block.mark is None]
PROGRAMS = blocks("python")
(CONFIGURATION,) = (block.text for block in blocks("toml"))


@pytest.fixture
def workplace(
    openrouter: Server, tiny_installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A folder with the files that the README mentions, a run in the log, and its models."""
    for name in ("openai/gpt-4o", "google/gemini-2.5-flash", "qwen2.5:7b"):
        monkeypatch.setitem(models.MODELS, name, {**models.MODELS["acme/small"], "id": name})
    openrouter.reply = answering("Yes, because of the facts.")
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "plan.md").write_text("We rewrite everything in a week.\n")
    (folder / "report.txt").write_text("Sales rose by 12% in 2024.\n")
    (folder / "image.png").write_bytes(png())
    assert llm("think", "Should we?", "--profile", "quick").exit_code == 0
    return folder


def assert_ends_well(line: str, workplace: Path) -> None:
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


@pytest.mark.parametrize("block", COMMANDS, ids=lambda block: block.title)
def test_commands(block: Block, workplace: Path, user_folder: Path) -> None:
    """Each line of each block of commands ends with exit code 0 and without a word of complaint."""
    if "consensus/review" in block.text:
        config = user_folder / "reasonkit" / "config.toml"
        config.write_text(CONFIGURATION[CONFIGURATION.index("[panels.review]") :])
    for line in block.text.splitlines():
        assert_ends_well(line, workplace)


def test_resuming(workplace: Path) -> None:
    """The same of the commands for a run that broke off, when one did."""
    assert llm("think", "Should we?", "--budget", "$0.01").exit_code == 3
    for line in marked("resume").splitlines():
        assert_ends_well(line, workplace)


@pytest.mark.parametrize("line", marked("serve").splitlines())
def test_pages(line: str, workplace: Path) -> None:
    """Each of the servers shows the run in the log; a browser is opened if it says so."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    env = newcomer() | {"BROWSER": "true"}
    server = subprocess.Popen(
        ["bash", "-c", f"exec {line} -p {port}"],
        cwd=workplace,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        until(lambda: "Should we?" in _page(f"http://127.0.0.1:{port}/logs/-/reasonkit"), 60)
    finally:
        os.killpg(server.pid, signal.SIGINT)
        server.wait(60)


def _page(address: str) -> str:
    with suppress(httpx.TransportError):
        return httpx.get(address).text
    return ""


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
    path = user_folder / "reasonkit" / "config.toml"
    path.parent.mkdir()
    path.write_text(CONFIGURATION)
    shown = tomllib.loads(CONFIGURATION)
    settings = load_settings()
    assert settings.openrouter.model_dump(exclude_unset=True) == shown["providers"]["openrouter"]
    assert settings.roles == shown["roles"]
    assert settings.panels == {"review": NamedPanel(**shown["panels"]["review"])}


@pytest.mark.parametrize(
    ("shown", "file", "says"),
    [
        ("protocol: two-sides", "two-sides", "two-sides.yaml: ok, at most 3 calls"),
        ("careful:", "profiles", "careful: ok, at most 20 calls"),
    ],
)
def test_own_files(shown: str, file: str, says: str, user_folder: Path) -> None:
    """The protocol and the profile shown have no mistakes."""
    text = next(block.text for block in blocks("yaml") if block.text.startswith(shown))
    path = write_protocol(user_folder, text, file)
    ended = llm("reasonkit", "protocols", "lint", str(path))
    assert (ended.exit_code, ended.stderr) == (0, "")
    assert says in ended.stdout


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
    rows = README.split(f"| {table} |")[1].split("\n\n")[0]
    listed = llm("reasonkit", "protocols").stdout
    if table == "exit code":
        assert re.findall(r"^\| (\d+) \|", rows, re.M) == ["0", "1", "2", "3", "4", "5", "130"]
    for name in re.findall(r"^\| (`.*?) \|", rows, re.M):
        assert all(part.strip("` ") in listed for part in name.split(","))


def test_profiles_are_as_described() -> None:
    """The table of profiles has the most calls of each, and the share of checks that it wants."""
    listed = llm("reasonkit", "protocols").stdout
    shipped = yaml.safe_load((CHECKOUT / "protocols" / "profiles.yaml").read_text("utf-8"))
    rows = re.findall(r"^\| `(\w+)` \|.*\| (\d+) \| (\d+)% \|$", README, re.M)
    assert {name for name, _, _ in rows} == set(shipped)
    for name, calls, wanted in rows:
        most = re.search(rf"^{name} .*?≤ (\d+)", listed, re.M | re.S)
        assert most is not None
        assert (calls, int(wanted)) == (most[1], round(100 * shipped[name]["min_confidence"]))


async def test_worked_example() -> None:
    """A balanced run takes what the table says it does, step by step."""
    _, caller = await balanced(REPLIES)
    steps: dict[str, list[tuple[int, int]]] = {"together": []}
    for call, asked, written in tokens(caller):
        steps.setdefault(call.step.split("[")[0], []).append((asked, written))
        steps["together"].append((asked, written))
    for name, calls in steps.items():
        asked, written = (sum(each) for each in zip(*calls, strict=True))
        usd = PRICE.at_most(asked, written)
        assert f"| {name} | {len(calls)} | {asked:,} | {written:,} | {usd:.4f} |" in README


@pytest.mark.parametrize(
    ("replies", "sources", "said"),
    [
        (spoilt(REPLIES), [], "one more call looks again: {}"),
        (REPLIES, [SOURCE], "With a source of one page: {}"),
    ],
)
async def test_worked_example_with_more(
    replies: Mapping[str, Any], sources: list[str], said: str
) -> None:
    """The same for what it takes where checks fail, and with a source."""
    _, caller = await balanced(replies, sources)
    assert said.format(f"{len(caller.calls)} calls, ${usd(caller):.4f}") in " ".join(README.split())


def test_links_lead_somewhere() -> None:
    """Links to files and headings of the project lead to some."""
    anchors = {re.sub(r"\W+", "-", line.lower()) for line in re.findall(r"^#+ (.*)$", README, re.M)}
    for target in re.findall(r"\]\((?!https?:)([^)]+)\)", README):
        if target.startswith("#"):
            assert target[1:] in anchors
        else:
            assert (CHECKOUT / target).exists()
