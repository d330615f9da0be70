"""Checks of ProofGuard: quotes that stand in the sources, and bear out what they are quoted for."""

from __future__ import annotations

from typing import Any

from llm_reasonkit.reasoning.checks.backing import holds_all_words_of, lacking, speaks_of
from llm_reasonkit.reasoning.checks.names import Usage
from llm_reasonkit.reasoning.checks.orders import first_order
from llm_reasonkit.reasoning.checks.outcome import (
    Fact,
    Outcome,
    Row,
    fact,
    id_of,
    known_id,
    listed,
    rows,
    text_of,
)
from llm_reasonkit.reasoning.checks.passages import Document, Passage, complaint, documents, locate

_LONGEST_CALCULATION = 120
_NOTHING_IN_COMMON = "it has no word in common with the claim"


def quotes(evidence: object, claims: object, sources: object, question: object = None) -> Outcome:
    """Check that each quote stands word for word in the source that it names, and holds the
    figures and names of the claim that it is to support.

    evidence: `{id, claim, source, quote, stance, calculation}`. The value has `quotes`, those
    that do, with offsets in their source; `pairs`, the same for a judge who is to see claim and
    quote only; and `dropped`, the others with the claim they were for and the reason.
    """
    known = {id_of(row): row for row in rows(claims)}
    given = documents(None, sources)
    asked = documents(question, None)
    usage = Usage.of(document.folded.original for document in (*asked, *given))
    facts: list[Fact] = []
    kept: list[dict[str, Any]] = []
    dropped: list[dict[str, str]] = []
    for row in rows(evidence):
        ident = id_of(row)
        claim = known_id(row.get("claim"), known)
        calculation = ""
        passage, problem = read_quote(row, known.get(claim or ""), given, asked)
        name = f"quote {ident} stands in its source"
        if claim is None:
            problem = f"there is no claim {text_of(row, 'claim')[:40]}"
        elif not problem:
            facts.append(Fact(name, "passed", passage.place))
            name = f"quote {ident} bears on {claim}"
            text = text_of(known[claim], "text")
            problem, calculation = beside_the_point(row, text, passage, given, usage)
        if problem or claim is None:
            facts.append(fact(name, False, problem))
            dropped.append({"id": ident, "claim": claim or "", "reason": problem})
            continue
        facts.append(Fact(name, "passed"))
        kept.append(
            {
                "id": ident,
                "claim": claim,
                "stance": text_of(row, "stance"),
                "source": passage.document,
                "start": passage.start,
                "end": passage.end,
                "quote": passage.found,
                "calculation": calculation,
            }
        )
    pairs = [
        {
            "id": quote["id"],
            "claim": text_of(known[quote["claim"]], "text"),
            **{key: quote[key] for key in ("quote", "calculation") if quote[key]},
        }
        for quote in kept
    ]
    return Outcome(facts, {"quotes": kept, "pairs": pairs, "dropped": dropped})


def read_quote(
    row: Row, claim: Row | None, given: list[Document], asked: list[Document]
) -> tuple[Passage, str]:
    """Find a quote in the source that it names; the second value says what is wrong with it."""
    quote = text_of(row, "quote")
    cited = known_id(row.get("source"), [document.id for document in given])
    if cited is None:
        return Passage("fabricated"), f"the source {text_of(row, 'source')[:40]!r} was not given"
    passage = locate(quote, [document for document in given if document.id == cited])
    if passage.status != "exact":
        elsewhere = locate(quote, [*given, *asked])
        if elsewhere.status == "exact":
            return passage, f"misattributed: it stands in {elsewhere.document}, not in {cited}"
        return passage, complaint(quote, passage)
    if claim is not None and claim.get("document") == passage.document:
        return passage, "circular: the claim was taken from this very text"
    return passage, ""


def beside_the_point(
    row: Row, claim: str, passage: Passage, given: list[Document], usage: Usage
) -> tuple[str, str]:
    """Say why a quote cannot bear on a claim, or nothing; and the calculation that it needs."""
    if order := first_order(passage.found):
        return f"it tells its reader what to do: “{order}”", ""
    if text_of(row, "stance") == "refutes":
        if not speaks_of(claim, passage.found):
            return _NOTHING_IN_COMMON, ""
        same = holds_all_words_of(claim, passage.found)
        return ("it says what the claim says, and denies nothing" if same else ""), ""
    document = next(document for document in given if document.id == passage.document)
    if not lacking(claim, passage.found, document, usage):
        return ("" if speaks_of(claim, passage.found) else _NOTHING_IN_COMMON), ""
    calculation = text_of(row, "calculation")[:_LONGEST_CALCULATION]
    missing = lacking(claim, passage.found, document, usage, calculation)
    return f"it does not hold {listed(missing)}" if missing else "", calculation
