"""Make text of models, servers and files safe to show in a terminal.

Such text is hostile until proven otherwise: escape sequences can move the cursor, fill the
clipboard (OSC 52) or disguise links (OSC 8); bidi controls show words in another order than they
are stored. All of that is removed. Joiners (U+200C, U+200D) stay: emoji and several scripts are
written with them.
"""

from __future__ import annotations

import re

# The one-character forms of ESC P, X, [, \, ], ^ and _.
_LONG_FORMS = {chr(ord(final) + 0x40): f"\x1b{final}" for final in "PX[\\]^_"}

# The text of a control string (OSC, DCS, …) ends at the first control character, so that one
# which is never closed cannot swallow the rest of an answer.
_STRING_TEXT = r"[^\x00-\x1f\x7f-\x9f]*+"
_SEQUENCE = re.compile(
    rf"\x1b++(?:\[[0-?]*+[ -/]*+[@-~]?|[\]PX^_]{_STRING_TEXT}(?:\x07|\x1b\\)?|[ -/]*+[0-~]?)"
)
_UNFINISHED = re.compile(
    rf"(?P<csi>\x1b\[)[0-?]*+[ -/]*+\Z"
    rf"|(?P<string>\x1b[\]PX^_]){_STRING_TEXT}\x1b?\Z"
    rf"|(?P<escape>\x1b)[ -/]*+\Z"
    rf"|\r\Z"
)
# Whatever is left of the C0 and C1 controls; bidi controls; what has no width or no meaning
# outside a protocol (zero-width space, invisible operators, lone surrogates, tag characters).
UNSEEN = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f"
    r"\ud800-\udfff\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]++"
)


def sanitize(text: str) -> str:
    """Return the text without anything that a terminal would act on, but newlines and tabs."""
    text = _in_long_form(text).replace("\r\n", "\n").replace("\r", "\n")
    return UNSEEN.sub("", _SEQUENCE.sub("", text))


def one_line(text: str, limit: int | None = None) -> str:
    """Return the text cleaned and on one line, cut off with `…` after `limit` characters."""
    if limit is not None:
        # A reply may be megabytes long; only its beginning can show.
        text = text[: limit * 20]
    line = " ".join(sanitize(text).split())
    return line if limit is None or len(line) <= limit else line[: limit - 1].rstrip() + "…"


class StreamCleaner:
    """Cleans text that arrives in chunks: a sequence split between two of them does not leak."""

    def __init__(self) -> None:
        self._held = ""

    def feed(self, chunk: str) -> str:
        """Return what can be shown so far; an unfinished sequence is held back."""
        text = _in_long_form(self._held + chunk)
        found = _UNFINISHED.search(text, text.rfind("\n") + 1)
        if found is None:
            self._held = ""
            return sanitize(text)
        # How a sequence began and its last character tell all there is to know; kept whole, one
        # that never ends would be searched again with every chunk.
        opening = found[found.lastgroup] if found.lastgroup else ""
        self._held = opening + found[0][len(opening) :][-1:]
        return sanitize(text[: found.start()])

    def close(self) -> str:
        """Return what was held back, once the text has ended."""
        held, self._held = self._held, ""
        return sanitize(held)


def _in_long_form(text: str) -> str:
    for short, long in _LONG_FORMS.items():
        text = text.replace(short, long)
    return text
