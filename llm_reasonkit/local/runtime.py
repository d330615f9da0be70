"""Models loaded in this process: one worker thread around llama.cpp for each."""

from __future__ import annotations

import atexit
import os
import secrets
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue
from types import ModuleType
from typing import Any

from llm_reasonkit.errors import CallError, UsageError

# Most that a prompt and its reply may take; llama.cpp lowers it to what the model was trained on.
# 8192 tokens cost 200 to 250 MB with models of the size that a CPU can run.
CONTEXT_TOKENS = 8192
# Tokens of a prompt read at a time. Cancelling waits for one batch; smaller ones cost speed.
_BATCH_TOKENS = 64

Item = dict[str, Any] | CallError | None


@dataclass(eq=False, slots=True)
class Generation:
    """A chat request on its way through a worker.

    `emit` is called from the worker's thread: with each chunk, with a CallError if it fails, and
    with None at its end. Setting `cancelled` ends it early, in the queue or at the next chunk.
    """

    request: dict[str, Any]
    emit: Callable[[Item], None]
    cancelled: threading.Event = field(default_factory=threading.Event)


class Runtime:
    """One GGUF file, loaded at its first request; requests are served in order of arrival.

    One at a time: with a thread or two, slots side by side give no more tokens a second in all,
    and each would have a part of the context only.
    """

    def __init__(self, weights: Path, threads: int) -> None:
        self._weights = weights
        self._threads = threads
        self._waiting: SimpleQueue[Generation | None] = SimpleQueue()
        self._stopping = threading.Event()
        self._worker = threading.Thread(target=self._work, name=weights.stem, daemon=True)
        self._worker.start()

    def submit(self, request: dict[str, Any], emit: Callable[[Item], None]) -> Generation:
        """Queue a request for /v1/chat/completions with `stream` set; return at once."""
        generation = Generation(request, emit)
        self._waiting.put(generation)
        return generation

    def stop(self) -> None:
        """End what is running, drop what waits, unload the model, join the worker."""
        self._stopping.set()
        self._waiting.put(None)
        self._worker.join()

    def _work(self) -> None:
        server = None
        while (generation := self._waiting.get()) is not None:
            if self._over(generation):
                continue
            try:
                server = server or load(self._weights, self._threads)
                self._generate(server, generation)
            except CallError as error:
                generation.emit(error)
            except Exception as error:  # noqa: BLE001 - somebody waits for this reply
                generation.emit(_refused(str(error)))
            generation.emit(None)

    def _generate(self, server: Any, generation: Generation) -> None:  # noqa: ANN401 - untyped
        def on_chunk(chunk: dict[str, Any]) -> bool:
            if "error" in chunk:
                generation.emit(_call_error(chunk["error"], self._weights.stem))
            else:
                generation.emit(chunk)
            return self._over(generation)

        server.handle_chat_completions(generation.request, on_chunk)

    def _over(self, generation: Generation) -> bool:
        return generation.cancelled.is_set() or self._stopping.is_set()


_loaded: dict[tuple[int, Path, int], Runtime] = {}
_lock = threading.Lock()


def runtime_for(weights: Path, threads: int | None = None) -> Runtime:
    """Return this process's runtime of `weights`; `threads` defaults to all cores but one."""
    # A forked child has none of its parent's threads, so it must not find their runtimes.
    key = (os.getpid(), weights, threads or max(1, _cores() - 1))
    with _lock:
        if key not in _loaded:
            _loaded[key] = Runtime(weights, key[2])
        return _loaded[key]


@atexit.register
def stop_all() -> None:
    """Stop every runtime: a worker inside llama.cpp while Python ends would abort the process."""
    with _lock:
        runtimes = list(_loaded.values())
        _loaded.clear()
    while runtimes:
        # An impatient second Ctrl-C must not undo what makes the end a clean one.
        with suppress(KeyboardInterrupt):
            runtimes[-1].stop()
            runtimes.pop()


def import_xllamacpp() -> ModuleType:
    """Return the runtime's module; raises UsageError with the way out where it is missing."""
    try:
        import xllamacpp
    except ImportError as error:
        missing = isinstance(error, ModuleNotFoundError) and error.name == "xllamacpp"
        what = "is not installed" if missing else f"cannot be loaded ({error})"
        raise UsageError(
            f"local models need the package xllamacpp, which {what}; "
            "run `llm install 'llm-reasonkit[local]'` or `pip install 'llm-reasonkit[local]'`"
        ) from error
    module: ModuleType = xllamacpp
    return module


def load(weights: Path, threads: int) -> Any:  # noqa: ANN401 - xllamacpp has no types
    """Load a GGUF file and return its xllamacpp.Server; raises CallError where that fails."""
    try:
        llama = import_xllamacpp()
    except UsageError as error:
        raise CallError(str(error), billed=False) from error
    params = llama.CommonParams()
    params.model.path = str(weights)
    params.model_alias = {weights.name}
    params.n_ctx = CONTEXT_TOKENS
    params.n_batch = _BATCH_TOKENS
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads
    params.cache_ram_mib = 0
    params.verbosity = -1
    # The server listens on a port whether wanted or not: for nobody but this process.
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.api_keys = [secrets.token_hex(32)]
    params.ui = False
    params.endpoint_slots = False
    try:
        return llama.Server(params)
    except RuntimeError as error:
        raise CallError(
            f"llama.cpp cannot load {weights}: it is missing, damaged, cut short or of an "
            "unknown kind; install it again",
            billed=False,
        ) from error


def _call_error(error: dict[str, Any], model: str) -> CallError:
    if error.get("type") == "exceed_context_size_error":
        return _refused(
            f"the prompt has {error['n_prompt_tokens']} tokens, more than the {error['n_ctx']} "
            f"that {model} takes here; shorten it"
        )
    code = error.get("code", 500)
    message = f"llama.cpp: {error.get('message', 'unknown error')}"
    if 400 <= code < 500:
        return _refused(message)
    return CallError(message, code="server", billed=False)


def _refused(message: str) -> CallError:
    return CallError(message, code="bad_request", billed=False)


def _cores() -> int:
    # Where the system says which cores this process may use, the others do not count.
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
