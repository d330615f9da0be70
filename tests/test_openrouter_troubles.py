"""A thousand calls to a server that misbehaves on three in ten: nothing is lost, nothing hangs."""

from __future__ import annotations

import asyncio
import sqlite3
from collections import defaultdict
from contextlib import closing
from datetime import UTC, datetime
from decimal import Decimal
from itertools import combinations
from pathlib import Path

from llm_reasonkit.engine.fallback import cost_of
from llm_reasonkit.engine.ports import Call, Reply, RunStart
from llm_reasonkit.errors import CallError
from llm_reasonkit.models.caller import LlmCaller
from llm_reasonkit.models.player import Player
from llm_reasonkit.openrouter.client import Client
from llm_reasonkit.openrouter.model import OpenRouterAsyncModel
from llm_reasonkit.openrouter.settings import ClientSettings
from llm_reasonkit.reasoning.result import StepResult
from llm_reasonkit.store.log import LogTrace
from llm_reasonkit.store.rows import from_pico
from tests.openrouter_server import Server, Trouble
from tests.openrouter_server.trouble import BREAKING, EVERY, PASSING

CALLS = 1000
AT_ONCE = 50
RETRIES = 5
STARTED = datetime(2026, 1, 1, tzinfo=UTC)
# The replies to these may be on the bill, and nobody ever says so.
UNTOLD_WITHOUT_ID = {
    "504",
    "web page",
    "reset before a reply",
    "silence before a reply",
    "200 with half a reply",
}


class Outcomes:
    """What came of the calls, and the log of it."""

    def __init__(self, caller: LlmCaller, trace: LogTrace) -> None:
        self.replies: dict[str, Reply] = {}
        self.errors: dict[str, CallError] = {}
        self._caller = caller
        self._trace = trace
        self._gate = asyncio.Semaphore(AT_ONCE)

    async def ask(self, number: int) -> None:
        """Make one call and log it."""
        name = f"call {number}"
        async with self._gate:
            reply = None
            try:
                call = Call(step=name, role="main", prompt=name, max_tokens=100)
                reply = self.replies[name] = await self._caller.call(call, lambda text: None)
            except CallError as error:
                self.errors[name] = error
        step = StepResult(
            id=name,
            name=name,
            kind="prompt",
            status="done" if reply else "failed",
            cost=reply.cost if reply else cost_of(self.errors[name]),
            started=STARTED,
        )
        await self._trace.step_finished(step, [], reply)


async def test_a_thousand_calls_in_trouble(openrouter: Server, tmp_path: Path) -> None:
    """50 at a time, against every kind of trouble: each call ends in a reply or an error that is
    explained, what may pass was tried again, and the log has what the server billed for each, but
    for bills that did not come, which it counts."""
    trouble = openrouter.reply = Trouble(seed=20261001)
    openrouter.account.credits = Decimal(1000)
    openrouter.keeps_bill = lambda id_: id_[-1] in "aeiou" and openrouter.ledger[id_] > 0
    settings = ClientSettings(
        base_url=openrouter.base_url, retry_attempts=RETRIES, retry_delay_ms=1, idle_timeout=5
    )
    log = tmp_path / "logs.db"
    async with Client(settings) as client:
        model = OpenRouterAsyncModel("openrouter/acme/small", client=client)
        trace = LogTrace(log)
        await trace.run_started(RunStart("run", "think", "q", STARTED))
        outcomes = Outcomes(LlmCaller({"main": Player(model)}, "run"), trace)
        async with asyncio.timeout(100), asyncio.TaskGroup() as group:
            for number in range(CALLS):
                group.create_task(outcomes.ask(number))
        trace.close()

    assert set(trouble.counts) == {"", *EVERY}
    assert trace.warning is None
    assert len(outcomes.replies) + len(outcomes.errors) == CALLS
    for name, happened in trouble.happened.items():
        assert_tried_again_where_it_helps(name, happened, outcomes.errors.get(name))
    with closing(sqlite3.connect(log)) as db:
        rows = db.execute("select id, cost, cost_unknown_calls from reasonkit_steps").fetchall()
    bills = bills_by_call(openrouter)
    for name, usd, unknown in rows:
        assert_accounted_for(name, from_pico(usd or 0), unknown, bills[name])
    assert sum(unknown == 0 for _, _, unknown in rows) > CALLS * 0.9
    assert sum(map(sum, bills.values())) == openrouter.ledger.total
    traceless = sum(trouble.counts[name] for name in UNTOLD_WITHOUT_ID)
    # Beside those, the bills that the server keeps to itself.
    assert sum(unknown for _, _, unknown in rows) > traceless > 0


def bills_by_call(server: Server) -> dict[str, list[Decimal]]:
    """What the server billed, in USD, by the prompt it was for."""
    bills: dict[str, list[Decimal]] = defaultdict(list)
    for chat in server.chats:
        if chat.generation is not None:
            bills[chat.body["messages"][-1]["content"]].append(server.ledger[chat.generation])
    return bills


def assert_accounted_for(name: str, usd: Decimal, unknown: int, bills: list[Decimal]) -> None:
    """The log has all bills of a call, but for as many as it says are missing."""
    counts = range(max(0, len(bills) - unknown), len(bills) + 1)
    sums = {sum(some, Decimal(0)) for count in counts for some in combinations(bills, count)}
    assert min(abs(usd - one) for one in sums) < Decimal("1e-12"), name


def assert_tried_again_where_it_helps(
    name: str, happened: list[str], error: CallError | None
) -> None:
    """Every try but the last failed in a way that may pass; the last one could not be repeated."""
    *before, last = happened
    assert set(before) <= set(PASSING), name
    assert (error is not None) == (last in {**PASSING, **BREAKING}), name
    if last in PASSING:
        silent = [each for each in happened if each.startswith("nothing said")]
        assert len(happened) == 1 + RETRIES or len(silent) == 3, name
    if error is not None:
        assert error.code != "unavailable", str(error)
        assert str(error).isprintable()
        assert "acme/small" in str(error)
