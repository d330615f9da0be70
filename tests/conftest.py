"""Fixtures that every test gets: a folder of its own instead of the user's, and no keys."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from hypothesis import settings

# The same examples in every run, and no verdict that depends on how busy the machine is.
settings.register_profile("steady", derandomize=True, deadline=None)
settings.load_profile("steady")

# A job in the background of a shell script ignores Ctrl-C, and what it starts inherits that.
signal.signal(signal.SIGINT, signal.default_int_handler)

pytest_plugins = ["tests.fixtures_openrouter", "tests.fixtures_local"]


@pytest.fixture(autouse=True)
def user_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty llm folder and home, and an environment without keys or settings of ours."""
    folder = tmp_path / "llm"
    folder.mkdir()
    monkeypatch.setenv("LLM_USER_PATH", str(folder))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name in (
        "OPENROUTER_API_KEY",
        "OPENROUTER_KEY",
        "OPENROUTER_BASE_URL",
        "OPENROUTER_SITE_URL",
        "OPENROUTER_SITE_NAME",
        "OPENAI_API_KEY",
        "LLM_MODEL",
        "LLM_RAISE_ERRORS",
    ):
        monkeypatch.delenv(name, raising=False)
    return folder
