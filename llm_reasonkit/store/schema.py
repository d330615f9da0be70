"""Our tables in logs.db. llm's own are linked to and never changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from llm.migrations import migrate as migrate_llm
from sqlite_utils import Database, Migrations

from llm_reasonkit.errors import StoreError

Step = Callable[[Database], None]

PREFIX = "reasonkit_"
_SET = "reasonkit"

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
    _create_tables_of_steps(db)


def _create_tables_of_steps(db: Database) -> None:
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


def m003_traces(db: Database) -> None:
    """Keep what it takes to go on with a run that died, and to replay one.

    A run's `process` is the one that works on it, or did. Of a call that is under way the step
    says `running`; `most_cost` and `most_tokens` are what it was allowed. A step with `taken_from`
    is the call of another run.
    """
    db.execute("""
        create table reasonkit_recipes (
            run_id text primary key references reasonkit_runs(id),
            recipe text not null  -- JSON: the plan, the sources, the facts of the models …
        )
    """)
    for column in ("process text", "resumed text"):
        db.execute(f"alter table reasonkit_runs add column {column}")
    for column in (
        "prompt_hash text",
        "reply text",
        "finish_reason text",
        "first_token_ms integer",
        "most_cost integer",  # of 1e-12 USD
        "most_tokens integer",
        "taken_from text references reasonkit_runs(id)",
    ):
        db.execute(f"alter table reasonkit_steps add column {column}")


def m004_search(db: Database) -> None:
    """Find runs by the words of their questions and answers.

    The index refers to a number of our own: SQLite may renumber the rows of a table whose key is
    a text when the file is compacted.
    """
    db.execute("alter table reasonkit_runs add column number integer")
    db.execute("update reasonkit_runs set number = rowid")
    db.execute("create unique index reasonkit_runs_number on reasonkit_runs(number)")
    db.execute("""
        create virtual table reasonkit_runs_search using fts5(
            question, answer, content='reasonkit_runs', content_rowid='number'
        )
    """)
    db.execute("insert into reasonkit_runs_search(reasonkit_runs_search) values ('rebuild')")
    forget = """
        insert into reasonkit_runs_search(reasonkit_runs_search, rowid, question, answer)
        values ('delete', old.number, old.question, old.answer);
    """
    learn = """
        insert into reasonkit_runs_search(rowid, question, answer)
        select number, question, answer from reasonkit_runs where id = new.id;
    """
    db.execute(f"""
        create trigger reasonkit_runs_inserted after insert on reasonkit_runs begin
            update reasonkit_runs
            set number = (select coalesce(max(number), 0) + 1 from reasonkit_runs)
            where id = new.id;
            {learn}
        end
    """)  # noqa: S608 (statements of ours)
    db.execute(f"""
        create trigger reasonkit_runs_updated after update of question, answer on reasonkit_runs
        begin
            {forget}
            {learn}
        end
    """)
    db.execute(f"""
        create trigger reasonkit_runs_deleted after delete on reasonkit_runs begin {forget} end
    """)


def m005_panels(db: Database) -> None:
    """Create the tables of the members of panels, their votes, and the user's marks on runs."""
    db.execute("alter table reasonkit_runs add column dissent text")
    db.execute(f"""
        create table reasonkit_members (
            run_id text not null references reasonkit_runs(id),
            seq integer not null,  -- the member's number, from 0
            model text not null,
            model_served text,
            provider text,
            family text,
            status text not null,
            answer text,
            first_token_ms integer,
            duration_ms integer,
            {_USAGE}
            error text,
            wins integer,
            own_run text references reasonkit_runs(id),
            primary key (run_id, seq)
        )
    """)
    db.execute("""
        create table reasonkit_votes (
            run_id text not null references reasonkit_runs(id),
            seq integer not null,
            member integer not null,
            round integer not null,
            model_served text,
            raw text not null,
            answer text,
            canonical text,
            cluster integer,
            status text not null,
            rung text,
            primary key (run_id, seq),
            foreign key (run_id, member) references reasonkit_members(run_id, seq)
        )
    """)
    db.execute("""
        create table reasonkit_marks (
            run_id text primary key references reasonkit_runs(id),
            verdict text not null,  -- right, wrong, unsure
            marked text not null,
            note text
        )
    """)


def m006_costs(db: Database) -> None:
    """Add up costs without reading the outputs that stand between them in the table."""
    db.execute("""
        create index reasonkit_steps_costs on reasonkit_steps(
            started, model, provider, run_id, id, cost, cost_source, cost_unknown_calls,
            input_tokens, output_tokens
        ) where cost_source is not null
    """)


def m007_models(db: Database) -> None:
    """Find runs by a model, and count steps by it, without reading the outputs between."""
    db.execute("""
        create index reasonkit_steps_models on reasonkit_steps(run_id, model, model_served, status)
    """)


STEPS: tuple[Step, ...] = (
    m001_runs,
    m002_fallbacks,
    m003_traces,
    m004_search,
    m005_panels,
    m006_costs,
    m007_models,
)


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


def forget(db: Database) -> None:
    """Note that our tables are gone, so that the next run makes them anew."""
    if db.table(Migrations.migrations_table).exists():
        db.table(Migrations.migrations_table).delete_where("migration_set = ?", [_SET])


def _migrations(steps: Sequence[Step]) -> Migrations:
    migrations = Migrations(_SET)
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
