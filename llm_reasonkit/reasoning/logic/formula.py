"""The language that models write arguments in, read into formulas."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, cast

from llm_reasonkit.reasoning.grammar import NotReadable, read

if TYPE_CHECKING:
    from lark import Token, Tree

Kind = Literal["statement", "class", "individual"]
Operator = Literal["not", "and", "or", "xor", "implies", "iff"]

_MOST_CHARACTERS = 400
_DEEPEST = 50
# Chains of -> or xor are refused: people mean different things by them.
_GRAMMAR = r"""
    ?start: formula
    ?formula: disjunction
        | disjunction _IMPLIES disjunction          -> implies
        | _IF disjunction _THEN disjunction         -> implies
        | disjunction _IFF disjunction              -> iff
        | conjunction _XOR conjunction              -> xor
    ?disjunction: conjunction
        | disjunction _OR conjunction               -> or
    ?conjunction: negation
        | conjunction _AND negation                 -> and
    ?negation: statement
        | _NOT negation                             -> not
    ?statement: NAME
        | _ALL class _ARE class                     -> all
        | _NO class _ARE class                      -> no
        | _SOME class _ARE class                    -> some
        | _SOME class _ARE _NOT class               -> some_not
        | NAME _ARE class                           -> member
        | NAME _ARE _NOT class                      -> stranger
        | "(" formula ")"
    ?class: NAME
        | "(" union ")"
    ?union: intersection
        | union _OR intersection                    -> or
    ?intersection: complement
        | intersection _AND complement              -> and
    ?complement: class
        | _NOT complement                           -> not

    NAME: /(?!(?:not|and|x?or|iff?|then|only|implies|all|every|no|some|are|is)\b)[a-z_]\w*/i
    _NOT.2: /not\b|[¬~!]/i
    _AND.2: /and\b|&&?|∧|\/\\/i
    _OR.2: /or\b|\|\|?|\u2228|\\\//i
    _XOR.2: /xor\b|⊕|⊻/i
    _IFF.3: /if\s+and\s+only\s+if\b|iff\b|<->|<=>|[↔⇔≡]/i
    _IMPLIES.2: /only\s+if\b|implies\b|->|=>|[→⇒⊃]/i
    _IF.2: /if\b/i
    _THEN.2: /,?\s*then\b/i
    _ALL.2: /(?:all|every)\b/i
    _NO.2: /no\b/i
    _SOME.2: /some\b/i
    _ARE.2: /(?:are|is)\b/i
    %ignore /\s+/
"""
_NAMES = {
    "NAME": "a name",
    "LPAR": "'('",
    "RPAR": "')'",
    "_NOT": "'not'",
    "_AND": "'and'",
    "_OR": "'or'",
    "_XOR": "'xor'",
    "_IMPLIES": "'->'",
    "_IFF": "'<->'",
    "_THEN": "'then'",
    "_ALL": "'all'",
    "_NO": "'no'",
    "_SOME": "'some'",
    "_ARE": "'are'",
    "$END": "the end",
}
_MEANS: dict[Kind, str] = {
    "statement": "a statement: it has no members, and is in no class",
    "class": "a class: say it of something, with all, no, some or is",
    "individual": "an individual: say which class it is in, as in `x is y`",
}


class FormulaError(ValueError):
    """A formula cannot be read; the message tells a model how to mend it."""


@dataclass(frozen=True, slots=True)
class Atom:
    """A statement that is not taken apart or, inside a class, one of the named classes."""

    name: str


@dataclass(frozen=True, slots=True)
class Compound:
    """Formulas, or classes, combined by one operator."""

    operator: Operator
    parts: tuple[Formula, ...]


@dataclass(frozen=True, slots=True)
class Exists:
    """Something is in the class."""

    among: Formula


@dataclass(frozen=True, slots=True)
class Member:
    """The individual is in the class."""

    individual: str
    among: Formula


Formula = Atom | Compound | Exists | Member


def negation(formula: Formula) -> Formula:
    """Return what is true exactly when the formula is not."""
    return Compound("not", (formula,))


def both(left: Formula, right: Formula) -> Formula:
    """Return what is true exactly when both formulas are."""
    return Compound("and", (left, right))


_QUANTIFIERS: dict[str, Callable[[Formula, Formula], Formula]] = {
    "all": lambda subject, predicate: negation(Exists(both(subject, negation(predicate)))),
    "no": lambda subject, predicate: negation(Exists(both(subject, predicate))),
    "some": lambda subject, predicate: Exists(both(subject, predicate)),
    "some_not": lambda subject, predicate: Exists(both(subject, negation(predicate))),
}


def parse(text: str, kinds: Mapping[str, Kind]) -> Formula:
    """Read a formula over these names, each with what it stands for.

    Raises FormulaError, which says where it cannot be read.
    """
    # Models change the case of names; as given wins where two differ in nothing else.
    known = {name.casefold(): name for name in kinds} | {name: name for name in kinds}
    try:
        tree = read(_GRAMMAR, text, _NAMES, _MOST_CHARACTERS)
    except NotReadable as error:
        raise FormulaError(str(error)) from error
    return _formula(tree, "statement", {name: (known[name], kinds[known[name]]) for name in known})


def _formula(
    tree: Tree[Token] | Token, kind: Kind, known: Mapping[str, tuple[str, Kind]], depth: int = 0
) -> Formula:
    """Build a formula; `kind` is what the names in it have to stand for."""
    if depth > _DEEPEST:
        raise FormulaError(f"it is nested more than {_DEEPEST} deep")
    if isinstance(tree, str):
        return Atom(_name(tree, kind, known))
    if tree.data in ("member", "stranger"):
        individual, among = tree.children
        name = _name(cast("Token", individual), "individual", known)
        found = Member(name, _formula(among, "class", known, depth + 1))
        return found if tree.data == "member" else negation(found)
    quantify = _QUANTIFIERS.get(tree.data)
    inner = "class" if quantify else kind
    parts = [_formula(part, inner, known, depth + 1) for part in tree.children]
    return quantify(*parts) if quantify else Compound(cast("Operator", tree.data), tuple(parts))


def _name(written: Token, kind: Kind, known: Mapping[str, tuple[str, Kind]]) -> str:
    place = f"character {written.column}: {str(written)[:20]!r}"
    found = known.get(written) or known.get(written.casefold())
    if found is None:
        fitting = dict.fromkeys(name for name, its_kind in known.values() if its_kind == kind)
        raise FormulaError(f"{place} is not given; there is {', '.join(fitting) or f'no {kind}'}")
    name, its_kind = found
    if its_kind != kind:
        raise FormulaError(f"{place} is {_MEANS[its_kind]}")
    return name
