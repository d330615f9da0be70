"""The members of a run side by side: what each said, how it was read, what it took."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from llm_reasonkit.reasoning.result import Member, Result, Vote
from llm_reasonkit.render import figures
from llm_reasonkit.render.contrast import only_here
from llm_reasonkit.render.html import TITLE_LENGTH, templates
from llm_reasonkit.render.panel import wins_of
from llm_reasonkit.render.prose import to_html, visible
from llm_reasonkit.render.sanitize import one_line


@dataclass(frozen=True, slots=True)
class Row:
    """One thing about every member. is_prose: the cells are Markdown of models."""

    label: str
    cells: Sequence[str]
    is_prose: bool = False


def comparison_article(result: Result, *, only_different: bool = False) -> Markup:
    """Return the members of a run as columns of a table.

    only_different: without what is the same for all of them, in their answers line by line.
    """
    page = templates().get_template("compare.html")
    rows = _differing(compared(result)) if only_different else compared(result)
    html = page.render(
        result=result,
        title=one_line(result.question, TITLE_LENGTH),
        rows=[(row.label, _prose(row.cells) if row.is_prose else row.cells) for row in rows],
        only_different=only_different,
    )
    return Markup(html)  # noqa: S704 (the template escapes)


def compared(result: Result) -> list[Row]:
    """Return what is known of the members, one row a thing; what is known of none is left out."""
    last = {vote.member: vote for vote in sorted(result.votes, key=lambda vote: vote.round)}
    votes = [last.get(number) for number in range(len(result.members))]
    members = result.members
    rows = [
        Row("answer", [member.answer or "" for member in members], is_prose=True),
        Row("read as", [(vote and (vote.canonical or vote.answer)) or "" for vote in votes]),
        Row("vote", [vote.status.replace("_", " ") if vote else "" for vote in votes]),
        Row("status", [member.status.replace("_", " ") for member in members]),
        Row("judged", [wins_of(member) for member in members]),
        Row("error", [_error(*each) for each in zip(members, votes, strict=True)]),
        Row("answered by", [member.model_served or "" for member in members]),
        Row("provider", [member.provider or "" for member in members]),
        Row("first word", [figures.duration(member.first_token_ms) for member in members]),
        Row("time", [figures.duration(member.duration_ms) for member in members]),
        Row("tokens", [figures.tokens_in_out(member.tokens) for member in members]),
        Row("cost", [figures.call_cost(member.cost) for member in members]),
    ]
    return [row for row in rows if any(row.cells)]


def _error(member: Member, vote: Vote | None) -> str:
    """Return what went wrong, unless the vote says it."""
    error = member.error or ""
    return "" if vote and error in vote.status else error


def _prose(cells: Sequence[str]) -> list[Markup]:
    """Return Markdown of models as HTML in which stands out what only one of them says."""
    box = Markup('<div class="prose">{}</div>')
    marked = only_here([visible(cell) for cell in cells])
    return [box.format(to_html(cell, 4, new)) for cell, new in zip(cells, marked, strict=True)]


def _differing(rows: Sequence[Row]) -> list[Row]:
    different = [row for row in rows if len(set(row.cells)) > 1]
    return [_without_shared_lines(row) if row.is_prose else row for row in different]


def _without_shared_lines(row: Row) -> Row:
    lines = [cell.splitlines() for cell in row.cells]
    shared = set.intersection(*({_folded(line) for line in cell} for cell in lines)) - {""}
    # An empty line stays, as it ends a paragraph.
    kept = ["\n".join(line for line in cell if _folded(line) not in shared) for cell in lines]
    return Row(row.label, kept, row.is_prose)


def _folded(line: str) -> str:
    return " ".join(line.split()).casefold()
