"""What the README's first command installs: everything, and what works where nothing else is."""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cli import answering
from tests.openrouter_server import Server
from tests.readme import CHECKOUT, marked, newcomer

pytestmark = pytest.mark.timeout(600)

# Of what a fresh clone has.
_PARTS = ("llm_reasonkit", "protocols", "tests")
_FILES = ("pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md")
_KEYS = ("OPENROUTER_API_KEY", "OPENROUTER_KEY", "OPENAI_API_KEY")


@dataclass(frozen=True)
class Installed:
    """What the first command left: the clone with its environment, llm's folder, what it said.

    requests: how many OpenRouter got.
    """

    clone: Path
    user_folder: Path
    said: subprocess.CompletedProcess[str]
    requests: int

    def run(self, command: str) -> subprocess.CompletedProcess[str]:
        """Run a command line to its end in the clone, with the environment's commands first."""
        env = newcomer() | {"LLM_USER_PATH": str(self.user_folder)}
        env["PATH"] = f"{self.clone / '.venv/bin'}{os.pathsep}{env['PATH']}"
        return _bash(command, self.clone, env)

    def prints(self, command: str) -> str:
        """Return what a command line prints that ends well."""
        ended = self.run(command)
        assert ended.returncode == 0, ended.stderr
        return ended.stdout


def _bash(command: str, folder: Path, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def installed(
    tmp_path_factory: pytest.TempPathFactory, _openrouter_server: Server
) -> Iterator[Installed]:
    """The first command, run in a fresh clone by somebody without a key."""
    folder = tmp_path_factory.mktemp("installation")
    clone = folder / "llm-reasonkit"
    for name in _PARTS:
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(CHECKOUT / name, clone / name, ignore=ignored)
    for name in _FILES:
        shutil.copy(CHECKOUT / name, clone / name)
    env = {name: value for name, value in newcomer().items() if name not in _KEYS}
    env |= {"HOME": str(folder / "home"), "LLM_USER_PATH": str(folder / "llm")}
    env["OPENROUTER_BASE_URL"] = _openrouter_server.base_url
    _openrouter_server.reset()
    said = _bash(marked("install"), clone, env)
    yield Installed(clone, folder / "llm", said, len(_openrouter_server.requests))
    shutil.rmtree(clone)


def test_first_command(installed: Installed) -> None:
    """It ends well, with an answer of the real tiny model, which is in llm's log, and asks nobody
    else."""
    assert installed.said.returncode == 0, installed.said.stderr
    assert installed.said.stdout.strip()
    assert "it shows the workings, not the wits" in installed.said.stderr
    assert installed.requests == 0
    assert "local/smollm2-135m-instruct" in installed.prints("llm logs -n 1")


def test_everything_is_in_the_package(installed: Installed) -> None:
    """Code, types, schema, pages and protocols are installed, with the license; tests are not."""
    (record,) = installed.clone.glob(".venv/lib/python*/site-packages/llm_reasonkit-*/RECORD")
    names = {name for name, *_ in csv.reader(record.read_text("utf-8").splitlines())}
    source = {
        str(path.relative_to(CHECKOUT))
        for path in (CHECKOUT / "llm_reasonkit").rglob("*")
        if path.suffix in (".py", ".json", ".typed", ".html", ".css") or path.name == "py.typed"
    }
    protocols = {f"llm_reasonkit/protocols/{path.name}" for path in protocol_files()}
    assert source | protocols <= names
    assert {name.split("/")[0].split("-")[0] for name in names} == {"llm_reasonkit"}
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_thinking_with_a_model_elsewhere(installed: Installed, openrouter: Server) -> None:
    """What is imported is what was installed; with a key, `llm think` runs a shipped profile, and
    the run is found again."""
    openrouter.reply = answering("Yes, because of the facts.")
    package = installed.prints("cd .. && python -c 'import llm_reasonkit as p; print(p.__file__)'")
    assert Path(package.strip()).is_relative_to(installed.clone / ".venv")
    think = "llm think 'Should we?' --profile quick -m acme/small"
    assert installed.prints(think) == "Yes, because of the facts.\n"
    assert "Should we?" in installed.prints("llm reasonkit show")
    assert "llm-reasonkit" in installed.prints("llm plugins")


def test_shipped_protocols(installed: Installed) -> None:
    """Every shipped protocol and profile is found there and has no mistakes."""
    linted = installed.prints("llm reasonkit protocols lint")
    for path in protocol_files():
        assert f"{path.stem}: ok" in linted or path.stem == "profiles"
    assert "balanced: ok" in linted


def protocol_files() -> list[Path]:
    """The shipped protocol files."""
    return sorted((CHECKOUT / "protocols").glob("*.yaml"))
