"""The verdicts of ProofGuard: looked up in a table of what was established; no model types one.

A model's memory is not a source: without sources the best verdict is `unverified`.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, Literal

from llm_reasonkit.reasoning.checks.independence import Origins
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
from llm_reasonkit.reasoning.result import CheckStatus

Verdict = Literal[
    "supported", "refuted", "conflicting", "no_evidence", "unverified", "not_checkable"
]
_STATUS: dict[Verdict, CheckStatus] = {
    "supported": "passed",
    "refuted": "failed",
    "conflicting": "failed",
}
_RELATION = {"supports": "entails", "refutes": "contradicts"}


def verdicts(
    claims: object,
    sources: object,
    quotes: object = None,
    judgements: object = None,
    looked_up: object = None,
    dropped: object = None,
    views: object = None,
) -> Outcome:
    """Give each claim its verdict, by rule.

    quotes: those that stand in their sources; dropped: those that did not hold, with `claim`.
    judgements: `{evidence, relation}` by a model that saw claim and quote only; a quote counts
    where that agrees with its stance. looked_up: the claims that somebody looked for in the
    sources. views: `{claim, view, why, settled_by}` from another model's memory; an objection is
    shown, and verifies nothing. The value has `claims` with their `verdict`, the quotes it rests
    on and from how many independent `sources`; those `supported`; and `counts` of the verdicts.
    """
    facts: list[Fact] = []
    found = rows(quotes)
    relations = _relations(judgements, [id_of(quote) for quote in found], facts)
    has_sources = bool(rows(sources))
    origins = Origins(rows(sources))
    looked = {id_of(row) for row in rows(looked_up)} if has_sources else set()
    fallen = {text_of(row, "claim") for row in rows(dropped)}
    remembered = _remembered(views, [id_of(row) for row in rows(claims)])
    table: list[dict[str, Any]] = []
    for row in rows(claims):
        ident = id_of(row)
        about = [quote for quote in found if quote.get("claim") == ident]
        counted = [quote for quote in about if _counts(quote, relations)]
        verdict, reason = _verdict(row, has_sources, ident in looked, about, counted, relations)
        number = origins.independent(counted)
        if verdict == "no_evidence" and (about or ident in fallen):
            reason = "no quote that was offered for it stood up to checking"
        elif len(counted) > 1:
            reason += f"; {number} independent source{'s' if number != 1 else ''}"
        name = f"{ident} is supported by a source"
        facts.append(Fact(name, _STATUS.get(verdict, "not_checkable"), reason))
        entry: dict[str, Any] = {"id": ident, "text": text_of(row, "text"), "verdict": verdict}
        entry |= {"quotes": [dict(quote) for quote in counted], "sources": number}
        table.append(entry | remembered.get(ident, {}))
    counts = Counter(entry["verdict"] for entry in table)
    value = {
        "claims": table,
        "supported": [entry for entry in table if entry["verdict"] == "supported"],
        "counts": dict(counts),
        "has_sources": has_sources,
    }
    against = [
        (entry["text"], entry["verdict"])
        for entry in table
        if entry["verdict"] in ("refuted", "conflicting")
    ]
    against += [(entry["text"], entry["objection"]) for entry in table if "objection" in entry]
    return Outcome([*facts, *origins.facts()], value, against)


def _relations(judgements: object, idents: list[str], facts: list[Fact]) -> dict[str, str] | None:
    """Read the judgements by quote; None when nobody judged."""
    if judgements is None:
        return None
    relations: dict[str, str] = {}
    strangers: list[str] = []
    for row in rows(judgements):
        ident = known_id(row.get("evidence"), idents)
        if ident is None:
            strangers.append(text_of(row, "evidence")[:40] or "a nameless one")
            continue
        # A quote judged both ways was not judged.
        said = text_of(row, "relation")
        relations[ident] = said if relations.get(ident, said) == said else "neither"
    if strangers:
        facts.append(fact("the judge names quotes there are", False, listed(strangers)))
    return relations


def _remembered(views: object, idents: list[str]) -> dict[str | None, dict[str, str]]:
    return {
        known_id(row.get("claim"), idents): {
            **({"objection": text_of(row, "why")} if text_of(row, "view") == "disagrees" else {}),
            **({"settled_by": text_of(row, "settled_by")} if text_of(row, "settled_by") else {}),
        }
        for row in rows(views)
    }


def _counts(quote: Row, relations: dict[str, str] | None) -> bool:
    wanted = _RELATION.get(text_of(quote, "stance"))
    return relations is not None and relations.get(id_of(quote), "") == wanted


def _verdict(
    claim: Row,
    has_sources: bool,
    looked: bool,
    about: list[Row],
    counted: list[Row],
    relations: dict[str, str] | None,
) -> tuple[Verdict, str]:
    """Return the verdict on a claim and the reason for a reader."""
    if claim.get("kind") == "opinion":
        return "not_checkable", "it is an opinion"
    if not has_sources:
        return "unverified", "no sources were given"
    if not looked:
        return "unverified", "nobody looked it up in the sources"
    if about and relations is None:
        return "unverified", "nobody judged its quotes"
    stances = {quote["stance"] for quote in counted}
    if stances == {"supports", "refutes"}:
        return "conflicting", "the sources contradict each other"
    if not stances:
        return "no_evidence", "the sources are silent on it"
    places = listed(f"{quote['source']}, character {quote['start']}" for quote in counted)
    return ("supported" if stances == {"supports"} else "refuted"), places
