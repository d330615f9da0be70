"""Checks of LaserLogic: where the parts of an argument stand, and how they hang together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llm_reasonkit.reasoning.checks.folding import fold, words
from llm_reasonkit.reasoning.checks.formal import (
    CONCLUSION,
    NOT_PROVED,
    check_situation,
    formulas_differ,
)
from llm_reasonkit.reasoning.checks.graph import ground, read_edges
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
    texts,
)
from llm_reasonkit.reasoning.checks.passages import Document, documents, locate, located
from llm_reasonkit.reasoning.checks.similarity import duplicates

_UNREADABLE = "\N{BLACK SQUARE}"
# What the formulas of an argument established, as far as there is anything.
_FORMAL = ("basis", "form", "counter_model", "contradictory", "dispensable", "disputed")


def argument(argument: object, question: object, sources: object = None) -> Outcome:
    """Check that what the argument is said to state stands in the question or the sources.

    The value is the argument with `document`, `start` and `end` for each part that was found; a
    part that was not is `implied`, whatever the model called it.
    """
    given = argument if isinstance(argument, Mapping) else {}
    places = documents(question, sources)
    facts: list[Fact] = []
    premises = [_placed(row, id_of(row), places, facts) for row in rows(given.get("premises"))]
    conclusion = given.get("conclusion")
    placed = (
        _placed(conclusion, "the conclusion", _beside(premises, conclusion, places), facts)
        if isinstance(conclusion, Mapping)
        else None
    )
    said = [row["text"] for row in premises] + ([placed["text"]] if placed else [])
    idents = [row["id"] for row in premises] + [CONCLUSION]
    if premises:
        pairs = [(idents[later], idents[earlier]) for earlier, later in duplicates(said)]
        same = [pair for pair in pairs if not formulas_differ(argument, *pair)]
        circular = [f"the conclusion repeats {b}" for a, b in same if a == CONCLUSION]
        repeated = [f"{a} repeats {b}" for a, b in same if a != CONCLUSION]
        facts.append(fact("the premises are distinct", not repeated, listed(repeated)))
        facts.append(fact("no premise is the conclusion itself", not circular, listed(circular)))
    facts += _hedges(given.get("hedges"), places)
    value = {"scheme": given.get("scheme"), "premises": premises, "conclusion": placed}
    return Outcome(facts, value)


def _placed(row: Row, name: str, places: list[Document], facts: list[Fact]) -> dict[str, Any]:
    kept: dict[str, Any] = {
        "id": id_of(row) or CONCLUSION,
        "text": text_of(row, "text"),
        "origin": "implied",
    }
    span = text_of(row, "span")
    if text_of(row, "origin") != "stated" and not span:
        facts.append(
            Fact(f"{name} stands in the text", "not_checkable", "it is implied, not stated")
        )
        return kept
    found = locate(span, places)
    facts.append(located(f"{name} stands in the text", span, found))
    if found.status == "exact":
        kept |= {"origin": "stated", "document": found.document}
        kept |= {"start": found.start, "end": found.end}
    return kept


def _beside(
    premises: list[dict[str, Any]], conclusion: Row, places: list[Document]
) -> list[Document]:
    """Return where to look for a conclusion: beside the premises, if its words stand there too.

    In "If it rained, the street is wet. […] So it rained." the last words are meant.
    """
    cleared = [
        _cleared(place, [row for row in premises if row.get("document") == place.id])
        for place in places
    ]
    found = locate(text_of(conclusion, "span"), cleared)
    return cleared if found.status == "exact" else places


def _cleared(place: Document, premises: list[dict[str, Any]]) -> Document:
    text = place.folded.original
    for row in premises:
        start, end = row["start"], row["end"]
        text = f"{text[:start]}{_UNREADABLE * (end - start)}{text[end:]}"
    return Document(place.id, text, place.name) if premises else place


def _hedges(written: object, places: list[Document]) -> list[Fact]:
    # Most of them ("can", "may") would say too little to be located as quotes are.
    missing = [word for word in texts(written) if not _is_there(fold(word), places)]
    return [fact("the hedges stand in the text", False, listed(missing))] if missing else []


def _is_there(folded: str, places: list[Document]) -> bool:
    return bool(words(folded)) and any(place.find(folded) for place in places)


def derivation(links: object, premises: object) -> Outcome:
    """Check that each inference uses what is there and that all of them rest on premises.

    links: `{id, uses, says}`, the last of them reaching the conclusion. The value has `unused`
    premises, `ungrounded` inferences and the `circle`, if there is one.
    """
    leaves = frozenset(id_of(row) for row in rows(premises))
    inferences = {id_of(row): row for row in rows(links)}
    if not inferences:
        return Outcome([], {"unused": [], "ungrounded": [], "circle": []})
    edges, unknown = read_edges(inferences, "uses", [*leaves, *inferences], "uses")
    grounding = ground(edges, leaves)
    ungrounded = [ident for ident in inferences if not grounding.reaches(ident)]
    last = list(inferences)[-1]
    used = grounding.leaves.get(last, frozenset())
    unused = [] if not used else sorted(leaves - used)
    circle = " rests on ".join(grounding.circle)
    facts = [
        fact("every part used exists", not unknown, listed(unknown)),
        fact("no inference rests on itself", not circle, circle),
        fact("every inference rests on premises", not ungrounded, f"{listed(ungrounded)} do not"),
    ]
    if used:
        facts.append(
            fact("the conclusion needs every premise", not unused, f"{listed(unused)} unused")
        )
    return Outcome(facts, {"unused": unused, "ungrounded": ungrounded, "circle": grounding.circle})


def reasoning(
    argument: object,
    question: object,
    sources: object = None,
    fallacies: object = None,
    counterexample: object = None,
    validity: object = None,
    atoms: object = None,
) -> Outcome:
    """Check what was said against an argument, and say all that is known of its validity.

    Fallacies are advice: they count when they name premises and words that are there. A
    counterexample counts when it keeps every premise true; where the argument is in formulas
    (`validity`), code holds it against them. It is `verified` then, else merely offered.
    """
    given = argument if isinstance(argument, Mapping) else {}
    formal = validity if isinstance(validity, Mapping) else {}
    known = [id_of(row) for row in rows(given.get("premises"))]
    facts: list[Fact] = []
    kept = _fallacies(rows(fallacies), known, documents(question, sources), facts)
    offered = _counterexample(counterexample, known, formal, atoms, facts)
    verdict = text_of(formal, "verdict") or NOT_PROVED
    if verdict == NOT_PROVED and offered:
        verdict = "counterexample offered"
    found = {key: formal[key] for key in _FORMAL if formal.get(key)}
    value = {"verdict": verdict, **found, "fallacies": kept, "counterexample": offered}
    against = []
    if offered:
        basis = "verified" if offered["verified"] else "offered, not verified"
        against = [(offered["situation"], f"a counterexample, {basis}")]
    return Outcome(facts, value, against)


def _fallacies(
    found: list[Row], known: list[str], places: list[Document], facts: list[Fact]
) -> list[dict[str, Any]]:
    kept = []
    for row in found:
        name = f"fallacy {text_of(row, 'id')} points at the argument"
        named = texts(row.get("premise_ids"))
        meant = [known_id(ident, known) for ident in named]
        passage = locate(text_of(row, "span"), places)
        if None in meant:
            missing = [n[:40] for n, ident in zip(named, meant, strict=True) if ident is None]
            facts.append(fact(name, False, f"there is no {listed(missing)}"))
        elif text_of(row, "span") and passage.status != "exact":
            facts.append(located(name, text_of(row, "span"), passage))
        elif not meant and passage.status != "exact":
            facts.append(fact(name, False, "it names no premise and no words"))
        else:
            place = passage.place if passage.status == "exact" else ""
            facts.append(Fact(name, "passed", place))
            kept.append({**row, "premise_ids": meant, "place": place})
    return kept


def _counterexample(
    counterexample: object,
    known: list[str],
    formal: Mapping[str, Any],
    atoms: object,
    facts: list[Fact],
) -> dict[str, Any] | None:
    given = counterexample if isinstance(counterexample, Mapping) else {}
    if text_of(given, "found") != "yes":
        return None
    keeps = {known_id(name, known) for name in texts(given.get("keeps"))}
    left = [ident for ident in known if ident not in keeps]
    situation = text_of(given, "situation")
    holds = bool(situation) and not left
    detail = f"it does not keep {listed(left)} true" if left else "it describes no situation"
    facts.append(fact("the counterexample keeps every premise true", holds, detail))
    if not holds:
        return None
    written = formal.get("formulas")
    described = texts(given.get("facts"))
    status, why = check_situation(described, written if isinstance(written, dict) else {}, atoms)
    facts.append(Fact("the counterexample fits the formulas", status, why))
    return {"situation": situation, "verified": status == "passed"} if status != "failed" else None
