"""BedRock: no circles, claims on leaves, weak ground handed down, every kind settled."""

from __future__ import annotations

from copy import deepcopy
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_reasonkit.reasoning.checks.foundations import (
    decomposition,
    difference,
    foundations,
    rebuilt,
)
from llm_reasonkit.reasoning.checks.graph import find_circle, ground
from tests.scripted_model import ScriptedCaller, failed, output_of, run

GOOD: dict[str, Any] = {
    "conventional": {
        "answer": "Yes.",
        "assumptions": [{"text": "Bigger teams are faster."}, {"text": "Money is no object."}],
    },
    "decomposition": {
        "nodes": [
            {"text": "The bridge should be rebuilt.", "rests_on": ["n2", "n3"], "kind": "unknown"},
            {"text": "It cannot carry the load.", "rests_on": ["n4", "n5"], "kind": "measured"},
            {"text": "The town wants trucks to cross.", "rests_on": [], "kind": "preference"},
            {"text": "Stress above yield deforms steel.", "rests_on": [], "kind": "law"},
            {"text": "Trucks of 40 tonnes were counted.", "rests_on": [], "kind": "measured"},
        ]
    },
    "second_reading": {
        "leaves": [
            {"leaf": "n3", "kind": "preference", "test": "Ask."},
            {"leaf": "n4", "kind": "law", "test": "Look it up."},
            {"leaf": "n5", "kind": "measured", "test": "Count."},
        ]
    },
    "rebuilding": {
        "work": "",
        "claims": [
            {
                "text": "The bridge will deform.",
                "uses": ["n4", "n5"],
                "rule": "a",
                "calculation": "",
            },
            {"text": "It should be rebuilt.", "uses": ["c1", "n3"], "rule": "b", "calculation": ""},
        ],
    },
    "comparison": {
        "kept": ["a1"],
        "dropped": [{"assumption": "a2", "why": "Nobody said so."}],
        "new": [{"claim": "c1", "why": "Physics first."}],
    },
}


async def bedrock(replies: dict[str, Any]) -> Any:
    return await run("bedrock", "Should the town rebuild its bridge?", ScriptedCaller(replies))


async def test_a_sound_derivation_passes_and_says_what_it_leans_on() -> None:
    """With everything grounded nothing fails, and the claim on a preference carries that tag."""
    result = await bedrock(GOOD)
    assert failed(result) == []
    rebuilt = output_of(result, "rebuilt")
    assert [row["tags"] for row in rebuilt["claims"]] == [[], ["preference"]]
    assert rebuilt["claims"][1]["leaves"] == ["n3", "n4", "n5"]
    assert (rebuilt["firm"], rebuilt["unused"]) == (1, [])


def plant(replies: dict[str, Any], fault: str) -> None:
    nodes, claims = replies["decomposition"]["nodes"], replies["rebuilding"]["claims"]
    readings, comparison = replies["second_reading"]["leaves"], replies["comparison"]
    match fault:
        case "nodes in a circle":
            nodes[4]["rests_on"] = ["n1"]
        case "a node on itself":
            nodes[1]["rests_on"] = ["n2", "n4"]
        case "a node on an unknown one":
            nodes[1]["rests_on"] = ["n4", "n5", "n12"]
        case "no leaf at all":
            for node in nodes:
                node["rests_on"] = ["n1"]
        case "a leaf twice":
            nodes[2]["text"] = "Trucks of 40 tonnes have been counted."
        case "a leaf read differently":
            readings[1]["kind"] = "convention"
        case "a leaf read once":
            del readings[2]
        case "a reading of no leaf":
            readings[0]["leaf"] = "n1"
        case "a claim on an inner node":
            claims[0]["uses"] = ["n2"]
            claims.append({"text": "x", "uses": ["n9"], "rule": "", "calculation": ""})
        case "a claim on nothing":
            claims[0]["uses"] = [" "]
        case "claims in a circle":
            claims[0]["uses"] = ["n4", "n5", "c2"]
        case "a claim on an unknown one":
            claims[1]["uses"] = ["c1", "n3", "common sense"]
        case "an unused leaf":
            claims[1]["uses"] = ["c1"]
        case "a wrong calculation":
            claims[0]["calculation"] = "40 * 12 = 500"
        case "a wrong sum in words":
            claims[1]["text"] = "It has to carry more: 40 + 40 = 90 tonnes."
        case "an assumption left open":
            comparison["dropped"] = []
        case "an assumption kept and dropped":
            comparison["kept"] = ["a1", "a2"]
        case "an assumption that nobody made":
            comparison["kept"] = ["a1", "a5"]
        case "a new claim that is not there":
            comparison["new"][0]["claim"] = "c7"


FAULTS = {
    "nodes in a circle": "no node rests on itself: n",
    "a node on itself": "no node rests on itself: n2 rests on n2",
    "a node on an unknown one": "every node named exists: n2 names n12",
    "no leaf at all": "the decomposition comes down to leaves: every node rests on another",
    "a leaf twice": "the leaves are distinct: n5 repeats n3",
    "a leaf read differently": "both readings agree on n4: law or convention",
    "a leaf read once": "every leaf was read twice: n5 once only",
    "a reading of no leaf": "the second reading names leaves only: n1",
    "a claim on an inner node": "every claim uses listed leaves only: c1 names n2, c3 names n9",
    "a claim on nothing": "c1 reaches leaves: it rests on nothing listed",
    "claims in a circle": "no claim rests on itself: c",
    "a claim on an unknown one": "every claim uses listed leaves only: c2 names common sense",
    "an unused leaf": "every leaf is used: n3 unused",
    "a wrong calculation": "the sum 40 * 12 = 500 in c1 is right: 40 * 12 is 480, not 500",
    "a wrong sum in words": "the sum 40 + 40 = 90 in c2 is right: 40 + 40 is 80, not 90",
    "an assumption left open": "every assumption is kept or dropped: a2 neither",
    "an assumption kept and dropped": "no assumption is both: a2",
    "an assumption that nobody made": "everything compared exists: there is no a5",
    "a new claim that is not there": "everything compared exists: there is no c7",
}


@pytest.mark.parametrize(("fault", "caught"), FAULTS.items(), ids=FAULTS.keys())
async def test_a_planted_fault_is_caught(fault: str, caught: str) -> None:
    """Each fault gives a failed check that names it, and the run still ends in an answer."""
    replies = deepcopy(GOOD)
    plant(replies, fault)
    result = await bedrock(replies)
    assert any(caught in text for text in failed(result)), failed(result)
    assert result.answer


async def test_a_leaf_that_two_readers_class_differently_is_unknown() -> None:
    """A disputed leaf makes every claim above it lean on something unknown."""
    replies = deepcopy(GOOD)
    plant(replies, "a leaf read differently")
    result = await bedrock(replies)
    leaf = output_of(result, "foundations")["leaves"][1]
    assert (leaf["kind"], leaf["disputed"]) == ("unknown", ["law", "convention"])
    claims = output_of(result, "rebuilt")["claims"]
    assert [row["tags"] for row in claims] == [["unknown"], ["preference", "unknown"]]


async def test_a_claim_that_miscalculates_is_not_firm() -> None:
    """Its wrong sum is handed on with it, and it no longer counts as resting on firm ground."""
    replies = deepcopy(GOOD)
    plant(replies, "a wrong calculation")
    rebuilt = output_of(await bedrock(replies), "rebuilt")
    assert [row["wrong"] for row in rebuilt["claims"]] == [["40 * 12 is 480, not 500"], []]
    assert (rebuilt["firm"], rebuilt["of"]) == (0, 2)


@pytest.mark.parametrize(
    ("calculation", "statuses"),
    [
        ("40 * 25 = 1,000", ["not_checkable"]),
        ("40 * 40 = 1,600", []),
        ("some 40 tonnes", ["not_checkable"]),
    ],
)
def test_figures_from_nowhere_are_pointed_out(calculation: str, statuses: list[str]) -> None:
    """A calculation may use the figures of what its claim uses; others cannot be vouched for."""
    leaves = [{"id": "n1", "text": "Trucks weigh 40 tonnes.", "kind": "measured"}]
    claim = {"id": "c1", "text": "x", "uses": ["n1"], "calculation": calculation}
    found = rebuilt([claim], leaves).facts
    assert [fact.status for fact in found if fact.status != "passed"] == statuses


def test_figures_of_the_question_and_of_earlier_claims_may_be_used() -> None:
    """What the question, its sources and the claims below state is given."""
    leaves = [{"id": "n1", "text": "Trucks weigh 40 tonnes.", "kind": "measured"}]
    claims = [
        {"id": "c1", "text": "x", "uses": ["n1"], "calculation": "40 * 3 = 120"},
        {"id": "c2", "text": "y", "uses": ["c1", "c1"], "calculation": "120 - 7 = 113"},
    ]
    found = rebuilt(claims, leaves, "Do 3 trucks fit?", [{"id": "S1", "text": "7 are off."}])
    assert {fact.status for fact in found.facts} == {"passed"}


async def test_the_second_reader_does_not_see_the_first() -> None:
    """The one who reads the leaves again is shown their words, not what they were taken for."""
    caller = ScriptedCaller(GOOD)
    await run("bedrock", "Should the town rebuild its bridge?", caller)
    shown = [line for line in caller.prompt_of("second_reading").splitlines() if '"n4"' in line]
    assert shown == ['{"id": "n4", "text": "Stress above yield deforms steel."}']


async def test_the_usual_answer_is_hidden_from_the_one_who_rebuilds() -> None:
    """The rebuilt answer is written without sight of the conventional one."""
    caller = ScriptedCaller(GOOD)
    await run("bedrock", "Should the town rebuild its bridge?", caller)
    assert "Bigger teams" in caller.prompt_of("comparison")
    assert "Bigger teams" not in caller.prompt_of("rebuilding")


@pytest.mark.parametrize("kind", ["convention", "preference", "unknown"])
def test_weak_ground_is_inherited_through_any_number_of_claims(kind: str) -> None:
    """A claim leans on what the lowest of its claims leans on."""
    leaves = [{"id": "n1", "kind": "law"}, {"id": "n2", "kind": kind}]
    chain = [{"id": "c1", "uses": ["n2"]}]
    chain += [{"id": f"c{n}", "uses": [f"c{n - 1}", "n1"]} for n in range(2, 40)]
    table = rebuilt(chain, leaves).value["claims"]
    assert all(row["tags"] == [kind] for row in table)


def test_a_kind_that_a_model_invents_is_unknown() -> None:
    """A leaf of a kind that is not on the list counts as unknown, visibly."""
    node = {"id": "n1", "text": "x", "rests_on": [], "kind": "obviously true"}
    outcome = foundations(decomposition([node]).value["leaves"], [node])
    assert outcome.value["leaves"] == [{"id": "n1", "text": "x", "kind": "unknown"}]
    assert [fact.status for fact in outcome.facts] == ["failed"]


def test_nothing_to_check_gives_no_fact() -> None:
    """Without nodes or claims nothing is counted as passed."""
    assert decomposition(None).facts == []
    assert rebuilt(None, [{"id": "n1", "kind": "law"}]).facts == []


NODES = st.integers(0, 7).map("n{}".format)
GRAPHS = st.dictionaries(NODES, st.lists(NODES, max_size=4), max_size=8)


@given(GRAPHS, st.frozensets(NODES))
def test_grounding_agrees_with_its_definition(
    rests_on: dict[str, list[str]], leaves: frozenset[str]
) -> None:
    """A node is grounded exactly when all paths down from it end in leaves."""
    edges = {node: below for node, below in rests_on.items() if node not in leaves}

    def grounded(node: str, above: frozenset[str] = frozenset()) -> bool:
        if node in leaves:
            return True
        below = edges.get(node, [])
        return (
            bool(below)
            and node not in above
            and all(grounded(part, above | {node}) for part in below)
        )

    found = ground(edges, leaves)
    assert {node for node in edges if found.reaches(node)} == {n for n in edges if grounded(n)}
    assert all(reached and reached <= leaves for reached in found.leaves.values())


@given(GRAPHS)
def test_a_circle_is_one(rests_on: dict[str, list[str]]) -> None:
    """What is reported as a circle is a closed walk along the edges, and none means none."""
    circle = find_circle(rests_on)
    if circle:
        assert circle[0] == circle[-1]
        assert all(b in rests_on[a] for a, b in pairwise(circle))
    else:
        order: list[str] = []
        while left := [n for n in rests_on if n not in order]:
            free = [n for n in left if not set(rests_on[n]) & set(left)]
            assert free
            order += free


def test_nothing_compared_gives_no_fact() -> None:
    """Where no comparison was made, nothing is counted as passed."""
    assert difference(None, [{"id": "a1"}], [{"id": "c1"}]).facts == []
