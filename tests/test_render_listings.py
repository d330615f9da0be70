"""Lists for the terminal: runs, protocols, profiles, and a protocol's graph."""

from __future__ import annotations

import io
import math
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from rich.console import Console, RenderableType

from llm_reasonkit.reasoning.plan import plan_protocol
from llm_reasonkit.reasoning.protocol import Protocol
from llm_reasonkit.reasoning.result import Cost
from llm_reasonkit.render.listings import (
    ProtocolEntry,
    RunsTable,
    profiles_table,
    protocol_page,
    protocols_table,
)
from llm_reasonkit.store.browse import RunSummary

WIDTHS = [60, 80, 99, 100, 140, 200]
PROTOCOL = Protocol.model_validate(
    {
        "protocol": "mine",
        "title": "Mine [bold]own[/bold]",
        "summary": "Splits\x1b[31m and joins.",
        "inputs": {"sources": "optional"},
        "settings": {"claims": 8},
        "steps": {
            "claims": {"prompt": "Find claims.", "output": {"claims": [{"text": "str"}, 8]}},
            "rival": {"prompt": "Find a rival.", "role": "critic", "effort": "low"},
            "proof": {
                "for_each": "claims.claims",
                "at_most": "settings.claims",
                "role": "verifier",
                "prompt": "{{ item }} {{ rival }}",
            },
            "verdict": {"when": "proof", "prompt": "{{ proof }} {{ rival }}"},
        },
        "answer": "verdict",
    }
)


def shown(renderable: RenderableType, width: int) -> str:
    """Render as the command line does, to text."""
    file = io.StringIO()
    Console(file=file, width=width, highlight=False, emoji=False, markup=False).print(renderable)
    return file.getvalue()


def run(**fields: Any) -> RunSummary:
    """A run as the log lists it."""
    given = {
        "run_id": "01kdwj",
        "short_id": "k3f9",
        "title": "Should we use microservices for a team of six people?",
        "command": "think",
        "protocol": None,
        "profile": "balanced",
        "status": "done",
        "model": "openai/gpt-4o",
        "confidence": math.nan,
        "confidence_kind": "none",
        "confidence_basis": None,
        "cost": Cost(usd=Decimal("0.0123"), source="billed"),
        "started": datetime(2026, 1, 15, 12, tzinfo=UTC),
        "duration_ms": 12_300,
    }
    return RunSummary(**{**given, **fields})


@pytest.mark.parametrize("width", WIDTHS)
def test_runs_keep_what_matters_at_any_width(width: int) -> None:
    """Id, day, cost and the question's beginning are there; nothing is too wide."""
    text = shown(RunsTable([run()]), width)
    for part in ("k3f9", "2026-01-15", "✓", "$0.0123", "Should we use"):
        assert part in text
    assert max(map(len, text.splitlines())) <= width


def test_a_wide_list_says_more() -> None:
    """With room there are the profile, the status in words and the time."""
    text = shown(RunsTable([run(), run(status="stopped_by_budget", protocol="bedrock")]), 120)
    for part in ("balanced", "bedrock", "✓ done", "! stopped by budget", "12.3 s"):
        assert part in text
    assert "balanced" not in shown(RunsTable([run()]), 80)


def test_runs_that_did_not_end_or_whose_cost_is_unknown() -> None:
    """A run without an end is unfinished; an unknown cost is not 0."""
    text = shown(RunsTable([run(status=None, duration_ms=None, cost=Cost(unknown_calls=2))]), 120)
    assert "… unfinished" in text
    assert "unknown" in text
    assert "$0" not in text


def test_hostile_titles_are_plain_words() -> None:
    """A title is cleaned, kept on its line and never read as markup."""
    text = shown(RunsTable([run(title="\x1b[2J[red]a[/red]\n\x9b1mb\u202e")]), 140)
    assert "[red]a[/red] b" in text
    assert all(char.isprintable() or char == "\n" for char in text)


@pytest.mark.parametrize("width", WIDTHS)
def test_protocols_are_listed_with_their_calls(width: int) -> None:
    """Name, title, number of steps, most calls and origin stand in a row."""
    text = shown(protocols_table([ProtocolEntry(PROTOCOL, 11, "shipped")]), width)
    row = text.splitlines()[2].split()
    assert row[0] == "mine"
    assert row[-4:] == ["4", "≤", "11", "shipped"]
    assert max(map(len, text.splitlines())) <= width


def test_profiles_are_listed_with_their_stages() -> None:
    """Each profile names what it runs and the most calls."""
    text = shown(profiles_table({"quick": plan_protocol(PROTOCOL)}), 80)
    assert "quick" in text
    assert "≤ 11" in text


def test_a_protocol_page_shows_the_graph() -> None:
    """Steps stand in waves, with whom they ask, for what, when, and what they read."""
    text = shown(protocol_page(ProtocolEntry(PROTOCOL, 11, "/home/me/mine.yaml")), 140)
    rows = [" ".join(line.split()) for line in text.splitlines()]
    assert rows[:2] == ["Mine [bold]own[/bold] mine", "Splits and joins."]
    for row in (
        "sources optional",
        "settings claims = 8",
        "answer verdict",
        "calls at most 11, without re-asks",
        "from /home/me/mine.yaml",
        "1 claims asks main",
        "rival asks critic, low effort",
        "2 proof asks verifier, for each of claims.claims, at most settings.claims claims, rival",
        "3 verdict asks main, when proof proof, rival",
    ):
        assert row in rows


@pytest.mark.parametrize("width", WIDTHS)
def test_a_protocol_page_fits_its_width(width: int) -> None:
    """Nothing runs over the right edge."""
    text = shown(protocol_page(ProtocolEntry(PROTOCOL, 11, "shipped")), width)
    assert max(map(len, text.splitlines())) <= width
