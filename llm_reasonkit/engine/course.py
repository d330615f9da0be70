"""How a panel is asked: all that its verdict depends on besides the question and the replies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from llm_reasonkit.reasoning.answers import AnswerForm
from llm_reasonkit.reasoning.calibration import Mark
from llm_reasonkit.reasoning.families import without_sample
from llm_reasonkit.reasoning.voting import Rule

# The role of the model that compares what members say.
JUDGE = "judge"

Stop = Literal["never", "accepted", "decided", "likely"]


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
    order, and nobody else; without them all are, or as many as `stop` needs. rounds: 1 lets the
    members see the other side's reasons once, after a split. max_tokens: bound of a reply,
    reasoning apart. marks: the user's verdicts on earlier answers, and how many there are of each.
    """

    seats: Sequence[Seat]
    form: AnswerForm
    rule: Rule
    stop: Stop = "never"
    waves: Sequence[int] = ()
    rounds: int = 0
    max_tokens: int = 2_000
    marks: Sequence[tuple[Mark, int]] = ()

    def has_member(self, model: str) -> bool:
        """Tell whether a model has a seat, or samples of it have."""
        return model in [without_sample(seat.member) for seat in self.seats]
