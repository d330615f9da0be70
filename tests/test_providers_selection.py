"""Which models fit what is asked for, in which order, and which ids a wrong one may mean."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from llm_reasonkit.openrouter.catalogue import Catalogue
from llm_reasonkit.openrouter.selection import (
    Ability,
    Order,
    Wanted,
    abilities,
    parse_tokens,
    select,
)
from llm_reasonkit.providers import model_rows
from tests.catalogue_rows import models, row

MODELS = models(
    row("acme/old", "0.000003", "0.000015", created=100, context=200_000),
    row("acme/new", "0.0000025", "0.00001", created=300, context=1_048_576),
    row("acme/plain", "0.0000001", "0.0000001", created=200, parameters=(), inputs=("text",)),
    row("acme/gift:free", "0", "0", created=50, context=32_000),
    row("acme/zero", "0", "0", created=40, context=32_000),
    row("openrouter/auto", "-1", "-1", created=10, context=2_000_000),
)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (Wanted(), "old new plain gift:free zero auto"),
        (Wanted(words="ACME new"), "new"),
        (Wanted(words="new by name"), "new"),
        (Wanted(words="openrouter/acme/new"), "new"),
        (Wanted(words="acme nothing"), ""),
        (Wanted(free=True), "gift:free"),
        (Wanted(free=False), "old new plain"),
        (Wanted(max_price=Decimal(10)), "new plain gift:free zero"),
        (Wanted(max_price=Decimal("9.999999")), "plain gift:free zero"),
        (Wanted(max_price=Decimal("0.1")), "plain gift:free zero"),
        (Wanted(max_price=Decimal(0)), "gift:free zero"),
        (Wanted(context=200_000), "old new auto"),
        (Wanted(context=200_001), "new auto"),
        (Wanted(supports=frozenset({Ability.IMAGES})), "old new gift:free zero auto"),
        (Wanted(words="plain", supports=frozenset({Ability.TOOLS})), ""),
        (Wanted(order=Order.NEWEST), "new plain old gift:free zero auto"),
        (Wanted(order=Order.CONTEXT), "auto new old plain gift:free zero"),
        (Wanted(order=Order.PRICE), "gift:free zero plain new old auto"),
    ],
)
def test_filters_and_order(wanted: Wanted, found: str) -> None:
    """Each filter keeps what fits, unknown prices never fit a limit, and sorting is stable."""
    ids = [model.id.partition("/")[2] for model in select(MODELS, wanted)]

    assert ids == found.split()


@pytest.mark.parametrize(
    ("parameters", "inputs", "expected"),
    [
        (("tools",), ("text",), ["tools"]),
        (("structured_outputs",), ("text",), ["schema"]),
        (("response_format",), ("text",), []),
        (("reasoning", "include_reasoning"), ("text",), ["reasoning"]),
        ((), ("text", "image"), ["images"]),
    ],
)
def test_abilities(parameters: list[str], inputs: list[str], expected: list[str]) -> None:
    """What a model supports comes from its parameters and inputs."""
    (model,) = models(row("a/b", parameters=parameters, inputs=inputs))

    assert abilities(model) == expected


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("128000", 128_000),
        ("128_000", 128_000),
        ("128,000", 128_000),
        ("128k", 128_000),
        ("128K", 128_000),
        (" 1M ", 1_000_000),
        ("1.5m", 1_500_000),
        ("0", 0),
    ],
)
def test_numbers_of_tokens(text: str, tokens: int) -> None:
    """Thousands and millions may be written as such."""
    assert parse_tokens(text) == tokens


@pytest.mark.parametrize("text", ["", "k", "-1", "12x", "1e6", "1 k", "many", "1.2.3k", "∞"])
def test_no_number_of_tokens(text: str) -> None:
    """Anything else is refused by name."""
    with pytest.raises(ValueError, match="is not a number of tokens; give one such as 128k or 1M"):
        parse_tokens(text)


KNOWN = Catalogue(
    [
        row("anthropic/claude-sonnet-4", created=100),
        row("anthropic/claude-sonnet-4.5", created=200),
        row("anthropic/claude-sonnet-4.5:batch", created=200),
        row("anthropic/claude-opus-4", created=100),
        row("google/gemini-2.5-flash", created=100),
        row("google/gemini-3-flash-preview", created=200),
        row("google/gemini-3-pro", created=200),
        row("meta-llama/llama-3.3-70b-instruct", created=100),
        row("openai/gpt-4o", created=100),
        row("openai/gpt-4o-mini", created=100),
        row("openai/gpt-4o:batch", created=100),
    ]
)


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("claude-sonnet-4", ["anthropic/claude-sonnet-4"]),
        ("Anthropic/CLAUDE-Sonnet-4", ["anthropic/claude-sonnet-4"]),
        ("openrouter/anthropic/claude-sonnet-4.5", ["anthropic/claude-sonnet-4.5"]),
        ("antropic/claude-sonnet-4.5", ["anthropic/claude-sonnet-4.5"]),
        ("anthropic/claude-sonet-4", ["anthropic/claude-sonnet-4"]),
        # retired names: the newest of the family, in whatever order its name is written
        (
            "anthropic/claude-3.5-sonnet",
            ["anthropic/claude-sonnet-4.5", "anthropic/claude-sonnet-4"],
        ),
        (
            "google/gemini-2.0-flash-001",
            ["google/gemini-3-flash-preview", "google/gemini-2.5-flash"],
        ),
        ("google/gemini-1.5-pro", ["google/gemini-3-pro"]),
        # a variant that is not there: the model itself, then its other variants
        ("meta-llama/llama-3.3-70b-instruct:free", ["meta-llama/llama-3.3-70b-instruct"]),
        ("openai/gpt-4o:free", ["openai/gpt-4o", "openai/gpt-4o:batch"]),
        ("anthropic/claude-sonnet-4:batch", ["anthropic/claude-sonnet-4"]),
        ("anthropic/claude-sonnet-3:batch", ["anthropic/claude-sonnet-4.5:batch"]),
    ],
)
def test_nearest_ids(wrong: str, right: list[str]) -> None:
    """Wrong case, author, spelling, a retired name or a missing variant lead to what there is."""
    assert KNOWN.nearest(wrong)[: len(right)] == right


@pytest.mark.parametrize("wrong", ["", "/", ":", "4.5", "-", "zzzzzz/qqqqqq"])
def test_nearest_to_nothing(wrong: str) -> None:
    """What is like nothing gets at most what it asks for, and never an error."""
    assert len(KNOWN.nearest(wrong)) <= 3


@pytest.mark.parametrize(
    ("more", "must_reason", "efforts", "expires"),
    [
        ({}, False, (), None),
        ({"reasoning": {"mandatory": True, "supported_efforts": ["low"]}}, True, ("low",), None),
        ({"reasoning": {"mandatory": False}}, False, (), None),
        ({"reasoning": "yes", "expiration_date": "soon"}, False, (), None),
        ({"expiration_date": "2026-12-31"}, False, (), "2026-12-31"),
        ({"expiration_date": "2026-12-31T00:00:00Z"}, False, (), "2026-12-31"),
    ],
)
def test_reasoning_and_end(
    more: dict[str, Any], must_reason: bool, efforts: tuple[str, ...], expires: str | None
) -> None:
    """A row says whether reasoning can be turned off, how hard, and when the model goes."""
    (model,) = models(row("a/b", **more))

    assert (model.must_reason, model.efforts) == (must_reason, efforts)
    assert (model.expires and model.expires.isoformat()) == expires


def test_a_day_that_cannot_be_is_unknown() -> None:
    """A server that counts milliseconds where seconds are meant does not spoil the list."""
    (found,) = model_rows(models(row("acme/new", created=1_700_000_000_000)))
    assert found.added is None
