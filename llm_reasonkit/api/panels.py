"""Many models at once: the members are found and checked before the first call."""

from __future__ import annotations

import os
import secrets
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, get_args

import llm
from llm.utils import monotonic_ulid

from llm_reasonkit.api.questions import Source, limits_of
from llm_reasonkit.api.running import Setup, SystemClock, Untraced, with_warning
from llm_reasonkit.config import Settings, load_settings
from llm_reasonkit.engine.asking import Asker
from llm_reasonkit.engine.budget import Budget
from llm_reasonkit.engine.comparison import Comparison
from llm_reasonkit.engine.consensus import JUDGE, Consensus
from llm_reasonkit.engine.ending import carry_out
from llm_reasonkit.engine.ledger import Ledger
from llm_reasonkit.engine.open_question import OpenQuestion
from llm_reasonkit.engine.panel import Course, Seat, Stop
from llm_reasonkit.engine.ports import Caller, Observer, RunStart
from llm_reasonkit.errors import StoreError, UsageError
from llm_reasonkit.models.caller import LlmCaller
from llm_reasonkit.models.player import Player
from llm_reasonkit.models.roster import Roster
from llm_reasonkit.reasoning.answers import AnswerForm, Kind, form_of
from llm_reasonkit.reasoning.calibration import Pattern, confidence_in, is_worked_out
from llm_reasonkit.reasoning.families import distinct, family_of
from llm_reasonkit.reasoning.limits import Limits
from llm_reasonkit.reasoning.names import nearest
from llm_reasonkit.reasoning.reliability import learn, weights_of
from llm_reasonkit.reasoning.result import Confidence, Result
from llm_reasonkit.reasoning.template import Fence
from llm_reasonkit.reasoning.voting import Rule, Verdict
from llm_reasonkit.store.log import LogTrace
from llm_reasonkit.store.marks import PanelRun, panel_runs

DEFAULT_THRESHOLD = Decimal("0.8")

# How the ids of panels begin that are registered as models.
_PANELS = "consensus/"

# Most tokens of a reply, reasoning apart: the work and a short answer, or prose.
_ANSWER_TOKENS = 2_000
_PROSE_TOKENS = 4_000

Panel = Consensus | Comparison | OpenQuestion


@dataclass(frozen=True, slots=True)
class PanelQuestion:
    """What a panel is asked, by whom, and how its votes count.

    models: ids or aliases of any llm models. panel: name of one of the configuration, which gives
    what is not given here. threshold: share of the members that must agree, else 0.8.
    answer: kind of answer, None to find it in the question; choices: its options. waves: how many
    are asked together, in order (2, 1: two, then one on a split); those who agree are then counted
    among those asked. stop: when the rest is not asked any more. samples: replies of each model.
    judge: a model that tells whether two answers mean the same. rounds: 1 lets the members see the
    other side's reasons, once, on a split. The others are as in `Question`.
    """

    text: str
    models: Sequence[str] = ()
    panel: str | None = None
    threshold: Decimal | None = None
    answer: Kind | None = None
    choices: Sequence[str] = ()
    waves: Sequence[int] = ()
    stop: Stop = "never"
    samples: int = 1
    judge: str | None = None
    rounds: int = 0
    system: str | None = None
    sources: Sequence[Source] = ()
    attachments: Sequence[llm.Attachment] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    budget: str | None = None
    stream: bool = True


@dataclass(frozen=True, slots=True)
class Cast:
    """The members of a panel, and the models by role. warnings: what the user should know."""

    seats: Sequence[Seat]
    players: Mapping[str, Player]
    limits: Limits
    warnings: Sequence[str]


async def consensus(
    setup: Setup, asked: PanelQuestion, observer: Observer, ended: list[Result]
) -> Result:
    """Ask a panel of two at least, and leave the result in `ended` also when it is cancelled."""
    return await vote(setup, asked, observer, ended, least=2)


async def vote(
    setup: Setup, asked: PanelQuestion, observer: Observer, ended: list[Result], least: int = 1
) -> Result:
    """Do what `consensus` does with `least` members or more."""
    asked = complete(asked, load_settings(setup.config))
    threshold = DEFAULT_THRESHOLD if asked.threshold is None else asked.threshold
    _require_sense(asked, threshold)
    past = _past(setup)
    async with cast_panel(setup, asked, each_once=True) as cast:
        if len(cast.seats) < least:
            raise UsageError(
                "a consensus takes two votes: name more models with -m, or --samples 3"
            )
        form = form_of(asked.text, asked.answer, asked.choices)
        if form.is_open and (asked.waves or asked.rounds or asked.stop != "never"):
            raise UsageError(
                "this is an open question, whose answers are not voted on: leave out --ask, --stop "
                "and --rounds, or say what is to be compared with --answer"
            )
        course = Course(
            seats=cast.seats,
            form=form,
            rule=_rule(asked, threshold, cast.seats, past),
            stop="accepted" if asked.waves else asked.stop,
            waves=asked.waves,
            max_tokens=_PROSE_TOKENS if form.is_open else _ANSWER_TOKENS,
        )

        def panel(asker: Asker, ledger: Ledger, caller: Caller) -> Panel:
            sources, judge = numbered(asked.sources), asked.judge is not None
            if form.is_open:
                return OpenQuestion(course, asker, ledger, caller, sources=sources, judge=judge)
            return Consensus(
                course,
                asker,
                ledger,
                caller,
                confident=lambda verdict: _confidence(verdict, form, past),
                sources=sources,
                judge=judge,
                rounds=asked.rounds,
            )

        return await perform(setup, asked, cast, "consensus", panel, observer, ended)


def _past(setup: Setup) -> list[PanelRun]:
    """How panels of the user's voted before; a log that cannot be read has nothing to teach."""
    with suppress(StoreError):
        return panel_runs(setup.log or llm.user_dir() / "logs.db")
    return []


def _rule(
    asked: PanelQuestion, threshold: Decimal, seats: Sequence[Seat], past: Sequence[PanelRun]
) -> Rule:
    """Say how votes are counted, by what is known of how reliable the members are."""
    known = learn([run.votes for run in past])
    members = [seat.member for seat in seats]
    return Rule(
        threshold,
        of="asked" if asked.waves else "members",
        weights=weights_of(members, known),
        strength={name: known[name].right for name in members if name in known},
    )


def _confidence(verdict: Verdict, form: AnswerForm, past: Sequence[PanelRun]) -> Confidence:
    """Say what a verdict is worth: by the user's marks, else by public recordings."""
    if verdict.winner is None:
        return Confidence(basis="no answer leads")
    pattern = Pattern(
        kind=form.kind,
        worked_out=is_worked_out(form),
        leading=verdict.leading,
        members=verdict.members,
        families=verdict.families,
    )
    return confidence_in(pattern, [run.mark for run in past if run.mark is not None])


def complete(asked: PanelQuestion, settings: Settings) -> PanelQuestion:
    """Add what the named panel of the configuration says. Raises UsageError."""
    if asked.panel is None:
        return asked
    panel = settings.panels.get(asked.panel)
    if panel is None:
        known = nearest(asked.panel, frozenset(settings.panels))
        raise UsageError(
            f"there is no panel {asked.panel!r} in the configuration{known}; "
            f"write it as [panels.{asked.panel}] with models = [...]"
        )
    return replace(
        asked,
        models=[*asked.models, *panel.models],
        threshold=panel.threshold if asked.threshold is None else asked.threshold,
        judge=asked.judge or panel.judge,
    )


def _require_sense(asked: PanelQuestion, threshold: Decimal) -> None:
    """Raise UsageError for a question that no panel could decide."""
    if not (threshold.is_finite() and 0 < threshold <= 1):
        raise UsageError(f"--threshold {threshold}: give a share above 0 and up to 1")
    if asked.answer not in (None, *get_args(Kind)):
        raise UsageError(f"--answer {asked.answer}: give one of {', '.join(get_args(Kind))}")
    if asked.stop not in get_args(Stop):
        raise UsageError(f"--stop {asked.stop}: give one of {', '.join(get_args(Stop))}")
    if asked.waves and asked.stop != "never":
        raise UsageError("--ask says itself when to stop; leave --stop out")
    if asked.stop == "likely" and len(asked.models) > 1:
        raise UsageError("--stop likely is for --samples of one model: models are not alike")
    seats = len(asked.models) * asked.samples
    if sum(asked.waves) > seats:
        plan = "+".join(map(str, asked.waves))
        raise UsageError(f"--ask {plan} takes {sum(asked.waves)} members, and there are {seats}")


@asynccontextmanager
async def cast_panel(
    setup: Setup, asked: PanelQuestion, *, each_once: bool = False
) -> AsyncIterator[Cast]:
    """Find the members' models, and the judge's. Raises what `Roster.cast` raises.

    each_once: ids of one model are one member.
    """
    if not asked.text.strip():
        raise UsageError("the question is empty")
    typed = limits_of(asked.budget)
    settings = load_settings(setup.config)
    async with Roster(settings, os.environ, None) as roster:
        members: list[Player] = []
        for name in asked.models:
            members.append(await _player(roster, setup, asked, name, members))
        if each_once:
            members = _each_once(members, roster.warnings)
        players = {f"member {number}": each for number, each in enumerate(members, 1)}
        if asked.judge is not None:
            players[JUDGE] = await _player(roster, setup, asked, asked.judge, members)
        limits = typed
        if typed.usd is None:
            limits = replace(typed, usd=settings.openrouter.max_cost_per_request)
        held = typed.usd is not None
        players = {role: each.within(limits, typed=held) for role, each in players.items()}
        yield Cast(_seats(members, asked.samples), players, limits, roster.warnings)


async def _player(
    roster: Roster, setup: Setup, asked: PanelQuestion, name: str, before: Sequence[Player]
) -> Player:
    """Find a model; a key that was given is for the first one's provider and no other."""
    if before:
        player = await roster.cast_instead(before[0], name, key=setup.key, options=asked.options)
    else:
        player = await roster.cast(name, key=setup.key, options=asked.options)
    if player.id.startswith(_PANELS):
        # It might have itself as a member, and so on without end.
        raise UsageError(f"{player.id} is a panel, and no member of one: name its models")
    player.require_attachments(asked.attachments)
    return player


def _each_once(players: Sequence[Player], warnings: list[str]) -> list[Player]:
    """Keep one of the ids that are one model: what another provider serves is no other opinion."""
    kept = []
    for first, *others in distinct(player.id for player in players):
        kept.append(next(player for player in players if player.id == first))
        warnings += [f"{other} is the same model as {first}: one member" for other in others]
    return kept


def _seats(members: Sequence[Player], samples: int) -> list[Seat]:
    return [
        Seat(
            member=player.id if samples == 1 else f"{player.id}#{sample}",
            role=f"member {number}",
            family=family_of(player.id),
        )
        for number, player in enumerate(members, 1)
        for sample in range(1, samples + 1)
    ]


def numbered(sources: Sequence[Source]) -> list[dict[str, Any]]:
    """Give sources the ids under which prompts name them."""
    return [
        {"id": f"S{number}", "name": source.name, "text": source.text}
        for number, source in enumerate(sources, 1)
    ]


async def perform(
    setup: Setup,
    asked: PanelQuestion,
    cast: Cast,
    command: str,
    made: Callable[[Asker, Ledger, Caller], Panel],
    observer: Observer,
    ended: list[Result],
) -> Result:
    """Carry out the work of a panel, which `made` makes, and record it."""
    run_id = str(monotonic_ulid()).lower()
    trace = LogTrace(setup.log) if setup.log else None
    start = RunStart(
        run_id=run_id,
        command=command,
        question=asked.text,
        started=datetime.now(UTC),
        trace_id=run_id if trace else None,
        settings=_settings_of(asked, cast),
    )
    ledger = Ledger(start, trace or Untraced(), observer, SystemClock())
    for warning in cast.warnings:
        ledger.warn(warning)
    caller = LlmCaller(cast.players, run_id, attachments=asked.attachments, stream=asked.stream)
    fence = Fence(secrets.token_hex(4))
    # A member answers as it would answer anybody: it is told of no protocol.
    system = "\n\n".join(part for part in (asked.system, fence.notice) if part)
    asker = Asker(ledger, caller, Budget(cast.limits), fence, answer="members", system=system)
    try:
        panel = made(asker, ledger, caller)
        await carry_out(panel.work, ledger, caller, cast.limits.seconds, panel.so_far)
    finally:
        if trace:
            trace.close()
        if ledger.result:
            ended.append(with_warning(ledger.result, trace.warning if trace else None))
    return ended[0]


def _settings_of(asked: PanelQuestion, cast: Cast) -> dict[str, Any]:
    """What a reader of the log needs to know of how the run was made."""
    return {
        "models": [seat.member for seat in cast.seats],
        "panel": asked.panel,
        "threshold": str(asked.threshold or DEFAULT_THRESHOLD),
        "answer": asked.answer,
        "choices": list(asked.choices),
        "ask": "+".join(map(str, asked.waves)) or None,
        "stop": asked.stop,
        "rounds": asked.rounds,
        "judge": asked.judge,
        "options": {name: str(value) for name, value in asked.options.items()},
        "budget": asked.budget,
        "system": asked.system,
        "sources": [source.name for source in asked.sources],
        "attachments": len(asked.attachments),
    }
