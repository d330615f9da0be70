"""Checks of BrutalHonesty: findings that point at something, refutations that do, the verdict.

Zero findings is a good result: a quota makes critics invent faults.
"""

from __future__ import annotations

from typing import Any, Literal

from llm_reasonkit.reasoning.checks.folding import says_something
from llm_reasonkit.reasoning.checks.outcome import (
    Fact,
    Outcome,
    Row,
    fact,
    id_of,
    listed,
    rows,
    text_of,
    texts,
)
from llm_reasonkit.reasoning.checks.passages import (
    Document,
    Vocabulary,
    documents,
    locate,
    located,
)
from llm_reasonkit.reasoning.checks.similarity import duplicates

SEVERITIES = ("fatal", "serious", "minor", "cosmetic")


def findings(
    critics: object, question: object, sources: object = None, earlier: object = None
) -> Outcome:
    """Keep the findings that point at words that are there, or at something really missing.

    critics: the value of a for_each step, each with `findings`: `{id, severity, span, absent,
    problem, consequence, fix}`. `absent` holds the words searched for, where something is missing.
    earlier: findings of earlier protocols, which may be criticised too. The value has `findings`,
    duplicates merged with the critics who raised them, the gravest first, and `dropped`.
    """
    places = documents(question, sources, earlier)
    facts: list[Fact] = []
    kept: list[dict[str, Any]] = []
    dropped: list[dict[str, str]] = []
    vocabulary: Vocabulary | None = None
    for critic in rows(critics):
        for row in rows(critic.get("findings")):
            if texts(row.get("absent")) and vocabulary is None:
                vocabulary = Vocabulary(places)
            point, place = _points_at(row, places, vocabulary)
            facts.append(point)
            ident = id_of(row)
            if point.status == "failed":
                dropped.append({"id": ident, "reason": point.detail})
                continue
            role = str(critic.get("item") or "").split(":", 1)[0].strip()
            kept.append({**row, "place": place, "raised_by": [role] if role else []})
    merged = _merge(kept)
    return Outcome(facts, {"findings": merged, "dropped": dropped})


def _points_at(row: Row, places: list[Document], vocabulary: Vocabulary | None) -> tuple[Fact, str]:
    name = f"finding {text_of(row, 'id')} points at something"
    span, absent = text_of(row, "span"), texts(row.get("absent"))
    if not text_of(row, "problem"):
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
) -> Outcome:
    """Settle which findings survived refutation, and the verdict that follows by rule.

    refutations: the value of a for_each step over the findings, each with its `item` and
    `{outcome, span, reason}`. A rejection counts only where it cites words that are there. The
    verdict is `rethink` with an upheld fatal finding, `fix` with an upheld serious one or an
    unsettled fatal one, else `ship`.
    """
    places = documents(question, sources, earlier)
    answers = {
        id_of(row["item"]): row for row in rows(refutations) if isinstance(row.get("item"), dict)
    }
    facts: list[Fact] = []
    table: list[dict[str, Any]] = []
    for row in rows(findings):
        ident = id_of(row)
        outcome, reason = _outcome(ident, answers.get(ident), places, facts)
        table.append({**row, "outcome": outcome, "reason": reason})
    standing = [row for row in table if row["outcome"] != "rejected"]
    must_fix = [row for row in standing if _counts_for_fix(row)]
    no_fix = [id_of(row) for row in must_fix if not text_of(row, "fix")]
    if must_fix:
        facts.append(fact("everything to be fixed has a fix", not no_fix, listed(no_fix)))
    value = {
        "verdict": _verdict(standing),
        "findings": standing,
        "rejected": [row for row in table if row["outcome"] == "rejected"],
        "must_fix": [id_of(row) for row in must_fix],
    }
    return Outcome(facts, value)


def _outcome(
    ident: str, answer: Row | None, places: list[Document], facts: list[Fact]
) -> tuple[Literal["upheld", "rejected", "unsettled"], str]:
    name = f"finding {ident} was put to the test"
    if answer is None:
        facts.append(Fact(name, "not_checkable", "nobody tried to refute it"))
        return "unsettled", ""
    said, reason = text_of(answer, "outcome"), text_of(answer, "reason")
    if said == "rejected":
        span = text_of(answer, "span")
        found = locate(span, places)
        facts.append(located(f"the rejection of {ident} cites words that are there", span, found))
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
