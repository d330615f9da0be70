"""A bench in the terminal: scores, what a right answer costs, and who is really better."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.text import Text

from llm_reasonkit.reasoning.bench import BenchReport, Score
from llm_reasonkit.reasoning.result import Cost
from llm_reasonkit.render import figures
from llm_reasonkit.render.sanitize import one_line
from llm_reasonkit.render.tables import FigureTable


def bench_tables(report: BenchReport) -> RenderableType:
    """Each contestant with its accuracy and cost, each two compared, and the notes."""
    scores = FigureTable("contestant", "right", "accuracy", "95 %", "cost", "per right")
    for each in report.scores:
        low, high = each.interval
        scores.add_row(
            each.name,
            f"{each.right} of {each.questions}",
            "not asked" if each.accuracy is None else f"{each.accuracy:.1%}",
            f"{low:.0%} to {high:.0%}",
            figures.run_cost(Cost(usd=each.usd, unknown_calls=each.unknown_calls)),
            _per_right(each),
        )
    pairs = FigureTable("compared", "only first right", "only second right", "p")
    for pair in report.pairings:
        pairs.add_row(
            f"{pair.one}\n{pair.other}",
            str(pair.only_one),
            str(pair.only_other),
            f"{pair.p:.3f}",
        )
    notes = [Text(one_line(note), "dim") for note in report.notes]
    compared: list[RenderableType] = [Text(), pairs] if pairs else []
    return Group(scores, *compared, Text(), *notes)


def _per_right(each: Score) -> str:
    if each.usd_per_right is None:
        return "none was right" if each.questions and not each.right else "unknown"
    cost = Cost(usd=each.usd_per_right, unknown_calls=each.unknown_calls)
    return figures.run_cost(cost)
