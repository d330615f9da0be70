"""Checks: facts that code establishes about what models wrote.

A check is a pure function of the values that its step's `with` names. It returns an `Outcome`:
one item per fact, and a `value` that later steps may read beside the counts
(`passed`, `failed`, `not_checkable`). A status that a model claimed for itself is never used.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from llm_reasonkit.reasoning.result import CheckStatus


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact: what was looked at, how it came out, and the detail a reader needs."""

    name: str
    status: CheckStatus
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a check established, and what it hands on (JSON values only)."""

    facts: list[Fact]
    value: Mapping[str, Any] = field(default_factory=dict)


Check = Callable[..., Outcome]

CHECKS: dict[str, Check] = {}
