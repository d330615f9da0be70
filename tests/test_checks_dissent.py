"""What speaks against the answer of a run, found by its checks, each traced to its step."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from llm_reasonkit.reasoning.checks.argument import reasoning
from llm_reasonkit.reasoning.checks.critique import survivors
from llm_reasonkit.reasoning.checks.formal import validity
from llm_reasonkit.reasoning.checks.ideas import themes
from llm_reasonkit.reasoning.checks.second_look import second_look
from llm_reasonkit.reasoning.checks.verdicts import verdicts
from tests.cli import llm, write_protocol
from tests.openrouter_server import Server
from tests.scripted_model import ScriptedCaller, run

SMALL = "openrouter/acme/small"
IDEAS = [{"id": "i1", "title": "Rent"}, {"id": "i2", "title": "Buy"}]


def test_tensions_are_dissent() -> None:
    """Ideas that cannot both be followed, with why; not those that do not exist."""
    tensions = [{"a": "i1", "b": "i2", "why": "One roof."}, {"a": "i1", "b": "i9", "why": "-"}]
    assert themes([], IDEAS, tensions).dissent == [("“Rent” against “Buy”", "One roof.")]


def test_findings_that_survive_are_dissent() -> None:
    """Those upheld, and those grave enough to be mended; not what was rejected."""
    rows = [
        {"id": ident, "span": "We move.", "problem": problem, "severity": severity, "fix": "Wait."}
        for ident, problem, severity in (
            ("f1", "Too soon.", "minor"),
            ("f2", "Too dear.", "fatal"),
            ("f3", "Too late.", "serious"),
        )
    ]
    upheld = {"item": rows[0], "outcome": "upheld", "reason": "Yes.", "span": ""}
    assert survivors(rows, [upheld], "We move.").dissent == [
        ("Too soon.", "minor, upheld"),
        ("Too dear.", "fatal, unsettled"),
    ]


def test_a_disputed_formalisation_is_dissent() -> None:
    """Two formalisations that differ are named, with the parts they differ on."""
    argument = {
        "scheme": "deductive",
        "premises": [{"id": "p1"}],
        "atoms": [{"id": f"a{n}", "kind": "statement", "text": "x"} for n in (1, 2)],
    }

    def written(premise: str) -> dict[str, Any]:
        parts = {"p1": premise, "conclusion": "a2"}
        return {"formulas": [{"part": part, "formula": text} for part, text in parts.items()]}

    found = validity({**argument, **written("a1")}, written("a1"), second=written("not a1"))
    assert found.dissent == [("formalisation disputed", "they differ on p1")]
    same = validity({**argument, **written("a1")}, written("a1"), second=written("a1"))
    assert not same.dissent


def test_a_counterexample_is_dissent() -> None:
    """One that keeps every premise, with whether code could verify it; none where there is none."""
    argument = {"premises": [{"id": "p1"}]}
    offered = {"found": "yes", "situation": "A penguin.", "keeps": ["p1"], "facts": []}
    assert reasoning(argument, "q", counterexample=offered).dissent == [
        ("A penguin.", "a counterexample, offered, not verified")
    ]
    assert not reasoning(argument, "q", counterexample={**offered, "keeps": []}).dissent


def test_claims_that_are_refuted_or_objected_to_are_dissent() -> None:
    """A refuted claim, and what another model remembers otherwise; not what nobody doubts."""
    claims = [{"id": "c1", "text": "It is tall."}, {"id": "c2", "text": "It is old."}]
    quote = {"id": "e1", "claim": "c1", "stance": "refutes", "source": "S1", "start": 0}
    found = verdicts(
        claims,
        [{"id": "S1", "name": "a", "text": "It is small."}],
        quotes=[quote],
        judgements=[{"evidence": "e1", "relation": "contradicts"}],
        looked_up=claims,
        views=[{"claim": "c2", "view": "disagrees", "why": "It is new."}],
    )
    assert found.dissent == [("It is tall.", "refuted"), ("It is old.", "It is new.")]


def test_points_that_fail_at_a_second_look_are_dissent() -> None:
    """What the second look takes for wrong, with why."""
    view = {"point": "d1", "view": "fails", "why": "Nobody measured it.", "source": "", "quote": ""}
    found = second_look([view], [{"id": "d1", "text": "It is tall."}], [])
    assert found.dissent == [("It is tall.", "Nobody measured it.")]


async def test_dissent_is_traced_to_its_step() -> None:
    """A run has that of all its checks, in the order of its steps, under their ids."""
    offered = {"work": "", "found": "yes", "situation": "A penguin.", "keeps": ["p1"], "facts": []}
    result = await run("quick", "Do birds fly?", ScriptedCaller({"counterexample": offered}))
    (found,) = result.dissent
    assert (found.answer, found.members, found.step) == ("A penguin.", [], "laserlogic.reasoning")
    assert result.status == "done"


PROTOCOL = """\
protocol: pairs
title: Pairs
summary: Ideas that cannot both be followed.
settings:
  ideas: [{id: i1, title: Rent}, {id: i2, title: Buy}]
steps:
  answer:
    prompt: "{{ question }}"
  tensions:
    check: themes
    with: {themes: settings.ideas, ideas: settings.ideas, tensions: settings.tensions}
answer: answer
"""


def test_dissent_is_kept_and_shown(openrouter: Server, user_folder: Path) -> None:
    """It comes back from the log, a replay finds the same, and every format has it."""
    text = PROTOCOL.replace("steps:", "  tensions: [{a: i1, b: i2, why: One roof.}]\nsteps:")
    write_protocol(user_folder, text, "pairs")
    ended = llm("think", "q", "--protocol", "pairs", "-m", SMALL, "--json")
    told = json.loads(ended.stdout)["dissent"]
    assert told == [
        {"answer": "“Rent” against “Buy”", "members": [], "point": "One roof.", "step": "tensions"}
    ]
    assert json.loads(llm("reasonkit", "show", "last", "--json").stdout)["dissent"] == told
    assert llm("reasonkit", "replay").exit_code == 0
    assert "dissent" in llm("reasonkit", "show", "last").stdout
    for form in ("markdown", "html"):
        shown = llm("reasonkit", "export", "last", "--format", form).stdout
        assert all(words in shown for words in ("“Rent” against “Buy”", "found by tensions"))
