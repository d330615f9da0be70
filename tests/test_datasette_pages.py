"""The pages in Datasette: what they show, to whom, under which policy; on 0.65 and 1.0 alike."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from datasette.app import Datasette

from llm_reasonkit.datasette_plugin.queries import QUERIES
from llm_reasonkit.engine.course import Course, Seat
from llm_reasonkit.engine.ports import Recipe, Recorded
from llm_reasonkit.reasoning.answers import AnswerForm
from llm_reasonkit.reasoning.plan import Plan
from llm_reasonkit.reasoning.result import Cost, Result
from llm_reasonkit.reasoning.template import Fence
from llm_reasonkit.reasoning.voting import Rule
from llm_reasonkit.render.result_json import to_json
from llm_reasonkit.store.history import load_run
from llm_reasonkit.store.log import LogTrace
from tests.store_runs import make_reply, make_result, make_step, new_id, record_run, start_of

HOME = "/logs/-/reasonkit"
IS_NEW = hasattr(Datasette, "allowed")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A place for a log."""
    return tmp_path / "logs.db"


async def opened(path: Path, settings: Mapping[str, Any] | None = None, **config: Any) -> Datasette:
    """Give a Datasette on a log; `config` is what 0.65 calls metadata."""
    settled = {"config" if IS_NEW else "metadata": config}
    datasette = Datasette([str(path)], settings=settings, **settled)
    await datasette.invoke_startup()
    return datasette


async def a_run(path: Path, question: str = "Why is the sky blue?", **fields: Any) -> Result:
    """Record a run of one call."""
    start = start_of(new_id(), question)
    trace = LogTrace(path)
    await trace.run_started(start)
    reply = make_reply(start.run_id, question)
    step = make_step("only", reply)
    await trace.step_finished(step, [], reply)
    result = make_result(start, [step], []).model_copy(update=fields)
    await trace.run_finished(result)
    trace.close()
    return result


async def get(datasette: Datasette, path: str, status: int = 200) -> Any:
    """Fetch a page that answers with this status."""
    response = await datasette.client.get(path)
    assert response.status_code == status, response.text[-2000:]
    return response


async def test_the_way_in(path: Path) -> None:
    """The menu leads to the runs, and with one log straight to its list."""
    await a_run(path)
    datasette = await opened(path)
    assert "/-/reasonkit" in (await get(datasette, "/")).text
    assert (await get(datasette, "/-/reasonkit", 302)).headers["location"] == HOME
    assert HOME in (await get(datasette, "/logs")).text


async def test_a_database_without_runs() -> None:
    """Where no runs are, the page says so, and the database's own pages are as ever."""
    datasette = Datasette([], memory=True)
    await datasette.invoke_startup()
    page = await get(datasette, "/_memory/-/reasonkit", 404)
    assert "no runs recorded yet" in page.text
    assert "Reasoning runs" not in (await get(datasette, "/_memory")).text
    assert "no database" in (await get(datasette, "/nowhere/-/reasonkit", 404)).text


async def test_the_list_goes_on(path: Path) -> None:
    """More runs than a page holds are reached by its link, each exactly once, newest first."""
    ids = [(await a_run(path, f"Question {number}?")).run_id for number in range(53)]
    datasette = await opened(path)
    first = (await get(datasette, HOME)).text
    older = re.search(r'href="(\?before=[^"]+)"', first)
    assert older is not None
    second = (await get(datasette, HOME + older[1])).text
    shown = re.findall(r'<th scope="row"><a href="[^"]*/run/([^"]+)"', first + second)
    assert shown == ids[::-1]
    assert "before=" not in second


async def test_the_list_can_be_restricted(path: Path) -> None:
    """The form's fields restrict the list, also as JSON, and stay filled in."""
    await a_run(path, "Which database?", status="no_consensus", command="consensus")
    await a_run(path, "Which language?")
    datasette = await opened(path)
    for query in ("text=database", "status=no_consensus", "command=consensus"):
        items = (await get(datasette, f"{HOME}.json?{query}")).json()["items"]
        assert [item["title"] for item in items] == ["Which database?"]
    page = (await get(datasette, f'{HOME}?text="><script>')).text
    assert 'value="&#34;&gt;&lt;script&gt;"' in page
    assert "No run is like that" in page


async def test_a_run_in_all_its_forms(path: Path) -> None:
    """A run's page has question, answer, steps and a link to each call; its JSON is what `--json`
    prints, its HTML one file without any script."""
    result = await a_run(path)
    datasette = await opened(path)
    page = (await get(datasette, f"{HOME}/run/{result.run_id}")).text
    assert "Why is the sky blue?" in page
    assert f"/logs/turns/{result.steps[0].turn_id}" in page
    await get(datasette, f"/logs/turns/{result.steps[0].turn_id}")
    printed = (await get(datasette, f"{HOME}/run/{result.run_id}.json")).text
    assert printed == to_json(load_run(path, result.run_id))
    document = (await get(datasette, f"{HOME}/run/last.html")).text
    assert document.startswith("<!DOCTYPE html>")
    assert "<script" not in document
    assert "no run" in (await get(datasette, f"{HOME}/run/zzz", 404)).text


async def test_a_run_that_goes_on(path: Path) -> None:
    """The page of a run that has not ended shows the steps so far and loads itself anew."""
    start = start_of(new_id())
    trace = LogTrace(path)
    await trace.run_started(start)
    reply = make_reply(start.run_id, "first")
    await trace.step_finished(make_step("frame", reply), [], reply)
    datasette = await opened(path)
    page = (await get(datasette, f"{HOME}/run/{start.run_id}")).text
    assert 'http-equiv="refresh"' in page
    assert "frame" in page
    await trace.run_finished(make_result(start, [make_step("frame", reply)], []))
    trace.close()
    ended = (await get(datasette, f"{HOME}/run/{start.run_id}")).text
    assert 'http-equiv="refresh"' not in ended


async def test_how_far_a_run_is(path: Path) -> None:
    """While a run goes on its page says how many of its calls are done and under way, of how many
    at most where that was recorded; it has no answer so far."""
    for most, told in (
        (5, "calls: 1 of at most 5 done, 1 under way"),
        (0, "calls: 1 done, 1 under"),
    ):
        trace = LogTrace(path)
        recipe = Recipe(Plan(()), Fence(""), planned_calls=most)
        start = replace(start_of(new_id()), recipe=recipe)
        await trace.run_started(start)
        await trace.step_finished(make_step("frame", make_reply(start.run_id, "a")), [], None)
        await trace.step_finished(make_step("links", kind="check"), [], None)
        await trace.call_started(Recorded(make_step("look[1]", status="running"), "hash"))
        page = (await get(await opened(path), f"{HOME}/run/{start.run_id}")).text
        assert told in " ".join(page.split())
        assert f'max="{most}" value="1"' in page or not most
        document = (await get(await opened(path), f"{HOME}/run/{start.run_id}.html")).text
        assert "No answer so far." in document
        trace.close()


async def test_how_far_members_are(path: Path) -> None:
    """Of a panel, and of a comparison of runs, the members that are done are counted."""
    seats = [Seat(member=name, role=name, family=name) for name in "abc"]
    course = Course(seats, AnswerForm("text"), Rule(Decimal("0.5")))
    ended = await a_run(path)
    runs = {ended.run_id: "a", new_id(): "b"}
    recipes = {
        "members: 1 of 3 done, 1 under way": Recipe(course, Fence("")),
        "members: 1 of 2 done, 1 under way": Recipe(Plan(()), Fence(""), request={"runs": runs}),
    }
    for told, recipe in recipes.items():
        trace = LogTrace(path)
        start = replace(start_of(new_id()), recipe=recipe)
        await trace.run_started(start)
        first = make_step("members", id="members[1]")
        await trace.step_finished(first, [], None)
        second = make_step("members", id="members[2]", status="running")
        await trace.call_started(Recorded(second, "hash"))
        page = (await get(await opened(path), f"{HOME}/run/{start.run_id}")).text
        assert told in " ".join(page.split())
        trace.close()


async def test_unknown_costs_are_not_nought(path: Path) -> None:
    """What a call cost that nobody told stands as unknown and is counted apart in every sum."""
    await a_run(path, cost=Cost(unknown_calls=1))
    start = start_of(new_id())
    trace = LogTrace(path)
    await trace.run_started(start)
    reply = replace(make_reply(start.run_id, "first"), cost=Cost(unknown_calls=1))
    step = make_step("only", reply, cost=Cost(unknown_calls=1))
    await trace.step_finished(step, [], reply)
    await trace.run_finished(make_result(start, [step], []))
    trace.close()
    datasette = await opened(path)
    items = (await get(datasette, f"{HOME}.json")).json()["items"]
    assert [item["cost"]["usd"] for item in items] == [None, None]
    assert "unknown" in (await get(datasette, HOME)).text
    days = (await get(datasette, f"{HOME}/cost.json")).json()["items"]
    assert [day["unknown_calls"] for day in days] == [1]
    assert "calls of unknown cost" in (await get(datasette, f"{HOME}/cost")).text


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query.name)
async def test_named_queries(path: Path, query: Any) -> None:
    """Each named query can be run from the database's page."""
    trace = LogTrace(path)
    await record_run(trace, new_id())
    trace.close()
    datasette = await opened(path)
    response = await datasette.client.get(f"/logs/{query.name}.json", follow_redirects=True)
    assert response.json()["ok"] is True


@pytest.fixture
async def closed(path: Path) -> tuple[Datasette, Result]:
    """A Datasette in which nobody may view the table of steps, and a run in it."""
    result = await a_run(path)
    tables = {"reasonkit_steps": {"allow": False}}
    return await opened(path, databases={"logs": {"tables": tables}}), result


async def test_permissions_hold(closed: tuple[Datasette, Result]) -> None:
    """Whoever may not view one of our tables sees no page, no query and no menu entry of ours."""
    datasette, result = closed
    for page in ("", ".json", f"/run/{result.run_id}", f"/run/{result.run_id}.json", "/cost"):
        refused = await get(datasette, HOME + page, 403)
        assert "sky" not in refused.text
    if not IS_NEW:
        # Without the query there is only a table of that name, which is not there.
        query = await datasette.client.get(f"/logs/{QUERIES[0].name}.json")
        assert query.status_code in (403, 404)
    assert HOME not in (await get(datasette, "/logs")).text


async def test_nothing_can_be_posted(path: Path) -> None:
    """Our pages answer to reading only."""
    await a_run(path)
    datasette = await opened(path)
    response = await datasette.client.post(HOME)
    assert response.status_code in (403, 405)


async def test_json_is_nothing_but_json(path: Path) -> None:
    """Whatever models wrote, JSON says that it is JSON, and no browser guesses otherwise."""
    await a_run(path, "<script>alert(1)</script>", answer="<html><script>alert(2)</script>")
    datasette = await opened(path)
    for page in ("", "/run/last", "/compare/last", "/cost", "/calibration", "/panel"):
        headers = (await get(datasette, f"{HOME}{page}.json")).headers
        assert headers["content-type"] == "application/json; charset=utf-8"
        assert headers["x-content-type-options"] == "nosniff"


async def test_only_datasettes_own_scripts_may_run(path: Path) -> None:
    """The policy of a page allows scripts by hash, and what a model wrote is in none of them."""
    await a_run(path, "<script>alert(1)</script>", answer="<script>alert(2)</script>")
    datasette = await opened(path)
    response = await get(datasette, f"{HOME}/run/last")
    policy = response.headers["content-security-policy"]
    assert "'unsafe-inline'" not in policy
    assert policy.startswith("default-src 'none';")
    assert "<script>alert" not in response.text


async def test_a_named_host_is_asked_for(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the launcher named its addresses, a page that another name resolves to is refused."""
    await a_run(path)
    monkeypatch.setenv("LLM_REASONKIT_ALLOWED_HOSTS", "localhost,127.0.0.1:8001")
    datasette = await opened(path)
    assert (await get(datasette, HOME)).status_code == 200
    refused = await datasette.client.get(HOME, headers={"host": "evil.example"})
    assert refused.status_code == 421
    assert json.dumps("sky") not in refused.text
