"""What OpenRouter tells of the providers and models that it tried. Pure."""

from __future__ import annotations

from collections.abc import Iterator


def failed_attempts(metadata: object) -> Iterator[str]:
    """Yield a line for each attempt that failed before a reply came.

    metadata: the reply's `openrouter_metadata`, any part of which may be missing.
    """
    attempts = metadata.get("attempts") if isinstance(metadata, dict) else None
    for attempt in attempts if isinstance(attempts, list) else ():
        status = attempt.get("status") if isinstance(attempt, dict) else None
        if isinstance(status, int) and status >= 400:
            who = attempt.get("model") or "a model"
            where = attempt.get("provider") or "a provider"
            yield f"{who} at {where} answered with status {status}"
