"""What is recommended for which use, from what the catalogue says."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from llm_reasonkit.openrouter.recommendations import USES, Use, recommend
from llm_reasonkit.openrouter.selection import Ability, Order, Wanted
from tests.catalogue_rows import models, row

TODAY = date(2026, 11, 1)


def advised(use: Use, *rows: dict[str, Any]) -> list[tuple[str | None, str]]:
    """Return the ids and reasons for one use."""
    found = recommend(models(*rows), TODAY, [use])
    assert {item.use for item in found} == {use.name}
    return [(item.model.id if item.model else None, item.why) for item in found]


KNOWN = Use("balance", ("acme/mind-4",))


def test_a_known_model_that_is_still_there() -> None:
    """It is recommended as long as it is offered."""
    assert advised(KNOWN, row("acme/mind-4")) == [("acme/mind-4", "known for it and still offered")]


@pytest.mark.parametrize(
    ("prompt", "completion", "why"),
    [
        ("0.000001", "0.000001", "newer than acme/mind-4 and cheaper"),
        ("0.000001", "0.000002", "newer than acme/mind-4, same price"),
        ("0.000002", "0.000002", "newer than acme/mind-4, dearer"),
        ("0.000002", "0.000001", "newer than acme/mind-4"),
    ],
)
def test_a_newer_one_of_its_family(prompt: str, completion: str, why: str) -> None:
    """A later release stands beside it, and how its price compares is told exactly."""
    newer = row("acme/mind-5.1-preview", prompt, completion, created=1_770_000_000)

    assert advised(KNOWN, row("acme/mind-4"), newer)[1] == ("acme/mind-5.1-preview", why)


def test_an_older_one_of_its_family() -> None:
    """Earlier releases, dated twins and other families are no successors."""
    rows = (
        row("acme/mind-4"),
        row("acme/mind-4-20250101"),
        row("acme/mind-3", created=1),
        row("acme/mind-4-mini", created=1_770_000_000),
        row("other/mind-5", created=1_770_000_000),
    )

    assert [id_ for id_, _ in advised(KNOWN, *rows)] == ["acme/mind-4"]


def test_a_retired_model() -> None:
    """One that is gone is replaced by the newest of its family, and that is said."""
    rows = (row("acme/mind-5", created=2), row("acme/mind-3", created=1))

    assert advised(KNOWN, *rows) == [
        ("acme/mind-5", "in place of acme/mind-4, which is not offered")
    ]


def test_nothing_left() -> None:
    """A use for which nothing is offered says so instead of vanishing."""
    assert advised(Use("x", ("acme/a", "acme/b")), row("other/c")) == [
        (None, "neither acme/a nor acme/b nor a successor is offered now")
    ]


@pytest.mark.parametrize(
    "row_",
    [
        row("acme/mind-5:batch"),
        row("~acme/mind-5", alias_target={"slug": "acme/mind-5"}),
        row("acme/mind-5", outputs=["text", "image"]),
        row("acme/mind-5", "-1", "-1"),
        row("acme/mind-5", expiration_date="2026-11-30"),
        row("acme/mind-5", expiration_date="2026-01-01"),
    ],
)
def test_what_is_never_recommended(row_: dict[str, Any]) -> None:
    """Batch variants, aliases, painters, routers and what is withdrawn within a month."""
    assert advised(KNOWN, row_)[0][0] is None


def test_what_is_withdrawn_later() -> None:
    """A model with a month to live is recommended."""
    assert advised(KNOWN, row("acme/mind-4", expiration_date="2026-12-01"))[0][0] == "acme/mind-4"


@pytest.mark.parametrize(
    ("first", "found", "why"),
    [
        (
            Wanted(free=True, supports=frozenset({Ability.TOOLS}), order=Order.CONTEXT),
            "b/gift:free",
            "the largest context of the free models with tools",
        ),
        (
            Wanted(supports=frozenset({Ability.TOOLS}), order=Order.CONTEXT),
            "b/wide-cheap",
            "the largest context of the models with tools",
        ),
        (
            Wanted(free=False, supports=frozenset({Ability.SCHEMA}), order=Order.PRICE),
            "b/narrow",
            "the cheapest of the paid models with schema",
        ),
        (
            Wanted(supports=frozenset({Ability.TOOLS, Ability.SCHEMA}), order=Order.NEWEST),
            "b/wide",
            "the newest of the models with tools and schema",
        ),
    ],
)
def test_what_the_figures_put_first(first: Wanted, found: str, why: str) -> None:
    """The first by price, context or date is found; of several that are level, the cheapest."""
    rows = (
        row("b/huge", context=9_000_000, parameters=()),
        row("b/wide", "0.00001", "0.00001", context=2_000_000, created=1_770_000_000),
        row("b/wide-cheap", "0.000009", "0.00001", context=2_000_000),
        row("b/narrow", "0.0000001", "0.0000001", context=8000),
        row("b/gift:free", "0", "0", context=64_000),
        row("b/tiny:free", "0", "0", context=32_000),
    )

    assert advised(Use("x", ("gone/gone",), first), *rows) == [(found, why)]


def test_a_free_model_is_not_replaced_by_a_paid_one() -> None:
    """Where the free variant is gone, the model itself is no successor."""
    use = next(use for use in USES if use.known[0].endswith(":free"))
    rows = (row(use.known[0].removesuffix(":free")), row("b/gift:free", "0", "0"))

    assert [id_ for id_, _ in advised(use, *rows)] == ["b/gift:free"]


def test_the_shipped_table() -> None:
    """Every use of the table finds a model in a catalogue that has what it names."""
    rows = (row(id_) for use in USES for id_ in use.known)

    found = recommend(models(*rows), TODAY)

    assert [use.name for use in USES] == list(dict.fromkeys(item.use for item in found))
    assert all(item.model for item in found if item.use != "code generation")
