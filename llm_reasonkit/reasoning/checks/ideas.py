"""Checks of GigaThink: how many ideas came, which are the same, and where each belongs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import count
from typing import Any

from llm_reasonkit.reasoning.checks.folding import words
from llm_reasonkit.reasoning.checks.outcome import (
    Fact,
    Outcome,
    Row,
    fact,
    id_of,
    known_id,
    listed,
    name_of,
    rows,
    text_of,
    texts,
)
from llm_reasonkit.reasoning.checks.similarity import COMPARED_TEXTS, duplicates

_GAP_LENS = "what the others left out"


def ideas(
    lenses: object,
    gaps: object = None,
    more_gaps: object = None,
    asked: object = None,
    each: object = None,
    least: object = None,
) -> Outcome:
    """Gather the ideas of all lenses, count them, and show which say the same.

    lenses: the value of a for_each step, each with `ideas`. gaps, more_gaps: objects with more
    `ideas`. asked: the lenses that were asked, each for `each` ideas. least: how many distinct
    ideas there should be. The value has `ideas` (repeated ones keep their place and name their
    first in `same_as`) and `distinct`, the number of the others.
    """
    gathered, empty = _gather(lenses, [gaps, more_gaps])
    pairs = duplicates([_said(row) for row in gathered])
    for first, later in pairs:
        gathered[later]["same_as"] = gathered[first].get("same_as", gathered[first]["id"])
    distinct = len(gathered) - len(pairs)
    facts = _answered(lenses, asked, each)
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


def novelty(ideas: object, known: object) -> Outcome:
    """Tell which ideas say what none of those known says.

    The value has their claims as `new`; it is empty where a further call would be wasted.
    """
    earlier = [_said(row) for row in rows(known)]
    found = rows(ideas)
    repeated = {later - len(earlier) for _, later in duplicates([*earlier, *map(_said, found)])}
    new = [row for n, row in enumerate(found) if n not in repeated and _says_something(row)]
    return Outcome([], {"new": [_said(row) for row in new]})


def _said(row: Row) -> str:
    return text_of(row, "claim") or text_of(row, "title")


def _says_something(row: Row) -> bool:
    return bool(words(_said(row)))


def _gather(lenses: object, gaps: Sequence[object]) -> tuple[list[dict[str, Any]], list[str]]:
    gathered: dict[str, dict[str, Any]] = {}
    empty: list[str] = []
    groups: list[tuple[object, Row]] = [(row.get("item"), row) for row in rows(lenses)]
    groups += [(_GAP_LENS, group) for group in gaps if isinstance(group, Mapping)]
    for lens, group in groups:
        for row in rows(group.get("ideas")):
            if not _says_something(row):
                empty.append(f"{text_of(row, 'id') or 'one'} is empty")
                continue
            # Calls number their ideas without knowing of each other.
            free = (ident for n in count(1) if (ident := f"i{n}") not in gathered)
            ident = id_of(row) if id_of(row) not in (*gathered, "") else next(free)
            said = {"title": text_of(row, "title"), "claim": text_of(row, "claim")}
            gathered[ident] = {**row, "id": ident, "lens": name_of(lens), **said}
    return list(gathered.values()), empty


def _answered(lenses: object, asked: object, each: object) -> list[Fact]:
    if not isinstance(asked, list) or not asked:
        return []
    gave = [(row.get("item"), len(rows(row.get("ideas")))) for row in rows(lenses)]
    silent = [name_of(lens) for lens in asked if lens not in [item for item, n in gave if n]]
    facts = [fact("every lens answered", not silent, f"nothing came from {listed(silent)}")]
    if isinstance(each, int):
        short = [f"{name_of(item)} gave {n} of {each}" for item, n in gave if 0 < n < each]
        facts.append(fact("every lens gave the ideas it was asked for", not short, listed(short)))
    return facts


def themes(
    themes: object,
    ideas: object,
    tensions: object = None,
    wildcards: object = None,
    repeats: object = None,
) -> Outcome:
    """Check that themes, tensions and wildcards name ideas there are, and leave none out.

    repeats: pairs that a model takes for the same in words that have nothing in common; its
    opinion, and shown as that. The value has all of them without the ids that do not exist, and
    `unplaced`: the ideas in no theme.
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
    pairs = [(keep(_ends(row)), row) for row in rows(tensions)]
    same = [ends for row in rows(repeats) if len(ends := keep(_ends(row))) == 2]
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
    if same:
        detail = f"a model says {listed(f'{later} repeats {first}' for first, later in same)}"
        facts.append(Fact("no idea repeats another in other words", "not_checkable", detail))
    between = [(*ends, text_of(row, "why")) for ends, row in pairs if len(ends) == 2]
    value = {
        "themes": [theme for theme in kept if theme["idea_ids"]],
        "tensions": [{"a": a, "b": b, "why": why} for a, b, why in between],
        "wildcards": kept_wildcards,
        "repeats": [{"a": first, "b": later} for first, later in same],
        "unplaced": unplaced,
    }
    titles = {ident: f"“{text_of(row, 'title')}”" for ident, row in known.items()}
    against = [(f"{titles[a]} against {titles[b]}", why) for a, b, why in between]
    return Outcome(facts, value, against)


def _ends(row: Row) -> list[str]:
    return [text_of(row, "a") or "?", text_of(row, "b") or "?"]


def _unplaced(known: Mapping[str, Row], placed: set[str]) -> list[str]:
    """An idea is placed with those that say the same."""
    first = {ident: text_of(row, "same_as") or ident for ident, row in known.items()}
    covered = {first.get(ident, ident) for ident in placed}
    return [ident for ident in known if first[ident] not in covered]
