"""Reasoning protocols for llm: the public Python API. Names are loaded when they are used."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from llm_reasonkit.api import OpenRouterProvider as OpenRouterProvider
    from llm_reasonkit.api import ReasoningProfile as ReasoningProfile
    from llm_reasonkit.api import ThinkToolOrchestrator as ThinkToolOrchestrator
    from llm_reasonkit.errors import ReasonkitError as ReasonkitError
    from llm_reasonkit.reasoning.result import Result as Result

_HOMES = {
    "OpenRouterProvider": "llm_reasonkit.api",
    "ReasoningProfile": "llm_reasonkit.api",
    "ReasonkitError": "llm_reasonkit.errors",
    "Result": "llm_reasonkit.reasoning.result",
    "ThinkToolOrchestrator": "llm_reasonkit.api",
}

__all__ = [
    "OpenRouterProvider",
    "ReasoningProfile",
    "ReasonkitError",
    "Result",
    "ThinkToolOrchestrator",
]


def __getattr__(name: str) -> Any:  # noqa: ANN401 (whatever the name stands for)
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
