"""Checks of ProofGuard: claims that cover the text, quotes that stand in the sources, verdicts.

A verdict is looked up in a table of what was established; no model types one. A model's memory is
not a source: without sources the best verdict is `unverified`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, Literal

from llm_reasonkit.reasoning.checks.folding import WORD, sentences
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
from llm_reasonkit.reasoning.checks.passages import (
    Document,
    Passage,
    complaint,
    documents,
    locate,
    located,
)
from llm_reasonkit.reasoning.checks.similarity import duplicates
from llm_reasonkit.reasoning.checks.wordlists import STOP_WORDS
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
# Words in a row that no claim accounts for before they count as left out.
_LEFT_OUT_WORDS = 5


def claims(
    claims: object,
    question: object,
    sources: object = None,
    rest: object = None,
    batch: object = None,
) -> Outcome:
    """Check that claims stand in the text where they say so, and leave nothing of it out.

    claims: `{id, text, span, kind}`; one without a span is `added`. rest: `{span}` of what
    asserts nothing. The value has `claims` with `origin` and where it stands, and `batches`: the
    checkable ones in groups of `batch`, for one call each.
    """
    places = documents(question, sources)
    facts: list[Fact] = []
    table: list[dict[str, Any]] = []
    spans: list[Passage] = []
    for row in rows(claims):
        ident, span = id_of(row), text_of(row, "span")
        kept: dict[str, Any] = {"id": ident, "text": text_of(row, "text"), "kind": row.get("kind")}
        if not kept["text"]:
            facts.append(fact(f"{ident} says something", False, "it is empty"))
            continue
        found = locate(span, places) if span else None
        if found is None:
            facts.append(Fact(f"{ident} stands in the text", "not_checkable", "it is added"))
        else:
            facts.append(located(f"{ident} stands in the text", span, found))
        if found is not None and found.status == "exact":
            spans.append(found)
            kept |= {"origin": "text", "document": found.document}
            kept |= {"start": found.start, "end": found.end}
        else:
            kept["origin"] = "added"
        table.append(kept)
    if len(table) > 1:
        pairs = duplicates([row["text"] for row in table])
        same = [f"{table[b]['id']} repeats {table[a]['id']}" for a, b in pairs]
        facts.append(fact("the claims are distinct", not same, listed(same)))
    spans += [locate(text_of(row, "span"), places) for row in rows(rest)]
    if isinstance(question, str) and any(row["origin"] == "text" for row in table):
        exact = [span for span in spans if span.status == "exact"]
        facts += _coverage(question, [span for span in exact if span.document == "question"])
    checkable = [{"id": r["id"], "text": r["text"]} for r in table if r["kind"] != "opinion"]
    size = batch if isinstance(batch, int) and batch > 0 else max(1, len(checkable))
    batches = [checkable[n : n + size] for n in range(0, len(checkable), size)]
    return Outcome(facts, {"claims": table, "batches": batches})


def _coverage(text: str, spans: Sequence[Passage]) -> list[Fact]:
    covered = bytearray(len(text))
    for span in spans:
        covered[span.start : span.end] = b"\x01" * (span.end - span.start)
    left_out: list[str] = []
    total = seen = 0
    for start, end in sentences(text):
        found = list(WORD.finditer(text, start, end))
        total += len(found)
        seen += sum(covered[word.start()] for word in found)
        # A question asserts nothing.
        if text[start:end].rstrip().endswith(("?", "\uff1f")):
            continue
        least = min(_LEFT_OUT_WORDS, max(3, len(found)))
        left_out += _uncovered_runs(text, found, covered, least)
    detail = f"{seen} of {total} words; left out: {listed(left_out, 3)}"
    return [fact("the claims cover the text", not left_out, detail)]


def _uncovered_runs(text: str, found: list[Any], covered: bytearray, least: int) -> list[str]:
    runs: list[str] = []
    run: list[Any] = []
    for word in [*found, None]:
        if word is not None and not covered[word.start()]:
            run.append(word)
            continue
        meant = [w for w in run if w.group().casefold() not in STOP_WORDS]
        if len(run) >= least and len(meant) >= 2:
            runs.append(text[run[0].start() : run[-1].end()])
        run = []
    return runs


def quotes(evidence: object, claims: object, sources: object, question: object = None) -> Outcome:
    """Check that each quote stands word for word in the source that it names.

    evidence: `{id, claim, source, quote, stance}`. The value has `quotes`, those that do, with
    offsets in their source; `pairs`, the same for a judge who is to see claim and quote only; and
    `dropped`, the others with the reason.
    """
    known = {id_of(row): row for row in rows(claims)}
    given = documents(None, sources)
    asked = documents(question, None)
    facts: list[Fact] = []
    kept: list[dict[str, Any]] = []
    dropped: list[dict[str, str]] = []
    for row in rows(evidence):
        ident = id_of(row)
        claim = known_id(row.get("claim"), known)
        passage, problem = _read_quote(row, known.get(claim or ""), given, asked)
        name = f"quote {ident} stands in its source"
        if claim is None:
            problem = f"there is no claim {text_of(row, 'claim')[:40]}"
        if problem:
            facts.append(fact(name, False, problem))
            dropped.append({"id": ident, "reason": problem})
            continue
        facts.append(Fact(name, "passed", passage.place))
        kept.append(
            {
                "id": ident,
                "claim": claim,
                "stance": text_of(row, "stance"),
                "source": passage.document,
                "start": passage.start,
                "end": passage.end,
                "quote": passage.found,
            }
        )
    pairs = [
        {"id": q["id"], "claim": text_of(known[q["claim"]], "text"), "quote": q["quote"]}
        for q in kept
    ]
    return Outcome(facts, {"quotes": kept, "pairs": pairs, "dropped": dropped})


def _read_quote(
    row: Row, claim: Row | None, given: list[Document], asked: list[Document]
) -> tuple[Passage, str]:
    """Find a quote in its source; the second value says what is wrong with it, if anything."""
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
    if claim is not None and _is_itself(passage, claim):
        return passage, "circular: the claim was taken from these very words"
    return passage, ""


def _is_itself(passage: Passage, claim: Row) -> bool:
    return (
        claim.get("document") == passage.document
        and claim.get("start", 0) < passage.end
        and passage.start < claim.get("end", 0)
    )


def verdicts(
    claims: object,
    sources: object,
    quotes: object = None,
    judgements: object = None,
    looked_up: object = None,
    views: object = None,
) -> Outcome:
    """Give each claim its verdict, by rule.

    quotes: those that stand in their sources. judgements: `{evidence, relation}` by a model that
    saw claim and quote only; a quote counts where that agrees with its stance. looked_up: the
    claims that somebody looked for in the sources. views: `{claim, view, why}` from another
    model's memory; an objection is shown, and verifies nothing. The value has `claims` with their
    `verdict` and the quotes it rests on, and `counts` of the verdicts.
    """
    facts: list[Fact] = []
    found = rows(quotes)
    relations = _relations(judgements, [id_of(quote) for quote in found], facts)
    has_sources = bool(rows(sources))
    looked = {id_of(row) for row in rows(looked_up)} if has_sources else set()
    objections = _objections(views, [id_of(row) for row in rows(claims)])
    table: list[dict[str, Any]] = []
    for row in rows(claims):
        ident = id_of(row)
        about = [quote for quote in found if quote.get("claim") == ident]
        counted = [quote for quote in about if _counts(quote, relations)]
        verdict, reason = _verdict(row, has_sources, ident in looked, about, counted, relations)
        name = f"{ident} is supported by a source"
        facts.append(Fact(name, _STATUS.get(verdict, "not_checkable"), reason))
        entry: dict[str, Any] = {"id": ident, "text": text_of(row, "text"), "verdict": verdict}
        entry["quotes"] = [dict(quote) for quote in counted]
        if ident in objections:
            entry["objection"] = objections[ident]
        table.append(entry)
    counts = Counter(entry["verdict"] for entry in table)
    return Outcome(facts, {"claims": table, "counts": dict(counts), "has_sources": has_sources})


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


def _objections(views: object, idents: list[str]) -> dict[str | None, str]:
    return {
        known_id(row.get("claim"), idents): text_of(row, "why")
        for row in rows(views)
        if text_of(row, "view") == "disagrees"
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
