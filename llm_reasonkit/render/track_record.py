"""How often agreement was right, and what members are worth, as tables."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from llm_reasonkit.render.sanitize import one_line
from llm_reasonkit.render.tables import FigureTable
from llm_reasonkit.track_record import CalibrationRow, PanelReport

_UNKNOWN = "unknown"


def calibration_table(rows: Sequence[CalibrationRow]) -> RenderableType:
    """Marked answers by kind and agreement: how many, how often right, what the prior says."""
    table = FigureTable("kind", "agreement", "marked", "right", "95 % interval", "public prior")
    for row in rows:
        low, high = row.interval
        table.add_row(
            row.kind,
            f"{row.agreement:.0%}",
            str(row.marks),
            f"{row.right:.0%}",
            f"{low:.0%} to {high:.0%}",
            f"{row.prior:.0%}",
        )
    return table


def panel_tables(report: PanelReport) -> RenderableType:
    """The members, each two of them, and what their votes are worth together."""
    members = FigureTable("member", "votes", "marked", "right", "reliability")
    for member in report.members:
        members.add_row(
            member.model,
            str(member.votes),
            str(member.marked),
            f"{member.right} of {member.marked}" if member.marked else "",
            _share(member.reliability),
        )
    pairs = FigureTable("members", "runs", "same answer", "phi", "same wrong answer")
    for pair in report.pairs:
        pairs.add_row(
            f"{pair.one}\n{pair.other}",
            str(pair.runs),
            f"{pair.agreement:.0%}",
            _UNKNOWN if pair.phi is None else f"{pair.phi:.2f}",
            _share(pair.same_wrong),
        )
    compared: list[RenderableType] = [Text(), pairs] if pairs else []
    return Group(members, *compared, Text(), Text(_worth(report)))


def _worth(report: PanelReport) -> str:
    worth = (
        "how many independent votes they are worth is unknown: mark more runs"
        if report.independent_votes is None
        else f"together worth {report.independent_votes:.1f} independent votes"
    )
    swap = f"; adds least: {one_line(report.swap, 60)}" if report.swap else ""
    return f"{report.runs} runs, {report.marked} marked; {worth}{swap}"


def _share(share: float | None) -> str:
    return _UNKNOWN if share is None else f"{share:.0%}"
