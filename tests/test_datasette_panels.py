"""The pages on members, costs and marks in Datasette; on 0.65 and 1.0 alike."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from selectolax.lexbor import LexborHTMLParser

from llm_reasonkit.reasoning.correlation import ENOUGH_TOGETHER
from llm_reasonkit.reasoning.result import Result
from llm_reasonkit.render.result_json import to_json
from llm_reasonkit.store.history import load_run
from llm_reasonkit.store.marks import set_mark
from tests.logged import record_all
from tests.sample_panel import SAID, comparison, vote, voted
from tests.sample_run import sample
from tests.test_datasette_pages import HOME, get, opened


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A place for a log."""
    return tmp_path / "logs.db"


async def page(path: Path, address: str) -> LexborHTMLParser:
    """Fetch a page of the log as a browser reads it."""
    return LexborHTMLParser((await get(await opened(path), HOME + address)).text)


def rows(read: LexborHTMLParser, number: int = 0) -> dict[str, list[str]]:
    """The cells of a table of ours by the first cell of their row."""
    table = read.css("article table")[number]
    found = [
        [" ".join(cell.text().split()) for cell in row.css("th, td")] for row in table.css("tr")
    ]
    return {name: cells for name, *cells in found}


async def recorded(path: Path, *runs: Result) -> list[Result]:
    """Record runs from within an event loop."""
    return await asyncio.to_thread(record_all, path, [(run, ()) for run in runs])


async def test_members_side_by_side(path: Path) -> None:
    """Each member has a column: its answer, how it was read, what it took; a failed one why."""
    (run,) = await recorded(path, vote())
    shown = rows(await page(path, f"/compare/{run.run_id}"))
    assert [name.rpartition("/")[2] for name in shown["member"]] == [
        said[0].rpartition("/")[2] for said in SAID
    ]
    assert shown["answer"][1] == "2027 is prime. yes"
    assert shown["read as"] == ["yes", "yes", "no", ""]
    assert shown["vote"] == ["vote", "vote", "vote", "no reply"]
    assert shown["error"][3] == "no reply for 30 seconds; tried 3 times"
    assert shown["cost"] == ["$0.0007 billed"] * 3 + ["cost unknown"]
    assert "provider" not in shown


async def test_an_error_stands_once(path: Path) -> None:
    """What a vote says of its failure is not said again as the member's error."""
    cast = vote()
    told = cast.votes[3].model_copy(update={"status": f"failed: {cast.members[3].error}"})
    (run,) = await recorded(path, cast.model_copy(update={"votes": [*cast.votes[:3], told]}))
    shown = rows(await page(path, f"/compare/{run.run_id}"))
    assert shown["vote"][3] == "failed: no reply for 30 seconds; tried 3 times"
    assert "error" not in shown


async def test_members_that_are_runs(path: Path) -> None:
    """Where a judge ranked them their wins are shown; members that are runs lead to their own."""
    (own,) = await recorded(path, sample())
    members = [
        member.model_copy(update={"wins": number, "run_id": own.run_id})
        for number, member in enumerate(comparison().members)
    ]
    changes = {"members": members, "steps": []}
    (run,) = await recorded(path, comparison().model_copy(update=changes))
    shown = rows(await page(path, f"/compare/{run.run_id}"))
    assert shown["judged"] == ["0 wins", "1 win", "2 wins", "3 wins"]
    read = await page(path, f"/run/{run.run_id}")
    assert "1 win" in read.css_first("#member-2 + p").text()
    assert "No step was recorded" not in read.body.text()
    link = read.css_first(".runs-of-members a").attributes["href"]
    assert own.question in (await page(path, f"/run/{link.removeprefix('./')}")).body.text()


async def test_only_where_they_differ(path: Path) -> None:
    """What is the same for all members is left out, in their answers line by line."""
    run = comparison()
    said = [f"All say this.\n\nOnly {number} says this." for number in range(4)]
    members = [
        member.model_copy(update={"answer": text, "status": "done", "error": None})
        for member, text in zip(run.members, said, strict=True)
    ]
    (run,) = await recorded(path, run.model_copy(update={"members": members}))
    everything = rows(await page(path, f"/compare/{run.run_id}"))
    assert everything["answer"][2] == "All say this. Only 2 says this."
    assert "status" in everything
    different = rows(await page(path, f"/compare/{run.run_id}?only=different"))
    assert different["answer"][2] == "Only 2 says this."
    assert "status" not in different


async def test_words_that_differ_are_marked(path: Path) -> None:
    """In the answers of members stands out what only one of them says."""
    (run,) = await recorded(path, comparison())
    read = await page(path, f"/compare/{run.run_id}")
    marked = [[mark.text() for mark in cell.css("mark")] for cell in read.css(".prose")]
    assert marked == [
        ["No prime up to 45 divides it"],
        ["2027 is prime"],
        ["2027 = 19 × 107 − 6, so", "no"],
        [],
    ]


async def test_a_comparison_as_json(path: Path) -> None:
    """The JSON of a comparison is its result, as `--json` prints it."""
    (run,) = await recorded(path, comparison())
    response = await get(await opened(path), f"{HOME}/compare/{run.run_id}.json")
    assert response.text == to_json(load_run(path, run.run_id))


async def test_a_run_without_members(path: Path) -> None:
    """Where there is nothing to compare the page says so."""
    (run,) = await recorded(path, sample())
    read = await page(path, f"/compare/{run.run_id}")
    assert "no members to compare" in read.text()


async def test_costs_by_each_thing(path: Path) -> None:
    """The costs stand by day, model, protocol and provider; what nobody told is unknown."""
    await recorded(path, sample(), comparison())
    read = await page(path, "/cost?days=0")
    headings = [node.text() for node in read.css("article h2")]
    assert headings == [
        "Cost by day and model, USD",
        "Cost by model",
        "Cost by protocol",
        "Cost by provider",
        "Cost of a right answer",
    ]
    models = rows(read, 1)
    assert models["openrouter/meta-llama/llama-3.1-8b-instruct"][4:] == ["unknown", "unknown", "1"]
    assert models["openrouter/openai/gpt-4o"][4:] == ["$0.0007", "$0", "0"]
    assert "llama" not in str(rows(read, 0)["day"])
    assert rows(read, 2)["proofguard"][1] == "5"
    assert rows(read, 3)["Anthropic"][1] == "11"


async def test_costs_of_some_days(path: Path) -> None:
    """Without a number of days the page has the last thirty; another word is refused."""
    await recorded(path, sample())
    datasette = await opened(path)
    old = (await get(datasette, f"{HOME}/cost.json?days=1")).json()["items"]
    all_days = (await get(datasette, f"{HOME}/cost.json?days=0")).json()["items"]
    assert (len(old), len(all_days)) == (0, 1)
    refused = await get(datasette, f"{HOME}/cost?days=many", 404)
    assert "days has to be a number" in refused.text


async def test_cost_of_a_right_answer(path: Path) -> None:
    """Of marked runs the cost is shared among those that were right; unsure ones do not count."""
    runs = await recorded(path, sample(), sample(), sample())
    for run, verdict in zip(runs, ("right", "wrong", "unsure"), strict=True):
        set_mark(path, run.run_id, verdict)
    shown = rows(await page(path, "/cost?days=0"), 4)
    assert shown["deep"] == ["2", "1", "at least $0.0816", "at least $0.0816"]


async def test_calibration_and_panels(path: Path) -> None:
    """Marked votes show how often agreement was right; votes, who agrees with whom."""
    pages: dict[str, Any] = {name: await empty(path, name) for name in ("calibration", "panel")}
    assert all("Nothing was recorded" in read.text() for read in pages.values())
    count = ENOUGH_TOGETHER
    runs = await recorded(path, *[voted()] * count)
    for run in runs:
        set_mark(path, run.run_id, "right")
    curve = await page(path, "/calibration")
    assert list(rows(curve).values())[1][-2] == str(count)
    panel = await page(path, "/panel")
    assert f"100%, {count} of {count} runs" in rows(panel)["1 openrouter/anthropic/claude-sonnet-4"]
    assert rows(panel, 1)["openrouter/openai/gpt-4o"][:3] == [str(count)] * 3
    datasette = await opened(path)
    assert (await get(datasette, f"{HOME}/calibration.json")).json()["items"][0]["marks"] == count
    assert (await get(datasette, f"{HOME}/panel.json")).json()["runs"] == count


async def empty(path: Path, name: str) -> LexborHTMLParser:
    """A page of a log in which no panel ever voted."""
    await recorded(path, sample())
    return await page(path, f"/{name}")
