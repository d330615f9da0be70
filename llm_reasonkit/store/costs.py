"""Adds up what the recorded calls cost, in whole units of 1e-12 USD."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from llm_reasonkit.reasoning.result import Record, Usd
from llm_reasonkit.store import schema
from llm_reasonkit.store.database import reading
from llm_reasonkit.store.rows import from_pico, to_utc


class By(StrEnum):
    """What costs can be told apart by. A day is one of the user's time zone; the protocol of a
    call made for a profile is the one that made it, that of a panel's the command."""

    DAY = "day"
    MODEL = "model"
    PROTOCOL = "protocol"
    PROVIDER = "provider"


class CostRow(Record):
    """What some calls cost, in USD, by where the figure comes from.

    name: the day, model, protocol or provider; None where that is not known. unknown_calls: the
    calls whose cost is in neither sum. tokens_in, tokens_out: as far as they were told.
    """

    name: str | None
    runs: int
    calls: int
    tokens_in: int
    tokens_out: int
    billed: Usd
    computed: Usd
    unknown_calls: int


class CostDay(Record):
    """What the calls of one day cost, in USD by model; those of unknown cost are in no sum.

    A model of which no call's cost is known is not in `usd`.
    """

    day: str
    usd: dict[str, Usd]
    unknown_calls: int


class RightAnswers(Record):
    """What the runs took that the user marked right or wrong, in USD, by protocol or profile.

    unknown_runs: those of them whose cost is not, or not wholly, in `usd`.
    """

    name: str
    marked: int
    right: int
    usd: Usd
    unknown_runs: int


_NAMES = {
    By.DAY: "date(s.started, 'localtime')",
    By.MODEL: "s.model",
    By.PROTOCOL: """(
        select coalesce(r.protocol, nullif(substr(s.id, 1, instr(s.id, '.') - 1), ''), r.command)
        from reasonkit_runs r where r.id = s.run_id
    )""",
    By.PROVIDER: "s.provider",
}
_UNKNOWN = """
    sum(case when s.cost is null then max(1, s.cost_unknown_calls) else s.cost_unknown_calls end)
        as unknown_calls
"""
_SUMS = f"""
    count(distinct s.run_id) as runs,
    count(*) as calls,
    coalesce(sum(s.input_tokens), 0) as tokens_in,
    coalesce(sum(s.output_tokens), 0) as tokens_out,
    coalesce(sum(s.cost) filter (where s.cost_source = 'billed'), 0) as billed,
    coalesce(sum(s.cost) filter (where s.cost_source = 'computed'), 0) as computed,
    {_UNKNOWN}
"""
# Checks and what was never asked have no cost at all.
_CALLS = """
    reasonkit_steps s where s.cost_source is not null and s.started >= ?
"""


def costs(path: Path, by: By, since: datetime | None = None) -> tuple[list[CostRow], CostRow]:
    """Return what the calls in the log cost, and their total; days in order, else dearest first.

    since: only calls that began then or later. Raises StoreError when the log cannot be read.
    """
    with reading(path) as db:
        if db is None or not schema.has_tables(db):
            return [], _total([])
        rows = cost_rows(db, by, since)
        # A run may stand in several rows and is still one.
        runs = db.query(f"select count(distinct s.run_id) as runs from {_CALLS}", [_start(since)])  # noqa: S608 (names of ours)
        return rows, _total(rows, next(iter(runs))["runs"])


def cost_rows(db: Database, by: By, since: datetime | None = None) -> list[CostRow]:
    """Return what `costs` does, without the total, in a database that is open."""
    order = "name" if by is By.DAY else "billed + computed desc, calls desc, name"
    sql = f"select {_NAMES[by]} as name, {_SUMS} from {_CALLS} group by 1 order by {order}"  # noqa: S608 (names of ours)
    return [_row(row) for row in db.query(sql, [_start(since)])]


def by_day_and_model(db: Database, since: datetime | None = None) -> list[CostDay]:
    """Return what the calls of each day cost, by model, in an open database; days in order."""
    sql = f"select {_NAMES[By.DAY]} as day, {_NAMES[By.MODEL]} as model, sum(s.cost) as usd, {_UNKNOWN} from {_CALLS} group by 1, 2 order by 1, 2"  # noqa: E501, S608 (names of ours)
    days: dict[str, list[dict[str, Any]]] = {}
    for row in db.query(sql, [_start(since)]):
        days.setdefault(row["day"], []).append(row)
    return [
        CostDay(
            day=day,
            usd={
                str(row["model"]): from_pico(row["usd"]) for row in found if row["usd"] is not None
            },
            unknown_calls=sum(row["unknown_calls"] for row in found),
        )
        for day, found in days.items()
    ]


def of_right_answers(db: Database) -> list[RightAnswers]:
    """Return what marked runs cost in an open database; none where nothing was ever marked."""
    if not db.table("reasonkit_marks").exists():
        return []
    sql = """
        select coalesce(r.protocol, r.profile, r.command) as name, count(*) as marked,
            sum(m.verdict = 'right') as right, coalesce(sum(r.cost), 0) as usd,
            sum(r.cost is null or r.cost_unknown_calls > 0) as unknown_runs
        from reasonkit_marks m join reasonkit_runs r on r.id = m.run_id
        where m.verdict in ('right', 'wrong') group by 1 order by marked desc, name
    """
    return [RightAnswers(**{**row, "usd": from_pico(row["usd"])}) for row in db.query(sql)]


def _start(since: datetime | None) -> str:
    return to_utc(since) if since else ""


def _row(row: dict[str, Any]) -> CostRow:
    money = {name: from_pico(row[name]) for name in ("billed", "computed")}
    return CostRow(**{**row, **money, "name": row["name"] or None})


def _total(rows: list[CostRow], runs: int = 0) -> CostRow:
    return CostRow(
        name=None,
        runs=runs,
        calls=sum(row.calls for row in rows),
        tokens_in=sum(row.tokens_in for row in rows),
        tokens_out=sum(row.tokens_out for row in rows),
        billed=sum((row.billed for row in rows), Decimal(0)),
        computed=sum((row.computed for row in rows), Decimal(0)),
        unknown_calls=sum(row.unknown_calls for row in rows),
    )
