"""The public Python API; the command line calls nothing else.

    orchestrator = ThinkToolOrchestrator(provider="openrouter/anthropic/claude-sonnet-4")
    result = orchestrator.think(query="Should we use microservices?")

Nothing here prints, keeps state between calls or needs the command line.
"""

from __future__ import annotations

from llm_reasonkit.api.benching import Contest
from llm_reasonkit.api.orchestrator import ThinkToolOrchestrator
from llm_reasonkit.api.panels import PanelQuestion
from llm_reasonkit.api.questions import Question, ReasoningProfile, Source, library, plan_of
from llm_reasonkit.api.recipes import Earlier, earlier
from llm_reasonkit.api.resuming import Replayed
from llm_reasonkit.models.roster import OpenRouterProvider

__all__ = [
    "Contest",
    "Earlier",
    "OpenRouterProvider",
    "PanelQuestion",
    "Question",
    "ReasoningProfile",
    "Replayed",
    "Source",
    "ThinkToolOrchestrator",
    "earlier",
    "library",
    "plan_of",
]
