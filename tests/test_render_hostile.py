"""Hostile text in every place of a run, through every output: none acts, none breaks out.

Documents are read back by parsers of their own: a browser's for HTML, CommonMark with raw HTML
switched on for Markdown.
"""

from __future__ import annotations

import io
import json
import re
import unicodedata
from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree

import pytest
from markdown_it import MarkdownIt
from rich.console import Console, RenderableType
from selectolax.lexbor import LexborHTMLParser, LexborNode

from llm_reasonkit.render.charts import Agreement, Column, agreement_matrix, stacked_columns
from llm_reasonkit.render.document import document
from llm_reasonkit.render.html import run_document
from llm_reasonkit.render.listings import RunsTable
from llm_reasonkit.render.markdown import run_markdown
from llm_reasonkit.render.pages import charts_article
from llm_reasonkit.render.prose import to_html, to_markdown
from llm_reasonkit.render.run_page import Spoken, run_page
from llm_reasonkit.render.sanitize import one_line
from llm_reasonkit.store.browse import RunSummary
from llm_reasonkit.store.turns import Turn
from tests.hostile_payloads import PAYLOADS, STARTED, run_full_of, sources_full_of

HARMLESS = "harmless"
# What documents and charts consist of; nothing else may come to be.
ELEMENTS = {
    *("html", "head", "meta", "title", "style", "body", "main", "article", "header", "footer"),
    *("section", "h1", "h2", "h3", "h4", "h5", "h6", "p", "div", "span", "blockquote", "pre"),
    *("ol", "ul", "li", "dl", "dt", "dd", "table", "thead", "tbody", "tr", "th", "td", "caption"),
    *("a", "br", "hr", "code", "em", "s", "strong", "mark", "time", "details", "summary"),
    *("svg", "rect"),
}
ATTRIBUTES = {
    *("lang", "charset", "http-equiv", "name", "content", "dir", "class", "id", "open", "href"),
    *("rel", "datetime", "scope", "start", "aria-label", "aria-labelledby", "aria-hidden"),
    *("viewBox", "preserveAspectRatio", "x", "width", "height"),
}
REL = "noopener noreferrer nofollow"
# Joiners and soft hyphens are part of words; the rest of these kinds steers terminals or order.
KEPT = {"\n", "\t", "\u200c", "\u200d", "\u00ad"}
READER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])

hostile = pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS)


def steering(text: str) -> set[str]:
    """Characters that a terminal acts on, or that change what is seen of others."""
    kinds = ("Cc", "Cf", "Cs")
    return {char for char in text if unicodedata.category(char) in kinds} - KEPT


def shown(renderable: RenderableType, width: int) -> str:
    """Render as the command line does, to text."""
    file = io.StringIO()
    console = Console(file=file, width=width, highlight=False, emoji=False, markup=False)
    console.print(renderable)
    return file.getvalue()


def elements(html: str) -> Iterator[LexborNode]:
    """Every element that a browser would make of a page."""
    root = LexborHTMLParser(html).root
    assert root is not None
    return root.traverse()


def outside_prose(html: str) -> list[tuple[str, ...]]:
    """The elements of a page in order, but for what Markdown of a model became."""
    tree = LexborHTMLParser(html)
    for node in tree.css(".prose > *"):
        node.decompose()
    assert tree.root is not None
    return [(node.tag or "", node.attributes.get("class") or "") for node in tree.root.traverse()]


def assert_inert(html: str) -> None:
    """Assert that nothing in a page is a script, fetches, or leads anywhere but to the web."""
    for node in elements(html):
        assert node.tag in ELEMENTS
        assert set(node.attributes) <= ATTRIBUTES, node.html
        href = node.attributes.get("href")
        if href is not None and not re.fullmatch(r"#[a-z0-9-]+", href):
            assert urlsplit(href).scheme in ("http", "https", "mailto")
            assert node.attributes["rel"] == REL


@hostile
@pytest.mark.parametrize("width", [60, 160])
def test_terminal(payload: str, width: int) -> None:
    """The page of a run and the list of runs have no control or steering character."""
    run = run_full_of(payload)
    summary = RunSummary(
        run_id=payload,
        short_id=payload,
        title=payload,
        command=payload,
        protocol=payload,
        profile=payload,
        status="done",
        confidence=0.5,
        confidence_kind="checks",
        confidence_basis=payload,
        model=payload,
        cost=run.cost,
        started=STARTED,
        duration_ms=1,
    )
    turn = Turn([(payload, payload)], payload)
    spoken = Spoken({step.turn_id or "": turn for step in run.steps}, prompts=True, replies=True)
    whole = run_page(run, short_id=payload, full=True, spoken=spoken)
    for page in (whole, RunsTable([summary])):
        assert not steering(shown(page, width))


@hostile
def test_json(payload: str) -> None:
    """JSON keeps the text exactly, and shows nothing that a terminal would act on."""
    text = document(run_full_of(payload), "json")
    assert json.loads(text)["answer"] == f"claim {payload} stands"
    assert not steering(text)


@hostile
def test_html(payload: str) -> None:
    """The HTML document is what it is with harmless text, and everything in it is inert."""
    page = run_document(run_full_of(payload), sources_full_of(payload))
    assert_inert(page)
    assert not steering(page)
    plain = run_document(run_full_of(HARMLESS), sources_full_of(HARMLESS))
    assert outside_prose(page) == outside_prose(plain)


@hostile
def test_html_shows_the_text(payload: str) -> None:
    """What is removed are controls; every other character of the text can be read."""
    page = LexborHTMLParser(run_document(run_full_of(payload), sources_full_of(payload)))
    detail = page.css_first(".checks .quiet").text()
    assert detail == f": {one_line(f'claim {payload} stands')}"


def inline_tokens(text: str) -> list[Any]:
    """Every token of a Markdown text, those inside of paragraphs too."""
    tokens = READER.parse(text)
    return [*tokens, *(child for token in tokens for child in token.children or [])]


def frame(text: str) -> list[tuple[str, str]]:
    """The headings and tables of a Markdown document: kind and tag, and the text of its own."""
    tokens = READER.parse(text)
    return [
        (token.tag, tokens[place + 1].content)
        for place, token in enumerate(tokens)
        if token.type == "heading_open" and token.tag in ("h1", "h2")
    ]


@hostile
def test_markdown(payload: str) -> None:
    """The Markdown document has the headings of its own, no raw HTML, no image and safe links."""
    text = run_markdown(run_full_of(payload), sources_full_of(payload))
    assert not steering(text)
    for token in inline_tokens(text):
        assert token.type not in ("html_block", "html_inline", "image")
        if token.type == "link_open":
            assert urlsplit(token.attrs["href"]).scheme in ("http", "https", "mailto")
    plain = run_markdown(run_full_of(HARMLESS), sources_full_of(HARMLESS))
    assert frame(text)[1:] == frame(plain)[1:]


@hostile
@pytest.mark.parametrize("place", ["alone", "in a list", "in a quote", "in a table", "in a fence"])
def test_prose(payload: str, place: str) -> None:
    """A model's Markdown gives inert HTML, and Markdown that gives the same, wherever it stands."""
    text = {
        "alone": payload,
        "in a list": "- one\n- " + payload.replace("\n", "\n  "),
        "in a quote": "> " + payload.replace("\n", "\n> "),
        "in a table": f"| a | b |\n|---|---|\n| {payload} | x |",
        "in a fence": f"```\n{payload}\n```",
    }[place]
    assert_inert(str(to_html(text)))
    rendered = READER.render(to_markdown(text)).replace("<a ", f'<a rel="{REL}" ')
    assert_inert(re.sub(r'(<a [^>]*) title="[^"]*"', r"\1", rendered))


@hostile
def test_charts(payload: str) -> None:
    """A chart and its table are inert, with the text as labels."""
    text = f"claim {payload} stands"
    chart = stacked_columns(text, [Column(text, {text: Decimal(1)}, 2)])
    matrix = agreement_matrix(text, [text, "other"], {("other", text): Agreement(1, 2)})
    for each in (chart, matrix):
        tags = {node.tag.rpartition("}")[2] for node in ElementTree.fromstring(each.svg).iter()}
        assert tags <= {"svg", "title", "desc", "text", "line", "rect", "circle"}
        assert not re.search(r"\son\w+=|href|style=", re.sub(r">[^<]*<", "><", each.svg))
        assert not steering(each.svg)
        page = LexborHTMLParser(str(charts_article(text, [each], [text])))
        assert len(page.css("table, h1, h2, svg")) == 4


def test_corpus_is_large_and_distinct() -> None:
    """There are at least sixty texts, no two the same."""
    assert len(set(PAYLOADS.values())) == len(PAYLOADS) >= 60


def test_templates_are_not_evaluated() -> None:
    """Braces in text of models stay braces."""
    page = run_document(run_full_of(PAYLOADS["template"]))
    assert "{{ 7 * 7 }}" in page
    assert "49" not in LexborHTMLParser(page).css_first("article").text()
