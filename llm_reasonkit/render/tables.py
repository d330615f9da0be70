"""Rows of figures, each under a name: columns where there is room, else a paragraph a row."""

from __future__ import annotations

from rich import box
from rich.console import Console, ConsoleOptions, RenderResult
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from llm_reasonkit.render.sanitize import one_line

_LEAST_NAME = 16
_GAP = 3


class FigureTable:
    """A table whose rows have a name, of one line or several, and figures.

    first: what the names are of; others: what the figures are.
    """

    def __init__(self, first: str, *others: str) -> None:
        self._first, self._others = first, others
        self._rows: list[tuple[Text, tuple[str, ...]]] = []

    def add_row(self, names: str, *figures: str) -> None:
        """Add a row; names come from foreign text, a line each."""
        lines = (one_line(name, 60) for name in names.split("\n"))
        self._rows.append((Text("\n".join(lines)), figures))

    def __bool__(self) -> bool:
        return bool(self._rows)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        if self._least_width <= options.max_width:
            yield self._columns()
            return
        for names, figures in self._rows:
            yield names
            told = zip(self._others, figures, strict=True)
            said = ", ".join(f"{other} {figure}" for other, figure in told if figure)
            yield Padding(Text(said, "dim"), (0, 0, 0, 2))

    @property
    def _least_width(self) -> int:
        columns = zip(self._others, *(figures for _, figures in self._rows), strict=True)
        return _LEAST_NAME + sum(_GAP + max(map(len, cells)) for cells in columns)

    def _columns(self) -> Table:
        table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="dim")
        table.add_column(self._first, overflow="fold", min_width=_LEAST_NAME)
        for name in self._others:
            # Half a figure would be another.
            table.add_column(name, justify="right", no_wrap=True)
        for names, figures in self._rows:
            table.add_row(names, *figures)
        return table
