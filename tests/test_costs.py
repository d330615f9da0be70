"""`llm reasonkit costs`: sums of what was billed and computed, and how much is unknown."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from llm_reasonkit.engine.ports import RunStart
from llm_reasonkit.reasoning.result import Cost, StepResult, Tokens
from llm_reasonkit.store.costs import By, CostRow, costs
from llm_reasonkit.store.database import open_for_writing, transaction
from llm_reasonkit.store.log import LogTrace
from tests.cli import answering, llm, write_protocol
from tests.openrouter_server import Answer, Server
from tests.store_runs import make_step

MONDAY = datetime(2026, 11, 2, 12, tzinfo=UTC)
TUESDAY = MONDAY + timedelta(days=1)
UNKNOWN = Cost(unknown_calls=1)


@pytest.fixture(autouse=True)
def _utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Days begin at midnight UTC, wherever the tests run."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def billed(usd: str, unknown_calls: int = 0) -> Cost:
    return Cost(usd=Decimal(usd), source="billed", unknown_calls=unknown_calls)


def computed(usd: str) -> Cost:
    return Cost(usd=Decimal(usd), source="computed")


def call(name: str, cost: Cost | None, **fields: Any) -> StepResult:
    """A call that was made, or a step that made none where `cost` is None."""
    known = {"id": name, "started": MONDAY, "model": "openrouter/a/a", "provider": "Acme"}
    return make_step(name.rpartition(".")[2], **{**known, "cost": cost, **fields})


def record(path: Path, run_id: str, *steps: StepResult, protocol: str | None = "weigh") -> Path:
    """Record a run of these steps that has not ended, as its steps alone count."""

    async def write() -> None:
        trace = LogTrace(path)
        start = RunStart(run_id, "think", "Why?", MONDAY, protocol, None if protocol else "deep")
        await trace.run_started(start)
        for step in steps:
            await trace.step_finished(step, [], None)
        trace.close()
        assert trace.warning is None

    asyncio.run(write())
    return path


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Two runs: one of a protocol on two days, one of a profile."""
    path = tmp_path / "logs.db"
    record(
        path,
        "run-1",
        call("first", billed("0.1"), tokens=Tokens(input=10, output=20)),
        call("second", billed("0.2"), started=TUESDAY, provider="Other"),
        call("third", computed("0.000000000001"), model="openrouter/b/b", provider=None),
        call("check", None, model=None, kind="check"),
    )
    return record(
        path,
        "run-2",
        call("bedrock.nodes", UNKNOWN, started=TUESDAY),
        call("bedrock.answer", billed("0.3", unknown_calls=1), started=TUESDAY),
        call("proofguard.claims[2]", billed("0.4"), started=TUESDAY, model="openrouter/b/b"),
        protocol=None,
    )


def short(rows: list[CostRow]) -> list[tuple[Any, ...]]:
    return [
        (row.name, row.runs, row.calls, str(row.billed), str(row.computed), row.unknown_calls)
        for row in rows
    ]


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        (
            By.DAY,
            [
                ("2026-11-02", 1, 2, "0.1", "1E-12", 0),
                ("2026-11-03", 2, 4, "0.9", "0", 2),
            ],
        ),
        (
            By.MODEL,
            [
                ("openrouter/a/a", 2, 4, "0.6", "0", 2),
                ("openrouter/b/b", 2, 2, "0.4", "1E-12", 0),
            ],
        ),
        (
            By.PROTOCOL,
            [
                ("proofguard", 1, 1, "0.4", "0", 0),
                ("weigh", 1, 3, "0.3", "1E-12", 0),
                ("bedrock", 1, 2, "0.3", "0", 2),
            ],
        ),
        (
            By.PROVIDER,
            [
                ("Acme", 2, 4, "0.8", "0", 2),
                ("Other", 1, 1, "0.2", "0", 0),
                (None, 1, 1, "0", "1E-12", 0),
            ],
        ),
    ],
)
def test_costs_are_added_up(log: Path, by: By, expected: list[Any]) -> None:
    """Billed and computed sums are exact and apart; unknown calls are counted, never 0 USD."""
    rows, total = costs(log, by)
    assert short(rows) == expected
    assert short([total]) == [(None, 2, 6, "1.0", "1E-12", 2)]
    assert (total.tokens_in, total.tokens_out) == (10, 20)


def test_only_what_came_later(log: Path) -> None:
    """`since` leaves out calls that began before, also of runs that went on."""
    rows, total = costs(log, By.DAY, TUESDAY)
    assert short(rows) == [("2026-11-03", 2, 4, "0.9", "0", 2)]
    assert (total.runs, total.calls) == (2, 4)
    assert costs(log, By.DAY, TUESDAY + timedelta(seconds=1))[0] == []


def test_many_small_sums_stay_exact(tmp_path: Path) -> None:
    """A thousand bills add up to their sum, to 1e-12 USD."""
    steps = [call(f"c[{n}]", billed(f"0.000{n:03}000001")) for n in range(1000)]
    log = record(tmp_path / "logs.db", "run-1", *steps)
    expected = sum((step.cost.usd or 0 for step in steps if step.cost), Decimal(0))
    assert costs(log, By.MODEL)[1].billed == expected


def test_a_day_is_the_users(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Late on Monday in UTC is Tuesday in the east."""
    monkeypatch.setenv("TZ", "Etc/GMT-14")
    time.tzset()
    assert [row.name for row in costs(log, By.DAY)[0]] == ["2026-11-03", "2026-11-04"]


@pytest.mark.parametrize("exists", [True, False])
def test_nothing_recorded(tmp_path: Path, exists: bool) -> None:
    """Without a log, or without runs in it, there is nothing to add up, and nothing is made."""
    path = tmp_path / "logs.db"
    if exists:
        path.touch()
    rows, total = costs(path, By.DAY)
    assert (rows, total.calls, total.billed) == ([], 0, 0)
    assert path.exists() == exists


# The command


def test_the_table(log: Path) -> None:
    """Each row has its sums, billed apart from computed; the total stands below."""
    ended = llm("reasonkit", "costs", "--by", "model", "-d", str(log))
    assert ended.exit_code == 0
    lines = [line.split() for line in ended.stdout.splitlines()]
    assert lines[0] == ["model", "runs", "calls", "tokens", "billed", "computed", "unknown"]
    assert ["openrouter/a/a", "2", "4", "10→20", "$0.60", "2", "calls"] in lines
    assert ["openrouter/b/b", "2", "2", "$0.40", "$0.000000000001"] in lines
    assert lines[-1] == ["total", "2", "6", "10→20", "$1.00", "$0.000000000001", "2", "calls"]


def test_columns_without_figures_are_left_out(tmp_path: Path) -> None:
    """Where everything was billed and counted nothing is said of computed or unknown."""
    log = record(tmp_path / "logs.db", "run-1", call("a", billed("0.5")))
    ended = llm("reasonkit", "costs", "-d", str(log))
    assert [line.split() for line in ended.stdout.splitlines() if line.strip("─ ")] == [
        ["day", "runs", "calls", "billed"],
        ["2026-11-02", "1", "1", "$0.50"],
    ]


def test_json(log: Path) -> None:
    """--json has the rows, the total, and money as decimal strings."""
    found = json.loads(llm("reasonkit", "costs", "--json", "-d", str(log)).stdout)
    assert (found["schema_version"], found["by"], found["since"]) == (1, "day", None)
    assert found["items"][1]["billed"] == "0.9"
    assert found["total"] == {
        "name": None,
        "runs": 2,
        "calls": 6,
        "tokens_in": 10,
        "tokens_out": 20,
        "billed": "1",
        "computed": "0.000000000001",
        "unknown_calls": 2,
    }


@pytest.mark.parametrize(
    ("since", "days"),
    [("2026-11-03", 1), ("2026-11-01", 2), ("2026-11-02T13:00", 1), ("9999d", 2)],
)
def test_since_a_day_or_for_some_time(log: Path, since: str, days: int) -> None:
    """--since takes a date, a time, or how long ago."""
    ended = llm("reasonkit", "costs", "--since", since, "--json", "-d", str(log))
    assert len(json.loads(ended.stdout)["items"]) == days


@pytest.mark.parametrize("since", ["yesterday", "7", "7y", "2026-13-01", "999999w", ""])
def test_a_time_that_is_none(since: str) -> None:
    """A mistaken --since says what can be given."""
    ended = llm("reasonkit", "costs", "--since", since)
    assert ended.exit_code == 2
    assert f"{since!r} is no time; give 24h, 7d, 4w or a date" in ended.stderr


def test_nothing_to_show() -> None:
    """Without calls stdout stays empty and stderr says why; --json has an empty list."""
    ended = llm("reasonkit", "costs", "--since", "1h")
    assert (ended.exit_code, ended.stdout) == (0, "")
    assert ended.stderr == "no calls recorded in that time\n"
    assert json.loads(llm("reasonkit", "costs", "--json").stdout)["items"] == []


def test_a_run_is_in_the_books(openrouter: Server, user_folder: Path) -> None:
    """What the server billed for a run is what the costs say, computed and unknown apart."""
    write_protocol(user_folder)
    openrouter.reply = answering("Yes.")
    openrouter.generation_lag = 99
    no_cost = {"cost": ..., "prompt_tokens": 1000, "completion_tokens": 500}
    facts = json.dumps({"facts": [{"text": "it is so"}, {"text": "it is not"}]})
    openrouter.script(
        Answer(facts, usage_changes=no_cost), Answer("one two", cut="drop", cut_after=1)
    )
    llm("think", "Is it so?", "--protocol", "weigh", "-m", "openrouter/acme/small")
    total = json.loads(llm("reasonkit", "costs", "--json").stdout)["total"]
    untold = sum(openrouter.ledger[str(chat.generation)] for chat in openrouter.chats[:2])
    assert Decimal(total["billed"]) == openrouter.ledger.total - untold > 0
    assert total["computed"] == "0.0003"
    assert total["unknown_calls"] == 1


def test_calls_of_a_panel_are_those_of_its_command(tmp_path: Path) -> None:
    """What no protocol made stands under the command of its run."""
    path = record(tmp_path / "logs.db", "run-3", call("members[1]", billed("0.1")), protocol=None)
    with closing(open_for_writing(path)) as db, transaction(db):
        db.execute("update reasonkit_runs set command = 'consensus'")
    rows, _ = costs(path, By.PROTOCOL)
    assert short(rows) == [("consensus", 1, 1, "0.1", "0", 0)]
