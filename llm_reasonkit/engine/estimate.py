"""What a run will cost, before it is made: by step and model, as likely and at most."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import NamedTuple

from llm_reasonkit.engine.asking import MESSAGE_TOKENS, reasoning_tokens, with_search
from llm_reasonkit.engine.budget import Size
from llm_reasonkit.engine.ports import ModelFacts
from llm_reasonkit.reasoning.limits import NO_LIMITS, Limits, most_tokens_of
from llm_reasonkit.reasoning.plan import SOME, Plan, PlannedStage, role_of_turn
from llm_reasonkit.reasoning.prompting import system_prompt
from llm_reasonkit.reasoning.protocol import Step
from llm_reasonkit.reasoning.result import SCHEMA_VERSION, Record, Usd
from llm_reasonkit.reasoning.schema import Schema, wire_schema
from llm_reasonkit.reasoning.template import Fence, mentioned_names

# Runs from which the usual size of a call can be told.
ENOUGH_RUNS = 5
# Characters to a token in English, as a rule.
_CHARACTERS = 4
# Tokens of what prompts ask for in some 15 words, and of an id or a single word in a list.
_TEXT, _WORD = 20, 4
# Most bytes to a character.
_BYTES = 3
# Items of a list that has no bound.
_ITEMS = 4
_FENCE = Fence("00000000")


@dataclass(frozen=True, slots=True)
class Learnt:
    """What the calls of a step took in earlier runs: medians of calls a run, tokens a call."""

    runs: int
    calls: int
    prompt: int
    reply: int


class StepEstimate(Record):
    """The calls of one step.

    prompt, reply: tokens of one call, reasoning included; usd: of all its calls, None where the
    price is unknown. most_*: the worst case, with each reply for an object asked for twice.
    learnt_from: earlier runs that the likely figures come from, 0 where they are assumed.
    """

    protocol: str
    step: str
    model: str
    calls: int
    prompt: int
    reply: int
    usd: Usd | None
    most_calls: int
    most_prompt: int
    most_reply: int
    most_usd: Usd | None
    learnt_from: int


class Estimate(Record):
    """What a run will take, as likely (the median of runs, as far as known) and at most.

    most_usd: None where the price of a model is unknown. limit, max_calls: USD and calls that the
    run is held to. basis: what the figures rest on.
    """

    schema_version: int = SCHEMA_VERSION
    steps: list[StepEstimate]
    calls: int
    tokens: int
    usd: Usd | None
    most_calls: int
    most_tokens: int
    most_usd: Usd | None
    limit: Usd | None
    max_calls: int | None
    basis: list[str]


@dataclass(frozen=True, slots=True)
class Given:
    """What a run is given, whatever it asks: the question and sources, and the system prompt."""

    question: str
    sources: Sequence[str] = ()
    system: str | None = None


class _Asked(NamedTuple):
    """A step as it is asked: of which model, how often at most, and how often in all; what it
    is given whatever comes before it, and that together with what other stages found."""

    stage: PlannedStage
    name: str
    facts: ModelFacts
    most_calls: int
    all_calls: int
    given: _Size
    around: _Size


@dataclass(frozen=True, slots=True)
class _Size:
    """Tokens: as likely, and at most."""

    likely: int = 0
    most: int = 0

    def __add__(self, other: _Size) -> _Size:
        return _Size(self.likely + other.likely, self.most + other.most)

    def times(self, likely: int, most: int) -> _Size:
        return _Size(self.likely * likely, self.most * most)


def estimate(
    plan: Plan,
    given: Given,
    facts: Callable[[str], ModelFacts],
    learnt: Mapping[tuple[str, str, str], Learnt],
    limits: Limits = NO_LIMITS,
    turns: Mapping[str, int] | None = None,
) -> Estimate:
    """Reckon what a plan will take, without carrying out any of it.

    facts: of the model of a role. learnt: by protocol, step and model; what comes from fewer than
    five runs does not count. turns: how many models take turns at a role, if more than one.
    """
    made: dict[str, dict[str, _Size]] = {}
    steps: list[StepEstimate] = []
    sources: object = given.sources
    pages = _Size()
    bare, full = _around(replace(given, sources=())), _around(given)
    for stage in plan.stages:
        found = [made[key][name] for key in stage.after for name in _targets(plan, key)]
        around = full + pages + sum(found, _Size())
        sizes: dict[str, _Size] = {}
        made[stage.key] = sizes
        for name in stage.protocol.in_order(stage.steps):
            step = stage.protocol.steps[name]
            if step.prompt is None:
                sizes[name] = _of_check(stage, name, sizes)
                continue
            calls = stage.most_calls(name, sources)
            models = min((turns or {}).get(step.role, 1), max(1, calls))
            # A prompt that puts the question itself leaves out what usually stands around it.
            is_bare = "question" in mentioned_names(step.prompt)
            shown = _Size((bare if is_bare else around).likely, around.most)
            sizes[name] = _Size()
            for turn in range(models):
                own = facts(role_of_turn(step.role, turn + 1))
                most_calls = -(-(calls - turn) // models)
                known = bare if is_bare else full
                asked = _Asked(stage, name, own, most_calls, calls, known, shown)
                row, size = _of_step(asked, sizes, learnt)
                sizes[name] += size
                if row.most_calls:
                    steps.append(row)
            if stage.purpose == "sources":
                sources, pages = SOME, pages + _pages(facts(step.role))
                sizes[name] = _Size()
    return Estimate(
        steps=steps,
        calls=sum(row.calls for row in steps),
        tokens=sum(row.calls * (row.prompt + row.reply) for row in steps),
        usd=_total([row.usd for row in steps]),
        most_calls=sum(row.most_calls for row in steps),
        most_tokens=sum(row.most_calls * (row.most_prompt + row.most_reply) for row in steps),
        most_usd=_total([row.most_usd for row in steps]),
        limit=limits.usd,
        max_calls=limits.calls,
        basis=_basis(steps),
    )


def _of_step(
    asked: _Asked,
    sizes: Mapping[str, _Size],
    learnt: Mapping[tuple[str, str, str], Learnt],
) -> tuple[StepEstimate, _Size]:
    """Return the estimate of a prompt step, and the size of what it leaves behind."""
    stage, name, facts, most_calls, all_calls, given, around = asked
    step = stage.protocol.steps[name]
    protocol = stage.protocol.protocol
    known = learnt.get((protocol, name, facts.id))
    own = _of_text(_own_text(step))
    prompt = around + own + _read(stage, name, sizes, calls=all_calls)
    thought = reasoning_tokens(step, facts)
    calls, reply = most_calls, usual_reply(step) + thought // 2
    likely = prompt.likely + facts.attached_tokens // 2
    if known is not None and known.runs >= ENOUGH_RUNS:
        calls, reply = min(known.calls, most_calls), known.reply
        # Earlier runs say nothing of what this one is given.
        likely = max(known.prompt, (given + own).likely)
    else:
        known = None
    most_prompt = prompt.most + MESSAGE_TOKENS + facts.attached_tokens
    most_prompt = min(most_prompt, facts.context_length or most_prompt)
    most_reply = step.max_tokens + thought
    twice = most_calls * (2 if step.output is not None else 1)
    price = facts.price
    if step.web and facts.search is not None:
        price, size = with_search(facts.search, price, Size(most_prompt, most_reply, 0))
        likely, most_prompt = 2 * likely + _pages(facts).likely, size.prompt
    row = StepEstimate(
        protocol=protocol,
        step=name,
        model=facts.id,
        calls=calls,
        prompt=likely,
        reply=reply,
        usd=None if price is None else price.at_most(likely, reply) * calls,
        most_calls=twice,
        most_prompt=most_prompt,
        most_reply=most_reply,
        most_usd=None if price is None else price.at_most(most_prompt, most_reply) * twice,
        learnt_from=known.runs if known else 0,
    )
    left = _Size(max(1, reply - thought // 2), step.max_tokens)
    return row, left.times(calls, most_calls)


def _pages(facts: ModelFacts) -> _Size:
    """What a search of the web finds; likely as long as it may be, in English."""
    most = facts.search.tokens if facts.search else 0
    return _Size(most // _BYTES // _CHARACTERS, most)


def usual_reply(step: Step) -> int:
    """Return how many tokens a reply to a step usually has, reasoning apart.

    Where its file does not say, an object is taken to be as large as its form with lists half
    filled, and a text to take half of its bound.
    """
    if step.usual is not None:
        return step.usual
    if step.output_schema is None:
        return step.max_tokens // 2
    return min(step.max_tokens, _usual_size(step.output_schema))


def _usual_size(schema: Schema) -> int:
    if "properties" in schema:
        return sum(
            len(key) // _CHARACTERS + 3 + _usual_size(part)
            for key, part in schema["properties"].items()
        )
    if schema.get("type") == "array":
        items = schema.get("items", {})
        least, most = int(schema.get("minItems", 0)), int(schema.get("maxItems", 2 * _ITEMS))
        each = _WORD if items.get("type") == "string" else _usual_size(items)
        return -(-(least + most) // 2) * each
    return _TEXT if schema.get("type") == "string" and "enum" not in schema else _WORD


def _targets(plan: Plan, key: str) -> list[str]:
    stage = next(stage for stage in plan.stages if stage.key == key)
    return list(dict.fromkeys(stage.target_steps))


def _around(given: Given) -> _Size:
    """What stands in every prompt, whatever the step."""
    texts = [system_prompt(_FENCE, given.system), given.question, *given.sources]
    return _of_text("\n".join(texts))


def _own_text(step: Step) -> str:
    schema = "" if step.output_schema is None else json.dumps(wire_schema(step.output_schema))
    return f"{step.prompt or ''}{schema}"


def _of_text(text: str) -> _Size:
    return _Size(len(text) // _CHARACTERS, most_tokens_of(text))


def _read(stage: PlannedStage, name: str, sizes: Mapping[str, _Size], *, calls: int = 1) -> _Size:
    """What a step reads of the steps before it; of a list it goes through, likely one item."""
    step = stage.protocol.steps[name]
    shown = mentioned_names(step.prompt) if step.prompt else step.reads
    total = _Size()
    for other in stage.protocol.dependencies(name):
        size = sizes.get(other, _Size())
        total += size if other in shown else _Size(size.likely // max(1, calls), size.most)
    return total


def _of_check(stage: PlannedStage, name: str, sizes: Mapping[str, _Size]) -> _Size:
    """What a check hands on: likely the largest thing it was given, at most all of it."""
    given = [sizes.get(other, _Size()) for other in stage.protocol.dependencies(name)]
    largest = max((size.likely for size in given), default=0)
    usual = stage.protocol.steps[name].usual
    return _Size(largest if usual is None else usual, sum(size.most for size in given))


def _total(sums: Sequence[Decimal | None]) -> Decimal | None:
    known = [usd for usd in sums if usd is not None]
    return sum(known, Decimal(0)) if len(known) == len(sums) else None


def _basis(steps: Sequence[StepEstimate]) -> list[str]:
    told = sum(row.learnt_from > 0 for row in steps)
    basis = [
        "at most: each step runs, lists and replies are of full length, objects are asked for twice"
    ]
    if told:
        basis.append(
            f"likely: medians of your own runs for {told} of {len(steps)} steps, no prompt shorter "
            "than what this run is given"
        )
    if told < len(steps):
        basis.append(
            f"likely{' for the others' if told else ''}: assumed that all steps run, none asked "
            f"twice, with replies as long as their protocol says or, where it does not, lists half "
            f"filled, {_TEXT} tokens to a text in them and other replies half of their bound; "
            f"{_CHARACTERS} characters to a token"
        )
    if any(row.usd is None for row in steps):
        names = sorted({row.model for row in steps if row.usd is None})
        basis.append(f"nobody knows the price of {', '.join(names)}")
    return basis
