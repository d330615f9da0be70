"""Checks: facts that code establishes about what models wrote.

A check is a pure function of the values that its step's `with` names. It returns an `Outcome`:
one item per fact, and a `value` that later steps may read beside the counts
(`passed`, `failed`, `not_checkable`). A status that a model claimed for itself is never used.
"""

from __future__ import annotations

from llm_reasonkit.reasoning.checks.argument import argument, derivation, reasoning
from llm_reasonkit.reasoning.checks.claims import claims
from llm_reasonkit.reasoning.checks.critique import findings, survivors
from llm_reasonkit.reasoning.checks.evidence import quotes
from llm_reasonkit.reasoning.checks.formal import formulas, validity
from llm_reasonkit.reasoning.checks.foundations import (
    decomposition,
    difference,
    foundations,
    rebuilt,
)
from llm_reasonkit.reasoning.checks.ideas import ideas, novelty, themes
from llm_reasonkit.reasoning.checks.links import links
from llm_reasonkit.reasoning.checks.outcome import Check, Fact, Outcome
from llm_reasonkit.reasoning.checks.report import report
from llm_reasonkit.reasoning.checks.second_look import doubts, second_look
from llm_reasonkit.reasoning.checks.sums import sums
from llm_reasonkit.reasoning.checks.verdicts import verdicts

CHECKS: dict[str, Check] = {
    check.__name__: check
    for check in (
        argument,
        claims,
        decomposition,
        derivation,
        difference,
        doubts,
        findings,
        formulas,
        foundations,
        ideas,
        links,
        novelty,
        quotes,
        reasoning,
        rebuilt,
        sums,
        report,
        second_look,
        survivors,
        themes,
        validity,
        verdicts,
    )
}

__all__ = ["CHECKS", "Check", "Fact", "Outcome"]
