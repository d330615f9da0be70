"""Options that several commands have, in groups; each has the letter and meaning it has in llm.

A group is a decorator and a class: the class's fields are what the decorator's options give.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, ClassVar, Protocol, TypeVar

import click
import llm
from llm.cli import AttachmentType, attachment_types_callback, logs_db_path, logs_on

from llm_reasonkit.cli.material import Material, gather
from llm_reasonkit.models.routing import ROUTES
from llm_reasonkit.openrouter.options import Route


class _Group(Protocol):
    __dataclass_fields__: ClassVar[dict[str, Any]]


_G = TypeVar("_G", bound=_Group)
_Command = TypeVar("_Command", bound=Callable[..., Any])


def _group(*options: Callable[[Any], Any]) -> Callable[[_Command], _Command]:
    def decorate(command: _Command) -> _Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


def taken(kind: type[_G], options: dict[str, Any]) -> _G:
    """Take out of a command's keyword arguments what belongs to one group."""
    return kind(**{field.name: options.pop(field.name) for field in fields(kind)})


def names_in(given: Sequence[str]) -> list[str]:
    """Split names that may be typed with commas, repeated, or both."""
    return [name.strip() for each in given for name in each.split(",") if name.strip()]


material_options = _group(
    click.option("-s", "--system", help="System prompt to add to every step"),
    click.option(
        "fragments",
        "-f",
        "--fragment",
        multiple=True,
        help="Source to reason about (alias, URL, hash or file path)",
    ),
    click.option(
        "attachments",
        "-a",
        "--attachment",
        type=AttachmentType(),
        multiple=True,
        help="Attachment path or URL or -",
    ),
    click.option(
        "attachment_types",
        "--at",
        "--attachment-type",
        type=(str, str),
        multiple=True,
        callback=attachment_types_callback,
        help="\b\nAttachment with explicit mimetype,\n--at image.jpg image/jpeg",
    ),
)


@dataclass(frozen=True, slots=True)
class MaterialOptions:
    """What comes with the question."""

    system: str | None
    fragments: tuple[str, ...]
    attachments: tuple[llm.Attachment, ...]
    attachment_types: list[llm.Attachment]

    def with_question(self, question: str | None, database: Path) -> Material:
        """Read all of it; raises UsageError where something cannot be read."""
        return gather(
            question, self.fragments, [*self.attachments, *self.attachment_types], database
        )


call_options = _group(
    click.option(
        "options", "-o", "--option", type=(str, str), multiple=True, help="key/value for the model"
    ),
    click.option(
        "--route", type=click.Choice(ROUTES), help="How OpenRouter chooses a model or its provider"
    ),
    click.option(
        "--fallback",
        multiple=True,
        help="Models to ask when the one before fails: a,b (repeatable)",
    ),
    click.option("--budget", help="Most to spend: '$0.50', '2000t', '30s' or '$0.50,30s'"),
)


@dataclass(frozen=True, slots=True)
class CallOptions:
    """How models are called, and what that may take."""

    options: tuple[tuple[str, str], ...]
    route: Route | None
    fallback: tuple[str, ...]
    budget: str | None


log_options = _group(
    click.option(
        "--config",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="Configuration file that wins over your own",
    ),
    click.option("--key", help="API key to use"),
    click.option("-n", "--no-log", is_flag=True, help="Don't log to database"),
    click.option("--log", is_flag=True, help="Log to the database even if logging is off"),
    click.option("-d", "--database", type=click.Path(dir_okay=False), help="Path to log database"),
)


@dataclass(frozen=True, slots=True)
class LogOptions:
    """Where a run is recorded, and with whose settings and key."""

    config: Path | None
    key: str | None
    no_log: bool
    log: bool
    database: str | None

    def __post_init__(self) -> None:
        if self.no_log and self.log:
            raise click.UsageError("Cannot use --no-log and --log together")

    @property
    def path(self) -> Path:
        """The log database."""
        return Path(self.database or logs_db_path())

    @property
    def kept(self) -> Path | bool:
        """Where the run goes: the log, or False for nowhere."""
        return self.path if (logs_on() or self.log) and not self.no_log else False


output_options = _group(
    click.option("--no-stream", is_flag=True, help="Do not stream output"),
    click.option("-u", "--usage", is_flag=True, help="Show token usage and cost"),
    click.option("as_json", "--json", is_flag=True, help="Print the result object as JSON"),
    click.option(
        "--output",
        type=click.Path(dir_okay=False, path_type=Path),
        help="Write to this file instead",
    ),
    click.option("--force", is_flag=True, help="Let --output overwrite a file"),
    click.option("--quiet", is_flag=True, help="Print the answer only"),
    click.option("--verbose", is_flag=True, help="Show the output of every step"),
)
