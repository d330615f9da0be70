"""LaserLogic: parts that stand in the text, inferences on premises, no validity by say-so."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from llm_reasonkit.reasoning.checks.argument import argument, derivation
from llm_reasonkit.render.quotes import quoted_texts
from tests.scripted_model import ScriptedCaller, failed, output_of, run

QUESTION = (
    "If the cache is cold, requests are slow. The cache is cold after each deployment. We deploy "
    "every day, so requests are usually slow once a day."
)
GOOD: dict[str, Any] = {
    "extraction": {
        "premises": [
            {
                "text": "A cold cache makes requests slow.",
                "origin": "stated",
                "span": "If the cache is cold, requests are slow.",
            },
            {
                "text": "Deploying leaves the cache cold.",
                "origin": "stated",
                "span": "The cache is cold after each deployment.",
            },
            {
                "text": "There is a deployment every day.",
                "origin": "stated",
                "span": "We deploy every day",
            },
            {"text": "Somebody sends requests then.", "origin": "implied", "span": ""},
        ],
        "conclusion": {
            "text": "Once a day requests are slow.",
            "origin": "stated",
            "span": "requests are usually slow once a day",
        },
        "scheme": "deductive",
        "hedges": ["usually"],
        "sums": [],
        "atoms": [],
        "formulas": [],
    },
    "form": {
        "work": "",
        "links": [
            {"uses": ["p2", "p3"], "says": "The cache is cold every day.", "rule": "chain"},
            {"uses": ["l1", "p1", "p4"], "says": "Requests are slow daily.", "rule": "if P then Q"},
        ],
    },
    "missing": {"premises": []},
    "fallacies": {
        "fallacies": [
            {
                "premise_ids": ["p1"],
                "kind": "hasty_generalisation",
                "would_fix": "Measure it.",
                "span": "requests are slow",
                "why": "Not all requests use the cache.",
            }
        ]
    },
    "counterexample": {"work": "", "found": "no", "situation": "", "keeps": [], "facts": []},
    "answer": "It mostly shows what it claims.",
}


async def laserlogic(replies: dict[str, Any]) -> Any:
    return await run("laserlogic", QUESTION, ScriptedCaller(replies))


async def test_a_sound_analysis_passes_and_validity_stays_open() -> None:
    """With everything in place nothing fails; that no counterexample came proves nothing."""
    result = await laserlogic(GOOD)
    assert failed(result) == []
    assert output_of(result, "reasoning")["verdict"] == "not proved"
    assert any(
        i.name == "the argument is valid" and i.status == "not_checkable"
        for i in result.checks.items
    )


async def test_what_was_quoted_is_marked_in_the_question() -> None:
    """Documents show each stated part of the argument, and each fallacy, where it stands."""
    (question,) = quoted_texts(await laserlogic(GOOD))
    marked = {quote.ident: QUESTION[quote.start : quote.end] for quote in question.quotes}
    spans = {f"p{n}": premise(GOOD, n)["span"] for n in (1, 2, 3)}
    spans["conclusion"] = GOOD["extraction"]["conclusion"]["span"]
    spans["f1"] = GOOD["fallacies"]["fallacies"][0]["span"]
    assert marked == {ident: span for ident, span in spans.items() if span}


def premise(replies: dict[str, Any], number: int) -> dict[str, Any]:
    found: dict[str, Any] = replies["extraction"]["premises"][number - 1]
    return found


def plant(replies: dict[str, Any], fault: str) -> None:
    links, fallacy = replies["form"]["links"], replies["fallacies"]["fallacies"][0]
    counterexample = replies["counterexample"]
    match fault:
        case "a span with a word changed":
            premise(replies, 1)["span"] = "If the cache is full, requests are slow."
        case "a span made up":
            premise(replies, 2)["span"] = "Monitoring proves a daily dip in throughput"
        case "a stated premise without words":
            premise(replies, 3)["span"] = ""
        case "an implied premise with false words":
            premise(replies, 4)["span"] = "Users are awake at that hour"
        case "a conclusion that is not there":
            replies["extraction"]["conclusion"]["span"] = "we should deploy less often"
        case "a hedge that is not there":
            replies["extraction"]["hedges"] = ["probably"]
        case "a premise that repeats another":
            premise(replies, 4)["text"] = "Every day there is a deployment."
        case "a conclusion that repeats a premise":
            premise(replies, 4)["text"] = "Requests are slow once a day."
        case "an inference from an unknown premise":
            links[0]["uses"] = ["p2", "p9"]
        case "inferences in a circle":
            links[0]["uses"] = ["l2", "p2"]
        case "an inference from itself":
            links[1]["uses"] = ["l2"]
        case "an inference from nothing":
            links[0]["uses"] = [""]
        case "an unused premise":
            links[1]["uses"] = ["l1", "p1"]
        case "a fallacy in an unknown premise":
            fallacy["premise_ids"] = ["p8"]
        case "a fallacy in words that are not there":
            fallacy["span"] = "everybody knows that"
        case "a fallacy nowhere":
            fallacy |= {"premise_ids": [], "span": ""}
        case "a counterexample that drops a premise":
            counterexample |= {
                "found": "yes",
                "situation": "No deployment today.",
                "keeps": ["p1", "p2", "p4"],
            }
        case "a counterexample without a situation":
            counterexample |= {"found": "yes", "keeps": ["p1", "p2", "p3", "p4"]}


FAULTS = {
    "a span with a word changed": "p1 stands in the text: altered",
    "a span made up": "p2 stands in the text: made up",
    "a stated premise without words": "p3 stands in the text: empty",
    "an implied premise with false words": "p4 stands in the text: made up",
    "a conclusion that is not there": "the conclusion stands in the text: made up",
    "a hedge that is not there": "the hedges stand in the text: probably",
    "a premise that repeats another": "the premises are distinct: p4 repeats p3",
    "a conclusion that repeats a premise": "the conclusion itself: the conclusion repeats p4",
    "an inference from an unknown premise": "every part used exists: l1 uses p9",
    "inferences in a circle": "no inference rests on itself: l1 rests on l2 rests on l1",
    "an inference from itself": "no inference rests on itself: l2 rests on l2",
    "an inference from nothing": "every inference rests on premises: l1, l2 do not",
    "an unused premise": "the conclusion needs every premise: p4 unused",
    "a fallacy in an unknown premise": "fallacy f1 points at the argument: there is no p8",
    "a fallacy in words that are not there": "fallacy f1 points at the argument: made up",
    "a fallacy nowhere": "it names no premise and no words",
    "a counterexample that drops a premise": "it does not keep p3 true",
    "a counterexample without a situation": "it describes no situation",
}


@pytest.mark.parametrize(("fault", "caught"), FAULTS.items(), ids=FAULTS.keys())
async def test_a_planted_fault_is_caught(fault: str, caught: str) -> None:
    """Each fault gives a failed check that names it."""
    replies = deepcopy(GOOD)
    plant(replies, fault)
    assert any(caught in text for text in failed(await laserlogic(replies))), caught


@pytest.mark.parametrize("scheme", ["statistical", "causal", "analogy", "other"])
async def test_only_deductive_arguments_are_judged_as_such(scheme: str) -> None:
    """An argument that only makes something likely is neither valid nor invalid."""
    replies = deepcopy(GOOD)
    replies["extraction"]["scheme"] = scheme
    assert output_of(await laserlogic(replies), "reasoning")["verdict"] == "not deductive"


async def test_a_counterexample_that_keeps_all_premises_is_handed_on() -> None:
    """A situation with every premise true is offered to the reader, as a model's and not proved."""
    replies = deepcopy(GOOD)
    replies["counterexample"] |= {
        "found": "yes",
        "situation": "The only request is served by a second cache.",
        "keeps": ["P1", "p2.", "[p3]", "p4"],
    }
    reasoning = output_of(await laserlogic(replies), "reasoning")
    assert reasoning["verdict"] == "counterexample offered"
    assert "second cache" in reasoning["counterexample"]["situation"]


async def test_what_is_not_there_becomes_implied() -> None:
    """A premise whose words are not in the text is no longer called stated."""
    replies = deepcopy(GOOD)
    plant(replies, "a span made up")
    premises = output_of(await laserlogic(replies), "argument")["premises"]
    assert [row["origin"] for row in premises] == ["stated", "implied", "stated", "implied"]


def test_premises_are_found_in_sources_too() -> None:
    """A span may stand in any text that was given, and its place is named."""
    given = {"premises": [{"id": "p1", "text": "x", "origin": "stated", "span": "Cats purr"}]}
    outcome = argument(given, "Do cats purr?", [{"id": "S1", "text": "Yes. Cats purr."}])
    (found,) = outcome.value["premises"]
    assert (found["document"], found["start"], found["end"]) == ("S1", 5, 14)


@pytest.mark.parametrize(
    ("question", "start"),
    [
        ("If it rained, it is wet. It is wet. So it rained.", 39),
        ("Surely it rained, for if it rained, it is wet.", 7),
        ("If it rained, it is wet. It is wet.", 3),
    ],
)
def test_the_conclusion_is_found_beside_the_premises(question: str, start: int) -> None:
    """Where its words stand in a premise too, the others are meant."""
    conclusion = {"text": "It rained.", "origin": "stated", "span": "it rained"}
    span = "if it rained, it is wet" if "for" in question else "If it rained, it is wet"
    condition = {"id": "p1", "text": span, "origin": "stated", "span": span}
    outcome = argument({"premises": [condition], "conclusion": conclusion}, question)
    assert outcome.value["conclusion"]["start"] == start
    assert "made up" not in str(outcome.facts)


@pytest.mark.parametrize(
    ("hedge", "missing"),
    [("can", []), ("may have", []), ("an", ["an"]), ("might", ["might"]), ("…", ["…"])],
)
def test_hedges_of_small_words(hedge: str, missing: list[str]) -> None:
    """A hedge of words that mean little by themselves is found where it stands, as whole words."""
    given = {"premises": [], "hedges": [hedge]}
    outcome = argument(given, "It can be. It may have rained.")
    assert [found.detail for found in outcome.facts] == missing


def test_nothing_to_derive_gives_no_fact() -> None:
    """Without inferences nothing is counted as passed."""
    assert derivation(None, [{"id": "p1"}]).facts == []
    assert derivation([], []).facts == []
