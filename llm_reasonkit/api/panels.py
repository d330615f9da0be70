"""Many models at once: the members are found and checked before the first call."""

from __future__ import annotations

import json
import os
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, get_args

import llm
from llm.utils import monotonic_ulid

from llm_reasonkit.api.performing import perform
from llm_reasonkit.api.questions import Source, limits_of, numbered
from llm_reasonkit.api.recipes import as_json
from llm_reasonkit.api.running import Setup
from llm_reasonkit.config import Settings, load_settings
from llm_reasonkit.engine.course import JUDGE, Course, Seat, Stop
from llm_reasonkit.engine.ports import Caller, Observer, Recipe, RunStart
from llm_reasonkit.errors import StoreError, UsageError
from llm_reasonkit.models.caller import LlmCaller
from llm_reasonkit.models.player import Player, validated_options
from llm_reasonkit.models.roster import Roster
from llm_reasonkit.reasoning.answers import AnswerForm, Kind, form_of
from llm_reasonkit.reasoning.families import distinct, family_of
from llm_reasonkit.reasoning.limits import Limits
from llm_reasonkit.reasoning.names import nearest
from llm_reasonkit.reasoning.reliability import learn, weights_of
from llm_reasonkit.reasoning.result import Result
from llm_reasonkit.reasoning.schema import SchemaError, compile_schema
from llm_reasonkit.reasoning.template import Fence
from llm_reasonkit.reasoning.voting import Rule
from llm_reasonkit.store.marks import PanelRun, panel_runs

DEFAULT_THRESHOLD = Decimal("0.8")

# How the ids of panels begin that are registered as models.
_PANELS = "consensus/"

# Most tokens of a reply, reasoning apart: the work and a short answer, or prose.
_ANSWER_TOKENS = 2_000
_PROSE_TOKENS = 4_000


@dataclass(frozen=True, slots=True)
class PanelQuestion:
    """What a panel is asked, by whom, and how its votes count.

    models: ids or aliases of any llm models. panel: name of one of the configuration, which gives
    what is not given here. threshold: share of the members that must agree, else 0.8.
    answer: kind of answer, None to find it in the question; choices: its options.
    schema: a JSON Schema that answers fit; they are compared field by field. waves: how many
    are asked together, in order (2, 1: two, then one on a split, and no more); those who agree are
    then counted among those asked. stop: when the rest is not asked any more. samples: replies of
    each model.
    judge: a model that tells whether two answers mean the same. rounds: 1 lets the members see the
    other side's reasons, once, on a split. min_confidence: the least share that is wanted, kept for
    who goes on with the run. The others are as in `Question`.
    """

    text: str
    models: Sequence[str] = ()
    panel: str | None = None
    threshold: Decimal | None = None
    answer: Kind | None = None
    choices: Sequence[str] = ()
    schema: Mapping[str, Any] | None = None
    waves: Sequence[int] = ()
    stop: Stop = "never"
    samples: int = 1
    judge: str | None = None
    rounds: int = 0
    min_confidence: float | None = None
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
            few = "a consensus takes two votes: name more models with -m, or --samples 3"
            raise UsageError("; ".join([*cast.warnings, few]))
        form = form_asked_for(asked)
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
            rounds=asked.rounds,
            max_tokens=_PROSE_TOKENS if form.is_open else _ANSWER_TOKENS,
            marks=list(Counter(run.mark for run in past if run.mark is not None).items()),
        )
        start, recipe, caller = begin(setup, asked, cast, "consensus", course)
        return await perform(start, recipe, caller, setup.log, observer, ended)


def form_asked_for(asked: PanelQuestion) -> AnswerForm:
    """Say what the answers look like. Raises UsageError for a schema that is none."""
    if asked.schema is None:
        return form_of(asked.text, asked.answer, asked.choices)
    try:
        return AnswerForm("json", schema=json.dumps(compile_schema(asked.schema)))
    except SchemaError as error:
        raise UsageError(f"--schema: {error}") from error


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
    if asked.answer == "json" and asked.schema is None:
        raise UsageError("--answer json needs a --schema")
    if asked.schema is not None and (asked.choices or asked.answer not in (None, "json")):
        raise UsageError("--schema says what answers look like; leave --answer and --choices out")
    if wrong := mistake_in_choices(asked.choices, asked.answer):
        raise UsageError(f"--choices {','.join(asked.choices)}: {wrong}")
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


def mistake_in_choices(choices: Sequence[str], kind: Kind | None) -> str | None:
    """Say what is wrong with options that are given, if anything is."""
    if len(choices) == 1:
        return "one option is no choice; give two at least, as in A,B"
    if choices and kind not in (None, "choice"):
        return f"nobody chooses an answer of the kind {kind}; leave one of the two out"
    return None


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
            # What only some of them know would make members unlike.
            validated_options(members[-1].model, asked.options)
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


def begin(
    setup: Setup, asked: PanelQuestion, cast: Cast, command: str, course: Course
) -> tuple[RunStart, Recipe, Caller]:
    """Return what is known of a panel's run before its first call, and its models."""
    run_id = str(monotonic_ulid()).lower()
    caller = caller_of(asked, cast, run_id)
    names = {role: player.id for role, player in cast.players.items()}
    judge = names.pop(JUDGE, None)
    recipe = Recipe(
        plan=course,
        fence=Fence(secrets.token_hex(4)),
        sources=numbered(asked.sources),
        system=asked.system,
        limits=cast.limits,
        facts={role: caller.facts(role) for role in cast.players},
        request=as_json(asked, models=list(names.values()), judge=judge),
        warnings=cast.warnings,
    )
    start = RunStart(
        run_id=run_id,
        command=command,
        question=asked.text,
        started=datetime.now(UTC),
        trace_id=run_id if setup.log else None,
        settings=_settings_of(asked, cast),
    )
    return start, recipe, caller


def caller_of(asked: PanelQuestion, cast: Cast, run_id: str) -> Caller:
    """Return the models of a panel, to be asked in the thread of llm's log with its run's id."""
    return LlmCaller(cast.players, run_id, attachments=asked.attachments, stream=asked.stream)


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
