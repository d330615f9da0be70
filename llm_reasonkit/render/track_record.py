"""How often agreement was right, and what members are worth, as tables."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from llm_reasonkit.render.sanitize import one_line
from llm_reasonkit.track_record import CalibrationRow, PanelReport

_UNKNOWN = "unknown"


def calibration_table(rows: Sequence[CalibrationRow]) -> RenderableType:
    """Marked answers by kind and agreement: how many, how often right, what the prior says."""
    # Not the share of the members: with one more below the line panels of any size compare.
    strength = "votes / (members + 1)"
    table = _table("kind", strength, "marked", "right", "95 % interval", "public prior")
    for row in rows:
        low, high = row.interval
        table.add_row(
            row.kind,
            f"{row.agreement:.2f}",
            str(row.marks),
            f"{row.right:.0%}",
            f"{low:.0%} to {high:.0%}",
            f"{row.prior:.0%}",
        )
    return table


def panel_tables(report: PanelReport) -> RenderableType:
    """The members, each two of them, and what their votes are worth together."""
    members = _table("member", "votes", "marked", "right", "reliability")
    for member in report.members:
        members.add_row(
            Text(one_line(member.model, 60)),
            str(member.votes),
            str(member.marked),
            f"{member.right} of {member.marked}" if member.marked else "",
            _share(member.reliability),
        )
    pairs = _table("members", "runs", "same answer", "phi", "same wrong answer")
    for pair in report.pairs:
        pairs.add_row(
            Text(f"{one_line(pair.one, 40)}\n{one_line(pair.other, 40)}"),
            str(pair.runs),
            f"{pair.agreement:.0%}",
            _UNKNOWN if pair.phi is None else f"{pair.phi:.2f}",
            _share(pair.same_wrong),
        )
    compared: list[RenderableType] = [Text(), pairs] if report.pairs else []
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


def _table(first: str, *others: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="dim")
    table.add_column(first, overflow="fold")
    for name in others:
        table.add_column(name, justify="right", no_wrap=True)
    return table
