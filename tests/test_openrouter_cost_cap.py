"""A call by itself is held to `max_cost_per_request`."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from llm_reasonkit.errors import CallError, LimitError, UsageError
from llm_reasonkit.openrouter import catalogue
from llm_reasonkit.openrouter.catalogue import Catalogue
from llm_reasonkit.openrouter.client import Client
from llm_reasonkit.openrouter.cost_cap import LEAST_REPLY, hold, most_prompt_tokens
from llm_reasonkit.openrouter.ids import own_folder
from llm_reasonkit.openrouter.model import OpenRouterAsyncModel
from llm_reasonkit.openrouter.settings import ClientSettings
from tests.catalogue_rows import row
from tests.cli import llm
from tests.openrouter_server import Answer, Drop, Server

KNOWN = Catalogue(
    [
        row("acme/small", max_completion_tokens=16_000),
        row("acme/large", "0.00001", "0.00004"),
        row("acme/given", "0", "0"),
        row("acme/read", "0.000001", "0"),
        row("openrouter/auto", "-1", "-1"),
    ]
)
CAPPED = "[providers.openrouter]\nmax_cost_per_request = {}\n"
IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * 900_000}}


def body(model: str = "acme/small", content: Any = "hi", **more: Any) -> dict[str, Any]:
    return {"model": model, "messages": [{"role": "user", "content": content}], **more}


def configure(user_folder: Path, text: str) -> None:
    path = user_folder / "reasonkit" / "config.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.mark.parametrize(
    ("most", "asked", "sent"),
    [
        ("1", None, None),  # a context full of the dearest tokens costs less
        ("0.1", None, 16_000),  # no more than the model can write
        ("0.02", None, 9_964),  # $0.019928 are left beside a request of 72 bytes
        ("0.02", 500, 500),
        ("0.02", 12_000, 9_953),
        ("0.0003", 100, 100),  # so short a reply is what was wanted
    ],
)
def test_what_a_reply_may_have(most: str, asked: int | None, sent: int | None) -> None:
    """The reply is bounded to what can be paid for beside the prompt, where it could be more."""
    asks: dict[str, Any] = {} if asked is None else {"max_tokens": asked}
    held, _ = hold(body(**asks), Decimal(most), KNOWN)
    assert held.get("max_tokens") == sent


def test_worst_case_fits() -> None:
    """However long the reply, all tries together cost what was allowed at most."""
    request, most = body(content="word " * 500, models=["acme/large"]), Decimal("0.25")
    held, tries = hold(request, most, KNOWN)
    worst = Decimal("0.00001") * most_prompt_tokens(request)
    worst += Decimal("0.00004") * held["max_tokens"]
    assert worst * tries <= most < worst * (tries + 1)
    small, tries = hold(body(max_tokens=100), most, KNOWN)
    assert (small["max_tokens"], tries > 500) == (100, True)


def test_openrouter_is_held_to_the_price() -> None:
    """Prices reckoned with are sent, per million tokens, and the user's lower ones kept."""
    preferences = {"sort": "price", "max_price": {"prompt": "0.5", "completion": "9"}}
    held, _ = hold(body(provider=preferences), Decimal(1), KNOWN)
    assert held["provider"] == {"sort": "price", "max_price": {"prompt": "0.5", "completion": "2"}}


def test_what_costs_nothing_is_left_alone() -> None:
    """A model whose prices are 0 is asked as it was."""
    assert hold(body("acme/given"), Decimal("0.01"), KNOWN)[0] == body("acme/given")


@pytest.mark.parametrize(("model", "length"), [("acme/large", 30_000), ("acme/read", 1_100_000)])
def test_a_prompt_that_is_too_dear(model: str, length: int) -> None:
    """Where the prompt leaves no money for a reply, the error says so, and what to do."""
    too_much = r"is \$0.3 and this call may cost \$(0\.31|1\.1)"
    with pytest.raises(LimitError, match=too_much) as said:
        hold(body(model, "x" * length), Decimal("0.3"), KNOWN)
    assert "Shorten it, name a cheaper model, raise max_cost_per_request" in str(said.value)


@pytest.mark.parametrize(
    "request_",
    [
        body("openrouter/auto"),
        body("acme/unheard-of"),
        body("acme/small:online"),
        body("acme/small", models=["acme/unheard-of"]),
        body(tools=[{"type": "openrouter:web_search"}]),
    ],
)
def test_nobody_knows_what_it_costs(request_: dict[str, Any]) -> None:
    """What may cost more than tokens of known price is refused."""
    with pytest.raises(UsageError, match=r"nobody knows what .* may cost"):
        hold(request_, Decimal(1), KNOWN)


def test_attachments_are_counted_as_models_read_them() -> None:
    """An image counts by what models make of it, not by its bytes; a file at an address counts
    as endless."""
    text = {"type": "text", "text": "What is this?"}
    assert 50_000 < most_prompt_tokens(body(content=[text, IMAGE])) < 50_200
    paper = {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;A"}}
    assert most_prompt_tokens(body(content=[text, paper])) < 300
    paper["file"] = {"filename": "a.pdf", "file_data": "https://example.com/a.pdf"}
    assert most_prompt_tokens(body(content=[text, paper])) >= 10**9


@pytest.mark.parametrize("how", [[], ["--async"]])
def test_a_call_of_llm_is_held(openrouter: Server, user_folder: Path, how: list[str]) -> None:
    """`llm -m openrouter/…` keeps to the configured cap, in a fresh folder too: the reply is
    bounded, or nothing is sent."""
    configure(user_folder, CAPPED.format("0.05"))
    assert llm("-m", "openrouter/acme/thinker", "hi", *how).exit_code == 0
    sent = openrouter.chats[-1].body
    assert 2_000 < sent["max_tokens"] < 0.05 / 0.000015
    assert sent["provider"]["max_price"] == {"prompt": "6", "completion": "22.5"}
    count = len(openrouter.chats)
    ended = llm("-m", "openrouter/acme/thinker", "word " * 5_000, *how)
    assert (ended.exit_code, len(openrouter.chats)) == (1, count)
    assert "max_cost_per_request is $0.05 and this call may cost $0.1" in ended.stderr
    assert "nobody knows" in llm("-m", "openrouter/openrouter/auto", "hi", *how).stderr
    assert len(openrouter.chats) == count


def test_runs_keep_to_their_own_budget(openrouter: Server, user_folder: Path) -> None:
    """A run with a budget of its own is not held to the cap of a call."""
    configure(user_folder, CAPPED.format("0.0001"))
    ended = llm("think", "hi", "--profile", "quick", "-m", "acme/small", "--budget", "1")
    assert ended.exit_code == 0


def test_no_cap_unless_it_is_configured(openrouter: Server, user_folder: Path) -> None:
    """Without the key a call is sent as it is."""
    llm("-m", "openrouter/acme/thinker", "hi")
    assert {"max_tokens", "provider"}.isdisjoint(openrouter.chats[-1].body)


async def test_a_billed_try_is_repeated_only_within_the_cap(
    client: Client, openrouter: Server
) -> None:
    """A try that may be billed is not repeated where both together may cost more."""
    known = await catalogue.refresh(own_folder(), client)
    for most, tries in (("0.0003", 1), ("1", 2)):
        openrouter.reset()
        openrouter.script(Drop(), Answer("At last."))
        settings = ClientSettings(
            base_url=openrouter.base_url, retry_delay_ms=1, max_cost_per_request=Decimal(most)
        )
        model = _model(settings, known, client)
        response = model.prompt("hi", key=openrouter.key, max_tokens=2 * LEAST_REPLY)
        try:
            await response.text()
        except CallError:
            assert tries == 1
        assert len(openrouter.chats) == tries


def _model(settings: ClientSettings, known: Catalogue, client: Client) -> OpenRouterAsyncModel:
    entry = known.get("acme/small")
    return OpenRouterAsyncModel(
        "openrouter/acme/small", entry, client=client, settings=lambda: settings
    )
