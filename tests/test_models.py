"""Any llm model as a model of a run: real llm model classes, real Response objects, no network."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable, Iterator
from decimal import Decimal
from typing import Any

import llm
import pytest
from pydantic import Field, create_model

from llm_reasonkit.config import Settings
from llm_reasonkit.engine.ports import Call
from llm_reasonkit.errors import CallError, MissingKeyError, UsageError
from llm_reasonkit.models.caller import LlmCaller
from llm_reasonkit.models.player import Player, validated_options
from llm_reasonkit.models.roster import Roster
from llm_reasonkit.reasoning.result import Cost, Tokens

SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}}
PNG = llm.Attachment(type="image/png", content=b"x")

Say = Callable[[Any], Iterator[str]]


class Options(llm.Options):
    """What most models take."""

    max_tokens: int | None = Field(default=None)
    temperature: float | None = Field(default=None, ge=0, le=2)
    reasoning_effort: str | None = Field(default=None)


def hello(response: Any) -> Iterator[str]:
    yield "Hel"
    yield ""
    yield "lo"


class Talking(llm.Model):
    """A sync model that says what it is told to, and keeps the prompts it got."""

    model_id = "talking"
    can_stream = True
    supports_schema = True
    attachment_types = {"image/png"}  # noqa: RUF012 (llm's way)

    class Options(Options): ...

    def __init__(self, say: Say = hello) -> None:
        self.say = say
        self.prompts: list[llm.Prompt] = []
        self.streams: list[bool] = []
        self.conversations: list[Any] = []

    def execute(
        self, prompt: llm.Prompt, stream: bool, response: llm.Response, conversation: Any
    ) -> Iterator[str]:
        self.prompts.append(prompt)
        self.streams.append(stream)
        self.conversations.append(conversation)
        yield from self.say(response)


class TalkingAsync(llm.AsyncModel):
    """The same, async; `hold` is waited for after the first word."""

    model_id = "talking-async"
    can_stream = True
    supports_schema = True

    class Options(Options): ...

    def __init__(self, say: Say = hello, hold: asyncio.Event | None = None) -> None:
        self.say = say
        self.hold = hold
        self.started = asyncio.Event()
        self.left = asyncio.Event()
        self.prompts: list[llm.Prompt] = []

    async def execute(
        self, prompt: llm.Prompt, stream: bool, response: llm.AsyncResponse, conversation: Any
    ) -> AsyncGenerator[str, None]:
        self.prompts.append(prompt)
        try:
            for part in self.say(response):
                yield part
                self.started.set()
                if self.hold is not None:
                    await self.hold.wait()
        finally:
            self.left.set()


class Plain(llm.Model):
    """A model without options, schemas or streaming."""

    model_id = "plain"

    def execute(
        self, prompt: llm.Prompt, stream: bool, response: llm.Response, conversation: Any
    ) -> Iterator[str]:
        yield f"{prompt.system}|{prompt.prompt}|{prompt.schema}|{stream}"


class Locked(llm.KeyModel):
    """A model that needs a key and says which it got."""

    model_id = "locked"
    needs_key = "locked"
    key_env_var = "LOCKED_KEY"

    def execute(
        self,
        prompt: llm.Prompt,
        stream: bool,
        response: llm.Response,
        conversation: Any,
        key: str | None = None,
    ) -> Iterator[str]:
        yield f"key {key}"


def call(**more: Any) -> Call:
    return Call(**{"step": "a", "role": "main", "prompt": "Why?", "max_tokens": 100} | more)


def caller(model: Any, **more: Any) -> LlmCaller:
    return LlmCaller({"main": Player(model, **more)}, "thread-1")


class Heard:
    """Keeps the words it is shown; `first` is set with the first of them."""

    def __init__(self) -> None:
        self.words: list[str] = []
        self.first = asyncio.Event()

    def __call__(self, text: str) -> None:
        self.words.append(text)
        self.first.set()


async def words(model: Any, made: Call | None = None, **more: Any) -> tuple[Any, list[str]]:
    heard: list[str] = []
    reply = await caller(model, **more).call(made or call(), heard.append)
    await asyncio.sleep(0)
    return reply, heard


@pytest.mark.parametrize("kind", [Talking, TalkingAsync])
async def test_a_model_is_asked_and_heard_as_it_speaks(kind: type[Any]):
    """Sync and async models give the same reply, and their text arrives part by part, in order."""

    def full(response: Any) -> Iterator[str]:
        yield from hello(response)
        response.response_json = {"provider": "Acme", "finish_reason": "stop"}
        response.set_resolved_model("talking-2026")
        response.set_usage(
            input=7,
            output=5,
            details={
                "cost": 0.000123,
                "completion_tokens_details": {"reasoning_tokens": 3},
                "prompt_tokens_details": {"cached_tokens": 2},
            },
        )

    model = kind(full)
    reply, heard = await words(model)
    assert heard == ["Hel", "lo"]
    assert reply.text == "Hello"
    assert (reply.model, reply.model_served) == (model.model_id, "talking-2026")
    assert (reply.provider, reply.finish_reason) == ("Acme", "stop")
    assert reply.tokens == Tokens(input=7, output=5, reasoning=3, cached=2)
    assert reply.cost == Cost(usd=Decimal("0.000123"), source="billed")
    assert reply.first_token_ms is not None
    assert reply.turn.id == reply.turn_id


async def test_what_a_model_does_not_say_stays_unknown():
    """Without usage and metadata there are no figures, and the cost counts as unknown."""
    reply, _ = await words(Talking())
    assert (reply.model_served, reply.provider, reply.finish_reason) == (None, None, None)
    assert reply.tokens == Tokens()
    assert reply.cost == Cost(unknown_calls=1)


@pytest.mark.parametrize("cost", ["abc", "NaN", float("inf"), -1, True, None, {"usd": 1}])
async def test_a_cost_that_is_none_is_unknown(cost: object):
    """Whatever a plugin keeps under `cost`, only an amount of money counts as one."""

    def odd(response: Any) -> Iterator[str]:
        yield "hi"
        response.set_usage(input=1, output=1, details={"cost": cost})

    reply, _ = await words(Talking(odd))
    assert reply.cost == Cost(unknown_calls=1)


@pytest.mark.parametrize(
    ("cost", "usd"), [("0.1", "0.1"), (0, "0"), (1e-12, "1E-12"), (0.1, "0.1")]
)
async def test_a_cost_keeps_its_digits(cost: object, usd: str):
    """Figures come through without floating point noise."""

    def priced(response: Any) -> Iterator[str]:
        yield "hi"
        response.set_usage(details={"cost": cost})

    reply, _ = await words(Talking(priced))
    assert reply.cost.usd == Decimal(usd)


async def test_a_model_on_this_machine_costs_nothing():
    """Its zero is known, not billed."""
    reply, _ = await words(Talking(), runs_here=True)
    assert reply.cost == Cost(usd=Decimal(0), source="computed")


async def test_steps_do_not_see_each_other():
    """Each call is in the run's thread but has a history of its own: none."""
    model = Talking()
    asked = caller(model)
    await asked.call(call(prompt="one", system="Be brief."), lambda text: None)
    await asked.call(call(prompt="two"), lambda text: None)
    assert [prompt.prompt for prompt in model.prompts] == ["one", "two"]
    assert [prompt.system for prompt in model.prompts] == ["Be brief.", ""]
    assert [conversation.id for conversation in model.conversations] == ["thread-1"] * 2
    assert model.conversations[0] is not model.conversations[1]
    assert [len(prompt.messages) for prompt in model.prompts] == [2, 1]


async def test_a_schema_goes_only_to_models_that_take_one():
    """Others would refuse the prompt; they are asked in words by the engine."""
    model = Talking()
    await words(model, call(schema=SCHEMA))
    assert model.prompts[0].schema == SCHEMA
    reply, _ = await words(Plain(), call(schema=SCHEMA, system="s"))
    assert reply.text == "s|Why?|None|False"
    assert Player(model).facts.constrains_output
    assert not Player(Plain()).facts.constrains_output


async def test_streaming_can_be_switched_off():
    """`--no-stream` reaches the model."""
    model = Talking()
    silent = LlmCaller({"main": Player(model)}, "t", stream=False)
    await silent.call(call(), lambda text: None)
    await caller(model).call(call(), lambda text: None)
    assert model.streams == [False, True]


async def test_attachments_go_with_every_call():
    """A picture given with the question is seen by each step."""
    model = Talking()
    asked = LlmCaller({"main": Player(model)}, "t", attachments=[PNG])
    await asked.call(call(), lambda text: None)
    assert model.prompts[0].attachments == [PNG]


async def test_a_role_without_a_model_is_played_by_main():
    """Roles are optional; one that has a model of its own uses it."""
    main, judge = Talking(), Plain()
    asked = LlmCaller({"main": Player(main), "judge": Player(judge)}, "t")
    assert asked.facts("judge").id == "plain"
    assert asked.facts("critic").id == "talking"
    assert (await asked.call(call(role="judge"), lambda text: None)).model == "plain"


def breaking(response: Any) -> Iterator[str]:
    yield "so far"
    raise RuntimeError("the wire\n  was cut")


@pytest.mark.parametrize("kind", [Talking, TalkingAsync])
async def test_whatever_a_model_raises_is_one_failed_call(kind: type[Any]):
    """The error is one line, names the model and keeps the text that had arrived."""
    with pytest.raises(CallError) as caught:
        await words(kind(breaking))
    assert str(caught.value) == "the wire was cut"
    assert caught.value.model == kind.model_id
    assert caught.value.partial == "so far"
    assert caught.value.billed


async def test_an_error_without_words_is_named():
    """An exception that says nothing is told by its kind, one that says too much is cut."""

    def silent(response: Any) -> Iterator[str]:
        yield ""
        raise ZeroDivisionError

    def endless(response: Any) -> Iterator[str]:
        yield ""
        raise RuntimeError("x" * 9000)

    with pytest.raises(CallError, match=r"^ZeroDivisionError$"):
        await words(Talking(silent))
    with pytest.raises(CallError) as caught:
        await words(Talking(endless))
    assert len(str(caught.value)) == 500


async def test_an_error_of_our_client_keeps_what_it_knows():
    """A CallError passes as it is, with the model added where it names none."""

    def limited(response: Any) -> Iterator[str]:
        yield ""
        raise CallError("slow down", code="rate_limited", billed=False)

    def named(response: Any) -> Iterator[str]:
        yield ""
        raise CallError("gone", model="other")

    with pytest.raises(CallError) as caught:
        await words(Talking(limited))
    assert (caught.value.code, caught.value.billed) == ("rate_limited", False)
    assert caught.value.model == "talking"
    with pytest.raises(CallError) as caught:
        await words(Talking(named))
    assert caught.value.model == "other"


@pytest.mark.parametrize("kind", [Talking, TalkingAsync])
async def test_a_reply_without_end_is_stopped(kind: type[Any]):
    """A model that ignores its bound is cut off long before it fills the memory."""
    spoken = 0

    def endless(response: Any) -> Iterator[str]:
        nonlocal spoken
        while True:
            spoken += 1
            yield "x" * 1000

    with pytest.raises(CallError, match="ran on past 4000 characters") as caught:
        await words(kind(endless))
    assert caught.value.code == "too_long"
    assert spoken < 10


async def test_a_slow_sync_model_does_not_hold_up_the_others():
    """It runs in a thread: the loop goes on, and is what lets the model finish."""
    go_on = threading.Event()

    def waiting(response: Any) -> Iterator[str]:
        yield "a"
        assert go_on.wait(60)
        yield "b"

    heard = Heard()
    asked = asyncio.create_task(caller(Talking(waiting)).call(call(), heard))
    await heard.first.wait()
    go_on.set()
    assert (await asked).text == "ab"


async def test_text_of_a_thread_is_shown_on_the_loop():
    """Whoever watches a run need not be thread-safe."""
    threads: list[int] = []
    await caller(Talking()).call(call(), lambda text: threads.append(threading.get_ident()))
    assert threads == [threading.get_ident()] * 2


async def test_a_sync_call_can_be_cancelled_while_it_blocks():
    """Ctrl-C does not wait for the model; the thread stops at its next word."""
    go_on, ended = threading.Event(), threading.Event()
    spoken: list[str] = []

    def stuck(response: Any) -> Iterator[str]:
        try:
            for word in ("a", "b", "c"):
                spoken.append(word)
                yield word
                assert go_on.wait(60)
        finally:
            ended.set()

    heard = Heard()
    asked = asyncio.create_task(caller(Talking(stuck)).call(call(), heard))
    await heard.first.wait()
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
    go_on.set()
    assert await asyncio.to_thread(ended.wait, 60)
    assert spoken == ["a", "b"]
    assert heard.words == ["a"]


async def test_a_thread_that_outlives_its_loop_ends_quietly():
    """A blocked call of a run that is over does not raise into nowhere when it goes on."""
    go_on, ended = threading.Event(), threading.Event()

    def stuck(response: Any) -> Iterator[str]:
        try:
            yield "a"
            assert go_on.wait(60)
            yield "b"
        finally:
            ended.set()

    async def give_up() -> None:
        heard = Heard()
        asked = asyncio.create_task(caller(Talking(stuck)).call(call(), heard))
        await heard.first.wait()
        asked.cancel()

    await asyncio.to_thread(asyncio.run, give_up())
    go_on.set()
    assert await asyncio.to_thread(ended.wait, 60)


async def test_an_async_call_can_be_cancelled():
    """Cancellation reaches the model, so that it can close its connection."""
    model = TalkingAsync(hold=asyncio.Event())
    asked = asyncio.create_task(caller(model).call(call(), lambda text: None))
    await model.started.wait()
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
    await model.left.wait()


def bound_named(name: str) -> Talking:
    model = Talking()
    field = (int | None, Field(default=None))
    model.Options = create_model("Options", __base__=llm.Options, **{name: field})  # type: ignore[assignment,call-overload]  # llm reads it so
    return model


@pytest.mark.parametrize(
    "name", ["max_tokens", "max_output_tokens", "max_completion_tokens", "num_predict"]
)
async def test_the_bound_of_a_reply_is_always_sent(name: str):
    """Whatever a plugin calls it, the model is told how long the reply may be."""
    model = bound_named(name)
    await words(model)
    assert getattr(model.prompts[0].options, name) == 100


@pytest.mark.parametrize(
    ("player", "made", "sent"),
    [
        ({}, {}, {"max_tokens": 100}),
        ({}, {"effort": "low"}, {"max_tokens": 100}),
        ({"options": {"max_tokens": 50}}, {}, {"max_tokens": 50}),
        ({"options": {"max_tokens": 500}}, {}, {"max_tokens": 100}),
        ({"options": {"temperature": 0.5}}, {}, {"max_tokens": 100, "temperature": 0.5}),
        ({"reasons": True}, {}, {"max_tokens": 100}),
        ({"reasons": True}, {"effort": "low"}, {"max_tokens": 100, "reasoning_effort": "low"}),
        (
            {"reasons": True, "options": {"reasoning_effort": "high"}},
            {"effort": "low"},
            {"max_tokens": 100, "reasoning_effort": "high"},
        ),
    ],
)
async def test_options_of_a_call(
    player: dict[str, Any], made: dict[str, Any], sent: dict[str, Any]
):
    """The user's options stand, and a smaller bound of theirs holds; a step's effort goes to models
    that reason."""
    model = Talking()
    await words(model, call(**made), **player)
    options = {name: value for name, value in model.prompts[0].options if value is not None}
    assert options == sent


def test_a_model_that_reasons_is_known():
    """By the catalogue, or because the user set its effort."""
    assert Player(Talking(), reasons=True).facts.reasons
    assert Player(Talking(), options={"reasoning_effort": "low"}).facts.reasons
    assert not Player(Talking()).facts.reasons


def test_defaults_fill_in_what_the_model_knows():
    """Configured defaults are dropped where a model has no such option; the user's are not."""
    player = Player(Talking()).with_options({"temperature": "0.5"}, {"max_tokens": 9, "top_p": 1})
    assert player.options == {"max_tokens": 9, "temperature": 0.5}
    assert Player(Plain()).with_options({}, {"temperature": 1}).options == {}


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            {"temprature": 1},
            "unknown option 'temprature' of talking; did you mean 'temperature'?",
        ),
        ({"temperature": 3}, "option temperature of talking must be 2 or less"),
        ({"max_tokens": "many"}, "option max_tokens of talking must be a whole number"),
    ],
)
def test_a_wrong_option_is_told_before_any_call(values: dict[str, Any], message: str):
    """Unknown options come with the nearest, wrong values with what would be right."""
    with pytest.raises(UsageError) as caught:
        validated_options(Talking(), values)
    assert message in str(caught.value)


async def test_a_key_is_found_or_asked_for(monkeypatch: pytest.MonkeyPatch):
    """Given, from the environment, or an error that says how to set it; never shown."""
    with pytest.raises(MissingKeyError, match=r"^locked: "):
        Player(Locked()).require_key()
    Player(Locked(), key="given").require_key()
    assert (await words(Locked(), key="given"))[0].text == "key given"
    monkeypatch.setenv("LOCKED_KEY", "from-env")
    Player(Locked()).require_key()
    assert (await words(Locked()))[0].text == "key from-env"
    Player(Plain()).require_key()
    assert "given" not in repr(Player(Locked(), key="given"))


def test_an_attachment_has_to_fit_the_model():
    """A model that cannot see says what it takes."""
    Player(Talking()).require_attachments([PNG])
    with pytest.raises(UsageError, match=r"plain takes no attachment of type image/png .*none"):
        Player(Plain()).require_attachments([PNG])
    audio = llm.Attachment(type="audio/wav", content=b"x")
    with pytest.raises(UsageError, match=r"it takes: image/png"):
        Player(Talking()).require_attachments([audio])


async def test_a_run_that_is_cancelled_while_it_lets_go_stays_cancelled():
    """Ctrl-C is not taken for the end of the catalogue's refresh, which is given up just then."""

    async def refresh() -> Any:
        try:
            await asyncio.Event().wait()
        finally:
            run.cancel()
            await asyncio.sleep(0)

    async def use() -> None:
        async with Roster(Settings(), {}, None) as roster:
            roster._refreshing = asyncio.create_task(refresh())
            await asyncio.sleep(0)

    run = asyncio.create_task(use())
    with pytest.raises(asyncio.CancelledError):
        await run
