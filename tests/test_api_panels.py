"""Compare and consensus from Python, as programs use them, on models of some plugin's."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

import llm
import pytest
from llm.plugins import pm
from sqlite_utils import Database

from llm_reasonkit.api import PanelQuestion, ThinkToolOrchestrator
from llm_reasonkit.errors import UsageError
from llm_reasonkit.store.history import load_run
from tests.openrouter_server import Server
from tests.scripted import Watcher

NAMES = ("gpt-told", "claude-told", "gemini-told")


class Told(llm.AsyncModel):
    """Says what its class was told to."""

    says: ClassVar[dict[str, str]] = {}
    stuck: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, name: str) -> None:
        self.model_id = name

    async def execute(
        self, prompt: Any, stream: Any, response: Any, conversation: Any
    ) -> AsyncIterator[str]:
        if self.model_id in self.stuck:
            await asyncio.Event().wait()
        yield self.says.get(self.model_id, "Final answer: 2")


class Warm(Told):
    """Has an option that the others lack."""

    class Options(llm.Options):
        warmth: int | None = None


class Sync(llm.Model):
    """The synchronous form that llm wants beside it; never asked."""

    def __init__(self, name: str) -> None:
        self.model_id = name

    def execute(self, *_: Any) -> Iterator[str]:
        raise AssertionError("the async form is there to be asked")


class Keyed(llm.AsyncKeyModel):
    """A model of another provider, with a key of its own; notes the keys that it is given."""

    model_id = "mistral-keyed"
    needs_key = "mistral-keyed"
    seen: ClassVar[list[str | None]] = []

    async def execute(
        self, prompt: Any, stream: Any, response: Any, conversation: Any, key: str | None = None
    ) -> AsyncIterator[str]:
        self.seen.append(key)
        yield "Final answer: 2"


class KeyedSync(llm.KeyModel):
    """The synchronous form of the other."""

    model_id = "mistral-keyed"
    needs_key = "mistral-keyed"

    def execute(self, *_: Any) -> Iterator[str]:
        raise AssertionError("the async form is there to be asked")


class Plugin:
    """Registers all of them."""

    @llm.hookimpl
    def register_models(self, register: Any) -> None:
        for name in NAMES:
            register(Sync(name), Told(name))
        register(Sync("gpt-warm"), Warm("gpt-warm"))
        register(KeyedSync(), Keyed())


@pytest.fixture(autouse=True)
def _told() -> Iterator[None]:
    Told.says = {}
    Told.stuck = frozenset()
    Keyed.seen.clear()
    plugin = Plugin()
    pm.register(plugin)
    yield
    pm.unregister(plugin)


def test_consensus_as_promised() -> None:
    """`consensus(query=…, models=[…], threshold=0.8, answer="number")` gives the result object."""
    Told.says = {"gemini-told": "Final answer: 3"}
    result = ThinkToolOrchestrator().consensus(
        query="How many moons has Mars?", models=[*NAMES], threshold=0.6, answer="number"
    )
    assert (result.answer, result.status) == ("2", "done")
    assert result.agreement is not None
    assert (result.agreement.threshold, result.agreement.needed) == (Decimal("0.6"), 2)
    assert [vote.canonical for vote in result.votes] == ["2", "2", "3"]
    assert result.cost.unknown_calls == 3
    assert result.confidence.kind == "prior"


def test_compare_as_promised(user_folder: Path) -> None:
    """`compare(query=…, models=[…])` gives each model's answer, with a profile also its run."""
    Told.says = {"gpt-told": "Gravity.", "claude-told": "Falling."}
    result = ThinkToolOrchestrator().compare(query="Why?", models=["gpt-told", "claude-told"])
    assert [member.answer for member in result.members] == ["Gravity.", "Falling."]
    with_profile = ThinkToolOrchestrator(log=user_folder / "logs.db").compare(
        query="Why?", models=["gpt-told", "claude-told"], profile="quick"
    )
    assert with_profile.profile == "quick"
    assert all(member.run_id for member in with_profile.members)


async def test_async_forms() -> None:
    """The async forms do the same, and the sync ones work inside a running loop."""
    asked = PanelQuestion("How many moons has Mars?", models=NAMES)
    orchestrator = ThinkToolOrchestrator()
    result = await orchestrator.consensus_async(asked)
    assert result.answer == "2"
    assert (await orchestrator.compare_async("Why?", models=NAMES)).status == "done"
    assert orchestrator.consensus(asked, threshold="1").answer == "2"


def test_open_question() -> None:
    """A question that asks for prose is not voted on; without claims there is no answer, and every
    member's own is kept."""
    Told.says = dict.fromkeys(NAMES, "It is the gravity.")
    result = ThinkToolOrchestrator().consensus(query="Explain the tides", models=[*NAMES])
    assert result.votes == []
    assert (result.agreement, result.answer) == (None, None)
    assert [member.answer for member in result.members] == ["It is the gravity."] * 3


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"models": ["gpt-told"]}, "takes two votes"),
        ({"models": ["gpt-told", "nobody"]}, "unknown model 'nobody'"),
        ({"models": NAMES, "threshold": "most"}, "give a share"),
        ({"models": NAMES, "threshold": float("nan")}, "above 0 and up to 1"),
        ({"models": NAMES, "answer": "poem"}, "give one of number"),
        ({"models": NAMES, "stop": "soon"}, "give one of never"),
        ({"models": NAMES, "panel": "nobody"}, "no panel 'nobody'"),
    ],
)
def test_mistakes(how: dict[str, Any], said: str) -> None:
    """What makes no sense is a UsageError before the first call."""
    with pytest.raises(UsageError, match=said):
        ThinkToolOrchestrator().consensus(query="How many moons has Mars?", **how)


@pytest.mark.parametrize(
    ("command", "keyword", "meant"),
    [
        ("consensus", "modles", "'models'"),
        ("consensus", "treshold", "'threshold'"),
        ("compare", "protocl", "'protocol'"),
    ],
)
async def test_misspelt_keyword(command: str, keyword: str, meant: str) -> None:
    """A keyword that nobody knows is a TypeError of the method, with the nearest one there is."""
    said = rf"^{command}\(\) got an unexpected keyword .* '{keyword}'; did you mean {meant}\?$"
    with pytest.raises(TypeError, match=said):
        getattr(ThinkToolOrchestrator(), command)(query="Why?", **{keyword: NAMES})
    with pytest.raises(TypeError, match=said):
        await getattr(ThinkToolOrchestrator(), f"{command}_async")("Why?", **{keyword: NAMES})


@pytest.mark.parametrize("command", ["consensus", "compare"])
@pytest.mark.parametrize("models", [("gpt-told", "gpt-warm"), ("gpt-warm", "gpt-told")])
def test_option_that_a_member_does_not_know(command: str, models: tuple[str, str]) -> None:
    """An option that not all members know is a mistake, whichever of them stands first."""
    ask = getattr(ThinkToolOrchestrator(), command)
    with pytest.raises(UsageError, match="unknown option 'warmth' of gpt-told"):
        ask(query="How many moons has Mars?", models=models, options={"warmth": 1})


class Buggy(Watcher):
    """Breaks at the first step of the first run."""

    def step_started(self, step_id: str, model: str | None) -> None:
        if step_id.startswith("1."):
            raise RuntimeError("a bug")


async def test_bug_in_one_of_several_runs(user_folder: Path) -> None:
    """A bug in one run of a comparison ends the others too, and all of them are recorded."""
    Told.stuck = frozenset({"gpt-told"})
    path = user_folder / "logs.db"
    with pytest.raises(RuntimeError, match="a bug"):
        await ThinkToolOrchestrator(log=path).compare_async(
            "Why?", models=["claude-told", "gpt-told"], profile="quick", observer=Buggy()
        )
    assert asyncio.all_tasks() == {asyncio.current_task()}
    with closing(Database(path)) as db:
        statuses = [row["status"] for row in db["reasonkit_runs"].rows_where(order_by="id")]
    assert statuses == ["failed", "interrupted", "failed"]


def test_panel_in_a_panel(user_folder: Path) -> None:
    """A panel that is registered as a model is no member of a panel, where it could be its own."""
    (user_folder / "reasonkit").mkdir()
    config = user_folder / "reasonkit" / "config.toml"
    config.write_text('[panels.loop]\nmodels = ["gpt-told", "consensus/loop"]\n')
    with pytest.raises(UsageError, match="consensus/loop is a panel"):
        ThinkToolOrchestrator().consensus(query="How many moons has Mars?", panel="loop")


def test_key_goes_to_one_provider(openrouter: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key that is given is for the first model's provider; members of others get their own."""
    monkeypatch.delenv("OPENROUTER_API_KEY")
    (llm.user_dir() / "keys.json").write_text('{"mistral-keyed": "its-own"}')
    openrouter.reply = lambda body: "Final answer: 2"
    result = ThinkToolOrchestrator(key=openrouter.key).consensus(
        query="How many moons has Mars?", models=["openrouter/acme/small", "mistral-keyed"]
    )
    assert result.answer == "2"
    assert Keyed.seen == ["its-own"]


def test_record(user_folder: Path) -> None:
    """With a log the run can be read back as it was returned."""
    path = user_folder / "logs.db"
    result = ThinkToolOrchestrator(log=path).consensus(
        query="How many moons has Mars?", models=[*NAMES]
    )
    assert load_run(path, result.run_id) == result


def _open_files() -> int:
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208 (a count of links that vanish)


async def test_a_thousand_in_one_loop() -> None:
    """A thousand consensus runs in one event loop leave no task, thread or open file behind."""
    orchestrator = ThinkToolOrchestrator()
    asked = PanelQuestion("How many moons has Mars?", models=NAMES)
    await orchestrator.consensus_async(asked)
    before = threading.active_count(), _open_files()
    for _ in range(10):
        runs = [orchestrator.consensus_async(asked) for _ in range(100)]
        results = await asyncio.gather(*runs)
        assert {result.answer for result in results} == {"2"}
    assert len(asyncio.all_tasks()) == 1
    after = threading.active_count(), _open_files()
    assert after[0] <= before[0]
    assert after[1] <= before[1] + 2
