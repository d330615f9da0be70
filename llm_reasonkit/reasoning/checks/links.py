"""A link that nobody gave never passes as one that was: models invent addresses."""

from __future__ import annotations

import re

from llm_reasonkit.reasoning.checks.folding import fold
from llm_reasonkit.reasoning.checks.outcome import Fact, Outcome, shortened
from llm_reasonkit.reasoning.checks.passages import strings_in

_PUNCTUATION = frozenset(".,;:!?'*_~")
_LINK = re.compile(
    r"(?:[a-z][a-z0-9+.-]{1,10}://|www\.)[^\s<>\"\\^`{|}]+"
    r"|\b(?:[a-z0-9-]{1,63}\.){1,5}[a-z]{2,12}/[^\s<>\"\\^`{|}]+"
    r"|\b10\.\d{4,9}/[^\s<>\"\\^`{|}]+",
    re.IGNORECASE,
)
_SCHEME = re.compile(r"^[a-z][a-z0-9+.-]*://(?:www\.)?|^www\.", re.IGNORECASE)
_FILE_ENDING = re.compile(
    r"\.(?:py|js|ts|md|txt|json|ya?ml|html?|css|c|h|rs|go|sh)/", re.IGNORECASE
)


def links(text: object, given: object) -> Outcome:
    """Check that every link and DOI in `text` stands in `given` (any JSON values)."""
    allowed = {_canonical(link) for part in strings_in(given) for link in _links_in(part)}
    facts: list[Fact] = []
    invented: list[str] = []
    seen: set[str] = set()
    for part in strings_in(text):
        for link in _links_in(part):
            canonical = _canonical(link)
            if canonical in seen:
                continue
            seen.add(canonical)
            known = canonical in allowed
            if not known:
                invented.append(link)
            facts.append(
                Fact(
                    "the link was given",
                    "passed" if known else "failed",
                    shortened(link, 120) if known else f"{shortened(link, 120)} was not given",
                )
            )
    return Outcome(facts, {"invented": invented})


def _links_in(text: str) -> list[str]:
    found = []
    for match in _LINK.finditer(fold(text)):
        link = _without_tail(match.group())
        if "://" in link or not _FILE_ENDING.search(link):
            found.append(link)
    return found


def _without_tail(link: str) -> str:
    """Cut the punctuation of the sentence off; a closing bracket stays if the link opens it."""
    while _ends_in_punctuation(link):
        link = link[:-1]
    return link


def _ends_in_punctuation(link: str) -> bool:
    last = link[-1:]
    pair = {")": "(", "]": "["}.get(last)
    return last in _PUNCTUATION or (pair is not None and link.count(last) > link.count(pair))


def _canonical(link: str) -> str:
    bare = _SCHEME.sub("", link).split("#")[0]
    host, slash, path = bare.partition("/")
    doi = re.search(r"10\.\d{4,9}/.+", bare)
    if doi and (host.casefold() in ("doi.org", "dx.doi.org") or bare == doi.group()):
        return "doi:" + doi.group().casefold()
    return (host.casefold() + slash + path).rstrip("/")
