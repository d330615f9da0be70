"""A panel without a world: seats whose replies a test wrote, asked by the real engine."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from llm_reasonkit.engine.asking import Asker
from llm_reasonkit.engine.budget import Budget
from llm_reasonkit.engine.comparison import Comparison
from llm_reasonkit.engine.consensus import Consensus
from llm_reasonkit.engine.course import Course, Seat
from llm_reasonkit.engine.ending import carry_out
from llm_reasonkit.engine.ledger import Ledger
from llm_reasonkit.engine.open_question import OpenQuestion
from llm_reasonkit.engine.ports import Call, Reply, RunStart
from llm_reasonkit.engine.replay import Past
from llm_reasonkit.reasoning.answers import form_of
from llm_reasonkit.reasoning.limits import Limits
from llm_reasonkit.reasoning.result import Confidence, Cost, Result
from llm_reasonkit.reasoning.template import Fence
from llm_reasonkit.reasoning.voting import Rule
from tests.scripted import KEY, START, Clock, Script, ScriptedCaller, Trace, Watcher

QUESTION = "How many moons has Mars?"
NAMES = ("openai/one", "google/two", "meta/three", "qwen/four", "xai/five", "cohere/six")


def final(answer: object) -> str:
    """A reply that ends in an answer."""
    return f"I looked it up.\n\nFinal answer: {answer}"


def cut_off(text: str) -> Reply:
    """A reply that reached its length limit."""
    cost = Cost(usd=Decimal("0.001"), source="billed")
    return Reply(text, model="cut", finish_reason="length", cost=cost)


class Held:
    """Replies that wait for a word: `release` lets one seat go on. waiting: who has begun."""

    def __init__(self, says: Mapping[int, object]) -> None:
        self._says = says
        self._gates = {number: asyncio.Event() for number in says}
        self.waiting: list[int] = []

    def script(self, number: int) -> Script:
        async def reply(call: Call) -> str:
            self.waiting.append(number)
            await self._gates[number].wait()
            return final(self._says[number])

        return reply

    def release(self, number: int) -> None:
        self._gates[number].set()

    async def until(self, count: int) -> None:
        """Let the others work until so many have begun."""
        for _ in range(1_000):
            if len(self.waiting) >= count:
                return
            await asyncio.sleep(0)
        raise AssertionError(f"only {self.waiting} have begun")


class PanelRun:
    """One panel, ready to go: `await PanelRun(["2", "3"]).go()`; a member that is to fail has an
    error, else a Script, in place of its answer."""

    def __init__(
        self,
        replies: Sequence[Script],
        *,
        question: str = QUESTION,
        names: Sequence[str] = NAMES,
        families: Sequence[str] | None = None,
        answer: Any = None,
        choices: Sequence[str] = (),
        rule: Rule | None = None,
        scripts: Mapping[str, Script | list[Script]] | None = None,
        limits: Limits | None = None,
        past: Past | None = None,
        is_resumed: bool = False,
        **course: Any,
    ) -> None:
        members = names[: len(replies)]
        makers = families or [name.partition("/")[0] for name in members]
        self.course = Course(
            seats=[
                Seat(name, f"member {number}", maker)
                for number, (name, maker) in enumerate(zip(members, makers, strict=True), 1)
            ],
            form=form_of(question, answer, choices),
            rule=rule or Rule(),
            **course,
        )
        said = {f"members[{number}]": text for number, text in enumerate(replies, 1)}
        self.caller = ScriptedCaller({**said, **(scripts or {})})
        self.trace = Trace()
        self.limits = limits or Limits()
        start = RunStart(
            "run-1", "consensus", question, START, trace_id="trace-1", is_resumed=is_resumed
        )
        earlier = past.calls if past and is_resumed else None
        self.ledger = Ledger(start, self.trace, Watcher(), Clock(), earlier)
        fence = Fence(KEY)
        self.asker = Asker(
            self.ledger,
            self.caller,
            Budget(self.limits),
            fence,
            answer="members",
            system="",
            past=past,
        )

    async def go(self, **how: Any) -> Result:
        """Bring the panel to its verdict. how: as in Consensus."""
        how.setdefault("confident", lambda verdict: Confidence())
        panel = Consensus(self.course, self.asker, self.ledger, self.caller, **how)
        return await self._carry_out(panel)

    async def answer_openly(self, **how: Any) -> Result:
        """Let the members answer in prose, and a synthesis be written. how: as in OpenQuestion."""
        return await self._carry_out(
            OpenQuestion(self.course, self.asker, self.ledger, self.caller, **how)
        )

    async def compare(self, **how: Any) -> Result:
        """Let the members answer side by side. how: as in Comparison."""
        return await self._carry_out(
            Comparison(self.course, self.asker, self.ledger, self.caller, **how)
        )

    async def _carry_out(self, panel: Consensus | Comparison | OpenQuestion) -> Result:
        return await carry_out(
            panel.work, self.ledger, self.caller, self.limits.seconds, panel.so_far
        )

    @property
    def asked(self) -> list[str]:
        """The steps that were called, in order."""
        return [call.step for call in self.caller.calls]
