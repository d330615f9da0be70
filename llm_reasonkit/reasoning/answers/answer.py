"""One answer, in the form in which it is compared."""

from __future__ import annotations

from dataclasses import dataclass

from llm_reasonkit.reasoning.answers.expressions import Expression
from llm_reasonkit.reasoning.answers.form import Kind
from llm_reasonkit.reasoning.answers.numbers import Quantity


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer, ready to be compared.

    text: as it stood in the reply. key: equal keys are equal answers; also what is shown as its
    canonical form. quantity, expression: set for numbers and formulas. items: set for lists and
    tuples; `frame` is `{}` for a set, `[]` or `()` where the order was made explicit, `,` if not.
    name: the variable that it was given as the value of.
    """

    text: str
    kind: Kind
    key: str
    quantity: Quantity | None = None
    expression: Expression | None = None
    items: tuple[Answer, ...] = ()
    frame: str = ""
    name: str = ""
