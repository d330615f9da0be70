"""`llm reasonkit datasette`: the log in a browser, on this machine alone, with our pages in it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import webbrowser
from contextlib import closing, suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import click

from llm_reasonkit.cli.ending import Failure, ends_cleanly
from llm_reasonkit.cli.options import database_option
from llm_reasonkit.errors import UsageError
from llm_reasonkit.store.history import load_run

_HOST = "127.0.0.1"
_PATIENCE = 30  # seconds until the server has to answer


@click.command()
@database_option
@click.option("run", "--run", metavar="RUN", help="Show this run: an id, a short id, or last")
@click.option("-p", "--port", type=click.IntRange(1, 65535), help="Port; any free one by default")
@click.option("opens", "--open", is_flag=True, help="Open it in the browser")
@click.option("--private", is_flag=True, help="Only who has the link that is printed can look")
@ends_cleanly
def command(path: Path, run: str | None, port: int | None, opens: bool, private: bool) -> None:
    """Look at runs in the browser, on this machine only.

    With Datasette. Without --private everybody who has an account on this machine can look.
    """
    is_new = _version_of_datasette() >= 1
    if not path.exists():
        raise UsageError(f'there is no log at {path} yet; start one with: llm think "…"')
    page = f"/{_in_address(path.stem)}/-/reasonkit"
    if run is not None:
        page += f"/run/{load_run(path, run).run_id}"
    port = _free_port(port or 0)
    with tempfile.TemporaryDirectory() as folder:
        # What 1.0 calls configuration was metadata before.
        settings = Path(folder) / "datasette.json"
        settings.write_text(json.dumps(_settings(path, private)), encoding="utf-8")
        arguments = [
            *(sys.executable, "-m", "datasette", "serve", str(path)),
            *("--host", _HOST, "--port", str(port)),
            *("--setting", "allow_download", "off", "--setting", "sql_time_limit_ms", "3000"),
            # Ours are set; looking for more takes a second on a large log.
            *("--setting", "suggest_facets", "off"),
            *("--config" if is_new else "--metadata", str(settings)),
            # Datasette prints and opens the link that lets its holder in.
            *(["--root"] if private else []),
            *(["--open"] if private and opens else []),
        ]
        _serve(arguments, port, page, opens=opens and not private)


def _serve(arguments: list[str], port: int, page: str, *, opens: bool) -> None:
    from llm_reasonkit.datasette_plugin.hosts import ALLOWED_HOSTS

    allowed = {ALLOWED_HOSTS: f"{_HOST}:{port},localhost:{port}"}
    server = subprocess.Popen(arguments, env=os.environ | allowed)  # noqa: S603 (our interpreter)
    address = f"http://{_HOST}:{port}{page}"
    click.echo(f"Runs: {address}\nCtrl-C ends it.", err=True)
    if opens:
        threading.Thread(target=_open_once_up, args=(port, address), daemon=True).start()

    def stop(*_: object) -> None:
        server.terminate()
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
    is_stopped = False
    while server.poll() is None:
        try:
            server.wait()
        except KeyboardInterrupt:
            # Ctrl-C reaches the server as well, which then ends by itself.
            is_stopped = True
    if server.returncode > 0 and not is_stopped:
        raise Failure(f"Datasette ended with code {server.returncode}", 1)


def _version_of_datasette() -> int:
    try:
        return int(version("datasette").partition(".")[0])
    except PackageNotFoundError:
        raise UsageError("Datasette is not installed; add it with: llm install datasette") from None


def _settings(path: Path, private: bool) -> dict[str, Any]:
    from llm_reasonkit.datasette_plugin.layout import layout

    who = {"allow": {"id": "root"}} if private else {}
    return {**who, "databases": {path.stem: {"tables": layout()}}}


def _in_address(database: str) -> str:
    from datasette.utils import tilde_encode

    return str(tilde_encode(database))


def _free_port(wanted: int) -> int:
    """Return the port if nobody has it, any free one for 0."""
    try:
        with socket.create_server((_HOST, wanted)) as probe:
            return int(probe.getsockname()[1])
    except OSError as error:
        raise UsageError(f"port {wanted} is taken or not allowed; name another one") from error


def _open_once_up(port: int, address: str) -> None:
    for _ in range(10 * _PATIENCE):
        with suppress(OSError), closing(socket.create_connection((_HOST, port), 1)):
            webbrowser.open(address)
            return
        time.sleep(0.1)
