"""Lists for the terminal: recorded runs, protocols, and one protocol's steps."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from llm_reasonkit.reasoning.plan import Plan
from llm_reasonkit.reasoning.protocol import Profile, Protocol, Step
from llm_reasonkit.render import figures
from llm_reasonkit.render.sanitize import one_line
from llm_reasonkit.render.terminal import plain, status_mark, status_word

if TYPE_CHECKING:
    from llm_reasonkit.store.browse import RunSummary

_ROOM_FOR_EVERYTHING = 100


@dataclass(frozen=True)
class RunsTable:
    """Runs as rows; a narrow terminal gets fewer columns, the question always stays."""

    runs: Sequence[RunSummary]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        wide = options.max_width >= _ROOM_FOR_EVERYTHING
        names = ["run", "started", "what", "status", "time", "cost"]
        shown = names if wide else ["run", "day", "mark", "cost"]
        table = _table()
        for name in shown:
            right = name in {"time", "cost"}
            header = "" if name == "mark" else name
            table.add_column(header, no_wrap=True, justify="right" if right else "left")
        table.add_column("question", ratio=1, no_wrap=True, overflow="ellipsis")
        for run in self.runs:
            cells = _run_cells(run)
            table.add_row(*(cells[name] for name in shown), Text(one_line(run.title, 200)))
        yield table


def _run_cells(run: RunSummary) -> dict[str, Text]:
    started = run.started.astimezone()
    return {
        "run": plain(run.short_id, "bold"),
        "started": Text(f"{started:%Y-%m-%d %H:%M}", "dim"),
        "day": Text(f"{started:%Y-%m-%d}", "dim"),
        "what": Text(one_line(run.protocol or run.profile or run.command, 24)),
        "mark": status_mark(run.status),
        "status": Text.assemble(status_mark(run.status), " ", status_word(run.status)),
        "time": Text(figures.duration(run.duration_ms)),
        "cost": Text(figures.run_cost(run.cost)),
    }


@dataclass(frozen=True)
class ProtocolEntry:
    """A protocol that can be used: the most calls it makes, and where it is from."""

    protocol: Protocol
    most_calls: int
    origin: str


def protocols_table(entries: Sequence[ProtocolEntry]) -> RenderableType:
    """Protocols as rows."""
    table = _table()
    table.add_column("protocol", style="bold", no_wrap=True)
    table.add_column("title", ratio=1)
    table.add_column("steps", justify="right")
    table.add_column("calls", justify="right")
    table.add_column("from", style="dim", no_wrap=True)
    for entry in entries:
        table.add_row(
            Text(one_line(entry.protocol.protocol)),
            Text(one_line(entry.protocol.title)),
            Text(str(len(entry.protocol.steps))),
            Text(f"≤ {entry.most_calls}"),
            Text(one_line(entry.origin)),
        )
    return table


def profiles_table(plans: Mapping[str, Plan]) -> RenderableType:
    """Profiles as rows, each with the protocols it runs and the most calls they make."""
    table = _table()
    table.add_column("profile", style="bold", no_wrap=True)
    table.add_column("runs", ratio=1)
    table.add_column("calls", justify="right", no_wrap=True)
    for name, plan in plans.items():
        stages = ", ".join(stage.key for stage in plan.stages)
        table.add_row(plain(name), plain(stages), f"≤ {plan.largest_number_of_calls()}")
    return table


def profile_page(name: str, profile: Profile, plan: Plan, origin: str) -> RenderableType:
    """One profile: what it is for, what it is held to, and the stages that it runs."""
    limits = profile.limits.model_dump(mode="json", exclude_none=True)
    rows = [
        ("wants", "" if profile.min_confidence is None else f"{profile.min_confidence:.0%}"),
        ("below it", profile.below),
        ("roles", ", ".join(f"{role} = {model}" for role, model in profile.roles.items())),
        ("limits", ", ".join(f"{key} = {value}" for key, value in limits.items())),
        ("calls", f"at most {plan.largest_number_of_calls()}, without re-asks"),
        ("from", origin),
    ]
    stages = _table()
    for title, ratio in (("stage", None), ("after", 1), ("settings", 3)):
        stages.add_column(title, ratio=ratio, no_wrap=ratio is None)
    for stage in plan.stages:
        changed = {
            key: value
            for key, value in stage.settings.items()
            if value != stage.protocol.settings[key]
        }
        stages.add_row(plain(stage.key), plain(", ".join(stage.after)), plain(_lines(changed)))
    return Group(_title(profile.title, name), plain(profile.summary), "", _grid(rows), "", stages)


def protocol_page(entry: ProtocolEntry) -> RenderableType:
    """One protocol: what it does, what it takes, and the graph of its steps."""
    protocol = entry.protocol
    title = _title(protocol.title, protocol.protocol)
    return Group(title, plain(protocol.summary), "", _grid(_facts(entry)), "", _graph(protocol))


def _title(title: str, name: str) -> Text:
    return Text.assemble((one_line(title), "bold"), f"  {one_line(name)}")


def _grid(rows: Sequence[tuple[str, str]]) -> Table:
    facts = Table.grid(padding=(0, 2, 0, 0))
    facts.add_column(style="dim", no_wrap=True)
    facts.add_column(overflow="fold")
    for label, value in rows:
        if value:
            facts.add_row(label, plain(value))
    return facts


def _facts(entry: ProtocolEntry) -> list[tuple[str, str]]:
    protocol = entry.protocol
    return [
        ("sources", protocol.inputs.sources or ""),
        ("settings", _lines(protocol.settings)),
        ("answer", protocol.answer),
        ("findings", ", ".join(protocol.findings)),
        ("calls", f"at most {entry.most_calls}, without re-asks"),
        ("from", entry.origin),
    ]


def _graph(protocol: Protocol) -> Table:
    """Steps in waves: those of one wave wait for the same things and run side by side."""
    table = _table()
    table.add_column("wave", justify="right", style="dim")
    table.add_column("step", style="bold", no_wrap=True)
    table.add_column("does", ratio=3)
    table.add_column("reads", style="dim", ratio=2)
    for number, names in enumerate(_waves(protocol), 1):
        for place, name in enumerate(names):
            reads = ", ".join(sorted(protocol.dependencies(name)))
            does = one_line(_does(protocol.steps[name]))
            table.add_row("" if place else str(number), plain(name), does, plain(reads))
    return table


def _waves(protocol: Protocol) -> list[list[str]]:
    order = list(protocol.steps)
    sorter = TopologicalSorter({name: protocol.dependencies(name) for name in order})
    sorter.prepare()
    waves = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready(), key=order.index)
        waves.append(ready)
        sorter.done(*ready)
    return waves


def _does(step: Step) -> str:
    if step.check is not None:
        parts = [f"checks {step.check}"]
    else:
        parts = [f"asks {step.role}"]
        if step.effort is not None:
            parts.append(f"{step.effort} effort")
    if step.for_each is not None:
        items = step.for_each if isinstance(step.for_each, str) else f"{len(step.for_each)} items"
        parts.append(f"for each of {items}")
    if step.at_most is not None:
        parts.append(f"at most {step.at_most}")
    if step.when is not None:
        parts.append(f"when {step.when}")
    return ", ".join(parts)


def _lines(settings: Mapping[str, object]) -> str:
    return "\n".join(
        f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in settings.items()
    )


def _table() -> Table:
    return Table(
        box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="dim", expand=True
    )
