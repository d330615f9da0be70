"""`llm reasonkit`: the group under which every command of ours can be reached."""

from __future__ import annotations

import click

from llm_reasonkit.cli import (
    again,
    bench,
    compare,
    config,
    consensus,
    costs,
    datasette,
    doctor,
    estimate,
    export,
    local,
    marks,
    protocols,
    providers,
    removal,
    runs,
    think,
)


@click.group()
def command() -> None:
    """Structured reasoning on any llm model: runs, protocols, providers and local models."""


command.add_command(think.command, "think")
command.add_command(consensus.command, "consensus")
command.add_command(runs.list_command, "runs")
command.add_command(runs.show_command, "show")
command.add_command(export.command, "export")
command.add_command(removal.delete_command, "delete")
command.add_command(removal.uninstall_command, "uninstall-tables")
command.add_command(again.resume_command, "resume")
command.add_command(again.replay_command, "replay")
command.add_command(costs.command, "costs")
command.add_command(datasette.command, "datasette")
command.add_command(estimate.command, "estimate")
command.add_command(protocols.group, "protocols")
command.add_command(local.group, "local")
command.add_command(providers.command, "providers")
command.add_command(doctor.command, "doctor")
command.add_command(config.group, "config")
command.add_command(marks.mark_command, "mark")
command.add_command(marks.calibration_command, "calibration")
command.add_command(marks.panel_command, "panel")
command.add_command(compare.command, "compare")
command.add_command(bench.command, "bench")
