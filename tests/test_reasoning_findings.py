"""What a later stage is told of an earlier one."""

from __future__ import annotations

from llm_reasonkit.reasoning.findings import in_doubt, told
from llm_reasonkit.reasoning.plan import role_of_turn, turns_at
from llm_reasonkit.reasoning.protocol import Protocol
from llm_reasonkit.reasoning.result import CheckItem

CHECKS = [
    CheckItem(step="a", name="p1 stands in the text", status="failed", detail="made up " * 20),
    CheckItem(step="a", name="p2 stands in the text", status="passed"),
    CheckItem(step="a", name="the sums are right", status="not_checkable"),
]


def test_values_are_told_without_what_is_empty() -> None:
    """Counts of a check and empty parts are left out; 0 and false say something, and a step that
    left nothing behind is shown to be missing."""
    found = {
        "argument": {"premises": [{"id": "p1", "span": "", "sources": 0}], "failed": 2, "sums": []},
        "missing": None,
        "answer": "Yes.",
        "claims": [{"grounded": False, "tags": [], "note": None}],
    }
    assert told("laserlogic", found, [])["findings"] == {
        "argument": {"premises": [{"id": "p1", "sources": 0}]},
        "missing": None,
        "answer": "Yes.",
        "claims": [{"grounded": False}],
    }


def test_only_checks_in_doubt_are_told() -> None:
    """Those that failed and those that could not be made, a short line each."""
    lines = in_doubt(CHECKS)
    assert list(lines) == ["failed", "not_checkable"]
    assert lines["failed"][0].startswith("p1 stands in the text: made up made up")
    assert len(lines["failed"][0]) < 110
    assert lines["not_checkable"] == ["the sums are right"]


def test_models_of_a_role_are_told_apart_by_their_turn() -> None:
    """The first has the role's own name; they are counted by role."""
    roles = [role_of_turn("critic", turn) for turn in (1, 2, 3)]
    assert roles == ["critic", "critic[2]", "critic[3]"]
    assert turns_at([*roles, "main"]) == {"critic": 3, "main": 1}


def test_the_step_that_answers_is_known_through_the_check_of_its_links() -> None:
    """It is the model's own step where the answer is its text, checked or not; code's otherwise."""
    steps = {
        "say": {"prompt": "x"},
        "links": {"check": "links", "with": {"text": "say", "given": "material"}},
        "empty": {"check": "links", "with": {}},
        "report": {"check": "report", "with": {}},
        "nested": {"check": "links", "with": {"text": "report.text"}},
    }

    def answering(answer: str) -> str | None:
        data = {"protocol": "p", "title": "P", "summary": "P.", "steps": steps, "answer": answer}
        return Protocol.model_validate(data).answering

    assert answering("say") == answering("links.text") == "say"
    for answer in ("links.invented", "report.text", "nested.text", "empty.text"):
        assert answering(answer) is None
