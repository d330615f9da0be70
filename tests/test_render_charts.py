"""Charts: what is drawn where, and that the table below says the same."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from xml.etree.ElementTree import Element, fromstring

import pytest

from llm_reasonkit.render.charts import (
    Agreement,
    Chart,
    Column,
    Reliability,
    agreement_matrix,
    as_file,
    reliability_dots,
    stacked_columns,
)
from llm_reasonkit.render.pages import costs_chart
from llm_reasonkit.store.costs import CostDay

SVG = "{http://www.w3.org/2000/svg}"
NOVEMBER = [
    Column("2026-11-01", {"a/one": Decimal("0.30"), "b/two": Decimal("0.10")}),
    Column("2026-11-02", {"a/one": Decimal("0.20")}, unknown_calls=3),
    Column("2026-11-03", unknown_calls=1),
]


def shapes(chart: Chart, tag: str) -> list[Element]:
    """The elements of one kind, in the order they are drawn."""
    return list(fromstring(chart.svg).iter(SVG + tag))


def said(chart: Chart, tag: str) -> dict[str, Element]:
    """The shapes that tell something to who points at them, by what they tell."""
    return {
        shape.findtext(f"{SVG}title", ""): shape
        for shape in shapes(chart, tag)
        if shape.find(f"{SVG}title") is not None
    }


def labels(chart: Chart) -> list[str]:
    """The texts in a picture."""
    return [text.text or "" for text in shapes(chart, "text")]


def number(shape: Element, name: str) -> float:
    """A length of a shape."""
    return float(shape.attrib[name])


def test_columns_are_as_high_as_their_costs() -> None:
    """Heights are in proportion, parts of one day stand on each other."""
    boxes = said(stacked_columns("Costs", NOVEMBER), "rect")
    large = boxes["2026-11-01, a/one: $0.30"]
    small = boxes["2026-11-01, b/two: $0.10"]
    other = boxes["2026-11-02, a/one: $0.20"]
    assert number(large, "height") == pytest.approx(3 * number(small, "height"), abs=0.2)
    assert number(large, "height") == pytest.approx(1.5 * number(other, "height"), abs=0.2)
    assert number(small, "y") + number(small, "height") == pytest.approx(
        number(large, "y"), abs=0.2
    )
    assert small.attrib["fill"] != large.attrib["fill"] == other.attrib["fill"]


def test_unknown_costs_stand_apart() -> None:
    """Calls of unknown cost are counted above their day, in a box of one height, in no sum."""
    chart = stacked_columns("Costs", NOVEMBER)
    boxes = said(chart, "rect")
    three, one = (
        boxes["2026-11-02: 3 calls of unknown cost"],
        boxes["2026-11-03: 1 calls of unknown cost"],
    )
    assert three.attrib["height"] == one.attrib["height"]
    assert three.attrib["fill"] == "none"
    assert {"3?", "1?", "dashed: calls of unknown cost"} <= set(labels(chart))
    assert list(chart.rows) == [
        ["2026-11-01", "$0.30", "$0.10", "0"],
        ["2026-11-02", "$0.20", "$0", "3"],
        ["2026-11-03", "$0", "$0", "1"],
    ]
    assert list(chart.header) == ["day", "a/one", "b/two", "calls of unknown cost"]


@pytest.mark.parametrize(
    ("most", "ticks"),
    [
        ("0.4", ["$0", "$0.10", "$0.20", "$0.30", "$0.40"]),
        ("7", ["$0", "$2.00", "$4.00", "$6.00", "$8.00"]),
        ("0.000013", ["$0", "$0.000005", "$0.00001", "$0.000015"]),
        ("0", ["$0"]),
    ],
)
def test_scale_is_round(most: str, ticks: list[str]) -> None:
    """The scale has few round figures from 0 to at least the highest column."""
    chart = stacked_columns("Costs", [Column("day", {"a": Decimal(most)})])
    assert [label for label in labels(chart) if label.startswith("$")] == ticks


def test_small_series_are_taken_together() -> None:
    """With more series than colours, those that cost least are `others`; no cent is lost."""
    costs = {f"m/{number}": Decimal(number) for number in range(1, 12)}
    chart = stacked_columns("Costs", [Column("day", costs), Column("next", {"m/11": Decimal(1)})])
    assert list(chart.header) == [
        "day",
        *(f"m/{number}" for number in range(11, 4, -1)),
        "others",
        "calls of unknown cost",
    ]
    assert chart.rows[0][-2] == "$10.00"


def test_labels_do_not_overlap() -> None:
    """Of many days only some are written out."""
    days = [Column(f"2026-10-{day:02}", {"a": Decimal(1)}) for day in range(1, 31)]
    written = [label for label in labels(stacked_columns("Costs", days)) if "2026" in label]
    assert 4 <= len(written) <= 8


POINTS = [Reliability(0.5, 0.4, 0.2, 0.6, 10, 0.64), Reliability(1.0, 0.95, 0.9, 1.0, 100, 0.99)]


def test_many_days_become_months() -> None:
    """Where days would be too many to tell apart the columns are months, with the same sums."""
    first = date(2026, 1, 1)
    days = [
        CostDay(day=str(first + timedelta(number)), usd={"a": Decimal("0.5")}, unknown_calls=1)
        for number in range(63)
    ]
    few, many = costs_chart(days[:62]), costs_chart(days)
    assert (few.title, len(few.rows)) == ("Cost by day and model, USD", 62)
    assert many.title == "Cost by month and model, USD"
    assert list(many.header) == ["month", "a", "calls of unknown cost"]
    assert list(many.rows) == [
        ["2026-01", "$15.50", "31"],
        ["2026-02", "$14.00", "28"],
        ["2026-03", "$2.00", "4"],
    ]


def test_dots_show_agreement_against_right() -> None:
    """Across is the agreement, up the share that was right, with its interval and its count, and
    what public recordings have of it."""
    chart = reliability_dots("Calibration", POINTS)
    expected, first, _, last = shapes(chart, "circle")
    assert number(expected, "cx") == number(first, "cx")
    assert number(expected, "cy") < number(first, "cy")
    assert number(first, "cx") < number(last, "cx")
    assert number(first, "cy") > number(last, "cy")
    interval = shapes(chart, "line")[-2]
    assert number(interval, "x1") == number(interval, "x2") == number(first, "cx")
    assert number(interval, "y2") < number(first, "cy") < number(interval, "y1")
    assert {"n=10", "n=100"} <= set(labels(chart))
    assert list(chart.rows) == [
        ["50%", "40%", "20% to 60%", "10", "64%"],
        ["100%", "95%", "90% to 100%", "100", "99%"],
    ]
    assert "agreement 50%, right 40% of 10 runs, interval 20% to 60%" in said(chart, "circle")


def test_matrix_shows_each_pair_twice() -> None:
    """A pair's share stands in both halves, with the runs behind it; the rest is unknown."""
    pairs = {("b", "a"): Agreement(11, 12), ("a", "c"): Agreement(0, 0)}
    chart = agreement_matrix("Panel", ["a", "b", "c"], pairs)
    assert list(chart.rows) == [
        ["1 a", "-", "92%, 11 of 12 runs", "unknown"],
        ["2 b", "92%, 11 of 12 runs", "-", "unknown"],
        ["3 c", "unknown", "unknown", "-"],
    ]
    assert set(said(chart, "rect")) == {
        "a and b: 92%, 11 of 12 runs",
        "b and a: 92%, 11 of 12 runs",
    }
    assert labels(chart).count("11/12") == 2
    assert labels(chart).count("?") == 4


CHARTS = [
    stacked_columns("One", NOVEMBER),
    stacked_columns("One", []),
    reliability_dots("One", POINTS),
    reliability_dots("One", []),
    agreement_matrix("One", ["a", "b"], {}),
    agreement_matrix("One", [], {}),
]


@pytest.mark.parametrize("chart", CHARTS, ids=["columns", "no", "dots", "no", "matrix", "no"])
def test_pictures_can_be_told(chart: Chart) -> None:
    """Each picture has a title, its figures as a description, and a row for each of these."""
    root = fromstring(chart.svg)
    assert root.attrib["role"] == "img"
    assert [child.tag for child in list(root)[:2]] == [f"{SVG}title", f"{SVG}desc"]
    assert root.findtext(f"{SVG}title") == chart.title
    description = root.findtext(f"{SVG}desc", "")
    assert all(cell in description for row in chart.rows for cell in row)
    assert {len(row) for row in chart.rows} <= {len(chart.header)}


def inside(shape: Element, width: float, height: float) -> bool:
    """Tell whether a shape lies within its picture."""
    across = [number(shape, name) for name in ("x", "x1", "x2", "cx") if name in shape.attrib]
    down = [number(shape, name) for name in ("y", "y1", "y2", "cy") if name in shape.attrib]
    return all(0 <= x <= width for x in across) and all(0 <= y <= height for y in down)


@pytest.mark.parametrize("chart", CHARTS, ids=["columns", "no", "dots", "no", "matrix", "no"])
def test_everything_lies_in_the_picture(chart: Chart) -> None:
    """Nothing is drawn outside."""
    root = fromstring(chart.svg)
    width, height = number(root, "width"), number(root, "height")
    drawn: Sequence[Element] = [
        shape for tag in ("rect", "line", "circle", "text") for shape in shapes(chart, tag)
    ]
    assert all(inside(shape, width, height) for shape in drawn)


def test_file_has_colours_for_light_and_dark() -> None:
    """As a file of its own the same picture says which colour its text has."""
    chart = stacked_columns("Costs", NOVEMBER)
    text = as_file(chart)
    style, *_ = list(fromstring(text))
    assert style.tag == f"{SVG}style"
    assert "prefers-color-scheme:dark" in (style.text or "")
    assert text.replace(f"<style>{style.text}</style>", "") == f"{chart.svg}\n"
