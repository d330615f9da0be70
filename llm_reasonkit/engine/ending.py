"""Carry work out until a run has one ending, whatever stops it, and nothing billed is forgotten."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from llm_reasonkit.engine.ledger import Ledger
from llm_reasonkit.engine.ports import Caller
from llm_reasonkit.reasoning.result import Result, RunStatus, StepStatus


@dataclass(frozen=True, slots=True)
class Ending:
    """How the work of a run came out. more: further fields of its result."""

    status: RunStatus
    answer: str | None = None
    more: Mapping[str, Any] = field(default_factory=dict)


async def carry_out(
    work: Callable[[], Coroutine[Any, Any, Ending]],
    ledger: Ledger,
    caller: Caller,
    seconds: float | None,
    so_far: Callable[[], Ending] | None = None,
) -> Result:
    """Do the work of a run within `seconds` (None: as long as it takes) and return its result.

    seconds: what earlier parts of the run took counts. so_far: tells what there is of an answer
    when the work is cut short.

    On cancellation what there is gets recorded with status `interrupted` before the
    CancelledError goes on; an error of the work's own is raised once the run is closed as failed.
    """
    await ledger.open()
    left = None if seconds is None else seconds - ledger.start.elapsed
    try:
        # In a task of its own, because a TaskGroup cancels the one it fails in.
        ending = await asyncio.wait_for(asyncio.create_task(work()), left)
    except TimeoutError:
        ledger.halt(out_of_time(seconds))
        return await _end_early(ledger, caller, "stopped_by_budget", so_far)
    except asyncio.CancelledError:
        await _end_early(ledger, caller, "interrupted", so_far)
        raise
    except Exception as broken:
        # A call that breaks while it is being cancelled hides the cancellation.
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            await _end_early(ledger, caller, "interrupted", so_far)
            raise asyncio.CancelledError from broken
        await _end_early(ledger, caller, "failed")
        if isinstance(broken, ExceptionGroup):
            raise _first_of(broken) from broken
        raise
    return await ledger.close(ending.status, ending.answer, ending.more)


def out_of_time(seconds: float | None) -> str:
    """Return the warning of a run that its time ended."""
    return f"the budget of {seconds or 0:g} seconds is used up"


async def interrupt(
    ledger: Ledger,
    caller: Caller,
    status: StepStatus = "interrupted",
    patience: float | None = None,
) -> None:
    """Record what is under way as interrupted or stopped, with its bill where it can be had.

    patience: seconds after which a bill that has not come is not waited for.
    """
    asked = {ident: asyncio.create_task(caller.bill(ident)) for ident in ledger.calls_under_way}
    # Cancelled once more, the bills are not worth waiting for.
    with suppress(asyncio.CancelledError):
        if asked:
            await asyncio.wait(asked.values(), timeout=patience)
    costs = {ident: task.result() for ident, task in asked.items() if not task.cancel()}
    await ledger.interrupt(status, costs)


async def _end_early(
    ledger: Ledger,
    caller: Caller,
    status: RunStatus,
    so_far: Callable[[], Ending] | None = None,
) -> Result:
    await interrupt(
        ledger, caller, "stopped_by_budget" if status == "stopped_by_budget" else "interrupted"
    )
    known = so_far() if so_far else Ending(status)
    # A verdict may stand although the time was over before everybody had answered.
    ended = known.status if status == "stopped_by_budget" else status
    return await ledger.close(ended, known.answer, known.more)


def _first_of(group: BaseExceptionGroup[BaseException]) -> BaseException:
    first = group.exceptions[0]
    return _first_of(first) if isinstance(first, BaseExceptionGroup) else first
