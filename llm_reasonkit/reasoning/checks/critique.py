"""Checks of BrutalHonesty: findings that point at something, refutations that do, the verdict.

Zero findings is a good result: a quota makes critics invent faults.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, Literal

from llm_reasonkit.reasoning.checks.folding import fold, says_something, words
from llm_reasonkit.reasoning.checks.orders import Order, facts_about, orders_among
from llm_reasonkit.reasoning.checks.outcome import (
    Fact,
    Outcome,
    Row,
    fact,
    id_of,
    listed,
    name_of,
    rows,
    text_of,
    texts,
)
from llm_reasonkit.reasoning.checks.passages import Document, Vocabulary, documents, locate, located
from llm_reasonkit.reasoning.checks.similarity import duplicates

SEVERITIES = ("fatal", "serious", "minor", "cosmetic")
# No critic is asked about it, nor anybody to refute it: they read the same orders.
_ORDER = {
    "absent": [],
    "problem": "It tells its readers what to conclude or to give away.",
    "consequence": "What critics made of it cannot be trusted.",
    "falsifier": "",
    "fix": "Take the instruction out and ask again.",
    "severity": "serious",
    "raised_by": ["code"],
    "merged": [],
}


def findings(
    critics: object,
    question: object,
    sources: object = None,
    earlier: object = None,
    asked: object = None,
) -> Outcome:
    """Keep the findings that point at words that are there, or at something really missing.

    critics: the value of a for_each step, each with `findings`: `{id, severity, span, absent,
    problem, consequence, fix}`. `absent` holds the words searched for, where something is missing.
    earlier: findings of earlier protocols, which may be criticised too. asked: all who were to
    criticise. The value has `findings`, duplicates merged with the critics who raised them, the
    gravest first; `dropped`; and `raised`, how many each critic raised.
    """
    places = documents(question, sources, earlier)
    orders = orders_among(places)
    facts = [*_answered(critics, asked), *facts_about(orders)]
    raised: dict[str, int] = {}
    kept: list[dict[str, Any]] = []
    dropped: list[dict[str, str]] = []
    vocabulary: Vocabulary | None = None
    for critic in rows(critics):
        role = name_of(critic.get("item"))
        raised[role] = raised.get(role, 0) + len(rows(critic.get("findings")))
        for row in rows(critic.get("findings")):
            if texts(row.get("absent")) and vocabulary is None:
                vocabulary = Vocabulary(places)
            point, place = _points_at(row, places, vocabulary)
            facts.append(point)
            ident = id_of(row)
            if point.status == "failed":
                dropped.append({"id": ident, "reason": point.detail})
                continue
            kept.append({**row, "place": place, "raised_by": [role] if role else []})
    merged = _merge(kept)
    return Outcome(
        facts,
        {
            "findings": merged,
            "dropped": dropped,
            "raised": raised,
            "orders": [_finding_of(order, number) for number, order in enumerate(orders, 1)],
        },
    )


def _finding_of(order: Order, number: int) -> dict[str, Any]:
    """What code itself finds: a text that tells its critics what to find."""
    place = f"{order.document}, character {order.start}"
    return {"id": f"o{number}", "span": order.words, "place": place, **_ORDER}


def _answered(critics: object, asked: object) -> list[Fact]:
    if not isinstance(asked, list) or not asked:
        return []
    answered = [name_of(row.get("item")) for row in rows(critics)]
    silent = [name_of(item) for item in asked if name_of(item) not in answered]
    return [fact("every critic answered", not silent, f"nothing came from {listed(silent)}")]


def _points_at(row: Row, places: list[Document], vocabulary: Vocabulary | None) -> tuple[Fact, str]:
    name = f"finding {text_of(row, 'id')} points at something"
    span, absent = text_of(row, "span"), texts(row.get("absent"))
    if not words(text_of(row, "problem")):
        return fact(name, False, "it names no problem"), ""
    place = ""
    if span:
        found = locate(span, places)
        if found.status != "exact":
            return located(name, span, found), ""
        place = found.place
    if not absent:
        return (
            (Fact(name, "passed", place), place)
            if span
            else (fact(name, False, "it quotes no words and names nothing missing"), "")
        )
    vague = [term for term in absent if not says_something(term)]
    there = [term for term in absent if vocabulary is not None and vocabulary.mentions(term)]
    if vague or there:
        detail = f"not missing: {listed(there)}" if there else "no words to search"
        return fact(name, False, detail), ""
    return Fact(name, "passed", f"nowhere: {listed(absent)}"), place


def _merge(kept: list[dict[str, Any]]) -> list[dict[str, Any]]:
    pairs = {later: first for first, later in duplicates([_said(row) for row in kept])}
    merged: dict[int, dict[str, Any]] = {}
    for number, row in enumerate(kept):
        first = number
        while first in pairs:
            first = pairs[first]
        if first == number:
            merged[number] = {**row, "merged": []}
            continue
        into = merged[first]
        into["merged"].append(row.get("id"))
        into["raised_by"] = list(dict.fromkeys([*into["raised_by"], *row["raised_by"]]))
        into["severity"] = min(into.get("severity"), row.get("severity"), key=_gravity)
    return sorted(merged.values(), key=lambda row: _gravity(row.get("severity")))


def _said(row: Row) -> str:
    return f"{text_of(row, 'problem')} {text_of(row, 'consequence')}"


def _gravity(severity: object) -> int:
    return SEVERITIES.index(severity) if severity in SEVERITIES else len(SEVERITIES)


def survivors(
    findings: object,
    refutations: object,
    question: object,
    sources: object = None,
    earlier: object = None,
    dropped: object = None,
    raised: object = None,
    orders: object = None,
) -> Outcome:
    """Settle which findings survived refutation, and the verdict that follows by rule.

    refutations: the value of a for_each step over the findings, each with its `item` and
    `{outcome, span, reason}`. A rejection counts only where it cites words that are there, and
    others than the finding is about. dropped, raised, orders: as `findings` gave them. The verdict
    is `rethink` with an upheld fatal finding, `fix` with an upheld serious one or an unsettled
    fatal one, else `ship`. The value has it with a `statement` of it, the `findings` that stand,
    those `rejected`, what `must_fix`, and of how many raised each critic had `upheld`.
    """
    places = documents(question, sources, earlier)
    answers = {
        id_of(row["item"]): row for row in rows(refutations) if isinstance(row.get("item"), dict)
    }
    facts: list[Fact] = []
    table: list[dict[str, Any]] = []
    for row in rows(findings):
        ident = id_of(row)
        outcome, reason = _outcome(row, answers.get(ident), places, facts)
        table.append({**row, "outcome": outcome, "reason": reason})
    table += [{**row, "outcome": "upheld", "reason": "code found it"} for row in rows(orders)]
    standing = [row for row in table if row["outcome"] != "rejected"]
    must_fix = [row for row in standing if _counts_for_fix(row)]
    no_fix = [id_of(row) for row in must_fix if not text_of(row, "fix")]
    if must_fix:
        facts.append(fact("everything to be fixed has a fix", not no_fix, listed(no_fix)))
    verdict = _verdict(standing)
    value = {
        "verdict": verdict,
        "statement": _statement(verdict, table, len(rows(dropped))),
        "findings": standing,
        "rejected": [row for row in table if row["outcome"] == "rejected"],
        "must_fix": [id_of(row) for row in must_fix],
        "upheld": _upheld(table, raised),
    }
    against = [
        (text_of(row, "problem"), f"{text_of(row, 'severity')}, {row['outcome']}")
        for row in standing
        if row["outcome"] == "upheld" or row in must_fix
    ]
    return Outcome(facts, value, against)


def _outcome(
    finding: Row, answer: Row | None, places: list[Document], facts: list[Fact]
) -> tuple[Literal["upheld", "rejected", "unsettled"], str]:
    ident = id_of(finding)
    name = f"finding {ident} was put to the test"
    if answer is None:
        facts.append(Fact(name, "not_checkable", "nobody tried to refute it"))
        return "unsettled", ""
    said, reason = text_of(answer, "outcome"), text_of(answer, "reason")
    if said == "rejected":
        span = text_of(answer, "span")
        found = locate(span, places)
        named = f"the rejection of {ident} cites words that are there"
        if found.status == "exact" and fold(span) in fold(text_of(finding, "span")):
            facts.append(fact(named, False, "it cites the very words that are criticised"))
            return "unsettled", reason
        facts.append(located(named, span, found))
        return ("rejected", reason) if found.status == "exact" else ("unsettled", reason)
    if said == "upheld":
        facts.append(Fact(name, "passed", "upheld"))
        return "upheld", reason
    facts.append(Fact(name, "not_checkable", "it needs evidence"))
    return "unsettled", reason


def _counts_for_fix(row: Row) -> bool:
    severity = row.get("severity")
    return severity == "fatal" or (severity == "serious" and row.get("outcome") == "upheld")


def _verdict(standing: list[dict[str, Any]]) -> Literal["ship", "fix", "rethink"]:
    if any(row.get("severity") == "fatal" and row["outcome"] == "upheld" for row in standing):
        return "rethink"
    return "fix" if any(_counts_for_fix(row) for row in standing) else "ship"


def _statement(verdict: str, table: list[dict[str, Any]], dropped: int) -> str:
    """Say the verdict and what it rests on; written by code, so that no model can word it."""
    parts = []
    for outcome in ("upheld", "unsettled", "rejected"):
        found = Counter(text_of(row, "severity") for row in table if row["outcome"] == outcome)
        graded = [f"{found[severity]} {severity}" for severity in SEVERITIES if found[severity]]
        if graded:
            parts.append(f"{outcome}: {', '.join(graded)}")
    if dropped:
        parts.append(f"dropped, as what they point at is not so: {dropped}")
    return f"Verdict by rule: {verdict}. Findings {'; '.join(parts) or 'were none'}."


def _upheld(table: list[dict[str, Any]], raised: object) -> list[dict[str, Any]]:
    counts = raised if isinstance(raised, Mapping) else {}
    upheld = Counter(
        role for row in table if row["outcome"] == "upheld" for role in texts(row.get("raised_by"))
    )
    return [{"critic": role, "raised": n, "upheld": upheld[role]} for role, n in counts.items()]
