"""`llm reasonkit datasette`: a server of its own, for this machine alone; on 0.65 and 1.0 alike."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from llm_reasonkit.reasoning.result import Result
from llm_reasonkit.store.log import LogTrace
from tests.cli import llm, process
from tests.store_runs import new_id, record_run

_WITHOUT_DATASETTE = """
import importlib.metadata as metadata
found = metadata.version
def version(name):
    if name == "datasette":
        raise metadata.PackageNotFoundError(name)
    return found(name)
metadata.version = version
"""


@dataclass
class Server:
    """A launcher that runs. said: the file with all it printed."""

    launcher: subprocess.Popen[bytes]
    said: Path

    def address(self, pattern: str) -> str:
        """Wait until an address like that was printed and give it."""
        end = time.monotonic() + 60
        while not (found := re.search(pattern, self.said.read_text())):
            assert self.launcher.poll() is None, self.said.read_text()
            assert time.monotonic() < end, self.said.read_text()
            time.sleep(0.05)
        return found[0]

    def page(self) -> str:
        """Wait until the server answers and give the address that the launcher named."""
        page = self.address(r"http://127\.0\.0\.1:\d+/\S+")
        self.address("Uvicorn running")
        return page


@contextmanager
def launched(folder: Path, *arguments: str) -> Iterator[Server]:
    """Run the launcher, and end it and its server as Ctrl-C does."""
    said = folder / "said.txt"
    with said.open("wb") as output:
        launcher = subprocess.Popen(
            [sys.executable, "-m", "llm", "reasonkit", "datasette", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        yield Server(launcher, said)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(launcher.pid, signal.SIGINT)
        launcher.wait(60)


async def _recorded(path: Path) -> Result:
    trace = LogTrace(path)
    result = await record_run(trace, new_id())
    trace.close()
    return result


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A place for a log, with a name that has to be encoded in an address."""
    return tmp_path / "my.logs.db"


@pytest.fixture
def run(path: Path) -> Result:
    """A run in the log."""
    return asyncio.run(_recorded(path))


def test_the_pages_are_served(path: Path, run: Result, tmp_path: Path) -> None:
    """The printed address shows the run; another Host is refused, and the file is not given out."""
    with launched(tmp_path, "-d", str(path), "--run", run.run_id[:12]) as server:
        page = server.page()
        assert page.endswith(f"/-/reasonkit/run/{run.run_id}")
        shown = httpx.get(page)
        assert (shown.status_code, run.question in shown.text) == (200, True)
        refused = httpx.get(page, headers={"host": "evil.example"})
        assert (refused.status_code, run.question in refused.text) == (421, False)
        assert httpx.get(httpx.URL(page).join("/my~2Elogs.db")).status_code == 403
        assert httpx.get(httpx.URL(page).join("/-/reasonkit")).status_code == 302
        tables = httpx.get(httpx.URL(page).join("/my~2Elogs.json")).json()["tables"]
        assert {table["name"] for table in tables if table["hidden"]} >= {"_llm_migrations"}
    assert server.launcher.returncode == 0


def test_a_private_log(path: Path, run: Result, tmp_path: Path) -> None:
    """With --private nothing is shown without the link that is printed, and all of it with it."""
    with launched(tmp_path, "-d", str(path), "--private") as server:
        page = httpx.URL(server.page())
        link = server.address(r"http://\S+auth-token\S+")
        for there in ("/", "/my~2Elogs", "/my~2Elogs/reasonkit_runs.json", page.path):
            refused = httpx.get(page.join(there))
            assert (refused.status_code, "sky" in refused.text) == (403, False)
        with httpx.Client() as browser:
            assert browser.get(link).is_redirect
            assert run.question in browser.get(page.join(f"{page.path}/run/last")).text


def test_the_server_ends_with_the_launcher(path: Path, run: Result, tmp_path: Path) -> None:
    """A launcher that is told to stop leaves no server behind."""
    with launched(tmp_path, "-d", str(path)) as server:
        page = server.page()
        server.launcher.terminate()
        assert server.launcher.wait(60) == 0
        with pytest.raises(httpx.ConnectError):
            httpx.get(page)


def test_without_datasette(path: Path, run: Result) -> None:
    """Where Datasette is not installed, the way to get it is said."""
    ended = process(
        "reasonkit", "datasette", "-d", str(path), first=f"exec({_WITHOUT_DATASETTE!r})"
    )
    assert ended.returncode == 2
    assert ended.stderr == (
        "Error: Datasette is not installed; add it with: llm install datasette\n"
    )


def test_without_a_log(path: Path) -> None:
    """Where no log is, or no such run, that is said before a server starts."""
    ended = llm("reasonkit", "datasette", "-d", str(path))
    assert ended.exit_code == 2
    assert "there is no log at" in ended.stderr
    asyncio.run(_recorded(path))
    ended = llm("reasonkit", "datasette", "-d", str(path), "--run", "zzz")
    assert ended.exit_code == 2
    assert "no run 'zzz'" in ended.stderr


def test_a_port_that_is_taken(path: Path, run: Result) -> None:
    """A port that another program has is said to be the reason."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ended = process("reasonkit", "datasette", "-d", str(path), "--port", port)
    assert ended.returncode == 2
    assert f"port {port} is taken" in ended.stderr
