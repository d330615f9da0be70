"""What can be true together: formulas as clauses for a SAT solver, and its models read back."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from llm_reasonkit.reasoning.logic.formula import Atom, Compound, Exists, Formula, Kind, Member

# Each class doubles the sorts of thing there can be.
_MOST = {"statement": 24, "class": 7, "individual": 12}
_MOST_FORMULAS = 30
# The classes that something of this sort is in; it is in none of the others.
Sort = frozenset[str]


class TooLarge(ValueError):
    """The formulas speak of more than can be decided here; the message says of what."""


@dataclass(frozen=True, slots=True)
class Situation:
    """A way things can be: which statements are true, which sorts of thing there are, and of
    which sort each named individual is. Sorts are told apart by these classes."""

    statements: Mapping[str, bool]
    things: Sequence[Sort]
    individuals: Mapping[str, Sort]
    classes: Sequence[str]


def situation(formulas: Sequence[Formula]) -> Situation | None:
    """Return a situation in which all formulas are true, or None if there is none.

    Something always exists, and the situation has no more sorts of thing than it needs.
    Raises TooLarge.
    """
    # The solver is a compiled library that most runs never need.
    from pysat.solvers import Solver

    clauses = _Clauses(formulas)
    with Solver(name="minisat22", bootstrap_with=clauses.all) as solver:
        if not solver.solve():
            return None
        absent: list[int] = []
        for sort in sorted(clauses.sorts, key=len, reverse=True):
            without = [*absent, -clauses.number("some", sort)]
            if solver.solve(assumptions=without):
                absent = without
        solver.solve(assumptions=absent)
        return clauses.read(frozenset(solver.get_model()))


def entails(premises: Sequence[Formula], conclusion: Formula) -> bool:
    """Tell whether the conclusion is true wherever the premises are. Raises TooLarge."""
    return situation([*premises, Compound("not", (conclusion,))]) is None


def equivalent(left: Formula, right: Formula) -> bool:
    """Tell whether two formulas are true in the same situations. Raises TooLarge."""
    return situation([Compound("xor", (left, right))]) is None


def names_in(formula: Formula, kind: Kind = "statement") -> Iterator[tuple[Kind, str]]:
    """Yield each name in a formula with what it stands for; `kind` is what a bare name is."""
    match formula:
        case Atom(name):
            yield kind, name
        case Compound(_, parts):
            for part in parts:
                yield from names_in(part, kind)
        case Exists(among):
            yield from names_in(among, "class")
        case _:
            yield "individual", formula.individual
            yield from names_in(formula.among, "class")


class _Clauses:
    """Formulas in conjunctive normal form, one new variable an operator (Tseitin 1968).

    A variable of its own says of each sort of thing whether there is any; that decides all that
    can be said with `all`, `no` and `some`.
    """

    def __init__(self, formulas: Sequence[Formula]) -> None:
        if len(formulas) > _MOST_FORMULAS:
            raise TooLarge(f"it has more than {_MOST_FORMULAS} formulas")
        names = dict.fromkeys(name for formula in formulas for name in names_in(formula))
        found = {kind: [name for its, name in names if its == kind] for kind in _MOST}
        for kind, most in _MOST.items():
            if len(found[kind]) > most:
                raise TooLarge(f"its formulas name more than {most} of one kind ({kind})")
        self._statements, self._classes, self._individuals = found.values()
        self.all: list[list[int]] = []
        self.sorts: list[Sort] = []
        self._numbers: dict[Hashable, int] = {}
        if self._classes:
            self._settle_things()
        self.all += [[self._literal(formula)] for formula in formulas]

    def _settle_things(self) -> None:
        for among in product((False, True), repeat=len(self._classes)):
            pairs = zip(self._classes, among, strict=True)
            self.sorts.append(frozenset(name for name, member in pairs if member))
        self.all.append([self.number("some", sort) for sort in self.sorts])
        for individual, sort in product(self._individuals, self.sorts):
            is_another = [
                self.number("is", individual, name) * (-1 if name in sort else 1)
                for name in self._classes
            ]
            self.all.append([self.number("some", sort), *is_another])

    def number(self, *meaning: Hashable) -> int:
        """Return the variable that means this."""
        return self._numbers.setdefault(meaning, len(self._numbers) + 1)

    def _literal(self, formula: Formula, individual: str | None = None) -> int:
        """Return a literal that is true with the formula, or with the individual's being in it."""
        match formula:
            case Atom(name):
                return self.number("is", individual, name) if individual else self.number(name)
            case Exists(among):
                return self._any([self.number("some", s) for s in self.sorts if _holds(among, s)])
            case Member(name, among):
                return self._literal(among, name)
        parts = [self._literal(part, individual) for part in formula.parts]
        match formula.operator:
            case "not":
                return -parts[0]
            case "and":
                return -self._any([-part for part in parts])
            case "or":
                return self._any(parts)
            case "implies":
                return self._any([-parts[0], parts[1]])
            case "iff":
                return -self._differ(*parts)
            case _:
                return self._differ(*parts)

    def _any(self, literals: list[int]) -> int:
        result = self.number("step", len(self._numbers))
        self.all += [[-result, *literals], *([result, -literal] for literal in literals)]
        return result

    def _differ(self, left: int, right: int) -> int:
        result = self.number("step", len(self._numbers))
        self.all += [[-result, left, right], [-result, -left, -right]]
        self.all += [[result, -left, right], [result, left, -right]]
        return result

    def read(self, model: frozenset[int]) -> Situation:
        """Read a situation out of the variables that are true in it."""
        return Situation(
            statements={name: self.number(name) in model for name in self._statements},
            things=[sort for sort in self.sorts if self.number("some", sort) in model],
            individuals={
                individual: frozenset(
                    name for name in self._classes if self.number("is", individual, name) in model
                )
                for individual in self._individuals
            },
            classes=self._classes,
        )


def _holds(among: Formula, sort: Sort) -> bool:
    """Tell whether things of this sort are in a class, which may be combined of others."""
    if isinstance(among, Compound):
        parts = [_holds(part, sort) for part in among.parts]
        return {"not": not parts[0], "and": all(parts), "or": any(parts)}[among.operator]
    return isinstance(among, Atom) and among.name in sort
