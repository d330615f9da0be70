"""`llm reasonkit protocols`: list, show, copy and check protocol files."""

from __future__ import annotations

import os
from pathlib import Path

import click

from llm_reasonkit import api
from llm_reasonkit.cli.ending import Failure, ends_cleanly
from llm_reasonkit.cli.screen import show
from llm_reasonkit.errors import ProtocolError, UsageError
from llm_reasonkit.protocol_files import PROFILES, Library, ProtocolFile, read_profiles
from llm_reasonkit.reasoning.plan import Plan, plan_protocol
from llm_reasonkit.render.listings import (
    ProtocolEntry,
    profile_page,
    profiles_table,
    protocol_page,
    protocols_table,
)


@click.group(invoke_without_command=True)
@click.pass_context
def group(context: click.Context) -> None:
    """Protocols and profiles: list (the default), show, copy, check."""
    if context.invoked_subcommand is None:
        context.invoke(list_command)


@group.command("list")
@ends_cleanly
def list_command() -> None:
    """List the protocols and profiles there are."""
    library = api.library()
    entries = []
    for file in library.files():
        try:
            entries.append(_entry(library, file))
        except ProtocolError as error:
            click.echo(f"warning: {error}", err=True)
    show(protocols_table(entries))
    show(profiles_table({name: library.plan_of_profile(name) for name in library.profiles()}))


def _entry(library: Library, file: ProtocolFile) -> ProtocolEntry:
    protocol = library.protocol(file.name)
    most = plan_protocol(protocol).largest_number_of_calls()
    return ProtocolEntry(protocol, most, file.origin)


@group.command("show")
@click.argument("name")
@click.option("--yaml", "as_yaml", is_flag=True, help="Print the file itself")
@ends_cleanly
def show_command(name: str, as_yaml: bool) -> None:
    """Show the steps of a protocol, given by name or path, or the stages of a profile."""
    library = api.library()
    file = _found(library, name)
    if as_yaml:
        click.echo(file.path.read_text("utf-8"), nl=False)
        return
    if file.name == PROFILES:
        profile = library.profiles(name)[name]
        show(profile_page(name, profile, library.plan_of_profile(name), str(file.path)))
        return
    protocol = library.protocol(name)
    most = plan_protocol(protocol).largest_number_of_calls()
    show(protocol_page(ProtocolEntry(protocol, most, str(file.path))))


def _found(library: Library, name: str) -> ProtocolFile:
    """Find the file of a protocol, or else the one that a profile stands in."""
    try:
        return library.find(name)
    except UsageError:
        if file := library.file_of_profile(name):
            return file
        raise


@group.command("new")
@click.argument("name")
@click.option("--from", "source", default="brutalhonesty", help="Protocol to start from")
@ends_cleanly
def new_command(name: str, source: str) -> None:
    """Copy a protocol into your own folder under a new NAME, to change it there."""
    if not name.replace("-", "").replace("_", "").isalnum() or name == PROFILES:
        raise UsageError(f"{name!r} cannot be the name of a protocol: use letters, digits, - and _")
    library = api.library()
    text = library.find(source).path.read_text("utf-8")
    old = library.protocol(source).protocol
    library.folder.mkdir(parents=True, exist_ok=True)
    path = library.folder / f"{name}.yaml"
    try:
        with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
            file.write(text.replace(f"protocol: {old}\n", f"protocol: {name}\n", 1))
    except FileExistsError as error:
        raise UsageError(f"you have a protocol {name!r} already: {path}") from error
    click.echo(path)


@group.command("lint")
@click.argument("names", nargs=-1)
@ends_cleanly
def lint_command(names: tuple[str, ...]) -> None:
    """Check protocols and profiles, given by NAME or path; without any, all there are.

    Says how many calls each can make at most.
    """
    library = api.library()
    broken = False
    for name in names or [*(file.name for file in library.files()), PROFILES]:
        try:
            click.echo(_lint(library, name))
        except ProtocolError as error:
            broken = True
            click.echo(str(error), err=True)
    if broken:
        raise Failure("mistakes found", ProtocolError.exit_code)


def _lint(library: Library, name: str) -> str:
    if Path(name).stem == PROFILES:
        profiles = (
            read_profiles(Path(name), library) if Path(name).is_file() else library.profiles()
        )
        return "\n".join(_calls(key, library.plan_of_profile(key)) for key in profiles)
    if _found(library, name).name == PROFILES:
        return _calls(name, library.plan_of_profile(name))
    return _calls(name, plan_protocol(library.protocol(name)))


def _calls(name: str, plan: Plan) -> str:
    most = plan.largest_number_of_calls()
    again = plan.largest_number_of_calls(re_asks=True)
    calls = f"{most} call{'s' * (most != 1)}"
    return f"{name}: ok, at most {calls} ({again} if every reply has to be asked for again)"
