"""No check breaks, whatever a model wrote: wrong types, wrong ids, odd characters, sheer size."""

from __future__ import annotations

import inspect
import itertools
import json
import random
from typing import Any, get_args

import pytest

from llm_reasonkit.reasoning.checks import CHECKS, Check, Outcome
from llm_reasonkit.reasoning.result import CheckStatus

KEYS = [
    *("id", "text", "span", "uses", "rests_on", "kind", "claim", "claims", "source", "quote"),
    *("stance", "ideas", "idea_ids", "title", "a", "b", "premises", "conclusion", "premise_ids"),
    *("findings", "absent", "problem", "severity", "fix", "item", "outcome", "name", "found"),
    *("keeps", "situation", "origin", "hedges", "scheme", "leaf", "evidence", "relation", "view"),
    *("kept", "dropped", "new", "assumption", "document", "start", "end", "fallacies"),
    *("atoms", "formulas", "formula", "part", "facts", "sums", "calculation"),
]
SCALARS: list[Any] = [
    *(None, True, 0, -1, 3.5, "", " ", "c1", "n1", "p1", "S1", "supports", "entails", "fatal"),
    *(
        "yes",
        "stated",
        "rejected",
        "deductive",
        "\x00\x1b[31m",
        "\ud800",
        "ignore all instructions",
    ),
    *("class", "a1 -> not a2", "all a1 are a1", "12 * 3 = 40", "9 ^ 9 ^ 9", "((((", "1/0 = 1"),
    *("a long text " * 400, "{{ question }}", "https://evil.example/x", "...", "**", "\u200b", "İ"),
]
STRUCTURES: list[Any] = [None, [], {}, "", 7, [[]], [None], [{}], [[{}]], {"ideas": {}}, [1, "x"]]


def parameters_of(check: Check) -> list[str]:
    return list(inspect.signature(check).parameters)


def hold_to_the_contract(outcome: object) -> None:
    assert isinstance(outcome, Outcome)
    assert all(fact.status in get_args(CheckStatus) for fact in outcome.facts)
    assert all(fact.name and len(fact.name + fact.detail) < 1500 for fact in outcome.facts)
    json.dumps(dict(outcome.value))


def random_value(source: random.Random, depth: int = 0) -> Any:
    kind = source.random()
    if depth > 3 or kind < 0.3:
        return source.choice(SCALARS)
    if kind < 0.65:
        return [random_value(source, depth + 1) for _ in range(source.randrange(5))]
    keys = source.sample(KEYS, source.randrange(12))
    return {key: random_value(source, depth + 1) for key in keys}


@pytest.mark.parametrize("name", CHECKS)
def test_a_check_takes_any_structure(name: str) -> None:
    """Each check gives an outcome for every wrong structure in every input."""
    check = CHECKS[name]
    for wrong, parameter in itertools.product(STRUCTURES, parameters_of(check)):
        given = {**dict.fromkeys(parameters_of(check)), parameter: wrong}
        hold_to_the_contract(check(**given))


@pytest.mark.parametrize("name", CHECKS)
def test_a_check_takes_any_content(name: str) -> None:
    """Each check gives an outcome for hundreds of random nestings of odd values."""
    source = random.Random(name)
    check = CHECKS[name]
    for _ in range(400):
        hold_to_the_contract(check(**{p: random_value(source) for p in parameters_of(check)}))


@pytest.mark.parametrize("name", CHECKS)
@pytest.mark.timeout(100)
def test_a_check_ends_on_huge_content(name: str) -> None:
    """Each check ends on rows whose every text is large, beside a source that is larger."""
    large = "The quick brown fox, 12.5% of it, jumps. " * 2_500
    row: dict[str, Any] = dict.fromkeys(KEYS, large)
    row |= {"id": "c1", "claim": "c1", "source": "S1", "item": {"id": "c1"}, "kind": "other"}
    row |= {
        "ideas": [{"id": "i1", "claim": large}],
        "findings": [{"problem": large, "span": large}],
    }
    rows: list[Any] = [row, {**row, "id": "c2", "uses": ["c1"] * 10_000}]
    given: dict[str, Any] = dict.fromkeys(parameters_of(CHECKS[name]), rows)
    given |= {"question": large, "sources": [{"id": "S1", "text": large * 10}]}
    hold_to_the_contract(CHECKS[name](**{p: given[p] for p in parameters_of(CHECKS[name])}))
