"""Checks of GigaThink: how many ideas came, which are the same, and where each belongs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

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
from llm_reasonkit.reasoning.checks.similarity import COMPARED_TEXTS, duplicates


def ideas(
    lenses: object, gaps: object = None, asked: object = None, least: object = None
) -> Outcome:
    """Gather the ideas of all lenses, count them, and show which say the same.

    lenses: the value of a for_each step, each with `ideas`. gaps: an object with more `ideas`.
    asked: the lenses that were asked. least: how many distinct ideas there should be.
    The value has `ideas` (repeated ones keep their place and name their first in `same_as`) and
    `distinct`, the number of the others.
    """
    gathered, empty = _gather(lenses, gaps)
    pairs = duplicates([f"{row['title']}. {row['claim']}" for row in gathered])
    for first, later in pairs:
        gathered[later]["same_as"] = gathered[first].get("same_as", gathered[first]["id"])
    distinct = len(gathered) - len(pairs)
    facts = _answered(lenses, asked)
    if empty:
        facts.append(fact("every idea says something", False, listed(empty)))
    if len(gathered) > 1:
        same = [f"{gathered[b]['id']} repeats {gathered[a]['id']}" for a, b in pairs]
        facts.append(fact("the ideas are distinct", not same, listed(same)))
    if len(gathered) > COMPARED_TEXTS:
        rest = f"only the first {COMPARED_TEXTS} were compared"
        facts.append(Fact("all ideas were compared", "not_checkable", rest))
    if isinstance(least, int):
        holds = distinct >= least
        facts.append(fact(f"at least {least} distinct ideas", holds, f"there are {distinct}"))
    return Outcome(facts, {"ideas": gathered, "distinct": distinct})


def _gather(lenses: object, gaps: object) -> tuple[list[dict[str, Any]], list[str]]:
    gathered: list[dict[str, Any]] = []
    empty: list[str] = []
    groups: list[tuple[object, Row]] = [(row.get("item"), row) for row in rows(lenses)]
    if isinstance(gaps, Mapping):
        groups.append(("what the others left out", gaps))
    for lens, group in groups:
        for row in rows(group.get("ideas")):
            if not (text_of(row, "title") or text_of(row, "claim")):
                empty.append(f"{text_of(row, 'id') or 'one'} is empty")
                continue
            idea = {"id": id_of(row) or f"i{len(gathered) + 1}", "lens": _name(lens)}
            said = {"title": text_of(row, "title"), "claim": text_of(row, "claim")}
            gathered.append({**row, **idea, **said})
    return gathered, empty


def _name(lens: object) -> str:
    """The lens as its author named it: the words before the colon."""
    text = str(lens.get("name", "")) if isinstance(lens, Mapping) else str(lens or "")
    return text.split(":", 1)[0].strip()


def _answered(lenses: object, asked: object) -> list[Fact]:
    if not isinstance(asked, list) or not asked:
        return []
    answered = [row.get("item") for row in rows(lenses) if rows(row.get("ideas"))]
    silent = [_name(lens) for lens in asked if lens not in answered]
    return [fact("every lens answered", not silent, f"nothing came from {listed(silent)}")]


def themes(
    themes: object, ideas: object, tensions: object = None, wildcards: object = None
) -> Outcome:
    """Check that themes, tensions and wildcards name ideas there are, and leave none out.

    The value has them without the ids that do not exist, and `unplaced`: the ideas in no theme.
    """
    known = {} if themes is None else {id_of(row): row for row in rows(ideas)}
    unknown: list[str] = []

    def keep(written: object) -> list[str]:
        meant = [(name, known_id(name, known)) for name in texts(written)]
        unknown.extend(name[:40] for name, ident in meant if ident is None)
        return list(dict.fromkeys(ident for _, ident in meant if ident is not None))

    kept = [
        {"name": text_of(row, "name"), "idea_ids": keep(row.get("idea_ids"))}
        for row in rows(themes)
    ]
    pairs = [
        (keep([text_of(row, "a") or "?", text_of(row, "b") or "?"]), row) for row in rows(tensions)
    ]
    kept_wildcards = keep(wildcards)
    unplaced = _unplaced(known, {ident for theme in kept for ident in theme["idea_ids"]})
    hollow = [str(theme["name"]) or "a nameless one" for theme in kept if not theme["idea_ids"]]
    facts = []
    if known:
        facts.append(fact("every idea is in a theme", not unplaced, f"{listed(unplaced)} in none"))
        facts.append(fact("every idea named exists", not unknown, f"there is no {listed(unknown)}"))
    if kept:
        facts.append(fact("every theme holds an idea", not hollow, listed(hollow)))
    alone = [
        ends[0]
        for ends, row in pairs
        if len(ends) == 1 and known_id(row.get("a"), known) == known_id(row.get("b"), known)
    ]
    if alone:
        detail = f"{listed(alone)} with itself"
        facts.append(fact("a tension is between two ideas", False, detail))
    value = {
        "themes": [theme for theme in kept if theme["idea_ids"]],
        "tensions": [
            {"a": ends[0], "b": ends[1], "why": text_of(row, "why")}
            for ends, row in pairs
            if len(ends) == 2
        ],
        "wildcards": kept_wildcards,
        "unplaced": unplaced,
    }
    return Outcome(facts, value)


def _unplaced(known: Mapping[str, Row], placed: set[str]) -> list[str]:
    """An idea is placed with those that say the same."""
    first = {ident: text_of(row, "same_as") or ident for ident, row in known.items()}
    covered = {first.get(ident, ident) for ident in placed}
    return [ident for ident in known if first[ident] not in covered]
