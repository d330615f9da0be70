"""What a command is given: the question, sources and attachments, from arguments and stdin."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import llm

from llm_reasonkit.api import Source
from llm_reasonkit.errors import UsageError
from llm_reasonkit.store.fragments import resolve_fragments


@dataclass(frozen=True, slots=True)
class Material:
    """The question and what came with it, ready for the API."""

    question: str
    sources: Sequence[Source]
    attachments: Sequence[llm.Attachment]


def gather(
    argument: str | None,
    fragments: Sequence[str],
    attachments: Sequence[llm.Attachment],
    database: Path,
) -> Material:
    """Read the question and its sources.

    Text on stdin is the question when there is no argument, else a source the argument is about.
    Text attachments become sources. Raises UsageError where something cannot be read.
    """
    resolved = []
    for name in fragments:
        with _reading(f"fragment {name}"):
            resolved += resolve_fragments(database, [name])
    question, piped = argument, _piped()
    if question is None:
        question, piped = (piped or _typed(fragments, attachments)), ""
    sources = [Source("stdin", piped)] if piped.strip() else []
    sources += [
        Source(str(item.source or "fragment"), str(item))
        for item in resolved
        if not isinstance(item, llm.Attachment)
    ]
    kept = []
    for item in [*attachments, *(item for item in resolved if isinstance(item, llm.Attachment))]:
        text = _text_of(item)
        if text is None:
            kept.append(item)
        else:
            sources.append(text)
    return Material(question, sources, kept)


def _piped() -> str:
    # There is no stdin where whoever started us has closed it.
    if sys.stdin is None or sys.stdin.isatty():
        return ""
    with _reading("stdin"):
        return sys.stdin.read()


def _typed(fragments: Sequence[str], attachments: Sequence[llm.Attachment]) -> str:
    """Wait for a question to be typed, as llm does, unless something else was given."""
    can_type = sys.stdin is not None and sys.stdin.isatty()
    return sys.stdin.read() if can_type and not (fragments or attachments) else ""


def _text_of(attachment: llm.Attachment) -> Source | None:
    kind = attachment.type or attachment.resolve_type()
    if not (kind.startswith("text/") or kind == "application/json"):
        return None
    name = attachment.path or attachment.url or "attachment"
    with _reading(f"{name}, as {kind},"):
        return Source(name, attachment.content_bytes().decode("utf-8"))


@contextmanager
def _reading(what: str) -> Iterator[None]:
    """Turn whatever files, the network and other plugins raise into a UsageError."""
    try:
        yield
    except UsageError:
        raise
    except UnicodeDecodeError as error:
        raise UsageError(f"{what} is not UTF-8 text; attach other files with -a") from error
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise UsageError(f"{what} cannot be read: {reason}") from error
