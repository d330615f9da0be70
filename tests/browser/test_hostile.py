"""Hostile text in a real browser: none of it runs, none of it fetches, also if nothing cleans it.

Every host of `*.example`, to which the texts want to go, is a listener on loopback.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import BrowserType, Page

from llm_reasonkit.render.html import run_document
from tests.browser.site import Beacon, Site, Watched, start
from tests.cli import until
from tests.hostile_payloads import PAYLOADS, run_full_of, sources_full_of

pytestmark = pytest.mark.browser

# Does what a reader might: opens everything, points at everything, follows what is a script.
_TOUCH = """() => {
    for (const each of document.querySelectorAll('*')) {
        if (each.localName === 'details') each.open = true
        for (const kind of ['mouseover', 'focus', 'toggle', 'load', 'error'])
            each.dispatchEvent(new Event(kind))
        if (each.localName === 'a' && String(each.href).startsWith('javascript:')) each.click()
    }
}"""
# A policy can forbid whatever happens in a page, but not that the page is left.
_LEAVES = "refresh"


def look_at(watched: Watched, address: str) -> None:
    """Load a page and touch everything in it."""
    watched.page.goto(address, wait_until="load")
    watched.page.evaluate(_TOUCH)


def assert_quiet(watched: Watched, beacon: Beacon, what: str) -> None:
    """Assert that nothing ran and nothing went out."""
    assert (watched.ran, watched.asked, beacon.connections) == ([], [], 0), what


def test_runs(watched: Watched, site: Site, beacon: Beacon) -> None:
    """Pages of runs are inert, whatever models wrote."""
    for name, run in zip(PAYLOADS, site.hostile, strict=True):
        look_at(watched, f"{site.address}/hostile/-/reasonkit/run/{run.run_id}")
        assert watched.page.locator("article.reasonkit h1").count() == 1, name
        assert_quiet(watched, beacon, name)


@pytest.mark.parametrize("only", ["", "?only=different"])
def test_members(watched: Watched, site: Site, beacon: Beacon, only: str) -> None:
    """Members side by side, each with another of the texts, are inert."""
    look_at(watched, f"{site.address}/hostile/-/reasonkit/compare/{site.crowd.run_id}{only}")
    assert watched.page.locator("table.compared > thead th").count() == 1 + len(PAYLOADS)
    assert_quiet(watched, beacon, "members")


def test_lists_and_sums(watched: Watched, site: Site, beacon: Beacon) -> None:
    """The list of runs and the costs, with all of the texts in them, are inert."""
    home = f"{site.address}/hostile/-/reasonkit"
    look_at(watched, f"{home}/cost?days=0")
    look_at(watched, home)
    while watched.page.get_by_role("link", name="Older runs").count():
        watched.page.get_by_role("link", name="Older runs").click()
        watched.page.evaluate(_TOUCH)
    assert watched.page.locator("table.runs tbody tr").count() == (len(PAYLOADS) + 1) % 50
    assert_quiet(watched, beacon, "lists")


@pytest.mark.parametrize("table", ["runs", "steps", "checks", "members", "votes"])
def test_tables_of_datasette(watched: Watched, site: Site, beacon: Beacon, table: str) -> None:
    """Datasette's own pages of our tables and rows, with our cells in them, are inert."""
    look_at(watched, f"{site.address}/hostile/reasonkit_{table}?_size=max&_facet=rowid")
    assert watched.page.locator("table.rows-and-columns tbody tr").count() >= len(PAYLOADS)
    assert_quiet(watched, beacon, table)


def test_one_file(watched: Watched, beacon: Beacon, tmp_path: Path) -> None:
    """Documents opened from the disk are inert."""
    path = tmp_path / "run.html"
    for name, payload in PAYLOADS.items():
        path.write_text(run_document(run_full_of(payload), sources_full_of(payload)))
        look_at(watched, path.as_uri())
        assert_quiet(watched, beacon, name)


@pytest.mark.parametrize("kind", ["framed", "document"])
def test_the_policy_alone_holds(chromium: BrowserType, site: Site, kind: str) -> None:
    """Where nothing cleans the texts, the policy of pages and documents still stops them.

    Chromium connects to the host of a frame that it then does not load, and asks it for nothing.
    """
    with raw_page(chromium) as (page, ran, beacon):
        for number, name in enumerate(PAYLOADS):
            if name != _LEAVES:
                page.goto(f"{site.address}/raw/{kind}/{number}", wait_until="load")
                page.evaluate(_TOUCH)
                assert (ran, beacon.requests) == ([], 0), name


def test_the_texts_do_act(chromium: BrowserType, site: Site) -> None:
    """In a page without any policy the same texts run and fetch: the tests above can fail."""
    names = list(PAYLOADS)
    with raw_page(chromium) as (page, ran, beacon):
        for name in ("script", "handler on an image", "handler on details", "out of an id"):
            page.goto(f"{site.address}/raw/bare/{names.index(name)}", wait_until="load")
        assert len(ran) == 4
        page.goto(f"{site.address}/raw/bare/{names.index('stylesheet')}", wait_until="commit")
        until(lambda: beacon.requests > 0)


@contextmanager
def raw_page(chromium: BrowserType) -> Iterator[tuple[Page, list[str], Beacon]]:
    """A page in a browser of its own, what ran in it, and the beacon of that browser."""
    beacon, ran = Beacon(), []
    browser = start(chromium, beacon)
    page = browser.new_page()
    page.on("dialog", lambda dialog: (ran.append(dialog.message), dialog.dismiss()))
    page.on("popup", lambda popup: ran.append(popup.url))
    yield page, ran, beacon
    browser.close()
    beacon.close()
