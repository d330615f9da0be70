"""Checks around a second look: which points are looked at, and what the look established.

The points are picked by code, not by whoever is to vouch for them. What somebody says of a point
counts only where it quotes words of a source that bear it out or refute it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain, zip_longest
from typing import Any

from llm_reasonkit.reasoning.checks.evidence import beside_the_point, read_quote
from llm_reasonkit.reasoning.checks.names import Usage
from llm_reasonkit.reasoning.checks.outcome import (
    Fact,
    Outcome,
    Row,
    id_of,
    known_id,
    rows,
    text_of,
    texts,
)
from llm_reasonkit.reasoning.checks.passages import documents
from llm_reasonkit.reasoning.result import CheckStatus

_SAYS = ("text", "claim", "problem")
_ID = re.compile(r"\b[a-z]\d+(?:\.\d+)?\b")


def doubts(findings: object, most: object = None) -> Outcome:
    """Pick the statements among findings that a check put in doubt, at most `most` of them.

    findings: as stages are told of them, each with its `checks` in doubt. Those that failed come
    first, and each stage in turn. The value has `points`: `{id, text}`.
    """
    in_turn: list[str | None] = []
    for status in ("failed", "not_checkable"):
        of_stages = [_doubted(stage, status) for stage in rows(findings)]
        in_turn += chain.from_iterable(zip_longest(*of_stages))
    found = [text for text in dict.fromkeys(in_turn) if text]
    picked = found[:most] if isinstance(most, int) else found
    points = [{"id": f"d{number}", "text": text} for number, text in enumerate(picked, 1)]
    return Outcome([], {"points": points})


def _doubted(stage: Row, status: str) -> Iterator[str]:
    """Yield the statements that checks of a stage name by their id."""
    statements = dict(_statements(stage.get("findings")))
    checks = stage.get("checks")
    for line in texts(checks.get(status)) if isinstance(checks, dict) else []:
        for ident in _ID.findall(line.split(":")[0]):
            if ident in statements:
                yield statements[ident]


def _statements(value: object) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        said = next((text for key in _SAYS if (text := text_of(value, key))), "")
        # A quote names its claim by the id.
        if id_of(value) and said and not _ID.fullmatch(said):
            yield id_of(value), said
        value = list(value.values())
    for part in value if isinstance(value, list) else []:
        yield from _statements(part)


def second_look(views: object, points: object, sources: object, question: object = None) -> Outcome:
    """Establish what a second look at some points found.

    views: `{point, view, why, source, quote}`. A point passes where words of a source are quoted
    that hold its figures and names, and fails where such words refute it or are not there; else
    the look is an opinion, which settles nothing. The value has `points`, each with its `view`.
    """
    said = {known_id(row.get("point"), map(id_of, rows(points))): row for row in rows(views)}
    given, asked = documents(None, sources), documents(question, None)
    usage = Usage.of(document.folded.original for document in (*asked, *given))
    facts: list[Fact] = []
    table: list[dict[str, Any]] = []
    for point in rows(points):
        ident, text = id_of(point), text_of(point, "text")
        row = said.get(ident, {})
        view, why, quote = (text_of(row, key) for key in ("view", "why", "quote"))
        entry = {"id": ident, "text": text, "view": view or "open", "why": why}
        name = f"{ident} holds at a second look"
        table.append(entry)
        if view not in ("holds", "fails") or not quote:
            said_of_it = "no source is quoted" if row else "nobody looked at it"
            facts.append(Fact(name, "not_checkable", said_of_it))
            continue
        passage, problem = read_quote(row, None, given, asked)
        if not problem:
            stance = "supports" if view == "holds" else "refutes"
            problem, _ = beside_the_point({"stance": stance}, text, passage, given, usage)
        if problem:
            entry["view"] = "open"
            facts.append(Fact(name, "failed", f"what is quoted for it: {problem}"))
            continue
        entry |= {"source": passage.document, "quote": passage.found}
        status: CheckStatus = "passed" if view == "holds" else "failed"
        facts.append(Fact(name, status, f"{passage.place}: {why}"))
    against = [(row["text"], row["why"]) for row in table if row["view"] == "fails"]
    return Outcome(facts, {"points": table}, against)
