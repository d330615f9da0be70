"""The class that users of the Python API make; each command is a method."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import fields, replace
from decimal import Decimal, InvalidOperation
from functools import partial
from pathlib import Path
from typing import Any

import llm

from llm_reasonkit.api import benching, comparing, panels, resuming, thinking
from llm_reasonkit.api.benching import Contest, Told
from llm_reasonkit.api.panels import PanelQuestion
from llm_reasonkit.api.questions import Question
from llm_reasonkit.api.resuming import Anew, Replayed
from llm_reasonkit.api.running import Setup, Unwatched, run_now
from llm_reasonkit.engine.estimate import Estimate
from llm_reasonkit.engine.ports import Observer
from llm_reasonkit.errors import Interrupted, UsageError
from llm_reasonkit.models.player import AnyModel
from llm_reasonkit.models.roster import OpenRouterProvider
from llm_reasonkit.reasoning.bench import BenchReport
from llm_reasonkit.reasoning.names import nearest
from llm_reasonkit.reasoning.result import Result
from llm_reasonkit.store.history import LAST


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
        question = _question(query, profile, protocol)
        watched = observer or Unwatched()
        return _interruptible(partial(thinking.think, self._setup, question, watched))

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

    def consensus(
        self,
        query: str | PanelQuestion,
        *,
        observer: Observer | None = None,
        **how: Any,  # noqa: ANN401 (checked by PanelQuestion)
    ) -> Result:
        """Ask several models the same question and count their votes.

        how: fields of PanelQuestion, such as `models=[…]`, `threshold=0.8`, `answer="number"`. The
        result's `agreement`, `votes` and `dissent` say how the answer came about; its status is
        `done`, `no_consensus` or `tie`. Raises what `think` raises.
        """
        asked, watched = _asked("consensus", query, how), observer or Unwatched()
        return _interruptible(partial(panels.consensus, self._setup, asked, watched))

    async def consensus_async(
        self,
        query: str | PanelQuestion,
        *,
        observer: Observer | None = None,
        **how: Any,  # noqa: ANN401 (as above)
    ) -> Result:
        """Do what `consensus` does, without blocking the event loop."""
        asked, watched = _asked("consensus", query, how), observer or Unwatched()
        return await panels.consensus(self._setup, asked, watched, [])

    def compare(
        self,
        query: str | PanelQuestion,
        *,
        profile: str | None = None,
        protocol: str | None = None,
        observer: Observer | None = None,
        **how: Any,  # noqa: ANN401 (checked by PanelQuestion)
    ) -> Result:
        """Ask several models the same question; the result's `members` have the answers.

        profile, protocol: let each model think with it, in a run of its own. how: fields of
        PanelQuestion, such as `models=[…]`, and `judge` for one that ranks the answers; without it
        the result has no answer. Raises what `think` raises.
        """
        return _interruptible(partial(self._compared, query, how, profile, protocol, observer))

    async def compare_async(
        self,
        query: str | PanelQuestion,
        *,
        profile: str | None = None,
        protocol: str | None = None,
        observer: Observer | None = None,
        **how: Any,  # noqa: ANN401 (as above)
    ) -> Result:
        """Do what `compare` does, without blocking the event loop."""
        return await self._compared(query, how, profile, protocol, observer, [])

    def _compared(
        self,
        query: str | PanelQuestion,
        how: Mapping[str, Any],
        profile: str | None,
        protocol: str | None,
        observer: Observer | None,
        ended: list[Result],
    ) -> Coroutine[Any, Any, Result]:
        asked = _asked("compare", query, how, "profile", "protocol")
        question = None
        if profile or protocol:
            question = Question(
                asked.text,
                profile=profile,
                protocol=protocol,
                system=asked.system,
                sources=asked.sources,
                attachments=asked.attachments,
                options=asked.options,
                budget=asked.budget,
                stream=asked.stream,
            )
        watched = observer or Unwatched()
        return comparing.compare(self._setup, asked, question, watched, ended)

    def resume(
        self,
        run: str = LAST,
        *,
        from_step: str | None = None,
        budget: str | None = None,
        max_calls: int | None = None,
        roles: Mapping[str, str] | None = None,
        stream: bool = True,
        observer: Observer | None = None,
    ) -> Result:
        """Go on with a run of the log that broke off, and return its result.

        Replies that are in the log are not asked for again; the record of the run goes on, and what
        it took before counts. The orchestrator's model and key, and the budget, max_calls and roles
        that are given, hold for what is still asked; without them the run's own do. A consensus or
        comparison goes on with its own models and rules: it takes no from_step, max_calls or roles.

        run: its id, the beginning of it, its short id, or `last`. from_step: the id of a step to
        ask again, together with what depends on it, by the protocol files as they are now; this
        makes a run of its own, which has the first one as its parent, and leaves that as it is.
        Raises UsageError where there is no such run or nothing of it is missing, and else what
        `think` raises.
        """
        anew = Anew(from_step, budget, max_calls, roles or {}, stream)
        watched = observer or Unwatched()
        return _interruptible(partial(resuming.resume, self._setup, self._log, run, anew, watched))

    async def resume_async(
        self,
        run: str = LAST,
        *,
        from_step: str | None = None,
        budget: str | None = None,
        max_calls: int | None = None,
        roles: Mapping[str, str] | None = None,
        stream: bool = True,
        observer: Observer | None = None,
    ) -> Result:
        """Do what `resume` does, without blocking the event loop."""
        anew = Anew(from_step, budget, max_calls, roles or {}, stream)
        watched = observer or Unwatched()
        return await resuming.resume(self._setup, self._log, run, anew, watched, [])

    def replay(self, run: str = LAST, *, observer: Observer | None = None) -> Replayed:
        """Repeat a run of the log from its trace: offline, without a key, and without its models.

        The result has the ids of the recorded one, and is equal to it but for times (`started`,
        `duration_ms`) unless llm-reasonkit has changed; what came out differently is listed.
        Nothing is recorded. Raises UsageError where there is no such run or it broke off.
        """
        return run_now(resuming.replay(self._log, run, observer or Unwatched()))

    def bench(
        self, questions: Path, contest: Contest, *, told: Told = lambda over, runs: None
    ) -> BenchReport:
        """Put the questions of a JSONL file to models, their panel, protocols and profiles.

        told: gets how many runs of how many are over. Nothing is recorded. Raises UsageError for
        mistakes in the file, and what `consensus` and `think` raise.
        """
        known = benching.read_questions(questions)
        return run_now(benching.bench(self._setup, known, contest, told))

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

    @property
    def _log(self) -> Path:
        return self._setup.log or llm.user_dir() / "logs.db"


def _interruptible(work: Callable[[list[Result]], Coroutine[Any, Any, Result]]) -> Result:
    """Run to the end; Ctrl-C raises Interrupted with what there is by then in the list given."""
    ended: list[Result] = []
    try:
        return run_now(work(ended))
    except KeyboardInterrupt as stop:
        raise Interrupted(ended[0] if ended else None) from stop


def _question(query: str | Question, profile: str | None, protocol: str | None) -> Question:
    question = query if isinstance(query, Question) else Question(query)
    if profile is None and protocol is None:
        return question
    return replace(question, profile=profile, protocol=protocol)


def _asked(
    method: str, query: str | PanelQuestion, how: Mapping[str, Any], *more: str
) -> PanelQuestion:
    """Return what a panel is asked. more: other keywords of the method.

    Raises TypeError for a keyword that nobody knows, as Python does.
    """
    known = {each.name for each in fields(PanelQuestion)} - {"text"}
    if strange := sorted(how.keys() - known):
        meant = nearest(strange[0], {*known, *more})
        raise TypeError(f"{method}() got an unexpected keyword argument {strange[0]!r}{meant}")
    given = dict(how)
    if (threshold := given.get("threshold")) is not None:
        # A share typed as 0.8 is meant, not the binary number next to it.
        try:
            given["threshold"] = Decimal(str(threshold))
        except InvalidOperation:
            raise UsageError(f"threshold {threshold!r}: give a share such as 0.8") from None
    if isinstance(query, PanelQuestion):
        return replace(query, **given)
    return PanelQuestion(query, **given)
