"""Runs of several stages: side by side, after one another, and the synthesis last."""

from __future__ import annotations

import asyncio
import json
from decimal import Decimal
from typing import Any

import pytest

from llm_reasonkit.engine.ports import Call, ModelFacts, Search
from llm_reasonkit.errors import CallError
from llm_reasonkit.reasoning.limits import Limits, Price
from llm_reasonkit.reasoning.plan import Plan, plan_profile
from llm_reasonkit.reasoning.protocol import Profile
from tests.scripted import Run, protocol

LOOK = protocol(
    {
        "look": {"prompt": "Look at {{ settings.what }}."},
        "links": {"check": "links", "with": {"text": "look", "given": "material"}},
        "answer": {"prompt": "{{ look }}"},
    },
    settings={"what": "all"},
    findings=["look", "links"],
    protocol="look",
)
FACT = protocol({"answer": {"prompt": "Facts."}}, protocol="fact")
SYNTHESIS = protocol({"answer": {"prompt": "Sum up."}}, protocol="synthesis")


def plan(*stages: Any) -> Plan:
    profile = Profile.model_validate({"title": "t", "summary": "s", "protocols": stages})
    return plan_profile("mine", profile, {"look": LOOK, "fact": FACT, "synthesis": SYNTHESIS})


async def test_stages_run_side_by_side():
    """Neither of two stages can end before both have started."""
    barrier = asyncio.Barrier(2)

    async def meet(call: Call) -> str:
        await barrier.wait()
        return call.step

    run = Run(plan("look", "fact"), {"look.look": meet, "fact.answer": meet})
    result = await run.go()
    assert result.status == "done"
    assert result.answer == "text of synthesis.answer"
    assert result.profile == "mine"
    assert result.protocol is None


async def test_the_synthesis_comes_last_with_all_findings():
    """It gets what each stage found, with its checks, and no step runs that only led to the
    stage's own answer."""
    run = Run(plan("look", "fact"), {"look.look": "lights", "fact.answer": "scattering"})
    result = await run.go()
    assert [call.step for call in run.caller.calls] == [
        "look.look",
        "fact.answer",
        "synthesis.answer",
    ]
    prompt = run.caller.prompt_of("synthesis.answer")
    assert '"protocol": "look", "findings": {"look": "lights", "links": {' in prompt
    assert '"protocol": "fact", "findings": {"answer": "scattering"}, "checks": {}' in prompt
    assert [step.id for step in result.steps if step.kind == "check"] == ["look.links"]


async def test_a_stage_waits_for_those_it_names():
    """`after` brings the findings of just these stages; others go on meanwhile."""
    run = Run(plan("look", "fact", {"protocol": "fact", "after": ["look"]}), {"look.look": "seen"})
    await run.go()
    order = [call.step for call in run.caller.calls]
    assert order.index("fact-2.answer") > order.index("look.look")
    assert "seen" in run.caller.prompt_of("fact-2.answer")
    assert "Found so far" not in run.caller.prompt_of("fact.answer")
    assert "text of fact.answer" not in run.caller.prompt_of("fact-2.answer")


async def test_each_stage_has_its_own_settings():
    """The same protocol can run twice with different settings under different names."""
    run = Run(plan("look", {"protocol": "look", "settings": {"what": "little"}}))
    await run.go()
    assert "Look at all." in run.caller.prompt_of("look.look")
    assert "Look at little." in run.caller.prompt_of("look-2.look")


async def test_a_failed_stage_does_not_stop_the_others():
    """The synthesis answers from what is there, and the answer says what is not."""
    run = Run(plan("look", "fact"), {"look.look": CallError("gone", code="network")})
    result = await run.go()
    assert result.status == "partial"
    assert result.output.endswith("Missing from this answer: look.look (gone).")
    assert '"look": null' in run.caller.prompt_of("synthesis.answer")
    assert "text of fact.answer" in run.caller.prompt_of("synthesis.answer")


def doubtful(least: float) -> Plan:
    """A profile that has somebody look again where fewer checks passed than `least`."""
    profile = Profile.model_validate(
        {"title": "t", "summary": "s", "protocols": ["look"], "below": "fact"}
        | {"min_confidence": least}
    )
    return plan_profile("mine", profile, {"look": LOOK, "fact": FACT, "synthesis": SYNTHESIS})


ONE_OF_TWO = "See https://a.example and https://b.example"


@pytest.mark.parametrize(("least", "looks"), [(0.5, 0), (0.6, 1)])
async def test_a_second_look_is_taken_below_the_minimum_only(least: float, looks: int):
    """It sees what was found, the synthesis sees it, and it is taken once, whatever it finds."""
    run = Run(
        doubtful(least),
        {"look.look": ONE_OF_TWO, "fact.answer": "Seen again."},
        question="Is https://a.example right?",
    )
    result = await run.go()
    assert result.status == "done"
    assert [call.step for call in run.caller.calls].count("fact.answer") == looks
    assert ("Seen again." in run.caller.prompt_of("synthesis.answer")) == bool(looks)
    if looks:
        assert "https://b.example was not given" in run.caller.prompt_of("fact.answer")
        assert result.warnings == [
            "a confidence of 60.0% was wanted, it is 50.0%: 1 of 2 checks passed"
        ]
    else:
        skipped = run.steps()["fact.answer"]
        assert (skipped.status, skipped.error) == ("skipped", "not needed: 1 of 2 checks passed")
        assert '"protocol": "fact"' not in run.caller.prompt_of("synthesis.answer")
        assert result.warnings == []


async def test_nothing_counted_is_below_every_minimum():
    """Where no check came to a verdict somebody looks again, and the warning says why."""
    run = Run(doubtful(0.5), {"look.look": "Nothing to check."})
    result = await run.go()
    assert "fact.answer" in [call.step for call in run.caller.calls]
    assert result.warnings == [
        "a confidence of 50.0% was wanted, and nothing in this run can be counted"
    ]


async def test_a_failed_second_look_is_missing_only():
    """The synthesis answers without it and says so."""
    run = Run(doubtful(1.0), {"look.look": ONE_OF_TWO, "fact.answer": CallError("gone")})
    result = await run.go()
    assert result.status == "partial"
    assert "fact.answer (gone)" in result.output
    assert '"protocol": "fact"' not in run.caller.prompt_of("synthesis.answer")


async def test_without_an_answer_nothing_is_said_of_confidence():
    """A run that failed does not also fall short."""
    run = Run(doubtful(1.0), {"synthesis.answer": CallError("gone")})
    result = await run.go()
    assert not [text for text in result.warnings if "was wanted" in text]


SEARCH = protocol(
    {"search": {"prompt": "Search.", "web": True, "role": "searcher"}},
    answer="search",
    protocol="websearch",
)
PAGE = {"name": "https://a.example/p", "text": "The sky scatters blue light."}


async def test_what_a_search_finds_is_given_to_all():
    """Pages become sources after the user's own, seen by every step and every check."""
    run = Run(
        plan("look").after_search(SEARCH),
        {
            "websearch.search": json.dumps({"text": "Found one.", "pages": [PAGE]}),
            "look.look": "As https://a.example/p says.",
        },
        sources=[{"id": "S1", "name": "mine.txt", "text": "Mine."}],
    )
    result = await run.go()
    assert result.status == "done"
    search = run.caller.calls[0]
    assert (search.step, search.web, search.role) == ("websearch.search", True, "searcher")
    assert "scatters" not in search.prompt
    for step in ("look.look", "synthesis.answer"):
        prompt = run.caller.prompt_of(step)
        assert prompt.index("Mine.") < prompt.index("[S2]") < prompt.index(PAGE["text"])
        assert "Found one." not in prompt
    assert run.steps()["websearch.search"].output == {"text": "Found one.", "pages": [PAGE]}
    assert (result.checks.passed, result.checks.failed) == (1, 0)


@pytest.mark.parametrize(
    ("found", "warning"),
    [
        (json.dumps({"text": "Nothing.", "pages": []}), "the search of the web found nothing"),
        (CallError("gone"), "missing: websearch.search (gone)"),
    ],
)
async def test_a_search_in_vain_does_not_stop_the_run(found: str | CallError, warning: str):
    """The run goes on with what it was given, and says so."""
    run = Run(plan("look").after_search(SEARCH), {"websearch.search": found})
    result = await run.go()
    assert result.output.startswith("text of synthesis.answer")
    assert warning in result.warnings


async def test_a_search_is_reserved_with_its_fee():
    """What a search and its pages take at most has to fit; what it does take is given back."""
    search = Search(fee=Decimal("0.02"), tokens=1000)
    price = Price(prompt=Decimal("0.001"), completion=Decimal("0.001"))
    for usd, status in ((Decimal(3), "stopped_by_budget"), (Decimal(9), "done")):
        run = Run(
            plan("fact").after_search(SEARCH),
            {"websearch.search": json.dumps({"text": "x", "pages": [PAGE]})},
            limits=Limits(usd=usd),
        )
        run.caller.known["searcher"] = ModelFacts("s", price=price, search=search)
        assert (await run.go()).status == status


async def test_only_the_synthesis_is_streamed_as_the_answer():
    """The answer of a stage before it is a step like any other to whoever watches."""
    run = Run(plan("fact"))
    await run.go()
    assert run.watcher.answer == "text of synthesis.answer"
    assert ("text", "fact.answer", "text of fact.answer") in run.watcher.events
