"""Checks of BedRock: what rests on what, down to leaves, and what a rebuilt answer leans on."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from llm_reasonkit.reasoning.arithmetic import NotArithmetic, check_equation
from llm_reasonkit.reasoning.checks.graph import find_circle, ground, read_edges
from llm_reasonkit.reasoning.checks.outcome import (
    Fact,
    Outcome,
    Row,
    fact,
    id_of,
    known_id,
    listed,
    rows,
    shortened,
    text_of,
    texts,
)
from llm_reasonkit.reasoning.checks.passages import strings_in
from llm_reasonkit.reasoning.checks.similarity import duplicates
from llm_reasonkit.reasoning.checks.sums import judged, numbers_of, strange_figures
from llm_reasonkit.reasoning.equations import equations_in

FIRM_KINDS = ("definition", "law", "measured")
# What a claim inherits from below: it holds only as far as these do.
WEAK_KINDS = ("convention", "preference", "unknown")
_MOST_SUMS = 4


def decomposition(nodes: object) -> Outcome:
    """Check that a decomposition (`{id, text, rests_on}`) comes down to leaves, without circles.

    The value has `leaves` (`{id, text}`, without what kind their author took them for) and the
    `circle`, if there is one.
    """
    known = {id_of(row): row for row in rows(nodes)}
    if not known:
        return Outcome([], {"leaves": [], "circle": []})
    edges, unknown = read_edges(known, "rests_on", known)
    leaves = [ident for ident, below in edges.items() if not below]
    circle = find_circle({i: [b for b in below if b in known] for i, below in edges.items()})
    facts = [
        fact("every node named exists", not unknown, listed(unknown)),
        fact("no node rests on itself", not circle, " rests on ".join(circle)),
        fact("the decomposition comes down to leaves", bool(leaves), "every node rests on another"),
    ]
    said = [text_of(known[ident], "text") for ident in leaves]
    if len(leaves) > 1:
        same = [f"{leaves[b]} repeats {leaves[a]}" for a, b in duplicates(said)]
        facts.append(fact("the leaves are distinct", not same, listed(same)))
    rows_of_leaves = [{"id": i, "text": t} for i, t in zip(leaves, said, strict=True)]
    return Outcome(facts, {"leaves": rows_of_leaves, "circle": circle})


def foundations(leaves: object, nodes: object, second: object = None) -> Outcome:
    """Settle what kind each leaf is: what `nodes` say, unless a second reading differs.

    second: `{leaf, kind}` by a reader who did not see the first. A leaf they differ on is
    `unknown` and `disputed`. The value has `leaves` with their `kind`.
    """
    first = {id_of(row): text_of(row, "kind") for row in rows(nodes)}
    bottom = {id_of(row): text_of(row, "text") for row in rows(leaves)}
    facts: list[Fact] = []
    read = _second_reading(second, list(bottom), facts)
    settled = [
        {"id": ident, "text": text} | _settle(ident, first.get(ident, ""), read.get(ident), facts)
        for ident, text in bottom.items()
    ]
    return Outcome(facts, {"leaves": settled})


def _second_reading(opinions: object, leaves: list[str], facts: list[Fact]) -> dict[str, str]:
    if not isinstance(opinions, list):
        return {}
    read: dict[str, str] = {}
    strangers: list[str] = []
    for row in rows(opinions):
        ident = known_id(row.get("leaf"), leaves)
        if ident is None:
            strangers.append(text_of(row, "leaf")[:40] or "a nameless leaf")
        else:
            read.setdefault(ident, text_of(row, "kind"))
    silent = [ident for ident in leaves if ident not in read]
    facts.append(fact("the second reading names leaves only", not strangers, listed(strangers)))
    facts.append(fact("every leaf was read twice", not silent, f"{listed(silent)} once only"))
    return read


def _settle(ident: str, kind: str, other: str | None, facts: list[Fact]) -> dict[str, Any]:
    if kind not in FIRM_KINDS + WEAK_KINDS:
        facts.append(fact(f"{ident} is of a known kind", False, kind[:40] or "it has none"))
        return {"kind": "unknown"}
    if other is None:
        return {"kind": kind}
    agreed = other == kind
    facts.append(fact(f"both readings agree on {ident}", agreed, f"{kind} or {other[:40]}"))
    return {"kind": kind} if agreed else {"kind": "unknown", "disputed": [kind, other]}


def rebuilt(
    claims: object, leaves: object, question: object = None, sources: object = None
) -> Outcome:
    """Check that each claim of a rebuilt answer rests on listed leaves, and tag what it leans on.

    claims: `{id, text, uses, calculation}`, where `uses` names leaves and other claims. The value
    has `claims` with `leaves`, `tags` (the weak kinds among its leaves), `grounded`, and what is
    `wrong` with its sums; the `unused` leaves; and how many claims are `firm`, `of` how many: they
    rest on definitions, laws and measurements alone, and calculate right.
    """
    bottom = {id_of(row): row for row in rows(leaves)}
    known = {id_of(row): row for row in rows(claims)}
    if not known:
        return Outcome([], {"claims": [], "unused": list(bottom), "firm": 0, "of": 0})
    edges, unknown = read_edges(known, "uses", [*bottom, *known])
    grounding = ground(edges, frozenset(bottom))
    facts = [
        fact("every claim uses listed leaves only", not unknown, listed(unknown)),
        fact("no claim rests on itself", not grounding.circle, " rests on ".join(grounding.circle)),
    ]
    material = [*strings_in(question), *(text_of(row, "text") for row in rows(sources))]
    table: list[dict[str, Any]] = []
    for ident, row in known.items():
        reached = sorted(grounding.leaves.get(ident, frozenset()))
        kinds = {text_of(bottom[leaf], "kind") for leaf in reached}
        facts.append(fact(f"{ident} reaches leaves", bool(reached), "it rests on nothing listed"))
        below = [bottom[leaf] for leaf in reached]
        below += [known[used] for used in dict.fromkeys(edges[ident]) if used in known]
        told = material + [text_of(part, key) for part in below for key in ("text", "calculation")]
        table.append(
            {
                "id": ident,
                "text": text_of(row, "text"),
                "grounded": bool(reached),
                "leaves": reached,
                "tags": [tag for tag in WEAK_KINDS if tag in kinds],
                "wrong": _wrong_sums(row, told, facts),
            }
        )
    used = frozenset[str]().union(*grounding.leaves.values())
    unused = [ident for ident in bottom if ident not in used]
    facts.append(fact("every leaf is used", not unused, f"{listed(unused)} unused"))
    firm = sum(row["grounded"] and not row["tags"] and not row["wrong"] for row in table)
    value = {"claims": table, "unused": unused, "firm": firm, "of": len(table)}
    return Outcome(facts, value)


def _wrong_sums(claim: Row, told: list[str], facts: list[Fact]) -> list[str]:
    """Work out the sums of a claim, whose figures should stand in what it was told."""
    ident, written = id_of(claim), text_of(claim, "calculation")
    said = " ".join(text_of(claim, key) for key in ("text", "rule"))
    found = equations_in(said[:2000])[:_MOST_SUMS]
    if written:
        try:
            found.append(check_equation(written))
        except NotArithmetic as error:
            name = f"the sum {shortened(written)} in {ident} is right"
            facts.append(Fact(name, "not_checkable", str(error)))
    facts += [judged(sum_, f" in {ident}") for sum_ in found]
    figures = numbers_of(told) if found else frozenset[Fraction]()
    for sum_ in found:
        if strange := strange_figures(sum_, figures | {*sum_.sides}):
            detail = f"{listed(strange)} stands in nothing that it uses"
            facts.append(Fact(f"{ident} calculates with what it uses", "not_checkable", detail))
    return [sum_.problem for sum_ in found if not sum_.holds]


def difference(difference: object, assumptions: object, claims: object) -> Outcome:
    """Check that the comparison with the conventional answer settles each of its assumptions.

    difference: `{kept, dropped, new}`: ids of assumptions, `{assumption, why}`, `{claim, why}`.
    Where nothing was compared, nothing passes.
    """
    given = difference if isinstance(difference, Mapping) else {}
    if not given:
        return Outcome([])
    known = [id_of(row) for row in rows(assumptions)]
    built = [id_of(row) for row in rows(claims)]
    strangers: list[str] = []

    def meant(names: list[str], among: list[str]) -> list[str]:
        found = [(name, known_id(name, among)) for name in names]
        strangers.extend(name[:40] or "a nameless one" for name, ident in found if ident is None)
        return [ident for _, ident in found if ident is not None]

    kept = meant(texts(given.get("kept")), known)
    dropped = meant([text_of(row, "assumption") for row in rows(given.get("dropped"))], known)
    meant([text_of(row, "claim") for row in rows(given.get("new"))], built)
    unsettled = [ident for ident in known if ident not in kept + dropped]
    both = [ident for ident in known if ident in kept and ident in dropped]
    facts = [fact("everything compared exists", not strangers, f"there is no {listed(strangers)}")]
    if known:
        left = f"{listed(unsettled)} neither"
        facts.append(fact("every assumption is kept or dropped", not unsettled, left))
        facts.append(fact("no assumption is both", not both, listed(both)))
    return Outcome(facts)
