"""A recorded run as llm's own commands see it."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import llm
import pytest
from click.testing import CliRunner

from llm_reasonkit.store.log import LogTrace
from tests.store_runs import Echo, make_reply, make_result, make_step, new_id, record_run, start_of


class EchoPlugin:
    """Makes the model known to llm, as a plugin does."""

    @llm.hookimpl
    def register_models(self, register) -> None:
        register(Echo())


@pytest.fixture
def run_llm(tmp_path, monkeypatch):
    """Give llm's command line, in a folder of its own, with the model registered."""
    monkeypatch.setenv("LLM_USER_PATH", str(tmp_path))
    monkeypatch.setenv("LLM_LOAD_PLUGINS", "")
    from llm.cli import cli
    from llm.plugins import pm

    plugin = EchoPlugin()
    pm.register(plugin)

    def run(*arguments: str) -> str:
        done = CliRunner().invoke(cli, arguments, catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.stdout

    yield run
    pm.unregister(plugin)


@pytest.fixture
def recorded(tmp_path):
    """Record a run of three calls where llm keeps its log; give its result."""
    trace = LogTrace(tmp_path / "logs.db")
    result = asyncio.run(record_run(trace, new_id()))
    trace.close()
    return result


def test_llm_logs_shows_the_turns_of_the_run(run_llm, recorded):
    """`llm logs -c` lists the run's calls in order, with their cost."""
    turns = json.loads(run_llm("logs", "list", "-c", "--json"))

    assert [turn["id"] for turn in turns] == [step.turn_id for step in recorded.steps]
    assert {turn["conversation_id"] for turn in turns} == {recorded.run_id}
    assert {turn["conversation_name"] for turn in turns} == {"think: Why is the sky blue?"}
    assert "0.000123456789" in run_llm("logs", "list", "-c", "-u")


def test_llm_continues_from_the_answer(run_llm, recorded):
    """`llm -c` goes on after the turn that was logged last, on its model."""
    assert recorded.answer == "message 1: prompt 2"

    assert run_llm("-c", "and then?").strip() == "message 3: and then?"

    last = json.loads(run_llm("logs", "list", "-c", "--json"))[-1]
    assert (last["conversation_id"], last["model"]) == (recorded.run_id, Echo.model_id)
    history = run_llm("logs", "list", "-c")
    assert history.index("prompt 2") < history.index("and then?")


def test_llm_continues_after_a_run_without_any_reply(run_llm, tmp_path, recorded):
    """A later run of which every call failed does not stand in the way of `llm -c`."""

    async def record() -> None:
        trace, run = LogTrace(tmp_path / "logs.db"), start_of(new_id())
        await trace.run_started(run)
        failed = make_step("only", status="failed", error="timeout")
        await trace.step_finished(failed, [], None)
        await trace.run_finished(make_result(run, [failed], []))
        trace.close()

    asyncio.run(record())

    assert run_llm("-c", "and then?").strip() == "message 3: and then?"


def test_parallel_steps_may_end_in_any_order(run_llm, tmp_path: Path):
    """The answer is the tip although a step that began before it is logged late."""

    async def record() -> None:
        trace, run = LogTrace(tmp_path / "logs.db"), start_of(new_id())
        await trace.run_started(run)
        slow, quick = make_reply(run.run_id, "slow"), make_reply(run.run_id, "quick")
        for name, reply in [("quick", quick), ("slow", slow)]:
            await trace.step_finished(make_step(name, reply), [], reply)
        answer = make_reply(run.run_id, "the answer")
        await trace.step_finished(make_step("answer", answer), [], answer)
        trace.close()

    asyncio.run(record())

    turns = json.loads(run_llm("logs", "list", "-c", "--json"))
    assert [turn["prompt"] for turn in turns] == ["slow", "quick", "the answer"]
    assert run_llm("-c", "go on").strip() == "message 3: go on"
