"""What searching the catalogue takes beyond llm's own start, from a warm cache of 415 models.

    python -m tests.benchmarks.search

Runs the search and `llm --version` in turn, in processes of their own. CPU time is what the
machine's other work distorts least.
"""

from __future__ import annotations

import asyncio
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from llm_reasonkit.openrouter import catalogue

MODELS = 415
RUNS = 25
START = ("--version",)
SEARCHES = (("claude",), (), ("--free", "--supports", "tools", "--sort", "price"))
_AUTHORS = ("anthropic/claude", "openai/gpt", "google/gemini", "meta/llama", "mistralai/mistral")
_PARAMETERS = ["tools", "structured_outputs", *(f"parameter_{number}" for number in range(20))]


class Rows:
    """Stands for OpenRouter's list of models."""

    async def get_json(self, path: str) -> dict[str, list[dict[str, Any]]]:
        """Return rows as long as OpenRouter's are."""
        return {"data": [_row(number) for number in range(MODELS)]}


def _row(number: int) -> dict[str, Any]:
    id_ = f"{_AUTHORS[number % len(_AUTHORS)]}-{number}{':free' if number % 9 == 0 else ''}"
    price = "0" if id_.endswith(":free") else f"0.0000{number:03}"
    return {
        "id": id_,
        "name": f"The model number {number}",
        "canonical_slug": f"{id_.partition(':')[0]}-20260101",
        "created": 1_700_000_000 + number,
        "context_length": 8192 * (1 + number % 128),
        "pricing": {"prompt": price, "completion": price, "input_cache_read": price},
        "supported_parameters": _PARAMETERS[: 4 + number % len(_PARAMETERS)],
        "architecture": {"input_modalities": ["text", "image"], "output_modalities": ["text"]},
        "top_provider": {"max_completion_tokens": 65536},
        "reasoning": {"mandatory": False, "supported_efforts": ["high", "medium", "low"]},
    }


def seconds(*arguments: str) -> tuple[float, float]:
    """Run a command of llm's; return its CPU time and how long it took."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([sys.executable, "-m", "llm", *arguments], stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return cpu, time.perf_counter() - began


def main() -> None:
    """Print by how much each search takes longer, as the median of pairs, and its quartiles."""
    with tempfile.TemporaryDirectory() as name:
        os.environ["LLM_USER_PATH"] = name
        asyncio.run(catalogue.refresh(Path(name) / "reasonkit", Rows()))
        for words in SEARCHES:
            search = ("providers", "search", "openrouter", *words)
            pairs = [(seconds(*START), seconds(*search)) for _ in range(RUNS)]
            for kind, what in enumerate(("CPU", "wall")):
                more = [(ours[kind] - start[kind]) * 1000 for start, ours in pairs]
                low, middle, high = statistics.quantiles(more, n=4)
                print(
                    f"llm {' '.join(search)}: {what} {middle:+.0f} ms ({low:.0f} to {high:.0f})"
                    f" beyond {statistics.median(start[kind] for start, _ in pairs) * 1000:.0f} ms"
                )


if __name__ == "__main__":
    main()
