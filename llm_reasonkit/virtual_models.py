"""Protocols, profiles and panels under llm's own model ids: `think/balanced`, `consensus/review`.

As a model a run writes nothing itself, as it cannot see whether it may: its whole result travels
in the response, as `reasonkit` of `response_json`, and llm logs it or not. Loaded by every `llm`
command, so that here names only are looked for.
"""

from __future__ import annotations

import asyncio
import json
import re
import tomllib
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import llm
from pydantic import Field

from llm_reasonkit.openrouter.bridge import iterate

if TYPE_CHECKING:
    from llm_reasonkit.reasoning.result import CheckItem, Result, StepResult

THINK = "think/"
CONSENSUS = "consensus/"
SHIPPED = (
    *("gigathink", "laserlogic", "bedrock", "proofguard", "brutalhonesty"),
    *("quick", "balanced", "deep", "paranoid", "decide", "scientific", "powercombo"),
)

_TOP_LEVEL_KEY = re.compile(r"^([A-Za-z0-9][\w-]*):", re.MULTILINE)


class RunOptions(llm.Model.Options):
    """What can be set for any run from outside."""

    budget: str | None = Field(default=None, description="Most to spend: $0.50, 20000t, 30s")


class ThinkOptions(RunOptions):
    """What can be set for a protocol or profile; a panel has its models."""

    model: str | None = Field(default=None, description="The model that does the thinking")


class _Virtual:
    """What the two classes share."""

    can_stream = True

    def __init__(self, model_id: str) -> None:
        self.model_id = model_id
        self.Options = ThinkOptions if model_id.startswith(THINK) else RunOptions

    def __str__(self) -> str:
        return f"Reasonkit: {self.model_id}"

    def _run(self, prompt: llm.Prompt, say: Callable[[str], None]) -> Coroutine[Any, Any, Result]:
        """Prepare the run that answers a prompt; its text is handed to `say` as it comes."""
        from llm_reasonkit import api

        options = cast(RunOptions, prompt.options)
        *before, question = _texts(prompt)
        common: dict[str, Any] = {
            "system": prompt.system or None,
            "sources": [api.Source("the conversation so far", "\n\n".join(before))] * bool(before),
            "budget": options.budget,
        }
        name = self.model_id.partition("/")[2]
        if not isinstance(options, ThinkOptions):
            panel = api.PanelQuestion(question, panel=name, **common)
            return api.ThinkToolOrchestrator().consensus_async(panel)
        is_protocol = name in [file.name for file in api.library().files()]
        common["protocol" if is_protocol else "profile"] = name
        orchestrator = api.ThinkToolOrchestrator(options.model)
        return orchestrator.think_async(api.Question(question, **common), observer=_Answer(say))

    async def _stream(
        self, prompt: llm.Prompt, response: llm.Response | llm.AsyncResponse
    ) -> AsyncGenerator[str, None]:
        """Yield the answer as it comes; raises llm.ModelError where there is none."""
        said: asyncio.Queue[str | None] = asyncio.Queue()
        task = asyncio.create_task(self._run(prompt, said.put_nowait))
        task.add_done_callback(lambda _: said.put_nowait(None))
        spoken = ""
        try:
            while (text := await said.get()) is not None:
                spoken += text
                yield text
            outcome = await task
        finally:
            task.cancel()
        yield _rest(outcome, spoken)
        _record(outcome, response)


class VirtualModel(_Virtual, llm.Model):
    """A protocol, profile or panel for `llm.get_model()`."""

    def execute(
        self,
        prompt: llm.Prompt,
        stream: bool,
        response: llm.Response,
        conversation: llm.Conversation | None,
    ) -> Iterator[str]:
        """Answer a prompt; see llm.Model. Raises llm.ModelError where there is no answer."""
        yield from iterate(self._stream(prompt, response))


class VirtualAsyncModel(_Virtual, llm.AsyncModel):
    """The same for `llm.get_async_model()`; cancelling the task ends the run."""

    def execute(
        self,
        prompt: llm.Prompt,
        stream: bool,
        response: llm.AsyncResponse,
        conversation: llm.AsyncConversation | None,
    ) -> AsyncGenerator[str, None]:
        """Answer a prompt; see llm.AsyncModel. Raises llm.ModelError where there is no answer."""
        return self._stream(prompt, response)


class _Answer:
    """An observer of the answer alone."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self.answer_text = say

    def step_started(self, step_id: str, model: str | None) -> None: ...

    def step_text(self, step_id: str, text: str) -> None: ...

    def step_finished(self, step: StepResult, checks: list[CheckItem]) -> None: ...


def register(register: Callable[..., None], model_aliases: list[Any], folder: Path) -> None:
    """Register the ids that no other plugin has; `folder` is ours in llm's own."""
    taken = {known.model.model_id for known in model_aliases}
    for model_id in (*(THINK + name for name in _names(folder)), *_panels(folder)):
        if model_id not in taken:
            register(VirtualModel(model_id), VirtualAsyncModel(model_id))


def _names(folder: Path) -> list[str]:
    """Name the protocols and profiles, without reading what they say."""
    own = folder / "protocols"
    files = sorted(path.stem for path in own.glob("*.yaml") if path.stem != "profiles")
    profiles: list[str] = []
    with suppress(OSError, UnicodeDecodeError):
        profiles = _TOP_LEVEL_KEY.findall((own / "profiles.yaml").read_text("utf-8"))
    return list(dict.fromkeys([*SHIPPED, *files, *profiles]))


def _panels(folder: Path) -> list[str]:
    with suppress(OSError, ValueError):
        config = tomllib.loads((folder / "config.toml").read_text("utf-8"))
        panels = config.get("panels")
        if isinstance(panels, dict):
            return [CONSENSUS + name for name in panels]
    return []


def _texts(prompt: llm.Prompt) -> list[str]:
    """Return the messages of a conversation as text, the question last."""
    said = []
    for message in prompt.messages:
        text = "\n".join(getattr(part, "text", "") or "" for part in message.parts)
        if message.role in ("user", "assistant") and text.strip():
            said.append(text)
    return said or [prompt.prompt or ""]


def _rest(result: Result, spoken: str) -> str:
    """Return what of an answer was not streamed. Raises llm.ModelError where there is none."""
    doubts = list(result.warnings)
    if result.agreement is not None and result.status != "done":
        from llm_reasonkit.render import figures

        doubts.insert(0, f"no consensus: {figures.agreement(result.agreement)}")
    if result.answer is None:
        raise llm.ModelError("; ".join(doubts) or f"no answer: {result.status}")
    text = "" if spoken else result.answer
    return f"{text}\n\n({'; '.join(doubts)})" if result.agreement and doubts else text


def _record(result: Result, response: llm.Response | llm.AsyncResponse) -> None:
    """Put the result and its figures into the response, for whoever logs it."""
    from llm_reasonkit.render.result_json import to_json

    response.response_json = {"reasonkit": json.loads(to_json(result))}
    details: dict[str, Any] = {}
    if result.cost.usd is not None and not result.cost.unknown_calls:
        details["cost"] = float(result.cost.usd)
    response.set_usage(
        input=result.tokens.input, output=result.tokens.output, details=details or None
    )
