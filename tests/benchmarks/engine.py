"""What the engine adds to a call: a protocol of 100 calls against the same calls made by llm alone.

    python -m tests.benchmarks.engine

Both log to a database of their own; the models answer at once, then after 300 ms.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import statistics
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import llm
from llm.migrations import migrate
from sqlite_utils import Database

CALLS = 100
ROUNDS = 7
PROTOCOL = """
protocol: many
title: Many
summary: Many calls, then one that reads them.
settings: {{items: [{items}]}}
steps:
  items:
    for_each: settings.items
    prompt: "Say something about {{{{ item }}}}."
  answer:
    prompt: |
      {{{{ items }}}}
      Sum it up.
answer: answer
"""


class Stub(llm.AsyncModel):
    """Answers after `latency` seconds."""

    model_id = "stub"
    can_stream = True

    def __init__(self, latency: float) -> None:
        self.latency = latency

    async def execute(
        self, prompt: llm.Prompt, stream: bool, response: Any, conversation: Any
    ) -> AsyncIterator[str]:
        await asyncio.sleep(self.latency)
        yield "an answer of a few words"
        response.set_usage(input=10, output=5, details={"cost": 0.0})


def engine(folder: Path, latency: float, calls: int) -> float:
    """Run the protocol; seconds."""
    from llm_reasonkit import ThinkToolOrchestrator

    path = folder / "many.yaml"
    path.write_text(PROTOCOL.format(items=", ".join(f"item{n}" for n in range(calls))))
    orchestrator = ThinkToolOrchestrator(Stub(latency), log=folder / "engine.db")
    began = time.perf_counter()
    result = orchestrator.think("Why?", protocol=str(path))
    assert result.status == "done", result.warnings
    return time.perf_counter() - began


def bare(folder: Path, latency: float, calls: int) -> float:
    """Make the same calls through llm, all at once and then one, each logged; seconds."""
    model = Stub(latency)
    db = Database(sqlite3.connect(folder / "bare.db"))
    migrate(db)

    async def one(number: int) -> None:
        response = model.prompt(f"Why?\n\nSay something about item{number}.")
        await response.text()
        db.conn.execute("begin immediate")
        response.log_to_db(db)
        db.conn.commit()

    async def all_of_them() -> None:
        await asyncio.gather(*(one(number) for number in range(calls)))
        await one(calls)

    began = time.perf_counter()
    asyncio.run(all_of_them())
    took = time.perf_counter() - began
    db.close()
    return took


def main() -> None:
    """Print what the engine adds to each call, and to the critical path of slow ones."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["LLM_USER_PATH"] = name
        engine(folder, 0, 2)
        for latency, calls in ((0.0, CALLS), (0.3, 6)):
            ours, theirs = [], []
            for _ in range(ROUNDS):
                ours.append(engine(folder, latency, calls))
                theirs.append(bare(folder, latency, calls))
            mine, base = statistics.median(ours), statistics.median(theirs)
            added = (mine - base) * 1000
            print(
                f"latency {latency * 1000:.0f} ms, {calls} + 1 calls: {mine * 1000:.0f} ms, "
                f"llm alone {base * 1000:.0f} ms: {added:.0f} ms more, "
                f"{added / (calls + 1):.2f} ms a call"
            )
        print(f"critical path of the slow ones: 600 ms; the engine took {mine * 1000:.0f} ms")


if __name__ == "__main__":
    main()
