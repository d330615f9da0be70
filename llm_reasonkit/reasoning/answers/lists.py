"""Lists as they are written, split into their parts."""

from __future__ import annotations

import re

from llm_reasonkit.reasoning.answers.latex import plain
from llm_reasonkit.reasoning.answers.literals import literal_value

FRAMES = {"{": "}", "[": "]", "(": ")"}
_BULLET = re.compile(r"^\s*(?:[-*•–]|\d{1,3}[.)])\s+", re.M)
_ARROW = re.compile(r"\s*(?:→|⟶|->)\s*|\s+[<>]\s+")
_AND = re.compile(r"\s+(?:and|or)\s+")


def split_list(text: str) -> tuple[str, list[str]]:
    """Split a list at its separators, outside of brackets: how it is framed, and its parts."""
    bare = plain(text).strip().rstrip(".").strip("`")
    literal = _literal(bare)
    if literal is not None:
        return literal
    frame = ","
    if bare[:1] in FRAMES and bare.endswith(FRAMES[bare[0]]) and _closes_at_end(bare):
        frame, bare = bare[0] + bare[-1], bare[1:-1]
    if _BULLET.search(bare):
        numbered = bool(re.match(r"\s*\d", bare))
        parts = [line for line in _BULLET.sub("\n", bare).splitlines() if line.strip()]
        return ("[]" if numbered and frame == "," else frame), [part.strip() for part in parts]
    if len(steps := _ARROW.split(bare)) > 1:
        return "[]", steps
    separator = ";" if ";" in bare else "\n" if "\n" in bare else ","
    parts = _split_outside_brackets(bare, separator)
    if separator == ",":
        parts = [*parts[:-1], *_split_at_and(parts[-1], alone=len(parts) == 1)]
    return frame, [part.strip() for part in parts if part.strip()]


def _split_at_and(last: str, *, alone: bool) -> list[str]:
    """Split the end of a list: `bread and butter` is two, `, and bread and butter` is one."""
    joined = _AND.match(last)
    return [last[joined.end() :]] if joined and not alone else _AND.split(last)


def _literal(text: str) -> tuple[str, list[str]] | None:
    """Read a list, tuple or set of Python or JSON."""
    if text[:1] not in FRAMES or not re.search(r"[\"']", text):
        return None
    try:
        value = literal_value(text)
    except ValueError:
        return None
    if not isinstance(value, list | tuple | set):
        return None
    frame = "[]" if isinstance(value, list) else "()" if isinstance(value, tuple) else "{}"
    return frame, [part if isinstance(part, str) else repr(part) for part in value]


def _closes_at_end(text: str) -> bool:
    depth = 0
    for place, character in enumerate(text):
        depth += (character in "([{") - (character in ")]}")
        if depth == 0:
            return place == len(text) - 1
    return False


def _split_outside_brackets(text: str, separator: str) -> list[str]:
    parts, depth, start = [], 0, 0
    for place, character in enumerate(text):
        depth += (character in "([{") - (character in ")]}")
        between_digits = (
            separator == ","
            and re.match(r"\d", text[place - 1 : place] or " ")
            and re.match(r"\d{3}(?!\d)", text[place + 1 :])
            and not re.match(r".*,\s", text)
        )
        if character == separator and depth <= 0 and not between_digits:
            parts.append(text[start:place])
            start = place + 1
    return [*parts, text[start:]]
