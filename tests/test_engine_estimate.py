"""Estimates: what a plan takes by its bounds, by assumption, and by what was learnt."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from llm_reasonkit.engine.estimate import (
    Estimate,
    Given,
    Learnt,
    StepEstimate,
    estimate,
    usual_reply,
)
from llm_reasonkit.engine.ports import ModelFacts, Search
from llm_reasonkit.reasoning.limits import Limits, Price
from llm_reasonkit.reasoning.plan import plan_protocol
from llm_reasonkit.reasoning.protocol import Step
from tests.scripted import protocol
from tests.scripted_model import ScriptedCaller, plan_of, run

MODEL = "openrouter/acme/small"
PRICE = Price(prompt=Decimal("0.001"), completion=Decimal("0.01"))
STEPS: dict[str, Any] = {
    "facts": {"prompt": "List.", "output": {"facts": ["str", 1, 3]}, "max_tokens": 100},
    "look": {"prompt": "{{ item }}", "for_each": "facts.facts", "max_tokens": 200},
    "links": {"check": "links", "with": {"text": "look", "given": "material"}},
    "answer": {"prompt": "{{ facts }} {{ look }} {{ links }}", "max_tokens": 400},
}


def reckon(
    steps: dict[str, Any] = STEPS,
    learnt: dict[tuple[str, str, str], Learnt] | None = None,
    **facts: Any,
) -> Estimate:
    """Estimate a run of these steps on a model with a price."""
    known = ModelFacts(**{"id": MODEL, "price": PRICE, **facts})
    plan = plan_protocol(protocol(steps))
    limits = Limits(usd=Decimal("0.50"), calls=9)
    return estimate(plan, Given("Why?"), lambda role: known, learnt or {}, limits)


def test_calls_are_counted_by_step() -> None:
    """Lists count with their bound, objects are asked for twice at most, checks cost nothing."""
    found = reckon()
    assert [(row.step, row.calls, row.most_calls) for row in found.steps] == [
        ("facts", 1, 2),
        ("look", 3, 3),
        ("answer", 1, 1),
    ]
    assert (found.calls, found.most_calls) == (5, 6)
    assert {row.model for row in found.steps} == {MODEL}
    assert (found.limit, found.max_calls) == (Decimal("0.50"), 9)


def test_tokens_and_money_add_up() -> None:
    """Each row is its calls times the price of one; the sums are those of the rows."""
    found = reckon()
    for row in found.steps:
        assert row.usd == row.calls * PRICE.at_most(row.prompt, row.reply)
        assert row.most_usd == row.most_calls * PRICE.at_most(row.most_prompt, row.most_reply)
        assert row.prompt <= row.most_prompt
        assert row.reply <= row.most_reply
    assert found.usd == sum(row.usd or 0 for row in found.steps)
    assert found.most_usd == sum(row.most_usd or 0 for row in found.steps)
    assert found.tokens == sum(row.calls * (row.prompt + row.reply) for row in found.steps)


def test_what_steps_read_is_in_their_prompts() -> None:
    """At most, the answer reads everything the others may write."""
    facts, look, answer = reckon().steps
    assert look.most_prompt > facts.most_reply
    assert answer.most_prompt > facts.most_reply + 3 * look.most_reply * 2


@pytest.mark.parametrize(
    ("output", "tokens"),
    [
        (None, 200),
        ({"a": "str"}, 3 + 20),
        ({"kind": ["yes", "no"], "n": "int"}, 4 + 4 + 3 + 4),
        ({"a": [{"id": "auto", "b": "str"}, 1, 5]}, 3 + 3 * 23),
        ({"a": ["str", 0, 6]}, 3 + 3 * 4),
        ({"a": ["str"]}, 3 + 4 * 4),
        ({"a": [{"b": "str"}, 99, 99]}, 400),
        ({"type": "object", "properties": {"a": {"type": "array"}}}, 3 + 4 * 4),
    ],
)
def test_a_reply_is_as_long_as_its_form(output: Any, tokens: int) -> None:
    """Lists are half filled, texts in them have 20 tokens, other replies take half of their bound;
    none takes more than its bound."""
    assert usual_reply(Step(prompt="x", output=output, max_tokens=400)) == tokens


def test_what_a_protocol_says_of_a_reply_is_believed() -> None:
    """`usual` of a step is what its reply takes, and what a check hands on to the next prompt."""
    assert usual_reply(Step(prompt="x", output={"a": "str"}, usual=77)) == 77

    def answer(**check: int) -> StepEstimate:
        links = {"check": "links", "with": {"text": "facts", "given": "material"}, **check}
        steps = {
            "facts": {"prompt": "x", "usual": 100},
            "links": links,
            "answer": {"prompt": "{{ links }}"},
        }
        return reckon(steps).steps[1]

    assert answer(usual=300).prompt - answer().prompt == 300 - 100
    assert answer(usual=300).most_prompt == answer().most_prompt


def test_a_prompt_that_puts_the_question_itself_shows_nothing_else() -> None:
    """What usually stands around a prompt is not likely to be in it, but may be at most."""
    usual = {"answer": {"prompt": "Decide."}}
    own = {"answer": {"prompt": "{{ question }} Decide."}}
    for steps, likely in ((usual, 250), (own, 0)):
        plan = plan_protocol(protocol(steps))
        few, many = (
            estimate(plan, Given("Why?", sources), lambda role: ModelFacts(MODEL), {}).steps[0]
            for sources in ([], ["x" * 1000])
        )
        assert many.prompt - few.prompt == likely
        assert many.most_prompt - few.most_prompt == 1001


def test_what_is_known_of_the_sources_counts() -> None:
    """A step that needs sources is not foreseen where there are none."""
    steps = {
        "look": {"prompt": "x", "when": "sources"},
        "answer": {"prompt": "{{ look }}", "optional": ["look"]},
    }
    plan = plan_protocol(protocol(steps))
    for sources, calls in (([], 1), (["x"], 2)):
        found = estimate(plan, Given("Why?", sources), lambda role: ModelFacts(MODEL), {})
        assert found.calls == calls


def test_a_search_and_what_it_finds_are_foreseen() -> None:
    """The fee, the second round and the pages in every later prompt are in the figures."""
    search = protocol({"answer": {"prompt": "Search.", "web": True}}, protocol="search")
    steps = {"answer": {"prompt": "x", "when": "sources"}}
    plan = plan_protocol(protocol(steps)).after_search(search)
    facts = ModelFacts(MODEL, price=PRICE, search=Search(fee=Decimal(7), tokens=12_000))
    first, second = estimate(plan, Given("Why?"), lambda role: facts, {}).steps
    assert first.usd == Decimal(7) + PRICE.at_most(first.prompt, 2 * first.reply)
    assert first.most_prompt > 12_000
    assert first.prompt > 1000
    assert second.prompt > 1000
    assert second.most_prompt > 12_000


def test_reasoning_is_reckoned() -> None:
    """A model that reasons gets tokens for it in each reply, which no later prompt holds."""
    plain, thinks = reckon(), reckon(reasons=True, effort="low")
    assert thinks.steps[0].most_reply == plain.steps[0].most_reply + 2000
    assert thinks.steps[0].reply == plain.steps[0].reply + 1000
    assert thinks.steps[2].most_prompt == plain.steps[2].most_prompt


def test_attachments_and_context_bound_the_prompt() -> None:
    """What is attached counts in every call; no prompt is longer than the model reads."""
    more = reckon(attached_tokens=50_000)
    assert all(row.most_prompt > 50_000 for row in more.steps)
    assert {row.most_prompt for row in reckon(attached_tokens=9_000, context_length=99).steps} == {
        99
    }


def test_what_settings_switch_off_is_not_listed() -> None:
    """A step that cannot run is not in the estimate."""
    steps = STEPS | {"never": {"prompt": "x", "when": "settings.more"}}
    steps["answer"] = {"prompt": "{{ never }}", "optional": ["never"]}
    plan = plan_protocol(protocol(steps, settings={"more": False}))
    found = estimate(plan, Given("Why?"), lambda role: ModelFacts(MODEL), {})
    assert [row.step for row in found.steps] == ["answer"]


def test_an_unknown_price_is_no_sum() -> None:
    """Without a price there are tokens and no USD, and the basis says of which model."""
    found = reckon(price=None)
    assert (found.usd, found.most_usd) == (None, None)
    assert found.tokens > 0
    assert found.basis[-1] == f"nobody knows the price of {MODEL}"


def test_own_runs_tell_more_than_assumptions() -> None:
    """From five runs on, medians of the same protocol, step and model take their place."""
    usual = Learnt(runs=5, calls=2, prompt=777, reply=33)
    found = reckon(learnt={("mine", "look", MODEL): usual})
    look = found.steps[1]
    assert (look.calls, look.prompt, look.reply, look.learnt_from) == (2, 777, 33, 5)
    assert look.most_calls == 3
    assert "medians of your own runs for 1 of 3 steps" in found.basis[1]
    assert found.basis[2].startswith("likely for the others: assumed")


@pytest.mark.parametrize(
    ("key", "runs"),
    [
        (("mine", "look", MODEL), 4),
        (("other", "look", MODEL), 9),
        (("mine", "answer", "other"), 9),
    ],
)
def test_too_little_was_learnt(key: tuple[str, str, str], runs: int) -> None:
    """Fewer runs, or those of another protocol or model, change nothing."""
    found = reckon(learnt={key: Learnt(runs, 1, 1, 1)})
    assert found == reckon()
    assert found.basis[1].startswith("likely: assumed that all steps run, none asked twice,")


def test_a_longer_question_than_usual_is_reckoned_with() -> None:
    """What this run is given is in each likely prompt, however little earlier runs were given."""
    learnt = {("mine", step, MODEL): Learnt(9, 1, 300, 33) for step in ("facts", "look", "answer")}
    given = Given("Why?", sources=["word " * 4_000])
    plan = plan_protocol(protocol(STEPS))
    found = estimate(plan, given, lambda role: ModelFacts(MODEL), learnt)
    assert all(5_000 < row.prompt < 5_500 for row in found.steps)


def test_more_calls_than_there_can_be_are_not_expected() -> None:
    """What was usual with other settings is cut to what this plan can do."""
    usual = Learnt(runs=9, calls=50, prompt=77, reply=33)
    assert reckon(learnt={("mine", "look", MODEL): usual}).steps[1].calls == 3


def test_everything_learnt_needs_no_assumption() -> None:
    """The basis says nothing of assumptions where there are none."""
    usual = Learnt(runs=9, calls=1, prompt=77, reply=33)
    learnt = {("mine", step, MODEL): usual for step in ("facts", "look", "answer")}
    assert len(reckon(learnt=learnt).basis) == 2


@pytest.mark.parametrize("name", ["quick", "balanced", "deep", "paranoid", "bedrock"])
async def test_no_run_makes_more_calls_than_foreseen(name: str) -> None:
    """Every call that a shipped plan makes is of a step in its estimate, as often at most."""
    caller = ScriptedCaller()
    await run(name, "Is it so?", caller)
    found = estimate(plan_of(name), Given("Is it so?"), caller.facts, {})
    assert 0 < len(caller.calls) <= found.most_calls
    steps = {row.step for row in found.steps}
    assert {call.step.rpartition(".")[2].split("[")[0].split("#")[0] for call in caller.calls} <= (
        steps
    )
