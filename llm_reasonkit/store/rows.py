"""Turns runs, steps and checks into rows of our tables, and back into the same objects."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from functools import cache
from typing import Any

from pydantic import TypeAdapter

from llm_reasonkit.engine.ports import Recipe, Recorded, Reply, RunStart
from llm_reasonkit.reasoning.result import (
    CheckItem,
    Confidence,
    Cost,
    Result,
    StepResult,
    Tokens,
    count_checks,
    count_models,
    total_cost,
    total_tokens,
)

Row = dict[str, Any]

UNFINISHED = "this run has not ended; shown is what it recorded"
GOES_ON = "it is still going on"
_DIED = "it died; go on with it: llm reasonkit resume {}"

_PICO = Decimal("1e-12")
_TITLE_LENGTH = 60
# Fields kept as they are, in a column of the same name.
_RUN_FIELDS = (
    "command",
    "protocol",
    "profile",
    "question",
    "status",
    "answer",
    "answer_kind",
    "model_used",
    "duration_ms",
    "trace_id",
    "parent_run",
)
_STEP_FIELDS = (
    "id",
    "name",
    "kind",
    "role",
    "attempt",
    "model",
    "model_served",
    "provider",
    "status",
    "error",
    "duration_ms",
    "turn_id",
)
_REPLY_COLUMNS = ("reply", "finish_reason", "first_token_ms", "taken_from")
_COST_COLUMNS = ("cost", "cost_source", "cost_unknown_calls", "cost_saved")


def to_pico(usd: Decimal) -> int:
    """Convert USD to whole units of 1e-12 USD, half to even."""
    return int(usd.quantize(_PICO, rounding=ROUND_HALF_EVEN).scaleb(12))


def from_pico(units: int) -> Decimal:
    """Convert units of 1e-12 USD to USD, exactly and without trailing zeros."""
    return Decimal(units).scaleb(-12).normalize()


def title_of(question: str) -> str:
    """Shorten a question to one line of at most 60 characters."""
    line = " ".join(question.split())
    return line if len(line) <= _TITLE_LENGTH else line[: _TITLE_LENGTH - 1] + "…"


def start_row(run: RunStart, short_id: str, process: str | None) -> Row:
    """Give the row of a run that `process` has just begun."""
    return storable(
        id=run.run_id,
        short_id=short_id,
        title=title_of(run.question),
        command=run.command,
        protocol=run.protocol,
        profile=run.profile,
        question=run.question,
        started=to_utc(run.started),
        trace_id=run.trace_id,
        settings=_json(dict(run.settings)),
        parent_run=run.parent_run,
        process=process,
    )


def resumed_row(run: RunStart, process: str | None) -> Row:
    """Give what changes in the row of a run that `process` goes on with."""
    return {
        **dict.fromkeys(("status", "answer", "answer_kind")),
        "duration_ms": round(run.elapsed * 1000),
        "settings": _json(dict(run.settings)),
        "process": process,
        "resumed": to_utc(datetime.now(UTC)),
    }


def recipe_row(run_id: str, recipe: Recipe) -> Row:
    """Give the row of what a run's result depends on."""
    found = _recipes().dump_python(recipe, mode="json", by_alias=True)
    return storable(run_id=run_id, recipe=_json(found))


def read_recipe(row: Row) -> Recipe:
    """Rebuild what a run's result depends on."""
    return _recipes().validate_python(json.loads(row["recipe"]))


@cache
def _recipes() -> TypeAdapter[Recipe]:
    return TypeAdapter(Recipe)


def end_row(result: Result) -> Row:
    """Give what the end of a run adds to its row."""
    confidence = result.confidence
    low, high = confidence.interval or (None, None)
    return storable(
        **{name: getattr(result, name) for name in _RUN_FIELDS},
        **usage(result.tokens, result.cost),
        confidence=None if math.isnan(confidence.overall) else confidence.overall,
        confidence_kind=confidence.kind,
        confidence_low=low,
        confidence_high=high,
        confidence_basis=confidence.basis,
        models=_json([use.model_dump() for use in result.models]),
        started=to_utc(result.started),
        warnings=_json(result.warnings),
    )


def step_rows(run_id: str, first: int, steps: Iterable[StepResult]) -> list[Row]:
    """Give the rows of steps, numbered from `first`."""
    return [
        storable(
            run_id=run_id,
            seq=seq,
            **{name: getattr(step, name) for name in _STEP_FIELDS},
            **usage(step.tokens, step.cost),
            output=None if step.output is None else _json(step.output),
            started=to_utc(step.started),
            fell_back=_json(step.fell_back),
        )
        for seq, step in enumerate(steps, first)
    ]


def call_row(run_id: str, seq: int, call: Recorded) -> Row:
    """Give the row of a call that is about to be made."""
    (row,) = step_rows(run_id, seq, [call.step])
    return row | {
        **dict.fromkeys(_REPLY_COLUMNS),
        "prompt_hash": call.prompt_hash,
        "most_cost": _pico(call.most_usd),
        "most_tokens": call.most_tokens,
    }


def reply_columns(reply: Reply) -> Row:
    """Give what a reply adds to the row of its step."""
    row = storable(
        reply=reply.text,
        finish_reason=reply.finish_reason,
        first_token_ms=reply.first_token_ms,
    )
    if reply.taken is None:
        return row
    return row | {"prompt_hash": reply.taken.prompt_hash, "taken_from": reply.taken.run_id}


def read_call(row: Row, step: StepResult) -> Recorded:
    """Rebuild a call from its row and its step."""
    return Recorded(
        step,
        row["prompt_hash"],
        row["reply"],
        row["finish_reason"],
        row["first_token_ms"],
        _usd(row["most_cost"]),
        row["most_tokens"],
        row["taken_from"],
    )


def input_rows(run_id: str, steps: Iterable[StepResult]) -> list[Row]:
    """Give the rows that say which step read which."""
    return [
        storable(run_id=run_id, step_id=step.id, seq=seq, input_id=source)
        for step in steps
        for seq, source in enumerate(step.inputs)
    ]


def check_rows(run_id: str, first: int, checks: Iterable[CheckItem]) -> list[Row]:
    """Give the rows of checks, numbered from `first`."""
    return [
        storable(
            run_id=run_id,
            seq=seq,
            step_id=check.step,
            name=check.name,
            status=check.status,
            detail=check.detail,
        )
        for seq, check in enumerate(checks, first)
    ]


def read_step(row: Row, inputs: list[str]) -> StepResult:
    """Rebuild a step from its row and the ids of the steps it read."""
    return StepResult(
        **{name: row[name] for name in _STEP_FIELDS},
        output=None if row["output"] is None else json.loads(row["output"]),
        tokens=read_tokens(row),
        cost=read_cost(row),
        started=datetime.fromisoformat(row["started"]),
        inputs=inputs,
        fell_back=json.loads(row.get("fell_back") or "[]"),
    )


def read_check(row: Row) -> CheckItem:
    """Rebuild a check from its row."""
    return CheckItem(
        step=row["step_id"], name=row["name"], status=row["status"], detail=row["detail"]
    )


def read_result(
    row: Row,
    steps: list[StepResult],
    checks: list[CheckItem],
    *,
    goes_on: bool,
    panel: Mapping[str, Any],
) -> Result:
    """Rebuild the result of a run; of one that has not ended, as far as its steps tell.

    goes_on: a process is at work on it. panel: the fields that only a panel has.
    """
    if row["status"] is None and not goes_on:
        steps = [step.left_behind() for step in steps]
    known = {name: row[name] for name in _RUN_FIELDS} | {
        "run_id": row["id"],
        "steps": steps,
        "checks": count_checks(checks),
        "started": datetime.fromisoformat(row["started"]),
        **panel,
    }
    if row["status"] is None:
        why = GOES_ON if goes_on else _DIED.format(row["short_id"])
        return Result(**known | _so_far(steps) | {"warnings": [UNFINISHED, why]})
    interval = (row["confidence_low"], row["confidence_high"])
    return Result(
        **known,
        confidence=Confidence(
            overall=math.nan if row["confidence"] is None else row["confidence"],
            kind=row["confidence_kind"],
            interval=None if interval == (None, None) else interval,
            basis=row["confidence_basis"],
        ),
        models=json.loads(row["models"]),
        tokens=read_tokens(row),
        cost=read_cost(row) or Cost(),
        warnings=json.loads(row["warnings"]),
    )


def read_cost(row: Row) -> Cost | None:
    """Rebuild the cost (USD) of a run's or a step's row, if it has one."""
    if row["cost_source"] is None:
        return None
    return Cost(
        usd=_usd(row["cost"]),
        source=row["cost_source"],
        unknown_calls=row["cost_unknown_calls"],
        saved_usd=_usd(row["cost_saved"]),
    )


def _so_far(steps: list[StepResult]) -> Row:
    return {
        "status": "interrupted",
        "models": count_models(step for step in steps if step.model is not None),
        "tokens": total_tokens(step.tokens for step in steps),
        "cost": total_cost(step.cost for step in steps if step.cost is not None),
    }


def usage(tokens: Tokens, cost: Cost | None) -> Row:
    """Give the columns of tokens and cost."""
    row: Row = {f"{name}_tokens": count for name, count in tokens} | dict.fromkeys(_COST_COLUMNS)
    if cost is not None:
        row |= {
            "cost": _pico(cost.usd),
            "cost_source": cost.source,
            "cost_unknown_calls": cost.unknown_calls,
            "cost_saved": _pico(cost.saved_usd),
        }
    return row


def read_tokens(row: Row) -> Tokens:
    """Rebuild the tokens of a row."""
    return Tokens(**{name: row[f"{name}_tokens"] for name in Tokens.model_fields})


def _pico(usd: Decimal | None) -> int | None:
    return None if usd is None else to_pico(usd)


def _usd(units: int | None) -> Decimal | None:
    return None if units is None else from_pico(units)


def to_utc(moment: datetime) -> str:
    """Give a time as it is stored, so that the texts sort as the times do."""
    return moment.astimezone(UTC).isoformat()


def _json(value: object) -> str:
    # Readable in any SQL tool, so other scripts than Latin are not escaped.
    return json.dumps(value, ensure_ascii=False, default=str)


def storable(**row: object) -> Row:
    """Give a row as SQLite can take it."""
    # Half a surrogate pair, cut off in a model's JSON, is no text that SQLite could take.
    return {
        name: value.encode("utf-8", "replace").decode("utf-8") if isinstance(value, str) else value
        for name, value in row.items()
    }
