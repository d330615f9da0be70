"""The user's verdicts on runs, and how panels voted: what confidence and reliability rest on."""

from __future__ import annotations

import json
from collections import defaultdict
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, cast

from sqlite_utils import Database

from llm_reasonkit.errors import StoreError, UsageError
from llm_reasonkit.reasoning.answers import AnswerForm, form_of
from llm_reasonkit.reasoning.calibration import Mark, Pattern, is_worked_out
from llm_reasonkit.reasoning.reliability import Run
from llm_reasonkit.reasoning.result import Agreement
from llm_reasonkit.store import history, schema
from llm_reasonkit.store.database import (
    BUSY_TIMEOUT,
    explain,
    open_for_writing,
    reading,
    transaction,
)

Verdict = Literal["right", "wrong", "unsure"]


@dataclass(frozen=True, slots=True)
class PanelRun:
    """How one panel voted, and what the user said of its answer, if anything.

    pattern: how the votes agreed. is_answer_of_votes: false where a second round led elsewhere.
    """

    pattern: Pattern
    votes: Run
    verdict: Verdict | None
    is_answer_of_votes: bool

    @property
    def mark(self) -> Mark | None:
        """What it teaches of confidence; None where the user gave no clear verdict, or not one on
        the answer that the votes agreed on."""
        if self.verdict in (None, "unsure") or not self.is_answer_of_votes:
            return None
        return Mark(self.pattern, right=self.verdict == "right")


def set_mark(path: Path, ref: str, verdict: Verdict, note: str | None = None) -> str:
    """Keep the user's verdict on a run, in place of an earlier one; return the run's id.

    ref: as in `load_run`. Raises UsageError for a run without an answer, StoreError where the log
    cannot be written.
    """
    run = history.load_run(path, ref)
    if run.answer is None:
        raise UsageError(f"run {run.run_id} has no answer that could be {verdict}")
    row = {
        "run_id": run.run_id,
        "verdict": verdict,
        "marked": datetime.now(UTC).isoformat(),
        "note": note,
    }
    try:
        with closing(open_for_writing(path, BUSY_TIMEOUT)) as db, transaction(db):
            # The log may be of a version before there were marks.
            schema.migrate(db)
            db.table("reasonkit_marks").upsert(row, pk="run_id")
    except Exception as error:
        raise StoreError(explain(path, error)) from error
    return run.run_id


def panel_runs(path: Path) -> list[PanelRun]:
    """Give how panels voted, oldest first; none where the log has none.

    Raises StoreError when it cannot be read.
    """
    with reading(path) as db:
        if db is None or not schema.has_tables(db) or not db.table("reasonkit_votes").exists():
            return []
        return panel_runs_in(db)


def panel_runs_in(db: Database) -> list[PanelRun]:
    """Do what `panel_runs` does in a database that is open."""
    clusters: dict[str, dict[str, int]] = defaultdict(dict)
    silent: dict[str, set[str]] = defaultdict(set)
    for run_id, model, cluster in db.execute("""
        select v.run_id, m.model, v.cluster from reasonkit_votes v
        join reasonkit_members m on m.run_id = v.run_id and m.seq = v.member
        where v.round = 1 and (v.cluster is not null or v.status like 'no vote%')
    """):
        if cluster is None:
            silent[run_id].add(model)
        else:
            clusters[run_id][model] = cluster
    runs = db.query("""
        select r.id, r.question, r.answer_kind, r.agreement, r.settings, r.answer, k.verdict,
            (select v.cluster from reasonkit_votes v
             where v.run_id = r.id and v.round = 1 and v.answer = r.answer limit 1) as winner
        from reasonkit_runs r left join reasonkit_marks k on k.run_id = r.id
        where r.command = 'consensus' and r.agreement is not null
        order by r.id
    """)
    return [_panel_run(row, clusters[row["id"]], frozenset(silent[row["id"]])) for row in runs]


def _form(row: dict[str, Any]) -> AnswerForm:
    kind = row["answer_kind"]
    if kind not in (None, "choice"):
        # What else there is to a question is not needed, and takes long to read in thousands.
        return AnswerForm(kind)
    settings = json.loads(row["settings"])
    return form_of(row["question"], kind, settings.get("choices") or ())


def _panel_run(row: dict[str, Any], clusters: dict[str, int], silent: frozenset[str]) -> PanelRun:
    agreement = Agreement.model_validate_json(row["agreement"])
    form = _form(row)
    winner, verdict = row["winner"], cast("Verdict | None", row["verdict"])
    return PanelRun(
        pattern=Pattern(
            kind=form.kind,
            worked_out=is_worked_out(form),
            leading=agreement.leading,
            members=max(agreement.leading, agreement.members),
            families=agreement.families,
        ),
        votes=Run(
            clusters=clusters,
            options=len(form.choices) or (2 if form.kind == "yes-no" else None),
            right=winner if verdict == "right" else None,
            wrong=frozenset([winner] if verdict == "wrong" and winner is not None else []),
            silent=silent.difference(clusters),
        ),
        verdict=verdict,
        is_answer_of_votes=not clusters
        or list(clusters.values()).count(winner) >= agreement.leading,
    )
