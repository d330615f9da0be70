"""Marks and votes in logs.db, and what a later consensus learns from them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from llm_reasonkit.engine.ports import RunStart
from llm_reasonkit.errors import StoreError, UsageError
from llm_reasonkit.reasoning.result import Agreement, Member, Result, Vote
from llm_reasonkit.store.history import load_run
from llm_reasonkit.store.log import LogTrace
from llm_reasonkit.store.marks import panel_runs, set_mark
from llm_reasonkit.track_record import calibration, panel_report
from tests.sample_panel import STARTED, vote


def voted(number: int, answers: Mapping[str, str]) -> Result:
    """A run in which members gave these answers; the most frequent one won."""
    said = list(answers.values())
    order = sorted(set(said), key=lambda text: (-said.count(text), text))
    leading = said.count(order[0])
    return Result(
        run_id=f"run{number:04}",
        command="consensus",
        status="done",
        question="How many moons has Mars?",
        answer=order[0],
        answer_kind="number",
        agreement=Agreement(
            leading=leading,
            members=len(said),
            asked=len(said),
            needed=2,
            share=Decimal(leading) / len(said),
            families=min(2, leading),
            threshold=Decimal("0.5"),
            accepted=True,
            decided_by="votes",
        ),
        members=[Member(model=model, family=model, status="done") for model in answers],
        votes=[
            Vote(member=n, raw=a, answer=a, canonical=a, cluster=order.index(a), status="vote")
            for n, a in enumerate(said)
        ],
        started=STARTED + timedelta(seconds=number),
        trace_id=f"run{number:04}",
    )


def keep(path: Path, *results: Result) -> None:
    """Write runs to a log."""

    async def write() -> None:
        for result in results:
            trace = LogTrace(path)
            start = RunStart(
                result.run_id, result.command, result.question, result.started, trace_id="t"
            )
            await trace.run_started(start)
            await trace.run_finished(result)
            trace.close()

    asyncio.run(write())


def test_panel_round_trip(tmp_path: Path) -> None:
    """Agreement, members, votes and dissent of a run come back from the log as they were."""
    path = tmp_path / "logs.db"
    result = voted(1, {"a": "2", "b": "2", "c": "3"}).model_copy(
        update={"dissent": vote().dissent, "members": vote().members[:3]}
    )
    keep(path, result)
    read = load_run(path, result.run_id)
    for field in ("agreement", "members", "votes", "dissent", "answer", "status"):
        assert getattr(read, field) == getattr(result, field)


def test_who_gave_no_answer_is_kept(tmp_path: Path) -> None:
    """A member whose reply could not be read is silent; one that failed is left out."""
    path = tmp_path / "logs.db"
    run = voted(1, {"a": "2", "b": "2", "c": "3", "d": "4"})
    unread = {"answer": None, "canonical": None, "cluster": None}
    statuses = {2: "no vote: cut off", 3: "failed: timeout"}
    votes = [
        each.model_copy(update={**unread, "status": statuses[n]}) if n in statuses else each
        for n, each in enumerate(run.votes)
    ]
    keep(path, run.model_copy(update={"votes": votes}))
    (kept,) = panel_runs(path)
    assert kept.votes.clusters == {"a": 0, "b": 0}
    assert kept.votes.silent == {"c"}


def test_samples_are_one_vote(tmp_path: Path) -> None:
    """Of samples of one model the first that came to a reply is its vote; a mark on what most of
    them gave teaches what so much agreement is worth."""
    path = tmp_path / "logs.db"
    said = {"a#1": "3", "a#2": "2", "a#3": "2", "b#1": "2", "b#2": "3", "b#3": "2"}
    run = voted(1, said)
    failed = {"answer": None, "canonical": None, "cluster": None, "status": "failed: timeout"}
    votes = [run.votes[0].model_copy(update=failed), *run.votes[1:]]
    keep(path, run.model_copy(update={"votes": votes}))
    set_mark(path, "run0001", "right")
    (kept,) = panel_runs(path)
    assert (kept.members, kept.votes.clusters) == ({"a", "b"}, {"a": 0, "b": 0})
    assert kept.mark is not None
    assert (kept.mark.pattern.leading, kept.mark.pattern.members) == (4, 6)
    report = panel_report(panel_runs(path))
    assert [(row.model, row.votes, row.right) for row in report.members] == [
        ("a", 1, 1),
        ("b", 1, 1),
    ]


def test_who_never_voted_is_in_the_report(tmp_path: Path) -> None:
    """A member that always fails is listed with no vote, and counts as none of the panel's."""
    path = tmp_path / "logs.db"
    failed = {"answer": None, "canonical": None, "cluster": None, "status": "failed: no such model"}
    for number in range(1, 31):
        run = voted(number, {"a": "1", "b": "1" if number % 2 else "2", "c": "1"})
        votes = [*run.votes[:2], run.votes[2].model_copy(update=failed)]
        keep(path, run.model_copy(update={"votes": votes}))
        set_mark(path, run.run_id, "right")
    report = panel_report(panel_runs(path))
    assert [(row.model, row.votes, row.marked) for row in report.members] == [
        ("a", 30, 30),
        ("b", 30, 30),
        ("c", 0, 0),
    ]
    assert report.swap is None
    assert panel_report(panel_runs(path), ["c"]).members == report.members[2:]


def test_marks_teach(tmp_path: Path) -> None:
    """A mark says which group of answers was right; without one the votes are kept all the same."""
    path = tmp_path / "logs.db"
    keep(path, voted(1, {"a": "2", "b": "2", "c": "3"}), voted(2, {"a": "5", "b": "4", "c": "4"}))
    set_mark(path, "run0001", "right")
    set_mark(path, "run0002", "wrong", "looked it up")
    first, second = panel_runs(path)
    assert first.votes.clusters == {"a": 0, "b": 0, "c": 1}
    assert (first.votes.right, first.votes.wrong) == (0, frozenset())
    assert (second.votes.right, second.votes.wrong) == (None, frozenset([0]))
    assert first.mark is not None
    assert first.mark.right
    assert (first.pattern.leading, first.pattern.members) == (2, 3)
    rows = calibration(panel_runs(path))
    assert [(row.marks, row.right) for row in rows] == [(2, 0.5)]


def test_mark_on_another_answer_than_the_votes_agreed_on(tmp_path: Path) -> None:
    """Where a second round led elsewhere, a mark says who was right, and nothing of agreement."""
    path = tmp_path / "logs.db"
    run = voted(1, {"a": "2", "b": "2", "c": "3"})
    keep(path, run.model_copy(update={"answer": "3"}))
    set_mark(path, "run0001", "right")
    (known,) = panel_runs(path)
    assert (known.votes.right, known.mark) == (1, None)
    assert calibration(panel_runs(path)) == []


def test_member_report(tmp_path: Path) -> None:
    """With a history of marked runs, agreement, correlation and reliability are measured, and the
    member that adds least is named."""
    path = tmp_path / "logs.db"
    runs = [voted(n, {"a": "1", "b": "1", "c": "1" if n % 2 else "9"}) for n in range(1, 31)] + [
        voted(n, {"a": "1", "b": "1", "c": "1"}) for n in range(31, 41)
    ]
    keep(path, *runs)
    for run in runs:
        set_mark(path, run.run_id, "right")
    report = panel_report(panel_runs(path))
    assert (report.runs, report.marked) == (40, 40)
    rows = {row.model: row for row in report.members}
    assert (rows["a"].right, rows["c"].right) == (40, 25)
    reliable = {name: row.reliability for name, row in rows.items()}
    assert reliable["a"] is not None
    assert reliable["c"] is not None
    assert reliable["a"] > reliable["c"]
    pair = next(pair for pair in report.pairs if {pair.one, pair.other} == {"a", "c"})
    assert (pair.runs, pair.agreement) == (40, 25 / 40)


def test_unsure_is_no_mark(tmp_path: Path) -> None:
    """`unsure` is kept and counts neither way."""
    path = tmp_path / "logs.db"
    keep(path, voted(1, {"a": "2", "b": "2"}))
    set_mark(path, "run0001", "unsure")
    (run,) = panel_runs(path)
    assert (run.verdict, run.mark) == ("unsure", None)
    assert calibration(panel_runs(path)) == []


def test_no_log(tmp_path: Path) -> None:
    """Without a log there are no runs, and a mark names the run that is not there."""
    path = tmp_path / "logs.db"
    assert panel_runs(path) == []
    assert panel_report(panel_runs(path)).members == []
    with pytest.raises(UsageError, match="no runs recorded"):
        set_mark(path, "run0001", "right")


def test_log_that_is_no_database(tmp_path: Path) -> None:
    """A file that is no database is a StoreError with its path."""
    path = tmp_path / "logs.db"
    path.write_text("not a database, and long enough to be read as one " * 50)
    with pytest.raises(StoreError, match=r"logs\.db"):
        panel_runs(path)
