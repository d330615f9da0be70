"""Lists and figures over many runs as HTML, for the shell of another page."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from itertools import groupby
from typing import TYPE_CHECKING, get_args

from markupsafe import Markup

from llm_reasonkit.reasoning.result import Confidence, RunStatus
from llm_reasonkit.render import figures
from llm_reasonkit.render.charts import (
    Agreement,
    Chart,
    Column,
    Reliability,
    agreement_matrix,
    reliability_dots,
    stacked_columns,
)
from llm_reasonkit.render.html import templates

if TYPE_CHECKING:
    from llm_reasonkit.store.browse import RunSummary
    from llm_reasonkit.store.costs import CostDay, CostRow, RightAnswers
    from llm_reasonkit.track_record import CalibrationRow, PanelReport

MARKING = (
    "Only answers that were marked count: llm reasonkit mark last right",
    "The public prior is what a line through public recordings of other models and questions says.",
)
_UNKNOWN = "unknown"
_MOST_DAYS = 62


def runs_article(
    runs: Sequence[RunSummary],
    given: Mapping[str, str | None],
    *,
    url_of: Callable[[RunSummary], str],
    older: str | None,
    others: Mapping[str, str],
) -> Markup:
    """Return a list of runs with the form that restricts it.

    given: the restrictions in force, by field of the form. older: address of the next page, if
    there is one. others: addresses of further pages, by name.
    """
    html = (
        templates()
        .get_template("runs.html")
        .render(
            runs=runs,
            given=given,
            url_of=url_of,
            older=older,
            others=others,
            statuses=["running", *get_args(RunStatus)],
            confidence_of=_confidence_of,
        )
    )
    return Markup(html)  # noqa: S704 (the template escapes)


def _confidence_of(run: RunSummary) -> str:
    if run.confidence_kind is None or math.isnan(run.confidence):
        return _UNKNOWN
    return figures.confidence(
        Confidence(
            overall=run.confidence, kind=run.confidence_kind, basis=run.confidence_basis or ""
        )
    )


def charts_article(title: str, charts: Sequence[Chart], notes: Sequence[str] = ()) -> Markup:
    """Return charts, each with the table that says the same."""
    html = templates().get_template("chart.html").render(title=title, charts=charts, notes=notes)
    return Markup(html)  # noqa: S704 (the template escapes)


def costs_chart(days: Sequence[CostDay]) -> Chart:
    """Return costs by model as columns: of days, or of months where days would be too many."""
    unit, length = ("day", 10) if len(days) <= _MOST_DAYS else ("month", 7)
    columns = []
    for label, together in groupby(days, lambda day: day.day[:length]):
        usd: defaultdict[str, Decimal] = defaultdict(Decimal)
        unknown = 0
        for day in together:
            unknown += day.unknown_calls
            for model, cost in day.usd.items():
                usd[model] += cost
        columns.append(Column(label, usd, unknown))
    return stacked_columns(f"Cost by {unit} and model, USD", columns, unit)


def costs_table(title: str, what: str, rows: Sequence[CostRow]) -> Chart:
    """Return costs by `what` as a table without a picture."""
    header = [what, "runs", "calls", "tokens in", "tokens out"]
    header += ["billed", "computed", "calls of unknown cost"]
    cells = [
        [
            row.name or _UNKNOWN,
            *(figures.count(n) for n in (row.runs, row.calls, row.tokens_in, row.tokens_out)),
            *(_sum(row, usd) for usd in (row.billed, row.computed)),
            figures.count(row.unknown_calls),
        ]
        for row in rows
    ]
    return Chart(title, Markup(), header, cells)


def _sum(row: CostRow, usd: Decimal) -> str:
    return _UNKNOWN if not usd and row.unknown_calls >= row.calls else figures.usd(usd)


def right_answers_table(rows: Sequence[RightAnswers]) -> Chart:
    """Return what a right answer cost as a table, of the runs that the user marked."""
    header = ["protocol or profile", "marked runs", "right", "cost", "cost of a right answer"]
    cells = []
    for row in rows:
        least = "at least " if row.unknown_runs else ""
        each = least + figures.usd(row.usd / row.right) if row.right else "none was right"
        cost = least + figures.usd(row.usd)
        cells.append([row.name, str(row.marked), str(row.right), cost, each])
    return Chart("Cost of a right answer", Markup(), header, cells)


def calibration_charts(rows: Sequence[CalibrationRow]) -> list[Chart]:
    """Return how often marked answers were right against their agreement, by kind of answer."""
    kinds: dict[str, list[Reliability]] = {}
    for row in rows:
        low, high = row.interval
        point = Reliability(row.agreement, row.right, low, high, row.marks, row.prior)
        kinds.setdefault(row.kind, []).append(point)
    named = {f"Right answers by agreement: {kind}": points for kind, points in kinds.items()}
    return [
        reliability_dots(title, points)
        for title, points in (named or {"Right answers by agreement": []}).items()
    ]


def panel_charts(report: PanelReport) -> list[Chart]:
    """Return how often each two members agreed, and how each member did."""
    names = [member.model for member in report.members]
    pairs = {
        (pair.one, pair.other): Agreement(round(pair.agreement * pair.runs), pair.runs)
        for pair in report.pairs
    }
    header = ["member", "votes", "marked", "right", "reliability"]
    cells = [
        [
            member.model,
            *(figures.count(n) for n in (member.votes, member.marked, member.right)),
            _UNKNOWN if member.reliability is None else f"{member.reliability:.0%}",
        ]
        for member in report.members
    ]
    matrix = agreement_matrix("How often two members gave the same answer", names, pairs)
    return [matrix, Chart("Members", Markup(), header, cells)]


def panel_notes(report: PanelReport) -> list[str]:
    """Return what the members are worth together, as far as the log tells."""
    worth, voted = report.independent_votes, sum(member.votes > 0 for member in report.members)
    notes = [
        "How many independent votes the members are worth is unknown: mark more runs."
        if worth is None
        else f"{voted} members are worth {worth:.1f} independent votes."
    ]
    if report.swap is not None:
        notes.append(f"{report.swap} adds least; swap it for a model of another family.")
    return notes
