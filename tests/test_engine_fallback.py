"""Chains of models: which is asked next, and what all attempts together say and cost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

import pytest

from llm_reasonkit.engine.fallback import FallbackCaller, cost_of
from llm_reasonkit.engine.ports import Call, ModelFacts, Reply
from llm_reasonkit.errors import CallError
from llm_reasonkit.reasoning.limits import Price
from llm_reasonkit.reasoning.result import Cost

FREE = Price(prompt=Decimal(0), completion=Decimal(0))


@dataclass
class Models:
    """Plays the roles `main`, `main 2` … with these models; `errors` by id make them fail, `hangs`
    never ends."""

    ids: list[str]
    errors: Mapping[str, CallError] = field(default_factory=dict)
    prices: Mapping[str, Price] = field(default_factory=dict)
    unschooled: tuple[str, ...] = ()
    hangs: str = ""
    hanging: asyncio.Event = field(default_factory=asyncio.Event)
    asked: list[str] = field(default_factory=list)

    @property
    def roles(self) -> list[str]:
        return [f"main {number}" for number in range(len(self.ids))]

    def facts(self, role: str) -> ModelFacts:
        name = self.ids[self.roles.index(role)]
        return ModelFacts(
            name, price=self.prices.get(name), constrains_output=name not in self.unschooled
        )

    async def call(self, call: Call, on_text: Callable[[str], None]) -> Reply:
        name = self.facts(call.role).id
        self.asked.append(name)
        if name in self.errors:
            raise self.errors[name]
        if name == self.hangs:
            self.hanging.set()
            await asyncio.Event().wait()
        return Reply("yes", name, cost=Cost(usd=Decimal("0.25"), source="billed"))

    async def bill(self, step: str) -> Cost:
        return Cost(usd=Decimal(1), source="billed")


def chain(models: Models) -> FallbackCaller:
    return FallbackCaller(models, {"main": models.roles})


async def ask(caller: FallbackCaller, role: str = "main") -> Reply:
    return await caller.call(Call("step", role, "q", 10), lambda text: None)


def failing(code: str, usd: str | None = None, *, billed: bool = False) -> CallError:
    error = CallError(f"it was {code}", code=code, billed=billed)
    error.usd = None if usd is None else Decimal(usd)
    return error


@pytest.mark.parametrize(
    ("code", "asked"),
    [
        ("rate_limited", ["a/1", "a/2"]),
        ("bad_request", ["a/1", "a/2"]),
        ("refused", ["a/1", "a/2"]),
        ("unavailable", ["a/1", "a/2"]),
        ("network", ["a/1", "b/1"]),
        ("auth", ["a/1", "b/1"]),
        ("no_credits", ["a/1", "a/3"]),
    ],
)
async def test_who_is_asked_next(code: str, asked: list[str]) -> None:
    """What stops a provider stops all of its models, but for what costs nothing."""
    models = Models(["a/1", "a/2", "a/3", "b/1"], {"a/1": failing(code)}, {"a/3": FREE})
    reply = await ask(chain(models))
    assert models.asked == asked
    assert (reply.model, reply.model_served) == (asked[-1], asked[-1])
    assert reply.fell_back == (f"a/1: it was {code}",)


async def test_what_failed_for_good_is_not_asked_again() -> None:
    """A model that does not exist costs one request a run, one that is busy is tried again."""
    models = Models(
        ["a/1", "b/1", "c/1"], {"a/1": failing("model_not_found"), "b/1": failing("server")}
    )
    caller = chain(models)
    await ask(caller)
    await ask(caller, "critic")
    assert models.asked == ["a/1", "b/1", "c/1", "b/1", "c/1"]


async def test_failed_attempts_are_on_the_bill() -> None:
    """What they cost is added, and what nobody knows is counted."""
    models = Models(
        ["a", "b", "c", "d"],
        {
            "a": failing("server", "0.5", billed=True),
            "b": failing("server", billed=True),
            "c": failing("server"),
        },
    )
    cost = (await ask(chain(models))).cost
    assert (cost.usd, cost.unknown_calls) == (Decimal("0.75"), 1)


async def test_what_is_known_of_a_failed_attempt_is_not_lost_with_the_rest() -> None:
    """A part that was billed is added although another part of it is unknown."""
    partly = failing("server", "0.5", billed=True)
    partly.unknown_tries = 2
    cost = (await ask(chain(Models(["a", "b"], {"a": partly})))).cost
    assert (cost.usd, cost.unknown_calls) == (Decimal("0.75"), 2)
    with pytest.raises(CallError) as caught:
        await ask(chain(Models(["a", "b"], {"a": partly, "b": failing("server", "0.125")})))
    assert cost_of(caught.value) == Cost(usd=Decimal("0.625"), source="billed", unknown_calls=2)


async def test_a_cancelled_call_has_its_failed_attempts_on_the_bill() -> None:
    """What the models before the one that was cancelled cost is asked for along with it."""
    models = Models(["a", "b"], {"a": failing("server", "0.5", billed=True)}, hangs="b")
    caller = chain(models)
    task = asyncio.create_task(ask(caller))
    await models.hanging.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await caller.bill("step") == Cost(usd=Decimal("1.5"), source="billed")
    assert await caller.bill("another step") == Cost(usd=Decimal(1), source="billed")


async def test_an_error_that_is_told_again_costs_nothing_again() -> None:
    """Once all have failed for good, later calls make no request and have no bill."""
    models = Models(["a/1"], {"a/1": failing("no_credits", "0.5", billed=True)})
    caller = chain(models)
    costs = []
    for _ in range(2):
        with pytest.raises(CallError, match="it was no_credits") as caught:
            await ask(caller)
        costs.append(cost_of(caught.value).usd)
    assert costs == [Decimal("0.5"), 0]
    assert models.asked == ["a/1"]


@pytest.mark.parametrize(
    ("codes", "code"),
    [(("auth", "server"), "server"), (("server", "auth"), "server"), (("auth", "auth"), "auth")],
)
async def test_when_all_fail(codes: tuple[str, str], code: str) -> None:
    """The error tells of each, and is for good only if each of them is."""
    models = Models(["a/1", "b/1"], {"a/1": failing(codes[0]), "b/1": failing(codes[1])})
    with pytest.raises(CallError) as caught:
        await ask(chain(models))
    assert str(caught.value) == f"it was {codes[0]}; then it was {codes[1]}"
    assert (caught.value.code, caught.value.billed) == (code, False)


async def test_nobody_is_left_to_ask() -> None:
    """Once all have failed for good, the next call says so without a request."""
    models = Models(["a/1", "b/1"], {"a/1": failing("auth"), "b/1": failing("model_not_found")})
    caller = chain(models)
    for _ in range(2):
        with pytest.raises(CallError, match="it was auth; then it was model_not_found"):
            await ask(caller)
    assert models.asked == ["a/1", "b/1"]


def test_what_holds_for_a_chain() -> None:
    """The dearest price, only what all can do, and the first one's id."""
    prices = {
        "a": Price(prompt=Decimal(1), completion=Decimal(5)),
        "b": Price(prompt=Decimal(2), completion=Decimal(3)),
    }
    facts = chain(Models(["a", "b"], prices=prices, unschooled=("b",))).facts("main")
    assert facts.price == Price(prompt=Decimal(2), completion=Decimal(5))
    assert (facts.id, facts.constrains_output) == ("a", False)
    assert chain(Models(["a", "c"], prices=prices)).facts("critic").price is None
