"""A link that nobody gave never passes as one that was: models invent addresses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from llm_reasonkit.reasoning.checks.folding import Folded, fold
from llm_reasonkit.reasoning.checks.outcome import Fact, Outcome, shortened
from llm_reasonkit.reasoning.checks.passages import strings_in

_PUNCTUATION = frozenset(".,;:!?'*_~")
_LINK = re.compile(
    r"(?:[a-z][a-z0-9+.-]{1,10}://|www\.)[^\s<>\"\\^`{|}]+"
    r"|\b(?:[a-z0-9-]{1,63}\.){1,5}[a-z]{2,12}/[^\s<>\"\\^`{|}]+"
    r"|\b10\.\d{4,9}/[^\s<>\"\\^`{|}]+"
    # what a Markdown link leads to, however it is written
    r"|(?<=\]\()[^\s()<>]+\.[^\s()<>]+",
    re.IGNORECASE,
)
_SCHEME = re.compile(r"^[a-z][a-z0-9+.-]*://(?:www\.)?|^www\.", re.IGNORECASE)
_FILE_ENDING = re.compile(
    r"\.(?:py|js|ts|md|txt|json|ya?ml|html?|css|c|h|rs|go|sh)/", re.IGNORECASE
)
_REMOVED = "[a link that nobody gave]"


def links(text: object, given: object, lead: object = None) -> Outcome:
    """Check that every link and DOI in `text` stands in `given` (any JSON values).

    The value has those `invented` and, where `text` is one text, a `text` without them, behind
    `lead` if there is one: what code has to say first.
    """
    allowed = links_in(given)
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
    value: dict[str, Any] = {"invented": invented}
    if isinstance(text, str):
        clean = without_others(text, allowed) if invented else text
        value["text"] = f"{lead}\n\n{clean}" if isinstance(lead, str) and lead else clean
    return Outcome(facts, value)


def links_in(given: object) -> set[str]:
    """Return the links of some JSON values, in the form in which they are compared."""
    return {_canonical(link) for part in strings_in(given) for link in _links_in(part)}


def without_others(text: str, allowed: set[str]) -> str:
    """Put a note in the place of each link that is not allowed; the rest stays as it is."""
    folded = Folded(text)
    parts, copied = [], 0
    for start, end in _spans_of_links(folded.text):
        if _canonical(folded.text[start:end]) not in allowed:
            first, last = folded.span_in_original(start, end)
            parts += [text[copied:first], _REMOVED]
            copied = last
    return "".join([*parts, text[copied:]])


def _links_in(text: str) -> list[str]:
    folded = fold(text)
    return [folded[start:end] for start, end in _spans_of_links(folded)]


def _spans_of_links(text: str) -> Iterator[tuple[int, int]]:
    for match in _LINK.finditer(text):
        link = _without_tail(match.group())
        if "://" in link or not _FILE_ENDING.search(link):
            yield match.start(), match.start() + len(link)


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
