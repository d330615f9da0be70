"""What a terminal shows of a step, a run and a recorded run, at several widths."""

from __future__ import annotations

import io
import math
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from rich.console import Console, RenderableType

from llm_reasonkit.reasoning.result import (
    CheckItem,
    Confidence,
    Cost,
    ModelUse,
    Result,
    StepResult,
    Tokens,
    confidence_from_checks,
    count_checks,
)
from llm_reasonkit.render.run_page import run_page, run_tree
from llm_reasonkit.render.terminal import group_line, step_line, summary

STARTED = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
MODEL = "openrouter/anthropic/claude-sonnet-4"
WIDTHS = [60, 71, 72, 80, 100, 120, 200]
HOSTILE = "\x1b]52;c;AAAA\x07\x1b[31m[bold]evil[/bold] :smile:\u202e\x9b2J"


def shown(renderable: RenderableType, width: int = 100, **options: Any) -> str:
    """Render as the command line does, to text."""
    file = io.StringIO()
    console = Console(file=file, width=width, highlight=False, emoji=False, markup=False, **options)
    console.print(renderable)
    return file.getvalue()


def step(**fields: Any) -> StepResult:
    """A call that went well."""
    given = {
        "id": "gigathink.frame",
        "name": "frame",
        "kind": "prompt",
        "role": "main",
        "model": MODEL,
        "model_served": "anthropic/claude-sonnet-4",
        "status": "done",
        "output": {"ideas": ["one", "two"]},
        "tokens": Tokens(input=1_204, output=310),
        "cost": Cost(usd=Decimal("0.0123"), source="billed"),
        "started": STARTED,
        "duration_ms": 4_200,
    }
    return StepResult(**{**given, **fields})


def check(*statuses: str, detail: str = "not in the source") -> list[CheckItem]:
    """Facts about quotes, one for each status."""
    return [
        CheckItem(step="proofguard.quotes", name=f"c{number}", status=status, detail=detail)
        for number, status in enumerate(statuses, 1)
    ]


def result(**fields: Any) -> Result:
    """A finished run."""
    given = {
        "run_id": "01kdwj",
        "command": "think",
        "status": "done",
        "question": "Should we?",
        "answer": "No.",
        "profile": "balanced",
        "started": STARTED,
        "duration_ms": 12_300,
        "steps": [step()],
        "cost": Cost(usd=Decimal("0.0123"), source="billed"),
        "tokens": Tokens(input=1_204, output=310),
        "models": [ModelUse(asked=MODEL, served="anthropic/claude-sonnet-4", calls=1)],
    }
    return Result(**{**given, **fields})


@pytest.mark.parametrize("width", WIDTHS)
def test_a_step_line_has_all_its_parts_at_any_width(width: int) -> None:
    """Mark, label, model, time, tokens and cost with its source fit, on one line or two."""
    text = shown(step_line(step()), width)
    for part in ("✓ gigathink.frame", "claude-", "4.2 s", "1,204→310", "$0.0123 billed"):
        assert part in text
    assert all(len(line) <= width for line in text.splitlines())
    assert len(text.splitlines()) == (1 if width >= 72 else 2)


def test_step_lines_stand_in_columns() -> None:
    """Lines of different lengths have their cost in the same place."""
    lines = [
        shown(step_line(step(id="a", duration_ms=100, model_served="x/y"))),
        shown(step_line(step(id="stage." + "long" * 20, tokens=Tokens(input=9, output=1)))),
    ]
    assert len({line.index("$0.0123") for line in lines}) == 1


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize(
    ("cost", "words"),
    [
        (Cost(unknown_calls=1), "cost unknown"),
        (Cost(usd=Decimal(0), source="billed"), "$0"),
        (Cost(usd=Decimal("0.000012"), source="computed"), "$0.000012 computed"),
        (Cost(usd=Decimal("0.0123"), source="billed", unknown_calls=2), "$0.0123, 2 unknown"),
    ],
)
def test_a_step_line_never_hides_its_cost(cost: Cost, words: str, width: int) -> None:
    """Unknown is said in words, free is `$0`, computed is told from billed, at each width."""
    lines = shown(step_line(step(cost=cost)), width).splitlines()
    assert lines[-1].rstrip().endswith(words)


def test_the_end_of_a_long_label_stays() -> None:
    """A label is shortened at its beginning: the number and the try at its end matter."""
    long = step(id="brutalhonesty.counterarguments[12]", attempt=2)
    assert "…guments[12] (try 2)" in shown(step_line(long), 80)


def test_a_failed_step_says_why() -> None:
    """The error stands under the line."""
    text = shown(step_line(step(status="failed", error="rate limited\nuntil noon")))
    assert text.startswith("✗ gigathink.frame")
    assert "\n  rate limited until noon" in text


def test_a_skipped_step_and_a_check_have_no_figures() -> None:
    """A skipped step tells the reason, a check its counts; neither has a cost."""
    skipped = step(status="skipped", error="it needs claims", cost=None, model_served=None)
    quotes = step(id="proofguard.quotes", name="quotes", kind="check", cost=None)
    assert shown(step_line(skipped)).strip() == "- gigathink.frame  skipped: it needs claims"
    line = step_line(quotes, check("passed", "passed", "failed", "not_checkable"))
    assert shown(line).strip() == "! proofguard.quotes  2 passed, 1 failed, 1 not checkable"


def test_items_of_a_step_are_one_line_with_their_sums() -> None:
    """Done and total, tokens and cost of all records, re-asks included, and the errors."""
    records = [
        step(id="g.lenses[1]"),
        step(id="g.lenses[2]", status="failed", error="no JSON"),
        step(id="g.lenses[2]", attempt=2),
        step(id="g.lenses[3]", status="failed", error="moderated", cost=Cost(unknown_calls=1)),
    ]
    text = shown(group_line("g.lenses", records, 5_000))
    for part in ("! g.lenses 2/3", "5.0 s", "4,816→1,240", "$0.0369, 1 unknown", "  moderated"):
        assert part in text
    assert "no JSON" not in text


@pytest.mark.parametrize("width", WIDTHS)
def test_no_widget_lets_hostile_text_through(width: int) -> None:
    """Names, errors, outputs, details, answers and warnings reach the terminal as plain words."""
    bad = step(id=f"g.{HOSTILE}", name=HOSTILE, error=HOSTILE, model_served=HOSTILE, output=HOSTILE)
    run = result(
        question=HOSTILE,
        answer=HOSTILE,
        profile=HOSTILE,
        steps=[bad, step(output={HOSTILE: HOSTILE}), step(status="skipped", error=HOSTILE)],
        checks=count_checks([CheckItem(step="s", name=HOSTILE, status="failed", detail=HOSTILE)]),
        models=[ModelUse(asked=HOSTILE, served="x" + HOSTILE)],
        confidence=Confidence(overall=0.5, kind="checks", basis=HOSTILE),
        warnings=[HOSTILE],
        trace_id="t",
    )
    for page in (run_page(run), run_page(run, full=True, short_id=HOSTILE)):
        text = shown(page, width).replace("\xa0", " ")  # rich draws trees with it
        assert all(char.isprintable() or char == "\n" for char in text)
        assert "[bold]evil[/bold] :smile:" in text


def test_summary_of_a_run_that_was_logged() -> None:
    """It says how the run ended, what was checked, at what cost, and how to find it again."""
    checks = count_checks(check("passed", "passed", "failed", "not_checkable"))
    run = result(
        checks=checks,
        confidence=confidence_from_checks(checks),
        trace_id="01kdwj",
        warnings=["missing: gigathink.lenses[3]"],
    )
    rows = [line.rstrip() for line in shown(summary(run, "k3f9")).splitlines()]
    assert rows == [
        "status      done, 12.3 s, 1 call",
        "checked     2 passed, 1 failed, 1 not checkable",
        "            ✗ proofguard.quotes c3: not in the source",
        "confidence  66.7% (checks): 2 of 3 checks passed, 1 not checkable",
        "cost        $0.0123 billed",
        "tokens      1,204 in, 310 out",
        "model       openrouter/anthropic/claude-sonnet-4",
        "warning     missing: gigathink.lenses[3]",
        "run         llm reasonkit show k3f9",
    ]


def test_summary_of_a_run_with_nothing_to_count() -> None:
    """Without checks there is no figure of confidence, and without a log no run to show."""
    run = result(steps=[], cost=Cost(), tokens=Tokens(), models=[], status="stopped_by_budget")
    rows = [line.rstrip() for line in shown(summary(run)).splitlines()]
    assert rows == [
        "status      stopped by budget, 12.3 s, 0 calls",
        "checked     nothing to check",
        "confidence  none: nothing in this run can be counted",
        "cost        no call was made",
        "tokens      unknown",
    ]


def test_a_confidence_of_kind_none_shows_no_figure() -> None:
    """A number whose kind is none is not shown, nor is one that is NaN."""
    for confidence in (Confidence(overall=0.9), Confidence(overall=math.nan, kind="prior")):
        assert "%" not in shown(summary(result(confidence=confidence)))


def test_confidence_shows_its_interval() -> None:
    """An interval stands with the value and its kind."""
    confidence = Confidence(overall=0.8, kind="prior", interval=(0.7, 0.875), basis="benchmarks")
    text = shown(summary(result(confidence=confidence)))
    assert "80.0%, 70.0% to 87.5% (prior): benchmarks" in text


@pytest.mark.parametrize(
    ("asked", "served", "line"),
    [
        ("openrouter/openai/gpt-5", "openai/gpt-5", "openrouter/openai/gpt-5"),
        ("gpt-4o", "gpt-4o-2024-08-06", "gpt-4o"),
        ("claude-sonnet-4", "claude-sonnet-4-20250514", "claude-sonnet-4"),
        ("claude-sonnet-4-20250514", "claude-sonnet-4", "claude-sonnet-4-20250514"),
        ("mistral-large-2407", "mistral-large-2411", "mistral-large-2407 → mistral-large-2411"),
        ("local/tiny", None, "local/tiny"),
        ("openrouter/auto", "openai/gpt-5", "openrouter/auto → openai/gpt-5"),
        ("gpt-4o", "gpt-4o-mini", "gpt-4o → gpt-4o-mini"),
        ("openrouter/a/b:free", "a/b", "openrouter/a/b:free → a/b"),
    ],
)
def test_a_model_that_another_answered_for_is_named(
    asked: str, served: str | None, line: str
) -> None:
    """Served is shown where it differs from asked by more than a gateway's prefix or a date."""
    text = shown(summary(result(models=[ModelUse(asked=asked, served=served)])))
    assert line in [row.removeprefix("model").strip() for row in text.splitlines()]


def test_many_failed_checks_are_counted_not_listed() -> None:
    """The first eight are named, the rest is a number."""
    run = result(checks=count_checks(check(*["failed"] * 30)))
    text = shown(summary(run))
    assert text.count("✗") == 8
    assert "… and 22 more" in text


def test_tree_puts_steps_under_their_stage() -> None:
    """Stages of a profile are branches; each step has its figures and its output's beginning."""
    checks = check("passed", "failed")
    quotes = step(
        id="proofguard.quotes", name="quotes", kind="check", cost=None, output={"passed": 1}
    )
    run = result(steps=[step(), quotes], checks=count_checks(checks))
    lines = [line.rstrip() for line in shown(run_tree(run), 120).splitlines()]
    assert lines[0] == "✓ balanced"
    assert lines[1] == "├── gigathink"
    assert lines[2].startswith("│   └── ✓ frame ")
    assert lines[3].strip("│ ") == '{"ideas": ["one", "two"]}'
    assert lines[4] == "└── proofguard"
    assert lines[5] == "    └── ! quotes  1 passed, 1 failed"
    assert lines[6].strip() == "failed  c2: not in the source"
    assert len(lines) == 7


def test_tree_of_a_lone_protocol_has_no_stages() -> None:
    """Steps without a stage hang on the root, dots in their numbers or not."""
    run = result(protocol="mine", profile=None, steps=[step(id="frame"), step(id="frame[2]")])
    lines = shown(run_tree(run), 120).splitlines()
    assert lines[0].strip() == "✓ mine"
    assert lines[1].startswith("├── ✓ frame ")
    assert lines[3].startswith("└── ✓ frame[2] ")


def test_full_page_shows_whole_outputs_and_all_checks() -> None:
    """Abbreviated, a long output is cut; in full all of it is there, and passed checks too."""
    long = {"text": "begin " + "word " * 200 + "end"}
    run = result(steps=[step(output=long)])
    assert "end" not in shown(run_tree(run))
    assert "end" in shown(run_tree(run, full=True))
    quotes = step(id="proofguard.quotes", name="quotes", kind="check", cost=None)
    run = result(steps=[quotes], checks=count_checks(check("passed")))
    assert "passed  c1: not in the source" in shown(run_tree(run, full=True))


@pytest.mark.parametrize("width", WIDTHS)
def test_a_page_fits_its_width(width: int) -> None:
    """Nothing runs over the right edge."""
    run = result(steps=[step(), step(id="g.lenses[1]", name="lenses")], warnings=["w " * 200])
    text = shown(run_page(run, short_id="k3f9"), width)
    assert max(map(len, text.splitlines())) <= width


def test_colours_are_left_out_on_request(monkeypatch: pytest.MonkeyPatch) -> None:
    """With NO_COLOR a terminal gets no colour codes; without it, it does."""
    run = result(status="partial")
    assert "\x1b[33m" in shown(summary(run), force_terminal=True, color_system="standard")
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[33m" not in shown(summary(run), force_terminal=True, color_system="standard")
