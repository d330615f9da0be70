"""The texts that were given with a question, read back from the log."""

from __future__ import annotations

from pathlib import Path

from llm_reasonkit.store.history import load_run
from llm_reasonkit.store.sources import load_sources
from tests.cli import answering, llm, write_protocol
from tests.openrouter_server import Server
from tests.store_runs import record_runs
from tests.test_cli_models import SMALL


def test_sources_in_their_order(user_folder: Path, openrouter: Server, tmp_path: Path) -> None:
    """Each text comes back whole, in the order it was given."""
    write_protocol(user_folder)
    openrouter.reply = answering("Yes.")
    given = {}
    for name in ("b.md", "a.md"):
        path = tmp_path / name
        path.write_text(f"The text of {name}.")
        given[str(path)] = path.read_text()
    files = [part for name in given for part in ("-f", name)]
    assert llm("think", "q", "--protocol", "weigh", "-m", SMALL, *files).exit_code == 0
    log = user_folder / "logs.db"
    found = load_sources(log, load_run(log, "last").run_id)
    assert [text.text for text in found] == list(given.values())


def test_nothing_is_made_up(tmp_path: Path) -> None:
    """A run whose texts were not recorded, an unknown run and a missing log give none."""
    log = tmp_path / "logs.db"
    assert load_sources(log, "x") == []
    assert record_runs(log, 1) == []
    assert load_sources(log, load_run(log, "last").run_id) == []
    assert load_sources(log, "x") == []
