"""The budget: reserved before each call, settled after it, never overspent."""

from __future__ import annotations

import asyncio
import random
from decimal import Decimal
from typing import Any

import pytest

from llm_reasonkit.engine.budget import Budget, LimitReached, Size
from llm_reasonkit.engine.fallback import FallbackCaller
from llm_reasonkit.engine.ports import Call, ModelFacts, Reply
from llm_reasonkit.engine.runner import Runner
from llm_reasonkit.errors import CallError
from llm_reasonkit.reasoning.limits import Limits, Price
from llm_reasonkit.reasoning.result import Cost, Tokens
from tests.scripted import Run, protocol

CENT = Price(prompt=Decimal(0), completion=Decimal("0.01"))
FREE = Price(prompt=Decimal(0), completion=Decimal(0))


def size(reply: int = 10, prompt: int = 5, least: int | None = None) -> Size:
    """A call of this size that cannot be made smaller unless `least` says so."""
    return Size(prompt=prompt, reply=reply, least_reply=reply if least is None else least)


def billed(usd: str) -> Cost:
    return Cost(usd=Decimal(usd), source="billed")


async def spend(budget: Budget, price: Price | None = CENT, **how: int) -> int:
    """Make a call that is never settled; return how long its reply may be."""
    async with budget.reserve(price, size(**how)) as reservation:
        return reservation.reply


async def ready() -> None:
    """Let every other task come to where it waits."""
    for _ in range(20):
        await asyncio.sleep(0)


# The budget by itself


async def test_what_is_reserved_stays_spent_until_it_is_settled() -> None:
    """Ten cents take two calls of five cents, and no third."""
    budget = Budget(Limits(usd=Decimal("0.10")))
    assert [await spend(budget, reply=5), await spend(budget, reply=5)] == [5, 5]
    with pytest.raises(LimitReached, match=r"budget of \$0.10 is used up: \$0.1 spent"):
        await spend(budget, reply=1)


async def test_the_bill_gives_back_what_was_not_used() -> None:
    """After a settled call there is room for what it did not cost."""
    budget = Budget(Limits(usd=Decimal("0.10")))
    async with budget.reserve(CENT, size(10)) as reservation:
        reservation.settle(billed("0.04"))
    assert await spend(budget, reply=6) == 6
    with pytest.raises(LimitReached):
        await spend(budget, reply=1)


@pytest.mark.parametrize(
    "cost", [Cost(unknown_calls=1), Cost(usd=Decimal("0.01"), source="billed", unknown_calls=1)]
)
async def test_an_unknown_cost_keeps_the_reservation(cost: Cost) -> None:
    """A call whose bill is missing, or the bill of one of its tries, counts as its worst case."""
    budget = Budget(Limits(usd=Decimal("0.10")))
    async with budget.reserve(CENT, size(10)) as reservation:
        reservation.settle(cost)
    with pytest.raises(LimitReached):
        await spend(budget, reply=1)


async def test_a_call_waits_for_those_in_flight() -> None:
    """What does not fit beside a running call is made when that one turns out cheaper."""
    budget = Budget(Limits(usd=Decimal("0.10")))
    async with budget.reserve(CENT, size(10)) as reservation:
        second = asyncio.create_task(spend(budget, reply=8))
        await ready()
        assert not second.done()
        reservation.settle(billed("0.02"))
    assert await second == 8


async def test_nothing_is_made_smaller_while_others_may_settle() -> None:
    """A call that could be shortened waits for its full length first."""
    budget = Budget(Limits(usd=Decimal("0.10")))
    async with budget.reserve(CENT, size(6)) as reservation:
        second = asyncio.create_task(spend(budget, reply=10, least=2))
        await ready()
        assert not second.done()
        reservation.settle(billed("0"))
    assert await second == 10


async def test_a_call_is_made_smaller_before_the_limit_is_reached() -> None:
    """With nothing in flight it gets what is left, down to its least length and not below."""
    budget = Budget(Limits(usd=Decimal("0.10")))
    await spend(budget, reply=6)
    assert await spend(budget, reply=10, least=4) == 4
    budget = Budget(Limits(usd=Decimal("0.10")))
    await spend(budget, reply=6)
    with pytest.raises(LimitReached, match=r"\$0.06 spent, the next call may cost \$0.05"):
        await spend(budget, reply=10, least=5)


async def test_the_prompt_counts_too() -> None:
    """A prompt that is too dear by itself leaves no room for any reply."""
    budget = Budget(Limits(usd=Decimal("0.10")))
    dear = Price(prompt=Decimal("0.02"), completion=Decimal(0))
    assert await spend(budget, dear, prompt=5, reply=10**6) == 10**6
    with pytest.raises(LimitReached):
        await spend(budget, dear, prompt=1)


async def test_free_models_may_go_on_when_nothing_is_left() -> None:
    """What costs nothing needs no budget in USD, and does not wait for anyone."""
    budget = Budget(Limits(usd=Decimal("0.10")))
    async with budget.reserve(CENT, size(10)):
        assert await spend(budget, FREE, reply=10**6) == 10**6
    assert await spend(budget, FREE, reply=10**6) == 10**6


async def test_a_model_of_unknown_price_stops_when_the_money_is_gone() -> None:
    """It cannot be reckoned beforehand, but what it was billed counts for the next call."""
    budget = Budget(Limits(usd=Decimal("0.10")))
    async with budget.reserve(None, size(10)) as reservation:
        reservation.settle(billed("0.10"))
    with pytest.raises(LimitReached, match=r"\$0.1 spent"):
        await spend(budget, None)


async def test_tokens_are_counted_in_and_out() -> None:
    """A budget in tokens takes what the provider counted, else the worst case."""
    budget = Budget(Limits(tokens=40))
    async with budget.reserve(FREE, size(10)) as reservation:
        reservation.settle(billed("0"), Tokens(input=4, output=6))
    async with budget.reserve(None, size(10)) as reservation:
        reservation.settle(billed("0"), Tokens(input=4))
    assert await spend(budget, FREE, reply=10) == 10
    text = "budget of 40 tokens is used up: 40 spent, the next call may take 6"
    with pytest.raises(LimitReached, match=text):
        await spend(budget, FREE, reply=1)


async def test_without_limits_nothing_waits() -> None:
    """A run without limits makes any number of calls of any size."""
    budget = Budget(Limits())
    assert await asyncio.gather(*(spend(budget, reply=10**9) for _ in range(50))) == [10**9] * 50


async def test_a_cancelled_call_stays_spent() -> None:
    """Nobody knows what a call cost that was broken off, so it counts as its worst case."""
    budget = Budget(Limits(usd=Decimal("0.10")))

    async def hang() -> None:
        async with budget.reserve(CENT, size(10)):
            await asyncio.Event().wait()

    task = asyncio.create_task(hang())
    await ready()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    with pytest.raises(LimitReached):
        await spend(budget, reply=1)


async def test_a_call_cancelled_while_it_waits_spends_nothing() -> None:
    """Whoever gives up waiting leaves the budget to the others."""
    budget = Budget(Limits(usd=Decimal("0.10")))
    async with budget.reserve(CENT, size(8)):
        waiting = asyncio.create_task(spend(budget, reply=5))
        await ready()
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
    assert await spend(budget, reply=2) == 2


async def test_a_further_try_is_set_aside_too() -> None:
    """Another try that may be billed is allowed only if its worst case fits beside the first, and
    stays spent until the bill for all of them is known."""
    budget = Budget(Limits(usd=Decimal("0.25"), tokens=1000))
    async with budget.reserve(CENT, size(10)) as reservation:
        assert [reservation.again(), reservation.again()] == [True, False]
    assert await spend(budget, reply=5) == 5
    with pytest.raises(LimitReached, match=r"\$0.25 spent"):
        await spend(budget, reply=1)
    async with (budget := Budget(Limits(usd=Decimal("0.25")))).reserve(CENT, size(10)) as again:
        assert again.again()
        again.settle(billed("0.12"))
    assert await spend(budget, reply=13) == 13


async def test_one_call_is_kept_for_the_answer() -> None:
    """Of five calls four may be any, and the last one only the one that answers."""
    budget = Budget(Limits(calls=5), planned=9)
    for _ in range(4):
        await spend(budget, FREE)
    text = "the limit of 5 calls is used up: 4 made, one is kept for the answer"
    with pytest.raises(LimitReached, match=text):
        await spend(budget, FREE)
    async with budget.reserve(FREE, size(), is_answer=True):
        pass
    with pytest.raises(LimitReached, match=r"the limit of 5 calls is used up: 5 made$"):
        async with budget.reserve(FREE, size(), is_answer=True):
            pass


@pytest.mark.parametrize(("most", "repeats"), [(9, 0), (11, 2), (5, 0), (None, 4)])
async def test_repeats_take_what_the_plan_leaves(most: int | None, repeats: int) -> None:
    """No reply is asked for again with a call that the plan may need."""
    budget = Budget(Limits(calls=most), planned=9)
    assert sum(budget.take_repeat() for _ in range(4)) == repeats


async def test_a_call_that_is_not_made_is_not_counted() -> None:
    """One that money does not allow, or that is given up while it waits, leaves its place."""
    budget = Budget(Limits(usd=Decimal("0.10"), calls=3))
    with pytest.raises(LimitReached, match="budget of"):
        await spend(budget, reply=11)
    async with budget.reserve(CENT, size(8)):
        waiting = asyncio.create_task(spend(budget, reply=5))
        await ready()
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
    assert await spend(budget, FREE) == 10


@pytest.mark.parametrize("seed", range(5))
async def test_fifty_calls_racing_never_overspend(seed: int) -> None:
    """Whatever they cost and however they end, the bills and what is unknown stay within."""
    chance = random.Random(seed)
    budget = Budget(Limits(usd=Decimal("0.50")))
    spent, in_flight, most = Decimal(0), Decimal(0), Decimal(0)

    async def call() -> None:
        nonlocal spent, in_flight, most
        wanted = size(chance.randint(1, 20), least=1)
        async with budget.reserve(CENT, wanted) as reservation:
            in_flight += reservation.reply * CENT.completion
            most = max(most, spent + in_flight)
            for _ in range(chance.randint(1, 9)):
                await asyncio.sleep(0)
            in_flight -= reservation.reply * CENT.completion
            cost = CENT.completion * chance.randint(0, reservation.reply)
            if chance.random() < 0.2:
                spent += CENT.completion * reservation.reply
                raise CallError("broken")
            spent += cost
            reservation.settle(Cost(usd=cost, source="billed"))

    ended = await asyncio.gather(*(call() for _ in range(50)), return_exceptions=True)
    assert most <= Decimal("0.50")
    assert Decimal("0.48") < spent <= Decimal("0.50")
    assert {type(error) for error in ended if error} <= {CallError, LimitReached}


# A run and its budget

STEPS: dict[str, Any] = {
    "first": {"prompt": "x", "max_tokens": 100},
    "second": {"prompt": "{{ first }}", "max_tokens": 100},
    "answer": {"prompt": "{{ second }}", "max_tokens": 100},
}
FORM = {
    "claims": {"prompt": "List.", "output": {"claims": ["str"]}, "max_tokens": 100},
    "answer": {"prompt": "{{ claims }}", "max_tokens": 100},
}


def priced(steps: dict[str, Any], usd: str | None, scripts: Any = None, **limits: Any) -> Run:
    """A run on a model whose replies cost a cent a token."""
    money = None if usd is None else Decimal(usd)
    run = Run(protocol(steps), scripts, limits=Limits(usd=money, **limits))
    run.caller.known["main"] = ModelFacts("dear", constrains_output=True, price=CENT)
    return run


def reply(text: str, cost: Cost) -> Reply:
    return Reply(text, "dear", cost=cost, tokens=Tokens(input=10, output=10), finish_reason="stop")


async def test_a_run_at_its_limit_keeps_what_it_has() -> None:
    """It ends as stopped, with the steps that were made, the reason, and no call after it."""
    run = priced(STEPS, "1.50", {"first": reply("one", billed("1.40"))})
    result = await run.go()
    assert (result.status, result.answer) == ("stopped_by_budget", None)
    assert {step.id: step.status for step in result.steps} == {
        "first": "done",
        "second": "stopped_by_budget",
        "answer": "skipped",
    }
    assert result.steps[0].output == "one"
    assert result.cost == billed("1.40")
    assert result.warnings == [
        "the budget of $1.50 is used up: $1.4 spent, the next call may cost $0.25"
    ]
    assert [call.step for call in run.caller.calls] == ["first"]


async def test_after_the_limit_steps_beside_it_are_not_asked_either() -> None:
    """Of many items those that fit are made; one that does not fit ends the others."""
    steps = {
        "each": {"prompt": "{{ item }}", "for_each": ["a", "b", "c", "d"], "max_tokens": 100},
        "answer": {"prompt": "{{ each }}", "max_tokens": 100},
    }
    unknown = Cost(unknown_calls=1)
    run = priced(steps, "2.00", {f"each[{n}]": reply("x", unknown) for n in range(1, 5)})
    result = await run.go()
    assert result.status == "stopped_by_budget"
    assert [step.status for step in result.steps].count("stopped_by_budget") == 3
    assert len(run.caller.calls) == 2
    assert result.cost == Cost(unknown_calls=2)


async def test_what_still_fits_is_made() -> None:
    """After one call was too dear, cheaper ones and free ones go on, and the answer says so."""
    steps: dict[str, Any] = {
        "dear": {"prompt": "x", "max_tokens": 400},
        "cheap": {"prompt": "x", "max_tokens": 60},
        "free": {"prompt": "x", "max_tokens": 400, "role": "critic"},
        "answer": {
            "prompt": "{{ dear }} {{ cheap }} {{ free }}",
            "max_tokens": 20,
            "optional": ["dear", "cheap", "free"],
        },
    }
    run = priced(steps, "0.90", {name: reply("x", billed("0.01")) for name in steps})
    run.caller.known["critic"] = ModelFacts("free", price=FREE)
    result = await run.go()
    assert {call.step for call in run.caller.calls} == {"cheap", "free", "answer"}
    assert result.status == "stopped_by_budget"
    assert result.output.startswith("x\n\nNot every step was made for this answer: the budget of")


async def test_a_limit_of_calls_leaves_an_answer() -> None:
    """Steps that no call is left for are missing from the answer, which is made all the same."""
    steps: dict[str, Any] = {
        "each": {"prompt": "{{ item }}", "for_each": ["a", "b", "c", "d"]},
        "answer": {"prompt": "{{ each }}"},
    }
    run = Run(protocol(steps), limits=Limits(calls=3))
    result = await run.go()
    assert [call.step for call in run.caller.calls] == ["each[1]", "each[2]", "answer"]
    assert result.status == "stopped_by_budget"
    assert result.warnings[0] == (
        "the limit of 3 calls is used up: 2 made, one is kept for the answer"
    )
    assert result.output.startswith("text of answer\n\nNot every step was made")


@pytest.mark.parametrize(("calls", "status"), [(2, "failed"), (3, "done")])
async def test_a_reply_is_asked_for_again_only_with_a_call_to_spare(
    calls: int, status: str
) -> None:
    """Where the plan may need all calls, a reply that does not fit its form is left as it is."""
    run = Run(protocol(FORM), {"claims": "no object", "claims#2": {"claims": []}})
    budget = Budget(Limits(calls=calls), run.plan.largest_number_of_calls())
    runner = Runner(run.recipe, run.plan, run.ledger, run.caller, budget)
    result = await runner.run()
    assert result.status == status
    assert len(run.caller.calls) == calls - (calls == 2)
    told = "no call was left to ask again" in " ".join(result.warnings)
    assert told == (status == "failed")


async def test_a_reply_is_bounded_by_what_is_left() -> None:
    """The last call is told to be shorter, rather than not made."""
    run = priced(STEPS, "1.80", {"first": reply("one", billed("1.00"))})
    await run.go()
    assert [call.max_tokens for call in run.caller.calls[:2]] == [100, 80]


async def test_asking_again_is_reserved_too() -> None:
    """A reply that does not fit its form is not asked for again with money that is not there."""
    run = priced(FORM, "1.10", {"claims": reply("no object", billed("1.00"))})
    result = await run.go()
    assert result.status == "stopped_by_budget"
    assert [call.step for call in run.caller.calls] == ["claims"]
    assert run.steps()["claims"].status == "failed"
    assert run.steps()["claims#2"].status == "stopped_by_budget"


@pytest.mark.parametrize(("was_billed", "calls"), [(False, 2), (True, 1)])
async def test_a_call_that_failed_for_free_gives_all_of_it_back(
    was_billed: bool, calls: int
) -> None:
    """Tokens and money come back only where it is certain that nothing was charged."""
    steps = {
        "first": {"prompt": "x", "max_tokens": 100},
        "answer": {"prompt": "{{ first }}", "max_tokens": 100, "optional": ["first"]},
    }
    for budget in ({"usd": "1.10"}, {"usd": None, "tokens": 1000}):
        run = priced(steps, scripts={"first": CallError("no", billed=was_billed)}, **budget)
        result = await run.go()
        assert len(run.caller.calls) == calls
        assert result.cost.unknown_calls == int(was_billed)


async def test_what_a_failed_call_was_billed_counts() -> None:
    """A reply that broke off has a price like any other, once it is known."""
    error = CallError("broke off")
    error.usd = Decimal("0.30")
    steps = {
        "first": {"prompt": "x", "max_tokens": 100},
        "answer": {"prompt": "{{ first }}", "max_tokens": 100, "optional": ["first"]},
    }
    run = priced(steps, "1.30", {"first": error, "answer": reply("yes", billed("1.00"))})
    result = await run.go()
    assert (result.status, result.cost) == ("partial", billed("1.30"))


@pytest.mark.parametrize(("usd", "calls"), [("1.00", ["main"]), ("2.00", ["main", "main 2"])])
async def test_a_stand_in_is_asked_within_the_budget(usd: str, calls: list[str]) -> None:
    """After a failure that may be billed the next model is asked only if it fits as well."""
    run = Run(protocol({"answer": {"prompt": "x", "max_tokens": 100}}))
    caller = run.caller
    for role in ("main", "main 2"):
        caller.known[role] = ModelFacts(role, price=CENT)
    caller.scripts["answer"] = [CallError("broke off"), reply("yes", billed("0.10"))]
    chain = FallbackCaller(caller, {"main": ["main", "main 2"]})
    budget = Budget(Limits(usd=Decimal(usd)))
    runner = Runner(run.recipe, run.plan, run.ledger, chain, budget)
    await runner.run()
    assert [call.role for call in caller.calls] == calls


async def test_what_goes_along_with_the_prompt_is_reckoned() -> None:
    """An attached image takes room in the budget; no prompt takes more than the model reads."""
    run = Run(protocol(STEPS), limits=Limits(tokens=3000))
    run.caller.known["main"] = ModelFacts("m", attached_tokens=50_000)
    assert (await run.go()).status == "stopped_by_budget"
    run = Run(protocol(STEPS), limits=Limits(tokens=3000))
    run.caller.known["main"] = ModelFacts("m", attached_tokens=50_000, context_length=2000)
    assert (await run.go()).status == "done"


async def test_time_runs_out() -> None:
    """A call in flight is broken off and booked as unknown; what was done stays."""
    asked = asyncio.Event()

    async def hang(call: Call) -> str:
        asked.set()
        await asyncio.Event().wait()
        return "never"

    run = Run(protocol(STEPS), {"second": hang}, limits=Limits(seconds=0.05))
    result = await run.go()
    assert asked.is_set()
    assert (result.status, result.answer) == ("stopped_by_budget", None)
    assert result.warnings == ["the budget of 0.05 seconds is used up"]
    assert {step.id: step.status for step in result.steps} == {
        "first": "done",
        "second": "stopped_by_budget",
    }
    assert run.steps()["second"].cost == Cost(unknown_calls=1)


async def test_the_bill_of_a_call_that_ran_out_of_time_is_asked_for() -> None:
    """What its provider tells in time stands in the record in place of unknown."""

    async def hang(call: Call) -> str:
        await asyncio.Event().wait()
        return "never"

    run = Run(protocol(STEPS), {"second": hang}, limits=Limits(seconds=0.05))
    run.caller.bills["second"] = billed("0.07")
    result = await run.go()
    assert run.steps()["second"].cost == billed("0.07")
    assert result.cost == billed("0.071")


async def test_cancelled_again_nobody_waits_for_bills() -> None:
    """A second Ctrl-C ends the run at once, with what is unknown marked as such."""
    asking = asyncio.Event()

    async def hang(call: Call) -> str:
        await asyncio.Event().wait()
        return "never"

    run = Run(protocol(STEPS), {"first": hang})

    async def bill(step: str) -> Cost:
        asking.set()
        await asyncio.Event().wait()
        return billed("1")

    run.caller.bill = bill
    task = asyncio.create_task(run.go())
    await ready()
    task.cancel()
    await asking.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert run.ledger.result is not None
    assert run.ledger.result.status == "interrupted"
    assert run.ledger.result.cost == Cost(unknown_calls=1)


async def test_time_that_suffices_changes_nothing() -> None:
    """A run that is done in time is done."""
    run = Run(protocol(STEPS), limits=Limits(seconds=60))
    assert (await run.go()).status == "done"
