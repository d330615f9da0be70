"""Planted arguments: a model that errs on purpose in LaserLogic, and what code makes of it.

Every case runs the shipped protocol. A planted fault has to be caught; where nothing is planted no
check may fail.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from itertools import pairwise, product
from typing import Any

import pytest

from tests.arguments import laserlogic, replies
from tests.scripted_model import failed, output_of

# Arguments: premises; conclusion

VALID = {
    "modus ponens": "a1 -> a2; a1; a2",
    "modus tollens": "a1 -> a2; not a2; not a1",
    "hypothetical syllogism": "a1 -> a2; a2 -> a3; a1 -> a3",
    "disjunctive syllogism": "a1 or a2; not a1; a2",
    "disjunctive syllogism, other way": "a1 or a2; not a2; a1",
    "constructive dilemma": "a1 -> a2; a3 -> a4; a1 or a3; a2 or a4",
    "destructive dilemma": "a1 -> a2; a3 -> a4; not a2 or not a4; not a1 or not a3",
    "simple dilemma": "a1 -> a2; a3 -> a2; a1 or a3; a2",
    "conjunction": "a1; a2; a1 and a2",
    "simplification": "a1 and a2; a1",
    "addition": "a1; a1 or a2",
    "contraposition": "a1 -> a2; not a2 -> not a1",
    "exportation": "(a1 and a2) -> a3; a1 -> (a2 -> a3)",
    "importation": "a1 -> (a2 -> a3); (a1 and a2) -> a3",
    "De Morgan": "not (a1 and a2); not a1 or not a2",
    "De Morgan, or": "not (a1 or a2); not a1 and not a2",
    "distribution": "a1 and (a2 or a3); (a1 and a2) or (a1 and a3)",
    "absorption": "a1 -> a2; a1 -> (a1 and a2)",
    "biconditional": "a1 <-> a2; a2; a1",
    "biconditional, denied": "a1 <-> a2; not a1; not a2",
    "exclusive or": "a1 xor a2; a1; not a2",
    "reduction to absurdity": "a1 -> a2; a1 -> not a2; not a1",
    "chain of four": "a1 -> a2; a2 -> a3; a3 -> a4; a1; a4",
    "case by case": "a1 or a2; a1 -> a3; a2 -> a3; a3",
    "two at once": "(a1 and a2) -> a3; a1; not a3; not a2",
    "Socrates": "all a1 are a2; a3 is a1; a3 is a2",
    "who is not mortal is no man": "all a1 are a2; a3 is not a2; a3 is not a1",
    "an exception": "all (a1 and not a2) are a3; a4 is a1; a4 is not a2; a4 is a3",
    "a case in point": "a3 is a1; a3 is a2; some a1 are a2",
    "only those": "no a1 are a2; a3 is a2; a3 is not a1",
}
INVALID = {
    "affirming the consequent": "a1 -> a2; a2; a1",
    "denying the antecedent": "a1 -> a2; not a1; not a2",
    "affirming a disjunct": "a1 or a2; a1; not a2",
    "denying a conjunct": "not (a1 and a2); not a1; a2",
    "converse": "a1 -> a2; a2 -> a1",
    "inverse": "a1 -> a2; not a1 -> not a2",
    "false chain": "a1 -> a2; a3 -> a2; a1 -> a3",
    "broken chain": "a1 -> a2; a3 -> a4; a1 -> a4",
    "from or to and": "a1 or a2; a1 and a2",
    "from or to one": "a1 or a2; a1",
    "from one to and": "a1; a1 and a2",
    "from nothing said": "a1 -> a2; a3; a4",
    "dilemma without a choice": "a1 -> a2; a3 -> a4; a2 or a4",
    "dilemma backwards": "a1 -> a2; a3 -> a4; a2 or a4; a1 or a3",
    "conditional for biconditional": "a1 -> a2; a1 <-> a2",
    "inclusive for exclusive": "a1 or a2; a1 xor a2",
    "import without the other": "(a1 and a2) -> a3; a1; a3",
    "only if, turned round": "a1 only if a2; a2; a1",
    "wrong De Morgan": "not (a1 and a2); not a1 and not a2",
    "wrong distribution": "a1 or (a2 and a3); a1 or a2; a3",
    "Socrates, turned round": "all a1 are a2; a3 is a2; a3 is a1",
    "denying a class": "all a1 are a2; a3 is not a1; a3 is not a2",
    "conversion of all": "all a1 are a2; all a2 are a1",
    "from some to all": "some a1 are a2; all a1 are a2",
    "conversion of some not": "some a1 are not a2; some a2 are not a1",
    "two individuals": "a3 is a1; a4 is a2; some a1 are a2",
}
# What the second reader wrote of it: the same in other words, or something else.
AGREED = {
    "contrapositive": ("a1 -> a2; a1; a2", "not a2 -> not a1; a1; a2"),
    "or for if": ("a1 -> a2; a1; a2", "not a1 or a2; a1; a2"),
    "only if": ("a1 -> a2; a1; a2", "a1 only if a2; a1; a2"),
    "signs": ("a1 -> a2; a1; a2", "a1 ⇒ a2; A1; A2"),
    "De Morgan": ("not (a1 and a2); a1; not a2", "not a1 or not a2; a1; not a2"),
    "two conditionals": ("a1 <-> a2; a1; a2", "(a1 -> a2) and (a2 -> a1); a1; a2"),
    "xor": ("a1 xor a2; a1; not a2", "(a1 or a2) and not (a1 and a2); a1; not a2"),
    "double negation": ("a1 or a2; not a1; a2", "a1 or a2; not a1; not not a2"),
    "order": ("a1 and a2; a1", "a2 and a1; a1"),
    "conversion of no": ("no a1 are a2; a3 is a1; a3 is not a2",) * 2,
    "no for all not": (
        "no a1 are a2; a3 is a1; a3 is not a2",
        "all a2 are (not a1); a3 is a1; not a3 is a2",
    ),
    "not some not": (
        "all a1 are a2; a3 is a1; a3 is a2",
        "not some a1 are not a2; a3 is a1; a3 is a2",
    ),
}
DISPUTED = {
    "if turned round": ("a1 -> a2; a1; a2", "a2 -> a1; a1; a2"),
    "if for iff": ("a1 -> a2; a1; a2", "a1 <-> a2; a1; a2"),
    "and for if": ("a1 -> a2; a1; a2", "a1 and a2; a1; a2"),
    "or for and": ("a1 and a2; a1", "a1 or a2; a1"),
    "xor for or": ("a1 or a2; a1; not a2", "a1 xor a2; a1; not a2"),
    "a negation lost": ("a1 -> a2; not a2; not a1", "a1 -> a2; a2; not a1"),
    "a negation lost in the conclusion": ("a1 -> a2; not a2; not a1", "a1 -> a2; not a2; a1"),
    "negation of one part": ("not (a1 and a2); a1; not a2", "not a1 and a2; a1; not a2"),
    "another name": ("a1 -> a2; a1; a2", "a1 -> a3; a1; a3"),
    "another conclusion": ("a1 -> a2; a2 -> a3; a1 -> a3", "a1 -> a2; a2 -> a3; a3"),
    "a premise not said": ("a1 -> a2; a1; a2", "; a1; a2"),
    "premises swapped": ("a1 -> a2; a1; a2", "a1; a1 -> a2; a2"),
    "brackets moved": ("a1 and (a2 or a3); a1", "(a1 and a2) or a3; a1"),
    "a stronger premise": ("a1 -> a2; a1; a2", "a1 -> a2; a1 and a2; a2"),
    "all for some": ("some a1 are a2; a3 is a1; a3 is a2", "all a1 are a2; a3 is a1; a3 is a2"),
    "all turned round": ("all a1 are a2; a3 is a1; a3 is a2", "all a2 are a1; a3 is a1; a3 is a2"),
    "no for not all": ("not all a1 are a2; a3 is a1; a3 is a2", "no a1 are a2; a3 is a1; a3 is a2"),
    "not in it": ("all a1 are a2; a3 is a1; a3 is a2", "all a1 are a2; a3 is not a1; a3 is a2"),
}
CONTRADICTORY = {
    "yes and no": ("a1; not a1; a2", ["p1", "p2"]),
    "denied consequence": ("a1 -> a2; a1; a3; not a2; a4", ["p1", "p2", "p4"]),
    "neither and one": ("not a1 and not a2; a1 or a2; a3", ["p1", "p2"]),
    "both and not both": ("a1 <-> a2; a1 xor a2; a3", ["p1", "p2"]),
    "in one premise": ("a1; a2 and not a2; a3", ["p2"]),
    "all and an exception": ("all a1 are a2; some a1 are not a2; a3 is a1", ["p1", "p2"]),
    "in and out": ("a3 is a1; no a1 are a2; a3 is a2; a3 is not a1", ["p1", "p2", "p3"]),
}
SUPERFLUOUS = {
    "one that nothing needs": ("a1 -> a2; a1; a3; a2", "p3"),
    "a weaker one": ("a1 and a2; a1; a1 or a3", "p1, p2"),
    "a second way": ("a1 -> a2; a1; a3 -> a2; a3; a2", "p1, p2, p3, p4"),
    "a conclusion that is always so": ("a1; a2 or not a2", "p1"),
    "a class apart": ("all a1 are a2; a3 is a1; no a1 are (not a2); a3 is a2", "p1, p3"),
}
FITTING = {
    "consequent": ("a1 -> a2; a2; a1", "a2; not a1"),
    "antecedent": ("a1 -> a2; not a1; not a2", "not a1; a2"),
    "disjunct": ("a1 or a2; a1; not a2", "a1; a2"),
    "converse": ("all a1 are a2; all a2 are a1", "no a1 are a1; some a2 are a2"),
    "individual": ("all a1 are a2; a3 is a2; a3 is a1", "a3 is a2; a3 is not a1; all a1 are a2"),
}
UNFITTING = {
    "breaks a premise": ("a1 -> a2; a2; a1", "not a2; not a1"),
    "keeps the conclusion": ("a1 -> a2; a2; a1", "a1; a2"),
    "leaves it open": ("a1 -> a2; a2; a1", "a2"),
    "contradicts itself": ("a1 -> a2; a2; a1", "a2; not a1; a1"),
    "against a valid argument": ("a1 -> a2; a1; a2", "a1; not a2"),
    "against a valid one, by fiat": ("a1 or a2; not a1; a2", "a1 or a2; not a1; not a2"),
    "of things": ("all a1 are a2; all a2 are a1", "all a1 are a2; all a2 are a1"),
    "of an individual": ("all a1 are a2; a3 is a1; a3 is a2", "a3 is a1; a3 is not a2"),
}
UNREADABLE = [
    *(
        "a1 >> a2",
        "a1 = a2",
        "P(a1) -> Q(a1)",
        "∀x a1 → a2",
        "a1 -> a9",
        "if a1 a2",
        "a1 -> a2 -> a3",
    ),
    *("(a1 -> a2", "a1 - > a2", "all a1 are a2", "a1 xor a2 xor a3", "a1 or", "the lamp is on"),
]


def kinds_of(argument: str) -> str:
    """Which names of an argument are classes (`c`) and individuals (`i`); others are statements."""
    words = argument.replace(";", " ").replace("(", " ").replace(")", " ").split()
    if "are" not in words and "is" not in words:
        return "ssss"
    individuals = {name for name, next_ in pairwise(words) if next_ == "is"}
    return "".join("i" if f"a{n}" in individuals else "c" for n in range(1, 5))


def model_of(argument: str, second: str | None = None, **more: Any) -> dict[str, Any]:
    *premises, conclusion = [part.strip() for part in argument.split(";")]
    other = None if second is None else [part.strip() for part in second.split(";")]
    return replies(premises, conclusion, kinds_of(argument), second=other, **more)


async def reasoned(given: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    result = await laserlogic(given)
    return output_of(result, "reasoning"), failed(result)


@pytest.mark.parametrize("argument", VALID.values(), ids=VALID)
async def test_a_valid_argument_raises_no_alarm(argument: str) -> None:
    """A valid argument is called valid and no check fails."""
    found, alarms = await reasoned(model_of(argument))
    assert (found["verdict"], alarms) == ("valid", [])


@pytest.mark.parametrize("argument", INVALID.values(), ids=INVALID)
async def test_an_invalid_argument_is_caught(argument: str) -> None:
    """An invalid argument is called so, though the model found no counterexample to it."""
    found, alarms = await reasoned(model_of(argument))
    assert found["verdict"] == "invalid"
    assert found["counter_model"]
    assert len(alarms) == 1


@pytest.mark.parametrize(("first", "second"), AGREED.values(), ids=AGREED)
async def test_other_words_are_no_dispute(first: str, second: str) -> None:
    """Two formalisations that mean the same raise no alarm."""
    found, alarms = await reasoned(model_of(first, second))
    assert (found["verdict"], alarms) == ("valid", [])


@pytest.mark.parametrize(("first", "second"), DISPUTED.values(), ids=DISPUTED)
async def test_a_formalisation_that_means_something_else_is_caught(first: str, second: str) -> None:
    """Two formalisations that differ leave no verdict but that."""
    found, alarms = await reasoned(model_of(first, second))
    assert found["verdict"] == "formalisation disputed"
    assert alarms[0].startswith("the formalisations agree: they differ on ")


@pytest.mark.parametrize(("argument", "core"), CONTRADICTORY.values(), ids=CONTRADICTORY)
async def test_contradictory_premises_are_caught(argument: str, core: list[str]) -> None:
    """Premises that cannot all be true are named, and `valid` is not said without that."""
    found, alarms = await reasoned(model_of(argument))
    assert found["verdict"] == "valid only because the premises contradict each other"
    assert found["contradictory"] == core
    assert len(alarms) == 1


@pytest.mark.parametrize(("argument", "which"), SUPERFLUOUS.values(), ids=SUPERFLUOUS)
async def test_a_premise_too_many_is_caught(argument: str, which: str) -> None:
    """Premises without any one of which the conclusion still follows are named."""
    _, alarms = await reasoned(model_of(argument))
    assert f"the conclusion needs each premise: it follows without {which}" in alarms


def offering(argument: str, facts: str) -> dict[str, Any]:
    given = model_of(argument)
    given["counterexample"] |= {
        "found": "yes",
        "situation": "So it is.",
        "keeps": [f"p{n}" for n in range(1, argument.count(";") + 1)],
        "facts": [fact.strip() for fact in facts.split(";")],
    }
    return given


@pytest.mark.parametrize(("argument", "facts"), FITTING.values(), ids=FITTING)
async def test_a_counterexample_that_fits_is_kept(argument: str, facts: str) -> None:
    """A true counterexample is verified, and the argument is the only thing that fails."""
    found, alarms = await reasoned(offering(argument, facts))
    assert found["counterexample"]["verified"] is True
    assert len(alarms) == 1


@pytest.mark.parametrize(("argument", "facts"), UNFITTING.values(), ids=UNFITTING)
async def test_a_counterexample_that_does_not_fit_is_caught(argument: str, facts: str) -> None:
    """A situation that is claimed to be a counterexample and is none is dropped."""
    found, alarms = await reasoned(offering(argument, facts))
    assert found["counterexample"] is None
    assert [text for text in alarms if text.startswith("the counterexample fits the formulas")]


@pytest.mark.parametrize("formula", UNREADABLE)
async def test_what_cannot_be_read_decides_nothing(formula: str) -> None:
    """A formula outside the language never counts as one; the other formalisation stands alone."""
    given = model_of("a1 -> a2; a1; a2", f"{formula}; a1; a2")
    given["second_repair"] = given["second"]
    assert (await reasoned(given))[0]["verdict"] == "valid, by one formalisation"
    given["extraction"]["formulas"] = given["repair"] = given["second"]["formulas"]
    assert (await reasoned(given))[0]["verdict"] == "not proved"


@pytest.mark.parametrize("scheme", ["statistical", "causal", "analogy", "other"])
@pytest.mark.parametrize("argument", ["a1 -> a2; a1; a2", "a1 -> a2; a2; a1"])
async def test_what_is_not_deductive_is_neither(scheme: str, argument: str) -> None:
    """Formulas do not make an argument deductive."""
    found, alarms = await reasoned(model_of(argument, scheme=scheme))
    assert (found["verdict"], alarms) == ("not deductive", [])


# All syllogisms, by the rules of tradition

SENTENCES = {
    "A": "all {} are {}",
    "E": "no {} are {}",
    "I": "some {} are {}",
    "O": "some {} are not {}",
}
ORDERS = {1: ("MP", "SM"), 2: ("PM", "SM"), 3: ("MP", "MS"), 4: ("PM", "MS")}
NAMES = {"S": "a1", "M": "a2", "P": "a3"}
UNCONDITIONAL = {
    1: ("AAA", "EAE", "AII", "EIO"),
    2: ("EAE", "AEE", "EIO", "AOO"),
    3: ("IAI", "AII", "OAO", "EIO"),
    4: ("AEE", "IAI", "EIO"),
}
CONDITIONAL = {
    1: ("AAI", "EAO"),
    2: ("EAO", "AEO"),
    3: ("AAI", "EAO"),
    4: ("AAI", "AEO", "EAO"),
}


@pytest.mark.parametrize("figure", ORDERS)
async def test_all_64_moods_of_a_figure_are_told_apart(figure: int) -> None:
    """Of 256 syllogisms 15 are valid, 9 if no class is empty, and 232 are caught."""
    for mood in map("".join, product("AEIO", repeat=3)):
        lines = [
            SENTENCES[letter].format(*(NAMES[term] for term in terms))
            for letter, terms in zip(mood, (*ORDERS[figure], "SP"), strict=True)
        ]
        found, alarms = await reasoned(replies(lines[:2], lines[2], "ccc"))
        if mood in UNCONDITIONAL[figure]:
            assert (found["verdict"], alarms) == ("valid", []), mood
        elif mood in CONDITIONAL[figure]:
            assert (found["verdict"], alarms) == ("valid if no class is empty", []), mood
        else:
            assert (found["verdict"], len(alarms)) == ("invalid", 1), mood
        assert found["form"].startswith(f"{mood}-{figure}")


# Random arguments, by truth table

SIGNS: dict[str, Callable[[bool, bool], bool]] = {
    "and": lambda a, b: a and b,
    "or": lambda a, b: a or b,
    "->": lambda a, b: b or not a,
    "<->": lambda a, b: a is b,
    "xor": lambda a, b: a is not b,
}


NAMES_OF_ATOMS = ("a1", "a2", "a3", "a4")
WORLDS = [
    dict(zip(NAMES_OF_ATOMS, values, strict=True)) for values in product((False, True), repeat=4)
]


def random_formula(source: random.Random, depth: int) -> tuple[str, Callable[[Any], bool]]:
    if depth == 0 or source.random() < 0.2:
        name = source.choice(NAMES_OF_ATOMS)
        return name, lambda world: bool(world[name])
    if source.random() < 0.25:
        text, true = random_formula(source, depth - 1)
        return f"not {text}", lambda world: not true(world)
    sign = source.choice(list(SIGNS))
    (left, is_left), (right, is_right) = (random_formula(source, depth - 1) for _ in "lr")
    return f"({left} {sign} {right})", lambda world: SIGNS[sign](is_left(world), is_right(world))


@pytest.mark.parametrize("seed", range(4))
async def test_random_arguments_are_judged_as_by_truth_table(seed: int) -> None:
    """The verdict on 160 random arguments is what their truth tables say."""
    source = random.Random(seed)
    for _ in range(40):
        made = [random_formula(source, 2) for _ in range(source.randrange(2, 5))]
        rows = [world for world in WORLDS if all(true(world) for _, true in made[:-1])]
        follows = all(made[-1][1](world) for world in rows)
        found, _ = await reasoned(replies([text for text, _ in made[:-1]], made[-1][0]))
        wanted = "valid" if follows else "invalid"
        if not rows:
            wanted = "valid only because the premises contradict each other"
        assert found["verdict"] == wanted, made
