"""The sums of an argument, worked out again: stated in figures, or read out of its words."""

from __future__ import annotations

import pytest

from llm_reasonkit.reasoning.checks.sums import sums
from tests.arguments import laserlogic, replies
from tests.scripted_model import failed, output_of

TEXT = "A box holds 12 eggs. With 3 boxes we have 40 eggs, 20% more than last year."


def statuses(stated: list[str], question: str = TEXT) -> dict[str, str]:
    return {fact.name: fact.status for fact in sums(stated, question).facts}


async def test_a_wrong_sum_is_caught_wherever_it_is_from() -> None:
    """What the question states in figures and what a model read out of it is worked out."""
    given = replies(["a1 -> a2", "a1"], "a2", sums=["12 * 3 = 40"])
    result = await laserlogic(given, f"{TEXT} So each of us gets 40 / 5 = 9. Is that right?")
    assert failed(result) == [
        "the sum 40 / 5 = 9 is right: 40 / 5 is 8, not 9",
        "the sum 12 * 3 = 40 is right: 12 * 3 is 36, not 40",
    ]
    assert output_of(result, "sums")["wrong"] == ["40 / 5 is 8, not 9", "12 * 3 is 36, not 40"]


async def test_a_right_sum_passes() -> None:
    """Right and rounded sums are no fault."""
    given = replies(["a1 -> a2", "a1"], "a2", sums=["12 * 3 = 36"])
    result = await laserlogic(given, "12 eggs in 3 boxes are 36. A third of it: 36 / 7 = 5.14.")
    assert failed(result) == []
    assert output_of(result, "sums")["wrong"] == []


def test_a_sum_that_nobody_stated_is_not_blamed_on_the_argument() -> None:
    """A model's own figures say nothing about the text it was given; small ones may be counts."""
    assert statuses(["(12 + 3) / 2 = 40"]) == {"the sum (12 + 3) / 2 = 40 is right": "failed"}
    assert statuses(["12 * 4 = 50"]) == {"the sum 12 * 4 = 50 is right": "not_checkable"}
    assert statuses(["2 + 2 = 5"]) == {"the sum 2 + 2 = 5 is right": "not_checkable"}


@pytest.mark.parametrize(
    ("stated", "status"),
    [
        ("12 * 3 = 40", "failed"),
        ("12 * three = 40", "not_checkable"),
        ("0.2 * 12 = 3", "failed"),
        ("20% * 40 = 12", "failed"),
    ],
)
def test_figures_are_found_as_percentages_too(stated: str, status: str) -> None:
    """20 per cent may be written 0.2; what cannot be read is not checkable."""
    assert list(statuses([stated]).values()) == [status]


def test_what_is_stated_twice_is_counted_once() -> None:
    """A model that copies a sum out of the question adds nothing; nor does `3 = 3`."""
    assert len(statuses(["12*3=40", "3 = 3"], f"{TEXT} 12 * 3 = 40, 12 * 3 = 40.")) == 1


def test_sums_stand_in_sources_too() -> None:
    """Figures count that stand in any text that was given."""
    outcome = sums(["7 * 8 = 54"], "Is it so?", [{"id": "S1", "text": "7 rows of 8 are 54."}])
    assert [fact.status for fact in outcome.facts] == ["failed"]
