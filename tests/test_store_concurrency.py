"""Many writers of one log at the same time."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from llm_reasonkit.store.schema import STEPS
from tests import store_runs

RUNS = 500
THREADS = 16
PROCESSES = 8


class Writer:
    """A process that records runs when told to."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def begin(self, path: Path, count: int) -> None:
        """Tell it to record that many runs."""
        self.process.stdin.write(json.dumps([str(path), count]) + "\n")
        self.process.stdin.flush()

    def warnings(self) -> list[str]:
        """Wait until it is done, or at first until it is there, and give its warnings."""
        return json.loads(self.process.stdout.readline())


@pytest.fixture(scope="module")
def writers() -> Iterator[list[Writer]]:
    """Give processes that have imported everything, so that they begin together."""
    command = [sys.executable, store_runs.__file__]
    with ExitStack() as stack:
        started = [
            Writer(
                stack.enter_context(
                    subprocess.Popen(
                        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
                    )
                )
            )
            for _ in range(PROCESSES)
        ]
        for writer in started:
            writer.warnings()
        yield started
        for writer in started:
            writer.process.stdin.close()


def count_rows(path: Path, table: str) -> int:
    """Count the rows of a table."""
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(f"select count(*) from {table}").fetchone()[0]


def test_threads_and_processes_lose_nothing(tmp_path, writers):
    """16 threads and 8 processes at once log 500 runs without losing a turn or a run."""
    path = tmp_path / "logs.db"
    total = THREADS + PROCESSES
    shares = [RUNS // total + (number < RUNS % total) for number in range(total)]

    for writer, share in zip(writers, shares[THREADS:], strict=True):
        writer.begin(path, share)
    with ThreadPoolExecutor(THREADS) as threads:
        warned = list(threads.map(store_runs.record_runs, [path] * THREADS, shares[:THREADS]))
    warned += [writer.warnings() for writer in writers]

    assert [line for lines in warned for line in lines] == []
    assert count_rows(path, "turns") == RUNS * 3
    assert count_rows(path, "reasonkit_runs where status = 'done'") == RUNS
    assert count_rows(path, "reasonkit_runs r join threads t on t.id = r.id") == RUNS
    assert count_rows(path, "reasonkit_steps s join turns t on t.id = s.turn_id") == RUNS * 3


def test_first_runs_of_many_processes_prepare_the_log_once(tmp_path, writers):
    """8 processes that all find no log leave one that is whole."""
    for attempt in range(3):
        path = tmp_path / f"{attempt}.db"

        for writer in writers:
            writer.begin(path, 1)

        assert [writer.warnings() for writer in writers] == [[]] * PROCESSES
        assert count_rows(path, "reasonkit_runs where status = 'done'") == PROCESSES
        applied = count_rows(path, "_sqlite_migrations where migration_set = 'reasonkit'")
        assert applied == len(STEPS)
