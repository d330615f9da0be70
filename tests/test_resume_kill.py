"""Killed at fifty random moments, a run goes on and ends as if nothing had happened."""

from __future__ import annotations

import json
import random
import re
import sqlite3
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest

from tests import forked
from tests.cli import until, write_protocol
from tests.openrouter_server import Answer, Server
from tests.openrouter_server.server import Request

KILLS = 50
KILLS_OF_A_RUN = 5
WORKERS = 5
PROTOCOL = """\
protocol: long
title: Long
summary: Four waves of calls, one of which is made twice.
steps:
  facts:
    prompt: "This is facts. List the facts."
    output:
      facts: [{id: auto, text: str}, 1, 6]
  look:
    for_each: facts.facts
    prompt: "This is look[{{ number }}]. Look at this: {{ item }}"
    output: {seen: str}
  weigh:
    for_each: look
    at_most: 6
    prompt: "This is weigh[{{ number }}]. {{ item }}"
  verdict:
    prompt: |
      This is verdict.
      {{ weigh }}
  links:
    check: links
    with: {text: verdict, given: material}
answer: verdict
"""
CALLS = 1 + 6 + 1 + 6 + 1


def step_of(body: Any) -> str:
    """The id of the step that a request is made for."""
    prompt = body["messages"][-1]["content"]
    step = re.search(r"This is ([a-z]+(?:\[\d\])?)\.", prompt)
    return step[1] + ("#2" if "You were asked this before" in prompt else "")


def run_of(body: Any) -> str:
    """What tells the requests of one run from those of others."""
    return re.search(r"Question:\n(.+)\n", body["messages"][-1]["content"])[1]


def reply(body: Any) -> Answer:
    """Say the same to the same question, after a while of its own."""
    step = step_of(body)
    said = {
        "facts": json.dumps({"facts": [{"text": f"fact {n}"} for n in range(1, 7)]}),
        "look[2]": "not an object",
    }
    text = said.get(step, json.dumps({"seen": step}) if step.startswith("look") else f"On {step}.")
    return Answer(text, delay=crc32(step.encode()) % 30 / 1000)


@dataclass
class Life:
    """A run from its first process to its last. cut_off: the calls that were, with their times."""

    server: Server
    env: dict[str, str]
    folder: Path
    name: str
    cut_off: set[tuple[Any, ...]] = field(default_factory=set)
    kills: int = 0
    dice: random.Random = field(init=False)
    calls, code = CALLS, "0"
    step_of = staticmethod(step_of)
    run_of = staticmethod(run_of)

    def __post_init__(self) -> None:
        self.dice = random.Random(self.name)

    @property
    def command(self) -> list[str]:
        return ["think", self.name, "--protocol", "long", "-m", "openrouter/acme/small"]

    @property
    def log(self) -> Path:
        return self.folder / f"{self.name}.db"

    @property
    def requests(self) -> list[Request]:
        # A killed process may leave half a request.
        whole = [chat for chat in self.server.chats if chat.body]
        return [chat for chat in whole if self.run_of(chat.body) == self.name]

    def start(self) -> Any:
        """Start the process that begins the run, goes on with it, or shows it once it is over."""
        output = ["-d", str(self.log), "--json"]
        words = [*self.command, "--log"]
        if self.query("select 1 from reasonkit_runs"):
            words = ["reasonkit", "show" if self.is_over else "resume"]
        return forked.start([*words, *output], self.env, self.folder / self.name)

    @property
    def is_over(self) -> bool:
        return bool(self.query("select 1 from reasonkit_runs where status is not null"))

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        if not self.log.exists():
            return []
        with closing(sqlite3.connect(self.log)) as db:
            tables = db.execute("select 1 from sqlite_master where name = 'reasonkit_recipes'")
            return db.execute(sql).fetchall() if tables.fetchall() else []

    def kill_some_time(self) -> None:
        """Start a process and kill it at a random moment of what it has to do."""
        replied = self.query("select 1 from reasonkit_steps where reply is not null")
        left = self.calls - len(replied)
        seen = len(self.requests) + self.dice.randint(0, max(0, left - 1))
        process = self.start()
        until(lambda: len(self.requests) > seen or not process.is_alive())
        time.sleep(self.dice.uniform(0, 0.03))
        process.kill()
        process.join()
        if not self.is_over:
            self.kills += 1
            under_way = "select id, started from reasonkit_steps where status = 'running'"
            self.cut_off.update(self.query(under_way))

    def go(self) -> dict[str, Any]:
        """Live, be killed some times, and return the result of the process that was not."""
        while self.kills < KILLS_OF_A_RUN and not self.is_over:
            self.kill_some_time()
        return self.finish()

    def finish(self) -> dict[str, Any]:
        process = self.start()
        process.join()
        said = self.folder / self.name
        code = said.with_suffix(".code").read_text()
        assert code in ("0", self.code), said.with_suffix(".err").read_text()
        return json.loads(said.with_suffix(".out").read_text())

    def require_nothing_paid_twice(self, result: dict[str, Any]) -> None:
        """Every committed reply was used, and what was under way at a kill is reported."""
        cut_off = Counter(step for step, _ in self.cut_off)
        asked = Counter(self.step_of(request.body) for request in self.requests)
        assert len(asked) == self.calls
        for step, times in asked.items():
            assert times <= 1 + cut_off[step], (self.name, step)
        last = {self.step_of(request.body): request for request in self.requests}
        bills = [self.server.ledger[request.generation] for request in last.values()]
        assert Decimal(result["cost"]["usd"]) == sum(bills)
        calls = [step for step in result["steps"] if step["cost"]]
        unknown = {step["id"]: step["cost"]["unknown_calls"] for step in calls}
        assert unknown == {step: cut_off[step] for step in asked}
        assert result["cost"]["unknown_calls"] == cut_off.total()


def lives(
    live: Callable[[str], Life], kills: int, workers: int
) -> list[tuple[Life, dict[str, Any]]]:
    """Lives with so many kills at least between them, and what they came to."""

    def lives_of(number: int) -> list[tuple[Life, dict[str, Any]]]:
        lived: list[tuple[Life, dict[str, Any]]] = []
        while sum(life.kills for life, _ in lived) < kills // workers:
            life = live(f"run-{number}{len(lived)}")
            lived.append((life, life.go()))
        return lived

    with ThreadPoolExecutor(workers) as threads:
        return [pair for lived in threads.map(lives_of, range(workers)) for pair in lived]


def without_what_may_differ(result: dict[str, Any]) -> dict[str, Any]:
    """A result without ids, times, the question, and what is reported of calls cut off."""
    ids, times = ("run_id", "trace_id", "turn_id"), ("started", "duration_ms", "first_token_ms")
    for part in [result, *result["steps"], *result["members"]]:
        for key in (*ids, *times, "question"):
            part.pop(key, None)
        if part["cost"]:
            part["cost"]["unknown_calls"] = 0
    result["warnings"] = []
    return result


def environment(server: Server, user_folder: Path) -> dict[str, str]:
    """What a process has to know of the look-alike."""
    return {
        "LLM_USER_PATH": str(user_folder),
        "OPENROUTER_BASE_URL": server.base_url,
        "OPENROUTER_API_KEY": server.key,
    }


@pytest.fixture
def folder(openrouter: Server, user_folder: Path, tmp_path: Path) -> Path:
    write_protocol(user_folder, PROTOCOL, "long")
    openrouter.reply = reply
    return tmp_path


def test_killed_at_fifty_random_moments(
    openrouter: Server, folder: Path, user_folder: Path
) -> None:
    """Every reply that was committed is used and none is paid for twice; what was under way at a
    kill may be, and is reported; the result is that of a run which nobody killed."""
    env = environment(openrouter, user_folder)

    def live(name: str) -> Life:
        return Life(openrouter, env, folder, name)

    expected = without_what_may_differ(live("run-xx").finish())
    lived = lives(live, KILLS, WORKERS)
    assert sum(life.kills for life, _ in lived) >= KILLS
    assert any(life.cut_off for life, _ in lived)
    for life, result in lived:
        life.require_nothing_paid_twice(result)
        assert without_what_may_differ(result) == expected
