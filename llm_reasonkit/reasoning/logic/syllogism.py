"""What tradition calls a syllogism: its mood and figure, such as AAA-1 (Barbara).

Whether one is valid is for the solver to say; the name only tells readers what they know it by.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from llm_reasonkit.reasoning.logic.formula import Atom, Compound, Exists, Formula

_VALID = (
    *("AAA-1 Barbara", "EAE-1 Celarent", "AII-1 Darii", "EIO-1 Ferio"),
    *("EAE-2 Cesare", "AEE-2 Camestres", "EIO-2 Festino", "AOO-2 Baroco"),
    *("IAI-3 Disamis", "AII-3 Datisi", "OAO-3 Bocardo", "EIO-3 Ferison"),
    *("AEE-4 Calemes", "IAI-4 Dimatis", "EIO-4 Fresison"),
    # These hold only if no class is empty.
    *("AAI-1 Barbari", "EAO-1 Celaront", "EAO-2 Cesaro", "AEO-2 Camestros", "AAI-3 Darapti"),
    *("EAO-3 Felapton", "AAI-4 Bamalip", "AEO-4 Calemos", "EAO-4 Fesapo"),
)
_NAMES: dict[str, str] = dict(entry.split() for entry in _VALID)
# By whether the middle term is the subject of the major and of the minor premise.
_FIGURES = {(True, False): 1, (False, False): 2, (True, True): 3, (False, True): 4}


class _Categorical(NamedTuple):
    """All S are P (A), no S are P (E), some S are P (I), some S are not P (O)."""

    letter: str
    subject: str
    predicate: str


def name_of_syllogism(premises: Sequence[Formula], conclusion: Formula) -> str:
    """Return mood and figure, with the name of a valid one; "" for what is no syllogism.

    The premises may stand in either order.
    """
    last = _categorical(conclusion)
    read = [found for formula in premises if (found := _categorical(formula))]
    if last is None or len(premises) != 2 or len(read) != 2:
        return ""
    for major, minor in (read, read[::-1]):
        shared = set(major[1:]) & set(minor[1:])
        ends = set(major[1:]) - shared, set(minor[1:]) - shared
        if len(shared) == 1 and ends == ({last.predicate}, {last.subject}):
            figure = _FIGURES[major.subject in shared, minor.subject in shared]
            form = f"{major.letter}{minor.letter}{last.letter}-{figure}"
            return f"{form} ({_NAMES[form]})" if form in _NAMES else form
    return ""


def _categorical(formula: Formula) -> _Categorical | None:
    match formula:
        case Compound("not", (Exists(Compound("and", (Atom(s), Compound("not", (Atom(p),))))),)):
            return _Categorical("A", s, p)
        case Compound("not", (Exists(Compound("and", (Atom(s), Atom(p)))),)):
            return _Categorical("E", s, p)
        case Exists(Compound("and", (Atom(s), Atom(p)))):
            return _Categorical("I", s, p)
        case Exists(Compound("and", (Atom(s), Compound("not", (Atom(p),))))):
            return _Categorical("O", s, p)
    return None
