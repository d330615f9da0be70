"""What a trace has of the calls of a run, and that a result does not depend on who came first."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from llm_reasonkit.engine.budget import Budget, Spent
from llm_reasonkit.engine.ledger import Ledger
from llm_reasonkit.engine.ports import Call, ModelFacts, Recorded
from llm_reasonkit.engine.replay import Absent, Past, WholePast, base_of, spent_on
from llm_reasonkit.engine.runner import Runner
from llm_reasonkit.errors import CallError
from llm_reasonkit.reasoning.limits import Limits, Price
from llm_reasonkit.reasoning.result import Cost, Result, StepResult, Tokens
from tests.scripted import START, Clock, Run, protocol, without_schema

STEPS: dict[str, Any] = {
    "first": {"prompt": "{% if not thinks %}Think. {% endif %}First."},
    "facts": {"prompt": "Facts.", "output": {"facts": [{"text": "str"}]}},
    "each": {"prompt": "Each {{ item }}", "for_each": ["a", "b"]},
    "links": {"check": "links", "with": {"text": "first", "given": "material"}},
    "more": {"check": "links", "with": {"text": "each", "given": "material"}},
    "answer": {
        "prompt": "{{ first }}{{ facts }}{{ each }}{{ links }}{{ more }}",
        "optional": ["facts"],
    },
}
SCRIPTS: dict[str, Any] = {
    "facts": {"facts": [{"text": "see https://example.org/no"}]},
    "first": "see https://example.org/nowhere",
}


def calls_of(run: Run) -> dict[str, Recorded]:
    """What the trace of a run holds, as a store gives it back."""
    begun = {call.step.id: call for call in run.trace.begun}
    return {
        step.id: replace(
            begun.get(step.id) or (reply and reply.taken) or Recorded(step),
            step=step,
            text=reply.text if reply else None,
            finish_reason=reply.finish_reason if reply else None,
        )
        for step, reply in zip(run.trace.steps, run.trace.replies, strict=True)
    }


def again(run: Run, past: Past, scripts: Mapping[str, Any] | None = None, **start: Any) -> Run:
    """The same run once more, with a past."""
    other = Run(run.plan, scripts)
    earlier = past.calls if start else None
    started = replace(other.ledger.start, **start)
    other.ledger = Ledger(started, other.trace, other.watcher, Clock(), earlier)
    budget = Budget(Limits())
    other.runner = Runner(run.recipe, run.plan, other.ledger, other.caller, budget, past)
    return other


def comparable(result: Result) -> dict[str, Any]:
    found = result.model_dump(mode="json", exclude={"duration_ms"})
    for step in found["steps"]:
        for key in ("started", "duration_ms", "turn_id"):
            del step[key]
    return found


# Order


@pytest.mark.parametrize("last", ["first", "facts", "each[1]", "each[2]"])
async def test_the_result_is_the_same_whoever_comes_last(last: str):
    """Steps, checks, warnings, what is missing, and the prompts of later steps have the order of
    the plan, not of the replies."""
    scripts = {**SCRIPTS, "each[1]": CallError("gone"), "facts": CallError("gone")}
    calm = Run(protocol(STEPS), scripts)
    expected = comparable(await calm.go())

    async def late(call: Call) -> Any:
        for _ in range(50):
            await asyncio.sleep(0)
        return scripts.get(call.step, f"text of {call.step}")

    run = Run(protocol(STEPS), {**scripts, last: late})
    assert comparable(await run.go()) == expected
    assert run.caller.prompt_of("answer") == calm.caller.prompt_of("answer")
    assert expected["status"] == "partial"


# What is known of a call before it is made


async def test_a_call_is_in_the_trace_before_it_is_made():
    """If the process dies in the middle of it, it is known that it may be billed, and how much."""
    seen: list[Recorded] = []
    run = Run(protocol({"answer": {"prompt": "x", "max_tokens": 100}}))
    run.caller.known["main"] = ModelFacts("m", price=Price(Decimal("0.01"), Decimal("0.02")))

    def script(call: Call) -> str:
        seen.extend(run.trace.begun)
        return "yes"

    run.caller.scripts["answer"] = script
    await run.go()
    (call,) = seen
    assert (call.step.id, call.step.status, call.step.model) == ("answer", "running", "m")
    assert call.step.cost == Cost(unknown_calls=1)
    assert call.most_tokens is not None
    assert call.most_usd == Decimal("0.01") * (call.most_tokens - 100) + Decimal(2)


async def test_a_free_call_under_way_costs_nothing():
    """Nobody has to wonder about what a call of a free model may have cost."""
    run = Run(protocol({"answer": {"prompt": "x"}}))
    run.caller.known["main"] = ModelFacts("m", price=Price(Decimal(0), Decimal(0)))
    await run.go()
    assert run.trace.begun[0].step.cost == Cost(usd=Decimal(0), source="computed")


async def test_a_prompt_is_known_again_whatever_the_model():
    """The hash does not change with a model that reasons or that needs its form in words, but
    with the words of the step, of the system prompt and with the form."""

    async def hashes(
        *, steps: Any = STEPS, system: str | None = None, **facts: Any
    ) -> dict[str, str]:
        run = Run(protocol(steps), SCRIPTS, system=system)
        run.caller.known["main"] = ModelFacts("m", **facts)
        await run.go()
        return {call.step: call.prompt_hash for call in run.caller.calls}

    usual = await hashes(constrains_output=True)
    assert await hashes(reasons=True) == usual
    assert len(set(usual.values())) == 5
    assert not set(usual.values()) & set((await hashes(system="Be brief.")).values())
    form = STEPS | {"facts": {"prompt": "Facts.", "output": {"facts": [{"word": "str"}]}}}
    other = await hashes(steps=form, constrains_output=True)
    # The answer reads what came out in that form.
    assert {step for step in usual if usual[step] != other[step]} == {"facts", "answer"}


# Going on


async def test_what_has_a_reply_is_not_asked():
    """A run that goes on takes all replies from its trace, each with its own times and cost."""
    first = Run(protocol(STEPS), SCRIPTS)
    expected = await first.go()
    second = again(first, Past(calls_of(first)), is_resumed=True)
    second.clock.seconds = 100
    result = await second.go()
    assert second.caller.calls == []
    assert comparable(result) == comparable(expected)
    calls = [step for step in result.steps if step.kind == "prompt"]
    assert calls == [step for step in expected.steps if step.kind == "prompt"]
    assert "".join(event[1] for event in second.watcher.events if event[0] == "answer")


@pytest.mark.parametrize(
    ("change", "asked"),
    [({"text": None}, ["each[2]"]), ({"prompt_hash": "other"}, ["each[2]"]), ({}, [])],
)
async def test_what_is_missing_is_asked(change: dict[str, Any], asked: list[str]):
    """A call without a reply, and one that is put in other words now, is made."""
    first = Run(protocol(STEPS), SCRIPTS)
    await first.go()
    calls = calls_of(first)
    calls["each[2]"] = replace(calls["each[2]"], **change)
    second = again(first, Past(calls), is_resumed=True)
    await second.go()
    assert [call.step for call in second.caller.calls] == asked


@pytest.mark.parametrize(
    ("anew", "asked"),
    [
        ("each", {"each[1]", "each[2]", "answer"}),
        ("each[2]", {"each[2]", "answer"}),
        ("answer", {"answer"}),
    ],
)
async def test_a_step_is_asked_anew(anew: str, asked: set[str]):
    """The step or the one item, and what reads something else then."""
    first = Run(protocol(STEPS), SCRIPTS)
    await first.go()
    second = again(first, Past(calls_of(first), anew=anew), {"each[2]": "new", "each[1]": "new"})
    await second.go()
    assert {call.step for call in second.caller.calls} == asked


async def test_a_second_attempt_is_taken_too():
    """A reply that could not be read, and the one that was asked for again, are both there."""
    scripts = {**SCRIPTS, "facts": ["no object", SCRIPTS["facts"]]}
    first = Run(protocol(STEPS), scripts)
    without_schema(first.caller)
    expected = await first.go()
    second = again(first, Past(calls_of(first)), is_resumed=True)
    assert comparable(await second.go()) == comparable(expected)
    assert second.caller.calls == []


async def test_what_a_call_cost_before_is_added():
    """A call that is made again costs what both took; unknown stays unknown."""
    first = Run(protocol(STEPS), SCRIPTS)
    await first.go()
    calls = calls_of(first)
    lost = calls["each[2]"].step.model_copy(
        update={"cost": Cost(unknown_calls=1), "tokens": Tokens(), "status": "running"}
    )
    failed = calls["each[1]"].step.model_copy(
        update={"cost": Cost(usd=Decimal("0.5"), source="billed"), "status": "failed"}
    )
    calls["each[2]"] = replace(calls["each[2]"], step=lost, text=None, most_usd=Decimal(3))
    calls["each[1]"] = replace(calls["each[1]"], step=failed, text=None)
    second = again(first, Past(calls), is_resumed=True)
    await second.go()
    steps = second.steps()
    assert steps["each[2]"].cost == Cost(usd=Decimal("0.001"), source="billed", unknown_calls=1)
    assert steps["each[1]"].cost == Cost(usd=Decimal("0.501"), source="billed")
    assert steps["each[1]"].tokens == Tokens(input=20, output=10)
    begun = {call.step.id: call for call in second.trace.begun}
    assert begun["each[2]"].most_usd == Decimal(3)


async def test_what_was_not_come_to_again_stays_in_the_record():
    """A run that is interrupted once more loses nothing of what its first part paid for."""
    first = Run(protocol(STEPS), SCRIPTS)
    await first.go()
    calls = calls_of(first)
    calls["answer"] = replace(
        calls["answer"], step=calls["answer"].step.model_copy(update={"status": "running"})
    )
    calls["first"] = replace(calls["first"], text=None)
    asked = asyncio.Event()

    async def hang(call: Call) -> str:
        asked.set()
        await asyncio.Event().wait()
        return "never"

    second = again(first, Past(calls), {"first": hang}, is_resumed=True)
    task = asyncio.create_task(second.go())
    await asked.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    result = second.ledger.result
    assert result is not None
    found = {step.id: step.status for step in result.steps}
    assert (found["first"], found["answer"], found["each[1]"]) == (
        "interrupted",
        "interrupted",
        "done",
    )
    assert result.cost == Cost(usd=Decimal("0.005"), source="billed", unknown_calls=1)


def test_what_was_spent():
    """Known cost as it is, unknown as what was set aside; only calls with a reply are calls."""

    def call(cost: Cost | None, text: str | None, **more: Any) -> Recorded:
        step = StepResult(
            id="s", name="s", kind="prompt", status="done", started=START, cost=cost, **more
        )
        return Recorded(step, text=text, most_usd=Decimal(2), most_tokens=70)

    known, unknown = Cost(usd=Decimal("0.5"), source="billed"), Cost(unknown_calls=1)
    counted = {"tokens": Tokens(input=10, output=5)}
    assert spent_on(
        [
            call(known, "a", **counted),
            call(known, "b", attempt=2),
            call(unknown, None),
            call(replace_cost(known), "c", **counted),
            call(None, None),
        ]
    ) == Spent(usd=Decimal("5.0"), tokens=15 + 3 * 70, calls=3, repeats=1)


def replace_cost(cost: Cost) -> Cost:
    """A cost of which one try is unknown."""
    return cost.model_copy(update={"unknown_calls": 1})


# Replaying


async def test_no_call_is_made():
    """A whole past says what was not asked and why, and what failed; models need not be there."""
    scripts = {**SCRIPTS, "each[1]": CallError("no such model", code="model_not_found")}
    first = Run(protocol(STEPS), scripts, limits=Limits(tokens=900))
    expected = await first.go()
    past = WholePast(calls_of(first))
    second = again(first, past)
    absent = Absent({"main": first.caller.facts("main")})
    budget = Budget(Limits())
    second.runner = Runner(first.recipe, first.plan, second.ledger, absent, budget, past)
    result = await second.go()
    assert comparable(result) == comparable(expected)
    assert past.differences == []


async def test_a_call_that_is_new_is_told():
    """What is not in the trace is neither asked nor made up."""
    first = Run(protocol(STEPS), SCRIPTS)
    await first.go()
    calls = calls_of(first)
    del calls["each[2]"]
    past = WholePast(calls)
    result = await again(first, past).go()
    assert result.status == "partial"
    assert past.differences == [
        "each[2]: the trace has no such call",
        "answer: it is asked in other words",
    ]


async def test_nobody_is_asked_in_place_of_models_that_are_gone():
    """Facts are there, replies and bills are not."""
    facts = ModelFacts("m")
    absent = Absent({"main": facts})
    assert absent.facts("critic") == facts
    assert await absent.bill("answer") == Cost()
    with pytest.raises(CallError, match="no such call"):
        await absent.call(Call("answer", "main", "x", 100), print)


@pytest.mark.parametrize(
    ("step", "base"), [("a.b", "a.b"), ("a.b[2]", "a.b"), ("a.b[12]#2", "a.b"), ("b#2", "b")]
)
def test_the_step_of_an_item(step: str, base: str):
    """Items and second attempts belong to a step."""
    assert base_of(step) == base
