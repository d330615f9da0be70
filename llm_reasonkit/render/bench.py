"""A bench in the terminal: scores, what a right answer costs, and who is really better."""

from __future__ import annotations

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from llm_reasonkit.reasoning.bench import BenchReport, Score
from llm_reasonkit.reasoning.result import Cost
from llm_reasonkit.render import figures
from llm_reasonkit.render.sanitize import one_line


def bench_tables(report: BenchReport) -> RenderableType:
    """Each contestant with its accuracy and cost, each two compared, and the notes."""
    scores = _table("contestant", "right", "accuracy", "95 %", "cost", "per right")
    for each in report.scores:
        low, high = each.interval
        scores.add_row(
            Text(one_line(each.name, 60)),
            f"{each.right} of {each.questions}",
            "not asked" if each.accuracy is None else f"{each.accuracy:.1%}",
            f"{low:.0%} to {high:.0%}",
            figures.run_cost(Cost(usd=each.usd, unknown_calls=each.unknown_calls)),
            _per_right(each),
        )
    pairs = _table("compared", "only first right", "only second right", "p")
    for pair in report.pairings:
        pairs.add_row(
            Text(f"{one_line(pair.one, 40)}\n{one_line(pair.other, 40)}"),
            str(pair.only_one),
            str(pair.only_other),
            f"{pair.p:.3f}",
        )
    notes = [Text(one_line(note), "dim") for note in report.notes]
    return Group(scores, Text(), pairs, Text(), *notes)


def _per_right(each: Score) -> str:
    if each.usd_per_right is None:
        return "none was right" if each.questions and not each.right else "unknown"
    cost = Cost(usd=each.usd_per_right, unknown_calls=each.unknown_calls)
    return figures.run_cost(cost)


def _table(first: str, *others: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="dim")
    table.add_column(first, overflow="fold", min_width=16)
    for name in others:
        # Half a figure would be another.
        table.add_column(name, justify="right", no_wrap=True)
    return table
