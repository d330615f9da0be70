"""What the plugin adds to the start of llm: two environments, with it and without it, in turn.

python -m tests.benchmarks.start PATH/without/bin/llm PATH/with/bin/llm
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

RUNS = 15


def seconds(llm: str, *arguments: str) -> float:
    """Run a command of llm's and return how long it took."""
    began = time.perf_counter()
    subprocess.run([llm, *arguments], stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - began


def main() -> None:
    """Print the medians of alternating runs and their difference."""
    without, with_it = sys.argv[1:]
    for arguments in (["--version"], ["models"]):
        pairs = [(seconds(without, *arguments), seconds(with_it, *arguments)) for _ in range(RUNS)]
        bare, ours = (statistics.median(column) * 1000 for column in zip(*pairs, strict=True))
        print(
            f"llm {' '.join(arguments)}: {bare:.0f} ms without, {ours:.0f} ms with the plugin: "
            f"{ours - bare:+.0f} ms"
        )


if __name__ == "__main__":
    main()
