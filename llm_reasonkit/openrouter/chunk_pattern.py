"""Reads the text of a chunk without decoding its JSON, where it is like an earlier one. Pure."""

from __future__ import annotations

import json
from typing import Any

# A pattern that fits none of the next chunks is replaced so often, not for ever.
_TRIES = 3


class ChunkPattern:
    """What the chunks of a reply have in common that do nothing but add a piece of text.

    They differ in that piece alone. Cutting it out between the two parts that stay the same takes
    a tenth of the time of decoding the chunk, which is most of the work there is with a reply.
    """

    def __init__(self) -> None:
        self._before = ""
        self._after = ""
        self._unfit = 0

    def text_of(self, data: str) -> str | None:
        """Return the text that a chunk adds; None where only decoding the chunk can tell."""
        if not (self._before and data.startswith(self._before) and data.endswith(self._after)):
            return None
        text = data[len(self._before) : -len(self._after)]
        # Any other text may stand for something else than itself, or not be in one piece.
        if not text.isprintable() or '"' in text or "\\" in text:
            return None
        self._unfit = 0
        return text or None

    def learn(self, data: str, chunk: object) -> None:
        """Take over the pattern of a chunk, given as JSON and decoded, if it has one."""
        text = _text_alone(chunk)
        if not text or self._unfit == _TRIES:
            return
        before, found, after = data.partition(f'"{text}"')
        # The same words may stand elsewhere in the chunk.
        if found and _text_alone(_decoded(f'{before}"{text}?"{after}')) == f"{text}?":
            self._before, self._after = f'{before}"', f'"{after}'
            self._unfit += 1


def _text_alone(chunk: Any) -> str | None:  # noqa: ANN401 (any JSON value)
    """Return the text of a chunk that has no reasoning, no tool calls and so on."""
    try:
        message = chunk["choices"][0]["delta"]
        text = message["content"]
        others = any(value for name, value in message.items() if name not in ("role", "content"))
    except (TypeError, LookupError, AttributeError):
        return None
    return text if isinstance(text, str) and not others else None


def _decoded(data: str) -> object:
    try:
        return json.loads(data)
    except ValueError:
        return None
