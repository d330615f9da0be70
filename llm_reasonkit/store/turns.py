"""Reads llm's own turns: what was said in a run's calls, and runs that travelled in a turn.

Runs of `llm -m think/…` travel in one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from llm.logs import LogStore
from llm.parts import AttachmentPart, Message, TextPart
from pydantic import ValidationError
from sqlite_utils import Database

from llm_reasonkit.reasoning.result import Result
from llm_reasonkit.store.database import reading

_OURS = "model like 'think/%' or model like 'consensus/%'"


def result_in_turn(db: Database, ref: str) -> Result | None:
    """Return the result that a turn carries; `ref` is the turn's id or the beginning of it.

    None where there is no such turn, several, or one of another model.
    """
    # A file without llm's own tables may still have one of that name.
    if not ref or not {"id", "model"} <= set(_columns(db)):
        return None
    found = list(
        db.table("turns").rows_where(
            f"id >= ? and id < ? || '~' and ({_OURS})", [ref, ref], select="id", limit=2
        )
    )
    if len(found) != 1:
        return None
    # llm keeps of a response what stands elsewhere only as a reference to it.
    kept = LogStore(db).turn_response_json(found[0]["id"])
    with suppress(KeyError, TypeError, ValidationError):
        return Result.model_validate(kept["reasonkit"])
    return None


@dataclass(frozen=True, slots=True)
class Turn:
    """One call, word for word. prompt: who speaks (`system`, `user`) and what, in order."""

    prompt: Sequence[tuple[str, str]]
    reply: str


def load_turns(path: Path, ids: Iterable[str]) -> dict[str, Turn]:
    """Give the turns with these ids that llm's log still has whole.

    Raises StoreError when the log cannot be read.
    """
    found: dict[str, Turn] = {}
    with reading(path) as db:
        if db is None or "tip_message_hash" not in _columns(db):
            return found
        store = LogStore(db)
        for turn_id in ids:
            for row in db.table("turns").rows_where("id = ?", [turn_id]):
                # A message that is gone takes its turn along.
                with suppress(KeyError):
                    prompt = store.load_chain(row["parent_message_hash"])
                    reply = store.load_chain(row["tip_message_hash"])[len(prompt) :]
                    spoken = [(str(message.role), _text_of(message)) for message in prompt]
                    found[turn_id] = Turn(spoken, "\n".join(map(_text_of, reply)))
    return found


def _text_of(message: Message) -> str:
    texts = []
    for part in message.parts:
        if isinstance(part, TextPart):
            texts.append(part.text)
        elif isinstance(part, AttachmentPart) and part.attachment is not None:
            texts.append(f"[{part.attachment.type or 'attachment'}]")
    return "\n".join(texts)


def _columns(db: Database) -> list[str]:
    return list(db.table("turns").columns_dict) if db.table("turns").exists() else []
