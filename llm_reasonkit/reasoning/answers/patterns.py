"""Regular expressions that are read as lists."""

from __future__ import annotations

import re


def any_of(*patterns: str) -> re.Pattern[str]:
    """Return what matches where one of the patterns does, in any case, over line ends."""
    return re.compile("|".join(patterns), re.IGNORECASE | re.DOTALL)


_MARKUP = re.compile(r"^(?:[\s*_`#>|]|[-•–](?=\s|$))+|[\s*_`#|]+$")


def unmarked(line: str) -> str:
    """Return a line without the signs of lists, headings and stress; a minus stays."""
    return _MARKUP.sub("", line)


def words_of(text: str) -> str:
    """Return the alternatives for a pattern that are the words of a text."""
    return "|".join(text.split())
