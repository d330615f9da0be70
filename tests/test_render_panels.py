"""Panels, comparisons and their track record, as a terminal and a document show them."""

from __future__ import annotations

import io
from decimal import Decimal
from typing import Any

import pytest
from rich.console import Console, RenderableType
from selectolax.lexbor import LexborHTMLParser

from llm_reasonkit.reasoning.bench import BenchReport, Score
from llm_reasonkit.reasoning.result import Cost, Dissent, ModelUse, Vote
from llm_reasonkit.render import panel
from llm_reasonkit.render.bench import bench_tables
from llm_reasonkit.render.html import run_article
from llm_reasonkit.render.markdown import run_markdown
from llm_reasonkit.render.pages import panel_notes
from llm_reasonkit.render.run_page import run_page
from llm_reasonkit.render.side_by_side import SideBySide
from llm_reasonkit.render.tables import FigureTable
from llm_reasonkit.render.terminal import StepLine, summary
from llm_reasonkit.track_record import MemberRow, PanelReport
from tests.sample_panel import comparison, vote, voted


def shown(renderable: RenderableType, width: int = 100) -> str:
    """Render as the command line does, to text."""
    file = io.StringIO()
    Console(file=file, width=width, highlight=False, emoji=False, markup=False).print(renderable)
    return file.getvalue()


@pytest.mark.parametrize(
    ("answer", "point", "said"),
    [
        ("no", "Final answer: No.", ": no"),
        ("401", "It is 401.", ": 401"),
        ("no", "It is 19 × 107 - 6.", ": no (It is 19 × 107 - 6.)"),
        ('{"name": "Rex", "age": 4}', "age: 4", ': {"name": "Rex", "age": 4} (age: 4)'),
        ("no", "", ": no"),
    ],
)
def test_a_position_says_nothing_twice(answer: str, point: str, said: str) -> None:
    """Who holds it is named without a number, and a point that only repeats it is left out."""
    positions = [Dissent(answer=answer, members=[2], point=point)]
    result = voted().model_copy(update={"dissent": positions})
    assert panel.positions(result) == [f"openrouter/google/gemini-2.5-pro{said}"]
    shows_point = f"({point})" in said
    line = next(line for line in run_markdown(result).splitlines() if "held by" in line)
    assert line.endswith("gemini-2.5-pro") != shows_point
    listed = LexborHTMLParser(run_article(result)).css_first(".dissent li")
    assert bool(listed.css("br")) == shows_point


def test_the_sides_of_a_tie_are_no_dissent() -> None:
    """Where nothing won, nobody dissents: the summary lists positions."""
    tie = vote().model_copy(update={"status": "tie"})
    text = shown(summary(tie))
    assert "position    openrouter/google" in text
    for form in (text, run_markdown(tie), LexborHTMLParser(run_article(tie)).text()):
        assert "dissent" not in form.casefold()


def test_who_never_voted_is_worth_nothing() -> None:
    """Only members with a vote are counted in what they are worth, and that may be unknown."""
    known: dict[str, Any] = {"marked": 0, "right": 0, "reliability": None}
    members = [MemberRow(model=f"m{votes}", votes=votes, **known) for votes in (9, 8, 0)]
    report = PanelReport(
        runs=9, marked=0, members=members, pairs=[], independent_votes=1.5, swap=None
    )
    assert panel_notes(report) == ["2 members are worth 1.5 independent votes."]
    (note,) = panel_notes(report.model_copy(update={"independent_votes": None}))
    assert "unknown" in note


def test_a_recorded_comparison_has_its_answers() -> None:
    """The page of a comparison shows what each member answered, also where no step is its own."""
    text = shown(run_page(comparison().model_copy(update={"steps": []})))
    assert "2027 is prime." in text
    assert "2027 = 19 × 107 − 6" in text


def test_calls_of_members_that_are_runs() -> None:
    """A comparison of runs has no steps of its own; its calls are theirs."""
    used = [ModelUse(asked="a", calls=4), ModelUse(asked="b", calls=3)]
    result = comparison().model_copy(update={"steps": [], "models": used})
    assert "7 calls" in shown(summary(result))


@pytest.mark.parametrize("write", [run_markdown, run_article], ids=["markdown", "html"])
def test_a_comparison_has_the_members_answers(write: Any) -> None:
    """A document of a comparison does not say that it ended without an answer; a tie's does."""
    assert "answers of the members stand below" in write(comparison())
    assert "without an answer" not in write(comparison())
    assert "without an answer" in write(vote())


def test_rounds_are_told_apart() -> None:
    """Votes of a second round are marked as such."""
    second = [Vote(member=0, round=2, raw="no", answer="no", status="vote")]
    result = vote()
    text = run_markdown(result.model_copy(update={"votes": [*result.votes, *second]}))
    assert text.count(", round 2 |") == 1


def test_a_member_without_an_answer_leaves_no_gap() -> None:
    """In a box of its own, what went wrong comes first."""
    lines = shown(SideBySide(comparison()), 60).splitlines()
    at = next(n for n, line in enumerate(lines) if "llama" in line)
    assert "failed" in lines[at + 1]


def test_columns_keep_their_distance() -> None:
    """Every cell has a blank on either side, the first and the last as well."""
    lines = shown(SideBySide(comparison()), 200).splitlines()
    assert [line for line in lines if line.startswith("│") and line[1] != " "] == []


def test_an_unknown_cost_is_not_cut() -> None:
    """At 100 columns there is room for a cost with unknown calls."""
    cost = Cost(usd=Decimal("0.00054"), source="billed", unknown_calls=1)
    assert "$0.00054, 1 unknown" in shown(StepLine("done", "members 2/3", "m", 5_900, cost=cost))


@pytest.mark.parametrize("width", [20, 40, 60, 80, 120])
def test_no_figure_is_lost_in_a_narrow_table(width: int) -> None:
    """Columns where they fit, else each row as a paragraph under its name."""
    table = FigureTable("contestant", "right", "accuracy", "95 %", "per right")
    table.add_row("openrouter/anthropic/claude-sonnet-4", "5 of 5", "100.0%", "57% to 99%", "$0.01")
    text = " ".join(shown(table, width).split())
    assert [part for part in ("5 of 5", "100.0%", "57% to 99%", "$0.01") if part not in text] == []


def test_one_contestant_is_compared_with_nobody() -> None:
    """A bench of one has no empty table of pairs."""
    known = {field: 0 for field in Score.model_fields if field not in ("name", "kind")}
    score = Score(**{**known, "name": "a", "kind": "model", "interval": (0.0, 1.0)})
    report = BenchReport(scores=[score], pairings=[], notes=["a note"])
    text = shown(bench_tables(report))
    assert "contestant" in text
    assert "compared" not in text
