"""The JSON form of a result: its schema, what unknown looks like, and that it is safe to print."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, ValidationError

import llm_reasonkit
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
from llm_reasonkit.render.result_json import Listing, result_schema, to_json

STARTED = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
SHIPPED = Path(llm_reasonkit.__file__).with_name("result.schema.json")


def bare(**fields: Any) -> Result:
    """A result with nothing known but what it must have."""
    given = {"run_id": "r1", "command": "think", "status": "failed", "question": "Why?"}
    return Result(**{**given, "started": STARTED, **fields})


def whole() -> Result:
    """A result with every kind of content."""
    step = StepResult(
        id="gigathink.lenses[2]",
        name="lenses",
        kind="prompt",
        role="main",
        model="openrouter/openai/gpt-5",
        model_served="openai/gpt-5-2025-08-07",
        provider="OpenAI",
        status="done",
        output={"ideas": [{"text": "x", "weight": 0.5}], "odd": math.nan},
        tokens=Tokens(input=1, output=2),
        cost=Cost(usd=Decimal("1E-7"), source="billed"),
        started=STARTED,
        duration_ms=12,
        inputs=["gigathink.frame"],
    )
    checks = count_checks(
        [
            CheckItem(step="gigathink.links", name="ids exist", status="passed"),
            CheckItem(step="gigathink.links", name="quote", status="failed", detail="not there"),
        ]
    )
    return bare(
        status="done",
        answer="Because.",
        answer_kind="text",
        steps=[step],
        checks=checks,
        confidence=confidence_from_checks(checks),
        models=[ModelUse(asked="openrouter/openai/gpt-5", served="openai/gpt-5", calls=1)],
        cost=Cost(usd=Decimal("0.000000100000"), source="billed", unknown_calls=1),
        warnings=["one"],
    )


def test_shipped_schema_is_current() -> None:
    """The schema in the package is what the models of the result say."""
    assert json.loads(SHIPPED.read_text("utf-8")) == result_schema(), (
        "regenerate it: python -m llm_reasonkit.render.result_json > "
        "llm_reasonkit/result.schema.json"
    )


def test_shipped_schema_is_a_schema_with_descriptions() -> None:
    """It is valid draft 2020-12, and each object in it says what it is."""
    schema = json.loads(SHIPPED.read_text("utf-8"))
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["description"]
    assert all(part["description"] for part in schema["$defs"].values())


@pytest.mark.parametrize("result", [bare(), whole()], ids=["bare", "whole"])
def test_results_fit_the_schema(result: Result) -> None:
    """What is printed of a result is valid under the shipped schema."""
    schema = json.loads(SHIPPED.read_text("utf-8"))
    Draft202012Validator(schema).validate(json.loads(to_json(result)))


@pytest.mark.parametrize(
    ("key", "value"), [("cost", {"usd": 0.1}), ("status", "finished"), ("surprise", 1)]
)
def test_schema_refuses_what_is_never_printed(key: str, value: object) -> None:
    """A number for money, an unknown status or an unknown key is not valid."""
    validator = Draft202012Validator(json.loads(SHIPPED.read_text("utf-8")))
    printed = json.loads(to_json(bare()))
    with pytest.raises(ValidationError):
        validator.validate({**printed, key: value})


def test_schema_requires_every_key() -> None:
    """A reader can count on each key being there."""
    validator = Draft202012Validator(json.loads(SHIPPED.read_text("utf-8")))
    printed = json.loads(to_json(bare()))
    for key in printed:
        left = {other: value for other, value in printed.items() if other != key}
        assert not validator.is_valid(left), key


def test_unknown_is_null() -> None:
    """No answer, no confidence, no cost and no tokens are null, not 0, NaN or absent."""
    printed = json.loads(to_json(bare()), parse_constant=pytest.fail)
    assert printed["answer"] is None
    assert printed["confidence"]["overall"] is None
    assert printed["confidence"]["kind"] == "none"
    assert printed["cost"]["usd"] is None
    assert set(printed["tokens"].values()) == {None}
    assert printed["trace_id"] is None


def test_numbers_that_json_lacks_are_null_in_outputs() -> None:
    """A NaN inside a step's output does not make the document unreadable."""
    printed = json.loads(to_json(whole()), parse_constant=pytest.fail)
    assert printed["steps"][0]["output"]["odd"] is None


def test_money_is_a_decimal_string() -> None:
    """USD are written out in full, without exponent and without float."""
    printed = json.loads(to_json(whole()))
    assert printed["cost"]["usd"] == "0.0000001"
    assert printed["steps"][0]["cost"]["usd"] == "0.0000001"


def test_keys_stand_in_the_order_of_the_model() -> None:
    """The order never depends on the content."""
    assert list(json.loads(to_json(whole()))) == list(Result.model_fields)
    assert list(json.loads(to_json(bare()))) == list(Result.model_fields)


def test_json_is_safe_on_a_terminal_and_loses_nothing() -> None:
    """Controls and bidi tricks are written as escapes, other scripts as they are."""
    hostile = "Grüße 漢字 \x1b]52;c;AAAA\x07 \x9b31m \x7f \u202egnp.exe \u200b \U000e0041 \n"
    text = to_json(bare(question=hostile))
    assert json.loads(text)["question"] == hostile
    assert "Grüße 漢字" in text
    assert all(char.isprintable() or char == "\n" for char in text)


def test_listing_has_a_version_and_items() -> None:
    """A list is an object with a version, each item in its own full form."""
    items = [Confidence(), Cost(usd=Decimal("0.5"), source="billed")]
    printed = json.loads(to_json(Listing(items=items)))
    assert printed["schema_version"] == 1
    assert printed["items"][0]["kind"] == "none"
    assert printed["items"][1]["usd"] == "0.5"
