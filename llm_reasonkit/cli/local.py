"""`llm reasonkit local`: models that run on this machine, and which of them `--local` takes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from llm_reasonkit.cli.ending import ends_cleanly
from llm_reasonkit.errors import UsageError
from llm_reasonkit.local import weights
from llm_reasonkit.local.fetch import Progress as Report
from llm_reasonkit.local.registry import PREFIX, default_model_id, tiny_model_id
from llm_reasonkit.local.runtime import import_xllamacpp


@click.group()
def group() -> None:
    """Models that run on this machine, without any key."""


@group.command("list")
@ends_cleanly
def list_command() -> None:
    """List the local models."""
    for model in weights.installed():
        size = f"{model.path.stat().st_size / 1e6:,.0f} MB"
        click.echo(f"{model.model_id}  {size}  {model.path}")


@group.command("install")
@click.argument("source", required=False)
@click.option("--tiny", is_flag=True, help="SmolLM2-135M-Instruct: 98 MB, for trying things out")
@click.option("--sha256", help="What the file at a URL must hash to")
@click.option("--name", help="Call it local/NAME")
@ends_cleanly
def install_command(source: str | None, tiny: bool, sha256: str | None, name: str | None) -> None:
    """Install weights from SOURCE: a GGUF file, or the https URL of one with --sha256."""
    if tiny == (source is not None):
        raise UsageError("give the path or URL of a GGUF file, or --tiny")
    with _bar() as report:
        if source is None:
            model = weights.install_tiny(report)
        elif "://" in source:
            if sha256 is None:
                raise UsageError("a URL needs --sha256, as its publisher states it")
            model = weights.install_url(source, sha256, name, report)
        else:
            model = weights.install_file(Path(source), name, report)
    click.echo(f'{model.model_id} is ready: llm -m {model.model_id} "hi"')


def choose(model_id: str | None) -> str:
    """Return the model that `--local` means, fetching the tiny one if there is none yet.

    Raises UsageError when another model was asked for that is not local.
    """
    if model_id is not None:
        if not model_id.startswith(PREFIX):
            raise UsageError(f"--local with -m {model_id}: give a local/… model, or leave one out")
        return model_id
    if (found := default_model_id()) is not None:
        return found
    tiny = tiny_model_id()
    if tiny is None:
        # Not a download first and the missing package afterwards.
        import_xllamacpp()
        click.echo("fetching SmolLM2-135M-Instruct, 98 MB, once", err=True)
        with _bar() as report:
            tiny = weights.install_tiny(report).model_id
    return tiny


@contextmanager
def _bar() -> Iterator[Report]:
    """Show a download on stderr, if that is a terminal."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
    )
    console = Console(stderr=True)
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task("weights", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
