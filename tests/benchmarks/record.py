"""How long the pages take on a large log, and what our plugin adds to Datasette's start.

python -m tests.benchmarks.record
"""

from __future__ import annotations

import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from datasette.app import Datasette

from llm_reasonkit.reasoning.result import Agreement
from llm_reasonkit.store.database import open_for_writing, transaction
from llm_reasonkit.store.schema import migrate

RUNS = 10_000
STEPS = 8  # of each run
MEMBERS = 4  # of each panel
TIMES = 15
HOME = "/logs/-/reasonkit"
PAGES = {
    "list of runs": "",
    "its page 100": "?before={middle}",
    "runs by words": "?text=topic7+question",
    "runs by model": "?model=model-3",
    "runs by status": "?status=failed",
    "runs by protocol": "?protocol=bedrock",
    "runs that match nothing": "?model=nothing",
    "a run": "/run/{middle}",
    "a run as JSON": "/run/{middle}.json",
    "a run as a document": "/run/{middle}.html",
    "members side by side": "/compare/{middle}",
    "costs": "/cost",
    "costs of all days": "/cost?days=0",
    "calibration": "/calibration",
    "panels": "/panel",
    "Datasette: runs": "../reasonkit_runs",
    "Datasette: steps": "../reasonkit_steps",
    "Datasette: checks": "../reasonkit_checks",
    "Datasette: members": "../reasonkit_members",
    "Datasette: costs by model": "../what-did-each-model-cost",
    "Datasette: failing checks": "../which-checks-fail-most",
}
# As the launcher has it.
SETTINGS = {"sql_time_limit_ms": 3_000, "suggest_facets": False}
# As many runs a day as make a year of them, one in five that of a panel, one cost in fifty unknown.
FILL = """
with recursive n(i) as (select 0 union all select i + 1 from n where i < {runs} - 1)
insert into reasonkit_runs (id, short_id, title, command, protocol, profile, question, status,
    answer, answer_kind, agreement, confidence, confidence_kind, confidence_basis, model_used,
    models, cost, cost_source, cost_unknown_calls, input_tokens, output_tokens, started,
    duration_ms, settings, warnings)
select printf('01k%023d', i), printf('r%05d', i), 'topic' || (i % 40) || ' question ' || i,
    case when i % 5 then 'think' else 'consensus' end,
    case when i % 5 = 0 then null when i % 3 then 'gigathink' else 'bedrock' end, null,
    'topic' || (i % 40) || ' question ' || i || ' {words}',
    case when i % 9 then 'done' else 'failed' end, 'The answer ' || i || '. {words}',
    case when i % 4 then 'text' else 'choice' end, case when i % 5 = 0 then '{agreement}' end,
    0.8, 'checks', '4 of 5 checks passed', 'model-' || (i % 7), '[]', 24000000000, 'billed',
    i % 50 = 0, 8000, 2400,
    strftime('%Y-%m-%dT%H:%M:%S+00:00', 'now', (i * 52 - {runs} * 52) || ' minutes'),
    9000, '{{}}', '[]'
from n;
with recursive n(i) as (select 0 union all select i + 1 from n where i < {steps} - 1)
insert into reasonkit_steps (run_id, id, seq, name, kind, role, attempt, model, model_served,
    provider, status, output, input_tokens, output_tokens, cost, cost_source, cost_unknown_calls,
    started, duration_ms, fell_back)
select r.id, coalesce(r.protocol, '') || '.step[' || n.i || ']', n.i, 'step', 'prompt', 'main', 1,
    'openrouter/maker/model-' || (r.number % 7), 'maker/model-' || (r.number % 7), 'Maker', 'done',
    json_quote('Output ' || n.i || '. {words}'), 1000, 300,
    case when r.number % 50 then 3000000000 end, 'billed', r.number % 50 = 0,
    strftime('%Y-%m-%dT%H:%M:%S+00:00', r.started, n.i || ' seconds'), 1000, '[]'
from reasonkit_runs r, n;
with recursive n(i) as (select 0 union all select i + 1 from n where i < {members} - 1)
insert into reasonkit_members (run_id, seq, model, status, answer)
select r.id, n.i, 'openrouter/maker-' || n.i || '/model', 'done', r.answer
from reasonkit_runs r, n where r.command = 'consensus';
insert into reasonkit_votes (run_id, seq, member, round, raw, answer, canonical, cluster, status)
select m.run_id, m.seq, m.seq, 1, m.answer,
    case when (r.number + m.seq) % 4 then r.answer else 'Another answer.' end, 'read',
    (r.number + m.seq) % 4 = 0, 'vote'
from reasonkit_members m join reasonkit_runs r on r.id = m.run_id;
insert into reasonkit_marks (run_id, verdict, marked)
select id, case when number % 3 then 'right' else 'wrong' end, started from reasonkit_runs
where number % 20 = 1;
insert into reasonkit_checks (run_id, seq, step_id, name, status, detail)
select run_id, seq, id, 'quote E' || seq || ' stands in its source',
    case when seq % 4 then 'passed' else 'failed' end, '' from reasonkit_steps;
"""


def fill(path: Path) -> None:
    """Write a log of many runs."""
    words = "lorem ipsum dolor sit amet " * 30
    agreed = Agreement(
        leading=3,
        members=MEMBERS,
        asked=MEMBERS,
        needed=3,
        share="0.75",
        families=3,
        threshold="0.67",
        accepted=True,
    )
    statements = FILL.format(
        runs=RUNS, steps=STEPS, members=MEMBERS, words=words, agreement=agreed.model_dump_json()
    ).split(";\n")
    with closing(open_for_writing(path)) as db, transaction(db):
        migrate(db)
        for statement in statements:
            db.execute(statement)


async def server_times(path: Path) -> dict[str, float]:
    """Return the median time in milliseconds of each page, inside the server."""
    datasette = Datasette([str(path)], settings=SETTINGS)
    await datasette.invoke_startup()
    middle = f"01k{RUNS // 2:023}"
    found = {}
    for name, page in PAGES.items():
        address = f"/logs{page[2:]}" if page.startswith("..") else HOME + page
        times = []
        for _ in range(TIMES):
            began = time.perf_counter()
            response = await datasette.client.get(
                address.format(middle=middle), follow_redirects=True
            )
            times.append(time.perf_counter() - began)
            assert response.status_code == 200, (name, response.text[:500])
        found[name] = statistics.median(times) * 1000
    return found


def starts(path: Path) -> Iterator[tuple[float, float]]:
    """Give seconds until Datasette has served its first page, without our plugin and with it."""
    command = [sys.executable, "-m", "datasette", str(path), "--get", "/logs.json"]
    # What Datasette loads of installed plugins; an empty list is none of them.
    without, with_it = ({"DATASETTE_LOAD_PLUGINS": names} for names in ("", "llm-reasonkit"))
    for _ in range(TIMES):
        pair = []
        for given in (without, with_it):
            began = time.perf_counter()
            subprocess.run(command, env=os.environ | given, stdout=subprocess.DEVNULL, check=True)
            pair.append(time.perf_counter() - began)
        yield pair[0], pair[1]


def main() -> None:
    """Print all of it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "logs.db"
        fill(path)
        print(f"{RUNS:,} runs, {RUNS * STEPS:,} steps, {path.stat().st_size / 1e6:.0f} MB")
        for name, median in asyncio.run(server_times(path)).items():
            print(f"{median:8.1f} ms  {name}")
        bare, ours = (statistics.median(times) * 1000 for times in zip(*starts(path), strict=True))
        print(f"start: {bare:.0f} ms without, {ours:.0f} ms with the plugin: {ours - bare:+.0f} ms")


if __name__ == "__main__":
    main()
