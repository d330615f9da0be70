"""The runner: order and parallelism of steps, what fails, what is skipped, what is answered."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from llm_reasonkit.engine.ports import Call, ModelFacts
from llm_reasonkit.errors import CallError
from llm_reasonkit.reasoning.checks import CHECKS
from llm_reasonkit.reasoning.checks.outcome import Fact, Outcome
from tests.scripted import Run, protocol

DIAMOND = protocol(
    {
        "left": {"prompt": "left"},
        "right": {"prompt": "right"},
        "answer": {"prompt": "{{ left }} and {{ right }}"},
    }
)
OPTIONAL = protocol(
    {
        "left": {"prompt": "left"},
        "right": {"prompt": "right"},
        "answer": {"prompt": "{{ left }} and {{ right }}", "optional": ["left"]},
    }
)


class Turnstile:
    """Holds calls back; `rounds` lets all that wait through at once, until nothing waits."""

    def __init__(self) -> None:
        self._waiting: list[tuple[str, asyncio.Event]] = []

    def script(self, answer: Any) -> Callable[[Call], Awaitable[Any]]:
        async def held(call: Call) -> Any:
            gate = asyncio.Event()
            self._waiting.append((call.step, gate))
            await gate.wait()
            return answer

        return held

    async def rounds(self, task: asyncio.Task[Any]) -> list[set[str]]:
        rounds: list[set[str]] = []
        while not task.done():
            for _ in range(100):
                await asyncio.sleep(0)
            if self._waiting:
                rounds.append({step for step, _ in self._waiting})
                for _, gate in self._waiting:
                    gate.set()
                self._waiting.clear()
        return rounds


async def test_independent_steps_run_at_the_same_time():
    """Neither of two independent steps can end before both have started."""
    barrier = asyncio.Barrier(2)

    async def meet(call: Call) -> str:
        await barrier.wait()
        return call.step

    run = Run(DIAMOND, {"left": meet, "right": meet})
    result = await run.go()
    assert result.status == "done"
    assert run.caller.calls[-1].step == "answer"


async def test_items_run_at_the_same_time():
    """No item of a for_each step can end before all have started."""
    barrier = asyncio.Barrier(3)

    async def meet(call: Call) -> str:
        await barrier.wait()
        return call.step

    steps = {
        "each": {"prompt": "{{ item }}", "for_each": ["a", "b", "c"]},
        "answer": {"prompt": "{{ each }}"},
    }
    run = Run(protocol(steps), {f"each[{number}]": meet for number in (1, 2, 3)})
    assert (await run.go()).status == "done"


async def test_a_run_takes_as_long_as_its_longest_chain():
    """With calls of equal length a run lasts as many of them as its critical path has steps."""
    steps = {
        "a": {"prompt": "a"},
        "b": {"prompt": "{{ a }}"},
        "c": {"prompt": "c"},
        "each": {"prompt": "{{ item }}{{ a }}", "for_each": ["x", "y"]},
        "d": {"prompt": "{{ b }}{{ c }}"},
        "answer": {"prompt": "{{ d }}{{ each }}"},
    }
    gate = Turnstile()
    names = ["a", "b", "c", "each[1]", "each[2]", "d", "answer"]
    run = Run(protocol(steps), {name: gate.script(name) for name in names})
    rounds = await gate.rounds(asyncio.create_task(run.go()))
    assert rounds == [{"a", "c"}, {"b", "each[1]", "each[2]"}, {"d"}, {"answer"}]


async def test_nothing_starts_before_its_inputs_are_in_the_trace():
    """A step waits until the record of what it reads is safe, not just until the reply is there."""
    run = Run(DIAMOND)
    run.trace.gate = asyncio.Event()
    task = asyncio.create_task(run.go())
    for _ in range(100):
        await asyncio.sleep(0)
    assert {call.step for call in run.caller.calls} == {"left", "right"}
    run.trace.gate.set()
    await task
    assert [call.step for call in run.caller.calls][-1] == "answer"
    assert [step.id for step in run.trace.steps][-1] == "answer"


async def test_a_run_is_written_down_from_start_to_end():
    """The trace gets the start before any step and the same result that is returned."""
    run = Run(DIAMOND)
    result = await run.go()
    assert [start.run_id for start in run.trace.runs] == ["run-1"]
    assert run.trace.results == [result]
    assert run.trace.steps == result.steps
    assert result.protocol == "mine"
    assert result.trace_id == "trace-1"
    assert run.steps()["answer"].inputs == ["left", "right"]


async def test_a_failed_step_that_can_be_done_without_leaves_a_partial_answer():
    """The run goes on, ends `partial`, and the answer itself says what is missing and why."""
    run = Run(OPTIONAL, {"left": CallError("no route to it", code="network"), "answer": "Blue."})
    result = await run.go()
    assert result.status == "partial"
    assert result.answer == "Blue.\n\nMissing from this answer: left (no route to it)."
    assert result.warnings == ["missing: left (no route to it)"]
    assert run.watcher.answer == result.answer
    assert run.steps()["left"].status == "failed"
    assert run.steps()["left"].error == "no route to it"
    assert "None" not in run.caller.prompt_of("answer")


async def test_a_failed_step_that_is_needed_fails_the_run_visibly():
    """What depends on it is skipped, not asked; the result has no answer and says why."""
    run = Run(DIAMOND, {"left": CallError("no route to it", code="network")})
    result = await run.go()
    assert (result.status, result.answer, result.output) == ("failed", None, "")
    assert run.steps()["answer"].status == "skipped"
    assert run.steps()["answer"].error == "it needs left, which is missing"
    assert run.steps()["right"].status == "done"
    assert result.warnings == [
        "no answer from answer: it needs left, which is missing",
        "missing: left (no route to it)",
    ]
    assert result.confidence.kind == "none"
    assert run.watcher.answer == ""


async def test_a_model_that_can_never_answer_is_asked_once():
    """After a rejected key, the steps that would ask the same model are skipped and told."""
    steps = {
        "first": {"prompt": "x"},
        "other": {"prompt": "x{{ first }}", "role": "critic", "optional": ["first"]},
        "second": {"prompt": "x{{ first }}", "optional": ["first"]},
        "answer": {
            "prompt": "{{ other }}{{ second }}",
            "role": "critic",
            "optional": ["second"],
        },
    }
    rejected = CallError("the key was rejected", code="auth", billed=False)
    run = Run(protocol(steps), {"first": rejected})
    result = await run.go()
    assert result.status == "partial"
    assert [call.step for call in run.caller.calls] == ["first", "other", "answer"]
    assert run.steps()["second"].status == "skipped"
    assert result.warnings == ["missing: first, second (the key was rejected)"]


@pytest.mark.parametrize(("count", "status"), [(0, "skipped"), (1, "done")])
async def test_a_step_runs_when_its_condition_holds(count: int, status: str):
    """A `when` decides by what earlier steps gave; being skipped by it makes nothing missing."""
    steps = {
        "count": {"prompt": "x", "output": {"n": "int"}},
        "extra": {"prompt": "x", "when": "count.n > 0"},
        "answer": {"prompt": "{% if extra %}{{ extra }}{% endif %}", "optional": ["extra"]},
    }
    run = Run(protocol(steps), {"count": {"n": count}})
    assert (await run.go()).status == "done"
    assert run.steps()["extra"].status == status
    assert ("text of extra" in run.caller.prompt_of("answer")) is (count > 0)


async def test_an_answer_that_was_not_due_is_told():
    """Where the `when` of the answer itself does not hold, the run fails and says so."""
    run = Run(protocol({"answer": {"prompt": "x", "when": "sources"}}))
    result = await run.go()
    assert result.status == "failed"
    assert result.warnings == ["no answer from answer: not needed (`when`)"]


@pytest.mark.parametrize(
    ("path", "reply", "answer"),
    [
        ("answer.text", {"text": "Blue.", "why": "air"}, "Blue."),
        ("answer", {"text": "Blué.", "why": "air"}, '{"text": "Blué.", "why": "air"}'),
    ],
)
async def test_the_answer_may_be_a_part_of_an_object(path: str, reply: dict[str, str], answer: str):
    """A text is the answer as it is; anything else is its JSON."""
    steps = {"answer": {"prompt": "x", "output": {"text": "str", "why": "str"}}}
    run = Run(protocol(steps, answer=path), {"answer": reply})
    result = await run.go()
    assert result.answer == answer
    assert result.answer_kind == "text"
    assert run.watcher.answer == answer


@pytest.mark.parametrize("text", ["", "  \n"])
async def test_an_empty_answer_is_none(text: str):
    """A model that fills its form with nothing has not answered."""
    steps = {"answer": {"prompt": "x", "output": {"text": "str"}}}
    run = Run(protocol(steps, answer="answer.text"), {"answer": {"text": text}})
    result = await run.go()
    assert (result.status, result.answer) == ("failed", None)
    assert result.warnings == ["no answer from answer.text: it gave an empty one"]


async def test_an_answer_path_into_a_loose_schema_may_lead_nowhere():
    """Where an open schema let the key be missing, the run fails with a warning, not a crash."""
    steps = {"answer": {"prompt": "x", "output": {"type": "object"}}}
    run = Run(protocol(steps, answer="answer.text"), {"answer": {"other": 1}})
    assert (await run.go()).status == "failed"


async def test_only_the_text_of_the_answer_is_streamed():
    """The answer step's text arrives in parts as the answer, other steps' text as theirs."""
    run = Run(DIAMOND, {"left": "l1\nl2", "answer": "one\ntwo"})
    await run.go()
    assert [event for event in run.watcher.events if event[0] == "answer"] == [
        ("answer", "one\n"),
        ("answer", "two"),
    ]
    assert ("text", "left", "l1\n") in run.watcher.events
    assert not [event for event in run.watcher.events if event[:2] == ("text", "answer")]


async def test_the_observer_sees_each_step_start_and_end():
    """Steps are shown with the model they ask, and again with how they ended."""
    run = Run(protocol({"answer": {"prompt": "x", "role": "judge"}}))
    await run.go()
    assert run.watcher.events == [
        ("started", "answer", "model-of-judge"),
        ("answer", "text of answer"),
        ("finished", "answer", "done"),
    ]


CHECKED = protocol(
    {
        "answer": {"prompt": "x"},
        "links": {"check": "links", "with": {"text": "answer", "given": "material"}},
    }
)


async def test_a_check_states_facts_and_makes_the_confidence():
    """What code established is recorded, counted, and all that confidence rests on."""
    run = Run(CHECKED, {"answer": "See https://invented.test/x"}, question="q")
    result = await run.go()
    assert result.status == "done"
    assert result.checks.failed == 1
    assert [item.step for item in result.checks.items] == ["links"]
    assert run.trace.checks == result.checks.items
    assert (result.confidence.kind, result.confidence.overall) == ("checks", 0.0)
    step = run.steps()["links"]
    assert (step.kind, step.role, step.model, step.cost) == ("check", None, None, None)
    assert step.output["failed"] == 1
    assert step.inputs == ["answer"]


async def test_a_check_that_breaks_costs_nobody_the_answer(monkeypatch: pytest.MonkeyPatch):
    """An error inside a check is that check's failure; the answer stays and says it is missing."""

    def broken(text: object) -> Outcome:
        raise ZeroDivisionError(f"cannot divide {text}")

    monkeypatch.setitem(CHECKS, "broken", broken)
    steps = {"answer": {"prompt": "x"}, "c": {"check": "broken", "with": {"text": "answer"}}}
    run = Run(protocol(steps), {"answer": "Blue."})
    result = await run.go()
    assert result.status == "partial"
    assert result.output.startswith("Blue.")
    why = "check broken broke: ZeroDivisionError: cannot divide Blue."
    assert run.steps()["c"].error == why
    assert result.warnings == [f"missing: c ({why})"]


async def test_later_steps_read_what_a_check_hands_on(monkeypatch: pytest.MonkeyPatch):
    """A check's value and its counts are in scope like any other step's output."""

    def facts(text: object) -> Outcome:
        return Outcome([Fact("ok", "passed"), Fact("no", "failed", "why")], {"seen": text})

    monkeypatch.setitem(CHECKS, "facts", facts)
    steps = {
        "a": {"prompt": "x"},
        "c": {"check": "facts", "with": {"text": "a"}},
        "answer": {"prompt": "{{ c.passed }}/{{ c.failed }} {{ c.seen }}", "when": "c.failed == 1"},
    }
    run = Run(protocol(steps), {"a": "seen by it"})
    assert (await run.go()).status == "done"
    assert "1/1 <data" in run.caller.prompt_of("answer")
    assert "seen by it" in run.caller.prompt_of("answer")


async def test_a_check_reads_nothing_where_an_optional_step_left_nothing(
    monkeypatch: pytest.MonkeyPatch,
):
    """A path through a step that could be done without gives None to the check."""
    given: list[object] = []

    def look(text: object, part: object) -> Outcome:
        given.extend([text, part])
        return Outcome([])

    monkeypatch.setitem(CHECKS, "look", look)
    steps = {
        "a": {"prompt": "x", "output": {"rows": ["str"]}},
        "c": {
            "check": "look",
            "with": {"text": "a", "part": "a.rows"},
            "optional": ["a"],
        },
        "answer": {"prompt": "{{ c }}"},
    }
    run = Run(protocol(steps), {"a": CallError("no", code="network")})
    assert (await run.go()).status == "partial"
    assert given == [None, None]


async def test_a_check_whose_path_leads_nowhere_fails_visibly(monkeypatch: pytest.MonkeyPatch):
    """An input that is not there is the protocol's mistake, and costs only this check."""
    monkeypatch.setitem(CHECKS, "take", lambda text: Outcome([]))
    steps = {
        "a": {"prompt": "x", "output": {"type": "object"}},
        "c": {"check": "take", "with": {"text": "a.rows"}},
        "answer": {"prompt": "{{ a }}"},
    }
    run = Run(protocol(steps), {"a": {"b": 1}})
    assert (await run.go()).status == "partial"
    assert run.steps()["c"].status == "failed"
    assert "not there: 'a.rows'" in (run.steps()["c"].error or "")


@pytest.mark.parametrize(
    "step",
    [
        {"prompt": "{{ a.nope }}"},
        {"prompt": "{{ a.b + 'x' }}"},
        {"prompt": "x", "when": "a.b > 'x'"},
        {"prompt": "{{ item.nope }}", "for_each": ["x", "y"]},
        {"prompt": "{{ item }}", "for_each": "a.b", "at_most": 3},
        {"prompt": "{{ item }}", "for_each": "a.c", "at_most": 3},
    ],
)
async def test_a_step_that_reads_what_is_not_there_fails_before_any_call(step: dict[str, Any]):
    """Missing names, unfit types and lists that are none fail the step, one item or many."""
    steps = {
        "a": {"prompt": "x", "output": {"type": "object"}},
        "odd": step if "a." in str(step) else {**step, "when": "a"},
        "answer": {"prompt": "{{ odd }}", "optional": ["odd"]},
    }
    run = Run(protocol(steps), {"a": {"b": 1}})
    result = await run.go()
    assert result.status == "partial"
    assert run.steps()["odd"].status == "failed"
    assert "asks for something that is not there" in (run.steps()["odd"].error or "")
    assert [call.step for call in run.caller.calls] == ["a", "answer"]


async def test_a_model_that_reasons_is_known_to_the_prompt():
    """`thinks` tells a template whether this step's model reasons by itself."""
    steps = {
        "a": {"prompt": "{% if not thinks %}Step by step.{% endif %}", "role": "critic"},
        "answer": {"prompt": "{% if not thinks %}Step by step.{% endif %}{{ a }}"},
    }
    run = Run(protocol(steps))
    run.caller.known["critic"] = ModelFacts("o", reasons=True)
    await run.go()
    assert "Step by step." not in run.caller.prompt_of("a")
    assert "Step by step." in run.caller.prompt_of("answer")
