"""The look-alike itself: what any client of OpenRouter may rely on, asked over plain HTTP."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import httpx
import pytest

from tests.openrouter_server import Answer, Raw, Request, Server, Trouble, rate_limited, refuse
from tests.openrouter_server.models import MODELS

HI = {"model": "acme/small", "messages": [{"role": "user", "content": "hi"}]}


@pytest.fixture
def http(openrouter: Server) -> Iterator[httpx.Client]:
    """A plain HTTP client with an ordinary key."""
    headers = {"Authorization": f"Bearer {openrouter.key}"}
    with httpx.Client(base_url=openrouter.base_url, headers=headers, timeout=10) as client:
        yield client


def chat(http: httpx.Client, headers: dict[str, str] | None = None, **changes: Any) -> Any:
    """Ask and return the body of the reply."""
    reply = http.post("chat/completions", json={**HI, **changes}, headers=headers)
    return reply.json() | {"status": reply.status_code, "headers": reply.headers}


def said(reply: Any) -> str:
    """The text of a reply, or the words of an error."""
    if "error" in reply:
        return str(reply["error"]["message"])
    return str(reply["choices"][0]["message"]["content"])


# Keys


@pytest.mark.parametrize(
    ("key", "path", "status", "words"),
    [
        (None, "key", 401, "No cookie auth credentials found"),
        ("sk-or-v1-unknown", "key", 401, "User not found."),
        (None, "models", 200, ""),
        (None, "keys", 401, "No cookie auth credentials found"),
    ],
)
def test_who_may_read_what(
    openrouter: Server, key: str | None, path: str, status: int, words: str
) -> None:
    """The catalogue is for everyone, the account for those with a key."""
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    reply = httpx.get(f"{openrouter.base_url}/{path}", headers=headers)
    assert reply.status_code == status
    assert words in reply.text


def test_managing_and_asking_are_apart(openrouter: Server, http: httpx.Client) -> None:
    """An ordinary key does not manage, a management key asks no model."""
    manager = {"Authorization": f"Bearer {openrouter.management_key}"}
    assert "Only management keys" in http.get("activity").json()["error"]["message"]
    assert http.get("activity", headers=manager).json() == {"data": []}
    assert chat(http, manager)["status"] == 403
    openrouter.credits_are_secret = True
    assert http.get("credits").status_code == 403
    assert http.get("credits", headers=manager).json()["data"]["total_credits"] == 10


def test_the_key_is_never_kept(openrouter: Server, http: httpx.Client) -> None:
    """Neither the journal nor a reply has the Authorization header; attribution is kept."""
    reply = chat(http, {"HTTP-Referer": "https://example.com", "X-OpenRouter-Title": "Example"})
    (request,) = openrouter.chats
    assert openrouter.key not in f"{request}{reply}"
    assert request.headers["http-referer"] == "https://example.com"
    assert request.headers["x-openrouter-title"] == "Example"


# Requests that make no sense


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "Input must have at least 1 token."),
        (b"{not json", "Input must have at least 1 token."),
        (b'{"model": "acme/small"}', 'Input required: specify "prompt" or "messages"'),
        (b'{"messages": [{"role": "user", "content": "hi"}]}', "No models provided"),
    ],
)
def test_requests_without_sense(
    openrouter: Server, http: httpx.Client, body: bytes, words: str
) -> None:
    """What cannot be asked is refused with OpenRouter's own words."""
    reply = http.post("chat/completions", content=body)
    assert (reply.status_code, reply.json()["error"]["message"]) == (400, words)


def test_what_is_checked_before_any_limit(openrouter: Server, http: httpx.Client) -> None:
    """Too many fallbacks and unknown preferences are told even where nothing is left to spend."""
    openrouter.account.credits = Decimal(0)
    assert "3 items or fewer" in said(chat(http, models=["acme/small"] * 4))
    assert "Unrecognized key(s) in object: 'oder'" in said(chat(http, provider={"oder": []}))
    assert "never purchased" in said(chat(http, unheard_of=True))


# The catalogue


def test_models_come_in_pages(openrouter: Server, http: httpx.Client) -> None:
    """All at once without a question, else in pages that lead to one another."""
    whole = http.get("models").json()
    page, ids = http.get("models?limit=3").json(), []
    while True:
        ids += [row["id"] for row in page["data"]]
        if page["links"]["next"] is None:
            break
        page = http.get(page["links"]["next"]).json()
    assert ids == [row["id"] for row in whole["data"]]
    assert page["total_count"] == len(ids) == whole["total_count"]
    assert "stale-while-revalidate" in http.get("models").headers["cache-control"]
    assert any(row["pricing"]["prompt"] == "-1" for row in whole["data"])
    openrouter.plain_models = True
    assert set(http.get("models").json()) == {"data"}


def test_a_bad_question_about_models(http: httpx.Client) -> None:
    """It is refused in the shape of the validator, JSON in a string."""
    reply = http.get("models?limit=5000")
    (issue,) = json.loads(reply.json()["error"]["message"])
    assert (reply.status_code, issue["path"]) == (400, ["limit"])


def test_providers_of_a_model(http: httpx.Client) -> None:
    """Each has its price and status; a missing variant has none, a missing model is an error."""
    rows = http.get("models/acme/small/endpoints").json()["data"]["endpoints"]
    assert [row["provider_name"] for row in rows] == ["Acme Cloud", "Budget Inference", "Turbo"]
    assert [Decimal(row["pricing"]["prompt"]) * 10**7 for row in rows] == [1, Decimal("0.5"), 3]
    assert http.get("models/acme/prose:free/endpoints").json()["data"]["endpoints"] == []
    assert http.get("models/acme/nothing/endpoints").status_code == 404
    assert http.get("model/~acme/small-latest").json()["data"]["id"] == "acme/small"


# Replies


def test_ids_are_the_same_everywhere(openrouter: Server, http: httpx.Client) -> None:
    """A reply's id is that of its header, and looks like OpenRouter's; same seed, same ids."""
    replies = [chat(http) for _ in range(8)]
    assert all(re.fullmatch(r"gen-\d{10}-[A-Za-z0-9]{20}", reply["id"]) for reply in replies)
    assert all(reply["headers"]["x-generation-id"] == reply["id"] for reply in replies)
    assert {"x-provider-name" in reply["headers"] for reply in replies} == {True, False}
    openrouter.reset()
    assert [chat(http)["id"] for _ in range(8)] == [reply["id"] for reply in replies]


def test_no_limits_are_told_on_success(http: httpx.Client) -> None:
    """Only refusals have X-RateLimit headers."""
    assert not [name for name in chat(http)["headers"] if name.startswith("x-ratelimit")]


def test_unknown_things_are_strewn_in(openrouter: Server, http: httpx.Client) -> None:
    """Asked to, a reply has keys that nobody knows and another order."""
    openrouter.script(Answer("hello", odd=True))
    reply = chat(http)
    assert said(reply) == "hello"
    assert "x_new" in reply
    assert "x_new" in reply["usage"]


@pytest.mark.parametrize(
    ("mode", "reads"),
    [
        ("honoured", '{"name": "alpha one"}'),
        ("fenced", "```json"),
        ("prose", "in words"),
        ("truncated", '{"name": "'),
        ("wrong", '{"not": '),
    ],
)
def test_schemas(openrouter: Server, http: httpx.Client, mode: Any, reads: str) -> None:
    """What comes where a schema is asked for can be chosen; models without them write prose."""
    openrouter.schema_mode = mode
    schema = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
    wanted = {"type": "json_schema", "json_schema": {"name": "output", "schema": schema}}
    assert reads in said(chat(http, response_format=wanted))
    assert said(chat(http, model="acme/prose", response_format=wanted)).startswith("alpha one")


@pytest.mark.parametrize(("text", "prompt_price"), [(1000, "0.000003"), (300_000, "0.000006")])
def test_what_a_reply_costs(
    openrouter: Server,
    http: httpx.Client,
    monkeypatch: pytest.MonkeyPatch,
    text: int,
    prompt_price: str,
) -> None:
    """Cached tokens, those written to the cache, and the price of long prompts are in the bill."""
    row = {**MODELS["acme/thinker"], "context_length": 10**6}
    monkeypatch.setitem(MODELS, "acme/thinker", row)
    openrouter.script(Answer("x" * 400, cached=500, cache_written=100))
    message = {"role": "user", "content": "y" * 4 * text}
    usage = chat(http, model="acme/thinker", messages=[message])["usage"]
    each = [Decimal(prompt_price), Decimal("0.0000003"), Decimal("0.00000375")]
    each.append(Decimal("0.0000225" if text > 200_000 else "0.000015"))
    counts = [usage["prompt_tokens"] - 600, 500, 100, 100]
    exact = sum(price * count for price, count in zip(each, counts, strict=True))
    assert usage["prompt_tokens"] == text + 1
    assert usage["cost"] == float(exact)
    assert openrouter.ledger.total == Decimal(repr(usage["cost"]))


def test_a_web_search_has_its_fee(openrouter: Server, http: httpx.Client) -> None:
    """`:online`, the plugin and the tool cost a fee that no upstream cost tells of."""
    plain = chat(http)["usage"]
    ways: list[dict[str, Any]] = [
        {"model": "acme/small:online"},
        {"plugins": [{"id": "web"}]},
        {"tools": [{"type": "openrouter:web_search"}]},
    ]
    for way in ways:
        usage = chat(http, **way)["usage"]
        assert usage["cost"] >= 0.007
        assert usage["cost_details"]["upstream_inference_cost"] < 0.001
        assert usage["server_tool_use_details"] == {"web_search_requests": 1}
        assert "is_byok" not in usage
    assert "server_tool_use_details" not in plain


def test_nothing_said_costs_nothing(openrouter: Server, http: httpx.Client) -> None:
    """No tokens without a finish_reason, or an error for one, are insured; silence alone is not."""
    openrouter.script(
        Answer(None, finish_reason=None),
        Answer("half", finish_reason="error"),
        Answer("", finish_reason="stop"),
    )
    costs = [chat(http)["usage"]["cost"] for _ in range(3)]
    assert costs[:2] == [0, 0]
    assert costs[2] > 0


def test_the_response_cache(openrouter: Server, http: httpx.Client) -> None:
    """Asked to, the same bytes get the same text for nothing under a new id, until it is old."""
    openrouter.clock = lambda: 1_790_000_000.0
    asks = {"X-OpenRouter-Cache": "true", "X-OpenRouter-Cache-TTL": "60"}
    first, second = chat(http, asks), chat(http, asks)
    assert said(first) == said(second)
    assert first["id"] != second["id"]
    assert second["usage"]["cost"] == 0
    assert second["headers"]["x-openrouter-cache-source-id"] == first["id"]
    states = [first, second, chat(http, asks, temperature=1)]
    openrouter.clock = lambda: 1_790_000_061.0
    states += [chat(http, asks), chat(http, {**asks, "X-OpenRouter-Cache-Clear": "true"})]
    found = [state["headers"]["x-openrouter-cache-status"] for state in states]
    assert found == ["MISS", "HIT", "MISS", "MISS", "MISS"]
    assert "x-openrouter-cache-status" not in chat(http)["headers"]


def test_the_account_may_lag(openrouter: Server, http: httpx.Client) -> None:
    """`/key` and `/credits` tell what was spent, if they are told to be late without the latest."""
    for _ in range(3):
        chat(http)
    total = float(openrouter.ledger.total)
    assert http.get("key").json()["data"]["usage"] == pytest.approx(total)
    openrouter.account_lag = 1
    assert http.get("auth/key").json()["data"]["usage"] == pytest.approx(total * 2 / 3)
    assert http.get("credits").json()["data"]["total_usage"] == pytest.approx(total * 2 / 3)


# Other ways in


def test_completions(openrouter: Server, http: httpx.Client) -> None:
    """The old surface takes a prompt and gives text, whole and in pieces."""
    openrouter.script(Answer("hello"), Answer("hello"))
    body = {"model": "acme/small", "prompt": "hi"}
    whole = http.post("completions", json=body).json()
    assert (whole["object"], whole["choices"][0]["text"]) == ("text_completion", "hello")
    streamed = events(http, "completions", {**body, "stream": True})
    assert "".join(chunk["choices"][0]["text"] for chunk in streamed if chunk["choices"]) == "hello"
    assert len(openrouter.ledger) == 2


def test_responses(openrouter: Server, http: httpx.Client) -> None:
    """The newer surface has events of its own, and OpenRouter's [DONE] after them."""
    openrouter.script(*[Answer("hello", reasoning="hm")] * 2)
    body = {"model": "acme/small", "input": "hi", "max_output_tokens": 50}
    whole = http.post("responses", json=body).json()
    assert whole["output"][0]["content"][0]["text"] == "hello"
    assert whole["usage"]["input_tokens"] == 2
    streamed = events(http, "responses", {**body, "stream": True})
    kinds = [event["type"] for event in streamed]
    assert (kinds[0], kinds[-1]) == ("response.created", "response.completed")
    assert [event["sequence_number"] for event in streamed] == list(range(len(streamed)))
    openrouter.script(Answer("hello", cut="error", error={"code": 502, "message": "?"}))
    assert events(http, "responses", {**body, "stream": True})[-1]["type"] == "response.failed"


def test_embeddings(openrouter: Server, http: httpx.Client) -> None:
    """The same text gets the same vector, and costs what its tokens cost."""
    body = {"model": "acme/small", "input": ["one", "two", "one"]}
    reply = http.post("embeddings", json=body).json()
    one, two, again = (row["embedding"] for row in reply["data"])
    assert one == again != two
    assert reply["usage"]["cost"] == float(openrouter.ledger.total) > 0


def events(http: httpx.Client, path: str, body: dict[str, Any]) -> list[dict[str, Any]]:
    """The JSON events of a stream, which ends in [DONE]."""
    lines = [line for line in http.post(path, json=body).text.splitlines() if line[:5] == "data:"]
    assert lines[-1] == "data: [DONE]"
    return [json.loads(line[5:]) for line in lines[:-1]]


def test_browsers_may_ask(openrouter: Server) -> None:
    """A preflight is answered without a key, and replies say which headers may be seen."""
    url = f"{openrouter.base_url}/chat/completions"
    preflight = httpx.options(url, headers={"Origin": "https://example.com"})
    assert preflight.status_code == 204
    assert preflight.headers["access-control-allow-origin"] == "*"
    refused = httpx.post(url, json=HI)
    assert "X-Generation-Id" in refused.headers["access-control-expose-headers"]


# Scripts


def test_scripts(openrouter: Server, http: httpx.Client) -> None:
    """What happens can be said by model, by provider, by the nth request or by a header."""

    def is_third(request: Request) -> bool:
        return request.number == 3

    def is_marked(request: Request) -> bool:
        return request.headers.get("x-session-id") == "marked"

    openrouter.script(Answer("for prose"), model="acme/prose")
    openrouter.script(refuse(502, "down"), provider="acme")
    openrouter.script(rate_limited(), when=is_third)
    openrouter.script(Raw([b"{}"], 200, "application/json"), when=is_marked)
    first, second, third = chat(http), chat(http, model="acme/prose"), chat(http)
    assert first["provider"] == "Budget Inference"
    assert said(second) == "for prose"
    assert third["status"] == 429
    assert set(chat(http, {"x-session-id": "marked"})) == {"status", "headers"}


def test_trouble_is_the_same_for_the_same_seed() -> None:
    """What happens to a prompt depends on the seed and on how often it was asked, not on others."""
    one, same, other = Trouble(seed=7), Trouble(seed=7), Trouble(seed=8)
    bodies = [{"messages": [{"content": f"prompt {n}"}]} for n in range(200)]
    made = [one(body) for body in bodies]
    assert made == [same(body) for body in reversed(bodies)][::-1]
    assert made != [other(body) for body in bodies]
    assert 0.2 < 1 - one.counts[""] / 200 < 0.4


# Many at once


def test_counters_are_exact_under_parallel_requests(openrouter: Server, http: httpx.Client) -> None:
    """Of forty requests at once the twenty that are allowed are let in, and all are counted."""
    openrouter.account.free_per_minute = 20
    gate = threading.Barrier(40)

    def one(number: int) -> int:
        gate.wait()
        return int(chat(http, model="acme/small:free")["status"])

    with ThreadPoolExecutor(40) as threads:
        found = list(threads.map(one, range(40)))
    assert sorted(found) == [200] * 20 + [429] * 20
    assert http.get("key").json()["data"]["free_model_daily_requests"]["used"] == 40
