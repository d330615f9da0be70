"""Checks of LaserLogic on formulas: a solver decides what follows, and no model does.

The rule of the verdict, for deductive arguments only:
- two formalisations, written blind to each other over the same names, are equivalent formula by
  formula: the verdict is the solver's
- they are not: `formalisation disputed`, and nothing is decided
- only one can be read: the solver's verdict, with `by one formalisation` added
- none can: `not proved`
Validity says nothing about the truth of the premises, so no argument is ever called sound.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from llm_reasonkit.reasoning.checks.outcome import (
    Fact,
    Outcome,
    Row,
    fact,
    id_of,
    known_id,
    listed,
    rows,
    shortened,
    text_of,
)
from llm_reasonkit.reasoning.logic.formula import Formula, FormulaError, Kind, negation, parse
from llm_reasonkit.reasoning.logic.judgement import Judgement, judge
from llm_reasonkit.reasoning.logic.solver import (
    Situation,
    Sort,
    TooLarge,
    entails,
    equivalent,
    situation,
)
from llm_reasonkit.reasoning.logic.syllogism import name_of_syllogism
from llm_reasonkit.reasoning.result import CheckStatus

NOT_DEDUCTIVE, NOT_PROVED, DISPUTED = "not deductive", "not proved", "formalisation disputed"
CONCLUSION = "conclusion"
_KINDS = ("statement", "class", "individual")
_MOST_ERRORS = 10
_BASIS = {1: "by one formalisation, compared with no other", 2: "by two formalisations that agree"}


@dataclass(frozen=True, slots=True)
class _Formalisation:
    """An argument in formulas, and as it was written; a premise may be one that no formula says."""

    premises: Mapping[str, Formula]
    conclusion: Formula
    written: Mapping[str, str]

    def part(self, ident: str) -> Formula | None:
        return self.conclusion if ident == CONCLUSION else self.premises.get(ident)


def formulas(argument: object, formalisation: object = None) -> Outcome:
    """Read the formulas of a deductive argument, so that their author can mend them.

    argument: `{scheme, premises, atoms: [{id, kind, text}]}`. formalisation: `{formulas: [{part,
    formula}]}`, a part being a premise's id or `conclusion`; None if there is none. The value has
    the `atoms` that formulas may name and the `errors` in these.
    """
    atoms = _atoms(argument)
    errors: list[str] = []
    if atoms and formalisation is not None:
        _read(formalisation, argument, errors)
    return Outcome([], {"atoms": atoms, "errors": errors[:_MOST_ERRORS]})


def validity(
    argument: object,
    first: object = None,
    first_mended: object = None,
    second: object = None,
    second_mended: object = None,
) -> Outcome:
    """Decide what follows from the premises of a deductive argument, by the rule of this module.

    argument and formalisations: as for `formulas`. The value has the `verdict`; where there is one
    to give, its `basis`, the `formulas` it is about, the `form` of a syllogism, the `counter_model`
    of an invalid argument, and premises that are `contradictory` or `dispensable`; where the
    formalisations differ, the parts they are `disputed` about.
    """
    if not _is_deductive(argument):
        return Outcome([], {"verdict": NOT_DEDUCTIVE})
    attempts = ((first_mended, first), (second_mended, second))
    read = [found for pair in attempts if (found := _readable(pair, argument))]
    if not read:
        return _undecided(NOT_PROVED, "it is not in formulas that can be read")
    try:
        disputed = _differences(*read) if len(read) == 2 else []
        judged = judge(read[0].premises, read[0].conclusion)
    except TooLarge as error:
        return _undecided(NOT_PROVED, str(error))
    if disputed:
        outcome = _undecided(DISPUTED, "its two formalisations differ")
        differ = fact("the formalisations agree", False, f"they differ on {listed(disputed)}")
        value = {**outcome.value, "disputed": disputed}
        return Outcome([differ, *outcome.facts], value, [(DISPUTED, differ.detail)])
    unsaid = [ident for ident in _premises(argument) if ident not in read[0].premises]
    # A further premise may make an argument valid, but never a valid one invalid.
    if unsaid and not judged.valid:
        return _undecided(NOT_PROVED, f"no formula says {listed(unsaid)}")
    return _decided(read[0], judged, len(read), _atoms(argument))


def formulas_differ(argument: object, one: str, other: str) -> bool:
    """Tell whether two parts of an argument are different formulas.

    Their words do not show it: `all ravens are birds` has those of `all birds are ravens`.
    """
    read = _read(argument, argument, [])
    here, there = (read.part(one), read.part(other)) if read else (None, None)
    return here is not None and there is not None and here != there


def check_situation(
    described: Sequence[str], formulas: Mapping[str, str], atoms: object
) -> tuple[CheckStatus, str]:
    """Tell whether a situation makes the premises of an argument true and its conclusion false;
    and the reason if it does not, or if that cannot be told.

    described: formulas that are true in it. formulas: the argument's, as in `validity`.
    """
    if not formulas or not described:
        return "not_checkable", "it is offered in words only"
    kinds = _kinds(atoms)
    try:
        said = [parse(text, kinds) for text in described]
        parts = {ident: parse(text, kinds) for ident, text in formulas.items()}
        parts[CONCLUSION] = negation(parts[CONCLUSION])
        if situation(said) is None:
            return "failed", "it contradicts itself"
        broken = [ident for ident, part in parts.items() if not entails(said, part)]
    except FormulaError as error:
        return "not_checkable", f"its formulas cannot be read: {error}"
    except TooLarge as error:
        return "not_checkable", str(error)
    premises = [ident for ident in broken if ident != CONCLUSION]
    if premises:
        return "failed", f"it does not make {listed(premises)} true"
    return ("failed", "it does not make the conclusion false") if broken else ("passed", "")


def _rows(value: object, key: str) -> list[Row]:
    return rows(value.get(key)) if isinstance(value, Mapping) else []


def _is_deductive(argument: object) -> bool:
    return isinstance(argument, Mapping) and argument.get("scheme") == "deductive"


def _premises(argument: object) -> list[str]:
    return [id_of(row) for row in _rows(argument, "premises")]


def _atoms(argument: object) -> list[dict[str, str]]:
    named = _rows(argument, "atoms") if _is_deductive(argument) else []
    atoms = [{key: text_of(row, key)[:200] for key in ("id", "kind", "text")} for row in named]
    return [atom for atom in atoms if atom["id"] and atom["kind"] in _KINDS]


def _kinds(atoms: object) -> dict[str, Kind]:
    return {text_of(row, "id"): cast("Kind", row.get("kind")) for row in rows(atoms)}


def _read(formalisation: object, argument: object, errors: list[str]) -> _Formalisation | None:
    """Read a formalisation; None, with the errors, where some of it cannot be."""
    known = [*_premises(argument), CONCLUSION]
    written: dict[str, str] = {}
    for row in _rows(formalisation, "formulas"):
        ident = known_id(row.get("part"), known)
        if ident is None:
            errors.append(f"there is no part {text_of(row, 'part')[:40]!r}")
        else:
            written[ident] = text_of(row, "formula")
    errors += [f"{ident} is missing" for ident in known if ident not in written]
    if written.get(CONCLUSION) == "":
        errors.append("the conclusion has no formula")
    kinds = _kinds(_atoms(argument))
    said: dict[str, Formula] = {}
    for ident, text in written.items():
        try:
            if text:
                said[ident] = parse(text, kinds)
        except FormulaError as error:
            errors.append(f"{ident}, {error}")
    if errors:
        return None
    conclusion = said.pop(CONCLUSION)
    return _Formalisation(said, conclusion, {part: text for part, text in written.items() if text})


def _readable(attempts: tuple[object, ...], argument: object) -> _Formalisation | None:
    """Read the first of the attempts that can be."""
    read = (_read(attempt, argument, []) for attempt in attempts)
    return next((found for found in read if found), None)


def _differences(one: _Formalisation, other: _Formalisation) -> list[str]:
    """Return the parts whose two formulas are not true in the same situations."""
    different: list[str] = []
    for ident in dict.fromkeys([*one.premises, *other.premises, CONCLUSION]):
        here, there = one.part(ident), other.part(ident)
        if here is None or there is None or not equivalent(here, there):
            different.append(ident)
    return different


def _undecided(verdict: str, why: str) -> Outcome:
    return Outcome([Fact("the argument is valid", "not_checkable", why)], {"verdict": verdict})


def _decided(read: _Formalisation, judged: Judgement, readings: int, atoms: object) -> Outcome:
    basis = _BASIS[readings]
    counter_model = _told(judged.counter_model, atoms) if judged.counter_model else ""
    verdict, status, why = _verdict(judged, counter_model)
    facts = [fact("the formalisations agree", True)] if readings == 2 else []
    contradiction = f"{listed(judged.contradictory)} cannot all be true"
    facts.append(fact("the premises are consistent", not judged.contradictory, contradiction))
    facts.append(Fact(f"the argument is valid ({basis})", status, why))
    if judged.valid and not judged.contradictory:
        left_out = f"it follows without {listed(judged.dispensable)}"
        facts.append(fact("the conclusion needs each premise", not judged.dispensable, left_out))
    value = {
        "verdict": verdict if readings == 2 else f"{verdict}, by one formalisation",
        "basis": basis,
        "formulas": dict(read.written),
        "form": name_of_syllogism(list(read.premises.values()), read.conclusion),
        "counter_model": counter_model,
        "contradictory": list(judged.contradictory),
        "dispensable": list(judged.dispensable),
    }
    return Outcome(facts, value)


def _verdict(judged: Judgement, counter_model: str) -> tuple[str, CheckStatus, str]:
    """Return the verdict, the status of the fact that the argument is valid, and why."""
    if judged.contradictory:
        why = "anything follows from premises that contradict each other"
        return "valid only because the premises contradict each other", "not_checkable", why
    if judged.needs_members:
        return "valid if no class is empty", "not_checkable", f"if one is: {counter_model}"
    if judged.valid:
        return "valid", "passed", ""
    return "invalid", "failed", f"it may be so: {counter_model}"


def _told(model: Situation, atoms: object) -> str:
    """Say in words what is so in a situation."""
    glosses = {id_of(row): f"“{shortened(text_of(row, 'text'), 60)}”" for row in rows(atoms)}

    def names(among: Iterable[str]) -> str:
        return listed(glosses[name] for name in among)

    def is_in(sort: Sort) -> str:
        others = [name for name in model.classes if name not in sort]
        inside = [f"in {names(sorted(sort))}"] if sort else []
        return " and ".join(inside + ([f"not in {names(others)}"] if others else []))

    told = []
    for value, word in ((True, "true"), (False, "false")):
        if found := [name for name, held in model.statements.items() if held is value]:
            told.append(f"{names(found)} {'is' if len(found) == 1 else 'are'} {word}")
    told += [f"{glosses[name]} is {is_in(sort)}" for name, sort in model.individuals.items()]
    nameless = [sort for sort in model.things if sort not in model.individuals.values()]
    told += [f"something is {is_in(sort)}" for sort in nameless]
    return shortened("; ".join(told), 600)
