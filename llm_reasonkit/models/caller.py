"""Any llm model as a model of a run: asked through llm, its cost read from the reply."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation
from typing import Any

import llm

from llm_reasonkit.engine.ports import Call, ModelFacts, Reply
from llm_reasonkit.errors import CallError
from llm_reasonkit.models.player import AsyncModel, Player, option_fields
from llm_reasonkit.openrouter.billing import may_bill_again
from llm_reasonkit.openrouter.failures import failed_attempts
from llm_reasonkit.openrouter.json_values import word
from llm_reasonkit.openrouter.model import OpenRouterAsyncModel
from llm_reasonkit.openrouter.search import pages_in, search_tool
from llm_reasonkit.reasoning.limits import LARGEST_IMAGE, fewest_tokens_of
from llm_reasonkit.reasoning.result import Cost, CostSource, Tokens

AnyResponse = llm.Response | llm.AsyncResponse

# What the plugins of llm's world call the bound on a reply.
_BOUNDS = ("max_tokens", "max_output_tokens", "max_completion_tokens", "num_predict")
# A reply this many characters per allowed token long has left all bounds.
_LARGEST_TOKEN = 20


@dataclass(slots=True)
class LlmCaller:
    """The engine's Caller over llm models, by role; a role without a model is played by `main`.

    conversation_id: the thread of llm's log that the calls belong to. Each call gets a
    conversation object of its own, so that no step sees another's history.
    """

    players: Mapping[str, Player]
    conversation_id: str
    attachments: Sequence[llm.Attachment] = ()
    stream: bool = True
    _cancelled: dict[str, tuple[Player, AnyResponse]] = field(default_factory=dict)

    def facts(self, role: str) -> ModelFacts:
        """Tell what is known of the model that plays `role`."""
        attached = sum(map(_most_tokens_of, self.attachments))
        return replace(self._player(role).facts, attached_tokens=attached)

    def _player(self, role: str) -> Player:
        return self.players.get(role) or self.players["main"]

    async def call(self, call: Call, on_text: Callable[[str], None]) -> Reply:
        """Make one call. Raises CallError when the model gave no complete reply."""
        player = self._player(call.role)
        _require_room(player, call)
        if player.limit is not None:
            await player.limit.wait()
        options = _call_options(player, call)
        show = on_text
        if not isinstance(player.model, AsyncModel):
            show = _from_thread(on_text)
        collected = _Collected(player.id, call.max_tokens, show)
        response = self._response(player, call, options)
        may_bill_again.set(call.again)
        try:
            await _read(response, collected)
        except CallError as error:
            error.model = error.model or player.id
            if response.response_json is not None:
                cost = _cost(player, response)
                error.usd = cost.usd if cost.source == "billed" else None
                error.unknown_tries = cost.unknown_calls
                error.billed = bool(cost.usd or cost.unknown_calls)
            raise
        except asyncio.CancelledError:
            self._cancelled[call.step] = (player, response)
            raise
        # Any plugin's model may raise anything; for the run it is one failed call.
        except Exception as error:
            raise CallError(_one_line(error), model=player.id, partial=collected.text) from error
        reply = _reply(player, response, collected)
        return replace(reply, text=_with_pages(reply.text, response)) if call.web else reply

    async def bill(self, step: str) -> Cost:
        """Ask what a cancelled call cost, where its provider can be asked."""
        if step not in self._cancelled:
            # It was cancelled before anything was sent.
            return Cost(usd=Decimal(0), source="computed")
        player, response = self._cancelled[step]
        if player.facts.price is not None and player.facts.price.is_free:
            return Cost(usd=Decimal(0), source="computed")
        bill = None
        if isinstance(player.model, OpenRouterAsyncModel):
            bill = await player.model.late_bill(response, player.key)
        if bill is None or bill.usd is None:
            return Cost(unknown_calls=bill.unknown if bill else 1)
        return Cost(usd=bill.usd, source="billed", unknown_calls=bill.unknown)

    def _response(self, player: Player, call: Call, options: dict[str, Any]) -> AnyResponse:
        """Prepare a call; nothing is sent before its text is read."""
        model = player.model
        ask: dict[str, Any] = {
            "prompt": call.prompt,
            "system": call.system,
            "schema": dict(call.schema) if call.schema and model.supports_schema else None,
            "attachments": list(self.attachments),
            "stream": self.stream and model.can_stream,
            **options,
        }
        if isinstance(model, llm.KeyModel | llm.AsyncKeyModel):
            ask["key"] = player.key
        if call.web and player.can_search:
            ask["tools"] = [llm.ServerSideTool(search_tool())]
        if isinstance(model, AsyncModel):
            return llm.AsyncConversation(model=model, id=self.conversation_id).prompt(**ask)
        return llm.Conversation(model=model, id=self.conversation_id).prompt(**ask)


def _require_room(player: Player, call: Call) -> None:
    """Raise CallError where even a prompt of one token a word is longer than the model reads."""
    fewest = fewest_tokens_of(f"{call.system or ''} {call.prompt}")
    most = player.context_length
    if most is not None and fewest > most:
        raise CallError(
            f"{player.id}: the prompt has {fewest:,} words, and the model reads {most:,} tokens at "
            "most. Give it less, or take a model that reads more (llm providers search openrouter "
            f"--context {fewest * 2})",
            code="context_exceeded",
            model=player.id,
            billed=False,
        )


async def _read(response: AnyResponse, collected: _Collected) -> None:
    if isinstance(response, llm.AsyncResponse):
        async for chunk in response:
            collected.add(chunk)
    else:
        await _in_thread(lambda stopped: _drain(response, collected, stopped))


class _Collected:
    """The text of a reply as it arrives, and when it began."""

    def __init__(self, model: str, max_tokens: int, on_text: Callable[[str], None]) -> None:
        self._model = model
        self._limit = _LARGEST_TOKEN * max_tokens + 2_000
        self._on_text = on_text
        self._parts: list[str] = []
        self._length = 0
        self._began = time.monotonic()
        self.first_token_ms: int | None = None

    def add(self, chunk: str) -> None:
        if not chunk:
            return
        if self.first_token_ms is None:
            self.first_token_ms = round((time.monotonic() - self._began) * 1000)
        self._length += len(chunk)
        if self._length > self._limit:
            text = f"the reply of {self._model} ran on past {self._limit} characters; stopped it"
            raise CallError(text, code="too_long", model=self._model)
        self._parts.append(chunk)
        self._on_text(chunk)

    @property
    def text(self) -> str:
        return "".join(self._parts)


def _drain(response: llm.Response, collected: _Collected, stopped: threading.Event) -> None:
    for chunk in response:
        if stopped.is_set():
            return
        collected.add(chunk)


def _from_thread(on_text: Callable[[str], None]) -> Callable[[str], None]:
    """Let a thread hand its text to the loop, so that whoever watches need not be thread-safe."""
    loop = asyncio.get_running_loop()

    def show(text: str) -> None:
        loop.call_soon_threadsafe(on_text, text)

    return show


async def _in_thread(work: Callable[[threading.Event], None]) -> None:
    """Run blocking work without holding up the loop, nor, after Ctrl-C, the end of the process."""
    loop = asyncio.get_running_loop()
    finished: asyncio.Future[None] = loop.create_future()
    stopped = threading.Event()

    def settle(error: BaseException | None) -> None:
        if not finished.done():
            if error is None:
                finished.set_result(None)
            else:
                finished.set_exception(error)

    def run() -> None:
        error: BaseException | None = None
        try:
            work(stopped)
        except BaseException as raised:  # noqa: BLE001 (handed to the awaiting task)
            error = raised
        if not loop.is_closed():
            loop.call_soon_threadsafe(settle, error)

    threading.Thread(target=run, daemon=True, name="reasonkit-call").start()
    try:
        await finished
    finally:
        stopped.set()


def _most_tokens_of(attachment: llm.Attachment) -> int:
    kind = attachment.type or attachment.resolve_type()
    if kind.startswith("image/"):
        return LARGEST_IMAGE
    # What is fetched by the provider has a size that only the model's context bounds.
    return len(attachment.content_bytes()) if attachment.url is None else 10**9


def _call_options(player: Player, call: Call) -> dict[str, Any]:
    """Add to the user's options what the step asks for, as far as the model knows it."""
    known = option_fields(player.model)
    options = dict(player.options)
    bound = next((name for name in _BOUNDS if name in known), None)
    if player.reasons and call.effort and "reasoning_effort" in known:
        options.setdefault("reasoning_effort", call.effort)
    if bound is not None:
        options[bound] = min(call.max_tokens, options.get(bound) or call.max_tokens)
    return options


def _reply(player: Player, response: AnyResponse, collected: _Collected) -> Reply:
    raw, details = _raw(response), response.token_details or {}
    return Reply(
        text=collected.text,
        model=player.id,
        model_served=response.resolved_model,
        provider=word(raw.get("provider")),
        finish_reason=word(raw.get("finish_reason")),
        tokens=Tokens(
            input=response.input_tokens,
            output=response.output_tokens,
            reasoning=_first_int(details, "reasoning_tokens"),
            cached=_first_int(details, "cached_tokens"),
        ),
        cost=_cost(player, response),
        first_token_ms=collected.first_token_ms,
        turn=response,
        turn_id=response.id,
        fell_back=tuple(failed_attempts(raw.get("openrouter_metadata"))),
    )


def _with_pages(text: str, response: AnyResponse) -> str:
    pages = pages_in(_raw(response).get("annotations") or ())
    return json.dumps({"text": text, "pages": pages}, ensure_ascii=False)


def _cost(player: Player, response: AnyResponse) -> Cost:
    """Read the bill where a model keeps it: `token_details.cost`, in USD; without one, go by the
    user's own word on the price."""
    if player.runs_here:
        return Cost(usd=Decimal(0), source="computed")
    usd = (response.token_details or {}).get("cost")
    raw = _raw(response)
    unknown = _first_int(raw, "tries_of_unknown_cost") or 0
    if isinstance(usd, int | float | str) and not isinstance(usd, bool):
        with suppress(InvalidOperation):
            known = Decimal(str(usd))
            if known.is_finite() and known >= 0:
                is_computed = raw.get("cost_source") == "computed"
                source: CostSource = "computed" if is_computed else "billed"
                return Cost(usd=known, source=source, unknown_calls=unknown)
    read, wrote = response.input_tokens, response.output_tokens
    if player.tariff is not None and read is not None and wrote is not None:
        reckoned = player.tariff.at_most(read, wrote)
        return Cost(usd=reckoned, source="computed", unknown_calls=max(0, unknown - 1))
    return Cost(unknown_calls=max(1, unknown))


def _raw(response: AnyResponse) -> dict[str, Any]:
    return response.response_json if isinstance(response.response_json, dict) else {}


def _first_int(details: Any, name: str) -> int | None:  # noqa: ANN401 (a JSON value)
    """Find a count in the token details, which providers nest in their own ways."""
    if not isinstance(details, Mapping):
        return None
    if isinstance(details.get(name), int):
        return int(details[name])
    found = (_first_int(value, name) for value in details.values())
    return next((value for value in found if value is not None), None)


def _one_line(error: BaseException) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= 500 else text[:499] + "…"
