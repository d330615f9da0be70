"""Charts as SVG, drawn here so that a page needs no script and a README shows the same picture.

chart = stacked_columns("Cost by day", [Column("2026-11-03", {"openai/gpt-5": usd}, 2)])
chart.svg                         the picture; its text takes the colour of the page around it
chart.header, chart.rows          the same figures as a table, to stand below it
as_file(chart)                    the picture as a file of its own
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from xml.etree.ElementTree import Element, SubElement, tostring

from markupsafe import Markup

from llm_reasonkit.render import figures
from llm_reasonkit.render.sanitize import one_line

# Stand out on white and on black, and from each other also where red and green look the same.
_COLOURS = ("#3b82c4", "#d97a1e", "#2a9d78", "#b05bb5", "#a8860f", "#7a8fd6", "#c4566b", "#8a8f96")
_OTHERS = "others"
_LABELS_SHOWN = 8
_LONGEST_LABEL = 36
_LONGEST_DESCRIPTION = 2_000
_ZERO = Decimal(0)
_FILE_STYLE = (
    "<style>svg{color:#1b1f24}@media(prefers-color-scheme:dark){svg{color:#e4e7ea}}</style>"
)


@dataclass(frozen=True, slots=True)
class Chart:
    """A picture, and a table that says the same."""

    title: str
    svg: Markup
    header: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class Column:
    """What was spent under one label: USD by series, and how many calls have no known cost."""

    label: str
    usd: Mapping[str, Decimal] = field(default_factory=dict)
    unknown_calls: int = 0


@dataclass(frozen=True, slots=True)
class Reliability:
    """Runs of one level of agreement: how far they agreed on average, and the share that was right.

    All but `runs` are shares from 0 to 1; `low` and `high` bound the share that was right,
    `expected` is what the public prior says of it.
    """

    agreement: float
    right: float
    low: float
    high: float
    runs: int
    expected: float


@dataclass(frozen=True, slots=True)
class Agreement:
    """How often two members gave the same answer, of the runs in which both voted."""

    same: int
    runs: int


def as_file(chart: Chart) -> str:
    """Return the picture as the text of an SVG file, readable on light and on dark pages."""
    return str(chart.svg).replace(">", f">{_FILE_STYLE}", 1) + "\n"


def stacked_columns(title: str, columns: Sequence[Column], unit: str = "day") -> Chart:
    """Draw costs as columns of stacked parts; calls of unknown cost stand above, not to scale.

    The series that cost most keep their names, the rest are `others`. unit: what a label names.
    """
    series = _largest(columns)
    parts = [_parts(column, series) for column in columns]
    ticks = _ticks(max((sum(part.values(), _ZERO) for part in parts), default=_ZERO))
    rows = [
        [column.label, *(figures.usd(part[name]) for name in series), str(column.unknown_calls)]
        for column, part in zip(columns, parts, strict=True)
    ]
    header = [unit, *series, "calls of unknown cost"]
    picture = _Picture(title, header, rows, 640, 300 + len(series) // 2 * 18)
    left, top, bottom, right = 64.0, 44.0, 224.0, 624.0
    scale = (bottom - top) / float(ticks[-1] or 1)
    for tick in ticks:
        y = bottom - float(tick) * scale
        picture.line(left, y, right, y, opacity=0.18)
        picture.text(left - 8, y + 4, figures.usd(tick), "end")
    step = (right - left) / max(1, len(columns))
    width = min(46.0, step * 0.7)
    for number, (column, part) in enumerate(zip(columns, parts, strict=True)):
        middle, y = left + step * (number + 0.5), bottom
        for colour, (name, usd) in zip(_COLOURS, part.items(), strict=False):
            y -= float(usd) * scale
            said = f"{column.label}, {name}: {figures.usd(usd)}"
            picture.box(middle - width / 2, y, width, float(usd) * scale, said=said, fill=colour)
        _cap(picture, middle - width / 2, y, width, column)
        if number % math.ceil(len(columns) / _LABELS_SHOWN) == 0:
            picture.text(middle, bottom + 18, column.label)
    _legend(picture, left, bottom + 36, series, any(column.unknown_calls for column in columns))
    return Chart(title, picture.markup(), header, rows)


def _cap(picture: _Picture, x: float, y: float, width: float, column: Column) -> None:
    if column.unknown_calls:
        said = f"{column.label}: {column.unknown_calls} calls of unknown cost"
        dashed = {"fill": "none", "stroke": "currentColor", "stroke-dasharray": "3 2"}
        picture.box(x, y - 20, width, 17, said=said, **dashed)
        picture.text(x + width / 2, y - 7, f"{column.unknown_calls}?")


def _legend(
    picture: _Picture, x: float, y: float, series: Sequence[str], some_unknown: bool
) -> None:
    for number, (colour, name) in enumerate(zip(_COLOURS, series, strict=False)):
        left, top = x + number % 2 * 280, y + number // 2 * 18
        picture.box(left, top, 11, 11, fill=colour)
        picture.text(left + 18, top + 10, name, "start")
    if some_unknown:
        below = y + (len(series) + 1) // 2 * 18 + 10
        picture.text(x, below, "dashed: calls of unknown cost", "start")


def reliability_dots(title: str, points: Sequence[Reliability]) -> Chart:
    """Draw how often runs were right against how far they agreed, with intervals.

    Hollow dots are the public prior.
    """
    rows = [
        [
            f"{point.agreement:.0%}",
            f"{point.right:.0%}",
            f"{point.low:.0%} to {point.high:.0%}",
            str(point.runs),
            f"{point.expected:.0%}",
        ]
        for point in points
    ]
    header = ["agreement", "right", "95 % interval", "marked", "public prior"]
    picture = _Picture(title, header, rows, 440, 400)
    left, top, size = 64.0, 28.0, 320.0
    for percent in range(0, 101, 25):
        along = size * percent / 100
        picture.line(left, top + along, left + size, top + along, opacity=0.15)
        picture.line(left + along, top, left + along, top + size, opacity=0.15)
        picture.text(left - 8, top + size - along + 4, f"{percent}%", "end")
        picture.text(left + along, top + size + 18, f"{percent}%")
    picture.text(left + size / 2, top + size + 40, "agreement")
    picture.text(left + size, top - 10, "hollow: public prior", "end")
    picture.text(left - 8, top - 10, "right", "end")
    for point, row in zip(points, rows, strict=True):
        x = left + point.agreement * size
        shares = (point.low, point.high, point.right, point.expected)
        low, high, y, expected = (top + size * (1 - share) for share in shares)
        hollow = {"fill": "none", "stroke": "currentColor"}
        picture.dot(x, expected, said=f"agreement {row[0]}, public prior {row[4]}", **hollow)
        picture.line(x, low, x, high, colour=_COLOURS[0])
        said = f"agreement {row[0]}, right {row[1]} of {row[3]} runs, interval {row[2]}"
        picture.dot(x, y, said=said, fill=_COLOURS[0])
        picture.text(x + 9, y + 4, f"n={point.runs}", "start")
    return Chart(title, picture.markup(), header, rows)


def agreement_matrix(
    title: str, members: Sequence[str], pairs: Mapping[tuple[str, str], Agreement]
) -> Chart:
    """Draw how often each two members agreed; a pair may stand in `pairs` in either order."""
    names = [f"{number} {name}" for number, name in enumerate(members, 1)]
    header = ["member", *(str(number) for number in range(1, len(members) + 1))]
    found = [[pairs.get((one, two)) or pairs.get((two, one)) for two in members] for one in members]
    rows = [
        [names[down], *(_in_words(pair, down == across) for across, pair in enumerate(row))]
        for down, row in enumerate(found)
    ]
    left, top, cell = 250.0, 30.0, 58.0
    side = cell * len(members) + 8
    picture = _Picture(title, header, rows, round(left + side), round(top + side))
    for down, (name, row) in enumerate(zip(names, found, strict=True)):
        picture.text(left + cell * (down + 0.5), top - 8, header[down + 1])
        y = top + cell * down
        picture.text(left - 10, y + cell / 2 + 4, name, "end")
        for across, pair in enumerate(row):
            x = left + cell * across
            middle = x + cell / 2, y + cell / 2
            if down == across or pair is None or not pair.runs:
                picture.text(middle[0], middle[1] + 4, "-" if down == across else "?")
                continue
            share = pair.same / pair.runs
            said = f"{members[down]} and {members[across]}: {_in_words(pair)}"
            # Seen as a cell also where it is empty.
            shade = {"fill": _COLOURS[0], "fill-opacity": f"{0.06 + share * 0.54:.2f}"}
            picture.box(x, y, cell - 3, cell - 3, said=said, **shade)
            picture.text(middle[0], middle[1], f"{share:.0%}")
            picture.text(middle[0], middle[1] + 15, f"{pair.same}/{pair.runs}")
    return Chart(title, picture.markup(), header, rows)


def _largest(columns: Sequence[Column]) -> list[str]:
    """Name the series to show, those that cost most first."""
    totals: defaultdict[str, Decimal] = defaultdict(Decimal)
    for column in columns:
        for name, usd in column.usd.items():
            totals[name] += usd
    names = sorted(totals, key=lambda name: (-totals[name], name))
    return names if len(names) <= len(_COLOURS) else [*names[: len(_COLOURS) - 1], _OTHERS]


def _parts(column: Column, series: Sequence[str]) -> dict[str, Decimal]:
    parts = {name: column.usd.get(name, _ZERO) for name in series}
    rest = [usd for name, usd in column.usd.items() if name not in parts]
    return parts | {_OTHERS: sum(rest, parts[_OTHERS])} if rest else parts


def _ticks(most: Decimal) -> list[Decimal]:
    """Return round figures from 0 to the first that is at least `most`; five at most."""
    if not most:
        return [_ZERO]
    rough = most / 4
    unit = Decimal(10) ** rough.adjusted()
    step = next(unit * factor for factor in (1, 2, 5, 10) if unit * factor >= rough)
    return [step * number for number in range(math.ceil(most / step) + 1)]


def _in_words(pair: Agreement | None, same_member: bool = False) -> str:
    if same_member:
        return "-"
    if pair is None or not pair.runs:
        return "unknown"
    return f"{pair.same / pair.runs:.0%}, {pair.same} of {pair.runs} runs"


class _Picture:
    """An SVG that is being drawn: lengths in its own units, from the top left."""

    def __init__(
        self, title: str, header: Sequence[str], rows: Sequence[Sequence[str]], w: int, h: int
    ) -> None:
        self._root = Element(
            "svg",
            {
                "xmlns": "http://www.w3.org/2000/svg",
                "viewBox": f"0 0 {w} {h}",
                "width": str(w),
                "height": str(h),
                "role": "img",
                "font-family": "system-ui, sans-serif",
                "font-size": "12",
                "fill": "currentColor",
            },
        )
        said = [
            ", ".join(f"{name} {cell}".strip() for name, cell in zip(header, row, strict=True))
            for row in rows
        ]
        SubElement(self._root, "title").text = one_line(title)
        SubElement(self._root, "desc").text = one_line("; ".join(said), _LONGEST_DESCRIPTION)

    def markup(self) -> Markup:
        """Return what was drawn."""
        return Markup(tostring(self._root, encoding="unicode"))  # noqa: S704 (it escapes)

    def text(self, x: float, y: float, words: str, anchor: str = "middle") -> None:
        """Write a line of text with its anchor (`start`, `middle`, `end`) at x, y."""
        place = {"x": _length(x), "y": _length(y), "text-anchor": anchor}
        SubElement(self._root, "text", place).text = one_line(words, _LONGEST_LABEL)

    def line(
        self,
        x1: float,
        y1: float,
        x2: float,
        y2: float,
        *,
        colour: str = "currentColor",
        opacity: float = 1,
        dashes: str = "none",
    ) -> None:
        """Draw a line."""
        ends = {"x1": _length(x1), "y1": _length(y1), "x2": _length(x2), "y2": _length(y2)}
        look = {"stroke": colour, "stroke-opacity": f"{opacity:g}", "stroke-dasharray": dashes}
        SubElement(self._root, "line", ends | look)

    def box(
        self, x: float, y: float, width: float, height: float, said: str = "", **look: str
    ) -> None:
        """Draw a rectangle; `said` is told to who points at it."""
        place = {"x": _length(x), "y": _length(y)}
        size = {"width": _length(width), "height": _length(height)}
        self._explained(SubElement(self._root, "rect", place | size | look), said)

    def dot(self, x: float, y: float, said: str, **look: str) -> None:
        """Draw a dot."""
        place = {"cx": _length(x), "cy": _length(y), "r": "5"}
        self._explained(SubElement(self._root, "circle", place | look), said)

    def _explained(self, shape: Element, said: str) -> None:
        if said:
            SubElement(shape, "title").text = one_line(said)


def _length(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
