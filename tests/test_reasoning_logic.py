"""Formulas and what follows from them, against oracles that share no code with the solver."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import combinations, product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_reasonkit.reasoning.logic.formula import Formula, FormulaError, Kind, parse
from llm_reasonkit.reasoning.logic.judgement import judge
from llm_reasonkit.reasoning.logic.solver import TooLarge, entails, equivalent, situation
from llm_reasonkit.reasoning.logic.syllogism import name_of_syllogism

KINDS: dict[str, Kind] = {
    **dict.fromkeys(("p", "q", "r", "s"), "statement"),
    **dict.fromkeys(("S", "M", "P"), "class"),
    **dict.fromkeys(("x", "y"), "individual"),
}


def formula(text: str) -> Formula:
    return parse(text, KINDS)


def formulas(*lines: str) -> dict[str, Formula]:
    return {f"p{number}": formula(text) for number, text in enumerate(lines, 1)}


# Reading

SAME = [
    ("p and q", "p ∧ q", "p & q", "p && q", r"p /\ q", "(p) AND ((q))"),
    ("p or q", "p ∨ q", "p | q", "p || q", r"p \/ q"),
    ("not p", "¬p", "~p", "!p", "not not not p"),
    ("p -> q", "p → q", "p => q", "p ⇒ q", "p implies q", "if p then q", "p only if q"),
    ("if p, then q", "p -> q", "¬q -> ¬p", "not p or q"),
    ("p <-> q", "p ↔ q", "p <=> q", "p iff q", "p if and only if q", "p ≡ q", "not (p xor q)"),
    ("p xor q", "p ⊕ q", "(p or q) and not (p and q)"),
    ("p and q or r", "(p and q) or r"),
    ("not p and q", "(not p) and q"),
    ("p or q -> r and s", "(p or q) -> (r and s)"),
    ("all S are P", "every S is P", "no S are (not P)", "not some S are not P"),
    ("no S are P", "no P are S", "all S are (not P)"),
    ("some S are P", "some P is S", "not no S are P"),
    ("some S are not P", "not all S are P", "some S are (not P)"),
    ("all (S and M) are P", "no (S and M and not P) are (S or not S)"),
    ("x is S", "not x is not S", "x is (S and S)"),
    ("x is not (S or M)", "x is not S and x is not M"),
]
UNREADABLE = {
    "": "it ends too early; expected a name",
    "p ->": "it ends too early",
    "p q": "character 3: unexpected 'q'; expected 'and'",
    "p -> q -> r": "character 8: unexpected '->'",
    "p xor q xor r": "character 9: unexpected 'xor'",
    "p xor q or r": "character 9: unexpected 'or'",
    "p <-> q -> r": "character 9: unexpected '->'",
    "(p and q": "expected ')'",
    "p = q": "character 3: unexpected '='",
    "all S are not P": "character 11: unexpected 'not'",
    "and": "character 1: unexpected 'and'",
    "p and t": "character 7: 't' is not given; there is p, q, r, s",
    "S": "'S' is a class: say it of something",
    "x": "'x' is an individual: say which class",
    "all p are S": "'p' is a statement: it has no members",
    "p is S": "'p' is a statement",
    "x is y": "'y' is an individual",
    "not " * 60 + "p": "nested more than 50 deep",
    "p and " * 100 + "p": "longer than 400 characters",
    "{{ p }}": "character 1",
    "__import__('os')": "character 11",
}


@pytest.mark.parametrize("written", SAME, ids=[group[0] for group in SAME])
def test_one_meaning_has_many_spellings(written: tuple[str, ...]) -> None:
    """Signs, words and laws of logic that mean the same are equivalent."""
    first, *others = map(formula, written)
    assert all(equivalent(first, other) for other in others)


@pytest.mark.parametrize(("text", "why"), UNREADABLE.items(), ids=[t[:20] for t in UNREADABLE])
def test_what_cannot_be_read_is_refused_with_the_place(text: str, why: str) -> None:
    """An error says where the formula goes wrong and what could stand there."""
    with pytest.raises(FormulaError) as refused:
        formula(text)
    assert why in str(refused.value)


def test_a_name_that_there_is_none_of_is_refused() -> None:
    """Without a class to name, the error says so."""
    with pytest.raises(FormulaError, match="'birds' is not given; there is no class"):
        parse("all birds are p", {"p": "statement"})


# Propositional logic, against a truth table

Truth = Callable[[Mapping[str, bool]], bool]
Made = tuple[str, Truth]
OPERATORS: dict[str, Callable[[bool, bool], bool]] = {
    "and": lambda a, b: a and b,
    "or": lambda a, b: a or b,
    "xor": lambda a, b: a is not b,
    "->": lambda a, b: b or not a,
    "<->": lambda a, b: a is b,
}


def combined(sign: str, left: Made, right: Made) -> Made:
    return (
        f"({left[0]} {sign} {right[0]})",
        lambda world: OPERATORS[sign](left[1](world), right[1](world)),
    )


NAMES = ("p", "q", "r", "s")
MADE: st.SearchStrategy[Made] = st.recursive(
    st.sampled_from([(name, lambda world, name=name: world[name]) for name in NAMES]),
    lambda inner: (
        st.builds(combined, st.sampled_from(list(OPERATORS)), inner, inner)
        | inner.map(lambda made: (f"not {made[0]}", lambda world: not made[1](world)))
    ),
    max_leaves=8,
)
WORLDS = [dict(zip(NAMES, values, strict=True)) for values in product((False, True), repeat=4)]


@given(st.lists(MADE, max_size=5), MADE)
def test_random_arguments_are_judged_as_by_truth_table(premises: list[Made], last: Made) -> None:
    """Validity, consistency, needed premises and the counter-model agree with a truth table."""
    given_ = formulas(*(text for text, _ in premises))
    judged = judge(given_, formula(last[0]))
    rows = [world for world in WORLDS if all(true(world) for _, true in premises)]
    assert judged.valid == all(last[1](world) for world in rows)
    assert bool(judged.contradictory) == (not rows)
    assert not judged.needs_members
    if judged.counter_model:
        world = dict.fromkeys(NAMES, False) | dict(judged.counter_model.statements)
        assert world in rows
        assert not last[1](world)
    for number, ident in enumerate(given_):
        others = [true for n, (_, true) in enumerate(premises) if n != number]
        follows = all(last[1](w) for w in WORLDS if all(true(w) for true in others))
        if judged.valid and rows:
            assert (ident in judged.dispensable) == follows
        if ident in judged.contradictory:
            core = [
                premises[n][1]
                for n, name in enumerate(given_)
                if name in judged.contradictory and name != ident
            ]
            assert any(all(true(w) for true in core) for w in WORLDS)


@given(MADE, MADE)
def test_equivalence_agrees_with_a_truth_table(one: Made, other: Made) -> None:
    """Two formulas are equivalent exactly when no row tells them apart."""
    same = all(one[1](world) == other[1](world) for world in WORLDS)
    assert equivalent(formula(one[0]), formula(other[0])) == same


# Syllogisms, against all small models and against the traditional rules

SENTENCES = {
    "A": "all {} are {}",
    "E": "no {} are {}",
    "I": "some {} are {}",
    "O": "some {} are not {}",
}
ORDERS = {1: ("MP", "SM"), 2: ("PM", "SM"), 3: ("MP", "MS"), 4: ("PM", "MS")}
FORMS = [
    (major + minor + last, figure)
    for major, minor, last, figure in product("AEIO", "AEIO", "AEIO", ORDERS)
]
Sets = Mapping[str, frozenset[int]]
# Things differ only in which classes they are in: eight sorts, any of them there or not.
MODELS: list[Sets] = [
    {name: frozenset(n for n in there if n >> bit & 1) for bit, name in enumerate("SMP")}
    for size in range(1, 9)
    for there in combinations(range(8), size)
]


def is_true(letter: str, terms: str, sets: Sets) -> bool:
    subject, predicate = (sets[term] for term in terms)
    return {
        "A": subject <= predicate,
        "E": not subject & predicate,
        "I": bool(subject & predicate),
        "O": not subject <= predicate,
    }[letter]


def holds_in_all(mood: str, figure: int, models: Iterable[Sets]) -> bool:
    terms = (*ORDERS[figure], "SP")
    return all(
        is_true(mood[2], terms[2], sets)
        for sets in models
        if is_true(mood[0], terms[0], sets) and is_true(mood[1], terms[1], sets)
    )


def obeys_the_rules(mood: str, figure: int) -> bool:
    """Distribution and quality, as taught since the middle ages; classes have members."""
    spread = {"A": (True, False), "E": (True, True), "I": (False, False), "O": (False, True)}
    distributed = [
        {term for term, is_spread in zip(terms, spread[letter], strict=True) if is_spread}
        for letter, terms in zip(mood, (*ORDERS[figure], "SP"), strict=True)
    ]
    negative = [letter in "EO" for letter in mood]
    return (
        ("M" in distributed[0] or "M" in distributed[1])
        and ("P" not in distributed[2] or "P" in distributed[0])
        and ("S" not in distributed[2] or "S" in distributed[1])
        and not (negative[0] and negative[1])
        and (negative[0] or negative[1]) == negative[2]
    )


def syllogism(mood: str, figure: int) -> tuple[list[Formula], Formula]:
    terms = (*ORDERS[figure], "SP")
    *premises, last = [
        formula(SENTENCES[letter].format(*pair)) for letter, pair in zip(mood, terms, strict=True)
    ]
    return premises, last


@pytest.mark.parametrize("figure", ORDERS)
def test_all_syllogisms_are_judged_right(figure: int) -> None:
    """All 64 moods of a figure: with and without members in each class, as models and rules say."""
    inhabited = [sets for sets in MODELS if all(sets.values())]
    for mood in (mood for mood, its_figure in FORMS if its_figure == figure):
        premises, last = syllogism(mood, figure)
        judged = judge({"p1": premises[0], "p2": premises[1]}, last)
        assert (
            judged.valid == holds_in_all(mood, figure, inhabited) == obeys_the_rules(mood, figure)
        )
        assert (judged.valid and not judged.needs_members) == holds_in_all(mood, figure, MODELS)
        assert (judged.counter_model is None) == (judged.valid and not judged.needs_members)


def test_24_syllogisms_are_valid_and_15_of_them_in_any_case() -> None:
    """As many as tradition counts, and each has its name."""
    judged = {}
    for mood, figure in FORMS:
        premises, last = syllogism(mood, figure)
        name = name_of_syllogism(premises[::-1], last)
        assert name.split()[0] == f"{mood}-{figure}"
        judged[name] = judge({"p1": premises[0], "p2": premises[1]}, last)
    valid = [name for name, found in judged.items() if found.valid]
    assert len(judged) == 256
    assert valid == [name for name in judged if "(" in name]
    assert len(valid) == 24
    assert sum(not judged[name].needs_members for name in valid) == 15
    assert "AAA-1 (Barbara)" in valid


@pytest.mark.parametrize(
    ("premises", "last"),
    [
        (["all S are P"], "all S are P"),
        (["all S are P", "p"], "all S are P"),
        (["all S are P", "all P are S"], "all S are S"),
        (["all S are M", "all S are M"], "all S are P"),
        (["all M are P", "all S are M"], "p"),
        (["all M are M", "all S are M"], "all S are M"),
        (["all M are P", "all S are M", "all S are P"], "all S are P"),
        (["all (M and S) are P", "all S are M"], "all S are P"),
    ],
)
def test_what_is_no_syllogism_has_no_name(premises: list[str], last: str) -> None:
    """Two premises and a conclusion over three terms, each in two of them, or no name."""
    assert name_of_syllogism([formula(text) for text in premises], formula(last)) == ""


# Classes and individuals, against all small models

SIMPLE = [
    *(SENTENCES[letter].format(*pair) for letter in "AEIO" for pair in ("SM", "MP", "SP")),
    *(f"{name} is {no}{kind}" for name in "xy" for no in ("", "not ") for kind in "SMP"),
]


def said(text: str, sets: Sets, things: Mapping[str, int]) -> bool:
    words = text.split()
    if words[0] in "xy":
        return (things[words[0]] in sets[words[-1]]) is ("not" not in words)
    letter = {"all": "A", "no": "E", "some": "O" if "not" in words else "I"}[words[0]]
    return is_true(letter, words[1] + words[-1], sets)


@given(st.lists(st.sampled_from(SIMPLE), max_size=3), st.sampled_from(SIMPLE))
def test_classes_and_individuals_are_judged_as_by_all_models(
    premises: list[str], last: str
) -> None:
    """What follows about classes and named things is what holds in every model."""
    worlds: list[tuple[Sets, dict[str, int]]] = [
        (sets, {"x": x, "y": y})
        for size in range(1, 5)
        for there in combinations(range(8), size)
        for x, y in product(there, repeat=2)
        for sets in [
            {name: frozenset(n for n in there if n >> bit & 1) for bit, name in enumerate("SMP")}
        ]
    ]
    follows = all(
        said(last, *world) for world in worlds if all(said(text, *world) for text in premises)
    )
    assert entails([formula(text) for text in premises], formula(last)) == follows


def test_socrates_is_mortal() -> None:
    """An individual in a class is in every class that holds it, and not the other way round."""
    all_men = formula("all S are P")
    assert entails([all_men, formula("x is S")], formula("x is P"))
    found = situation([all_men, formula("x is P"), formula("x is not S")])
    assert found is not None
    assert (found.individuals, list(found.things)) == ({"x": frozenset("P")}, [frozenset("P")])


def test_statements_and_classes_go_together() -> None:
    """A connective may join statements about classes and others."""
    premises = formulas("p -> all S are P", "p", "x is S")
    assert judge(premises, formula("x is P")).valid
    assert not judge(premises, formula("q or some S are not P")).valid


# What is established about arguments


def test_contradictory_premises_are_named_and_no_others() -> None:
    """Of five premises, the three that cannot be true together are named."""
    judged = judge(formulas("r", "p -> q", "p", "s or r", "not q"), formula("s"))
    assert (judged.valid, judged.contradictory) == (True, ("p2", "p3", "p5"))
    assert judged.counter_model is None


def test_a_premise_that_is_not_needed_is_named() -> None:
    """The conclusion still follows without it."""
    judged = judge(formulas("p -> q", "p", "r"), formula("q"))
    assert (judged.valid, judged.dispensable) == (True, ("p3",))


def test_a_counter_model_has_no_more_things_than_it_needs() -> None:
    """Of the eight sorts of thing one is enough to show that the converse does not hold."""
    judged = judge(formulas("all S are M", "all M are P"), formula("all P are S"))
    assert judged.counter_model is not None
    assert list(judged.counter_model.things) == [frozenset("P")]
    assert judged.counter_model.classes == ["S", "M", "P"]


def test_members_do_not_save_an_argument_whose_classes_must_be_empty() -> None:
    """Where the premises leave a class empty, that no class is empty makes nothing valid."""
    judged = judge(formulas("no S are S"), formula("some M are P"))
    assert not judged.valid


@pytest.mark.parametrize(
    ("kind", "text", "how_many"),
    [
        ("statement", "{0}1 or {0}2 or {0}3 or {0}4 or {0}5", 25),
        ("class", "all {0}1 are {0}2", 8),
        ("individual", "{0}1 is k", 13),
    ],
)
def test_what_is_too_large_is_refused(kind: Kind, text: str, how_many: int) -> None:
    """More names of a kind than can be decided in reasonable time are refused, and said."""
    kinds: dict[str, Kind] = {f"n{n}": kind for n in range(1, how_many + 5)}
    kinds["k"] = "class"

    def about(first: int) -> Formula:
        shifted = text
        for place in range(5, 0, -1):
            shifted = shifted.replace(f"{{0}}{place}", f"n{first + place - 1}")
        return parse(shifted, kinds)

    with pytest.raises(TooLarge, match=f"more than {how_many - 1} of one kind"):
        situation([about(first) for first in range(1, how_many + 1)])


def test_too_many_formulas_are_refused() -> None:
    """An argument of dozens of premises is none that a person made."""
    many: Sequence[Any] = [formula("p")] * 31
    with pytest.raises(TooLarge, match="more than 30 formulas"):
        situation(many)
