"""`llm reasonkit config`: what is configured, where, and whether it is right."""

from __future__ import annotations

import os
from contextlib import suppress
from importlib.resources import files
from pathlib import Path

import click
import llm

from llm_reasonkit import providers
from llm_reasonkit.cli.ending import Failure, ends_cleanly
from llm_reasonkit.cli.options import config_option, json_option
from llm_reasonkit.cli.output import write_atomically
from llm_reasonkit.config import config_files, read_settings
from llm_reasonkit.config.files import line_of
from llm_reasonkit.config.origins import origins
from llm_reasonkit.errors import ConfigError, Problem, UsageError
from llm_reasonkit.render.config import origin_lines
from llm_reasonkit.render.result_json import Listing, to_json


@click.group("config")
def group() -> None:
    """The configuration: show, path, check, init."""


@group.command("show")
@config_option
@json_option
@ends_cleanly
def show_command(config: Path | None, as_json: bool) -> None:
    """Show what holds, and where each value comes from. Keys are never shown."""
    found = origins(_files(config), os.environ)
    click.echo(to_json(Listing(items=found)) if as_json else origin_lines(found))


@group.command("path")
@ends_cleanly
def path_command() -> None:
    """Print the path of your configuration file, whether or not it exists."""
    click.echo(_files(None)[0])


@group.command("check")
@config_option
@ends_cleanly
def check_command(config: Path | None) -> None:
    """Report every mistake of every file, with its line; ends with 2 if there are any."""
    sound, mistakes = [], []
    for path in _files(config):
        if path.is_file():
            try:
                _check(path)
            except UsageError as error:
                mistakes.append(str(error))
            else:
                sound.append(path)
                click.echo(f"{path}: no mistakes")
    # Each file may be right by itself and still not fit the others or the environment.
    together = read_settings(sound)
    try:
        together.client(os.environ)
    except UsageError as error:
        mistakes.append(str(error))
    if together.openrouter.route == "fallback" and not together.openrouter.fallback_models:
        mistakes.append('route = "fallback" needs fallback_models')
    if mistakes:
        raise Failure("\n".join(mistakes), UsageError.exit_code)
    if not sound:
        click.echo("there is no configuration file, which is fine; `config init` writes one")


@group.command("init")
@click.option("--force", is_flag=True, help="Overwrite the file that is there")
@ends_cleanly
def init_command(force: bool) -> None:
    """Write a configuration file in which everything is explained and nothing is set."""
    path = _files(None)[0]
    if path.exists() and not force:
        raise UsageError(f"{path} exists already; --force overwrites it")
    template = files("llm_reasonkit.config").joinpath("template.toml").read_text("utf-8")
    with suppress(OSError):  # the next line then says what is wrong
        path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, template)
    click.echo(path)


def _files(config: Path | None) -> list[Path]:
    return config_files(llm.user_dir(), Path.home(), config)


def _check(path: Path) -> None:
    """Raise ConfigError with all mistakes of a file."""
    settings = read_settings([path])
    text = path.read_text("utf-8")
    problems = []
    for name in settings.others:
        try:
            providers.models_of(name)
        except UsageError as error:
            problems.append(Problem(str(error), line_of(["providers", name], text)))
    if problems:
        raise ConfigError(str(path), problems)
