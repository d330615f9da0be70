"""Members of a panel: who is asked when, who is cancelled, and what a member's trouble does."""

from __future__ import annotations

import asyncio
import itertools
import random
from dataclasses import replace
from decimal import Decimal

import pytest

from llm_reasonkit.engine.ports import Call, ModelFacts
from llm_reasonkit.errors import CallError
from llm_reasonkit.reasoning.answers import AnswerForm
from llm_reasonkit.reasoning.limits import Limits, Price
from llm_reasonkit.reasoning.result import Cost, Result, Tokens
from llm_reasonkit.reasoning.voting import Rule
from tests.scripted_panel import NAMES, Held, PanelRun, cut_off, final


def votes(result: Result) -> list[str | None]:
    return [vote.canonical for vote in result.votes]


async def test_all_members_are_in_flight_together() -> None:
    """No member waits for another: all six calls have begun before the first reply comes."""
    held = Held(dict.fromkeys(range(1, 7), "2"))
    run = PanelRun([held.script(number) for number in range(1, 7)])
    work = asyncio.create_task(run.go())
    await held.until(6)
    for number in range(1, 7):
        held.release(number)
    assert (await work).agreement.leading == 6  # type: ignore[union-attr]


async def test_members_are_blind() -> None:
    """Each member is asked the same, and nothing that another said."""
    run = PanelRun([final(2), final(3), final(4)])
    await run.go()
    assert len({call.prompt for call in run.caller.calls}) == 1
    assert "Final answer" in run.caller.calls[0].prompt


@pytest.mark.parametrize(
    ("trouble", "status"),
    [
        (CallError("no reply for 30 seconds", code="timeout"), "failed: no reply for 30 seconds"),
        (CallError("rate limited", code="rate_limited"), "failed: rate limited"),
        (CallError("no such model", code="not_found"), "failed: no such model"),
        ("", "failed: the reply was empty"),
        ("I'm sorry, but I can't help with that.", "no vote: refused"),
        (cut_off("Let me count them. The first"), "no vote: cut off"),
        ("<think>Final answer: 3</think>", "no vote: nothing but hidden reasoning"),
    ],
)
async def test_trouble_of_one_member(trouble: object, status: str) -> None:
    """A member in trouble has no vote and stays in the denominator; the others go on."""
    result = await PanelRun([final(2), trouble, final(2)]).go()  # type: ignore[list-item]
    assert result.votes[1].status == status
    assert (result.votes[1].answer, result.votes[1].cluster) == (None, None)
    found = result.agreement
    assert found is not None
    assert (found.leading, found.members, found.asked, found.needed) == (2, 3, 3, 3)
    assert (result.status, result.answer) == ("no_consensus", "2")


async def test_all_fail() -> None:
    """Where no member replies the run has failed: no answer, and each error is kept."""
    down = CallError("down", code="network")
    result = await PanelRun([down, down]).go()
    assert (result.status, result.answer) == ("failed", None)
    assert [member.error for member in result.members] == ["down", "down"]


async def test_two_that_agree_suffice() -> None:
    """With waves of 2 and 1 the third is not asked where two agree: 2 of 2 asked, accepted."""
    run = PanelRun(
        [final(2), final("two"), final(9)], waves=(2, 1), stop="accepted", rule=Rule(of="asked")
    )
    result = await run.go()
    found = result.agreement
    assert found is not None
    assert (found.leading, found.asked, found.members, found.needed) == (2, 2, 3, 2)
    assert (found.accepted, found.calls_saved, found.share) == (True, 1, Decimal(1))
    assert run.asked == ["members[1]", "members[2]"]
    assert result.votes[2].status == "not asked"
    assert result.members[2].status == "skipped"


async def test_two_of_one_family_do_not_suffice() -> None:
    """Two of one maker that agree bring in the third, where the panel has another maker."""
    run = PanelRun(
        [final(2), final(2), final(2)],
        families=["openai", "openai", "google"],
        waves=(2, 1),
        stop="accepted",
        rule=Rule(of="asked"),
    )
    result = await run.go()
    assert run.asked == ["members[1]", "members[2]", "members[3]"]
    assert result.agreement is not None
    assert (result.agreement.asked, result.agreement.families, result.status) == (3, 2, "done")


async def test_a_bug_in_a_panel_comes_out_as_itself() -> None:
    """An error that is no CallError ends the run `failed` and is raised; nothing goes on."""

    async def broken(call: Call) -> str:
        raise ZeroDivisionError("a bug")

    held = Held({2: "2"})
    run = PanelRun([broken, held.script(2)])
    with pytest.raises(ZeroDivisionError, match="a bug"):
        await run.go()
    assert run.ledger.result is not None
    assert run.ledger.result.status == "failed"
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_first_reply_of_a_wave_is_not_the_wave() -> None:
    """One reply of two that were asked accepts nothing: the other is waited for."""
    held = Held({1: "2", 2: "3", 3: "3"})
    replies = [held.script(number) for number in (1, 2, 3)]
    run = PanelRun(replies, waves=(2, 1), stop="accepted", rule=Rule(of="asked"))
    work = asyncio.create_task(run.go())
    await held.until(2)
    held.release(1)
    for _ in range(50):
        await asyncio.sleep(0)
    assert not work.done()
    held.release(2)
    held.release(3)
    result = await work
    assert result.agreement is not None
    assert (result.agreement.asked, result.status) == (3, "no_consensus")


async def test_a_split_asks_the_third() -> None:
    """Two that differ bring in the third; two of three are then too few for 0.8."""
    run = PanelRun(
        [final(2), final(3), final(2)], waves=(2, 1), stop="accepted", rule=Rule(of="asked")
    )
    result = await run.go()
    assert len(run.asked) == 3
    assert (result.status, result.answer) == ("no_consensus", "2")


async def test_two_and_one_are_never_more() -> None:
    """With waves of 2 and 1 a panel of five asks three at most, whatever they say."""
    run = PanelRun(
        [final(2), final(3), final(4), final(2), final(2)],
        waves=(2, 1),
        stop="accepted",
        rule=Rule(of="asked"),
    )
    result = await run.go()
    assert run.asked == ["members[1]", "members[2]", "members[3]"]
    assert result.agreement is not None
    assert (result.status, result.agreement.asked, result.agreement.calls_saved) == ("tie", 3, 2)


async def test_decided_asks_the_most_reliable_first() -> None:
    """Whoever the log knows to be right most often is asked first, and where those agree the
    others are not; the votes stand in the order of the panel all the same."""
    rule = Rule(Decimal("0.5"), strength=dict(zip(NAMES, (0.5, 0.6, 0.9), strict=False)))
    run = PanelRun([final(3), final(2), final(2)], rule=rule, stop="decided")
    result = await run.go()
    assert run.asked == ["members[3]", "members[2]"]
    assert (result.status, result.answer, votes(result)) == ("done", "2", [None, "2", "2"])


async def test_decided_asks_in_waves() -> None:
    """With `decided` only so many are asked as can settle it: three equal votes of five at 0.6."""
    run = PanelRun([final(2)] * 5, rule=Rule(Decimal("0.6")), stop="decided")
    result = await run.go()
    assert run.asked == ["members[1]", "members[2]", "members[3]"]
    assert result.agreement is not None
    assert (result.agreement.accepted, result.agreement.calls_saved) == (True, 2)
    assert (result.agreement.members, result.agreement.share) == (5, Decimal("0.6"))


async def stopped_early(bills: dict[str, Cost]) -> Result:
    """Three members asked together, of whom the third is not needed any more."""
    held = Held({1: "2", 2: "2", 3: "2"})
    replies = [held.script(number) for number in (1, 2, 3)]
    run = PanelRun(replies, waves=(3,), stop="decided", rule=Rule(Decimal("0.6")))
    run.caller.bills |= bills
    work = asyncio.create_task(run.go())
    await held.until(3)
    held.release(1)
    held.release(2)
    return await work


async def test_bill_of_the_cancelled() -> None:
    """What a member cost that was cancelled in flight is asked for and counted."""
    result = await stopped_early({"members[3]": Cost(usd=Decimal("0.5"), source="billed")})
    assert result.cost == Cost(usd=Decimal("0.502"), source="billed")
    assert result.members[2].cost == Cost(usd=Decimal("0.5"), source="billed")


async def test_unknown_cost_of_the_cancelled() -> None:
    """Where nobody can tell what a cancelled call cost, it is counted as unknown."""
    result = await stopped_early({})
    found = result.agreement
    assert found is not None
    assert (found.accepted, found.cancelled, found.asked) == (True, 1, 3)
    assert result.votes[2].status == "cancelled"
    assert result.cost.unknown_calls == 1
    assert [step.status for step in result.steps] == ["done", "done", "interrupted"]


async def test_bill_that_does_not_come() -> None:
    """A decided verdict does not wait for the bill of who was cancelled: its cost is unknown, and
    it is said what it can be at most."""
    held = Held({1: "2", 2: "2", 3: "2"})
    replies = [held.script(number) for number in (1, 2, 3)]
    run = PanelRun(replies, waves=(3,), stop="decided", rule=Rule(Decimal("0.6")))
    price = Price(prompt=Decimal(0), completion=Decimal("0.0001"))
    run.caller.known["member 3"] = ModelFacts("model-of-member 3", price=price)
    run.caller.bill_comes = asyncio.Event()
    work = asyncio.create_task(run.go())
    await held.until(3)
    held.release(1)
    held.release(2)
    result = await work
    assert result.cost == Cost(usd=Decimal("0.002"), source="billed", unknown_calls=1)
    assert "no bill came in time for a call that was cancelled: at most $0.2 more" in (
        result.warnings
    )
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_likely_stops_sampling() -> None:
    """Four equal samples of one model make its most frequent answer likely: six are not asked."""
    names = [f"openai/one#{number}" for number in range(1, 11)]
    run = PanelRun(
        [final(2)] * 10, names=names, families=["openai"] * 10, stop="likely", rule=Rule()
    )
    result = await run.go()
    assert len(run.asked) == 4
    assert result.agreement is not None
    assert result.agreement.calls_saved == 6
    assert result.answer == "2"


async def test_likely_goes_on_while_samples_differ() -> None:
    """Samples that do not agree are followed by one more at a time, to the last."""
    names = [f"openai/one#{number}" for number in range(1, 7)]
    said = [final(number % 3) for number in range(6)]
    run = PanelRun(said, names=names, families=["openai"] * 6, stop="likely")
    result = await run.go()
    assert (len(run.asked), result.status) == (6, "tie")


async def test_decided_gives_the_same_verdict() -> None:
    """Stopping early never changes who wins nor whether it is accepted, over 120 random panels."""
    chance = random.Random(5)
    saved = 0
    for _ in range(120):
        said = [final(chance.choice([2, 2, 2, 3, 4])) for _ in range(chance.choice([3, 5]))]
        rule = Rule(Decimal(chance.choice(["0.5", "0.8"])))
        full = await PanelRun(said, rule=rule).go()
        early = await PanelRun(said, rule=rule, stop="decided").go()
        assert early.agreement is not None
        assert full.agreement is not None
        assert early.agreement.accepted == full.agreement.accepted
        assert (early.answer, early.status) == (full.answer, full.status)
        saved += early.agreement.calls_saved
    assert saved > 30


async def test_arrival_does_not_matter() -> None:
    """The result is the same, to the last byte, in whatever order the replies arrive."""
    said = {1: "2", 2: "3", 3: "two", 4: "I do not know"}
    seen = set()
    for order in itertools.permutations(said):
        held = Held(said)
        run = PanelRun([held.script(number) for number in said])
        work = asyncio.create_task(run.go())
        await held.until(4)
        for number in order:
            held.release(number)
            for _ in range(20):
                await asyncio.sleep(0)
        result = await work
        steps = [step.model_copy(update={"turn_id": None}) for step in result.steps]
        seen.add(result.model_copy(update={"steps": steps}).model_dump_json())
    assert len(seen) == 1


async def test_order_of_members_does_not_matter() -> None:
    """Every permutation of the members gives the same verdict, by name of member."""
    said = {"openai/one": "2", "google/two": "3", "meta/three": "2", "qwen/four": "1e0"}
    seen = set()
    for order in itertools.permutations(said):
        run = PanelRun([final(said[name]) for name in order], names=order)
        result = await run.go()
        assert result.agreement is not None
        names = {v.canonical: result.members[v.member].model for v in result.votes}
        dissent = {
            (each.answer, tuple(result.members[n].model for n in each.members), each.point)
            for each in result.dissent
        }
        seen.add(
            (
                result.status,
                result.answer,
                result.agreement.model_dump_json(),
                frozenset(dissent),
                names["3"],
                tuple(result.warnings),
            )
        )
    assert len(seen) == 1


async def test_budget_of_money() -> None:
    """Members that no budget is left for are not asked; the run says why and keeps what it has."""
    long = replace(cut_off(final(2)), finish_reason="stop", tokens=Tokens(input=700, output=500))
    result = await PanelRun([long] * 3, limits=Limits(tokens=3_000)).go()
    assert result.status == "stopped_by_budget"
    assert result.answer == "2"
    assert sum(vote.status.startswith("failed:") for vote in result.votes) == 1


async def test_out_of_time_keeps_the_votes() -> None:
    """When the time is over, the votes that are there make the verdict, and the slow member is
    recorded as interrupted."""
    held = Held({3: "2"})
    run = PanelRun([final(2), final(3), held.script(3)], limits=Limits(seconds=0.2))
    result = await run.go()
    assert (result.status, votes(result)) == ("stopped_by_budget", ["2", "3", None])
    assert result.votes[2].status == "interrupted"
    assert result.members[2].status == "stopped_by_budget"
    assert [each.answer for each in result.dissent] == ["2", "3"]


@pytest.mark.parametrize(
    ("said", "threshold", "status"),
    [
        ([2, 2, 2, 2], "0.8", "done"),
        ([2, 2, 2, 3], "0.6", "done"),
        ([2, 2, 2, 3], "0.8", "stopped_by_budget"),
        ([2, 2, 3, 4], "0.4", "stopped_by_budget"),
    ],
)
async def test_out_of_time_with_a_verdict_that_stands(
    said: list[int], threshold: str, status: str
) -> None:
    """When the time is over, a verdict that the missing vote could not change is accepted, and it
    is said so; any other is one of a run that was stopped."""
    held = Held({5: "3"})
    replies = [*map(final, said), held.script(5)]
    run = PanelRun(replies, rule=Rule(Decimal(threshold)), limits=Limits(seconds=0.2))
    result = await run.go()
    assert (result.status, result.answer) == (status, "2")
    assert result.warnings[0] == "the budget of 0.2 seconds is used up"
    stands = "accepted all the same: nobody left could change the verdict" in result.warnings
    assert stands == (status == "done")


@pytest.mark.parametrize(("threshold", "status"), [("0.6", "done"), ("1", "stopped_by_budget")])
async def test_a_verdict_that_stands_without_whom_the_budget_left_out(
    threshold: str, status: str
) -> None:
    """So it is with members that no money was left for, also where only those asked count."""
    long = replace(cut_off(final(2)), finish_reason="stop", tokens=Tokens(input=700, output=500))
    for of in ("members", "asked"):
        rule = Rule(Decimal(threshold), of=of)  # type: ignore[arg-type]
        result = await PanelRun([long] * 3, rule=rule, limits=Limits(tokens=3_000)).go()
        assert (result.status, result.members[2].status) == (status, "stopped_by_budget")


async def test_what_the_judge_did_not_get_to_may_change_a_verdict() -> None:
    """Where the time ends before the judge has told which answers are the same, nothing stands."""
    held = Held({1: ""})
    run = PanelRun(
        [final("a red fox"), final("a red fox"), final("some fox that is red")],
        question="Which animal is it?",
        answer="text",
        rule=Rule(Decimal("0.6")),
        scripts={"same": held.script(1)},
        limits=Limits(seconds=0.2),
    )
    assert (await run.go(judge=True)).status == "stopped_by_budget"


async def test_interrupted_keeps_the_votes() -> None:
    """Cancelled from outside, the run is recorded as interrupted with the votes so far."""
    held = Held({2: "2"})
    run = PanelRun([final(2), held.script(2)])
    work = asyncio.create_task(run.go())
    await held.until(1)
    for _ in range(50):
        await asyncio.sleep(0)
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    (result,) = run.trace.results
    assert (result.status, result.answer, votes(result)) == ("interrupted", "2", ["2", None])
    assert result.cost.unknown_calls == 1


async def test_no_call_is_saved_by_an_end_that_came_too_early() -> None:
    """Who was not asked because the time was over does not count as saved."""
    held = Held({2: "2"})
    run = PanelRun(
        [final(2), held.script(2), final(2)],
        waves=(2, 1),
        stop="accepted",
        rule=Rule(of="asked"),
        limits=Limits(seconds=0.2),
    )
    result = await run.go()
    assert result.agreement is not None
    assert (result.agreement.asked, result.agreement.calls_saved) == (2, 0)


async def test_bug_in_one_member_ends_the_run() -> None:
    """An error that is no failed call is raised, and the other calls do not run on."""
    held = Held({2: "2"})
    run = PanelRun([RuntimeError("a bug"), held.script(2)])
    with pytest.raises(RuntimeError, match="a bug"):
        await run.go()
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_asked_again_for_the_right_form() -> None:
    """A member that fits the schema when it is asked again has answered; what both calls took is
    its cost."""
    named = '{"name": "Ada"}'
    run = PanelRun(["It is Ada.", named], scripts={"members[1]#2": named})
    schema = '{"type": "object", "properties": {"name": {"type": "string"}}}'
    run.course = replace(run.course, form=AnswerForm("json", schema=schema))
    result = await run.go()
    assert (result.status, result.answer) == ("done", named)
    first, second = result.members
    assert (first.status, first.answer, first.error) == ("done", named, None)
    assert (first.cost, second.cost) == (
        Cost(usd=Decimal("0.002"), source="billed"),
        Cost(usd=Decimal("0.001"), source="billed"),
    )


async def test_every_reply_is_kept() -> None:
    """Each member has its raw reply, what was read from it, its canonical form and its cost."""
    result = await PanelRun([final("1,000"), final("1e3"), final("one thousand")]).go()
    assert {vote.raw for vote in result.votes} == {
        final(text) for text in ("1,000", "1e3", "one thousand")
    }
    assert len(set(votes(result))) == 1
    assert [vote.rung for vote in result.votes] == ["canonical"] * 3
    assert all(member.cost is not None for member in result.members)
    assert [member.model for member in result.members] == list(NAMES[:3])
