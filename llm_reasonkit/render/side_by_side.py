"""Answers side by side in the terminal, or one below the other where it is narrow."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import unified_diff
from itertools import combinations

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from llm_reasonkit.reasoning.checks.folding import sentences
from llm_reasonkit.reasoning.result import Member, Result
from llm_reasonkit.render.contrast import Span, only_here
from llm_reasonkit.render.panel import in_figures
from llm_reasonkit.render.sanitize import one_line, sanitize

_NARROWEST_COLUMN = 36
_DIFFERENT = "bold"


class SideBySide:
    """The members of a comparison; what only one of them says stands out."""

    def __init__(self, result: Result) -> None:
        self._members = result.members

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        said = [sanitize(member.answer or "").strip() for member in self._members]
        cells = [
            _cell(member, text, new)
            for member, text, new in zip(self._members, said, only_here(said), strict=True)
        ]
        if options.max_width // max(1, len(cells)) < _NARROWEST_COLUMN:
            for member, cell in zip(self._members, cells, strict=True):
                yield Panel(cell, title=_name(member))
            return
        table = Table(expand=True)
        for member in self._members:
            table.add_column(_name(member), ratio=1, overflow="fold")
        table.add_row(*cells)
        yield table


def differences(result: Result) -> str:
    """Return each two answers as a unified diff of their sentences."""
    parts: list[str] = []
    for one, other in combinations([m for m in result.members if m.answer], 2):
        parts += unified_diff(
            _sentences(one.answer),
            _sentences(other.answer),
            one_line(one.model),
            one_line(other.model),
            lineterm="",
        )
    return "\n".join(parts)


def _name(member: Member) -> Text:
    return Text(one_line(member.model, 60))


def _cell(member: Member, text: str, new: Sequence[Span]) -> RenderableType:
    said = Text(text)
    for start, end in new:
        said.stylize(_DIFFERENT, start, end)
    took = Text(one_line(", ".join(in_figures(member))), "dim")
    return Group(said, Text(), took) if text else took


def _sentences(text: str | None) -> list[str]:
    clean = sanitize(text or "")
    return [clean[start:end].strip() for start, end in sentences(clean)]
