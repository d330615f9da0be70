"""llm's model classes over the local runtime, sync and async."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import suppress
from queue import SimpleQueue
from typing import Any, cast

import llm
from llm.parts import StreamEvent

from llm_reasonkit.errors import CallError
from llm_reasonkit.local.request import LocalOptions, chat_request
from llm_reasonkit.local.runtime import Generation, Item, runtime_for
from llm_reasonkit.local.weights import Weights


class _Local:
    """What the two classes share."""

    can_stream = True
    supports_schema = True
    Options = LocalOptions

    def __init__(self, weights: Weights) -> None:
        self.weights = weights
        self.model_id = weights.model_id
        self.tiny = weights.tiny

    def _start(self, prompt: llm.Prompt, emit: Callable[[Item], None]) -> Generation:
        options = cast(LocalOptions, prompt.options)
        return runtime_for(self.weights.path, options.threads).submit(chat_request(prompt), emit)


class LocalModel(_Local, llm.Model):
    """A local model for `llm.get_model()`. `tiny` says that its answers are for show."""

    def execute(
        self,
        prompt: llm.Prompt,
        stream: bool,
        response: llm.Response,
        conversation: llm.Conversation | None,
    ) -> Iterator[StreamEvent]:
        """Yield the reply as it is made; raises CallError where it cannot be."""
        items: SimpleQueue[Item] = SimpleQueue()
        generation = self._start(prompt, items.put)
        reply = _Reply(self.model_id)
        try:
            while (item := items.get()) is not None:
                yield from reply.read(item)
        finally:
            generation.cancelled.set()
        reply.record(response)


class LocalAsyncModel(_Local, llm.AsyncModel):
    """A local model for `llm.get_async_model()`; cancelling the task ends the generation."""

    async def execute(
        self,
        prompt: llm.Prompt,
        stream: bool,
        response: llm.AsyncResponse,
        conversation: llm.AsyncConversation | None,
    ) -> AsyncGenerator[StreamEvent, None]:
        """Yield the reply as it is made; raises CallError where it cannot be."""
        loop = asyncio.get_running_loop()
        items: asyncio.Queue[Item] = asyncio.Queue()

        def emit(item: Item) -> None:
            # A loop that was closed meanwhile has nobody left to read.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(items.put_nowait, item)

        generation = self._start(prompt, emit)
        reply = _Reply(self.model_id)
        try:
            while (item := await items.get()) is not None:
                for event in reply.read(item):
                    yield event
        finally:
            generation.cancelled.set()
        reply.record(response)


class _Reply:
    """One reply as its chunks arrive."""

    def __init__(self, model_id: str) -> None:
        self._model_id = model_id
        self._text: list[str] = []
        self._usage: dict[str, Any] = {}
        self._finish_reason: str | None = None
        self._served: str | None = None

    def read(self, item: dict[str, Any] | CallError) -> Iterator[StreamEvent]:
        """Yield what a chunk says; raises the CallError that came in its stead."""
        if isinstance(item, CallError):
            item.model = self._model_id
            item.partial = "".join(self._text)
            raise item
        self._served = item.get("model")
        self._usage = item.get("usage") or self._usage
        for choice in item.get("choices", ()):
            self._finish_reason = choice.get("finish_reason") or self._finish_reason
            delta = choice.get("delta", {})
            if thought := delta.get("reasoning_content"):
                yield StreamEvent(type="reasoning", chunk=thought)
            if text := delta.get("content"):
                self._text.append(text)
                yield StreamEvent(type="text", chunk=text)

    def record(self, response: llm.Response | llm.AsyncResponse) -> None:
        """Put the facts of a complete reply where llm logs them."""
        response.set_usage(
            input=self._usage.get("prompt_tokens"),
            output=self._usage.get("completion_tokens"),
            details={"cost": 0.0},
        )
        if self._served:
            response.set_resolved_model(self._served)
        response.response_json = {"finish_reason": self._finish_reason, "model": self._served}
