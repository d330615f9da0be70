"""Dates, whole or in part, in the ways in which they are written."""

from __future__ import annotations

import re
from calendar import month_name
from datetime import datetime

from llm_reasonkit.reasoning.checks.figure_words import MONTHS
from llm_reasonkit.reasoning.checks.folding import words

_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
_LOOKS_LIKE_A_DATE = re.compile(
    rf"(?:\d{{4}}[-/.]\d{{1,2}}(?:[-/.]\d{{1,2}})?|\d{{1,2}}[-/.]\d{{1,2}}[-/.]\d{{2,4}}"
    rf"|.*\b{_MONTH}\.?\b.*\d.*|.*\d.*\b{_MONTH}\.?\b.*)(?:[T ,].*)?",
    re.I,
)
_CJK = re.compile(r"(\d{4})\s*[年년]\s*(?:(\d{1,2})\s*[月월]\s*(?:(\d{1,2})\s*[日일号])?)?")
_TIME = re.compile(r"(\d{1,2})(?:[:.]([0-5]\d))?\s*(?:([ap])\.?\s?m\b\.?)?", re.I)
_OF_AN_ERA = re.compile(r"(\d{1,4})\s*(B\.?C|A\.?D|C\.?E)\.?(?:E\.?)?", re.I)
_NUMERIC = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{2,4})")
_WORD = re.compile(r"[^\W\d_]+")
_FILLERS = re.compile(
    r"\b(?:the|of|on|de|del|den|le|el|il|der|am|г)\b\.?|(?<=\d)(?:st|nd|rd|th)\b", re.I
)
# Two dates that share no field: a field that follows the default was not written.
_DEFAULTS = (datetime(2001, 1, 11, 1, 21), datetime(2003, 2, 12, 2, 22))


def read_date(text: str, *, day_first: bool | None = None) -> str | None:
    """Return a date in ISO form, `1969-07-20`, as far as it was given (`1969-07`, `--07-20`).

    A time of day but midnight is kept (`1969-07-20T20:17`); 44 BC is `-0044`. `03/04/2024` is a
    date only where the order of day and month is known. None for what is no date.
    """
    bare = " ".join(text.strip(" \t\n*_`\"'.,;“”").split())
    if len(bare) > 60:
        return None
    cjk = _CJK.fullmatch(bare)
    if cjk:
        return "-".join([cjk[1], *(part.zfill(2) for part in cjk.groups()[1:] if part)])
    if ancient := _OF_AN_ERA.fullmatch(bare):
        return f"{'-' * (ancient[2][0] in 'Bb')}{int(ancient[1]):04}"
    bare = _WORD.sub(lambda word: _in_english(word[0]), bare)
    bare = " ".join(_FILLERS.sub(" ", bare).split())
    if not _LOOKS_LIKE_A_DATE.fullmatch(bare):
        return None
    numeric = _NUMERIC.match(bare)
    if numeric and day_first is None:
        first, second = int(numeric[1]), int(numeric[2])
        if first <= 12 and second <= 12 and first != second:
            return None
    return _iso(bare, bool(day_first and numeric))


def read_time(text: str) -> str | None:
    """Return a time of day in 24 hours, `15:30`; None where `3:30` might be either half's."""
    found = _TIME.fullmatch(text.strip(" \t\n*_`\"'.,;"))
    if found is None or int(found[1]) > (12 if found[3] else 23):
        return None
    hour, half = int(found[1]), (found[3] or "").lower()
    if half:
        hour = hour % 12 + 12 * (half == "p")
    elif hour <= 12 and not found[1].startswith("0"):
        return None
    return f"{hour:02}:{found[2] or '00'}" if half or found[2] else None


def is_numeric_date(text: str) -> bool:
    """Tell whether a text is a date in digits, in whatever order day and month stand."""
    return _NUMERIC.fullmatch(text.strip()) is not None


def _in_english(word: str) -> str:
    number = MONTHS.get("".join(words(word)))
    return month_name[number] if number else word


def _iso(text: str, day_first: bool) -> str | None:
    # Imported where it is used: most answers are no dates.
    from dateutil.parser import ParserError, parse

    try:
        one, other = (parse(text, dayfirst=day_first, default=day) for day in _DEFAULTS)
    except (ParserError, OverflowError, ValueError):
        return None
    fields = ("year", "month", "day")
    known = {name for name in fields if getattr(one, name) == getattr(other, name)}
    if one.hour == other.hour and (one.hour or one.minute):
        return one.isoformat(timespec="minutes")
    if known == {"month", "day"}:
        return f"--{one.month:02}-{one.day:02}"
    shape = {1: f"{one.year:04}", 2: f"{one.year:04}-{one.month:02}"}
    return shape.get(len(known), f"{one.year:04}-{one.month:02}-{one.day:02}")
