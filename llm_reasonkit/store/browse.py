"""Lists recorded runs: by what they are, newest first, a page at a time."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from llm_reasonkit.errors import StoreError
from llm_reasonkit.reasoning.result import ConfidenceKind, Cost, Record, RunStatus, Share
from llm_reasonkit.store import rows, schema
from llm_reasonkit.store.database import reading

RUNNING = "running"


class RunSummary(Record):
    """A run as a line of a list. `status` is None while it goes on, and if it died."""

    run_id: str
    short_id: str
    title: str
    command: str
    protocol: str | None
    profile: str | None
    status: RunStatus | None
    model: str | None
    confidence: Share
    confidence_kind: ConfidenceKind | None
    confidence_basis: str | None
    cost: Cost | None
    started: datetime
    duration_ms: int | None


@dataclass(frozen=True, slots=True)
class RunFilter:
    """Which runs to list; what is None does not restrict.

    protocol: of a protocol or profile. model: part of the id of a model asked or served. status:
    also `running`, for runs that have not ended. least_usd, most_usd: known cost, in USD.
    text: words that the question or the answer has, all of them.
    """

    command: str | None = None
    protocol: str | None = None
    model: str | None = None
    status: str | None = None
    least_usd: Decimal | None = None
    most_usd: Decimal | None = None
    since: datetime | None = None
    until: datetime | None = None
    text: str | None = None


ALL = RunFilter()


def list_runs(path: Path, which: RunFilter = ALL, limit: int | None = None) -> list[RunSummary]:
    """Give the runs in the log, newest first, at most `limit` of them.

    A log without runs, or none at all, gives an empty list. Raises StoreError when the log cannot
    be read.
    """
    with reading(path) as db:
        if db is None or not schema.has_tables(db):
            return []
        return runs_in(db, which, limit, before=None)


def runs_in(
    db: Database, which: RunFilter, limit: int | None, before: str | None
) -> list[RunSummary]:
    """Do what `list_runs` does in a database that is open.

    before: only runs older than the one with this id.
    """
    if which.text and not db.table("reasonkit_runs_search").exists():
        raise StoreError(
            'the runs were recorded by an older llm-reasonkit; `llm think "…"` once, logged, makes '
            "them searchable"
        )
    conditions = [*_conditions(which), *([("r.id < ?", [before])] if before else [])]
    where = " and ".join(sql for sql, _ in conditions) or "true"
    values = [value for _, given in conditions for value in given]
    sql = f"select r.* from reasonkit_runs r where {where} order by r.id desc limit ?"  # noqa: S608 (conditions of ours)
    return [_summary(row) for row in db.query(sql, [*values, -1 if limit is None else limit])]


def _conditions(which: RunFilter) -> Iterator[tuple[str, list[Any]]]:
    if which.command:
        yield "r.command = ?", [which.command]
    if which.protocol:
        yield "? in (r.protocol, r.profile)", [which.protocol]
    if which.model:
        yield (
            (
                "exists (select 1 from reasonkit_steps s where s.run_id = r.id and "
                r"(s.model like ? escape '\' or s.model_served like ? escape '\'))"
            ),
            [_anywhere(which.model)] * 2,
        )
    if which.status == RUNNING:
        yield "r.status is null", []
    elif which.status:
        yield "r.status = ?", [which.status]
    if which.least_usd is not None:
        yield "r.cost >= ?", [rows.to_pico(which.least_usd)]
    if which.most_usd is not None:
        yield "r.cost <= ?", [rows.to_pico(which.most_usd)]
    if which.since:
        yield "r.started >= ?", [rows.to_utc(which.since)]
    if which.until:
        yield "r.started < ?", [rows.to_utc(which.until)]
    if which.text and which.text.strip():
        yield (
            (
                "r.number in (select rowid from reasonkit_runs_search "
                "where reasonkit_runs_search match ?)"
            ),
            [_all_words(which.text)],
        )


def _anywhere(text: str) -> str:
    return "%" + re.sub(r"([\\%_])", r"\\\1", text) + "%"


def _all_words(text: str) -> str:
    # Quoted, so that what is FTS5's own syntax is searched for like any other word.
    return " ".join(f'"{word}"' for word in text.replace('"', " ").split()) or '""'


def _summary(row: rows.Row) -> RunSummary:
    return RunSummary(
        run_id=row["id"],
        short_id=row["short_id"],
        title=row["title"],
        command=row["command"],
        protocol=row["protocol"],
        profile=row["profile"],
        status=row["status"],
        model=row["model_used"],
        confidence=math.nan if row["confidence"] is None else row["confidence"],
        confidence_kind=row["confidence_kind"],
        confidence_basis=row["confidence_basis"],
        cost=rows.read_cost(row),
        started=datetime.fromisoformat(row["started"]),
        duration_ms=row["duration_ms"],
    )
