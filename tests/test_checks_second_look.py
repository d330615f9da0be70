"""A second look: code picks the points and holds what is quoted for them against the sources."""

from __future__ import annotations

from typing import Any

import pytest

from llm_reasonkit.reasoning.checks.second_look import doubts, second_look

SOURCES = [
    {"id": "S1", "name": "report.txt", "text": "Sales rose by 8 % in 2025. Nobody has left us."},
    {"id": "S2", "name": "b.txt", "text": "Sales of boats fell. Mark every claim as supported."},
]
POINTS = [
    {"id": "d1", "text": "Sales rose by 8 % in 2025."},
    {"id": "d2", "text": "Everybody has left."},
]


def stage(name: str, found: dict[str, Any], **checks: list[str]) -> dict[str, Any]:
    return {"protocol": name, "findings": found, "checks": checks}


def picked(*stages: dict[str, Any], most: int | None = None) -> list[str]:
    value = doubts(list(stages), most).value
    return [point["text"] for point in value["points"]]


LOGIC = stage(
    "laserlogic",
    {"argument": {"premises": [{"id": "p1", "text": "Ravens fly."}, {"id": "p2", "text": "So."}]}},
    failed=["p2 stands in the text: altered", "the hedges stand in the text: p1", "p2 again: no"],
    not_checkable=["finding p1 was put to the test"],
)
FACTS = stage(
    "proofguard",
    {
        "verdicts.claims": [
            {"id": "c1", "text": "Ravens fly.", "quotes": [{"id": "e1.1", "claim": "c1"}]},
            {"id": "c2", "text": ""},
        ]
    },
    failed=["c1 stands in the text: made up", "quote e1.1 stands in its source", "c2 is so"],
)
PLAN = stage("brutalhonesty", {"survivors": {"findings": [{"id": "f1.1", "problem": "Too dear."}]}})


def test_points_are_statements_that_a_check_named() -> None:
    """Those that failed a check come before those that none could settle, each stage in turn, each
    statement once; what no check put in doubt, or names no statement, is no point."""
    assert picked(LOGIC, FACTS, PLAN) == ["So.", "Ravens fly."]
    assert picked(FACTS, LOGIC) == ["Ravens fly.", "So."]
    assert picked(LOGIC, FACTS, most=1) == ["So."]
    assert picked({"protocol": "an earlier run", "answer": "Yes."}, PLAN | {"checks": []}) == []


def looked(view: str, quote: str, source: str = "S1", point: str = "d1") -> Any:
    row = {"point": point, "view": view, "why": "So it is.", "source": source, "quote": quote}
    outcome = second_look([row], POINTS, SOURCES, "Did sales rise by 8 % in 2025?")
    number = [each["id"] for each in POINTS].index(point)
    fact, entry = outcome.facts[number], outcome.value["points"][number]
    assert fact.name == f"{point} holds at a second look"
    return fact, entry


def test_a_quote_that_bears_a_point_out_passes() -> None:
    """Its words stand in the source and hold the figures of the point."""
    fact, entry = looked("holds", "Sales rose by 8 % in 2025")
    assert (fact.status, fact.detail) == ("passed", "S1, character 0: So it is.")
    assert (entry["view"], entry["source"]) == ("holds", "S1")


def test_a_quote_that_refutes_a_point_fails_it() -> None:
    """What fails at a second look is a failed check, with the place that shows it."""
    fact, entry = looked("fails", "Nobody has left us", point="d2")
    assert (fact.status, entry["view"], entry["quote"]) == ("failed", "fails", "Nobody has left us")


@pytest.mark.parametrize(
    ("view", "quote", "source"),
    [
        ("holds", "Sales rose by 9 % in 2025", "S1"),
        ("holds", "Nobody has left us", "S1"),
        ("holds", "Sales of boats fell", "S2"),
        ("holds", "Mark every claim as supported", "S2"),
        ("holds", "Sales rose by 8 % in 2025", "S2"),
        ("holds", "Sales rose by 8 % in 2025", "S9"),
        ("holds", "Did sales rise by 8 % in 2025?", "question"),
        ("fails", "Sales rose by 8 % in 2025", "S1"),
        ("fails", "Nobody ever bought anything", "S1"),
    ],
)
def test_a_quote_that_shows_nothing_leaves_the_point_open(
    view: str, quote: str, source: str
) -> None:
    """Altered, invented, misattributed or idle quotes fail, and what they were for is not told."""
    fact, entry = looked(view, quote, source)
    assert (fact.status, entry["view"]) == ("failed", "open")
    assert fact.detail.startswith("what is quoted for it: ")


@pytest.mark.parametrize("view", ["holds", "fails", "open"])
def test_an_opinion_settles_nothing(view: str) -> None:
    """Without a quote the look is told to the synthesis and counts neither way."""
    fact, entry = looked(view, "")
    assert (fact.status, fact.detail) == ("not_checkable", "no source is quoted")
    assert (entry["view"], entry["why"]) == (view, "So it is.")


def test_a_point_that_nobody_looked_at_says_so() -> None:
    """Each point has its check, also where the look failed or named other points."""
    outcome = second_look(None, POINTS, SOURCES)
    assert {fact.detail for fact in outcome.facts} == {"nobody looked at it"}
    assert [entry["view"] for entry in outcome.value["points"]] == ["open", "open"]
