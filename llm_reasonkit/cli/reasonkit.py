"""`llm reasonkit`: the group under which every command of ours can be reached."""

from __future__ import annotations

import click

from llm_reasonkit.cli import local, protocols, runs, think


@click.group()
def command() -> None:
    """Structured reasoning on any llm model: runs, protocols and local models."""


command.add_command(think.command, "think")
command.add_command(runs.list_command, "runs")
command.add_command(runs.show_command, "show")
command.add_command(protocols.group, "protocols")
command.add_command(local.group, "local")
