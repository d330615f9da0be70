"""What the log tells of panels: how often they were right, who agrees with whom, who to swap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from llm_reasonkit.openrouter.ids import PREFIX as OPENROUTER
from llm_reasonkit.reasoning.calibration import curve
from llm_reasonkit.reasoning.correlation import independent_votes, mean_phi, pairings, to_swap
from llm_reasonkit.reasoning.reliability import Run, learn
from llm_reasonkit.reasoning.result import Record
from llm_reasonkit.store.marks import PanelRun


class CalibrationRow(Record):
    """Marked answers of one kind with about the same agreement.

    agreement: leading votes of those asked, on average. right: the share that was right, with its
    95 % interval. prior: the share that was right in public recordings.
    """

    kind: str
    agreement: float
    marks: int
    right: float
    interval: tuple[float, float]
    prior: float


class MemberRow(Record):
    """A member: its votes, and where the user marked them, how many were right.

    reliability: share of its votes that are right, learnt from agreement and marks; None with too
    few runs.
    """

    model: str
    votes: int
    marked: int
    right: int
    reliability: float | None


class PairRow(Record):
    """Two members: the runs both answered, the share in which they gave the same answer, the
    correlation of their being right, and how often they were wrong in the same way."""

    one: str
    other: str
    runs: int
    agreement: float
    phi: float | None
    same_wrong: float | None


class PanelReport(Record):
    """What the log tells of the members of panels.

    independent_votes: what one vote of each is worth together, None while their correlation is not
    known. swap: the member that adds least, None where too little is known.
    """

    runs: int
    marked: int
    members: list[MemberRow]
    pairs: list[PairRow]
    independent_votes: float | None
    swap: str | None


def calibration(runs: Sequence[PanelRun]) -> list[CalibrationRow]:
    """Return how often marked answers were right, by kind and agreement."""
    marks = [run.mark for run in runs if run.mark is not None]
    return [
        CalibrationRow(
            kind=point.kind,
            agreement=point.agreement,
            marks=point.marks,
            right=point.right,
            interval=point.interval,
            prior=point.expected,
        )
        for point in curve(marks)
    ]


def panel_report(runs: Sequence[PanelRun], models: Sequence[str] = ()) -> PanelReport:
    """Return what runs tell of the members of panels, of `models` only if they are given."""
    history = [run.votes for run in runs]
    seen = sorted({model for run in runs for model in run.members})
    wanted = {*models, *(OPENROUTER + model for model in models)}
    members = [model for model in seen if not models or model in wanted]
    voted = [model for model in members if any(model in votes.clusters for votes in history)]
    known, pairs = learn(history), pairings(history)
    pairs = [pair for pair in pairs if {pair.one, pair.other} <= set(members)]
    phi = mean_phi(pairs)
    marked = [votes for votes in history if votes.right is not None or votes.wrong]
    return PanelReport(
        runs=len(runs),
        marked=len(marked),
        members=[
            MemberRow(
                model=model,
                votes=sum(model in votes.clusters for votes in history),
                marked=sum(_is_judged(votes.clusters.get(model), votes) for votes in marked),
                right=sum(
                    votes.right is not None and votes.clusters.get(model) == votes.right
                    for votes in marked
                ),
                reliability=known[model].right if model in known else None,
            )
            for model in members
        ],
        pairs=[PairRow(**asdict(pair)) for pair in pairs],
        independent_votes=None if phi is None else independent_votes(len(voted), phi),
        swap=to_swap(members, pairs, known),
    )


def _is_judged(cluster: int | None, votes: Run) -> bool:
    """Whether a member's vote is known to be right or wrong: beside a right answer all others are
    wrong, beside a wrong one the others may be either."""
    return cluster is not None and (votes.right is not None or cluster in votes.wrong)
