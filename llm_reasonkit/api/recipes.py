"""What a run keeps of its question, so that it can be asked again; and what a later run is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, ClassVar, Protocol

import llm
from pydantic_core import to_jsonable_python

from llm_reasonkit.api.questions import Question, Source, library
from llm_reasonkit.api.running import Setup
from llm_reasonkit.engine.ports import Recipe, RunStart
from llm_reasonkit.errors import UsageError
from llm_reasonkit.models.roster import OpenRouterProvider
from llm_reasonkit.reasoning.findings import in_doubt
from llm_reasonkit.reasoning.result import Result
from llm_reasonkit.store.history import load_run
from llm_reasonkit.store.sources import load_sources
from llm_reasonkit.store.trace import attachments_kept, load_trace

# What stands elsewhere in the recipe, or belongs to the terminal.
_ELSEWHERE = frozenset({"text", "sources", "attachments", "follows", "stream"})


class Typed(Protocol):
    """What was asked for: a Question, or one for a panel."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def attachments(self) -> Sequence[llm.Attachment]: ...


def request_of(setup: Setup, question: Question, model: str) -> dict[str, Any]:
    """Return what was asked for, as JSON, with the `model` that main is. It holds no key."""
    options = dict(question.options)
    if isinstance(setup.provider, OpenRouterProvider):
        options = setup.provider.model_options | options
    protocol = _wherever(question.protocol)
    return as_json(question, model=model, options=options, protocol=protocol)


def as_json(asked: Typed, **found: object) -> dict[str, Any]:
    """Return what was asked for, as JSON. found: what some of it came to, in its place."""
    typed = {
        field.name: getattr(asked, field.name)
        for field in fields(asked)
        if field.name not in _ELSEWHERE
    }
    attachments = [
        {"id": each.id(), "type": each.type, "path": each.path, "url": each.url}
        for each in asked.attachments
    ]
    request: dict[str, Any] = to_jsonable_python(
        typed | found | {"attachments": attachments}, fallback=str
    )
    return request


def _wherever(protocol: str | None) -> str | None:
    """Name a protocol so that it is found from another folder as well."""
    file = library().find(protocol) if protocol else None
    return str(file.path.resolve()) if file and file.origin == "path" else protocol


def question_of(start: RunStart, recipe: Recipe, log: Path) -> Question:
    """Return the question of a run, ready to be asked again; raises what `typed_again` raises."""
    return Question(**typed_again(Question, start, recipe, log))


def typed_again(kind: type[Typed], start: RunStart, recipe: Recipe, log: Path) -> dict[str, Any]:
    """Return the fields of what was asked for, of which `as_json` made the recipe's request.

    Raises UsageError where something that was attached to it is gone, StoreError where the log
    cannot be read.
    """
    known = {field.name for field in fields(kind)} - _ELSEWHERE
    return {name: value for name, value in recipe.request.items() if name in known} | {
        "text": start.question,
        "sources": [Source(source["name"], source["text"]) for source in recipe.sources],
        "attachments": _attachments(start, recipe, log),
    }


def _attachments(start: RunStart, recipe: Recipe, log: Path) -> list[llm.Attachment]:
    rows = recipe.request["attachments"]
    kept = attachments_kept(log, [row["id"] for row in rows])
    found = []
    for row in rows:
        if row["path"] or row["url"]:
            attachment = llm.Attachment(type=row["type"], path=row["path"], url=row["url"])
            if row["path"]:
                _require_same(attachment, row["id"])
        elif row["id"] in kept:
            attachment = kept[row["id"]]
        else:
            raise UsageError(
                "what was attached through stdin was not kept, as no call with it came to a reply; "
                f"ask again with: llm {start.command}"
            )
        found.append(attachment)
    return found


def _require_same(attachment: llm.Attachment, ident: str) -> None:
    try:
        is_same = attachment.id() == ident
    except OSError as error:
        raise UsageError(
            f"the attachment {attachment.path} cannot be read any more: {error.strerror}"
        ) from error
    if not is_same:
        raise UsageError(f"the attachment {attachment.path} has changed since the run began")


@dataclass(frozen=True, slots=True)
class Earlier:
    """What a question goes on from: runs, oldest first, what was given with the last of them, and
    how that was asked."""

    runs: Sequence[Result] = ()
    sources: Sequence[Source] = ()
    model: str | None = None
    protocol: str | None = None
    profile: str | None = None

    def lead_to(self, question: Question) -> Question:
        """Return the question that goes on from here, asked in the same way unless it says how."""
        if not (question.protocol or question.profile):
            question = replace(question, protocol=self.protocol, profile=self.profile)
        sources = [*self.sources, *question.sources]
        return replace(question, follows=self.runs, sources=sources)


def earlier(log: Path, ref: str) -> Earlier:
    """Read the run that a question goes on from, and those which that run went on from.

    ref: as in `load_run`. Raises UsageError where there is no such run or it has no answer.
    """
    last = load_run(log, ref)
    if last.answer is None:
        raise UsageError(
            f"run {last.run_id} has no answer to go on from; if it broke off: "
            f"llm reasonkit resume {last.run_id}"
        )
    runs = [last]
    while (parent := runs[0].parent_run) is not None:
        runs.insert(0, load_run(log, parent))
    # A run that repeats another in part takes its place.
    told = {run.question: run for run in runs}
    # Others have no one model, or were recorded by an older version.
    request: Mapping[str, Any] = {}
    with suppress(UsageError):
        request = load_trace(log, last.run_id).recipe.request
    return Earlier(
        runs=list(told.values()),
        sources=[Source(text.name, text.text) for text in load_sources(log, last.run_id)],
        **{key: request.get(key) for key in ("model", "protocol", "profile")},
    )


def finding_of(run: Result) -> dict[str, Any]:
    """Return what a later run is told of one: its answer, and what its checks left open."""
    return {
        "protocol": "an earlier run",
        "question": run.question,
        "answer": run.answer,
        "checks": in_doubt(run.checks.items),
        "dissent": [each.answer for each in run.dissent],
    }
