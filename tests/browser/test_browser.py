"""The pages in a real browser: found, read, walked by keyboard, on a phone, in the dark."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from llm_reasonkit.render.html import run_document
from tests.browser.site import Site
from tests.sample_panel import vote
from tests.sample_run import SOURCES, sample

pytestmark = pytest.mark.browser

# Put there by npm: npm install --prefix .venv axe-core html-validate
_TOOLS = Path(sys.prefix) / "node_modules"
_SERIOUS = ("serious", "critical")


def pages(site: Site) -> dict[str, str]:
    """Every kind of page, by name."""
    return {
        "list": site.home,
        "run": f"{site.home}/run/{site.sample.run_id}",
        "document": f"{site.home}/run/{site.sample.run_id}.html",
        "compare": f"{site.home}/compare/{site.comparison.run_id}",
        "vote": f"{site.home}/run/{site.vote.run_id}",
        "cost": f"{site.home}/cost?days=0",
        "calibration": f"{site.home}/calibration",
        "panel": f"{site.home}/panel",
    }


PAGES = ("list", "run", "document", "compare", "vote", "cost", "calibration", "panel")


def test_from_the_list_to_a_call_and_back(page: Page, site: Site) -> None:
    """From Datasette's menu to the list, a run, one of its calls in llm's log, and back again."""
    page.goto(f"{site.address}/logs")
    page.locator("nav summary").click()
    page.get_by_role("link", name="Reasoning runs").first.click()
    page.goto(site.home)
    page.get_by_role("link", name="Should our team of six").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Should our team of six")
    expect(page.locator("section.answer")).to_contain_text("Not before the sale.")
    step = page.locator(".steps details").first
    expect(step.locator("dl").first).to_be_hidden()
    step.locator("summary").click()
    step.get_by_role("link", name="prompt and reply").click()
    expect(page).to_have_url(f"{site.address}/logs/turns/{site.sample.steps[0].turn_id}")
    page.locator("a[href*='reasonkit_steps?turn_id=']").click()
    page.locator("table.rows-and-columns td a[href*='/-/reasonkit/run/']").first.click()
    expect(page).to_have_url(f"{site.home}/run/{site.sample.run_id}")


def test_finding_runs(page: Page, site: Site) -> None:
    """The form finds runs by words and status, and remembers what was looked for."""
    page.goto(site.home)
    page.get_by_role("searchbox", name="words").fill("prime")
    page.keyboard.press("Enter")
    expect(page.locator("table.runs tbody tr")).to_have_count(1)
    expect(page.locator("table.runs")).to_contain_text("Is 2027 a prime number?")
    expect(page.get_by_role("searchbox", name="words")).to_have_value("prime")
    page.get_by_label("status").select_option("failed")
    page.get_by_role("button", name="Find").click()
    expect(page.get_by_text("No run is like that.")).to_be_visible()


def test_words_stand_in_their_source(page: Page, site: Site) -> None:
    """A check leads to the words it is about, marked in the text that was given."""
    page.goto(f"{site.home}/run/{site.sample.run_id}")
    page.locator("li:has-text('quote e1.1')").get_by_role("link", name="see the words").click()
    expect(page.locator(":target")).to_be_in_viewport()
    words = "held 65 orders a second for ten minutes"
    expect(page.locator(".source mark", has_text=words)).to_be_in_viewport()


def test_comparing(page: Page, site: Site) -> None:
    """The members of a comparison stand side by side, the failed one with its reason."""
    page.goto(site.home)
    page.get_by_role("link", name="Is 2027 a prime number?").click()
    expect(page).to_have_url(f"{site.home}/compare/{site.comparison.run_id}")
    rows = page.locator("table.compared tbody tr")
    expect(page.locator("table.compared thead th")).to_have_count(5)
    expect(rows.filter(has_text="no reply for 30 seconds")).to_have_count(1)
    expect(page.get_by_text("2027 is prime.")).to_be_visible()
    page.get_by_role("link", name="only where they differ").click()
    expect(page.get_by_text("2027 is prime.")).to_be_visible()
    page.get_by_role("link", name="Steps and checks").click()
    expect(page).to_have_url(f"{site.home}/run/{site.comparison.run_id}")


def test_costs(page: Page, site: Site) -> None:
    """The list leads to the costs: a chart, the same figures as a table, unknown ones apart."""
    page.goto(site.home)
    page.get_by_role("link", name="Costs").click()
    page.get_by_role("link", name="All days").click()
    expect(page.get_by_role("img", name="Cost by day and model, USD")).to_be_visible()
    expect(page.locator("article table").first).to_contain_text("2026-11-0")
    expect(page.locator("article table").first).to_contain_text("calls of unknown cost")


def test_calibration_and_panels(page: Page, site: Site) -> None:
    """The list leads to how often agreement was right and to who agrees with whom: pictures, with
    the same figures as tables."""
    page.goto(site.home)
    page.get_by_role("link", name="Calibration").click()
    expect(page.get_by_role("img", name="Right answers by agreement: yes-no")).to_be_visible()
    expect(page.locator("article table")).to_contain_text("90%")
    page.get_by_role("link", name="All runs").click()
    page.get_by_role("link", name="Panels").click()
    expect(page.get_by_role("img", name="gave the same answer")).to_be_visible()
    expect(page.locator("article table").first).to_contain_text("100%, 10 of 10 runs")


def test_what_differs_is_marked(page: Page, site: Site) -> None:
    """Words that only one member says stand out in its answer."""
    page.goto(pages(site)["compare"])
    marks = page.locator(".compared mark")
    expect(marks).to_have_text(
        ["No prime up to 45 divides it", "2027 is prime", re.compile("19"), "no"]
    )
    colours = page.locator(".compared .prose").first.evaluate(
        """prose => [prose, prose.querySelector('mark')].map(
            each => getComputedStyle(each).backgroundColor)"""
    )
    assert colours[0] != colours[1]


def test_by_keyboard_alone(page: Page, site: Site) -> None:
    """A run is reached and a step opened without a mouse, and the focus can be seen."""
    page.goto(site.home)
    _tab_to(page, f"a[href$='/run/{site.sample.run_id}']")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{site.home}/run/{site.sample.run_id}")
    _tab_to(page, ".steps summary")
    page.keyboard.press("Enter")
    expect(page.locator(".steps details").first).to_have_attribute("open", "")


def _tab_to(page: Page, selector: str) -> None:
    for _ in range(80):
        page.keyboard.press("Tab")
        if page.evaluate("wanted => document.activeElement.matches(wanted)", selector):
            return
    pytest.fail(f"Tab does not lead to {selector}")


@pytest.mark.parametrize("name", PAGES)
def test_on_a_phone(page: Page, site: Site, name: str) -> None:
    """On 360 pixels nothing stands out of the page, also with everything opened."""
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(pages(site)[name])
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert (
        page.evaluate(
            """[...document.querySelectorAll('.reasonkit *')].filter(each =>
            !each.closest('.wide, svg, .unseen') && each.getBoundingClientRect().right > 361
        ).map(each => each.outerHTML.slice(0, 200))"""
        )
        == []
    )


def test_light_and_dark(page: Page, site: Site) -> None:
    """The page follows what the reader's system prefers."""
    shades = {}
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.goto(f"{site.home}/run/{site.sample.run_id}")
        colour = "getComputedStyle(document.querySelector('.reasonkit')).backgroundColor"
        shades[scheme] = sum(
            json.loads(page.evaluate(colour).replace("rgb(", "[").replace(")", "]"))
        )
    assert shades["dark"] < 150 < 600 < shades["light"]


@pytest.mark.parametrize(
    ("name", "scheme"),
    [
        *((name, scheme) for name in ("list", "compare", "cost") for scheme in ("light", "dark")),
        *(("run", "dark"), ("document", "light"), ("vote", "light")),
        *(("calibration", "dark"), ("panel", "light")),
    ],
)
def test_accessible_to_all(page: Page, site: Site, name: str, scheme: Any) -> None:
    """axe finds nothing serious in our pages, opened up, light or dark."""
    page.emulate_media(color_scheme=scheme)
    page.goto(pages(site)[name])
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    page.evaluate((_TOOLS / "axe-core" / "axe.min.js").read_text())
    # The frame around our content is Datasette's.
    scope = "document" if name == "document" else "'.reasonkit'"
    found = page.evaluate(f"axe.run({scope})")
    serious = [
        (violation["id"], violation["nodes"][0]["html"], violation["nodes"][0]["failureSummary"])
        for violation in found["violations"]
        if violation["impact"] in _SERIOUS
    ]
    assert serious == []
    assert found["passes"]


def test_valid_html(page: Page, site: Site, tmp_path: Path) -> None:
    """A validator finds no error in documents, nor in what we put into Datasette's frame."""
    for name in PAGES:
        page.goto(pages(site)[name])
        html = page.request.get(pages(site)[name]).text()
        if name != "document":
            start, end = html.index("<article"), html.index("</article>")
            html = run_document(sample()).partition("<main>")[0] + "<main>" + html[start:end]
            html += "</article></main></body></html>"
        (tmp_path / f"{name}.html").write_text(html)
    (tmp_path / "vote.html").write_text(run_document(vote(), SOURCES))
    (tmp_path / ".htmlvalidate.json").write_text(
        json.dumps({"extends": ["html-validate:standard"]})
    )
    checked = subprocess.run(
        [_TOOLS / ".bin" / "html-validate", "--formatter", "text", *tmp_path.glob("*.html")],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
