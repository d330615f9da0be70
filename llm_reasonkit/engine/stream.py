"""Show an answer while it is being written, as it will read in the end."""

from __future__ import annotations

import re
from collections.abc import Callable

from llm_reasonkit.reasoning.checks.links import without_others

_LAST_WORD = re.compile(r"\s+\S*\Z")


class AnswerStream:
    """Takes a text as it arrives and shows it.

    links: those that may stand in it; None allows any. With them a word is held back until its end
    is there, as half a link cannot be told from a word.
    """

    def __init__(self, show: Callable[[str], None], links: set[str] | None) -> None:
        self._show = show
        self._links = links
        self._held = ""
        self._shown = ""

    def __call__(self, text: str) -> None:
        """Take the next piece."""
        if self._links is None:
            self._show(text)
            return
        held = self._held + text if self._shown else (self._held + text).lstrip()
        last = _LAST_WORD.search(held)
        self._let_through(held, last.start() if last else 0)

    def end(self) -> None:
        """Show what was held back."""
        held = self._held.rstrip()
        self._let_through(held, len(held))

    def _let_through(self, held: str, end: int) -> None:
        self._held = held[end:]
        if end and self._links is not None:
            ready = without_others(held[:end], self._links)
            self._shown += ready
            self._show(ready)

    def rest_of(self, answer: str) -> str:
        """Return what has not been shown of the answer."""
        return "" if self._links is None else answer.removeprefix(self._shown)
