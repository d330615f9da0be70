"""Run the look-alike by hand: `python -m tests.openrouter_server --port 8000`."""

from __future__ import annotations

import argparse
import threading

from .server import Server


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with Server(seed=options.seed, port=options.port) as server:
        print(f"export OPENROUTER_BASE_URL={server.base_url} OPENROUTER_API_KEY={server.key}")  # noqa: T201 (this is its output)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            return


if __name__ == "__main__":
    main()
