"""What is taken out of the log is ours alone, unless the user says otherwise."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import sqlite_utils

from llm_reasonkit.errors import StoreError, UsageError
from llm_reasonkit.store.browse import list_runs
from llm_reasonkit.store.history import load_run
from llm_reasonkit.store.log import LogTrace
from llm_reasonkit.store.removal import delete_run, drop_tables
from tests.cli import answering, llm, write_protocol
from tests.openrouter_server import Server
from tests.store_runs import new_id, record_run
from tests.test_cli_models import SMALL

OF_LLM = ("threads", "turns", "messages", "parts", "turn_search")


def counts(path: Path) -> dict[str, int]:
    """Count the rows of llm's tables."""
    db = sqlite_utils.Database(path)
    with closing(db):
        return {name: db.table(name).count for name in OF_LLM}


async def two_runs(path: Path) -> list[str]:
    """Record two runs that sent the same prompts; give their ids."""
    ids = [new_id(), new_id()]
    for run_id in ids:
        trace = LogTrace(path)
        await record_run(trace, run_id)
        trace.close()
    return ids


async def test_a_run_is_deleted_and_its_calls_stay(tmp_path: Path) -> None:
    """Deleting a run leaves the other run and all of llm's rows as they were."""
    path = tmp_path / "logs.db"
    first, second = await two_runs(path)
    kept, before = load_run(path, second), counts(path)
    removed = delete_run(path, first)
    assert (removed.run_id, removed.steps, removed.turns) == (first, 3, 0)
    assert [run.run_id for run in list_runs(path)] == [second]
    assert load_run(path, second) == kept
    assert counts(path) == before
    with pytest.raises(UsageError, match="no run"):
        delete_run(path, first)


async def test_its_calls_go_when_asked_for(tmp_path: Path) -> None:
    """With its calls a run takes its turns, their search rows and thread along, but no message
    that another run's turns need; without any run left nothing of llm's is left either."""
    path = tmp_path / "logs.db"
    first, second = await two_runs(path)
    kept = load_run(path, second)
    assert delete_run(path, first, calls=True).turns == 3
    left = counts(path)
    assert (left["threads"], left["turns"], left["turn_search"]) == (1, 3, 3)
    db = sqlite_utils.Database(path)
    with closing(db):
        needed = {row["tip_message_hash"] for row in db.table("turns").rows}
        assert needed <= {row["hash"] for row in db.table("messages").rows}
    assert load_run(path, second) == kept
    delete_run(path, second, calls=True)
    assert set(counts(path).values()) == {0}


def test_what_the_user_added_to_the_thread_stays(user_folder: Path, openrouter: Server) -> None:
    """Turns that `llm -c` put after a run survive the deletion of the run's own calls."""
    openrouter.reply = answering("Yes.")
    write_protocol(user_folder)
    assert llm("think", "Is it so?", "--protocol", "weigh", "-m", SMALL).exit_code == 0
    assert llm("-c", "Why?", "-m", SMALL).exit_code == 0
    path = user_folder / "logs.db"
    before = counts(path)["turns"]
    assert llm("reasonkit", "delete", "last", "--calls", "--yes").exit_code == 0
    after = counts(path)
    assert (after["threads"], after["turns"]) == (1, 1)
    assert before > 1
    listed = json.loads(llm("logs", "--json").stdout)
    assert [row["prompt"] for row in listed] == ["Why?"]


async def test_our_tables_are_dropped_and_nothing_else(tmp_path: Path) -> None:
    """Only our tables and views go; other plugins' and llm's stay, and a new run starts anew."""
    path = tmp_path / "logs.db"
    await two_runs(path)
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("create table reasonkitchen (id integer)")
    before = counts(path)
    dropped = drop_tables(path)
    assert "reasonkit_runs" in dropped
    with closing(sqlite_utils.Database(path)) as db:
        names = [*db.table_names(), *db.view_names()]
        assert [name for name in names if name.startswith("reasonkit")] == ["reasonkitchen"]
    assert counts(path) == before
    assert list_runs(path) == []
    await two_runs(path)
    assert len(list_runs(path)) == 2


async def test_a_log_that_cannot_be_written(tmp_path: Path) -> None:
    """A log that another program holds is an error that says so, and nothing is lost."""
    path = tmp_path / "logs.db"
    first, _ = await two_runs(path)
    with closing(sqlite3.connect(path)) as db:
        db.execute("begin immediate")
        for attempt in (
            lambda: delete_run(path, first, patience=0.1),
            lambda: drop_tables(path, 0.1),
        ):
            with pytest.raises(StoreError, match="locked"):
                attempt()
    assert len(list_runs(path)) == 2


def test_deleting_asks_first(user_folder: Path, openrouter: Server) -> None:
    """Without --yes a user is told what goes and what stays, and a no changes nothing."""
    openrouter.reply = answering("Yes.")
    write_protocol(user_folder)
    llm("think", "Is it so?", "--protocol", "weigh", "-m", SMALL)
    ended = llm("reasonkit", "delete", "last", stdin="n\n")
    assert ended.exit_code == 1
    assert "stay in llm's log" in ended.stderr
    assert "Is it so?" in ended.stderr
    assert len(list_runs(user_folder / "logs.db")) == 1
    assert llm("reasonkit", "uninstall-tables", stdin="n\n").exit_code == 1
    assert llm("reasonkit", "uninstall-tables", stdin="y\n").exit_code == 0
    assert list_runs(user_folder / "logs.db") == []


def test_no_log_to_uninstall_from(user_folder: Path) -> None:
    """Where there is no log, that is said, and none is made."""
    ended = llm("reasonkit", "uninstall-tables", "--yes")
    assert (ended.exit_code, ended.stderr.startswith("Error: there is no log")) == (2, True)
    assert not (user_folder / "logs.db").exists()
