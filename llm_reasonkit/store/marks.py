"""The user's verdicts on runs, and how panels voted: what confidence and reliability rest on."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, NamedTuple, cast

from sqlite_utils import Database

from llm_reasonkit.errors import StoreError, UsageError
from llm_reasonkit.reasoning.answers import AnswerForm, form_of
from llm_reasonkit.reasoning.calibration import Mark, Pattern
from llm_reasonkit.reasoning.families import without_sample
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

    pattern: how the votes agreed. members: all models of the panel; votes: theirs, where several
    samples of one are one vote, the first. is_answer_of_votes: false where a second round led
    elsewhere.
    """

    pattern: Pattern
    members: frozenset[str]
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


class _Vote(NamedTuple):
    """What became of one member, or sample of it; has_reply: one came, with an answer or not."""

    member: str
    cluster: int | None
    has_reply: bool


def set_mark(path: Path, ref: str, verdict: Verdict, note: str | None = None) -> str:
    """Keep the user's verdict on a run, in place of an earlier one; return the run's id.

    ref: as in `find_run`. Raises UsageError where there is no such run or it has no answer,
    StoreError where the log cannot be written.
    """
    with reading(path) as log:
        run = history.find_run(history.require_runs(log, path), path, ref)
    if run["answer"] is None:
        raise UsageError(f"run {run['id']} has no answer, so there is nothing to mark")
    row = {
        "run_id": run["id"],
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
    return str(run["id"])


def panel_runs(path: Path) -> list[PanelRun]:
    """Give how panels voted, oldest first; none where the log has none.

    Raises StoreError when it cannot be read.
    """
    with reading(path) as db:
        return [] if db is None or not schema.has_tables(db) else panel_runs_in(db)


def panel_runs_in(db: Database) -> list[PanelRun]:
    """Do what `panel_runs` does in a database that is open and has runs."""
    if not db.table("reasonkit_votes").exists():
        return []
    votes: dict[str, list[_Vote]] = defaultdict(list)
    for run_id, *vote in db.execute("""
        select v.run_id, m.model, v.cluster, v.cluster is not null or v.status like 'no vote%'
        from reasonkit_votes v
        join reasonkit_members m on m.run_id = v.run_id and m.seq = v.member
        where v.round = 1 order by v.run_id, m.seq
    """):
        votes[run_id].append(_Vote(*vote))
    runs = db.query("""
        select r.id, r.question, r.answer_kind, r.agreement, r.settings, r.answer, k.verdict,
            (select v.cluster from reasonkit_votes v
             where v.run_id = r.id and v.round = 1 and v.answer = r.answer limit 1) as winner
        from reasonkit_runs r left join reasonkit_marks k on k.run_id = r.id
        where r.command = 'consensus' and r.agreement is not null
        order by r.id
    """)
    return [_panel_run(row, votes[row["id"]]) for row in runs]


def _form(row: dict[str, Any]) -> AnswerForm:
    kind = row["answer_kind"]
    if kind not in (None, "choice"):
        # What else there is to a question is not needed, and takes long to read in thousands.
        return AnswerForm(kind)
    settings = json.loads(row["settings"])
    return form_of(row["question"], kind, settings.get("choices") or ())


def _panel_run(row: dict[str, Any], votes: Sequence[_Vote]) -> PanelRun:
    # Of several samples of one model the first speaks for it.
    replies = {without_sample(vote.member): vote.cluster for vote in votes[::-1] if vote.has_reply}
    clusters = {model: cluster for model, cluster in replies.items() if cluster is not None}
    given = [vote.cluster for vote in votes if vote.cluster is not None]
    agreement = Agreement.model_validate_json(row["agreement"])
    form = _form(row)
    winner, verdict = row["winner"], cast("Verdict | None", row["verdict"])
    return PanelRun(
        pattern=Pattern(
            kind=form.kind,
            leading=agreement.leading,
            members=max(agreement.leading, agreement.asked),
            families=agreement.families,
        ),
        members=frozenset(without_sample(vote.member) for vote in votes),
        votes=Run(
            clusters=clusters,
            options=len(form.choices) or (2 if form.kind == "yes-no" else None),
            right=winner if verdict == "right" else None,
            wrong=frozenset([winner] if verdict == "wrong" and winner is not None else []),
            silent=frozenset(replies).difference(clusters),
        ),
        verdict=verdict,
        is_answer_of_votes=not given or given.count(winner) >= agreement.leading,
    )
