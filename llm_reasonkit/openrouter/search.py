"""Searching the web: what OpenRouter is asked for, what that takes at most, what it returns. Pure.

https://openrouter.ai/docs/guides/features/server-tools/web-search
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

_RESULTS = 5
_CHARACTERS = 3000  # of each result
# UTF-8 takes three bytes for what JavaScript counts as a character.
MOST_TOKENS = _RESULTS * _CHARACTERS * 3
# USD. A search was billed at $0.005 to $0.007 in 2026, and at $0.02 before.
MOST_FEE = Decimal("0.02")


def search_tool() -> dict[str, Any]:
    """Return the tool that lets a model search once.

    Exa returns passages of the pages as they stand there, whatever the model: what quotes have to
    be checked against.
    """
    parameters = {
        "engine": "exa",
        "max_uses": 1,
        "max_results": _RESULTS,
        "max_total_results": _RESULTS,
        "max_characters": _CHARACTERS,
    }
    return {"type": "openrouter:web_search", "parameters": parameters}


def pages_in(annotations: Iterable[object]) -> list[dict[str, str]]:
    """Return the pages that annotations of a reply cite, each `{name, text}` once; name is its URL.

    A page of which the reply brings no text is left out: nothing could be checked against it.
    """
    pages: dict[str, list[str]] = {}
    for annotation in annotations:
        cited = annotation.get("url_citation") if isinstance(annotation, Mapping) else None
        if not isinstance(cited, Mapping):
            continue
        url, title, text = (cited.get(key) for key in ("url", "title", "content"))
        if not (isinstance(url, str) and isinstance(text, str) and text.strip()):
            continue
        parts = pages.setdefault(url, [title] if isinstance(title, str) and title else [])
        if text not in parts:
            parts.append(text)
    return [{"name": url, "text": "\n\n".join(parts)} for url, parts in pages.items()]
