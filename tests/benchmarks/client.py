"""What our client costs, next to a bare httpx loop that does the same against the same server.

    python -m tests.benchmarks.client

First one call at a time: CPU per streamed reply and time to the first token, as ratios to httpx's
in pairs of calls. Then 200 streams at once: replies per second, and per second of CPU, next to
several arrangements of httpx clients that share the streams among them.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager

import httpx
import llm

from tests.benchmarks.lean_server import EVENTS

MODEL = "acme/small"
KEY = "sk-or-v1-test-key-0001"
PAIRS = {"burst": 400, "paced": 60}
ROUNDS = 3
STREAMS = 200
CLIENTS = (4, 8, 16, 32, 64)

# Makes one call; returns when the first token came, on the clock of `perf_counter`.
Call = Callable[[], Awaitable[float]]


@contextmanager
def serving() -> Iterator[str]:
    """Run the server in a process of its own; gives its address."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.lean_server"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        process.stdin.close()


def bare(client: httpx.AsyncClient) -> Call:
    """Return a call made with httpx alone."""
    headers = {"Authorization": f"Bearer {KEY}"}
    body = {"model": MODEL, "messages": [{"role": "user", "content": "Why?"}], "stream": True}

    async def call() -> float:
        first, text, usage = 0.0, [], None
        async with client.stream("POST", "chat/completions", json=body, headers=headers) as reply:
            async for line in reply.aiter_lines():
                if line.startswith("data: ") and line != "data: [DONE]":
                    chunk = json.loads(line[6:])
                    usage = chunk.get("usage")
                    if content := chunk["choices"][0]["delta"].get("content"):
                        first = first or time.perf_counter()
                        text.append(content)
        assert len("".join(text).split()) == EVENTS - 2
        assert usage
        return first

    return call


def ours(model: llm.AsyncModel) -> Call:
    """Return a call made through llm and our plugin."""

    async def call() -> float:
        first = 0.0
        response = model.prompt("Why?")
        async for _ in response:
            first = first or time.perf_counter()
        assert len((await response.text()).split()) == EVENTS - 2
        assert response.token_details
        return first

    return call


async def one(call: Call) -> tuple[float, float]:
    """Return the CPU seconds of a call and the seconds to its first token."""
    cpu, began = time.process_time(), time.perf_counter()
    first = await call()
    return time.process_time() - cpu, first - began


async def many(calls: Sequence[Call]) -> tuple[float, float]:
    """Make each call twice, all of them side by side; return CPU and seconds of a reply."""

    async def twice(call: Call) -> None:
        await call()
        await call()

    gc.collect()
    cpu, began = time.process_time(), time.perf_counter()
    await asyncio.gather(*map(twice, calls))
    replies = 2 * len(calls)
    return (time.process_time() - cpu) / replies, (time.perf_counter() - began) / replies


def show(title: str, mine: Sequence[float], theirs: Sequence[float]) -> None:
    """Print the medians of both sides, and the median of the ratios with its quartiles."""
    ratios = [one / other for one, other in zip(mine, theirs, strict=True)]
    low, middle, high = statistics.quantiles(ratios, n=4)
    print(
        f"{title}: {statistics.median(mine) * 1000:.2f} ms,"
        f" httpx {statistics.median(theirs) * 1000:.2f} ms: {middle:.2f} ({low:.2f} to {high:.2f})"
    )


async def one_at_a_time(shape: str, mine: Call, theirs: Call) -> None:
    """Compare single calls."""
    for call in (mine, theirs) * 10:
        await call()
    pairs = []
    for number in range(PAIRS[shape]):
        if number % 2:
            pairs.append((await one(mine), await one(theirs)))
        else:
            pairs.append((await one(theirs), await one(mine))[::-1])
    for kind, title in enumerate(("CPU a reply", "time to first token")):
        show(f"{shape}: {title}", *zip(*((a[kind], b[kind]) for a, b in pairs), strict=True))


async def all_at_once(shape: str, arrangements: dict[str, Sequence[Call]]) -> None:
    """Compare ways to carry 200 streams; the first is ours."""
    for calls in arrangements.values():
        await many(calls)
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in arrangements}
    for _ in range(ROUNDS):
        for name, calls in arrangements.items():
            taken[name].append(await many(calls))
    for kind, title in enumerate(("a CPU second", "a second")):
        rates = {
            name: 1 / statistics.median(times[kind] for times in all_times)
            for name, all_times in taken.items()
        }
        name, *others = rates
        best = max(others, key=rates.__getitem__)
        told = ", ".join(f"{name} {rate:.0f}" for name, rate in rates.items())
        print(f"{shape}: {STREAMS} streams, replies {title}: {told}")
        pairs = zip(taken[name], taken[best], strict=True)
        ratios = sorted(theirs[kind] / mine[kind] for mine, theirs in pairs)
        print(
            f"  to {best}, the best of httpx: {statistics.median(ratios):.2f}"
            f" ({ratios[0]:.2f} to {ratios[-1]:.2f})"
        )


async def compare(server: str, shape: str) -> None:
    """Measure replies of one shape."""
    os.environ["OPENROUTER_BASE_URL"] = base_url = f"{server}/{shape}/v1"
    mine = ours(llm.get_async_model(f"openrouter/{MODEL}"))
    async with AsyncExitStack() as stack:

        async def client(connections: int) -> Call:
            limits = httpx.Limits(
                max_connections=connections, max_keepalive_connections=connections
            )
            opened = httpx.AsyncClient(base_url=base_url, limits=limits, timeout=600)
            return bare(await stack.enter_async_context(opened))

        await one_at_a_time(shape, mine, await client(1))
        arrangements: dict[str, Sequence[Call]] = {"ours": [mine] * STREAMS}
        for count in CLIENTS:
            calls = [await client(-(-STREAMS // count)) for _ in range(count)]
            shared = [calls[number % count] for number in range(STREAMS)]
            arrangements[f"{count} of httpx"] = shared
        await all_at_once(shape, arrangements)


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder, serving() as server:
        os.environ |= {"LLM_USER_PATH": folder, "HOME": folder, "OPENROUTER_API_KEY": KEY}
        os.environ["LLM_MODEL"] = f"openrouter/{MODEL}"
        for shape in PAIRS:
            asyncio.run(compare(server, shape))


if __name__ == "__main__":
    main()
