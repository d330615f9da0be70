"""`llm reasonkit`: the group under which every command of ours can be reached."""

from __future__ import annotations

from importlib import import_module

import click

# name: where it stands in `llm_reasonkit.cli`
_COMMANDS = {
    "bench": "bench.command",
    "calibration": "marks.calibration_command",
    "compare": "compare.command",
    "config": "config.group",
    "consensus": "consensus.command",
    "costs": "costs.command",
    "datasette": "datasette.command",
    "delete": "removal.delete_command",
    "doctor": "doctor.command",
    "estimate": "estimate.command",
    "export": "export.command",
    "local": "local.group",
    "mark": "marks.mark_command",
    "panel": "marks.panel_command",
    "protocols": "protocols.group",
    "providers": "providers.command",
    "replay": "again.replay_command",
    "resume": "again.resume_command",
    "runs": "runs.list_command",
    "show": "runs.show_command",
    "think": "think.command",
    "uninstall-tables": "removal.uninstall_command",
}


class _Group(click.Group):
    """Imports a command when it is called, or when all of them are listed."""

    def list_commands(self, context: click.Context) -> list[str]:
        """Return the names of all commands."""
        return list(_COMMANDS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        """Return the command of this name, if there is one."""
        if name not in _COMMANDS:
            return None
        module, _, attribute = _COMMANDS[name].partition(".")
        command: click.Command = getattr(import_module(f"llm_reasonkit.cli.{module}"), attribute)
        return command


@click.group(cls=_Group)
def command() -> None:
    """Structured reasoning on any llm model: runs, protocols, providers and local models."""
