"""What the calls of each step took in the user's own runs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from statistics import median_low

from llm_reasonkit.engine.estimate import Learnt
from llm_reasonkit.store import schema
from llm_reasonkit.store.database import reading

_LATEST = 5000  # calls; older ones tell less, and someone waits for this

_SQL = f"""
    select coalesce(r.protocol, substr(s.id, 1, instr(s.id, '.') - 1)) as protocol,
        s.name, s.model, s.run_id, s.input_tokens, s.output_tokens
    from reasonkit_steps s join reasonkit_runs r on r.id = s.run_id
    where s.status = 'done' and s.kind = 'prompt'
        and s.input_tokens is not null and s.output_tokens is not null
    order by s.run_id desc limit {_LATEST}
"""  # noqa: S608 (a number of ours)


Known = Mapping[tuple[str, str, str], Learnt]


def usual_sizes(path: Path) -> Known:
    """Return the medians by protocol, step and model. Raises StoreError."""
    with reading(path) as db:
        if db is None or not schema.has_tables(db):
            return {}
        calls = defaultdict(list)
        for row in db.query(_SQL):
            calls[row["protocol"], row["name"], row["model"]].append(row)
    return {key: _learnt(rows) for key, rows in calls.items()}


def _learnt(rows: list[dict[str, int]]) -> Learnt:
    of_run: dict[int, int] = defaultdict(int)
    for row in rows:
        of_run[row["run_id"]] += 1
    return Learnt(
        runs=len(of_run),
        calls=median_low(of_run.values()),
        prompt=median_low(row["input_tokens"] for row in rows),
        reply=median_low(row["output_tokens"] for row in rows),
    )
