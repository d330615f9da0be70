"""OpenRouter's models as llm's, called in all the ways llm calls models."""

from __future__ import annotations

import asyncio
import gc
import json
import threading
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import llm
import pytest
import sqlite_utils
from llm.migrations import migrate

from llm_reasonkit.errors import CallError, UsageError
from llm_reasonkit.openrouter import catalogue
from llm_reasonkit.openrouter.client import Client
from llm_reasonkit.openrouter.model import OpenRouterAsyncModel, OpenRouterModel
from llm_reasonkit.openrouter.settings import ClientSettings
from tests.openrouter_server import Answer, Server, ToolCall, bad_gateway, refuse

SCHEMA = {
    "type": "object",
    "properties": {"name": {"type": "string"}},
    "required": ["name"],
    "additionalProperties": False,
}


@pytest.fixture
def model(openrouter: Server) -> OpenRouterModel:
    """The synchronous model."""
    return OpenRouterModel("openrouter/acme/small")


@pytest.fixture
def async_model(openrouter: Server) -> OpenRouterAsyncModel:
    """The asynchronous model."""
    return OpenRouterAsyncModel("openrouter/acme/small")


def threads() -> list[str]:
    """Name the threads that stream replies."""
    return [thread.name for thread in threading.enumerate() if "stream" in thread.name]


def wait_until(condition: Callable[[], object]) -> None:
    """Wait for what happens in another thread; pytest's own timeout ends a vain wait."""
    while not condition():
        time.sleep(0.005)


@pytest.mark.parametrize("stream", [True, False])
async def test_both_ways_to_call_agree(
    model: OpenRouterModel, async_model: OpenRouterAsyncModel, openrouter: Server, stream: bool
) -> None:
    """Synchronous and asynchronous calls give the same text, parts, usage and facts."""
    openrouter.reply = lambda body: Answer("The answer.", reasoning="Let me see.")
    asynchronous = async_model.prompt("hi", stream=stream)
    await asynchronous.text()

    synchronous = model.prompt("hi", stream=stream)
    synchronous.text()

    assert synchronous.text() == "The answer."
    for name in ("input_tokens", "output_tokens", "token_details", "resolved_model"):
        assert getattr(synchronous, name) == getattr(asynchronous, name)
    ours, theirs = synchronous.messages(), await asynchronous.messages()
    assert [message.to_dict() for message in ours] == [message.to_dict() for message in theirs]
    assert [part.to_dict()["type"] for part in ours[0].parts] == ["reasoning", "text"]


def test_the_receipt_is_on_the_response(model: OpenRouterModel, openrouter: Server) -> None:
    """Tokens, cost, the serving model and the server's account of the call can be looked up."""
    cached = {"prompt_tokens_details": {"cached_tokens": 1}}
    openrouter.script(Answer("ok", reasoning="hm, well", usage_changes=cached))

    response = model.prompt("hi")
    response.text()

    facts: dict[str, Any] = response.response_json
    assert (response.input_tokens, response.output_tokens) == (2, 3)
    assert response.token_details == {
        "cost": float(openrouter.ledger[facts["id"]]),
        "reasoning_tokens": 2,
        "cached_tokens": 1,
    }
    assert response.resolved_model == facts["model"] == "acme/small-2026-01-15"
    assert (facts["provider"], facts["finish_reason"]) == ("Acme Cloud", "stop")
    assert facts["usage"]["cost"] == response.token_details["cost"]
    assert facts["openrouter_metadata"]["strategy"] == "direct"


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Answer("ok", usage_changes={"cost": 0.0076509169000000005}), "0.0076509169000000005"),
        (Answer("ok", usage_changes={"cost": 1e-10}), "1E-10"),
        (Answer("ok", usage_changes={"cost": 0}), "0.0"),
    ],
)
def test_the_cost_in_the_log_is_the_bill(
    model: OpenRouterModel, openrouter: Server, answer: Answer, expected: str | None
) -> None:
    """A cost is logged to its last digit, 0 included."""
    openrouter.script(answer)

    response = model.prompt("hi")
    response.text()

    details = response.token_details or {}
    logged = details.get("cost")
    assert expected == (None if logged is None else str(Decimal(str(logged))))


def test_llm_can_log_a_response(model: OpenRouterModel, openrouter: Server, tmp_path: Path) -> None:
    """Everything on a response goes into llm's own log and comes out again."""
    openrouter.script(Answer("ok", reasoning="hm"))
    database = sqlite_utils.Database(tmp_path / "logs.db")
    migrate(database)
    response = model.prompt("hi")
    response.text()

    response.log_to_db(database)

    (turn,) = database["turns"].rows
    assert json.loads(turn["token_details"])["cost"] == response.token_details["cost"]
    assert turn["resolved_model"] == "acme/small-2026-01-15"
    database.close()


def test_reasoning_that_is_kept_back_leaves_a_mark(
    model: OpenRouterModel, openrouter: Server
) -> None:
    """Counted but unseen reasoning becomes llm's redacted part."""
    usage = {"completion_tokens_details": {"reasoning_tokens": 12}}
    openrouter.script(Answer("ok", usage_changes=usage))

    parts = model.prompt("hi").messages()[0].parts

    assert [part.to_dict() for part in parts] == [
        {"type": "reasoning", "text": "", "redacted": True},
        {"type": "text", "text": "ok"},
    ]


@pytest.mark.parametrize("stream", [True, False])
def test_a_schema_gives_json(model: OpenRouterModel, openrouter: Server, stream: bool) -> None:
    """A prompt with a schema is answered by an instance of it."""
    assert json.loads(model.prompt("a dog", schema=SCHEMA, stream=stream).text()) == {
        "name": "alpha one"
    }


def test_arguments_that_are_no_json_reach_the_tool(
    model: OpenRouterModel, openrouter: Server
) -> None:
    """A call with broken arguments is a call: the tool fails on it, and the model can mend it."""
    openrouter.script(Answer(None, tool_calls=[ToolCall("clock", '{"zone": ', id="call_a")]))

    response = model.prompt("what time is it?")
    response.text()

    (call,) = response.tool_calls()
    assert (call.name, call.arguments) == ("clock", {"_raw": '{"zone": '})


async def test_the_synchronous_model_works_inside_a_running_loop(
    model: OpenRouterModel, openrouter: Server
) -> None:
    """A caller who blocks its own event loop gets an answer all the same."""
    openrouter.script(Answer("inside"))

    assert model.prompt("hi").text() == "inside"
    assert not threads()


def test_closing_a_stream_early_ends_it(model: OpenRouterModel, openrouter: Server) -> None:
    """Who stops reading stops the server too, and leaves no thread behind."""
    openrouter.script(Answer("one two three", cut="stall", cut_after=1))
    response = model.prompt("hi")
    pieces = iter(response)

    assert next(pieces) == "one t"
    pieces.close()

    assert not threads()
    wait_until(lambda: openrouter.chats[0].cancelled)


async def test_cancelling_a_task_ends_its_stream(
    async_model: OpenRouterAsyncModel, openrouter: Server
) -> None:
    """A cancelled call is closed at the server, and the connection pool has its place back."""
    openrouter.script(Answer("one two three", cut="stall", cut_after=1))
    task = asyncio.create_task(async_model.prompt("hi").text())
    await asyncio.to_thread(wait_until, lambda: openrouter.chats)

    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    await asyncio.to_thread(wait_until, lambda: openrouter.chats[0].cancelled)
    assert await async_model.prompt("hi").text()


def test_an_error_in_the_middle_is_raised_with_its_text(
    model: OpenRouterModel, openrouter: Server
) -> None:
    """The caller gets what came, the error, and on the response what is known of the call."""
    error = {"code": 502, "message": "Network connection lost."}
    openrouter.script(Answer("one two three", cut="error", cut_after=2, error=error))
    response = model.prompt("hi")
    seen = []

    with pytest.raises(CallError, match="Network connection lost") as caught:
        seen.extend(response)

    assert "".join(seen) == caught.value.partial == "one two th"
    assert response.response_json["id"] == caught.value.request_id
    assert not threads()


def test_loops_and_threads_do_not_share_connections(openrouter: Server) -> None:
    """One model object serves several event loops, one after the other and side by side."""
    model = OpenRouterAsyncModel("openrouter/acme/small")

    async def ask() -> list[str]:
        return await asyncio.gather(*(model.prompt("hi").text() for _ in range(3)))

    results: list[list[str]] = []
    workers = [
        threading.Thread(target=lambda: results.append(asyncio.run(ask()))) for _ in range(4)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    results.append(asyncio.run(ask()))

    assert sum(len(texts) for texts in results) == 15
    # An unclosed socket would now be reported, and reports are errors.
    gc.collect()


async def test_connections_are_used_again(
    async_model: OpenRouterAsyncModel, openrouter: Server
) -> None:
    """Calls of one loop, one after another, share a connection."""
    for _ in range(5):
        await async_model.prompt("hi").text()

    assert len(openrouter.transports) == 1


async def test_many_streams_at_once(async_model: OpenRouterAsyncModel, openrouter: Server) -> None:
    """Sixty calls at once all arrive, and every bill is on its own response."""
    responses = [async_model.prompt(f"question {number}") for number in range(60)]

    await asyncio.gather(*(response.text() for response in responses))

    logged = [Decimal(str(response.token_details["cost"])) for response in responses]
    assert sum(logged) == openrouter.ledger.total
    assert len({response.response_json["id"] for response in responses}) == 60


async def test_a_given_client_is_used_and_left_open(openrouter: Server) -> None:
    """A model takes the client it is given, settings and all."""
    settings = ClientSettings(base_url=openrouter.base_url, site_name="Tést", site_url="http://t/")
    async with Client(settings) as client:
        model = OpenRouterAsyncModel("openrouter/acme/small", client=client)
        await model.prompt("one").text()
        await model.prompt("two").text()

    one, two = openrouter.chats
    assert one.headers["http-referer"] == two.headers["http-referer"] == "http://t/"
    assert one.headers["x-openrouter-title"].encode("latin-1").decode() == "Tést"
    assert one.headers["x-openrouter-metadata"] == "enabled"


@pytest.mark.parametrize(
    ("explicit", "stored", "environ", "expected"),
    [
        ("sk-given", "sk-stored", {"OPENROUTER_API_KEY": "sk-env"}, "sk-given"),
        ("other", "sk-stored", {}, "sk-other"),
        (None, "sk-stored", {"OPENROUTER_API_KEY": "sk-env"}, "sk-stored"),
        (None, None, {"OPENROUTER_API_KEY": "sk-env", "OPENROUTER_KEY": "sk-old"}, "sk-env"),
        (None, None, {"OPENROUTER_KEY": "sk-old"}, "sk-old"),
    ],
)
def test_where_the_key_comes_from(
    explicit: str | None,
    stored: str | None,
    environ: dict[str, str],
    expected: str,
    user_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """--key, llm's keys, and the two environment variables, in this order."""
    keys = {"other": "sk-other"} | ({"openrouter": stored} if stored else {})
    (user_folder / "keys.json").write_text(json.dumps(keys))
    for name, value in environ.items():
        monkeypatch.setenv(name, value)

    assert OpenRouterModel("openrouter/acme/small").get_key(explicit) == expected


def test_a_key_set_on_the_model_wins(model: OpenRouterModel) -> None:
    """llm's own way to give a key in Python works."""
    model.key = "sk-set"

    assert model.get_key() == "sk-set"
    assert str(model) == "OpenRouter: openrouter/acme/small"


def test_no_key_names_both_ways_out() -> None:
    """Without any key the error says how to give one."""
    with pytest.raises(llm.NeedsKeyException) as caught:
        OpenRouterModel("openrouter/acme/small").prompt("hi").text()

    assert "llm keys set openrouter" in str(caught.value)
    assert "OPENROUTER_API_KEY" in str(caught.value)


@pytest.mark.parametrize(
    "key",
    ["sk-or-v1-secret-00beef", "sk-or-v1-secret\n00beef", "sk or 00beef", "schlüssel-00beef", "k"],
)
def test_a_bad_key_is_never_shown(model: OpenRouterModel, openrouter: Server, key: str) -> None:
    """The error about a key, and the log of the server, hold its last four characters at most."""
    echo = refuse(401, f"User not found for {key}.")
    openrouter.script(echo)

    with pytest.raises(CallError) as caught:
        model.prompt("hi", key=key).text()

    assert caught.value.code == "auth"
    if len(key) > 4:
        assert key not in str(caught.value)
        assert key[:-4].strip() not in str(caught.value)
    assert all("authorization" not in request.headers for request in openrouter.requests)


def test_an_unknown_model_brings_the_nearest(
    user_folder: Path, model: OpenRouterModel, openrouter: Server
) -> None:
    """A wrong id is answered with ids from the catalogue that look like it."""

    async def fetch() -> None:
        async with Client(ClientSettings(base_url=openrouter.base_url)) as client:
            await catalogue.refresh(user_folder / "reasonkit", client)

    asyncio.run(fetch())

    with pytest.raises(CallError, match=r"Nearest: openrouter/anthropic/claude-sonnet-4") as caught:
        OpenRouterModel("openrouter/anthropic/claude-sonet-4").prompt("hi").text()

    assert caught.value.code == "model_not_found"


def test_a_model_is_remembered_once_it_has_answered(
    user_folder: Path, model: OpenRouterModel, openrouter: Server
) -> None:
    """Only ids that worked are kept for later conversations."""
    with pytest.raises(CallError):
        OpenRouterModel("openrouter/acme/nonsense").prompt("hi").text()
    model.prompt("hi").text()

    assert catalogue.known_ids(user_folder / "reasonkit") == ["acme/small"]


def test_broken_settings_are_told_at_the_call(openrouter: Server) -> None:
    """A mistake in the settings stops the call that needs them, and nothing before it."""

    def broken() -> ClientSettings:
        return ClientSettings(base_url="http://example.com/api/v1")

    model = OpenRouterModel("openrouter/acme/small", settings=broken)

    with pytest.raises(UsageError, match="https://"):
        model.prompt("hi").text()


def test_retries_are_out_of_sight(
    model: OpenRouterModel, openrouter: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A retried call is one response with one text."""
    monkeypatch.setenv("OPENROUTER_SITE_NAME", "tests")
    quick = ClientSettings(base_url=openrouter.base_url, retry_delay_ms=1)
    openrouter.script(bad_gateway(), bad_gateway(), Answer("third time"))

    response = OpenRouterModel("openrouter/acme/small", settings=lambda: quick).prompt("hi")

    assert response.text() == "third time"
    assert len(openrouter.chats) == 3
