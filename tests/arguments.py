"""Arguments in formulas, as a scripted model would hand them to LaserLogic."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from llm_reasonkit.reasoning.result import Result
from tests.scripted_model import ScriptedCaller, run

GLOSSES = {
    "statement": [
        *("the lamp is on", "the room is bright", "Anna reads", "the cat sleeps"),
        *("the door is shut", "the kettle boils", "it snows", "trains run late"),
    ],
    "class": ["poets", "sailors", "gardeners", "painters", "bakers", "judges", "nurses", "pilots"],
    "individual": ["Bruno", "Clara"],
}
KINDS = {"s": "statement", "c": "class", "i": "individual"}


def atoms_of(kinds: str) -> list[dict[str, str]]:
    """Atoms a1, a2, … of these kinds (`s`, `c` or `i` each), in words."""
    left = {kind: iter(words) for kind, words in GLOSSES.items()}
    return [{"kind": KINDS[letter], "text": next(left[KINDS[letter]])} for letter in kinds]


def in_words(formula: str, atoms: Sequence[Mapping[str, str]]) -> str:
    """A formula with what its names stand for in their place."""
    return re.sub(r"a(\d)", lambda name: atoms[int(name[1]) - 1]["text"], formula)


def formalised(premises: Sequence[str], conclusion: str) -> list[dict[str, str]]:
    """The formulas of an argument as a model writes them down."""
    parts = [{"part": f"p{n}", "formula": text} for n, text in enumerate(premises, 1)]
    return [*parts, {"part": "conclusion", "formula": conclusion}]


def replies(
    premises: Sequence[str],
    conclusion: str,
    kinds: str = "ssss",
    *,
    second: Sequence[str] | None = None,
    **more: Any,
) -> dict[str, Any]:
    """What a model replies in each step about an argument.

    second: the other formalisation, the conclusion last; as the first if not given. more: other
    parts of the extraction.
    """
    atoms = atoms_of(kinds)
    other = [*premises, conclusion] if second is None else list(second)

    def implied(formula: str) -> dict[str, str]:
        return {"text": f"{in_words(formula, atoms)}.", "origin": "implied", "span": ""}

    extraction = {
        "premises": [implied(formula) for formula in premises],
        "conclusion": implied(conclusion),
        "scheme": "deductive",
        "hedges": [],
        "sums": [],
        "atoms": atoms,
        "formulas": formalised(premises, conclusion),
    }
    idents = [f"p{n}" for n in range(1, len(premises) + 1)]
    return {
        "extraction": extraction | more,
        "form": {"work": "", "links": [{"uses": idents, "says": "So it is.", "rule": "none"}]},
        "second": {"formulas": formalised(other[:-1], other[-1])},
        "missing": {"premises": []},
        "fallacies": {"fallacies": []},
        "counterexample": {"work": "", "found": "no", "situation": "", "keeps": [], "facts": []},
        "answer": "That is how good it is.",
    }


async def laserlogic(
    replies: Mapping[str, Any], question: str = "Does it follow?", sources: Sequence[str] = ()
) -> Result:
    """Run LaserLogic on a model that replies so."""
    return await run("laserlogic", question, ScriptedCaller(replies), sources)
