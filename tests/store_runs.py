"""Runs to record, made of real llm responses of a model that answers at once."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import llm
from llm.utils import monotonic_ulid

from llm_reasonkit.engine.ports import Reply, RunStart
from llm_reasonkit.reasoning.result import (
    CheckItem,
    Cost,
    Result,
    StepResult,
    Tokens,
    count_checks,
    total_cost,
    total_tokens,
)
from llm_reasonkit.store.log import LogTrace

PRICE = Decimal("0.000123456789")


class Echo(llm.Model):
    """Says which turn of the conversation it answers, and repeats the prompt."""

    model_id = "store-echo"

    def execute(
        self, prompt: llm.Prompt, stream: bool, response: llm.Response, conversation: Any
    ) -> Iterator[str]:
        response.set_usage(input=3, output=4, details={"cost": float(PRICE)})
        yield f"message {len(prompt.messages)}: {prompt.messages[-1].parts[0].text}"


class AsyncEcho(llm.AsyncModel):
    """The same for an event loop."""

    model_id = Echo.model_id

    async def execute(self, prompt, stream, response, conversation):
        yield f"later: {prompt.messages[-1].parts[0].text}"


def new_id() -> str:
    """Give an id as llm's own threads and turns have."""
    return str(monotonic_ulid()).lower()


def start_of(run_id: str, question: str = "Why is the sky blue?") -> RunStart:
    """Give the beginning of a run."""
    return RunStart(
        run_id=run_id,
        command="think",
        question=question,
        started=datetime.now(UTC),
        protocol="gigathink",
        profile="balanced",
        trace_id=run_id,
        settings={"effort": "low", "budget": Decimal("0.50")},
    )


def make_reply(run_id: str, prompt: str, model: llm.Model | None = None) -> Reply:
    """Ask the model and give its reply, with llm's finished response as the turn."""
    asked = model or Echo()
    response = asked.prompt(prompt)
    # A conversation of its own per call: no step sees another's history.
    response.conversation = llm.Conversation(model=asked, id=run_id)
    text = response.text()
    return Reply(text=text, model=asked.model_id, turn=response, turn_id=response.id)


def make_step(name: str, reply: Reply | None = None, **fields: Any) -> StepResult:
    """Give a finished step, of a call if there is a reply."""
    known: dict[str, Any] = {
        "id": f"gigathink.{name}",
        "name": name,
        "kind": "prompt",
        "status": "done",
        "started": datetime.now(UTC),
        "duration_ms": 0,
    }
    if reply is not None:
        known |= {
            "model": reply.model,
            "output": reply.text,
            "tokens": Tokens(input=3, output=4),
            "cost": Cost(usd=PRICE, source="billed"),
            "turn_id": reply.turn_id,
        }
    return StepResult(**known | fields)


def make_result(run: RunStart, steps: list[StepResult], checks: list[CheckItem]) -> Result:
    """Give what a run of these steps ends in; the last one is the answer."""
    return Result(
        run_id=run.run_id,
        command=run.command,
        status="done",
        question=run.question,
        answer=str(steps[-1].output),
        answer_kind="text",
        protocol=run.protocol,
        profile=run.profile,
        model_used=Echo.model_id,
        steps=steps,
        checks=count_checks(checks),
        tokens=total_tokens(step.tokens for step in steps),
        cost=total_cost(step.cost for step in steps if step.cost is not None),
        started=run.started,
        duration_ms=17,
        trace_id=run.trace_id,
    )


async def record_run(trace: LogTrace, run_id: str, calls: int = 3) -> Result:
    """Record a run of that many calls, one after the other, each with a check."""
    run = start_of(run_id)
    await trace.run_started(run)
    steps, checks = [], []
    for number in range(calls):
        reply = make_reply(run_id, f"prompt {number}")
        step = make_step(f"step[{number}]", reply, inputs=[done.id for done in steps])
        check = CheckItem(step=step.id, name="spans", status="passed")
        await trace.step_finished(step, [check], reply)
        steps.append(step)
        checks.append(check)
    result = make_result(run, steps, checks)
    await trace.run_finished(result)
    return result


def record_runs(path: Path, count: int) -> list[str]:
    """Record runs one after the other in an event loop of one's own; give the warnings."""

    async def record() -> list[str]:
        warnings = []
        for _ in range(count):
            trace = LogTrace(path)
            await record_run(trace, new_id())
            trace.close()
            warnings += [trace.warning] if trace.warning else []
        return warnings

    return asyncio.run(record())


def tell(warnings: list[str]) -> None:
    """Answer the process that gives the orders."""
    sys.stdout.write(json.dumps(warnings) + "\n")
    sys.stdout.flush()


def serve() -> None:
    """Record runs as the lines of stdin order, `[path, count]`; answer each with its warnings."""
    tell([])
    for line in sys.stdin:
        path, count = json.loads(line)
        tell(record_runs(Path(path), count))


if __name__ == "__main__":
    serve()
