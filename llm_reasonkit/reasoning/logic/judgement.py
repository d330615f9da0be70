"""What a solver establishes about an argument whose parts are formulas."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from llm_reasonkit.reasoning.logic.formula import Atom, Exists, Formula, negation
from llm_reasonkit.reasoning.logic.solver import Situation, entails, names_in, situation


@dataclass(frozen=True, slots=True)
class Judgement:
    """An argument judged by its form alone; premises are named by their ids.

    valid: the conclusion is true wherever the premises are. needs_members: only if no class is
    empty, as traditional logic assumes and modern logic does not. contradictory: premises that
    cannot all be true, none of them too many; anything follows from them. dispensable: premises
    each of which can be left out by itself. counter_model: where the premises are true and the
    conclusion is not.
    """

    valid: bool
    needs_members: bool = False
    contradictory: tuple[str, ...] = ()
    dispensable: tuple[str, ...] = ()
    counter_model: Situation | None = None


def judge(premises: Mapping[str, Formula], conclusion: Formula) -> Judgement:
    """Decide whether a conclusion follows from premises, and what of them it needs.

    Raises TooLarge.
    """
    given = list(premises.values())
    if situation(given) is None:
        return Judgement(valid=True, contradictory=_contradictory(premises))
    counter_model = situation([*given, negation(conclusion)])
    assumed: list[Formula] = []
    if counter_model is not None:
        assumed = _no_class_is_empty([*given, conclusion])
        if situation([*given, *assumed]) is None or not entails([*given, *assumed], conclusion):
            return Judgement(valid=False, counter_model=counter_model)
    dispensable = [
        ident
        for ident in premises
        if entails([*_without(ident, premises).values(), *assumed], conclusion)
    ]
    return Judgement(
        valid=True,
        needs_members=bool(assumed),
        dispensable=tuple(dispensable),
        counter_model=counter_model,
    )


def _no_class_is_empty(formulas: list[Formula]) -> list[Formula]:
    names = dict.fromkeys(name for formula in formulas for name in names_in(formula))
    return [Exists(Atom(name)) for kind, name in names if kind == "class"]


def _without(ident: str, premises: Mapping[str, Formula]) -> dict[str, Formula]:
    return {other: formula for other, formula in premises.items() if other != ident}


def _contradictory(premises: Mapping[str, Formula]) -> tuple[str, ...]:
    """Leave out every premise without which the others still contradict each other."""
    core = dict(premises)
    for ident in premises:
        if situation(list((fewer := _without(ident, core)).values())) is None:
            core = fewer
    return tuple(core)
