"""Our tables in logs.db. llm's own are linked to and never changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from llm.migrations import migrate as migrate_llm
from sqlite_utils import Database, Migrations

from llm_reasonkit.errors import StoreError

Step = Callable[[Database], None]

_USAGE = """
    input_tokens integer,
    output_tokens integer,
    reasoning_tokens integer,
    cached_tokens integer,
    cost integer,  -- of 1e-12 USD
    cost_source text,
    cost_unknown_calls integer,
    cost_saved integer,  -- of 1e-12 USD
"""


def m001_runs(db: Database) -> None:
    """Create the tables of runs, their steps, what those read, and their checks.

    A run's id is also the id of its thread. There is no foreign key, because a run of which
    every call failed has no thread: `llm -c` stumbles over a thread without turns.
    """
    db.execute(f"""
        create table reasonkit_runs (
            id text primary key,
            short_id text not null unique,
            title text not null,
            command text not null,
            protocol text,
            profile text,
            question text not null,
            status text,  -- null until the run has ended
            answer text,
            answer_kind text,
            confidence real,
            confidence_kind text,
            confidence_low real,
            confidence_high real,
            confidence_basis text,
            agreement text,
            model_used text,
            models text,
            {_USAGE}
            started text not null,
            duration_ms integer,
            settings text not null,
            warnings text,
            trace_id text,
            parent_run text references reasonkit_runs(id)
        )
    """)
    db.execute(f"""
        create table reasonkit_steps (
            run_id text not null references reasonkit_runs(id),
            id text not null,
            seq integer not null,
            name text not null,
            kind text not null,
            role text,
            attempt integer not null,
            model text,
            model_served text,
            provider text,
            status text not null,
            output text,
            error text,
            {_USAGE}
            started text not null,
            duration_ms integer,
            turn_id text references turns(id),
            primary key (run_id, id)
        )
    """)
    db.execute("create index reasonkit_steps_turn_id on reasonkit_steps(turn_id)")
    db.execute("""
        create table reasonkit_step_inputs (
            run_id text not null references reasonkit_runs(id),
            step_id text not null,
            seq integer not null,
            input_id text not null,
            primary key (run_id, step_id, seq),
            foreign key (run_id, step_id) references reasonkit_steps(run_id, id),
            foreign key (run_id, input_id) references reasonkit_steps(run_id, id)
        )
    """)
    db.execute("""
        create table reasonkit_checks (
            run_id text not null references reasonkit_runs(id),
            seq integer not null,
            step_id text not null,
            name text not null,
            status text not null,
            detail text not null,
            primary key (run_id, seq),
            foreign key (run_id, step_id) references reasonkit_steps(run_id, id)
        )
    """)


def m002_fallbacks(db: Database) -> None:
    """Keep with each step why other models than the one that answered did not."""
    db.execute("alter table reasonkit_steps add column fell_back text")


STEPS: tuple[Step, ...] = (m001_runs, m002_fallbacks)


def migrate(db: Database, steps: Sequence[Step] = STEPS) -> None:
    """Bring llm's tables and ours up to date.

    Call it in `transaction`: llm looks for what is missing and then adds it, and two processes
    doing that at once on a fresh file leave it broken for good.
    Raises StoreError when the tables are of a newer version than this one knows.
    """
    migrations = _migrations(steps)
    _refuse_newer(db, migrations, steps)
    migrate_llm(db)
    migrations.apply(db)


def has_tables(db: Database) -> bool:
    """Tell whether a run was ever recorded here, without writing.

    Raises StoreError when the tables are of a newer version than this one knows.
    """
    migrations = _migrations(STEPS)
    _refuse_newer(db, migrations, STEPS)
    return bool(migrations.applied(db))


def _migrations(steps: Sequence[Step]) -> Migrations:
    migrations = Migrations("reasonkit")
    for step in steps:
        migrations()(step)
    return migrations


def _refuse_newer(db: Database, migrations: Migrations, steps: Sequence[Step]) -> None:
    known = {step.__name__ for step in steps}
    newer = [row.name for row in migrations.applied(db) if row.name not in known]
    if newer:
        raise StoreError(
            f"the log was written by a newer llm-reasonkit ({newer[-1]}); "
            "upgrade with: llm install -U llm-reasonkit"
        )
