"""Real processes that run `llm`, started fast: each is forked from one that has imported it all."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from multiprocessing import get_context
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import llm.cli

# What a command would import, once for all of them.
import llm_reasonkit.cli.reasonkit
import llm_reasonkit.openrouter.client  # noqa: F401 (see above)

_FORKS = get_context("forkserver")
_FORKS.set_forkserver_preload(["tests.forked"])


def start(arguments: Sequence[str], env: Mapping[str, str], said: Path) -> ForkServerProcess:
    """Start `llm` with these arguments. What it says goes to the files `said`.out and .err, its
    exit code to .code: threads that wait for several processes may take each other's."""
    process = _FORKS.Process(target=_run, args=(list(arguments), dict(env), str(said)))
    process.start()
    return process


def _run(arguments: list[str], env: dict[str, str], said: str) -> None:
    os.environ.update(env)
    sys.argv = ["llm", *arguments]
    sys.stdin = None
    with open(f"{said}.out", "w") as out, open(f"{said}.err", "w") as err:  # noqa: PTH123
        os.dup2(out.fileno(), 1)
        os.dup2(err.fileno(), 2)
        try:
            llm.cli.cli()
        except SystemExit as end:
            Path(f"{said}.code").write_text(str(end.code))
