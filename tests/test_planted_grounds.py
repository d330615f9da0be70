"""Planted sums, circles and weak grounds: a model that errs on purpose, and what code makes of it.

Every case runs the shipped protocol. A planted fault has to be caught; where nothing is planted no
check may fail.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from tests.arguments import laserlogic, replies
from tests.scripted_model import ScriptedCaller, failed, output_of, run

# What a text states in figures.
WRONG_SUMS = {
    "a product": "We need 12 * 3 = 40 chairs.",
    "a sum of money": "Rent and power come to $1,200 + $340 = $1,450 a month.",
    "a difference": "That leaves 1,000 - 365 = 645 days.",
    "a quotient": "Each of us pays 144 / 12 = 14.",
    "a share": "20% of 350 = 60 people agreed.",
    "a ratio in per cent": "So 3/8 = 38.5% of them came.",
    "a power": "Doubling ten times gives 2^10 = 1000.",
    "brackets": "The total is (4 + 5) * 6 = 34.",
    "millions": "Revenue is 1.2 million * 5 = 60 million.",
    "a chain": "It is 2 * 6 = 12 = 24 / 3.",
    "signs of print": "The area is 7 × 8 = 54 square metres.",
    "a comparison": "It pays, as 3 * 40 > 150.",
    "a bad rounding": "One third is 1/3 = 0.34.",
    "a list": "Costs:\n- 3 + 4 = 8 hours\n- nothing else",
    "markup": "We get **15 * 15 = 215** units.",
    "a remainder": "Packed in fives, 17 % 5 = 3 are left.",
    "a far estimate": "That is 48 * 52 ≈ 3000.",
    "per cent of per cent": "Half of a fifth: 50% * 20% = 15%.",
}
RIGHT_SUMS = {
    "a product": "We need 12 * 3 = 36 chairs.",
    "a sum of money": "Rent and power come to $1,200 + $340 = $1,540 a month.",
    "a rounding": "Each of the 7 pays 100 / 7 = 14.29.",
    "a rounding in per cent": "So 1/3 = 33% of them came, and 2/3 = 67% did not.",
    "an estimate": "That is 48 * 52 ≈ 2,500.",
    "algebra": "If 2x + 3 = 7 then x = 2, and k * 3 + 1 = 9 needs k to be 8/3.",
    "units": "12 kg + 500 g = 12.5 kg, and 60 km / 2 h = 30 km/h.",
    "years": "In 2019-2021 = three years, and from 2020 - 2024 it grew.",
    "a function": "With f(2) = 2^2 + 1 = 5 we have g(x) = 3 * x.",
    "words that calculate": "Three times 4 + 2 = 14 from the left, twice 3 + 1 = 7 too.",
    "code": "if total == 3 * items: count += 1; a[3] = 4",
    "a percentage of nothing named": "Prices rose: 50 + 20% = 60.",
    "statistics": "p < 0.05, n = 30, r = 0.4; 3 of 5 = most.",
    "a comparison": "It pays, as 3 * 40 < 150.",
    "thousands": "1,000,000 / 1,000 = 1,000 and 5k * 2 = 10k.",
    "a chain": "It is 2 * 6 = 12 = 24 / 2.",
    "a date": "On 2024-10-05 = Saturday we met at 10:30 = half past ten.",
    "a score": "They won 3:2 + 1 = 4 points in all.",
}
# What a model read out of words: the text, and the sum it found there.
WRONG_IN_WORDS = {
    "chairs": ("12 rows of 3 make 40 chairs.", "12 * 3 = 40"),
    "wages": ("At $15 an hour for 40 hours she earns $650.", "15 * 40 = 650"),
    "votes": ("Of 80 members 25 % voted, which is 25.", "0.25 * 80 = 25"),
    "growth": ("It grew from 50 to 60, by 25 %.", "(60 - 50) / 50 = 25%"),
    "average": ("The average of 4, 6 and 9 is 7.", "(4 + 6 + 9) / 3 = 7"),
    "eggs": ("With 30 of the 144 broken, 104 are left.", "144 - 30 = 104"),
}


@pytest.mark.parametrize("text", WRONG_SUMS.values(), ids=WRONG_SUMS)
async def test_a_wrong_sum_is_caught(text: str) -> None:
    """A sum that is wrong is named with what is right, though no model said a word of it."""
    result = await laserlogic(replies(["a1 -> a2", "a1"], "a2"), f"{text} Is that so?")
    assert [alarm for alarm in failed(result) if alarm.startswith("the sum ")]
    assert output_of(result, "sums")["wrong"]


@pytest.mark.parametrize("text", RIGHT_SUMS.values(), ids=RIGHT_SUMS)
async def test_a_right_sum_raises_no_alarm(text: str) -> None:
    """Right sums, and what only looks like one, are left in peace."""
    result = await laserlogic(replies(["a1 -> a2", "a1"], "a2"), f"{text} Is that so?")
    assert failed(result) == []


@pytest.mark.parametrize(("text", "sum_"), WRONG_IN_WORDS.values(), ids=WRONG_IN_WORDS)
async def test_a_wrong_sum_in_words_is_caught(text: str, sum_: str) -> None:
    """A calculation that stands in words is worked out once a model has put it in figures."""
    given = replies(["a1 -> a2", "a1"], "a2", sums=[sum_])
    result = await laserlogic(given, f"{text} Is that so?")
    assert len(failed(result)) == 1
    given["extraction"]["sums"] = ["(4 + 6 + 9 + 1000) / 7 = 3"]
    assert failed(await laserlogic(given, text)) == []


# Inferences: what each uses, the last one reaching the conclusion. Two premises, p1 and p2.

CIRCULAR = {
    "on itself": ["l1", "p1 p2"],
    "on each other": ["l2 p1", "l1 p2"],
    "through three": ["l3 p1", "l1 p2", "l2"],
    "below the end": ["l2", "l1", "l2 p1 p2"],
    "beside the way": ["l1", "p1 p2"],
    "the last on the first on the last": ["l3", "p1 p2", "l1 p1"],
}
STRAIGHT = {
    "one step": ["p1 p2"],
    "two steps": ["p1", "l1 p2"],
    "two ways": ["p1", "p2", "l1 l2"],
    "one used twice": ["p1", "l1 p2", "l1 l2"],
    "as models write ids": ["[p1], P2", "L1."],
}


async def inferring(uses: Sequence[str]) -> list[str]:
    given = replies(["a1 -> a2", "a1"], "a2", scheme="causal")
    given["form"]["links"] = [
        {"uses": names.split(), "says": f"Step {n}.", "rule": "none"}
        for n, names in enumerate(uses, 1)
    ]
    return failed(await laserlogic(given))


@pytest.mark.parametrize("uses", CIRCULAR.values(), ids=CIRCULAR)
async def test_inferences_in_a_circle_are_caught(uses: list[str]) -> None:
    """An inference that in the end rests on itself is named."""
    alarms = await inferring(uses)
    assert [text for text in alarms if text.startswith("no inference rests on itself: l")]


@pytest.mark.parametrize("uses", STRAIGHT.values(), ids=STRAIGHT)
async def test_inferences_on_premises_raise_no_alarm(uses: list[str]) -> None:
    """However they branch and meet: what comes down to premises is in order."""
    assert await inferring(uses) == []


# Derivations: nodes as `kind: text`, or `below: ids: text`; claims as `uses: text`.

LEAVES = [
    "law: Water boils at a lower temperature under less pressure.",
    "measured: At the hut the pressure is 700 hectopascal.",
    "convention: Eggs are cooked for four minutes.",
    "preference: The guests want firm eggs.",
    "unknown: Nobody knows how the stove behaves up there.",
    "definition: A firm egg is one whose yolk has set.",
]
SOUND = {
    "one claim": ["n2 n3 n4 n5 n6 n7: So it takes longer."],
    "two claims": ["n2 n3: The water is cooler.", "c1 n4 n5 n6 n7: So it takes longer."],
    "a claim used twice": [
        *("n2 n3: The water is cooler.", "c1 n4 n6: Four minutes do not suffice."),
        *("c1 c2 n5 n7: Try it out.",),
    ],
    "with a sum": ["n2 n3 n4 n5 n6 n7: It is 1000 - 700 = 300 hectopascal less than at 1000."],
}
FAULTY_CLAIMS = {
    "a circle of one": (
        ["c1 n2: x is so.", "n2 n3 n4 n5 n6 n7: y is so."],
        "no claim rests on itself",
    ),
    "a circle of two": (["c2 n2: x is so.", "c1 n3: y is so."], "no claim rests on itself"),
    "a circle of three": (
        ["c3: x is so.", "c1: y is so.", "c2 n2: z is so."],
        "no claim rests on itself: c",
    ),
    "a circle above leaves": (
        ["n2 n3: x is so.", "c1 c3: y is so.", "c2: z is so."],
        "no claim rests on itself",
    ),
    "on nothing": (["n2 n3 n4 n5 n6: x is so.", ": y is so."], "c2 reaches leaves"),
    "on a leaf that is not there": (["n2 n9: x is so."], "every claim uses listed leaves only"),
    "on common sense": (["n2 experience: x is so."], "every claim uses listed leaves only"),
    "on an inner node": (["n1 n2: x is so."], "every claim uses listed leaves only: c1 names n1"),
    "above what rests on nothing": (["n9: x is so.", "c1 n2: y is so."], "c2 reaches leaves"),
    "a leaf unused": (["n2 n3: x is so."], "every leaf is used: n4, n5, n6, n7 unused"),
    "a wrong sum": (
        ["n2 n3 n4 n5 n6 n7: It is 1000 - 700 = 400 less."],
        "the sum 1000 - 700 = 400",
    ),
    "a wrong product": (["n2 n3 n4 n5 n6 n7: It is 4 * 700 = 2,700."], "the sum 4 * 700 = 2,700"),
}
FAULTY_NODES = {
    "a node on itself": (["n1 n2: a", "law: b"], "no node rests on itself: n1 rests on n1"),
    "two on each other": (["n2 n3: a", "n1 n3: b", "law: c"], "no node rests on itself"),
    "three in a ring": (["n2: a", "n3: b", "n1 n4: c", "law: d"], "no node rests on itself"),
    "no leaf": (["n2: a", "n1: b"], "the decomposition comes down to leaves"),
    "a node that is not there": (["n2 n8: a", "law: b"], "every node named exists: n1 names n8"),
    "a word for a node": (["n2 physics: a", "law: b"], "every node named exists"),
}
# What a claim leans on, and the tags that it gets, whatever its author says of it.
LEANING = {
    "firm ground": ("n2 n3 n7", []),
    "a convention": ("n2 n4", ["convention"]),
    "a preference": ("n5", ["preference"]),
    "the unknown": ("n2 n6", ["unknown"]),
    "all of them": ("n2 n3 n4 n5 n6 n7", ["convention", "preference", "unknown"]),
}


def node(line: str) -> dict[str, Any]:
    head, _, text = line.partition(": ")
    below = head.split() if head.startswith("n") else []
    return {"text": f"{text}", "rests_on": below, "kind": "unknown" if below else head}


def claim(line: str) -> dict[str, Any]:
    uses, _, text = line.partition(": ")
    return {"text": text, "uses": uses.split() or [" "], "rule": "", "calculation": ""}


async def bedrock(nodes: Sequence[str], claims: Sequence[str]) -> Any:
    made = [node(line) for line in nodes]
    leaves = [(f"n{n}", row["kind"]) for n, row in enumerate(made, 1) if not row["rests_on"]]
    read = [{"leaf": ident, "kind": kind, "test": "Look."} for ident, kind in leaves]
    settled = {"kept": [], "dropped": [], "new": []}
    caller = ScriptedCaller(
        {
            "conventional": {"answer": "Four minutes.", "assumptions": [{"text": "As at home."}]},
            "decomposition": {"nodes": made},
            "second_reading": {"leaves": read},
            "rebuilding": {"work": "", "claims": [claim(line) for line in claims]},
            "comparison": settled | {"kept": ["a1"]},
        }
    )
    return await run("bedrock", "How long do eggs take at the hut?", caller)


NODES = ["n2 n3 n4 n5 n6 n7: Eggs take their time at the hut.", *LEAVES]


@pytest.mark.parametrize("claims", SOUND.values(), ids=SOUND)
async def test_a_sound_derivation_raises_no_alarm(claims: list[str]) -> None:
    """Claims that come down to the leaves, and use them all, are in order."""
    assert failed(await bedrock(NODES, claims)) == []


@pytest.mark.parametrize(("claims", "caught"), FAULTY_CLAIMS.values(), ids=FAULTY_CLAIMS)
async def test_a_faulty_claim_is_caught(claims: list[str], caught: str) -> None:
    """A claim that rests on itself, on nothing listed, or on a wrong sum is named."""
    alarms = failed(await bedrock(NODES, claims))
    assert [text for text in alarms if text.startswith(caught)], alarms


@pytest.mark.parametrize(("nodes", "caught"), FAULTY_NODES.values(), ids=FAULTY_NODES)
async def test_a_faulty_decomposition_is_caught(nodes: list[str], caught: str) -> None:
    """A question that is taken down to itself, or to nothing, is no foundation."""
    caller = ScriptedCaller({"decomposition": {"nodes": [node(line) for line in nodes]}})
    alarms = failed(await run("bedrock", "How long do eggs take at the hut?", caller))
    assert [text for text in alarms if text.startswith(caught)], alarms


@pytest.mark.parametrize(("uses", "tags"), LEANING.values(), ids=LEANING)
async def test_a_claim_inherits_what_it_leans_on(uses: str, tags: list[str]) -> None:
    """Through however many claims: what is weak below is weak above."""
    claims = [f"{uses}: This is verified and certain.", "c1: So is this.", "c2: And this."]
    rebuilt = output_of(await bedrock(NODES, claims), "rebuilt")
    assert [row["tags"] for row in rebuilt["claims"]] == [tags] * 3
    assert (rebuilt["firm"], rebuilt["of"]) == (0 if tags else 3, 3)
