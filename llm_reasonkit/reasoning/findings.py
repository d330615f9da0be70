"""What a later stage is told of an earlier one: what it found, and what of that is in doubt."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from llm_reasonkit.reasoning.checks.outcome import shortened
from llm_reasonkit.reasoning.result import CheckItem

# A check counts what it established; what did not pass is told in words.
_DETAIL_CHARACTERS = 80
_COUNTS = frozenset({"passed", "failed", "not_checkable"})


def told(protocol: str, found: Mapping[str, Any], checks: Iterable[CheckItem]) -> dict[str, Any]:
    """Return what is told of a stage: the values that it hands on, and its checks in doubt.

    What passed is left out, and what is empty inside a value: it would be half of the prompt.
    """
    findings = {name: _filled(_without_counts(value)) for name, value in found.items()}
    return {"protocol": protocol, "findings": findings, "checks": in_doubt(checks)}


def in_doubt(checks: Iterable[CheckItem]) -> dict[str, list[str]]:
    """Return the checks that failed and those that could not be made, a line each."""
    lines: dict[str, list[str]] = {}
    for item in checks:
        if item.status != "passed":
            detail = f": {shortened(item.detail, _DETAIL_CHARACTERS)}" if item.detail else ""
            lines.setdefault(item.status, []).append(item.name + detail)
    return lines


def _without_counts(value: Any) -> Any:  # noqa: ANN401 (a JSON value)
    if not isinstance(value, Mapping):
        return value
    return {key: part for key, part in value.items() if key not in _COUNTS}


def _filled(value: Any) -> Any:  # noqa: ANN401 (a JSON value)
    if isinstance(value, Mapping):
        parts = {key: _filled(part) for key, part in value.items()}
        return {key: part for key, part in parts.items() if part not in (None, "", [], {})}
    return [_filled(part) for part in value] if isinstance(value, list) else value
