"""Takes the pictures of the README: python -m tests.browser.pictures"""

from __future__ import annotations

import tempfile
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

from playwright.sync_api import sync_playwright

from llm_reasonkit.render.charts import Column, as_file, stacked_columns
from tests.browser.site import Beacon, serving, start
from tests.logged import record
from tests.sample_panel import comparison, vote
from tests.sample_run import SOURCES, STARTED, sample

DOCS = Path(__file__).parents[2] / "docs"


def take() -> None:
    """Write `runs.png`, `run.png` and `costs.svg`."""
    DOCS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "logs.db"
        record(log, vote())
        record(log, comparison())
        run = record(log, sample(), SOURCES)
        with serving(log) as address, sync_playwright() as playwright:
            browser = start(playwright.chromium, Beacon())
            page = browser.new_page(viewport={"width": 1200, "height": 440})
            page.goto(f"{address}/logs/-/reasonkit")
            page.screenshot(path=DOCS / "runs.png")
            page.set_viewport_size({"width": 1000, "height": 920})
            page.goto(f"{address}/logs/-/reasonkit/run/{run.run_id}")
            page.screenshot(path=DOCS / "run.png")
            browser.close()
    (DOCS / "costs.svg").write_text(as_file(stacked_columns("Cost by day, USD", _week())))


def _week() -> list[Column]:
    """A week as the chart shows it; made up, as everything in the sample."""
    first = STARTED.date()
    spent = [(12, 3, 0), (4, 0, 0), (20, 8, 2), (0, 0, 0), (7, 16, 0), (9, 2, 1), (15, 11, 0)]
    return [
        Column(
            date.isoformat(first + timedelta(days=number)),
            {
                "anthropic/claude-sonnet-4": Decimal(one) / 100,
                "openai/gpt-5": Decimal(other) / 100,
            },
            unknown,
        )
        for number, (one, other, unknown) in enumerate(spent)
    ]


if __name__ == "__main__":
    take()
