"""Runs of several stages: side by side, after one another, and the synthesis last."""

from __future__ import annotations

import asyncio
from typing import Any

from llm_reasonkit.engine.ports import Call
from llm_reasonkit.errors import CallError
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
    assert '"protocol": "fact", "findings": {"answer": "scattering"}, "checks": []' in prompt
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


async def test_only_the_synthesis_is_streamed_as_the_answer():
    """The answer of a stage before it is a step like any other to whoever watches."""
    run = Run(plan("fact"))
    await run.go()
    assert run.watcher.answer == "text of synthesis.answer"
    assert ("text", "fact.answer", "text of fact.answer") in run.watcher.events
