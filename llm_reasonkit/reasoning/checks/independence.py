"""Whether sources are several: from different sites, and none a copy of another."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from itertools import combinations
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from llm_reasonkit.reasoning.checks.folding import words
from llm_reasonkit.reasoning.checks.outcome import Fact, Row, fact, id_of, listed, text_of

if TYPE_CHECKING:
    from publicsuffixlist import PublicSuffixList

Runs = frozenset[tuple[str, ...]]

# Runs of words in common: Broder et al. 1997, Syntactic clustering of the web.
_RUN = 5
_COPY_FROM = 0.5
_READ_WORDS = 20_000
_COMPARED_SOURCES = 60
# Two writers may well say the same in fewer words.
_REPEATED_WORDS = 8


def site_of(name: str) -> str | None:
    """Return the registrable domain of a source that is an address (`bbc.co.uk`), else None."""
    try:
        host = urlsplit(name).hostname if "://" in name else None
    except ValueError:
        return None
    if not host or ":" in host or host.rstrip(".").rpartition(".")[2].isdigit():
        return host or None  # an address in numbers
    return _suffixes().privatesuffix(host) or host


@lru_cache(maxsize=1)
def _suffixes() -> PublicSuffixList:
    from publicsuffixlist import PublicSuffixList

    return PublicSuffixList()


class Origins:
    """Where sources come from: those of one site, or copied from each other, are one origin."""

    def __init__(self, sources: Iterable[Row]) -> None:
        given = list(sources)
        rows = given[:_COMPARED_SOURCES]
        self._compared_all = len(rows) == len(given)
        self._origin = {id_of(row): id_of(row) for row in rows}
        self._sites = {id_of(row): site_of(text_of(row, "name")) for row in rows}
        runs = {id_of(row): _runs(words(text_of(row, "text"))) for row in rows}
        self._copies: list[str] = []
        self._neighbours: list[str] = []
        for one, other in combinations(self._origin, 2):
            site = self._sites[one]
            if _overlap(runs[one], runs[other]):
                self._copies.append(f"{one} and {other}")
                self._join(one, other)
            if site is not None and site == self._sites[other]:
                self._neighbours.append(f"{one} and {other} ({site})")
                self._join(one, other)

    def _join(self, one: str, other: str) -> None:
        first, second = self._origin[one], self._origin[other]
        self._origin |= {i: first for i, origin in self._origin.items() if origin == second}

    def facts(self) -> list[Fact]:
        """State what is known of the sources' independence; nothing where there is one only."""
        found = []
        if len(self._origin) > 1:
            found.append(fact("no source copies another", not self._copies, listed(self._copies)))
        if sum(site is not None for site in self._sites.values()) > 1:
            near = self._neighbours
            found.append(fact("the sources are from different sites", not near, listed(near)))
        if not self._compared_all:
            detail = f"only the first {_COMPARED_SOURCES} were compared"
            found.append(Fact("all sources were compared", "not_checkable", detail))
        return found

    def independent(self, quotes: Iterable[Row]) -> int:
        """Count the independent sources among quotes (`{source, quote}`): one origin counts once,
        and so does a sentence that several repeat."""
        kept: list[tuple[str, list[str]]] = []
        for quote in quotes:
            source, said = text_of(quote, "source"), words(text_of(quote, "quote"))
            origin = self._origin.get(source, source)
            if not any(origin == other or _repeats(said, text) for other, text in kept):
                kept.append((origin, said))
        return len(kept)


def _runs(found: list[str]) -> Runs:
    read = found[:_READ_WORDS]
    last = max(1, len(read) - _RUN + 1)
    return frozenset(tuple(read[n : n + _RUN]) for n in range(last)) if read else frozenset()


def _overlap(one: Runs, other: Runs) -> bool:
    smaller = min(len(one), len(other))
    return bool(smaller) and len(one & other) / smaller >= _COPY_FROM


def _repeats(one: list[str], other: list[str]) -> bool:
    long_enough = min(len(one), len(other)) >= _REPEATED_WORDS
    return long_enough and _overlap(_runs(one), _runs(other))
