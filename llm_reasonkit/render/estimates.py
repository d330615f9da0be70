"""What a run, or many, will cost: tables of estimates, with what they rest on."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from llm_reasonkit.engine.estimate import Estimate
from llm_reasonkit.estimates import ModelEstimate, Month
from llm_reasonkit.render import figures
from llm_reasonkit.render.sanitize import one_line


def estimate_page(found: Estimate) -> RenderableType:
    """The calls of a run by step, as likely and at most, their sum, and the basis."""
    models = list(dict.fromkeys(row.model for row in found.steps))
    table = _table(["step"], ["calls", "tokens", "likely", "most tokens", "at most"])
    for row in found.steps:
        table.add_row(
            Text(one_line(f"{row.protocol}.{row.step}")),
            _from_to(row.calls, row.most_calls),
            f"{figures.short_count(row.prompt)}→{figures.short_count(row.reply)}",
            _usd(row.usd),
            f"{figures.short_count(row.most_prompt)}→{figures.short_count(row.most_reply)}",
            _usd(row.most_usd),
        )
    sums = [
        "total",
        _from_to(found.calls, found.most_calls),
        figures.short_count(found.tokens),
        _usd(found.usd),
        figures.short_count(found.most_tokens),
        _usd(found.most_usd),
    ]
    _add_footer(table, sums)
    held = ["tokens in→out are those of one call of the step, amounts those of all its calls"]
    if found.limit is not None and (found.most_usd is None or found.most_usd > found.limit):
        held.append(f"the budget stops the run at {figures.usd(found.limit)}")
    if found.max_calls is not None and found.max_calls < found.most_calls:
        held.append(f"the limit of calls stops the run at {found.max_calls}")
    title = Text(one_line(", ".join(models)), "bold")
    return Group(title, "", table, "", *(Text(line, "dim") for line in [*held, *found.basis]))


def models_page(models: Sequence[ModelEstimate], month: Month | None) -> RenderableType:
    """What a query costs on each model, what that makes a month, and the basis."""
    table = _table(["model"], ["context", "in /M", "out /M", "a query", "at most"])
    for row in models:
        table.add_row(
            Text(one_line(row.model)),
            figures.short_count(row.context),
            _usd(row.price_in),
            _usd(row.price_out),
            _usd(row.usd),
            _usd(row.most_usd),
        )
    parts: list[RenderableType] = [table]
    if month is not None:
        parts += ["", _month_table(month)]
    lines = dict.fromkeys(line for row in models for line in row.basis)
    return Group(*parts, "", *(Text(line, "dim") for line in lines))


def _month_table(month: Month) -> Table:
    table = _table(["model"], ["share", "queries a month", "a query", "a month"])
    for row in month.rows:
        table.add_row(
            Text(one_line(row.model)),
            f"{row.share.normalize():f} %",
            f"{row.queries:,}",
            _usd(row.usd_query),
            _usd(row.usd),
        )
    sums = ["total", "", f"{month.queries:,}", "", _usd(month.usd)]
    _add_footer(table, sums)
    return table


def _from_to(likely: int, most: int) -> str:
    return f"{likely:,}" if likely == most else f"{likely:,}-{most:,}"


def _usd(amount: Decimal | None) -> str:
    return "unknown" if amount is None else figures.usd(amount)


def _add_footer(table: Table, sums: Sequence[str]) -> None:
    table.show_footer = True
    for column, sum_ in zip(table.columns, sums, strict=True):
        column.footer = sum_


def _table(left: Sequence[str], right: Sequence[str]) -> Table:
    table = Table(
        box=box.SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        padding=(0, 2, 0, 0),
        header_style="dim",
        footer_style="bold",
    )
    for name in left:
        table.add_column(name, overflow="fold", min_width=8)
    for name in right:
        table.add_column(name, justify="right", no_wrap=True)
    return table
