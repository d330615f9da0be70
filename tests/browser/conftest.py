"""Fixtures of the browser tests: they only read, so that all share a server and a browser."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserType, Page, sync_playwright

from llm_reasonkit.reasoning.correlation import ENOUGH_TOGETHER
from llm_reasonkit.reasoning.result import Result
from llm_reasonkit.store.marks import set_mark
from tests.browser.site import Beacon, Site, Watched, serving, start
from tests.hostile_payloads import PAYLOADS, run_full_of, sources_full_of
from tests.logged import record, record_all
from tests.sample_panel import comparison, voted
from tests.sample_run import SOURCES, sample


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A server of two logs."""
    folder = tmp_path_factory.mktemp("site")
    good, bad = folder / "logs.db", folder / "hostile.db"
    panels = [voted().model_copy(update={"question": "Is 91 divisible by 7?"})] * ENOUGH_TOGETHER
    voting = record_all(good, [(panel, ()) for panel in panels])
    for number, run in enumerate(voting):
        set_mark(good, run.run_id, "right" if number else "wrong")
    recorded = record(good, sample(), SOURCES)
    compared = record(good, comparison())
    runs = [_unlogged(run_full_of(payload)) for payload in PAYLOADS.values()]
    hostile = record_all(bad, list(zip(runs, map(sources_full_of, PAYLOADS.values()), strict=True)))
    crowd = record(bad, _crowd(runs))
    with serving(good, bad) as address:
        yield Site(address, recorded, compared, voting[0], hostile, crowd)


def _unlogged(run: Result) -> Result:
    """The run without calls in llm's log: ids of turns are llm's own, never hostile."""
    return run.model_copy(
        update={"steps": [step.model_copy(update={"turn_id": None}) for step in run.steps]}
    )


def _crowd(runs: Sequence[Result]) -> Result:
    members = [run.members[0] for run in runs]
    votes = [run.votes[0].model_copy(update={"member": n}) for n, run in enumerate(runs)]
    return runs[0].model_copy(update={"members": members, "votes": votes, "steps": []})


@pytest.fixture(scope="session")
def beacon() -> Iterator[Beacon]:
    """What hostile texts try to reach."""
    listening = Beacon()
    yield listening
    listening.close()


@pytest.fixture(scope="session")
def chromium(site: Site) -> Iterator[BrowserType]:
    """What starts browsers; after the log is written, as both have an event loop in this thread."""
    with sync_playwright() as playwright:
        yield playwright.chromium


@pytest.fixture(scope="session")
def browser(chromium: BrowserType, beacon: Beacon) -> Iterator[Browser]:
    """The browser of all tests but those of texts that nobody cleaned."""
    started = start(chromium, beacon)
    yield started
    started.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page with nothing remembered."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(20_000)
    yield context.new_page()
    context.close()


@pytest.fixture
def watched(page: Page, site: Site) -> Watched:
    """A page that is watched."""
    watched = Watched(page)
    own = re.compile(rf"{re.escape(site.address)}/|data:|file:|about:")

    def dialog(opened: Any) -> None:
        watched.ran.append(opened.message)
        opened.dismiss()

    page.on("dialog", dialog)
    page.on("request", lambda sent: own.match(sent.url) or watched.asked.append(sent.url))
    return watched
