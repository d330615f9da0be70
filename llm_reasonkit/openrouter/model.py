"""OpenRouter's models as llm's: two thin shells, one for each of llm's ways to call a model."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from contextlib import aclosing, suppress
from dataclasses import asdict
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import llm
from llm.parts import StreamEvent

from llm_reasonkit.errors import CallError
from llm_reasonkit.openrouter import catalogue
from llm_reasonkit.openrouter.billing import FREE, Bill, bill_of, bill_of_tries
from llm_reasonkit.openrouter.bridge import iterate
from llm_reasonkit.openrouter.events import Attempt, Reasoning, Receipt, Text, ToolCall
from llm_reasonkit.openrouter.ids import KEY_ALIAS, PREFIX, own_folder, wire_id
from llm_reasonkit.openrouter.options import OpenRouterOptions
from llm_reasonkit.openrouter.pricing import has_paid_tools, is_free_variant
from llm_reasonkit.openrouter.request import build_body
from llm_reasonkit.openrouter.settings import ClientSettings

if TYPE_CHECKING:
    from llm_reasonkit.openrouter.client import Client

_ATTACHMENTS = {
    "image": ("image/png", "image/jpeg", "image/webp", "image/gif"),
    "file": ("application/pdf",),
    "audio": ("audio/wav", "audio/x-wav", "audio/mpeg"),
}
_ALL_ATTACHMENTS = frozenset(mime for kind in _ATTACHMENTS.values() for mime in kind)
# One part of each kind, as in OpenRouter's own messages, however the model mixes them.
_REASONING, _TEXT, _FIRST_TOOL = range(3)

SettingsSource = Callable[[], ClientSettings]


def environ_settings() -> ClientSettings:
    """Return the settings that the environment alone gives. Raises UsageError."""
    return ClientSettings.from_environ(os.environ)


class _OpenRouter:
    """What both shells share.

    entry: the model's row of the catalogue; without one it is taken to support everything.
    client: used for all calls and left open; without one each event loop gets its own.
    settings: asked for at the first call, so that a mistake in them stops only those who call.
    """

    needs_key = KEY_ALIAS
    key_env_var = "OPENROUTER_API_KEY"
    can_stream = True
    Options: ClassVar[type[llm.Options]] = OpenRouterOptions

    def __init__(
        self,
        model_id: str,
        entry: catalogue.Model | None = None,
        *,
        client: Client | None = None,
        settings: SettingsSource = environ_settings,
    ) -> None:
        self.model_id = model_id
        self.entry = entry
        self.key: str | None = None
        self.supports_schema = entry is None or entry.supports_schema
        self.supports_tools = entry is None or entry.supports_tools
        self.attachment_types = _attachment_types(entry)
        self._client = client
        self._ask_settings = settings
        self._is_remembered = False

    def __str__(self) -> str:
        return f"OpenRouter: {self.model_id}"

    @property
    def supported_server_side_tools(self) -> tuple[type[llm.ServerSideTool], ...]:
        """Only specifications of the user's own, sent as they are."""
        return (llm.ServerSideTool,)

    @cached_property
    def _settings(self) -> ClientSettings:
        return self._ask_settings()

    def get_key(self, explicit_key: str | None = None) -> str:
        """Return the key: given, set on the model, stored by llm, or from the environment.

        Raises llm.NeedsKeyException.
        """
        if self.key:
            return self.key
        for variable in self._settings.key_env:
            if key := llm.get_key(input=explicit_key, alias=KEY_ALIAS, env=variable):
                return str(key)
        raise llm.NeedsKeyException(
            f"No key found - add one using 'llm keys set {KEY_ALIAS}' or set the"
            f" {self.key_env_var} environment variable"
        )

    async def _run(
        self,
        prompt: llm.Prompt,
        stream: bool,
        response: llm.Response | llm.AsyncResponse,
        key: str | None,
    ) -> AsyncGenerator[StreamEvent, None]:
        """Make the call, yield its events and note on `response` what the receipt says.

        Of a call that is given up only its tries are noted.
        """
        model = wire_id(self.model_id)
        reasons = self.entry is None or self.entry.reasons
        body = build_body(prompt, model, stream=stream, reasons=reasons)
        calls: dict[str, list[ToolCall]] = {}
        reasoned = False
        tried: list[Attempt] = []
        is_free = is_free_variant(model) and not (body.get("models") or has_paid_tools(body))
        try:
            client = self._client or await _client_of_running_loop(self._settings)
            key = key or self.get_key()
            most = None if is_free else self._settings.max_cost_per_request
            again = _always
            if most is not None:
                # Few calls are held to a cost, and this takes time to load.
                from llm_reasonkit.openrouter.cost_cap import within_cap

                body, again = await within_cap(body, most, client)
            events = client.stream(body, key=key, tried=tried, again=again)
            async with aclosing(events):
                async for event in events:
                    if isinstance(event, Text):
                        yield StreamEvent("text", event.text, part_index=_TEXT)
                    elif isinstance(event, Reasoning):
                        reasoned = True
                        yield StreamEvent("reasoning", event.text, part_index=_REASONING)
                    elif isinstance(event, ToolCall):
                        for part in _tool_events(event, calls):
                            yield part
                    else:
                        bill = FREE
                        if not is_free:
                            bill = await bill_of(event, client, key, self._pricing(event))
                        _note(response, event, bill)
                        for part in _closing_events(event, reasoned):
                            yield part
        except CallError as error:
            _name_nearest(error, model)
            raise
        except (asyncio.CancelledError, GeneratorExit):
            response.response_json = {"attempts": _with_floats(list(map(asdict, tried)))}
            raise
        for pieces in calls.values():
            response.add_tool_call(_whole_call(pieces))
        self._remember()

    async def late_bill(
        self, response: llm.Response | llm.AsyncResponse, key: str | None
    ) -> Bill | None:
        """Ask what a call was billed that was given up; None if its tries are not known."""
        noted = (response.response_json or {}).get("attempts")
        if noted is None:
            return None
        tries = [Attempt(row["code"], row["request_id"], _exact(row["cost"])) for row in noted]
        client = self._client or await _client_of_running_loop(self._settings)
        return await bill_of_tries(tries, client, key or self.get_key())

    def _pricing(self, receipt: Receipt) -> Mapping[str, Any] | None:
        """The prices to reckon with where no bill comes, which are those of what served."""
        entry = self.entry
        if receipt.model and (not receipt.usage or receipt.usage.cost is None):
            known = catalogue.load(own_folder())
            if not known.is_same(wire_id(self.model_id), receipt.model):
                entry = known.served_as(receipt.model)
        return None if entry is None else entry.pricing

    def _remember(self) -> None:
        if not self._is_remembered:
            # The answer is worth more than the list of ids.
            with suppress(OSError):
                catalogue.remember(own_folder(), wire_id(self.model_id))
        self._is_remembered = True


class OpenRouterModel(_OpenRouter, llm.KeyModel):  # type: ignore[misc]
    """A model of OpenRouter's, for synchronous callers."""

    def execute(
        self,
        prompt: llm.Prompt,
        stream: bool,
        response: llm.Response,
        conversation: llm.Conversation | None = None,
        key: str | None = None,
    ) -> Iterator[StreamEvent]:
        """Call the model; see llm.KeyModel. Raises CallError."""
        yield from iterate(self._run(prompt, stream, response, key))


class OpenRouterAsyncModel(_OpenRouter, llm.AsyncKeyModel):  # type: ignore[misc]
    """A model of OpenRouter's, for asynchronous callers."""

    def execute(
        self,
        prompt: llm.Prompt,
        stream: bool,
        response: llm.AsyncResponse,
        conversation: llm.AsyncConversation | None = None,
        key: str | None = None,
    ) -> AsyncGenerator[StreamEvent, None]:
        """Call the model; see llm.AsyncKeyModel. Raises CallError."""
        return self._run(prompt, stream, response, key)


def _attachment_types(entry: catalogue.Model | None) -> frozenset[str]:
    if entry is None:
        return _ALL_ATTACHMENTS
    kinds = (_ATTACHMENTS.get(kind, ()) for kind in entry.inputs)
    return frozenset(mime for kind in kinds for mime in kind)


async def _client_of_running_loop(settings: ClientSettings) -> Client:
    # httpx is too heavy for commands that only list models.
    from llm_reasonkit.openrouter.client import client_of_running_loop

    return await client_of_running_loop(settings)


def _always() -> bool:
    return True


def _tool_events(piece: ToolCall, calls: dict[str, list[ToolCall]]) -> Iterator[StreamEvent]:
    """Add a piece to its call in `calls` and yield what is new."""
    pieces = calls.setdefault(piece.id, [])
    pieces.append(piece)
    index = _FIRST_TOOL + list(calls).index(piece.id)
    if piece.name:
        yield StreamEvent("tool_call_name", piece.name, part_index=index, tool_call_id=piece.id)
    if piece.arguments:
        yield StreamEvent(
            "tool_call_args", piece.arguments, part_index=index, tool_call_id=piece.id
        )


def _whole_call(pieces: list[ToolCall]) -> llm.ToolCall:
    text = "".join(piece.arguments for piece in pieces)
    try:
        arguments = json.loads(text or "{}")
    except ValueError:
        arguments = None
    if not isinstance(arguments, dict):
        # The tool then fails on it, and the model is told so and can mend it.
        arguments = {"_raw": text}
    name = "".join(piece.name for piece in pieces)
    return llm.ToolCall(name=name, arguments=arguments, tool_call_id=pieces[0].id)


def _note(response: llm.Response | llm.AsyncResponse, receipt: Receipt, bill: Bill) -> None:
    usage = receipt.usage
    details: dict[str, float | int] = {}
    if bill.usd is not None:
        details["cost"] = float(bill.usd)
    if usage and usage.reasoning:
        details["reasoning_tokens"] = usage.reasoning
    if usage and usage.cached:
        details["cached_tokens"] = usage.cached
    if usage or details:
        response.set_usage(
            input=usage.input if usage else None,
            output=usage.output if usage else None,
            details=details or None,
        )
    if receipt.model:
        response.set_resolved_model(receipt.model)
    facts = {
        "id": receipt.id,
        "model": receipt.model,
        "provider": receipt.provider,
        "finish_reason": receipt.finish_reason,
        "native_finish_reason": receipt.native_finish_reason,
        "usage": usage.raw if usage else None,
        "cost_source": "computed" if bill.is_computed else None,
        "tries_of_unknown_cost": bill.unknown or None,
        "openrouter_metadata": receipt.metadata,
        "annotations": list(receipt.annotations) or None,
        "earlier_attempts": [asdict(attempt) for attempt in receipt.earlier] or None,
    }
    known = {name: fact for name, fact in facts.items() if fact is not None}
    response.response_json = _with_floats(known)


def _closing_events(receipt: Receipt, reasoned: bool) -> Iterator[StreamEvent]:
    if receipt.reasoning_details:
        # Sent back as they are when the conversation goes on, or the model loses its thread.
        details = _with_floats(list(receipt.reasoning_details))
        metadata = {"openrouter": {"reasoning_details": details}}
        yield StreamEvent("reasoning", "", part_index=_REASONING, provider_metadata=metadata)
    elif not reasoned and receipt.usage and receipt.usage.reasoning:
        yield StreamEvent("reasoning", "", part_index=_REASONING, redacted=True)


def _exact(number: float | None) -> Decimal | None:
    return None if number is None else Decimal(repr(number))


def _with_floats(value: Any) -> Any:  # noqa: ANN401 (any JSON value)
    """Return JSON that the standard encoder takes: it knows no Decimal."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, Mapping):
        return {key: _with_floats(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_with_floats(item) for item in value]
    return value


def _name_nearest(error: CallError, model: str) -> None:
    if error.code != "model_not_found":
        return
    nearest = catalogue.load(own_folder()).nearest(model)
    if nearest:
        error.args = (f"{error}. Nearest: {', '.join(PREFIX + id_ for id_ in nearest)}",)
