"""What a check hands back, and how it reads what models wrote."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from llm_reasonkit.reasoning.result import CheckStatus

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact: a statement in `name`, whether it holds, and the detail a reader needs."""

    name: str
    status: CheckStatus
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a check established, and what it hands on (JSON values only).

    dissent: what speaks against the answer that was found, or stays disputed, each with why.
    """

    facts: list[Fact]
    value: Mapping[str, Any] = field(default_factory=dict)
    dissent: Sequence[tuple[str, str]] = ()


Check = Callable[..., Outcome]


def fact(name: str, holds: bool, detail: str = "") -> Fact:
    """State that something holds or not; the detail is kept where it does not."""
    return Fact(name, "passed" if holds else "failed", "" if holds else detail)


def rows(value: object) -> list[Row]:
    """Return the objects of a list, and nothing for whatever else was given."""
    return [row for row in value if isinstance(row, Mapping)] if isinstance(value, list) else []


def text_of(row: Row, key: str) -> str:
    """Return the text under a key, trimmed, or an empty string."""
    value = row.get(key)
    return value.strip() if isinstance(value, str) else ""


def id_of(row: Row) -> str:
    """Return the id of a row; code gives ids, so a long one is no id and is cut."""
    return text_of(row, "id")[:40]


def texts(value: object) -> list[str]:
    """Return the texts of a list that are not blank, trimmed."""
    items = value if isinstance(value, list) else []
    return [item.strip() for item in items if isinstance(item, str) and item.strip()]


def name_of(item: object) -> str:
    """Return what an item of a for_each step is called: its `name`, or its words up to a colon."""
    said = item.get("name") if isinstance(item, Mapping) else item
    return str(said or "").split(":", 1)[0].strip()


def known_id(written: object, known: Iterable[str]) -> str | None:
    """Return the id that was meant, or None: case and the marks around an id do not matter."""
    if not isinstance(written, str):
        return None
    bare = written.strip().strip("[](){}<>\"'`.,:;#*").casefold()
    return next((ident for ident in known if ident.casefold() == bare), None)


def shortened(text: str, limit: int = 80) -> str:
    """Return a text on one line and at most `limit` characters long, for a detail."""
    line = " ".join(text[: limit * 4].split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def listed(items: Iterable[str], most: int = 6) -> str:
    """Join items for a detail: the first few, and how many more there are."""
    names = [shortened(item) for item in items]
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
