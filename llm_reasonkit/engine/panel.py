"""Ask the members of a panel the same question, blind and side by side, and count their votes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from llm_reasonkit.engine.asking import Asker, Outcome
from llm_reasonkit.engine.ending import interrupt
from llm_reasonkit.engine.ledger import Ledger, Node
from llm_reasonkit.engine.ports import Caller
from llm_reasonkit.reasoning.answers import AnswerForm, Reading, read, request_for
from llm_reasonkit.reasoning.clustering import cluster
from llm_reasonkit.reasoning.protocol import Step
from llm_reasonkit.reasoning.stopping import is_decided, is_likely, next_wave
from llm_reasonkit.reasoning.template import trust
from llm_reasonkit.reasoning.voting import Ballot, Rule, decide

Stop = Literal["never", "accepted", "decided", "likely"]

# With fewer equal samples the posterior cannot reach .95.
_FIRST_SAMPLES = 4

# Where the steps of a round stand in the record, whichever reply comes first.
_ROUNDS = {"members": 1, "round2": 3}

_QUESTION = """\
{{ question }}
{% for source in sources %}

{{ source.id }}, given with the question:
{{ source.name }}
{{ source.text }}
{% endfor %}{{ request }}"""


@dataclass(frozen=True, slots=True)
class Seat:
    """A member of a panel: its name there, the role that its model plays, who made the model.

    Samples of one model have a seat each: `id#1`, `id#2` …
    """

    member: str
    role: str
    family: str


@dataclass(frozen=True, slots=True)
class Course:
    """How a panel is asked.

    form: what its answers look like. rule: how votes are counted. stop: when those left are not
    asked any more: `never`; `accepted`, once enough of those asked agree; `decided`, once nothing
    outstanding can change the winner or its acceptance; `likely`, once the leading answer of
    samples of one model is likely its most frequent. waves: how many seats are asked together, in
    order; what they leave is asked by `stop`. max_tokens: bound of a reply, reasoning apart.
    """

    seats: Sequence[Seat]
    form: AnswerForm
    rule: Rule
    stop: Stop = "never"
    waves: Sequence[int] = ()
    max_tokens: int = 2_000


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
        while size := self._next(waves):
            wave = [asked for asked in self.all if asked.status == "waiting"][:size]
            await self._ask_wave({asked.node.ident: asked for asked in wave}, scopes)

    async def _ask_wave(
        self, wave: Mapping[str, Asked], scopes: Mapping[str, Mapping[str, Any]]
    ) -> None:
        tasks = {
            asyncio.create_task(self._ask_one(asked, scopes[ident])): asked
            for ident, asked in wave.items()
        }
        running = set(tasks)
        try:
            while running and not self._is_enough():
                done, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    task.result()
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
        if running:
            for task in running:
                tasks[task].status = "cancelled"
            await interrupt(self._ledger, self._caller)

    async def _ask_one(self, asked: Asked, scope: Mapping[str, Any]) -> None:
        asked.status = "asked"
        asked.outcome = await self._asker.ask(asked.node, scope, streams=False)
        reply = asked.outcome.reply
        if asked.outcome.absent is None and reply is not None:
            finished = reply.finish_reason != "length"
            asked.reading = read(reply.text, self._course.form, finished=finished)
        asked.status = "answered"

    def ballots(self, *, over: bool = True) -> list[Ballot]:
        """Return what became of each member; until it is over, who may still vote is `pending`."""
        return [_ballot(asked, over=over) for asked in self.all]

    def _next(self, waves: Iterator[int]) -> int:
        """Tell how many to ask next; 0 for no more."""
        waiting = sum(asked.status == "waiting" for asked in self.all)
        if not waiting or self._is_enough():
            return 0
        if (size := next(waves, None)) is not None:
            return size
        course = self._course
        if course.stop == "decided":
            return next_wave(self.ballots(over=False), course.rule, course.form)
        if course.stop == "likely":
            return _FIRST_SAMPLES if waiting == len(self.all) else 1
        return waiting

    def _is_enough(self) -> bool:
        course = self._course
        ballots = self.ballots(over=False)
        if all(asked.status in ("waiting", "asked") for asked in self.all):
            return False
        if course.stop == "accepted":
            # Who was asked counts, also where the reply is still to come.
            asked = [_ballot(each, over=True) for each in self.all if each.status != "waiting"]
            return decide(asked, course.rule, course.form).accepted
        if course.stop == "decided":
            return is_decided(ballots, course.rule, course.form)
        if course.stop == "likely":
            votes = {i: b.answer for i, b in enumerate(ballots) if b.answer is not None}
            clusters = cluster(votes, course.form).clusters
            return is_likely([len(found.members) for found in clusters])
        return False


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
    step = Step(prompt=prompt, role=seat.role, max_tokens=course.max_tokens)
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
