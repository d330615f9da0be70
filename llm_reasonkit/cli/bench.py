"""`llm reasonkit bench`: which model, panel or protocol answers your questions best."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from llm_reasonkit import api
from llm_reasonkit.cli.ending import OUT_OF_BUDGET, Failure, ends_cleanly
from llm_reasonkit.cli.options import (
    budget_option,
    config_option,
    json_option,
    key_option,
    names_in,
)
from llm_reasonkit.cli.screen import show
from llm_reasonkit.render.bench import bench_tables
from llm_reasonkit.render.result_json import to_json


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("models", "-m", "--model", multiple=True, help="A model: a,b (repeatable)")
@click.option("--panel", metavar="NAME", help="The models of [panels.NAME]")
@click.option("profiles", "--profile", multiple=True, help="On the first model (repeatable)")
@click.option("protocols", "--protocol", multiple=True, help="On the first model (repeatable)")
@budget_option
@key_option
@config_option
@json_option
@ends_cleanly
def command(
    file: Path,
    models: tuple[str, ...],
    panel: str | None,
    profiles: tuple[str, ...],
    protocols: tuple[str, ...],
    budget: str | None,
    key: str | None,
    config: Path | None,
    as_json: bool,
) -> None:
    """Find who answers the questions of FILE best.

    They are put to models, to their panel, and to protocols. Shown are accuracy, cost of a right
    answer, and whether a difference can be luck; always beside it what the same money gives as
    samples of the best single model.

    A line of FILE is {"question": "…", "answer": "…"}, with "choices" or "kind" where the question
    does not show them.

    \b
        llm reasonkit bench questions.jsonl -m gpt-4o,claude-sonnet-4,gemini-2.5-pro --budget '$2'
        llm reasonkit bench questions.jsonl -m gpt-4o-mini --profile quick --profile balanced
    """
    contest = api.Contest(
        models=names_in(models),
        panel=panel,
        profiles=profiles,
        protocols=protocols,
        budget=budget,
    )
    orchestrator = api.ThinkToolOrchestrator(key=key, config=config)
    report = orchestrator.bench(file, contest, told=_told)
    if sys.stderr.isatty():
        click.echo(err=True)
    if as_json:
        click.echo(to_json(report))
    else:
        show(bench_tables(report))
    if report.left_out:
        raise Failure(f"stopped: no budget for {report.left_out} answers", OUT_OF_BUDGET)


def _told(over: int, runs: int) -> None:
    if sys.stderr.isatty():
        click.echo(f"\r{over} of at most {runs} runs", nl=False, err=True)
