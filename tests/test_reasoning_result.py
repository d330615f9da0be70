"""The result object: its JSON, and how costs, tokens and checks add up."""

from __future__ import annotations

import json
import math
from decimal import Decimal

import pytest
from pydantic import ValidationError

from llm_reasonkit.reasoning.result import (
    CheckItem,
    Checks,
    Confidence,
    Cost,
    ModelUse,
    Result,
    StepResult,
    StepStatus,
    Tokens,
    confidence_from_checks,
    count_checks,
    count_models,
    shortfall,
    total_cost,
    total_tokens,
)
from tests.scripted import START


def billed(usd: str) -> Cost:
    return Cost(usd=Decimal(usd), source="billed")


def test_money_is_exact_and_plain_in_json():
    """Sums of small prices stay exact, and JSON never shows an exponent."""
    cost = total_cost([billed("0.0000001"), billed("0.0000002")])
    assert cost.model_dump_json() == (
        '{"usd":"0.0000003","source":"billed","unknown_calls":0,"saved_usd":null}'
    )


def test_unknown_costs_are_counted_apart():
    """The sum is of what is known; calls without a figure are counted, not taken for free."""
    cost = total_cost([billed("0.5"), Cost(unknown_calls=1), Cost(), Cost(unknown_calls=2)])
    assert (cost.usd, cost.source, cost.unknown_calls) == (Decimal("0.5"), "billed", 4)


def test_a_sum_keeps_the_unknown_calls_of_its_parts():
    """A sum of sums counts the same unknown calls."""
    part = Cost(usd=Decimal(1), source="billed", unknown_calls=2)
    assert total_cost([part, part]).unknown_calls == 4


def test_one_computed_figure_makes_the_sum_computed():
    """A sum claims to be billed only where all of it is."""
    computed = Cost(usd=Decimal(1), source="computed")
    assert total_cost([billed("1"), computed]).source == "computed"
    assert total_cost([billed("1"), billed("0")]).source == "billed"


def test_nothing_known_is_no_figure():
    """Without any known cost there is no sum, and without any call nothing is unknown."""
    assert total_cost([Cost(), Cost()]) == Cost(unknown_calls=2)
    assert total_cost([]) == Cost()


def test_tokens_nobody_counted_stay_unknown():
    """Each count is summed over the parts that state it."""
    total = total_tokens([Tokens(input=1, cached=0), Tokens(input=2, output=3), Tokens()])
    assert total == Tokens(input=3, output=3, reasoning=None, cached=0)


def test_models_are_counted_by_what_answered():
    """The same model served by two providers is two uses, in order of appearance."""

    def call(provider: str | None) -> StepResult:
        return StepResult(
            id="a",
            name="a",
            kind="prompt",
            model="m",
            model_served=provider and "m-2026",
            provider=provider,
            status="done",
            started=START,
        )

    assert count_models([call("x"), call(None), call("x")]) == [
        ModelUse(asked="m", served="m-2026", provider="x", calls=2),
        ModelUse(asked="m", calls=1),
    ]


def test_checks_are_counted_in_order():
    """Counts by status, items as they came."""
    items = [
        CheckItem(step="a", name="one", status="passed"),
        CheckItem(step="a", name="two", status="failed"),
        CheckItem(step="b", name="three", status="not_checkable"),
        CheckItem(step="b", name="four", status="passed"),
    ]
    checks = count_checks(items)
    assert (checks.passed, checks.failed, checks.not_checkable) == (2, 1, 1)
    assert checks.items == items


def test_confidence_is_the_share_of_checks_with_a_verdict():
    """What could not be checked counts neither way, and is told."""
    confidence = confidence_from_checks(Checks(passed=3, failed=1, not_checkable=2))
    assert (confidence.overall, confidence.kind) == (0.75, "checks")
    assert confidence.basis == "3 of 4 checks passed, 2 not checkable"
    assert confidence_from_checks(Checks(passed=1)).basis == "1 of 1 checks passed"


def test_without_a_verdict_there_is_no_confidence():
    """Nothing counted is NaN with the kind `none`, never zero or one."""
    confidence = confidence_from_checks(Checks(not_checkable=5))
    assert confidence.kind == "none"
    assert math.isnan(confidence.overall)


@pytest.mark.parametrize(
    ("checks", "least", "text"),
    [
        (Checks(passed=4, failed=1), 0.8, None),
        (Checks(passed=19, failed=1), 0.95, None),
        (Checks(), 0.0, "a confidence of 0.0% was wanted, and nothing in this run can be counted"),
        (
            Checks(passed=3, failed=1),
            0.755,
            "a confidence of 75.5% was wanted, it is 75.0%: 3 of 4 checks passed",
        ),
    ],
)
def test_what_falls_short_is_said_with_its_basis(checks: Checks, least: float, text: str | None):
    """A share that is reached exactly is enough; one that is unknown never is."""
    assert shortfall(confidence_from_checks(checks), least) == text


def test_the_unknown_is_null_in_json_and_comes_back():
    """JSON knows no NaN: it travels as null and is NaN again when read."""
    written = Confidence().model_dump_json()
    assert json.loads(written)["overall"] is None
    assert math.isnan(Confidence.model_validate_json(written).overall)
    assert json.loads(Confidence(overall=0.5, kind="checks").model_dump_json())["overall"] == 0.5


def test_output_is_the_answer_or_empty():
    """`output` is always text."""
    result = Result(run_id="r", command="think", status="failed", question="q", started=START)
    assert result.output == ""
    assert result.model_copy(update={"answer": "yes"}).output == "yes"


def test_a_record_is_closed_and_fixed():
    """Keys that are not part of the format are refused, and nothing changes afterwards."""
    with pytest.raises(ValidationError):
        Tokens.model_validate({"input": 1, "total": 2})
    with pytest.raises(ValidationError):
        Tokens().input = 1  # type: ignore[misc]  # what is tested


@pytest.mark.parametrize(("status", "left"), [("running", "interrupted"), ("done", "done")])
def test_a_step_that_was_left_is_not_running(status: StepStatus, left: StepStatus) -> None:
    """A record that nobody goes on with reads as interrupted; one that has ended stays."""
    step = StepResult(id="a", name="a", kind="prompt", status=status, started=START)
    assert step.left_behind().status == left
