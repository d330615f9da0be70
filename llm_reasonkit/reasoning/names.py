"""Unknown names, and the known ones they may have meant."""

from __future__ import annotations

from collections.abc import Collection
from difflib import get_close_matches


def unknown(kind: str, name: str, known: Collection[str]) -> str:
    """Return `unknown step 'verdit'`, with the nearest one there is."""
    return f"unknown {kind} {name!r}{nearest(name, known)}"


def nearest(name: str, known: Collection[str]) -> str:
    """Return `; did you mean 'x'?`, or what there is, or nothing when nothing is near."""
    matches = get_close_matches(name, list(known), n=1, cutoff=0.6)
    if matches:
        return f"; did you mean {matches[0]!r}?"
    return f"; there is {', '.join(sorted(known))}" if 0 < len(known) <= 12 else ""
