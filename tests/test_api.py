"""The Python API, as programs use it."""

from __future__ import annotations

import asyncio
import json
import math
import sqlite3
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any, ClassVar

import llm
import pytest

from llm_reasonkit import (
    OpenRouterProvider,
    ReasoningProfile,
    ReasonkitError,
    Result,
    ThinkToolOrchestrator,
)
from llm_reasonkit.api import Question, Source
from llm_reasonkit.errors import ConfigError, MissingKeyError, UsageError
from llm_reasonkit.openrouter.model import OpenRouterAsyncModel, OpenRouterModel
from tests.cli import answering, until, write_protocol
from tests.openrouter_server import Answer, Server

SMALL = "openrouter/acme/small"


class Told:
    """What the models of these tests say: an object where the prompt asks for one, else a text
    with the number of the call."""

    calls: int = 0

    def reply(self, prompt: llm.Prompt) -> str:
        self.calls += 1
        if "List the facts" in str(prompt.prompt):
            return json.dumps({"facts": [{"text": "it is so"}]})
        return f"Yes, call {self.calls}."


class SyncModel(llm.Model, Told):
    """A model of some plugin's that can only be called synchronously and knows no options."""

    model_id = "sync-model"

    def execute(self, prompt: Any, stream: Any, response: Any, conversation: Any) -> Iterator[str]:
        yield self.reply(prompt)


class AsyncOnlyModel(llm.AsyncKeyModel, Told):
    """An async model with an option of its own and a key."""

    model_id = "async-model"
    needs_key = "async-model"
    seen: ClassVar[list[tuple[Any, Any]]] = []

    class Options(llm.Options):
        mood: str | None = None
        num_predict: int | None = None

    async def execute(
        self, prompt: Any, stream: Any, response: Any, conversation: Any, key: Any = None
    ) -> AsyncIterator[str]:
        self.seen.append((key, prompt.options.mood))
        yield self.reply(prompt)


@pytest.fixture(autouse=True)
def _weigh(user_folder: Path) -> None:
    write_protocol(user_folder)


@pytest.fixture
def server(openrouter: Server) -> Server:
    """A server that answers the protocol."""
    openrouter.reply = answering("Yes, because of the facts.")
    return openrouter


def test_provider_with_its_settings(server: Server) -> None:
    """What the provider is given reaches the server with every call, and the result names it."""
    provider = OpenRouterProvider(
        model="acme/small",
        temperature=0.7,
        max_tokens=150,
        top_p=0.9,
        site_url="https://example.com",
        site_name="Example",
        options={"seed": 7},
    )
    result = ThinkToolOrchestrator(provider=provider).think("Is it so?", protocol="weigh")
    assert (result.status, result.output) == ("done", "Yes, because of the facts.")
    assert result.model_used == "acme/small-2026-01-15"
    for chat in server.chats:
        sent = {name: chat.body[name] for name in ("temperature", "max_tokens", "top_p", "seed")}
        assert sent == {"temperature": 0.7, "max_tokens": 150, "top_p": 0.9, "seed": 7}
        assert chat.headers["http-referer"] == "https://example.com"
        assert chat.headers["x-openrouter-title"] == "Example"


def test_provider_with_a_key(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """The provider's own key is used, and never shown."""
    monkeypatch.setenv("OPENROUTER_API_KEY", "sk-or-v1-wrong")
    provider = OpenRouterProvider(model="acme/small", api_key=server.key)
    result = ThinkToolOrchestrator(provider=provider).think("q", protocol="weigh")
    assert result.status == "done"
    assert server.key not in repr(provider) + repr(result)


@pytest.mark.parametrize("profile", [ReasoningProfile.QUICK, "quick"])
def test_profile(server: Server, profile: str) -> None:
    """A profile is given by name or as the enumeration."""
    result = ThinkToolOrchestrator(SMALL).think(query="q", profile=profile)
    assert (result.profile, result.protocol) == ("quick", None)


def test_confidence_is_counted_or_nan(server: Server) -> None:
    """overall is the share of checks passed, NaN when none could be counted, always formattable."""
    orchestrator = ThinkToolOrchestrator(SMALL)
    counted = orchestrator.think("q", profile="quick")
    passed, failed = counted.checks.passed, counted.checks.failed
    assert counted.confidence.overall == passed / (passed + failed)
    assert counted.confidence.kind == "checks"
    assert f"{passed} of {passed + failed} checks passed" in counted.confidence.basis
    nothing = orchestrator.think("q", protocol="weigh")
    assert math.isnan(nothing.confidence.overall)
    assert f"{nothing.confidence.overall:.1%}" == "nan%"
    assert json.loads(nothing.model_dump_json())["confidence"]["overall"] is None


async def test_think_async(server: Server) -> None:
    """think_async gives the same result without blocking the loop."""
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            ticks += 1
            await asyncio.sleep(0.001)

    ticking = asyncio.create_task(tick())
    result = await ThinkToolOrchestrator(SMALL).think_async("q", protocol="weigh")
    ticking.cancel()
    assert result.output == "Yes, because of the facts."
    assert ticks > 5


async def test_think_inside_a_running_loop(server: Server) -> None:
    """The synchronous door opens inside a running event loop too, as in a notebook."""
    result = ThinkToolOrchestrator(SMALL).think("q", protocol="weigh")
    assert result.status == "done"


async def test_several_at_once_in_one_loop(server: Server) -> None:
    """Runs side by side in one loop do not disturb each other."""
    orchestrator = ThinkToolOrchestrator(SMALL, log=True)
    questions = [f"question {number}" for number in range(4)]
    results = await asyncio.gather(
        *(orchestrator.think_async(question, protocol="weigh") for question in questions)
    )
    assert [result.question for result in results] == questions
    assert {result.status for result in results} == {"done"}
    assert len({result.run_id for result in results}) == 4


def test_several_threads_at_once(server: Server, user_folder: Path) -> None:
    """One orchestrator serves several threads; each run is logged whole."""
    orchestrator = ThinkToolOrchestrator(SMALL, log=True)
    with ThreadPoolExecutor(4) as threads:
        results = list(
            threads.map(lambda n: orchestrator.think(f"question {n}", protocol="weigh"), range(8))
        )
    assert [result.status for result in results] == ["done"] * 8
    assert [result.question for result in results] == [f"question {n}" for n in range(8)]
    with closing(sqlite3.connect(user_folder / "logs.db")) as db:
        (turns,) = db.execute("select count(*) from turns").fetchone()
    assert turns == sum(len([s for s in r.steps if s.turn_id]) for r in results)


@pytest.mark.parametrize("log", [False, True])
def test_logged_only_when_asked(server: Server, user_folder: Path, log: bool) -> None:
    """Nothing is logged unless `log` says so; then the result has a trace id."""
    result = ThinkToolOrchestrator(SMALL, log=log).think("q", protocol="weigh")
    assert (result.trace_id is not None) == log
    assert (user_folder / "logs.db").exists() == log


def test_log_elsewhere(server: Server, user_folder: Path, tmp_path: Path) -> None:
    """`log` may be a path."""
    ThinkToolOrchestrator(SMALL, log=tmp_path / "own.db").think("q", protocol="weigh")
    assert (tmp_path / "own.db").exists()
    assert not (user_folder / "logs.db").exists()


def test_nothing_is_printed(server: Server, capfd: pytest.CaptureFixture[str]) -> None:
    """The API is silent, whatever happens."""
    ThinkToolOrchestrator(SMALL).think("q", protocol="weigh")
    server.keys = {"another"}
    ThinkToolOrchestrator(SMALL).think("q", protocol="weigh")
    assert capfd.readouterr() == ("", "")


def test_any_sync_model_object() -> None:
    """A model of another plugin, sync, without options and schemas, is a provider."""
    result = ThinkToolOrchestrator(SyncModel()).think("q", protocol="weigh")
    assert (result.status, result.output) == ("done", "Yes, call 3.")
    assert result.models[0].asked == "sync-model"
    assert (result.cost.usd, result.cost.unknown_calls) == (None, 3)


def test_any_async_model_object() -> None:
    """An async model is a provider too; it gets its key and the options that it knows."""
    model = AsyncOnlyModel()
    question = Question("q", protocol="weigh", options={"mood": "calm"})
    result = ThinkToolOrchestrator(model, key="its-key").think(question)
    assert result.status == "done"
    assert set(model.seen) == {("its-key", "calm")}


def test_openrouter_model_object(server: Server) -> None:
    """What llm.get_model gives for one of our ids works as a provider."""
    for model in (OpenRouterModel(SMALL), OpenRouterAsyncModel(SMALL)):
        result = ThinkToolOrchestrator(model).think("q", protocol="weigh")
        assert (result.status, result.models[0].asked) == ("done", SMALL)
        assert result.cost.unknown_calls == 0


def test_question_with_sources(server: Server) -> None:
    """Sources reach every step under ids of their own, and so does the system prompt."""
    question = Question(
        "Is it so?",
        protocol="weigh",
        system="Be brief",
        sources=[Source("a.txt", "The sky is blue."), Source("b.txt", "Grass is green.")],
    )
    ThinkToolOrchestrator(SMALL).think(question)
    for chat in server.chats:
        text = json.dumps(chat.body["messages"])
        parts = ("[S1]", "The sky is blue.", "[S2]", "Grass is green.", "Be brief")
        assert all(part in text for part in parts)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"query": " "}, UsageError),
        ({"query": "q", "protocol": "nope"}, UsageError),
        ({"query": "q", "profile": "nope"}, UsageError),
        ({"query": "q", "profile": "quick", "protocol": "weigh"}, UsageError),
    ],
)
def test_mistakes_are_raised(server: Server, arguments: dict[str, str], error: type) -> None:
    """What cannot be carried out raises before any request; every error has one root."""
    with pytest.raises(error) as caught:
        ThinkToolOrchestrator(SMALL).think(**arguments)
    assert isinstance(caught.value, ReasonkitError)
    assert server.requests == []


def test_missing_key_is_raised() -> None:
    """Without a key MissingKeyError is raised, also by think_async."""
    with pytest.raises(MissingKeyError, match="llm keys set openrouter"):
        ThinkToolOrchestrator().think("q")
    with pytest.raises(MissingKeyError):
        asyncio.run(ThinkToolOrchestrator().think_async("q"))


def test_broken_configuration_is_raised(user_folder: Path) -> None:
    """A broken configuration raises ConfigError with the line."""
    (user_folder / "reasonkit" / "config.toml").write_text("[providers.openruter]\n")
    with pytest.raises(ConfigError, match=r"config\.toml:1: unknown key 'openruter'"):
        ThinkToolOrchestrator(SMALL).think("q")


def test_failed_run_is_returned(server: Server) -> None:
    """A run without an answer is a result with its status, not an exception."""
    server.keys = {"another"}
    result = ThinkToolOrchestrator(SMALL).think("q", protocol="weigh")
    assert isinstance(result, Result)
    assert (result.status, result.answer, result.output) == ("failed", None, "")


async def test_cancelled_run_is_logged(server: Server, user_folder: Path) -> None:
    """Cancelling think_async cancels the run, which is kept as interrupted."""
    server.reply = lambda _: Answer("never", delay=60)
    orchestrator = ThinkToolOrchestrator(SMALL, log=True)
    task = asyncio.create_task(orchestrator.think_async("q", protocol="weigh"))
    await asyncio.to_thread(until, lambda: len(server.chats) == 1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    with closing(sqlite3.connect(user_folder / "logs.db")) as db:
        assert db.execute("select status from reasonkit_runs").fetchall() == [("interrupted",)]


def test_llm_model_is_heeded(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a provider the API chooses as the command line does, LLM_MODEL first."""
    monkeypatch.setenv("LLM_MODEL", "acme/small")
    result = ThinkToolOrchestrator().think("q", protocol="weigh")
    assert result.models[0].asked == SMALL


def test_package_shows_its_names() -> None:
    """The names of the README can be imported from the package and stand in dir(); others not."""
    import llm_reasonkit

    assert set(llm_reasonkit.__all__) <= set(dir(llm_reasonkit))
    assert all(hasattr(llm_reasonkit, name) for name in llm_reasonkit.__all__)
    assert not hasattr(llm_reasonkit, "Nonsense")
