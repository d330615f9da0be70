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

from llm_reasonkit import api
from llm_reasonkit.cli.material import Material, gather
from llm_reasonkit.errors import UsageError
from llm_reasonkit.models.roster import with_provider
from llm_reasonkit.models.routing import ROUTES
from llm_reasonkit.openrouter.options import Route
from llm_reasonkit.reasoning.protocol import Effort
from llm_reasonkit.render.document import FORMS
from llm_reasonkit.store.history import LAST


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


json_option = click.option("as_json", "--json", is_flag=True, help="Print JSON")
database_option = click.option(
    "path",
    "-d",
    "--database",
    type=click.Path(path_type=Path),
    default=logs_db_path,
    help="Path to log database",
)
config_option = click.option(
    "--config",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Configuration file that wins over your own",
)
key_option = click.option("--key", help="API key to use")
budget_option = click.option(
    "--budget", help="Most to spend: '$0.50', '20000t', '30s' or '$0.50,30s'"
)
options_option = click.option(
    "options", "-o", "--option", type=(str, str), multiple=True, help="key/value for the models"
)
min_confidence_option = click.option(
    "--min-confidence",
    type=click.FloatRange(0, 1),
    help="Exit with 4 if less than this share is reached, or none is known",
)
max_calls_option = click.option(
    "--max-calls", type=click.IntRange(min=1), help="Most calls to make"
)
roles_option = click.option(
    "roles", "--role", multiple=True, help="Model of one role: critic=MODEL (repeatable)"
)
run_options = _group(
    click.argument("run", required=False),
    click.option("--last", is_flag=True, help="The most recent run"),
    database_option,
)


@dataclass(frozen=True, slots=True)
class RunOptions:
    """A recorded run and the log it is in. Raises UsageError where it is named twice."""

    run: str | None
    last: bool
    path: Path

    def __post_init__(self) -> None:
        if self.last and self.run is not None:
            raise UsageError("name one run, or give --last")

    @property
    def ref(self) -> str:
        """What names the run, by default the most recent one."""
        return LAST if self.run is None else self.run

    @property
    def required(self) -> str:
        """What names the run. Raises UsageError where nothing does."""
        if self.run is None and not self.last:
            raise UsageError("name one run, or give --last; llm reasonkit runs lists them")
        return self.ref


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
    click.option("--sources", multiple=True, help="Several sources, as with -f: a,b (repeatable)"),
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
    sources: tuple[str, ...]
    attachments: tuple[llm.Attachment, ...]
    attachment_types: list[llm.Attachment]

    def with_question(self, question: str | None, database: Path) -> Material:
        """Read all of it; raises UsageError where something cannot be read."""
        fragments = [*self.fragments, *names_in(self.sources)]
        attachments = [*self.attachments, *self.attachment_types]
        return gather(question, fragments, attachments, database)


panel_options = _group(
    click.option(
        "model_ids", "-m", "--model", multiple=True, help="A member: any llm model (repeatable)"
    ),
    click.option("models", "--models", multiple=True, help="Members: a,b,c"),
    click.option("--provider", help="Put PROVIDER/ in front of each, as in openrouter/…"),
    click.option("--panel", metavar="NAME", help="Members, and threshold, of [panels.NAME]"),
)


@dataclass(frozen=True, slots=True)
class PanelOptions:
    """Which models a question is put to. Raises UsageError for a provider of none that is named."""

    model_ids: tuple[str, ...]
    models: tuple[str, ...]
    provider: str | None
    panel: str | None

    def __post_init__(self) -> None:
        if self.provider and not (self.model_ids or self.models):
            raise UsageError(f"--provider {self.provider}: name its models with -m or --models")

    @property
    def named(self) -> list[str]:
        """The ids of those that were named one by one."""
        named = [*self.model_ids, *names_in(self.models)]
        return [with_provider(self.provider, name) or name for name in named]


continue_options = _group(
    click.option(
        "from_last", "-c", "--continue", is_flag=True, help="Go on from the most recent run"
    ),
    click.option(
        "conversation_id", "--cid", "--conversation", help="Go on from the run with the given ID"
    ),
)


@dataclass(frozen=True, slots=True)
class ContinueOptions:
    """Which earlier run a question goes on from."""

    from_last: bool
    conversation_id: str | None

    def earlier(self, database: Path) -> api.Earlier:
        """Read it; raises UsageError where there is no such run or it has no answer."""
        ref = self.conversation_id or (LAST if self.from_last else None)
        return api.Earlier() if ref is None else api.earlier(database, ref)


call_options = _group(
    options_option,
    click.option(
        "--route", type=click.Choice(ROUTES), help="How OpenRouter chooses a model or its provider"
    ),
    click.option(
        "--fallback",
        multiple=True,
        help="Models to ask when the one before fails: a,b (repeatable)",
    ),
    budget_option,
)


@dataclass(frozen=True, slots=True)
class CallOptions:
    """How models are called, and what that may take."""

    options: tuple[tuple[str, str], ...]
    route: Route | None
    fallback: tuple[str, ...]
    budget: str | None


control_options = _group(
    roles_option,
    click.option(
        "--effort",
        type=click.Choice(["minimal", "low", "medium", "high"]),
        help="How hard models are to reason that can",
    ),
    max_calls_option,
    min_confidence_option,
    click.option("--web", is_flag=True, help="Let the model search the web for sources first"),
)


@dataclass(frozen=True, slots=True)
class ControlOptions:
    """Who plays which role, and how far a run goes."""

    roles: tuple[str, ...]
    effort: Effort | None
    max_calls: int | None
    min_confidence: float | None
    web: bool

    @property
    def models(self) -> dict[str, str]:
        """The model of each role. Raises UsageError for what names none."""
        return models_of_roles(self.roles)


def models_of_roles(typed: Sequence[str]) -> dict[str, str]:
    """Read roles and their models, each typed as `critic=MODEL`. Raises UsageError."""
    models = {}
    for given in typed:
        role, equals, model = given.partition("=")
        if not (role.strip() and equals and model.strip()):
            raise UsageError(f"--role {given!r}: write it as critic=MODEL")
        models[role.strip()] = model.strip()
    return models


log_options = _group(
    config_option,
    key_option,
    click.option("-n", "--no-log", is_flag=True, help="Don't log to database"),
    click.option("--log", is_flag=True, help="Log to the database even if logging is off"),
    database_option,
)


@dataclass(frozen=True, slots=True)
class LogOptions:
    """Where a run is recorded, and with whose settings and key."""

    config: Path | None
    key: str | None
    no_log: bool
    log: bool
    path: Path

    def __post_init__(self) -> None:
        if self.no_log and self.log:
            raise click.UsageError("Cannot use --no-log and --log together")

    @property
    def kept(self) -> Path | bool:
        """Where the run goes: the log, or False for nowhere."""
        return self.path if (logs_on() or self.log) and not self.no_log else False

    def orchestrator(self, model: str | None = None) -> api.ThinkToolOrchestrator:
        """Return what makes the run."""
        return api.ThinkToolOrchestrator(model, key=self.key, log=self.kept, config=self.config)


output_options = _group(
    click.option("--no-stream", is_flag=True, help="Do not stream output"),
    click.option("-u", "--usage", is_flag=True, help="Show token usage and cost"),
    click.option("as_json", "--json", is_flag=True, help="Print the result object as JSON"),
    click.option(
        "form",
        "--format",
        type=click.Choice(FORMS),
        help="Print the whole run: question, answer, steps, checks and cost",
    ),
    click.option(
        "--output",
        type=click.Path(dir_okay=False, path_type=Path),
        help="Write to this file instead",
    ),
    click.option("--force", is_flag=True, help="Let --output overwrite a file"),
    click.option("--quiet", is_flag=True, help="Print the answer only"),
    click.option("--verbose", is_flag=True, help="Show the output of every step"),
)
