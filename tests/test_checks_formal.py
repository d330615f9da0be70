"""LaserLogic in formulas: the solver's verdict, agreed, disputed, by one formalisation, or none."""

from __future__ import annotations

from typing import Any

import pytest

from llm_reasonkit.reasoning.checks.formal import check_situation, formulas
from llm_reasonkit.reasoning.logic.formula import Kind, parse
from tests.arguments import atoms_of, formalised, laserlogic, replies
from tests.scripted_model import LIBRARY, ScriptedCaller, failed, output_of, run

PONENS = (["a1 -> a2", "a1"], "a2")
CONVERSE = (["a1 -> a2", "a2"], "a1")


async def reasoned(given: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = output_of(await laserlogic(given), "reasoning")
    return found


async def test_two_formalisations_that_agree_give_the_solvers_verdict() -> None:
    """Written differently and meaning the same, they settle that the argument is valid."""
    given = replies(*PONENS, second=["not a2 -> not a1", "not not a1", "a2"])
    result = await laserlogic(given)
    assert failed(result) == []
    found = output_of(result, "reasoning")
    assert (found["verdict"], found["basis"]) == ("valid", "by two formalisations that agree")


async def test_an_invalid_argument_is_shown_where_it_fails() -> None:
    """The counter-model is told in the words of the argument."""
    result = await laserlogic(replies(*CONVERSE))
    found = output_of(result, "reasoning")
    assert found["verdict"] == "invalid"
    assert found["counter_model"] == "“the room is bright” is true; “the lamp is on” is false"
    (told,) = failed(result)
    assert told.startswith("the argument is valid (by two formalisations that agree): it may be so")


async def test_a_counter_model_tells_of_things_and_named_ones() -> None:
    """What there is and what a named individual is stand in it, and all that is in no class."""
    given = replies(["all a1 are a2", "a4 is a2", "no a3 are a3"], "a4 is a1 or a5", "ccciss")
    found = await reasoned(given)
    assert found["counter_model"] == (
        "“the lamp is on” is false; “Bruno” is in “sailors” and not in “poets”, “gardeners”"
    )
    given = replies(["no a1 are a1"], "some a1 are a1 or a2 or a3", "css")
    found = await reasoned(given)
    assert found["counter_model"] == (
        "“the lamp is on”, “the room is bright” are false; something is not in “poets”"
    )
    found = await reasoned(replies(["all a1 are a2", "some a1 are a2"], "no a1 are a2", "cc"))
    assert found["counter_model"] == "something is in “poets”, “sailors”"


async def test_formalisations_that_differ_decide_nothing() -> None:
    """The verdict is that they differ, with the parts, whatever each of them would prove."""
    result = await laserlogic(replies(*PONENS, second=["a2 -> a1", "a1", "a2"]))
    found = output_of(result, "reasoning")
    assert (found["verdict"], found["disputed"]) == ("formalisation disputed", ["p1"])
    assert failed(result) == ["the formalisations agree: they differ on p1"]


async def test_what_only_one_of_them_can_say_is_disputed() -> None:
    """A premise that one formalisation leaves out is a difference."""
    found = await reasoned(replies(*PONENS, second=["a1 -> a2", "", "a2"]))
    assert found["disputed"] == ["p2"]


async def test_the_second_is_written_blind() -> None:
    """Who formalises again sees the argument and its names, and no formula of the first."""
    caller = ScriptedCaller(replies(*PONENS))
    await run("laserlogic", "Does it follow?", caller)
    prompt = caller.prompt_of("second")
    assert '{"id": "a1", "kind": "statement", "text": "the lamp is on"}' in prompt
    assert "the lamp is on -> the room is bright." in prompt
    assert '"formula"' not in prompt
    assert next(call.role for call in caller.calls if call.step == "second") == "verifier"


async def test_one_formalisation_is_said_to_be_one() -> None:
    """A verdict that rests on one formalisation says so wherever it is told."""
    given = replies(*PONENS, second=["a1 >> a2", "a1", "a2"])
    given["second_repair"] = {"formulas": []}
    result = await laserlogic(given)
    assert output_of(result, "reasoning")["verdict"] == "valid, by one formalisation"
    basis = "by one formalisation, compared with no other"
    assert f"the argument is valid ({basis})" in [item.name for item in result.checks.items]


async def test_the_reduced_form_asks_for_no_second() -> None:
    """In quick and balanced runs there is one formalisation and its verdict says so."""
    caller = ScriptedCaller(replies(*PONENS))
    result = await run("balanced", "Does it follow?", caller)
    assert not [call.step for call in caller.calls if "second" in call.step]
    assert output_of(result, "reasoning")["verdict"] == "valid, by one formalisation"


async def test_a_formula_that_cannot_be_read_is_mended_once() -> None:
    """Its author is shown what is wrong and where, and the argument is then decided."""
    given = replies(*PONENS)
    given["extraction"]["formulas"][0]["formula"] = "a1 -> a7"
    given["repair"] = {"formulas": formalised(*PONENS)}
    caller = ScriptedCaller(given)
    result = await run("laserlogic", "Does it follow?", caller)
    assert output_of(result, "reasoning")["verdict"] == "valid"
    assert "p1, character 7: 'a7' is not given; there is a1, a2, a3, a4" in caller.prompt_of(
        "repair"
    )
    assert [call.step for call in caller.calls].count("repair") == 1
    assert failed(result) == []


async def test_a_second_formula_that_cannot_be_read_is_mended_by_its_author() -> None:
    """The other formalisation has a repair of its own, in its own role."""
    given = replies(*PONENS, second=["a1 a2", "a1", "a2"])
    given["second_repair"] = {"formulas": formalised(*PONENS)}
    caller = ScriptedCaller(given)
    result = await run("laserlogic", "Does it follow?", caller)
    assert output_of(result, "reasoning")["verdict"] == "valid"
    assert next(call.role for call in caller.calls if call.step == "second_repair") == "verifier"


async def test_what_stays_unreadable_proves_nothing() -> None:
    """With no formalisation that can be read the verdict is `not proved`."""
    given = replies(*PONENS, second=["a1 a2", "a1", "a2"])
    given["extraction"]["formulas"] = []
    given["repair"] = given["second_repair"] = {"formulas": [{"part": "p1", "formula": "?"}]}
    result = await laserlogic(given)
    assert output_of(result, "reasoning")["verdict"] == "not proved"
    assert result.status == "done"


@pytest.mark.parametrize(
    ("part", "formula", "error"),
    [
        ("p9", "a1", "there is no part 'p9'"),
        ("p1", "a1 ->", "p1, it ends too early"),
        ("conclusion", "", "the conclusion has no formula"),
        ("conclusion", "a9", "conclusion, character 1: 'a9' is not given"),
    ],
)
def test_what_is_wrong_with_a_formalisation_is_told(part: str, formula: str, error: str) -> None:
    """Each part that is missing, unknown or unreadable is named to whoever mends it."""
    atoms = [{"id": f"a{n}", **atom} for n, atom in enumerate(atoms_of("ss"), 1)]
    argument = {"scheme": "deductive", "premises": [{"id": "p1"}], "atoms": atoms}
    written = [{"part": part, "formula": formula}]
    errors = formulas(argument, {"formulas": written}).value["errors"]
    assert any(text.startswith(error) for text in errors), errors
    assert len(formulas(argument, {"formulas": written * 50}).value["errors"]) <= 10
    assert formulas(argument).value["errors"] == []


async def test_a_premise_that_no_formula_says_leaves_a_valid_argument_valid() -> None:
    """More premises cannot make it invalid; but an invalid one is then undecided."""
    assert (await reasoned(replies([*PONENS[0], ""], "a2")))["verdict"] == "valid"
    assert (await reasoned(replies([*CONVERSE[0], ""], "a1")))["verdict"] == "not proved"


async def test_contradictory_premises_prove_anything() -> None:
    """That is said in place of `valid`, with the premises that contradict each other."""
    result = await laserlogic(replies(["a1 -> a2", "a1", "a3", "not a2"], "a4"))
    found = output_of(result, "reasoning")
    assert found["verdict"] == "valid only because the premises contradict each other"
    assert found["contradictory"] == ["p1", "p2", "p4"]
    assert failed(result) == ["the premises are consistent: p1, p2, p4 cannot all be true"]


async def test_a_premise_too_many_is_named() -> None:
    """The conclusion follows without it."""
    result = await laserlogic(replies([*PONENS[0], "a3"], "a2"))
    assert failed(result) == ["the conclusion needs each premise: it follows without p3"]


async def test_a_syllogism_is_called_by_its_name() -> None:
    """Mood and figure, and whether it is one of those that need members in each class."""
    found = await reasoned(replies(["all a2 are a3", "all a1 are a2"], "all a1 are a3", "ccc"))
    assert (found["verdict"], found["form"]) == ("valid", "AAA-1 (Barbara)")
    result = await laserlogic(replies(["all a2 are a3", "all a2 are a1"], "some a1 are a3", "ccc"))
    found = output_of(result, "reasoning")
    assert found["verdict"] == "valid if no class is empty"
    assert found["form"] == "AAI-3 (Darapti)"
    assert failed(result) == []


async def test_what_is_too_large_is_not_decided() -> None:
    """Eight classes are refused, and the reason stands in the ledger."""
    chain = [f"all a{n} are a{n + 1}" for n in range(1, 6)]
    given = replies([*chain, "all a6 are a7 and all a7 are a8"], "all a1 are a8", "c" * 8)
    result = await laserlogic(given)
    assert output_of(result, "reasoning")["verdict"] == "not proved"
    assert any("more than 7 of one kind (class)" in item.detail for item in result.checks.items)


@pytest.mark.parametrize("scheme", ["statistical", "causal", "analogy", "other"])
async def test_no_other_argument_is_put_into_formulas(scheme: str) -> None:
    """An argument that only makes something likely is not deductive, whatever formulas it has."""
    caller = ScriptedCaller(replies(*PONENS, scheme=scheme))
    result = await run("laserlogic", "Does it follow?", caller)
    assert output_of(result, "reasoning")["verdict"] == "not deductive"
    assert not [call.step for call in caller.calls if call.step == "second"]
    assert [call.step for call in caller.calls if call.step == "form"]
    assert "the argument is valid" not in str([item.name for item in result.checks.items])


async def test_words_in_another_order_are_another_premise() -> None:
    """`All poets are sailors` and its converse are not taken for the same, nor for a circle."""
    result = await laserlogic(replies(["all a1 are a2", "all a2 are a1"], "all a1 are a2", "cc"))
    assert not [text for text in failed(result) if "distinct" in text]
    assert [text for text in failed(result) if "the conclusion repeats p1" in text]
    result = await laserlogic(replies(["all a1 are a2"], "all a2 are a1", "cc"))
    assert not [text for text in failed(result) if "repeats" in text]


def test_what_models_are_taught_can_be_read() -> None:
    """Each example of the notation in the prompts is a formula."""
    taught = str(LIBRARY.protocol("laserlogic").settings["notation"])
    logical, _, classes = taught.replace("\n", "      ").partition("of classes:")
    kinds: dict[str, Kind] = {"a1": "class", "a2": "class", "a3": "class", "a4": "individual"}
    for text in logical.partition("brackets")[0].split("      "):
        parse(text.split("(")[0].strip() or "a1", {"a1": "statement", "a2": "statement"})
    examples = classes.replace("of an individual:", "      ").split("      ")
    read = [parse(text.strip(), kinds) for text in examples if text.strip()]
    assert len(read) == 7


# Counterexamples


def offering(given: dict[str, Any], *facts: str, keeps: tuple[str, ...] = ("p1", "p2")) -> Any:
    given["counterexample"] |= {
        "found": "yes",
        "situation": "The sun shines in.",
        "keeps": list(keeps),
        "facts": list(facts),
    }
    return given


async def test_a_counterexample_that_fits_is_verified() -> None:
    """Its formulas make the premises true and the conclusion false, and code has seen it."""
    found = await reasoned(offering(replies(*CONVERSE), "a2", "not a1"))
    assert found["counterexample"] == {"situation": "The sun shines in.", "verified": True}


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        (["a2"], "it does not make the conclusion false"),
        (["not a1"], "it does not make p2 true"),
        (["a1", "not a2"], "it does not make p1, p2 true"),
        (["a2", "not a2"], "it contradicts itself"),
    ],
)
async def test_a_counterexample_that_does_not_fit_is_dropped(facts: list[str], why: str) -> None:
    """What is claimed of a situation is held against the formulas."""
    result = await laserlogic(offering(replies(*CONVERSE), *facts))
    assert f"the counterexample fits the formulas: {why}" in failed(result)
    assert output_of(result, "reasoning")["counterexample"] is None


async def test_no_counterexample_passes_against_a_valid_argument() -> None:
    """Whatever a model describes: where the conclusion follows, it does not fit."""
    result = await laserlogic(offering(replies(*PONENS), "a1", "not a2", "a1 -> a2"))
    assert output_of(result, "reasoning")["counterexample"] is None
    assert output_of(result, "reasoning")["verdict"] == "valid"


@pytest.mark.parametrize("facts", [[], ["the lamp is off"]])
async def test_a_counterexample_in_words_is_merely_offered(facts: list[str]) -> None:
    """What cannot be held against the formulas is handed on as not verified."""
    result = await laserlogic(offering(replies(*CONVERSE), *facts))
    assert output_of(result, "reasoning")["counterexample"]["verified"] is False
    statuses = {item.name: item.status for item in result.checks.items}
    assert statuses["the counterexample fits the formulas"] == "not_checkable"


def test_a_situation_too_large_to_decide_is_not_checkable() -> None:
    """More classes than can be decided leave it open."""
    atoms = [{"id": f"a{n}", **atom} for n, atom in enumerate(atoms_of("c" * 8), 1)]
    facts = [f"all a{n} are a{n + 1}" for n in range(1, 8)]
    argument = {"p1": "all a1 are a2", "conclusion": "no a1 are a2"}
    assert check_situation(facts, argument, atoms)[0] == "not_checkable"
