"""What is wrong with a value, in words that say what it must be."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from llm_reasonkit.reasoning.mistakes import mistake


class Values(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str = ""
    count: int = Field(default=3, ge=1, lt=10)
    price: Decimal = Field(default=Decimal(1), gt=0)
    share: float = Field(default=0.5, le=1)
    on: bool = False
    some: list[str] = Field(default_factory=lambda: ["a"], min_length=1, max_length=2)
    by_name: dict[str, int] = Field(default_factory=dict)
    route: Literal["fast", "cheap"] = "fast"
    code: bytes = b""

    @field_validator("name")
    @classmethod
    def _no_blanks(cls, value: str) -> str:
        if " " in value:
            raise ValueError("give a name without blanks")
        return value


class Price(BaseModel):
    prompt: Decimal


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("name", 3, "name must be text"),
        ("name", "a b", "name: give a name without blanks"),
        ("count", "many", "count must be a whole number"),
        ("count", 1.5, "count must be a whole number"),
        ("count", 0, "count must be 1 or more"),
        ("count", 10, "count must be less than 10"),
        ("price", "x", "price must be a number"),
        ("price", 0, "price must be more than 0"),
        ("share", None, "share must be a number"),
        ("share", 2, "share must be 1 or less"),
        ("on", "perhaps", "on must be true or false"),
        ("some", "a", "some must be a list"),
        ("some", [], "some must be a list of 1 or more"),
        ("some", ["a", "b", "c"], "some must be a list of 2 or less"),
        ("by_name", 1, "by_name must be a group of keys"),
        ("route", "slow", "route must be 'fast' or 'cheap'"),
        ("code", 1, "code must be something else (Input should be a valid bytes)"),
        ("nmae", 1, "there is no nmae"),
    ],
)
def test_a_mistake_in_plain_words(name: str, value: Any, said: str) -> None:
    """Each kind of mistake says what the value must be."""
    with pytest.raises(ValidationError) as caught:
        Values.model_validate({name: value})
    assert mistake(name, caught.value.errors()[0]) == said


def test_what_is_missing() -> None:
    """A value that is needed and not there is missing."""
    with pytest.raises(ValidationError) as caught:
        Price.model_validate({})
    assert mistake("prices.x.prompt", caught.value.errors()[0]) == "prices.x.prompt is missing"
