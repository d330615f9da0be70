"""What the browser tests stand on: a Datasette on loopback, Debian's Chromium, a beacon."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, BrowserType, Page

from llm_reasonkit.reasoning.result import Result
from tests.cli import until

_PLUGINS = Path(__file__).parent / "plugins"
_ARGUMENTS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
)


@dataclass(frozen=True)
class Site:
    """A Datasette that serves a log, and one of hostile runs.

    vote: one of several that were marked. hostile: full of one payload each, in their order.
    crowd: its members have all of them.
    """

    address: str
    sample: Result
    comparison: Result
    vote: Result
    hostile: Sequence[Result]
    crowd: Result

    @property
    def home(self) -> str:
        """The list of runs."""
        return f"{self.address}/logs/-/reasonkit"


@dataclass
class Watched:
    """A page, and what it did: dialogs it opened, requests it sent elsewhere."""

    page: Page
    ran: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)


@contextmanager
def serving(*logs: Path) -> Iterator[str]:
    """Serve logs in a process of its own; give its address."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        [
            *(sys.executable, "-m", "datasette", "serve", *map(str, logs)),
            *("--port", str(port), "--plugins-dir", str(_PLUGINS)),
            *("--setting", "max_returned_rows", "2000", "--setting", "sql_time_limit_ms", "9000"),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        until(lambda: _answers(port), seconds=60)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(30)


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


class Beacon:
    """Stands where every host of `*.example` is.

    connections: how often somebody came. requests: how many of them had something to say.
    """

    def __init__(self) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        self.connections = 0
        self.requests = 0
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            try:
                visitor, _ = self._server.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._hear, args=(visitor,), daemon=True).start()

    def _hear(self, visitor: socket.socket) -> None:
        with visitor:
            visitor.settimeout(1)
            try:
                self.requests += bool(visitor.recv(1))
            except TimeoutError:
                return

    def close(self) -> None:
        """Stop listening."""
        self._server.close()


def start(chromium: BrowserType, beacon: Beacon) -> Browser:
    """Start Debian's Chromium, for which the beacon is every host of `*.example`."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    assert path, "these tests need Chromium: apt-get install chromium"
    rules = f"--host-resolver-rules=MAP *.example 127.0.0.1:{beacon.port}"
    return chromium.launch(executable_path=path, args=[*_ARGUMENTS, rules], headless=True)
