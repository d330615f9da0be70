"""The shipped profiles: what they cost and how they treat doubt, on a question worked by hand."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

import pytest

from llm_reasonkit.engine.estimate import Given, estimate
from llm_reasonkit.engine.ports import Call, ModelFacts
from llm_reasonkit.reasoning.limits import Price
from llm_reasonkit.reasoning.result import Result
from tests.scripted_model import LIBRARY, ScriptedCaller, plan_of, run
from tests.worked_example import QUESTION, REPLIES, SOURCE

# USD per token of a model priced like Claude Sonnet 4.
PRICE = Price(prompt=Decimal("0.000003"), completion=Decimal("0.000015"))
MOST_USD = Decimal("0.09")


def spoilt(replies: Mapping[str, Any]) -> dict[str, Any]:
    """The same replies with quotes that stand nowhere, so that fewer checks pass."""
    made = json.loads(json.dumps(replies))
    for premise in made["laserlogic.extraction"]["premises"]:
        premise["span"] = f"never said {premise['span']}"
    for claim in made["proofguard.extraction"]["claims"]:
        claim["span"] = f"nor this {claim['span']}"
    return dict(made)


async def balanced(
    replies: Mapping[str, Any], sources: Sequence[str] = ()
) -> tuple[Result, ScriptedCaller]:
    caller = ScriptedCaller(replies)
    return await run("balanced", QUESTION, caller, sources), caller


def tokens(caller: ScriptedCaller) -> Iterator[tuple[Call, int, int]]:
    """Each call with its tokens in and out, at four characters to a token, schemas included."""
    for call, reply in zip(caller.calls, caller.texts, strict=True):
        asked = f"{call.system}{call.prompt}{json.dumps(call.schema) if call.schema else ''}"
        yield call, len(asked) // 4, len(reply) // 4


def usd(caller: ScriptedCaller) -> Decimal:
    """What the calls cost."""
    return sum((PRICE.at_most(asked, told) for _, asked, told in tokens(caller)), Decimal(0))


def names(caller: ScriptedCaller) -> list[str]:
    return [call.step for call in caller.calls]


@pytest.mark.parametrize(
    ("replies", "sources", "calls"),
    [
        (REPLIES, [], 8),
        (spoilt(REPLIES), [], 9),
        (REPLIES, [SOURCE], 10),
        (spoilt(REPLIES), [SOURCE], 11),
    ],
)
async def test_a_balanced_run_is_affordable(
    replies: Mapping[str, Any], sources: list[str], calls: int
) -> None:
    """At $3 and $15 per million tokens a question of 500 tokens costs less than $0.09, also where
    checks fail and somebody has to look again, with a source of one page, and with both."""
    result, caller = await balanced(replies, sources)
    assert result.status == "done"
    assert len(caller.calls) == calls <= 12
    assert usd(caller) < MOST_USD


async def test_the_estimate_agrees_with_the_run() -> None:
    """What is foreseen for a balanced run, before any was made, is what it takes within a fifth."""
    facts = ModelFacts("m", constrains_output=True, price=PRICE)
    found = estimate(plan_of("balanced"), Given(QUESTION), lambda role: facts, {})
    _, caller = await balanced(spoilt(REPLIES))
    assert found.calls == len(caller.calls)
    assert found.usd is not None
    assert abs(found.usd / usd(caller) - 1) < Decimal("0.2")
    assert found.usd < MOST_USD


async def test_a_second_look_is_taken_where_checks_fail() -> None:
    """A balanced run has somebody look again below 80 %, once, before the synthesis."""
    _, sure = await balanced(REPLIES)
    result, unsure = await balanced(spoilt(REPLIES))
    assert "verify.look" not in names(sure)
    assert names(unsure)[-2:] == ["verify.look", "synthesis.answer"]
    assert next(call for call in unsure.calls if call.step == "verify.look").role == "verifier"
    assert any("a confidence of 80.0% was wanted" in text for text in result.warnings)


async def test_a_second_look_counts_where_it_quotes_a_source() -> None:
    """A point that a source bears out is one more check that passed; an opinion settles nothing."""
    result, caller = await balanced(spoilt(REPLIES), [SOURCE])
    found = {i.name: i for i in result.checks.items if i.step == "verify.looked"}
    passed = found.pop("d4 holds at a second look")
    assert (passed.status, passed.detail[:2]) == ("passed", "S1")
    assert {item.status for item in found.values()} == {"not_checkable"}
    assert '"view": "holds", "why": "The report gives just these figures."' in caller.prompt_of(
        "synthesis"
    )


async def test_the_synthesis_hears_what_failed() -> None:
    """It is shown each finding whose check failed, and none of the checks that passed."""
    result, caller = await balanced(spoilt(REPLIES))
    prompt = caller.prompt_of("synthesis")
    failed = [item for item in result.checks.items if item.status == "failed"]
    before = [item for item in failed if not item.step.startswith("synthesis")]
    assert before
    for item in before:
        assert json.dumps(f"{item.name}: {item.detail}", ensure_ascii=False)[:80] in prompt
    for item in result.checks.items:
        if item.status == "passed" and not item.step.startswith("synthesis"):
            assert f'"{item.name}' not in prompt


async def test_a_second_answer_is_given_blind() -> None:
    """What `sample` answers it answers without the findings, with the question and its sources."""
    caller = ScriptedCaller({"laserlogic.extraction": spoilt(REPLIES)["laserlogic.extraction"]})
    await run("decide", QUESTION, caller, [SOURCE])
    prompt = caller.prompt_of("second_answer")
    assert QUESTION in prompt
    assert "connection pool has 100 connections" in prompt
    assert "Found so far" not in prompt
    assert "Words about second_answer." in caller.prompt_of("synthesis")


@pytest.mark.parametrize(
    ("name", "least", "below"),
    [
        ("quick", 0.70, "warn"),
        ("balanced", 0.80, "verify"),
        ("deep", 0.85, "verify"),
        ("paranoid", 0.95, "verify"),
        ("decide", 0.80, "sample"),
        ("scientific", 0.85, "verify"),
        ("powercombo", 0.85, "verify"),
    ],
)
def test_each_profile_says_how_sure_it_has_to_be(name: str, least: float, below: str) -> None:
    """The least confidence of a profile, and what it does below it, are data."""
    profile = LIBRARY.profiles()[name]
    assert (profile.min_confidence, profile.below) == (least, below)


@pytest.mark.parametrize("name", ["quick", "balanced"])
def test_a_limit_of_calls_leaves_room_for_the_plan(name: str) -> None:
    """A profile that promises a number of calls can be carried out within it, and once more."""
    plan = plan_of(name)
    assert plan.limits.calls is not None
    assert plan.largest_number_of_calls() < plan.limits.calls


@pytest.mark.parametrize("name", list(LIBRARY.profiles()))
async def test_prompts_begin_alike(name: str) -> None:
    """All steps of a run that show the question with its sources begin with the same bytes, so that
    a provider's prompt cache can serve them."""
    caller = ScriptedCaller()
    await run(name, QUESTION, caller, [SOURCE])
    whole = [call for call in caller.calls if "Your task in this step:" in call.prompt]
    beginning = whole[0].prompt.split("Your task in this step:")[0]
    assert len(beginning) > len(QUESTION) + len(SOURCE)
    assert all(call.prompt.startswith(beginning) for call in whole)
    assert len({call.system for call in caller.calls}) == 1
    assert len(whole) >= len(caller.calls) - 3
