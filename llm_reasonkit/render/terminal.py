"""What a terminal shows of a run: a line for each step, and the summary at its end.

Everything that a model, server or file said goes through `plain`, never through rich's markup.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from llm_reasonkit.reasoning.result import (
    CheckItem,
    Cost,
    Result,
    StepResult,
    Tokens,
    total_cost,
    total_tokens,
)
from llm_reasonkit.render import figures
from llm_reasonkit.render.facts import facts
from llm_reasonkit.render.outline import SIGNS, outcome, with_try
from llm_reasonkit.render.panel import positions
from llm_reasonkit.render.sanitize import one_line, sanitize

ROOM_FOR_COLUMNS = 72
_FAILED_CHECKS_SHOWN = 8
_DISSENT_SHOWN = 8
_COLOURS = {
    "running": "cyan",
    "done": "green",
    "failed": "red",
    "skipped": "dim",
    "not_checkable": "dim",
}


def plain(text: str, style: str = "") -> Text:
    """Make foreign text showable as it stands: cleaned, its lines kept, no markup."""
    return Text(sanitize(text), style)


def status_mark(status: str | None) -> Text:
    """The sign and colour of a run's or step's status; None is a run that has not ended."""
    return Text(SIGNS[status or "running"], _colour(status))


def status_word(status: str | None) -> Text:
    """The status in words, in its colour; None is a run that has not ended."""
    return Text((status or "unfinished").replace("_", " "), _colour(status))


def _colour(status: str | None) -> str:
    return _COLOURS.get(status or "running", "yellow")


@dataclass(frozen=True)
class StepLine:
    """One line about a step or check that has ended: in columns where there is room for them."""

    status: str
    label: str
    model: str = ""
    duration_ms: int | None = None
    tokens: Tokens = field(default_factory=Tokens)
    cost: Cost | None = None
    note: str = ""
    error: str = ""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        if self.note:
            head = Text.assemble(status_mark(self.status), " ", one_line(self.label))
            yield head.append(f"  {one_line(self.note)}", "dim")
        elif options.max_width < ROOM_FOR_COLUMNS:
            yield from self._stacked(options.max_width)
        else:
            yield self._columns(options.max_width)
        if self.error:
            yield Text(f"  {one_line(self.error, 400)}", "red")

    def _figures(self) -> tuple[str, str, str]:
        return (
            figures.duration(self.duration_ms),
            figures.tokens_in_out(self.tokens),
            figures.call_cost(self.cost),
        )

    def _stacked(self, width: int) -> Iterator[Text]:
        parts = [short_model(self.model, width // 3), *self._figures()]
        yield Text.assemble(status_mark(self.status), " ", one_line(self.label))
        yield Text("  " + "  ".join(part for part in parts if part), "dim")

    def _columns(self, width: int) -> Table:
        line = step_grid(width)
        line.add_column(width=11, no_wrap=True, justify="right", style="dim")
        line.add_column(no_wrap=True)
        time, tokens, cost = self._figures()
        line.add_row(
            *step_cells(status_mark(self.status), self.label, self.model, time, width),
            Text(tokens),
            Text(cost, "yellow" if "unknown" in cost else ""),
        )
        return line


def step_grid(width: int) -> Table:
    """The columns that begin each line about a step: its label, its model, a duration."""
    label_width, model_width = _column_widths(width)
    line = Table.grid(padding=(0, 2, 0, 0))
    line.add_column(width=label_width, no_wrap=True)
    line.add_column(width=model_width, no_wrap=True, style="dim")
    line.add_column(width=6, no_wrap=True, justify="right")
    return line


def step_cells(mark: Text, label: str, model: str, time: str, width: int) -> tuple[Text, ...]:
    """What fills a `step_grid` of the same width."""
    label_width, model_width = _column_widths(width)
    label = one_line(label)
    if len(label) > label_width - 2:
        # The end of a label tells more than its beginning.
        label = "…" + label[3 - label_width :]
    return Text.assemble(mark, " ", label), Text(short_model(model, model_width)), Text(time)


def _column_widths(width: int) -> tuple[int, int]:
    """Share the room that the figures (6, 11, 18 or 20, and the gaps) leave: label, model."""
    # A cost that is partly unknown takes two characters more.
    cost = 20 if width >= 100 else 18
    room = min(max(width, ROOM_FOR_COLUMNS), 120) - 6 - 11 - cost - 4 * 2
    return room - room * 3 // 7, room * 3 // 7


def short_model(model: str, width: int) -> str:
    """Fit a model's id by leaving out its leading parts, then its end."""
    model = one_line(model)
    while len(model) > width and "/" in model:
        model = model.split("/", 1)[1]
    return model if len(model) <= width else model[: width - 1] + "…"


def step_line(step: StepResult, checks: Sequence[CheckItem] = (), label: str = "") -> StepLine:
    """Describe one record of a run; `checks` are what it established, `label` replaces its id."""
    label = label or step.id
    error = step.error or ""
    if step.status == "skipped":
        return StepLine(step.status, label, note=f"skipped: {error}" if error else "skipped")
    if step.kind == "check":
        note = figures.checks(checks)
        return StepLine(outcome(step, checks), label, note=note, error=error)
    return StepLine(
        status=step.status,
        label=with_try(step, label),
        model=step.model_served or step.model or "",
        duration_ms=step.duration_ms,
        tokens=step.tokens,
        cost=step.cost,
        error=error,
    )


def group_line(label: str, records: Sequence[StepResult], duration_ms: int) -> StepLine:
    """Describe the items of a for_each step together; `records` are in order, re-asks included."""
    last = {record.id: record for record in records}
    done = sum(record.status == "done" for record in last.values())
    models = list(dict.fromkeys(record.model_served or record.model or "" for record in records))
    costs = [record.cost for record in records if record.cost is not None]
    errors = [record.error for record in last.values() if record.status != "done" and record.error]
    return StepLine(
        status="done" if done == len(last) else "partial" if done else "failed",
        label=f"{label} {done}/{len(last)}",
        model=models[0] if len(models) == 1 else f"{len(models)} models",
        duration_ms=duration_ms,
        tokens=total_tokens(record.tokens for record in records),
        cost=total_cost(costs) if costs else None,
        error="; ".join(dict.fromkeys(errors)),
    )


def summary(result: Result, short_id: str | None = None) -> RenderableType:
    """The closing summary of a run. `short_id` is how the log knows it, if it was logged."""
    rows = Table.grid(padding=(0, 2, 0, 0))
    rows.add_column(style="dim", no_wrap=True)
    rows.add_column(overflow="fold")
    for label, value in _summary_rows(result, short_id):
        rows.add_row(label, value)
    return rows


def _summary_rows(result: Result, short_id: str | None) -> Iterator[tuple[str, Text]]:
    for label, words in facts(result).items():
        text = Text(words)
        if label == "status":
            text.stylize(_colour(result.status), 0, len(result.status))
        elif label == "checked":
            text.append(_failed_checks(result))
        yield label, text
    dissent = positions(result)
    for position in dissent[:_DISSENT_SHOWN]:
        yield "position" if result.status == "tie" else "dissent", plain(position)
    if len(dissent) > _DISSENT_SHOWN:
        yield "", Text(f"… and {len(dissent) - _DISSENT_SHOWN} more")
    for warning in result.warnings:
        yield "warning", plain(one_line(warning, 400), "yellow")
    if result.trace_id is not None:
        yield "run", plain(f"llm reasonkit show {short_id or result.run_id}")


def _failed_checks(result: Result) -> Text:
    text = Text(style="red")
    failed = [item for item in result.checks.items if item.status == "failed"]
    for item in failed[:_FAILED_CHECKS_SHOWN]:
        detail = f": {one_line(item.detail, 240)}" if item.detail else ""
        text.append(f"\n✗ {one_line(item.step)} {one_line(item.name)}{detail}")
    if len(failed) > _FAILED_CHECKS_SHOWN:
        text.append(f"\n… and {len(failed) - _FAILED_CHECKS_SHOWN} more")
    return text
