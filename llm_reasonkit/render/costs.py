"""What calls cost, as a table: billed, computed and unknown never in one figure."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rich import box
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from llm_reasonkit.render import figures
from llm_reasonkit.render.sanitize import one_line
from llm_reasonkit.store.costs import CostRow

_CELLS: dict[str, Callable[[CostRow], str]] = {
    "runs": lambda row: figures.count(row.runs),
    "calls": lambda row: figures.count(row.calls),
    "tokens": lambda row: (
        f"{figures.short_count(row.tokens_in)}→{figures.short_count(row.tokens_out)}"
        if row.tokens_in or row.tokens_out
        else ""
    ),
    "billed": lambda row: figures.usd(row.billed),
    "computed": lambda row: figures.usd(row.computed) if row.computed else "",
    "unknown": lambda row: _calls(row.unknown_calls) if row.unknown_calls else "",
}


def costs_table(rows: Sequence[CostRow], total: CostRow, by: str) -> RenderableType:
    """Rows of costs and their total; columns without any figure are left out."""
    table = Table(
        box=box.SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        header_style="dim",
        show_footer=len(rows) > 1,
        footer_style="bold",
    )
    table.add_column(by, "total", overflow="fold", min_width=12)
    columns = [
        (name, [cell(row) for row in rows], cell(total))
        for name, cell in _CELLS.items()
        if name == "billed" or cell(total)
    ]
    for name, _, sum_ in columns:
        table.add_column(name, sum_, justify="right", no_wrap=True)
    for number, row in enumerate(rows):
        cells = (Text(texts[number]) for _, texts, _ in columns)
        table.add_row(Text(one_line(row.name or "unknown", 80)), *cells)
    return table


def _calls(number: int) -> str:
    return f"{number:,} call{'s' * (number != 1)}"
