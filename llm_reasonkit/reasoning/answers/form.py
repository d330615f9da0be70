"""What an answer has to look like to be compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from llm_reasonkit.reasoning.units import Unit

Kind = Literal["number", "choice", "yes-no", "date", "list", "code", "json", "text"]


@dataclass(frozen=True, slots=True)
class AnswerForm:
    """What the answers to a question look like.

    kind: how answers are read. letters, choices: the options by letter (or number), and their
    texts. unit: what a bare number counts, where the question says so. share: the question asks
    for a part of a whole, so that 50 % and 0.5 are one answer. ordered: the order of a list
    matters. predicate: stems of what a yes-no question asks. day_first: how 03/04/2024 is to be
    read, if that is known. is_open: the question asks for prose, which is not voted on. found: the
    kind was found in the question, not given. term: the sum that the question is, as written.
    literal: what a piece of Python returns is asked for, so that a text is compared as a value.
    asked: the sentence that asks, whose words an answer may repeat.
    schema: what answers of the kind `json` have to fit, a JSON Schema as JSON.
    """

    kind: Kind
    choices: tuple[str, ...] = ()
    letters: tuple[str, ...] = ()
    unit: Unit | None = None
    share: bool = False
    ordered: bool = False
    predicate: frozenset[str] = frozenset()
    day_first: bool | None = None
    is_open: bool = False
    found: bool = False
    term: str = ""
    literal: bool = False
    asked: str = ""
    schema: str = ""

    @property
    def options(self) -> dict[str, str]:
        """The text of each option by its letter; empty where only the letters are known."""
        return dict(zip(self.letters, self.choices, strict=False))
