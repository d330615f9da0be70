"""Writing the record: what a commit holds, and that nothing ever costs the answer."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import llm
import pytest

from llm_reasonkit.engine.ports import Reply
from llm_reasonkit.reasoning.result import CheckItem, StepResult
from llm_reasonkit.store.browse import list_runs
from llm_reasonkit.store.database import explain
from llm_reasonkit.store.history import load_run
from llm_reasonkit.store.log import LogTrace
from llm_reasonkit.store.writer import Recording
from tests.store_runs import (
    AsyncEcho,
    Echo,
    make_reply,
    make_result,
    make_step,
    new_id,
    record_run,
    start_of,
)


@pytest.fixture
def path(tmp_path) -> Path:
    """Give the place of a log that is not there yet, in a folder that is not there either."""
    return tmp_path / "folder" / "logs.db"


def select(path: Path, sql: str) -> list[tuple]:
    """Give the rows of a query."""
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql).fetchall()


def unrecordable() -> StepResult:
    """Give a step without what every step has to have."""
    return make_step("other").model_copy(update={"status": None})


async def test_calls_become_turns_of_the_run(path):
    """Each call is a turn in a thread with the run's id and the question's name."""
    trace = LogTrace(path)
    result = await record_run(trace, new_id(), calls=2)
    trace.close()

    assert select(path, "select id, name from threads") == [
        (result.run_id, "think: Why is the sky blue?")
    ]
    assert select(path, "select id, thread_id from turns order by id") == [
        (step.turn_id, result.run_id) for step in result.steps
    ]


async def test_an_async_response_is_logged_too(path):
    """A reply of an async model is a turn like any other."""
    trace, run = LogTrace(path), start_of(new_id())
    await trace.run_started(run)
    model = AsyncEcho()
    response = model.prompt("hello")
    response.conversation = llm.AsyncConversation(model=model, id=run.run_id)
    reply = Reply(
        text=await response.text(), model=model.model_id, turn=response, turn_id=response.id
    )
    await trace.step_finished(make_step("only", reply), [], reply)
    trace.close()

    assert trace.warning is None
    assert select(path, "select id, thread_id from turns") == [(response.id, run.run_id)]


async def test_a_failed_call_leaves_no_thread(path):
    """A run without a turn has no thread, because `llm -c` would stumble over an empty one."""
    trace, run = LogTrace(path), start_of(new_id())
    await trace.run_started(run)
    failed = make_step("only", status="failed", error="timeout")
    await trace.step_finished(failed, [], None)
    await trace.run_finished(make_result(run, [failed], []))
    trace.close()

    assert select(path, "select count(*) from threads") == [(0,)]
    assert load_run(path, "last").steps == [failed]


async def test_a_turn_and_its_step_are_committed_together(path):
    """A step that cannot be recorded takes its turn with it."""
    trace, run = LogTrace(path), start_of(new_id())
    await trace.run_started(run)
    reply = make_reply(run.run_id, "hi")
    step = make_step("only", reply)
    await trace.step_finished(step, [], reply)
    again = make_reply(run.run_id, "hi again")
    await trace.step_finished(unrecordable(), [], again)
    trace.close()

    assert "NOT NULL constraint" in trace.warning
    assert select(path, "select id from turns") == [(reply.turn_id,)]


async def test_a_step_is_committed_when_the_method_returns(path):
    """Another connection sees a step at once, so nothing can depend on an unrecorded one."""
    trace, run = LogTrace(path), start_of(new_id())
    await trace.run_started(run)
    reply = make_reply(run.run_id, "hi")
    check = CheckItem(step="gigathink.only", name="spans", status="failed", detail="no 'x'")
    await trace.step_finished(make_step("only", reply, inputs=["other"]), [check], reply)

    assert select(path, "select id, turn_id from reasonkit_steps") == [
        ("gigathink.only", reply.turn_id)
    ]
    assert select(path, "select step_id, input_id from reasonkit_step_inputs") == [
        ("gigathink.only", "other")
    ]
    assert select(path, "select name, status, detail from reasonkit_checks") == [
        ("spans", "failed", "no 'x'")
    ]
    trace.close()


async def test_what_comes_meanwhile_shares_the_commit(path):
    """What is handed over while a record is being written is committed together with it."""
    recording = Recording(path, 10)
    begun, go_on = threading.Event(), threading.Event()
    seen = []

    def first(db):
        db.conn.execute("create table one (n)")
        begun.set()
        go_on.wait(30)

    def second(db):
        with closing(sqlite3.connect(path)) as other:
            seen.append(other.execute("select name from sqlite_master where name='one'").fetchall())

    waiting = recording.submit(first)
    await asyncio.to_thread(begun.wait, 30)
    also = recording.submit(second)
    go_on.set()
    await asyncio.gather(waiting, also)
    recording.close()

    assert (recording.reason, seen) == (None, [[]])
    assert select(path, "select name from sqlite_master where name = 'one'") == [("one",)]


async def test_a_cancelled_run_still_records_what_is_paid(path):
    """Steps handed over before the run is cancelled are written all the same."""
    trace, run = LogTrace(path, timeout=10), start_of(new_id())
    await trace.run_started(run)
    await trace.step_finished(make_step("first"), [], None)
    replies = [make_reply(run.run_id, f"prompt {number}") for number in range(3)]
    with closing(sqlite3.connect(path)) as other:
        other.execute("begin immediate")
        recording = [
            asyncio.create_task(trace.step_finished(make_step(f"s[{number}]", reply), [], reply))
            for number, reply in enumerate(replies)
        ]
        await asyncio.sleep(0)
        for task in recording:
            task.cancel()
        assert all(
            isinstance(ended, asyncio.CancelledError)
            for ended in await asyncio.gather(*recording, return_exceptions=True)
        )
        other.rollback()

    await trace.run_finished(make_result(run, [make_step("s", replies[0])], []))
    trace.close()

    assert trace.warning is None
    assert select(path, "select id from turns order by id") == [
        (reply.turn_id,) for reply in replies
    ]


async def test_the_event_loop_goes_on_while_the_log_is_locked(path):
    """Waiting for another writer does not hold up anything else."""
    trace = LogTrace(path, timeout=10)
    await record_run(trace, new_id())
    with closing(sqlite3.connect(path)) as other:
        other.execute("begin immediate")
        recording = asyncio.create_task(record_run(trace, new_id()))
        for _ in range(50):
            await asyncio.sleep(0.001)
        assert not recording.done()
        other.rollback()
    await recording
    trace.close()

    assert trace.warning is None
    assert len(list_runs(path)) == 2


async def test_a_log_that_stays_locked_is_a_warning(path):
    """A writer that never ends costs one wait, not the run, and is named."""
    first, trace = LogTrace(path), LogTrace(path, timeout=0.05)
    await record_run(first, new_id())
    first.close()
    with closing(sqlite3.connect(path)) as other:
        other.execute("begin immediate")
        result = await record_run(trace, new_id())
    trace.close()

    assert result.status == "done"
    assert trace.warning.endswith(
        "logs.db is locked by another program; close it or try again later"
    )
    assert len(list_runs(path)) == 1


async def test_a_log_that_fails_half_way_keeps_what_it_has(path):
    """After the first failure nothing more is tried, and what was recorded remains."""
    trace, run = LogTrace(path, timeout=0.05), start_of(new_id())
    await trace.run_started(run)
    replies = [make_reply(run.run_id, f"prompt {number}") for number in range(3)]
    await trace.step_finished(make_step("s[0]", replies[0]), [], replies[0])
    with closing(sqlite3.connect(path)) as other:
        other.execute("begin immediate")
        await trace.step_finished(make_step("s[1]", replies[1]), [], replies[1])
    first = trace.warning
    await trace.step_finished(make_step("s[2]", replies[2]), [], replies[2])
    trace.close()

    assert trace.warning == first
    assert [step.id for step in load_run(path, "last").steps] == ["gigathink.s[0]"]


@pytest.mark.parametrize(
    "content", [b"no database at all" * 99, b"SQLite format 3\0" + b"x" * 4080]
)
async def test_a_broken_log_is_a_warning_and_stays_as_it_is(path, content):
    """A file that is no sound database is left alone and named."""
    path.parent.mkdir()
    path.write_bytes(content)
    trace = LogTrace(path)
    await record_run(trace, new_id())
    trace.close()

    assert "move it away and llm starts a new one" in trace.warning
    assert "\n" not in trace.warning
    assert path.read_bytes() == content


async def test_a_folder_that_cannot_be_is_a_warning(tmp_path):
    """A path below a plain file is named with the system's reason."""
    (tmp_path / "file").write_text("")
    trace = LogTrace(tmp_path / "file" / "logs.db")
    await record_run(trace, new_id())
    trace.close()

    assert "logs.db cannot be opened: Not a directory" in trace.warning or (
        "logs.db cannot be opened: File exists" in trace.warning
    )


async def test_a_turn_that_cannot_be_logged_is_a_warning(path):
    """Whatever llm's logging or another plugin's response raises, the run goes on."""

    class Broken:
        def log_to_db(self, db):
            raise LookupError("no\nsuch thing")

    trace, run = LogTrace(path), start_of(new_id())
    await trace.run_started(run)
    await trace.step_finished(
        make_step("only"), [], Reply(text="", model=Echo.model_id, turn=Broken())
    )
    trace.close()

    assert trace.warning.endswith("logs.db: LookupError: no such thing")


def test_the_file_is_private_from_the_start(path):
    """A log that we create is for its owner only; one that is there keeps its mode."""

    def mode() -> int:
        return stat.S_IMODE(path.stat().st_mode)

    async def record() -> None:
        trace = LogTrace(path)
        await record_run(trace, new_id())
        trace.close()

    asyncio.run(record())
    assert mode() == 0o600
    path.chmod(0o644)
    asyncio.run(record())
    assert mode() == 0o644


def count_open_files() -> int:
    """Count the files this process has open."""
    return len(list(Path("/dev/fd").iterdir()))


def count_threads() -> int:
    """Count the threads that write a log."""
    return sum(thread.name.startswith("reasonkit-log") for thread in threading.enumerate())


async def until(happened: Callable[[], bool]) -> bool:
    """Wait for what another thread will do soon; tell whether it did."""
    for _ in range(500):
        if happened():
            return True
        await asyncio.sleep(0.01)
    return happened()


async def test_a_closed_trace_holds_no_file(path):
    """After many runs no more files are open, and no more threads there, than before."""
    before = count_open_files()
    for _ in range(20):
        trace = LogTrace(path)
        await record_run(trace, new_id())
        trace.close()

    assert await until(lambda: count_open_files() <= before)
    assert await until(lambda: count_threads() == 0)


async def test_many_runs_at_once_share_a_file(path):
    """However many runs go on in a process, one thread writes them through one connection."""
    before = count_open_files()
    traces = [LogTrace(path) for _ in range(200)]
    recording = asyncio.gather(*(record_run(trace, new_id(), calls=1) for trace in traces))
    most_files = most_threads = 0
    while not recording.done():
        most_files = max(most_files, count_open_files())
        most_threads = max(most_threads, count_threads())
        await asyncio.sleep(0.01)
    for trace in traces:
        trace.close()

    # The log, its journal and SQLite's scratch file, the lock that tells of this process, and the
    # folder that is looked through.
    assert most_files <= before + 5
    assert most_threads == 1
    assert {trace.warning for trace in traces} == {None}
    assert select(path, "select status, count(*) from reasonkit_runs") == [("done", 200)]
    assert await until(lambda: count_open_files() <= before)


async def test_a_failure_is_not_that_of_other_runs(path):
    """Of two runs whose steps share a commit, the one that cannot be recorded fails alone."""
    good, bad = LogTrace(path, timeout=10), LogTrace(path, timeout=10)
    run, other_run = start_of(new_id()), start_of(new_id())
    await good.run_started(run)
    await bad.run_started(other_run)
    step = make_step("only")
    await bad.step_finished(step, [], None)
    with closing(sqlite3.connect(path)) as locked:
        locked.execute("begin immediate")
        recording = asyncio.gather(
            good.step_finished(step, [], None),
            bad.step_finished(unrecordable(), [], None),
            good.run_finished(make_result(run, [step], [])),
            bad.run_finished(make_result(other_run, [step], [])),
        )
        await asyncio.sleep(0)
        locked.rollback()
    await recording
    good.close()
    bad.close()

    assert good.warning is None
    assert load_run(path, run.run_id).status == "done"
    assert "NOT NULL constraint" in bad.warning
    assert select(path, f"select status from reasonkit_runs where id = '{other_run.run_id}'") == [
        (None,)
    ]


RECORD_AS_NOBODY = """
import asyncio, os, resource, sys
from pathlib import Path
from llm_reasonkit.store.log import LogTrace
from tests.store_runs import new_id, record_run

async def main(path, limit):
    trace = LogTrace(Path(path))
    if os.geteuid() == 0:  # whom no permission stops
        os.setuid(65534)
    if int(limit):
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), int(limit)))
    result = await record_run(trace, new_id())
    trace.close()
    print(result.status, trace.warning)

asyncio.run(main(*sys.argv[1:]))
"""


def record_as_nobody(path: Path, limit: int = 0) -> str:
    """Record a run in a process that may write little; give its status and warning."""
    return subprocess.run(
        [sys.executable, "-c", RECORD_AS_NOBODY, path, str(limit)],
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])},
        check=True,
        capture_output=True,
        text=True,
    ).stdout


def test_what_may_not_be_written_is_a_warning():
    """A read-only folder and a read-only log cost the record, not the run."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "logs.db"
        Path(folder).chmod(0o555)
        assert "done" in (said := record_as_nobody(path))
        assert "logs.db cannot be opened: Permission denied" in said

        path.touch(0o444)
        said = record_as_nobody(path)
        assert "done" in said
        assert "logs.db is read-only" in said


def test_a_disk_that_takes_no_more_is_a_warning():
    """When the file cannot grow the run still ends, and the file stays sound."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        path = Path(folder) / "logs.db"

        said = record_as_nobody(path, limit=100_000)

        assert "done this run is not in the log" in said
        assert "cannot be read or written by the disk" in said
        assert list_runs(path) == []
        assert record_as_nobody(path) == "done None\n"
        assert len(list_runs(path)) == 1


def test_a_full_disk_is_called_full(tmp_path):
    """SQLite's own word for no space left becomes advice."""
    with closing(sqlite3.connect(tmp_path / "logs.db")) as connection:
        connection.execute("pragma max_page_count = 2")
        connection.execute("create table t (text)")
        with pytest.raises(sqlite3.OperationalError) as caught:
            connection.execute("insert into t values (zeroblob(100000))")

    assert explain(Path("logs.db"), caught.value) == (
        "logs.db cannot grow: the disk is full; free some space"
    )
