"""A recorded run as a page of the terminal: its question, the tree of its steps, its answer."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from textwrap import indent

from rich.console import Group, RenderableType
from rich.rule import Rule
from rich.text import Text
from rich.tree import Tree

from llm_reasonkit.reasoning.result import CheckItem, Result, StepResult
from llm_reasonkit.render.outline import outline
from llm_reasonkit.render.sanitize import one_line, sanitize
from llm_reasonkit.render.terminal import plain, status_mark, step_line, summary

_OUTPUT_SHOWN = 240


def run_page(result: Result, *, short_id: str | None = None, full: bool = False) -> Group:
    """Everything about a run; `full` shows the outputs of its steps without cutting them."""
    parts: list[RenderableType] = [plain(result.question, "bold"), "", run_tree(result, full=full)]
    if result.answer is not None:
        parts += ["", Rule("answer", style="dim"), plain(result.answer), Rule(style="dim")]
    return Group(*parts, "", summary(result, short_id))


def run_tree(result: Result, *, full: bool = False) -> Tree:
    """The steps of a run under the stage they belong to, with what they gave."""
    what = one_line(result.protocol or result.profile or result.command)
    tree = Tree(Text.assemble(status_mark(result.status), " ", (what, "bold")), guide_style="dim")
    for stage, entries in outline(result).items():
        branch = tree.add(Text(one_line(stage), "bold")) if stage else tree
        for entry in entries:
            line = step_line(entry.step, entry.checks, entry.label)
            branch.add(Group(line, *_findings(entry.step, entry.checks, full=full)))
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
