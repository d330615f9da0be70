"""What a panel takes longer than its slowest member, with and without members that are cancelled.

    python -m tests.benchmarks.panel

Members are models of the look-alike server; each replies after a time of its own. The time of a
panel is what a caller of the Python API waits, from the call to the result, all of it recorded in
a database; that of a member is its call's, from its start to the end of its reply.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROUNDS = 12
MODELS = ("acme/small", "acme/prose", "anthropic/claude-sonnet-4")
# How the panel is asked, and after how many seconds each member replies.
CASES: Mapping[str, tuple[Mapping[str, Any], tuple[float, ...]]] = {
    "all are needed": ({}, (0.2, 0.3, 0.4)),
    "one of three is cancelled": ({"waves": [3], "threshold": "0.6"}, (0.2, 5.0, 0.4)),
    "two waves": ({"waves": [2, 1]}, (0.2, 0.3, 0.3)),
}


def main() -> None:
    """Print, for each case, how much later than the last reply the result is there."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["LLM_USER_PATH"] = name
        from llm_reasonkit.api import ThinkToolOrchestrator
        from tests.openrouter_server import Answer, Server

        with Server() as server:
            os.environ["OPENROUTER_BASE_URL"] = server.base_url
            os.environ["OPENROUTER_API_KEY"] = server.key
            orchestrator = ThinkToolOrchestrator(log=folder / "logs.db")
            for case, (how, seconds) in CASES.items():
                after = dict(zip(MODELS, seconds, strict=True))
                server.reply = lambda body, after=after: Answer(
                    f"Final answer: {2 + (body['model'] == MODELS[1])}", delay=after[body["model"]]
                )
                late = [_late(orchestrator, how) for _ in range(ROUNDS)]
                print(
                    f"{case}: median {statistics.median(late[1:]):.0f} ms "
                    f"({min(late):.0f} to {max(late[1:]):.0f}; the first run {late[0]:.0f})"
                )


def _late(orchestrator: Any, how: Mapping[str, Any]) -> float:
    """Run a panel once; milliseconds between the slowest members' time and the panel's."""
    began = time.perf_counter()
    result = orchestrator.consensus(
        query="How many moons has Mars?",
        models=[f"openrouter/{model}" for model in MODELS],
        **how,
    )
    took = (time.perf_counter() - began) * 1000
    assert result.answer == "2", result.warnings
    count = how.get("waves", [len(MODELS)])[0]
    done = [m.duration_ms if m.status == "done" else 0 for m in result.members]
    return took - max(done[:count]) - max(done[count:], default=0)


if __name__ == "__main__":
    main()
