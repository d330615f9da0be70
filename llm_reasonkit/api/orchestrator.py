"""The class that users of the Python API make; each command is a method."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import llm

from llm_reasonkit.api import thinking
from llm_reasonkit.api.questions import Question
from llm_reasonkit.api.running import Setup, Unwatched, run_now
from llm_reasonkit.engine.estimate import Estimate
from llm_reasonkit.engine.ports import Observer
from llm_reasonkit.errors import Interrupted
from llm_reasonkit.models.player import AnyModel
from llm_reasonkit.models.roster import OpenRouterProvider
from llm_reasonkit.reasoning.result import Result


class ThinkToolOrchestrator:
    """Runs protocols and profiles on a model.

    provider: an OpenRouterProvider, the id or alias of any llm model, an llm model object, or None
        for the configured default. key: for that model, else llm's own ways of finding one.
    log: where runs are recorded: True for llm's own logs.db, a path, or False for nowhere.
    config: a configuration file that wins over the user's own.
    """

    def __init__(
        self,
        provider: OpenRouterProvider | AnyModel | str | None = None,
        *,
        key: str | None = None,
        log: bool | Path = False,
        config: Path | None = None,
    ) -> None:
        kept = llm.user_dir() / "logs.db" if log is True else (log or None)
        self._setup = Setup(provider, key, kept, config)

    def think(
        self,
        query: str | Question,
        *,
        profile: str | None = None,
        protocol: str | None = None,
        observer: Observer | None = None,
    ) -> Result:
        """Reason about a question and return the result; works inside a running event loop too.

        Raises UsageError before the first call where something asked for does not exist, has no
        key or is mistaken, and Interrupted (a KeyboardInterrupt) with what there is on Ctrl-C.
        A run that ends without an answer is returned, with its status.
        """
        ended: list[Result] = []
        question = _question(query, profile, protocol)
        try:
            return run_now(thinking.think(self._setup, question, observer or Unwatched(), ended))
        except KeyboardInterrupt as stop:
            raise Interrupted(ended[0] if ended else None) from stop

    async def think_async(
        self,
        query: str | Question,
        *,
        profile: str | None = None,
        protocol: str | None = None,
        observer: Observer | None = None,
    ) -> Result:
        """Do what `think` does, without blocking the event loop."""
        question = _question(query, profile, protocol)
        return await thinking.think(self._setup, question, observer or Unwatched(), [])

    def estimate(
        self,
        query: str | Question,
        *,
        profile: str | None = None,
        protocol: str | None = None,
        history: Path | None = None,
    ) -> Estimate:
        """Reckon what `think` would take, without asking any model.

        history: the log whose runs tell how long calls usually are; llm's own if it is not given.
        Raises UsageError as `think` does.
        """
        question = _question(query, profile, protocol)
        return run_now(thinking.foresee(self._setup, question, history))


def _question(query: str | Question, profile: str | None, protocol: str | None) -> Question:
    question = query if isinstance(query, Question) else Question(query)
    if profile is None and protocol is None:
        return question
    return replace(question, profile=profile, protocol=protocol)
