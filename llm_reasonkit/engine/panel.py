"""Ask the members of a panel the same question, blind and side by side, until enough is known."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from llm_reasonkit.engine.asking import Asker, Outcome
from llm_reasonkit.engine.course import Course, Seat
from llm_reasonkit.engine.ending import interrupt
from llm_reasonkit.engine.ledger import Ledger, Node
from llm_reasonkit.engine.ports import Caller
from llm_reasonkit.reasoning.answers import AnswerForm, Reading, read, request_for
from llm_reasonkit.reasoning.checks.orders import first_order, without_orders
from llm_reasonkit.reasoning.clustering import cluster
from llm_reasonkit.reasoning.protocol import Step
from llm_reasonkit.reasoning.result import Member, StepResult, total_cost, total_tokens
from llm_reasonkit.reasoning.stopping import is_decided, is_likely, next_wave
from llm_reasonkit.reasoning.template import trust
from llm_reasonkit.reasoning.voting import Ballot, decide

# With fewer equal samples the posterior cannot reach .95.
_FIRST_SAMPLES = 4

# Bills come after a second or so: a verdict that is decided does not wait for them.
_PATIENCE = 0.01

# Where the steps of a round stand in the record, whichever reply comes first.
_ROUNDS = {"members": 1, "round2": 3}

_QUESTION = """\
{{ question }}
{% for source in sources %}

{{ source.id }}, given with the question:
{{ source.name }}
{{ source.text }}
{% endfor %}{{ request }}"""


@dataclass(slots=True)
class Asked:
    """What became of a seat. reading: what its reply was read as, once it came."""

    seat: Seat
    node: Node
    status: Literal["waiting", "asked", "answered", "cancelled"] = "waiting"
    outcome: Outcome = field(default_factory=Outcome)
    reading: Reading | None = None

    @property
    def text(self) -> str:
        """Its reply; empty where there is none."""
        return self.outcome.reply.text if self.outcome.reply else ""

    @property
    def shown(self) -> str:
        """Its reply as other models get to see it: without what it would have them do."""
        return without_orders(self.text)

    @property
    def what_became(self) -> str:
        """`vote`, or why it has none."""
        if self.reading is not None:
            return "vote" if self.reading.answer is not None else f"no vote: {self.reading.reason}"
        if self.status == "answered":
            return f"failed: {self.outcome.absent}"
        return {"waiting": "not asked", "asked": "interrupted"}.get(self.status, self.status)


class Members:
    """Asks the seats of a panel until enough is known, and cancels what is superfluous then.

    name: of the steps. prompt: template of what each member is asked.
    """

    def __init__(
        self,
        course: Course,
        asker: Asker,
        ledger: Ledger,
        caller: Caller,
        *,
        name: str = "members",
        prompt: str = _QUESTION,
    ) -> None:
        self._course = course
        self._asker = asker
        self._ledger = ledger
        self._caller = caller
        self.all = [
            Asked(seat, _node(name, number, prompt, seat, course))
            for number, seat in enumerate(course.seats, 1)
        ]

    def once_more(self, course: Course, prompt: str) -> Members:
        """Return the members of a second round."""
        return Members(
            course, self._asker, self._ledger, self._caller, name="round2", prompt=prompt
        )

    async def ask(
        self, scope: Mapping[str, Any], own: Sequence[Mapping[str, Any]] | None = None
    ) -> None:
        """Ask wave after wave. scope: what all prompts read; own: what each member's reads."""
        waves = iter(self._course.waves)
        scopes = {
            asked.node.ident: {**scope, **(own[number] if own else {})}
            for number, asked in enumerate(self.all)
        }
        while wave := self._next(waves):
            await self._ask_wave(wave, scopes)
        # What an earlier part of the run asked counts, needed or not.
        past = self._asker.past.calls
        waiting = [asked for asked in self.all if asked.status == "waiting"]
        await self._ask_wave([each for each in waiting if each.node.ident in past], scopes)

    async def _ask_wave(
        self, wave: Sequence[Asked], scopes: Mapping[str, Mapping[str, Any]]
    ) -> None:
        for asked in wave:
            asked.status = "asked"
        # What the record has came first, and may be enough.
        for asked in wave:
            if self._asker.past.has(asked.node.ident):
                await self._ask_one(asked, scopes[asked.node.ident])
        if not self._is_enough():
            await self._ask_at_once([each for each in wave if each.status == "asked"], scopes)
        left = [asked for asked in wave if asked.status == "asked"]
        for asked in left:
            asked.status = "cancelled"
            self._asker.abandon(asked.node)
        if left:
            await interrupt(self._ledger, self._caller, patience=_PATIENCE)

    async def _ask_at_once(
        self, those: Sequence[Asked], scopes: Mapping[str, Mapping[str, Any]]
    ) -> None:
        """Ask until enough is known, and cancel the calls that no reply came to by then."""
        tasks = {
            asyncio.create_task(self._ask_one(asked, scopes[asked.node.ident])): asked
            for asked in those
        }
        running = set(tasks)
        try:
            while running and not self._is_enough():
                done, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    task.result()
        finally:
            for task in running:
                # A reply counts once it is being recorded, or a replay would count another vote.
                if self._ledger.record_of(tasks[task].node.ident) is None:
                    task.cancel()
            await asyncio.gather(*running, return_exceptions=True)

    async def _ask_one(self, asked: Asked, scope: Mapping[str, Any]) -> None:
        asked.outcome = await self._asker.ask(asked.node, scope)
        reply = asked.outcome.reply
        if asked.outcome.absent is None and reply is not None:
            finished = reply.finish_reason != "length"
            asked.reading = read(reply.text, self._course.form, finished=finished)
            if order := first_order(reply.text):
                self._ledger.warn(
                    f"{asked.seat.member} gives its reader orders, which count for nothing and "
                    f"were shown to no other model: “{order}”",
                    asked.node,
                )
        asked.status = "answered"

    @property
    def idents(self) -> tuple[str, ...]:
        """The records that their replies are in."""
        return tuple(ident for asked in self.all for ident in asked.outcome.idents)

    def ballots(self, *, over: bool = True) -> list[Ballot]:
        """Return what became of each member; until it is over, who may still vote is `pending`."""
        return [_ballot(asked, over=over) for asked in self.all]

    def _next(self, waves: Iterator[int]) -> Sequence[Asked]:
        """Return those to ask next; none for no more."""
        waiting = [asked for asked in self.all if asked.status == "waiting"]
        if not waiting or self._is_enough():
            return ()
        course, ballots = self._course, self.ballots(over=False)
        if course.waves:
            return waiting[: next(waves, 0)]
        if course.stop == "decided":
            return [self.all[index] for index in next_wave(ballots, course.rule, course.form)]
        if course.stop == "likely":
            return waiting[: _FIRST_SAMPLES if len(waiting) == len(self.all) else 1]
        return waiting

    def _is_enough(self) -> bool:
        course = self._course
        ballots = self.ballots(over=False)
        if all(asked.status in ("waiting", "asked") for asked in self.all):
            return False
        if course.stop == "accepted":
            # Who was asked counts, also where the reply is still to come.
            return decide(self.ballots(), course.rule, course.form).accepted
        if course.stop == "decided":
            return is_decided(ballots, course.rule, course.form)
        if course.stop == "likely":
            votes = {i: b.answer for i, b in enumerate(ballots) if b.answer is not None}
            clusters = cluster(votes, course.form).clusters
            return is_likely([len(found.members) for found in clusters])
        return False


def member_of(asked: Asked, ledger: Ledger) -> Member:
    """Return what a seat answered and took, as the result shows it."""
    step, reply = _record_of(asked, ledger), asked.outcome.reply
    if step is None:
        return Member(model=asked.seat.member, family=asked.seat.family, status="skipped")
    return Member(
        model=asked.seat.member,
        model_served=step.model_served,
        provider=step.provider,
        family=asked.seat.family,
        status=step.status,
        answer=asked.text or None,
        first_token_ms=reply.first_token_ms if reply else None,
        duration_ms=step.duration_ms,
        tokens=step.tokens,
        cost=step.cost,
        error=step.error,
    )


def _record_of(asked: Asked, ledger: Ledger) -> StepResult | None:
    """Return the record of a seat's call; of the second with what both took, where it was asked
    again."""
    first, second = (ledger.record_of(n.ident) for n in (asked.node, asked.node.again()))
    if first is None or second is None:
        return first
    both = {
        "tokens": total_tokens([first.tokens, second.tokens]),
        "cost": total_cost(step.cost for step in (first, second) if step.cost is not None),
        "duration_ms": (first.duration_ms or 0) + (second.duration_ms or 0),
    }
    return second.model_copy(update=both)


def scope_of(
    question: str, form: AnswerForm | None, sources: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """Return what a member's prompt reads; without a form it is asked for no typed answer."""
    return {
        "question": trust(question),
        "sources": list(sources),
        "findings": [],
        "request": trust("" if form is None else request_for(form)),
    }


def _node(name: str, number: int, prompt: str, seat: Seat, course: Course) -> Node:
    step = Step(
        prompt=prompt,
        role=seat.role,
        max_tokens=course.max_tokens,
        output=json.loads(course.form.schema) if course.form.schema else None,
    )
    return Node(ident=f"{name}[{number}]", name=name, step=step, place=(_ROUNDS[name], number))


def _ballot(asked: Asked, *, over: bool) -> Ballot:
    seat, reading = asked.seat, asked.reading
    if asked.status in ("waiting", "asked") and not over:
        return Ballot(seat.member, seat.family, "pending")
    if asked.status == "waiting":
        return Ballot(seat.member, seat.family, "not_asked")
    if asked.status in ("asked", "cancelled"):
        return Ballot(seat.member, seat.family, "cancelled", reason=asked.what_became)
    if reading is None:
        return Ballot(seat.member, seat.family, "failed", reason=asked.outcome.absent or "")
    if reading.answer is None:
        return Ballot(seat.member, seat.family, "no_vote", reason=reading.reason)
    return Ballot(seat.member, seat.family, "vote", answer=reading.answer, reply=asked.text)
