"""What the doctor found, for the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from llm_reasonkit.render.sanitize import one_line
from llm_reasonkit.render.terminal import status_mark

if TYPE_CHECKING:
    from llm_reasonkit.doctor import Finding

_STATUS = {"ok": "done", "warning": "partial", "failed": "failed"}


def findings_table(findings: Sequence[Finding]) -> RenderableType:
    """Findings as rows: ✓, ! or ✗, what was checked, what was found and what to do."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for finding in findings:
        found = Text(one_line(finding.detail))
        if finding.remedy:
            found.append(f"\n→ {one_line(finding.remedy)}", "bold")
        table.add_row(status_mark(_STATUS[finding.status]), Text(finding.check, "dim"), found)
    return table
