"""Which local models llm knows, and which of them a run takes; a look into one folder."""

from __future__ import annotations

from collections.abc import Callable

from llm_reasonkit.local.model import LocalAsyncModel, LocalModel
from llm_reasonkit.local.weights import PREFIX, Weights, installed

__all__ = ["PREFIX", "default_model_id", "register", "tiny_model_id"]


def register(register: Callable[..., None]) -> None:
    """Register every installed model with llm: a look into one folder, which never fails."""
    for weights in installed():
        register(LocalModel(weights), LocalAsyncModel(weights))


def default_model_id() -> str | None:
    """Return the id of the model installed last, the tiny one aside; None where there is none."""
    able = [weights for weights in installed() if not weights.tiny]
    return max(able, key=_installed_at).model_id if able else None


def tiny_model_id() -> str | None:
    """Return the id of the tiny model, or None where it is not installed."""
    return next((weights.model_id for weights in installed() if weights.tiny), None)


def _installed_at(weights: Weights) -> float:
    # A hard link keeps the file's own time of change; its link count changed when it came.
    return weights.path.stat().st_ctime
