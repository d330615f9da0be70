"""Asking models: forms, the second chance, items, limits, and what each call costs."""

from __future__ import annotations

from decimal import Decimal

import pytest

from llm_reasonkit.engine.ports import Call, Reply
from llm_reasonkit.errors import CallError
from llm_reasonkit.reasoning.result import Cost
from tests.scripted import Run, protocol, without_schema

FORM = {"claims": [{"id": "auto", "text": "str"}, 1, 5]}
STEPS = {
    "claims": {"prompt": "List.", "output": FORM, "max_tokens": 64, "effort": "low"},
    "answer": {"prompt": "{{ claims.claims }}"},
}
GOOD = {"claims": [{"text": "a"}, {"text": "b"}]}
EACH = {
    "each": {"prompt": "Look at {{ item }} ({{ number }}).", "for_each": ["x", "y", "z"]},
    "answer": {"prompt": "{{ each }}"},
}


async def test_an_object_is_read_validated_and_given_ids():
    """The output of a step with a form is the object, with ids from code."""
    run = Run(protocol(STEPS), {"claims": GOOD})
    result = await run.go()
    assert result.status == "done"
    assert run.steps()["claims"].output == {
        "claims": [{"id": "c1", "text": "a"}, {"id": "c2", "text": "b"}]
    }


async def test_a_call_says_all_that_the_step_says():
    """Role, bound, effort, schema and system prompt go along; the ids' mark does not."""
    run = Run(protocol(STEPS), {"claims": GOOD}, system="Be brief.")
    await run.go()
    form, text = run.caller.calls
    assert (form.role, form.max_tokens, form.effort) == ("main", 64, "low")
    assert form.schema is not None
    assert "x-auto" not in str(form.schema)
    assert "JSON Schema" not in form.prompt
    assert (text.schema, text.effort, text.max_tokens) == (None, None, 1000)
    assert form.system == text.system
    assert (form.system or "").endswith("Be brief.")


async def test_a_model_that_takes_no_schema_is_asked_in_words():
    """The form stands in the prompt, and the object is found in prose."""
    run = Run(protocol(STEPS), {"claims": 'Sure:\n```json\n{"claims": [{"text": "a"}]}\n```'})
    without_schema(run.caller)
    assert (await run.go()).status == "done"
    assert "It must fit this JSON Schema" in run.caller.prompt_of("claims")


async def test_a_reply_that_does_not_fit_is_asked_for_once_more():
    """The model sees its reply and the validator's message; both attempts are on record."""
    run = Run(protocol(STEPS), {"claims": '{"claims": 7}', "claims#2": GOOD})
    result = await run.go()
    assert result.status == "done"
    assert result.warnings == []
    again = run.caller.prompt_of("claims#2")
    assert "claims: 7 is not of type 'array'" in again
    assert '{"claims": 7}' in again
    assert "It must fit this JSON Schema" in again
    first, second = run.steps()["claims"], run.steps()["claims#2"]
    assert (first.status, first.attempt, first.output) == ("failed", 1, '{"claims": 7}')
    assert first.error == "claims: 7 is not of type 'array'"
    assert (second.status, second.attempt, second.name) == ("done", 2, "claims")
    assert run.steps()["answer"].inputs == ["claims#2"]


async def test_a_second_reply_that_does_not_fit_fails_the_step_visibly():
    """There is no third attempt; the step is failed with what the validator said last."""
    run = Run(protocol(STEPS), {"claims": "prose", "claims#2": "{}"})
    result = await run.go()
    assert result.status == "failed"
    assert [call.step for call in run.caller.calls] == ["claims", "claims#2"]
    assert result.warnings[-1] == "missing: claims (the object: 'claims' is a required property)"
    assert run.steps()["answer"].status == "skipped"
    assert result.cost.usd == Decimal("0.002")


async def test_a_reply_that_was_cut_off_is_told_to_be_brief():
    """A form that ends at the bound is not half read: the model is asked to be shorter."""
    cut = Reply('{"claims": [{"te', "m", finish_reason="length")
    run = Run(protocol(STEPS), {"claims": cut, "claims#2": GOOD})
    assert (await run.go()).status == "done"
    assert run.steps()["claims"].error == "the reply was cut off before its end"
    assert "Reply again, briefly" in run.caller.prompt_of("claims#2")


async def test_no_second_chance_after_a_failed_call():
    """The client has retried already; the step fails with the error and what had arrived."""
    run = Run(protocol(STEPS), {"claims": CallError("gone", code="network", partial='{"cl')})
    assert (await run.go()).status == "failed"
    assert [call.step for call in run.caller.calls] == ["claims"]
    assert run.steps()["claims"].output == '{"cl'
    assert run.steps()["claims"].error == "gone"


async def test_an_empty_form_leaves_no_output():
    """A reply without a word is recorded as failed, without an output."""
    run = Run(protocol(STEPS), {"claims": "", "claims#2": GOOD})
    await run.go()
    assert run.steps()["claims"].output is None


async def test_an_empty_text_fails_the_step():
    """A step that answers in text needs some."""
    run = Run(protocol({"answer": {"prompt": "x"}}), {"answer": " \n"})
    assert (await run.go()).status == "failed"
    assert run.steps()["answer"].error == "the reply was empty"
    assert run.steps()["answer"].cost == Cost(usd=Decimal("0.001"), source="billed")


async def test_a_text_that_was_cut_off_is_kept_and_told():
    """Half an answer is better than none, if it says so."""
    cut = Reply("Blue bec", "m", finish_reason="length")
    run = Run(protocol({"answer": {"prompt": "x"}}), {"answer": cut})
    result = await run.go()
    assert (result.status, result.answer) == ("done", "Blue bec")
    assert result.warnings == ["answer: the reply was cut off before its end"]


async def test_each_item_is_a_call_of_its_own():
    """Items are asked one by one, numbered from 1, and come back in their order with their item."""
    run = Run(protocol(EACH))
    result = await run.go()
    assert result.status == "done"
    assert "Look at y (2)." in run.caller.prompt_of("each[2]")
    assert '{"item": "y", "text": "text of each[2]"}' in run.caller.prompt_of("answer")
    assert run.steps()["answer"].inputs == ["each[1]", "each[2]", "each[3]"]
    assert {step.name for step in result.steps} == {"each", "answer"}


async def test_ids_of_items_are_unique():
    """The same position in two items gets two ids."""
    steps = {
        "each": {"prompt": "{{ item }}", "for_each": ["x", "y"], "output": FORM},
        "answer": {"prompt": "{{ each }}"},
    }
    run = Run(protocol(steps), {"each[1]": GOOD, "each[2]": "no", "each[2]#2": GOOD})
    await run.go()
    first, second = run.steps()["each[1]"].output, run.steps()["each[2]#2"].output
    assert [claim["id"] for claim in first["claims"]] == ["c1.1", "c1.2"]
    assert [claim["id"] for claim in second["claims"]] == ["c2.1", "c2.2"]


async def test_a_failed_item_is_missing_and_the_others_count():
    """The step goes on with what there is, and the answer says which item it lacks."""
    run = Run(protocol(EACH), {"each[2]": CallError("gone", code="network")})
    result = await run.go()
    assert result.status == "partial"
    assert result.warnings == ["missing: each[2] (gone)"]
    prompt = run.caller.prompt_of("answer")
    assert '"item": "x"' in prompt
    assert '"item": "y"' not in prompt


async def test_a_step_without_any_item_left_is_absent():
    """When every item fails, what needs the step is skipped."""
    gone = CallError("gone", code="network")
    run = Run(protocol(EACH), {f"each[{number}]": gone for number in (1, 2, 3)})
    result = await run.go()
    assert result.status == "failed"
    assert result.warnings[-1] == "missing: each[1], each[2], each[3] (gone)"
    assert run.steps()["answer"].status == "skipped"


async def test_no_items_is_no_failure():
    """An empty list means nothing to do."""
    steps = {
        "claims": {"prompt": "x", "output": {"claims": ["str", 0, 5]}},
        "each": {"prompt": "{{ item }}", "for_each": "claims.claims"},
        "answer": {"prompt": "{{ each | length }} looked at"},
    }
    run = Run(protocol(steps), {"claims": {"claims": []}})
    assert (await run.go()).status == "done"
    assert "0 looked at" in run.caller.prompt_of("answer")


@pytest.mark.parametrize("limit", [2, "settings.most"])
async def test_no_more_items_than_allowed(limit: int | str):
    """`at_most` takes the first items and warns about the rest, whoever wrote the number."""
    steps = {"each": EACH["each"] | {"at_most": limit}, "answer": EACH["answer"]}
    run = Run(protocol(steps, settings={"most": 2}))
    result = await run.go()
    assert [call.step for call in run.caller.calls] == ["each[1]", "each[2]", "answer"]
    assert result.status == "done"
    assert result.warnings == ["each: took 2 of 3 items (at_most)"]


async def test_words_of_the_protocol_are_not_fenced():
    """Items that the author wrote are instructions, in the file or in its settings."""
    steps = {
        "one": {"prompt": "Look at {{ item }}.", "for_each": ["x"]},
        "two": {"prompt": "Look at {{ item.who }}.", "for_each": "settings.lenses"},
        "answer": {"prompt": "{{ one }}{{ two }}"},
    }
    run = Run(protocol(steps, settings={"lenses": [{"who": "y"}]}))
    await run.go()
    assert "Look at x." in run.caller.prompt_of("one[1]")
    assert "Look at y." in run.caller.prompt_of("two[1]")


async def test_costs_add_up_with_the_unknown_counted_apart():
    """Known bills are summed exactly; a lost call is unknown, a refused one is certainly free."""
    steps = {
        "a": {"prompt": "x"},
        "lost": {"prompt": "x"},
        "refused": {"prompt": "x"},
        "answer": {"prompt": "{{ a }}{{ lost }}{{ refused }}", "optional": ["lost", "refused"]},
    }
    run = Run(
        protocol(steps),
        {
            "a": Reply("a", "m", cost=Cost(usd=Decimal("0.000000000001"), source="billed")),
            "lost": CallError("dropped", code="network"),
            "refused": CallError("too long", code="bad_request", billed=False),
        },
    )
    result = await run.go()
    assert result.cost == Cost(usd=Decimal("0.001000000001"), source="billed", unknown_calls=1)
    assert run.steps()["lost"].cost == Cost(unknown_calls=1)
    assert run.steps()["refused"].cost == Cost(usd=Decimal(0), source="billed")


async def test_a_call_takes_as_long_as_the_clock_says():
    """Start and length of a step are those of its call, in milliseconds."""
    run = Run(protocol({"a": {"prompt": "x"}, "answer": {"prompt": "{{ a }}"}}))

    def take_time(call: Call) -> str:
        run.clock.seconds += 1.5
        return "done"

    run.caller.scripts["answer"] = take_time
    result = await run.go()
    step = run.steps()["answer"]
    assert step.duration_ms == 1500
    assert (step.started - result.started).total_seconds() == 0
    assert result.duration_ms == 1500


async def test_what_answered_is_recorded_with_the_step():
    """Model asked, model served, provider, tokens, cost and the id in llm's log."""
    run = Run(protocol({"answer": {"prompt": "x"}}))
    result = await run.go()
    (step,) = result.steps
    assert (step.model, step.model_served) == ("model-of-main", "model-of-main-2026")
    assert (step.provider, step.turn_id, step.role) == ("scripted", "turn-1", "main")
    assert (step.tokens.input, step.tokens.output) == (10, 5)
    assert result.model_used == "model-of-main-2026"
    assert result.tokens == step.tokens
    (use,) = result.models
    assert (use.asked, use.served, use.calls) == ("model-of-main", "model-of-main-2026", 1)
