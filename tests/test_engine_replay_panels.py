"""What a trace has of a panel's calls: taken when it goes on, and enough to repeat its verdict."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest

from llm_reasonkit.engine.ports import ModelFacts, Recorded, Reply
from llm_reasonkit.engine.replay import Past, WholePast
from llm_reasonkit.errors import CallError
from llm_reasonkit.reasoning.limits import Price
from llm_reasonkit.reasoning.result import CheckItem, Result, StepResult
from llm_reasonkit.reasoning.voting import Rule
from tests.scripted import Trace
from tests.scripted_panel import Held, PanelRun, final
from tests.test_engine_consensus import CAPITAL, pairs
from tests.test_engine_open_question import EASIER, ONE, QUESTION, SYNTHESIS, THREE, TIME, TWO
from tests.test_engine_replay import calls_of, comparable

Made = Callable[..., PanelRun]
Go = Callable[[PanelRun], Awaitable[Result]]
MAJORITY = Rule(Decimal("0.6"), of="asked")


def _votes(**how: Any) -> PanelRun:
    replies = [final("Amsterdam"), final("the city of A'dam"), final("Rotterdam"), "Who knows?"]
    scripts = {"same": pairs((1, "yes", "yes"), (2, "no", "no"))} | {
        f"round2[{number}]": final("Amsterdam") for number in (1, 2, 3)
    }
    return PanelRun(replies, question=CAPITAL, answer="text", scripts=scripts, **how)


def _openly(**how: Any) -> PanelRun:
    scripts = {"claims": {"claims": [EASIER, TIME]}, "synthesis": SYNTHESIS}
    return PanelRun([ONE, TWO, THREE], question=QUESTION, scripts=scripts, **how)


def _ranked(**how: Any) -> PanelRun:
    first = {"why": "it is right", "better": "first"}
    judge = {f"rank[{number}]": first for number in range(1, 7)}
    return PanelRun(["one", CallError("gone"), "three"], scripts=judge, **how)


CASES: dict[str, tuple[Made, Go]] = {
    "votes": (_votes, lambda run: run.go(judge=True, rounds=1)),
    "open question": (_openly, lambda run: run.answer_openly(judge=True)),
    "comparison": (_ranked, lambda run: run.compare(ranked=True)),
}


@pytest.fixture(params=list(CASES))
def case(request: pytest.FixtureRequest) -> tuple[Made, Go]:
    """How a panel of one kind is made, and asked."""
    return CASES[request.param]


async def replayed(made: Made, go: Go, calls: dict[str, Recorded]) -> Result:
    """The result of a panel from nothing but its calls."""
    past = WholePast(calls)
    run = made(past=past)
    result = await go(run)
    assert (run.asked, past.differences) == ([], [])
    return result


# Panels of every kind


async def test_no_call_is_made(case: tuple[Made, Go]) -> None:
    """The whole past of a panel gives the same result, without a call."""
    made, go = case
    run = made()
    expected = await go(run)
    assert comparable(await replayed(made, go, calls_of(run))) == comparable(expected)


async def test_broken_off_after_any_call(case: tuple[Made, Go]) -> None:
    """However many replies there are already, only the others are asked for, and the result is that
    of a panel which was not broken off."""
    made, go = case
    first = made()
    expected = await go(first)
    known = calls_of(first)
    answered = [ident for ident, call in known.items() if call.text is not None]
    assert len(answered) >= 4
    for count in range(len(answered) + 1):
        past = Past({ident: known[ident] for ident in answered[:count]})
        second = made(past=past, is_resumed=True)
        assert comparable(await go(second)) == comparable(expected)
        assert set(second.asked) == set(first.asked) - set(answered[:count])


# Who comes first


def held(**how: Any) -> tuple[PanelRun, Held]:
    """Three members that are asked together; two that agree are enough."""
    replies = Held({1: "2", 2: "3", 3: "2"})
    scripts = [replies.script(number) for number in (1, 2, 3)]
    run = PanelRun(scripts, rule=MAJORITY, waves=(3,), stop="accepted", **how)
    dear = Price(prompt=Decimal("0.001"), completion=Decimal("0.002"))
    for number in (1, 2, 3):
        run.caller.known[f"member {number}"] = ModelFacts(f"m{number}", price=dear)
    return run, replies


@pytest.mark.parametrize("order", list(permutations((1, 2, 3))))
async def test_the_order_of_arrival_is_that_of_the_record(order: tuple[int, ...]) -> None:
    """A replay counts who had answered when it was decided, in whatever order, and nobody else."""
    run, replies = held()
    task = asyncio.create_task(run.go())
    await replies.until(3)
    for number in order:
        replies.release(number)
        for _ in range(20):
            await asyncio.sleep(0)
    result = await task
    in_time = 2 in order[:2]
    assert result.agreement is not None
    assert (result.answer, result.agreement.cancelled) == ("2", 0 if in_time else 1)
    assert ("no bill came in time" in str(result.warnings)) == (not in_time)
    again = await replayed(lambda **how: held(**how)[0], PanelRun.go, calls_of(run))
    assert comparable(again) == comparable(result)


class Slow(Trace):
    """A trace that is slow to record one member."""

    async def step_finished(
        self, step: StepResult, checks: list[CheckItem], reply: Reply | None
    ) -> None:
        if step.id == "members[3]":
            for _ in range(50):
                await asyncio.sleep(0)
        await super().step_finished(step, checks, reply)


async def test_a_reply_that_is_being_recorded_counts() -> None:
    """What has come when the others decide is a vote, as it will be one for a replay."""
    replies = [final(2), final(2), final(3)]

    def made(**how: Any) -> PanelRun:
        return PanelRun(replies, rule=MAJORITY, stop="accepted", waves=(3,), **how)

    run = made()
    run.ledger._trace = run.trace = Slow()
    result = await run.go()
    assert [vote.status for vote in result.votes] == ["vote"] * 3
    assert comparable(await replayed(made, PanelRun.go, calls_of(run))) == comparable(result)


# What goes on where it is decided


def in_two_waves(second: object, **how: Any) -> PanelRun:
    """Two members that are asked first, and a third for where they do not agree."""
    return PanelRun([final(2), second, final(3)], rule=MAJORITY, waves=(2, 1), **how)  # type: ignore[list-item]


@pytest.mark.parametrize(
    ("third", "votes"),
    [
        ({}, ["vote", "vote", "vote"]),
        ({"text": None}, ["vote", "vote", "cancelled"]),
        (None, ["vote", "vote", "not asked"]),
    ],
    ids=["answered", "cut off", "not come to"],
)
async def test_what_was_asked_before_and_is_not_needed(
    third: dict[str, Any] | None, votes: list[str]
) -> None:
    """A reply that is there counts; a call that was cut off is not made again; both stay in the
    record, of which a replay gives the same result."""
    first = in_two_waves(CallError("down"), stop="accepted")
    await first.go()
    calls = calls_of(first)
    if third is None:
        del calls["members[3]"]
    elif third:
        step = calls["members[3]"].step.model_copy(update={"status": "running", "output": None})
        calls["members[3]"] = replace(calls["members[3]"], step=step, **third)
    second = in_two_waves(final(2), stop="accepted", past=Past(calls), is_resumed=True)
    result = await second.go()
    assert second.asked == ["members[2]"]
    assert [vote.status for vote in result.votes] == votes

    def made(**how: Any) -> PanelRun:
        return in_two_waves(final(2), stop="accepted", **how)

    again = await replayed(made, PanelRun.go, calls | calls_of(second))
    assert comparable(again) == comparable(result)


async def test_what_is_new_is_told() -> None:
    """A panel that would ask more than was asked neither waits for ever nor makes votes up."""
    first = in_two_waves(final(2), stop="accepted")
    await first.go()
    past = WholePast(calls_of(first))
    second = in_two_waves(final(2), stop="never", past=past)
    result = await second.go()
    assert second.asked == []
    assert past.differences == ["members[3]: the trace has no such call"]
    assert result.votes[2].status == "failed: the trace has no such call"
