"""A run as HTML: one file for a colleague, or the same content for the shell of another page.

Nothing in it is a script and nothing is fetched. Whatever a template prints is cleaned of controls
and escaped, unless it is `Markup` that this package made.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import importlib.resources
import json
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from llm_reasonkit.reasoning.result import CheckItem, Result
from llm_reasonkit.render import figures, panel
from llm_reasonkit.render.facts import facts
from llm_reasonkit.render.outline import SIGNS, outline
from llm_reasonkit.render.prose import to_html
from llm_reasonkit.render.quotes import QuotedText, Source, quoted_texts
from llm_reasonkit.render.sanitize import one_line, sanitize
from llm_reasonkit.store.rows import UNFINISHED

if TYPE_CHECKING:
    from llm_reasonkit.store.progress import Progress

TITLE_LENGTH = 240
_TAB_LENGTH = 70
_WORD = re.compile(r"[\w-]+(?:\.[\w-]+)*")


def run_document(result: Result, sources: Sequence[Source] = ()) -> str:
    """Return a run as one HTML file: no script, nothing to fetch.

    sources: what was given with the question, where it is known; quotes are shown in it.
    """
    style = stylesheet()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    page = templates().get_template("document.html")
    return page.render(
        title=one_line(result.question, _TAB_LENGTH),
        policy=(
            f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
        ),
        style=style,
        article=run_article(result, sources),
    )


def run_article(
    result: Result,
    sources: Sequence[Source] = (),
    *,
    turn_url: Callable[[str], str] | None = None,
    progress: Progress | None = None,
) -> Markup:
    """Return the content of a run's page, to be shown with `stylesheet` in any shell.

    turn_url: gives the address of a call in llm's log by its id, where there is a page of it.
    progress: how far the run is, if it goes on.
    """
    texts = quoted_texts(result, sources)
    article = templates().get_template("article.html")
    html = article.render(
        result=result,
        title=one_line(result.question, TITLE_LENGTH),
        facts=facts(result),
        stages=outline(result),
        numbers={step.id: number for number, step in enumerate(result.steps, 1)},
        texts=texts,
        place_of=functools.partial(_place_of, _by_name(texts)),
        turn_url=turn_url,
        progress=progress,
        ended=UNFINISHED not in result.warnings,
    )
    return Markup(html)  # noqa: S704 (the template escapes)


@functools.cache
def stylesheet() -> Markup:
    """Return the CSS of all our pages; its rules hold inside of `class="reasonkit"`."""
    folder = importlib.resources.files("llm_reasonkit.render") / "templates"
    return Markup((folder / "style.css").read_text("utf-8"))  # noqa: S704 (ours)


@functools.cache
def templates() -> Environment:
    """Return what all our pages are made with."""
    environment = Environment(
        loader=PackageLoader("llm_reasonkit.render"),
        autoescape=True,
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_clean,
    )
    environment.filters |= {
        "line": one_line,
        "prose": to_html,
        "as_json": functools.partial(json.dumps, ensure_ascii=False, indent=1, default=str),
    }
    environment.globals |= {"figures": figures, "panel": panel, "signs": SIGNS}
    return environment


def _clean(value: object) -> object:
    return sanitize(value) if type(value) is str else value


def _by_name(texts: Sequence[QuotedText]) -> dict[tuple[str, str], int]:
    return {(quote.stage, quote.ident): quote.number for text in texts for quote in text.quotes}


def _place_of(names: dict[tuple[str, str], int], stage: str, item: CheckItem) -> int | None:
    """Return the number of the quote that a check is about, if it names one."""
    known = [names[stage, word] for word in _WORD.findall(item.name) if (stage, word) in names]
    return known[0] if known else None
