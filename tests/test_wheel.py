"""The wheel: what is in it, and that it works where there is nothing else."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import pytest

from tests.cli import answering
from tests.openrouter_server import Server
from tests.readme import CHECKOUT, copy_checkout, newcomer


def run(*command: str | Path) -> str:
    """Run a command to its end, away from the checkout, and return what it prints."""
    ended = subprocess.run(
        [str(part) for part in command],
        cwd=tempfile.gettempdir(),
        env=newcomer(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


@pytest.fixture(scope="session")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment of its own with nothing but pip."""
    folder = tmp_path_factory.mktemp("bare")
    run(sys.executable, "-m", "venv", folder / "venv")
    return folder


@pytest.fixture(scope="session")
def wheel(bare: Path) -> Path:
    """The wheel, built from what a fresh clone has."""
    checkout = copy_checkout(bare / "checkout")
    run(bare / "venv/bin/pip", "wheel", "-q", "--no-deps", "-w", bare / "dist", checkout)
    (built,) = (bare / "dist").glob("*.whl")
    return built


@pytest.fixture(scope="session")
def installed(bare: Path, wheel: Path) -> Path:
    """The commands of the bare environment, with the wheel and what it depends on installed."""
    run(bare / "venv/bin/pip", "install", "-q", wheel)
    return bare / "venv" / "bin"


def test_wheel_holds_everything(wheel: Path) -> None:
    """Code, types, schema and protocols are in the wheel; tests are not."""
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    source = {
        str(path.relative_to(CHECKOUT))
        for path in (CHECKOUT / "llm_reasonkit").rglob("*")
        if path.suffix in (".py", ".json", ".typed", ".html", ".css") or path.name == "py.typed"
    }
    protocols = {f"llm_reasonkit/protocols/{path.name}" for path in protocol_files()}
    assert source | protocols <= names
    assert {name.split("/")[0].split("-")[0] for name in names} == {"llm_reasonkit"}
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_think_from_the_wheel(installed: Path, openrouter: Server) -> None:
    """In the bare environment `llm think` runs a shipped profile, and finds it again."""
    openrouter.reply = answering("Yes, because of the facts.")
    package = run(installed / "python", "-c", "import llm_reasonkit as p; print(p.__file__)")
    assert Path(package.strip()).is_relative_to(installed.parent)
    think = (installed / "llm", "think", "Should we?", "--profile", "quick")
    assert run(*think, "-m", "acme/small") == "Yes, because of the facts.\n"
    assert "Should we?" in run(installed / "llm", "reasonkit", "show")


def test_protocols_from_the_wheel(installed: Path) -> None:
    """Every shipped protocol and profile is found there and has no mistakes."""
    linted = run(installed / "llm", "reasonkit", "protocols", "lint")
    for path in protocol_files():
        assert f"{path.stem}: ok" in linted or path.stem == "profiles"
    assert "balanced: ok" in linted


def test_local_without_the_extra(installed: Path) -> None:
    """Without the [local] extra everything else works; the plugin lists itself."""
    assert "llm-reasonkit" in run(installed / "llm", "plugins")
    assert run(installed / "llm", "reasonkit", "local", "list") == ""


def protocol_files() -> list[Path]:
    """The shipped protocol files."""
    return sorted((CHECKOUT / "protocols").glob("*.yaml"))
