"""A recorded run as a page of the terminal: its question, the tree of its steps, its answer."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from textwrap import indent
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.text import Text
from rich.tree import Tree

from llm_reasonkit.reasoning.result import CheckItem, Result, StepResult
from llm_reasonkit.render.outline import outline
from llm_reasonkit.render.panel import is_side_by_side
from llm_reasonkit.render.sanitize import one_line, sanitize
from llm_reasonkit.render.side_by_side import SideBySide
from llm_reasonkit.render.terminal import plain, status_mark, step_line, summary

if TYPE_CHECKING:
    from llm_reasonkit.store.turns import Turn

_OUTPUT_SHOWN = 240


@dataclass(frozen=True, slots=True)
class Spoken:
    """What was said in the calls of a run, by turn: whether to show the prompts, the replies."""

    turns: Mapping[str, Turn]
    prompts: bool
    replies: bool

    def of(self, step: StepResult) -> Iterator[RenderableType]:
        """Show one call, word for word."""
        if step.kind != "prompt" or step.status == "skipped":
            return
        turn = self.turns.get(step.turn_id or "")
        if turn is None:
            yield Text("  not in llm's log", "yellow")
            return
        if self.prompts:
            for who, text in turn.prompt:
                yield from _spoken(who, text)
        if self.replies:
            yield from _spoken("reply", turn.reply)


def run_page(
    result: Result,
    *,
    short_id: str | None = None,
    full: bool = False,
    spoken: Spoken | None = None,
) -> Group:
    """Everything about a run; `full` shows the outputs of its steps without cutting them."""
    tree = run_tree(result, full=full, spoken=spoken)
    parts: list[RenderableType] = [plain(result.question, "bold"), "", tree]
    if result.answer is not None:
        parts += ["", Rule("answer", style="dim"), plain(result.answer), Rule(style="dim")]
    elif is_side_by_side(result):
        parts += ["", SideBySide(result)]
    return Group(*parts, "", summary(result, short_id))


def run_tree(result: Result, *, full: bool = False, spoken: Spoken | None = None) -> Tree:
    """The steps of a run under the stage they belong to, with what they gave."""
    what = one_line(result.protocol or result.profile or result.command)
    tree = Tree(Text.assemble(status_mark(result.status), " ", (what, "bold")), guide_style="dim")
    for stage, entries in outline(result).items():
        branch = tree.add(Text(one_line(stage), "bold")) if stage else tree
        for entry in entries:
            line = step_line(entry.step, entry.checks, entry.label)
            words = spoken.of(entry.step) if spoken else ()
            branch.add(Group(line, *words, *_findings(entry.step, entry.checks, full=full)))
    return tree


def _findings(
    step: StepResult, checks: Sequence[CheckItem], *, full: bool
) -> Iterator[RenderableType]:
    for item in checks:
        if full or item.status == "failed":
            style = "red" if item.status == "failed" else "dim"
            detail = f": {one_line(item.detail)}" if item.detail else ""
            yield plain(f"  {item.status.replace('_', ' ')}  {one_line(item.name)}{detail}", style)
    if step.output is not None and (full or step.kind == "prompt"):
        yield step_output(step, full=full)


def _spoken(who: str, text: str) -> Iterator[RenderableType]:
    yield plain(f"  {who}:", "bold dim")
    yield Padding(plain(text), (0, 0, 0, 4))


def step_output(step: StepResult, *, full: bool) -> Text:
    """What a step gave: whole, or its beginning on one line."""
    if full:
        return Text(indent(sanitize(_as_text(step.output, indented=True)), "  "), "dim")
    beginning = one_line(_as_text(step.output), _OUTPUT_SHOWN)
    return Text(f"  {beginning}", "dim", no_wrap=True, overflow="ellipsis")


def _as_text(output: object, *, indented: bool = False) -> str:
    if isinstance(output, str):
        return output
    return json.dumps(output, ensure_ascii=False, indent=2 if indented else None)
