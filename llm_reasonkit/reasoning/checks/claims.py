"""Checks of ProofGuard: claims that say what the text says, and leave nothing of it out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from llm_reasonkit.reasoning.checks.backing import lacking
from llm_reasonkit.reasoning.checks.figures import figures_asserted
from llm_reasonkit.reasoning.checks.folding import WORD, sentences
from llm_reasonkit.reasoning.checks.names import Usage
from llm_reasonkit.reasoning.checks.orders import facts_about, orders_among
from llm_reasonkit.reasoning.checks.outcome import (
    Fact,
    Outcome,
    Row,
    fact,
    id_of,
    listed,
    rows,
    text_of,
)
from llm_reasonkit.reasoning.checks.passages import Document, Passage, documents, locate, located
from llm_reasonkit.reasoning.checks.similarity import duplicates
from llm_reasonkit.reasoning.checks.wordlists import STOP_WORDS

# Words in a row that no claim accounts for before they count as left out.
_LEFT_OUT_WORDS = 5
_AROUND = 5000


def claims(
    claims: object,
    question: object,
    sources: object = None,
    rest: object = None,
    batch: object = None,
) -> Outcome:
    """Check that claims say what stands in the text, and leave nothing of it out.

    claims: `{id, text, span, kind}`; one without a span is `added`. rest: `{span}` of what
    asserts nothing. The text is the question, or the sources that the claims were taken from. The
    value has `claims` with `origin` and where it stands, and `batches`: the checkable ones in
    groups of `batch`, for one call each.
    """
    places = documents(question, sources)
    usage = Usage.of(place.folded.original for place in places)
    facts = facts_about(orders_among(documents(None, sources)))
    table: list[dict[str, Any]] = []
    spans: list[Passage] = []
    for row in rows(claims):
        kept: dict[str, Any] = {"id": id_of(row), "text": text_of(row, "text")}
        if not kept["text"]:
            facts.append(fact(f"{kept['id']} says something", False, "it is empty"))
            continue
        kept["kind"] = _kind(row, facts)
        found = _place(row, places, usage, facts)
        if found is None:
            kept["origin"] = "added"
        else:
            spans.append(found)
            kept |= {"origin": "text", "document": found.document}
            kept |= {"start": found.start, "end": found.end}
        table.append(kept)
    if len(table) > 1:
        pairs = duplicates([row["text"] for row in table])
        same = [f"{table[b]['id']} repeats {table[a]['id']}" for a, b in pairs]
        facts.append(fact("the claims are distinct", not same, listed(same)))
    facts += _covered(places, spans, [locate(text_of(row, "span"), places) for row in rows(rest)])
    checkable = [{"id": r["id"], "text": r["text"]} for r in table if r["kind"] != "opinion"]
    size = batch if isinstance(batch, int) and batch > 0 else max(1, len(checkable))
    batches = [checkable[n : n + size] for n in range(0, len(checkable), size)]
    return Outcome(facts, {"claims": table, "batches": batches})


def _kind(row: Row, facts: list[Fact]) -> object:
    """What kind of claim it is; a figure is no matter of taste, whatever the model called it."""
    figures = figures_asserted(text_of(row, "text"))
    stated = listed([*(n.text for n in figures.numbers), *(date.text for date in figures.dates)])
    if row.get("kind") != "opinion" or not stated:
        return row.get("kind")
    name = f"{id_of(row)} is an opinion, as it is called"
    facts.append(fact(name, False, f"it states {stated}: treated as a fact"))
    return "other"


def _place(row: Row, places: list[Document], usage: Usage, facts: list[Fact]) -> Passage | None:
    """Find where a claim was taken from, unless it says something else than what stands there."""
    ident, span = id_of(row), text_of(row, "span")
    if not span:
        facts.append(Fact(f"{ident} stands in the text", "not_checkable", "it is added"))
        return None
    found = locate(span, places)
    facts.append(located(f"{ident} stands in the text", span, found))
    if found.status != "exact":
        return None
    document = next(place for place in places if place.id == found.document)
    # A claim that stands alone names what the sentences around it say.
    around = document.folded.original[max(0, found.start - _AROUND) : found.end + _AROUND]
    changed = [
        part
        for part in lacking(text_of(row, "text"), found.found, document, usage)
        if part in lacking(text_of(row, "text"), around, document, usage)
    ]
    if changed:
        detail = f"{listed(changed)} stands nowhere in {found.document}"
        facts.append(fact(f"{ident} says what the text says", False, detail))
    return None if changed else found


def _covered(places: list[Document], spans: list[Passage], rest: list[Passage]) -> list[Fact]:
    taken = {span.document for span in spans}
    # Where the question asserts something, the sources are there to check it.
    checked = {"question"} if "question" in taken else taken | {"question"} if taken else set()
    exact = [span for span in (*spans, *rest) if span.status == "exact"]
    return [
        _coverage(place, [span for span in exact if span.document == place.id])
        for place in places
        if place.id in checked
    ]


def _coverage(place: Document, spans: Sequence[Passage]) -> Fact:
    text = place.folded.original
    covered = bytearray(len(text))
    for span in spans:
        covered[span.start : span.end] = b"\x01" * (span.end - span.start)
    left_out: list[str] = []
    total = missed = 0
    for start, end in sentences(text):
        # A question asserts nothing.
        if text[start:end].rstrip().endswith(("?", "\uff1f")):
            continue
        found = list(WORD.finditer(text, start, end))
        runs = _uncovered_runs(text, found, covered)
        total += 1
        missed += bool(runs)
        left_out += runs
    which = "" if place.id == "question" else f" of {place.id}"
    detail = f"{total - missed} of {total} sentences; left out: {listed(left_out, 3)}"
    return fact(f"the claims cover the text{which}", not left_out, detail)


def _uncovered_runs(text: str, found: list[re.Match[str]], covered: bytearray) -> list[str]:
    least = min(_LEFT_OUT_WORDS, max(3, len(found)))
    runs: list[str] = []
    run: list[re.Match[str]] = []
    for word in [*found, None]:
        if word is not None and not covered[word.start()]:
            run.append(word)
            continue
        meant = [w for w in run if w.group().casefold() not in STOP_WORDS]
        if len(run) >= least and len(meant) >= 2:
            runs.append(text[run[0].start() : run[-1].end()])
        run = []
    return runs
