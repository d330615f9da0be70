"""A run as a Markdown document.

The answer is Markdown and stays so, without raw HTML and images; all else that models wrote is
escaped, quoted or fenced, so that it cannot end the place it stands in.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence

from llm_reasonkit.reasoning.result import CheckItem, Result, StepResult
from llm_reasonkit.render import figures, panel
from llm_reasonkit.render.facts import facts
from llm_reasonkit.render.outline import SIGNS, Entry, outline
from llm_reasonkit.render.prose import escaped, fenced, quoted, to_markdown
from llm_reasonkit.render.quotes import Piece, QuotedText, Source, quoted_texts
from llm_reasonkit.render.sanitize import one_line

_TITLE_LENGTH = 240


def run_markdown(result: Result, sources: Sequence[Source] = ()) -> str:
    """Return a run as a Markdown document (CommonMark with tables).

    sources: what was given with the question, where it is known; quotes are shown in it.
    """
    title = one_line(result.question, _TITLE_LENGTH)
    whole = title == result.question.strip()
    stages = outline(result)
    blocks = [
        f"# {escaped(title)}",
        *([] if whole else [quoted(result.question)]),
        *_answer(result),
        *_panel(result),
        *_checks(stages.values()),
        *_quotes(quoted_texts(result, sources)),
        *_steps(stages, panel.runs_of(result)),
        *_outputs(result.steps),
        _colophon(result),
    ]
    return "\n\n".join(blocks) + "\n"


def _colophon(result: Result) -> str:
    return (
        f"*Run {escaped(result.run_id)}, started {result.started:%Y-%m-%d %H:%M %Z}. "
        "Code established the checks; models wrote the answer and the outputs.*"
    )


def _answer(result: Result) -> Iterator[str]:
    yield "## Answer"
    if result.answer is not None:
        yield to_markdown(result.answer)
    elif panel.is_side_by_side(result):
        yield "The answers of the members stand below, each for itself."
    else:
        yield "This run ended without an answer."
    yield "## Facts"
    yield _table(["", ""], ([label, text] for label, text in facts(result).items()))
    if result.warnings:
        yield _list(f"Warning: {escaped(text)}" for text in result.warnings)


def _panel(result: Result) -> Iterator[str]:
    if result.votes:
        yield "## Votes"
        rows = (
            [
                panel.name_of(result, vote.member) + f", round {vote.round}" * (vote.round > 1),
                vote.answer or "",
                vote.canonical or "",
                vote.status,
            ]
            for vote in result.votes
        )
        yield _table(["member", "answer", "counted as", "vote"], rows)
    if result.dissent:
        yield "## Positions" if result.status == "tie" else "## Dissent"
        yield _list(
            f"**{escaped(position.answer)}**, {escaped(panel.origin_of(result, position))}"
            + (f": {escaped(point)}" if (point := panel.point_of(position)) else "")
            for position in result.dissent
        )
    if result.members:
        yield "## Members"
    for number, member in enumerate(result.members):
        yield f"### {escaped(panel.name_of(result, number))}"
        yield ", ".join(escaped(part) for part in panel.in_figures(member))
        if member.answer is not None:
            yield to_markdown(member.answer, 4)


def _checks(stages: Iterable[Sequence[Entry]]) -> Iterator[str]:
    checked = [entry for entries in stages for entry in entries if entry.checks]
    if checked:
        yield "## Checks by code"
    for entry in checked:
        yield f"### {escaped(entry.step.id)}: {figures.checks(entry.checks)}"
        yield _list(_check(item) for item in entry.checks)


def _check(item: CheckItem) -> str:
    detail = f": {escaped(item.detail)}" if item.detail else ""
    status = item.status.replace("_", " ")
    return f"{SIGNS[item.status]} {escaped(item.name)} ({status}){detail}"


def _quotes(texts: Sequence[QuotedText]) -> Iterator[str]:
    if texts:
        yield "## Quotes in their place"
    for text in texts:
        named = text.name not in ("", text.ident)
        yield f"### {escaped(text.ident)}" + (f": {escaped(text.name)}" if named else "")
        if text.pieces:
            found = "".join(_piece(piece) for piece in text.pieces)
            yield f"> {(found + _left_out(text.left_out)).strip()}"
        for quote in text.unplaced:
            where = "" if quote.start is None else f", character {quote.start}"
            yield f"{quoted(quote.words)}\n\n{_name(quote.ident, quote.about)}{where}"


def _piece(piece: Piece) -> str:
    words = escaped(piece.text)
    shown = f"**{words}**" if piece.quotes and words else words
    if piece.text[:1].isspace():
        shown = f" {shown}"
    for quote in piece.ended:
        shown += f" {_name(quote.ident, quote.about)}"
    if piece.text[-1:].isspace():
        shown += " "
    return _left_out(piece.left_out) + shown


def _name(ident: str, about: str) -> str:
    return f"\\[{escaped(' '.join(part for part in (ident, about) if part))}\\]"


def _left_out(count: int) -> str:
    return f" *… {figures.count(count)} characters …* " if count else ""


def _steps(stages: dict[str, list[Entry]], runs: dict[str, str]) -> Iterator[str]:
    yield "## Reasoning, step by step"
    if runs:
        yield "Each member thought in a run of its own:"
        yield _list(f"{escaped(name)}: {escaped(run)}" for name, run in runs.items())
    elif not stages:
        yield "No step was recorded."
    lines = []
    for stage, entries in stages.items():
        inset = "  " if stage else ""
        lines += [f"- **{escaped(stage)}**"] if stage else []
        for entry in entries:
            lines.append(f"{inset}- {SIGNS[entry.status]} **{escaped(entry.title)}**{_line(entry)}")
            if entry.step.error and entry.step.status != "skipped":
                lines.append(f"{inset}  - error: {escaped(entry.step.error)}")
    if lines:
        yield "\n".join(lines)


def _line(entry: Entry) -> str:
    step = entry.step
    if step.status == "skipped":
        return f": skipped{f': {escaped(step.error)}' if step.error else ''}"
    if step.kind == "check":
        return f": {figures.checks(entry.checks)}"
    tokens = figures.tokens_in_out(step.tokens)
    parts = [
        escaped(step.model_served or step.model or ""),
        figures.duration(step.duration_ms),
        f"{tokens} tokens" if tokens else "tokens unknown",
        figures.call_cost(step.cost),
    ]
    return ": " + ", ".join(part for part in parts if part)


def _outputs(steps: Iterable[StepResult]) -> Iterator[str]:
    given = [step for step in steps if step.output is not None]
    if given:
        yield "## What each step gave"
    for step in given:
        yield f"### {escaped(step.id)}"
        if isinstance(step.output, str):
            yield fenced(step.output, "markdown")
        else:
            yield fenced(json.dumps(step.output, ensure_ascii=False, indent=2, default=str), "json")


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header)]
    lines += [
        [", ".join(escaped(part) for part in cell.split("\n")) for cell in row] for row in rows
    ]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _list(items: Iterable[str]) -> str:
    return "\n".join(f"- {item}" for item in items)
