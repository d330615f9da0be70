"""The tiny model, for real: what it must keep is the protocol, never the quality of an answer."""

from __future__ import annotations

import asyncio
import json
import threading
import urllib.error
import urllib.request

import llm
import pytest
from jsonschema import validate

from llm_reasonkit.errors import CallError
from llm_reasonkit.local import runtime
from llm_reasonkit.local.model import LocalAsyncModel, LocalModel
from llm_reasonkit.local.weights import Weights

STABLE = {"temperature": 0, "seed": 1}
STRING = {"type": "string", "maxLength": 30}
STORY = "Tell me a very long story about a dog."


def test_reply_streams_and_its_facts_are_kept(tiny_model):
    """Text comes in pieces; tokens, zero cost, the file that served and the end are recorded."""
    response = tiny_model.prompt(STORY, max_tokens=24, **STABLE)
    chunks = list(response)
    assert len(chunks) > 5
    assert "".join(chunks) == response.text()
    assert response.input_tokens > 5
    assert response.output_tokens == 24
    assert response.token_details == {"cost": 0.0}
    assert response.resolved_model == "smollm2-135m-instruct.gguf"
    assert response.response_json == {
        "finish_reason": "length",
        "model": "smollm2-135m-instruct.gguf",
    }


def test_short_reply_stops_by_itself(tiny_model):
    """The chat template's end of turn ends the reply, with the reason `stop`."""
    response = tiny_model.prompt("Say hello.", max_tokens=300, **STABLE)
    assert "<|im_end|>" not in response.text()
    assert response.response_json["finish_reason"] == "stop"
    assert 0 < response.output_tokens < 300


def test_stop_text_ends_the_reply(tiny_model):
    """The reply ends before a text given with `stop`."""
    whole = tiny_model.prompt(STORY, max_tokens=24, **STABLE).text()
    word = whole.split()[4]
    cut = tiny_model.prompt(STORY, max_tokens=24, stop=word, **STABLE).text()
    assert word not in cut
    assert whole.startswith(cut)


def test_same_seed_same_reply_and_another_seed_another(tiny_model):
    """A seed makes sampling repeatable, whatever was asked in between."""

    def ask(seed: int) -> str:
        return tiny_model.prompt(STORY, max_tokens=16, temperature=1.5, seed=seed).text()

    first, other, again = ask(7), ask(8), ask(7)
    assert first == again
    assert first != other


async def test_async_gives_the_same_as_sync(tiny_model, tiny_async_model):
    """Both classes send the same request and record the same facts."""
    sync = tiny_model.prompt(STORY, max_tokens=16, **STABLE)
    text = await asyncio.to_thread(sync.text)
    twin = await tiny_async_model.prompt(STORY, max_tokens=16, **STABLE)
    assert await twin.text() == text
    assert twin.output_tokens == sync.output_tokens
    assert twin.token_details == sync.token_details
    assert twin.response_json == sync.response_json
    assert twin.resolved_model == sync.resolved_model


@pytest.mark.parametrize("temperature", [0, 1.5])
def test_schema_is_kept_to_the_letter(tiny_model, temperature):
    """Constrained decoding gives valid JSON of the schema, bounds and all, however wild."""
    schema = {
        "type": "object",
        "properties": {
            "verdict": {"enum": ["true", "false", "unsure"]},
            "reasons": {"type": "array", "minItems": 2, "maxItems": 3, "items": STRING},
        },
        "required": ["verdict", "reasons"],
    }
    options = {"max_tokens": 400, "temperature": temperature, "seed": 5}
    reply = tiny_model.prompt("Is the earth flat?", schema=schema, **options).text()
    validate(json.loads(reply), {**schema, "additionalProperties": False})


def test_open_schema_ends_before_the_tokens_do(tiny_model):
    """A list that the schema leaves open is closed while there is room for the bracket."""
    schema = {"type": "array", "items": {"enum": ["heads", "tails"]}}
    response = tiny_model.prompt("Toss a coin 1000 times.", schema=schema, **STABLE)
    assert len(json.loads(response.text())) <= 8


@pytest.mark.parametrize("schema", [{"type": "wat"}, {"$ref": "#/nowhere"}])
def test_schema_that_makes_no_sense_is_refused(tiny_model, schema):
    """A constraint that cannot be kept is an error, not a reply without it."""
    with pytest.raises(CallError, match="JSON schema") as caught:
        tiny_model.prompt("hi", schema=schema).text()
    assert caught.value.code == "bad_request"
    assert caught.value.model == tiny_model.model_id


def test_history_reaches_the_model(tiny_model):
    """A second turn sends the first one, prompt and reply, along with its own prompt."""
    conversation = tiny_model.conversation()
    first = conversation.prompt("My name is Zanzibar. Say hi.", max_tokens=16, **STABLE)
    first.text()
    second = conversation.prompt("What is my name?", max_tokens=24, **STABLE)
    second.text()
    assert second.input_tokens > first.input_tokens + first.output_tokens


def test_prompt_that_does_not_fit_says_by_how_much(tiny_model):
    """A prompt longer than the context fails at once, naming its tokens and the limit."""
    with pytest.raises(CallError, match=r"has 9\d{3} tokens, more than the 8192") as caught:
        tiny_model.prompt("word " * 9000).text()
    assert caught.value.code == "bad_request"
    assert not caught.value.billed


def test_attachments_are_refused_by_llm(tiny_model):
    """A text model takes no image."""
    with pytest.raises(ValueError, match="does not support attachments"):
        tiny_model.prompt("hi", attachments=[llm.Attachment(type="image/png", content=b"x")])


async def test_parallel_calls_each_get_their_own_reply(tiny_model, tiny_async_model):
    """Sync and async calls at once share one loaded model and do not mix."""
    alone = {
        topic: await (
            await tiny_async_model.prompt(f"Write about {topic}.", max_tokens=12, **STABLE)
        ).text()
        for topic in ("bees", "trains", "rain")
    }

    async def ask_async(topic: str) -> tuple[str, str]:
        response = tiny_async_model.prompt(f"Write about {topic}.", max_tokens=12, **STABLE)
        return topic, await response.text()

    def ask(topic: str) -> tuple[str, str]:
        return topic, tiny_model.prompt(f"Write about {topic}.", max_tokens=12, **STABLE).text()

    replies = await asyncio.gather(
        *(ask_async(topic) for topic in alone),
        *(asyncio.to_thread(ask, topic) for topic in alone),
    )
    assert replies == [*alone.items(), *alone.items()]
    loaded = [path for _, path, _ in runtime._loaded]
    assert loaded.count(tiny_model.weights.path) == 1


async def test_event_loop_runs_on_while_the_model_works(tiny_async_model):
    """Other tasks get their turn between the pieces of a reply."""
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    counting = asyncio.create_task(count())
    await tiny_async_model.prompt(STORY, max_tokens=12, **STABLE).text()
    counting.cancel()
    assert turns > 100


async def test_cancelled_calls_free_the_model(tiny_async_model):
    """A cancelled reply ends early, and one cancelled in the queue is never begun."""
    started = asyncio.Event()

    async def tell() -> None:
        async for _ in tiny_async_model.prompt(STORY, max_tokens=8000, temperature=0.8):
            started.set()

    running, waiting = asyncio.create_task(tell()), asyncio.create_task(tell())
    await started.wait()
    running.cancel()
    waiting.cancel()
    outcomes = await asyncio.gather(running, waiting, return_exceptions=True)
    assert all(isinstance(outcome, asyncio.CancelledError) for outcome in outcomes)
    # 8000 tokens take minutes: this returns only if they were not made.
    assert await tiny_async_model.prompt("hi", max_tokens=2, **STABLE).text()


def test_abandoned_stream_frees_the_model(tiny_model):
    """Whoever stops reading a sync reply ends it."""
    stream = iter(tiny_model.prompt(STORY, max_tokens=8000, temperature=0.8))
    next(stream)
    stream.close()
    assert tiny_model.prompt("hi", max_tokens=2, **STABLE).text()


def test_stop_ends_what_runs_and_joins_the_worker(tiny_weights):
    """Stopping in the middle of a reply ends it, drops the queue and leaves no thread."""
    before = set(threading.enumerate())
    mine = runtime.Runtime(tiny_weights.path, 1)
    begun, ended = threading.Event(), threading.Event()

    def emit(item: runtime.Item) -> None:
        (ended if item is None else begun).set()

    request = {"messages": [{"role": "user", "content": STORY}], "stream": True}
    mine.submit({**request, "max_tokens": 8000}, emit)
    queued: list[runtime.Item] = []
    mine.submit(request, queued.append)
    begun.wait()
    mine.stop()
    assert ended.is_set()
    assert queued == []
    assert set(threading.enumerate()) <= before


@pytest.mark.parametrize("content", [b"GGUF" + b"\0" * 64, None])
def test_weights_that_cannot_be_loaded_are_named(tmp_path, content, capfd):
    """A damaged or vanished file is one clear error each time, without llama.cpp's noise."""
    path = tmp_path / "broken.gguf"
    if content:
        path.write_bytes(content)
    model = LocalModel(Weights("broken", path))
    for _ in range(2):
        with pytest.raises(CallError, match=r"cannot load .*broken\.gguf") as caught:
            model.prompt("hi").text()
        assert caught.value.model == "local/broken"
        assert caught.value.code == "unavailable"
    assert capfd.readouterr() == ("", "")


async def test_weights_that_cannot_be_loaded_fail_async_calls_too(tmp_path):
    """The async class reports a failed load like the sync one."""
    model = LocalAsyncModel(Weights("broken", tmp_path / "broken.gguf"))
    with pytest.raises(CallError, match="cannot load"):
        await model.prompt("hi").text()


def test_listener_is_on_loopback_and_asks_for_the_key(tiny_weights):
    """The port that the runtime opens serves nobody without the key of this process."""
    server = runtime.load(tiny_weights.path, 1)
    address = server.listening_address
    assert address.startswith("http://127.0.0.1:")
    body = b'{"messages": [{"role": "user", "content": "hi"}], "max_tokens": 1}'
    for path, data in (("/v1/chat/completions", body), ("/v1/models", None), ("/slots", None)):
        request = urllib.request.Request(address + path, data)
        with pytest.raises(urllib.error.HTTPError, match="401") as caught:
            urllib.request.urlopen(request)
        caught.value.close()


def test_missing_runtime_names_the_command_that_brings_it(start_python):
    """Without xllamacpp a call fails with one line that says what to install."""
    process = start_python(
        "-c",
        "import sys; sys.modules['xllamacpp'] = None\n"
        "from pathlib import Path\n"
        "from llm_reasonkit.errors import CallError\n"
        "from llm_reasonkit.local.model import LocalModel\n"
        "from llm_reasonkit.local.weights import Weights\n"
        "try: LocalModel(Weights('m', Path('m.gguf'))).prompt('hi').text()\n"
        "except CallError as error: print(error)\n",
    )
    said, complaints = process.communicate()
    assert "llm install 'llm-reasonkit[local]'" in said
    assert len(said.splitlines()) == 1
    assert complaints == ""


def test_broken_runtime_says_what_is_wrong(tmp_path, start_python):
    """A package that is there but does not load is told apart from one that is missing."""
    (tmp_path / "xllamacpp.py").write_text("raise ImportError('GLIBC_9.99 not found')")
    process = start_python(
        "-c",
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        "from llm_reasonkit.local.runtime import import_xllamacpp\n"
        "from llm_reasonkit.errors import UsageError\n"
        "try: import_xllamacpp()\n"
        "except UsageError as error: print(error)\n",
    )
    said, _ = process.communicate()
    assert "cannot be loaded (GLIBC_9.99 not found)" in said
