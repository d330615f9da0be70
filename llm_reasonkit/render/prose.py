"""A model's Markdown as HTML or Markdown that cannot do harm where it is shown.

What a model wrote is read with raw HTML and images off and with links to the web and to mail
only, and written anew from what was understood: an unclosed fence or list ends where the text
does. HTML goes through a sanitiser as well, so that no mistake of one of the two lets a script in.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, ClassVar

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup
from mdformat.renderer import DEFAULT_RENDERERS, MDRenderer, RenderContext, RenderTreeNode

from llm_reasonkit.render.sanitize import one_line, sanitize

_SCHEMES = ("http:", "https:", "mailto:")
_TAGS = {
    *("h1", "h2", "h3", "h4", "h5", "h6", "p", "blockquote", "pre", "hr", "ol", "ul", "li"),
    *("table", "thead", "tbody", "tr", "th", "td"),
    *("a", "br", "code", "em", "mark", "s", "strong"),
}
# Both libraries take time that grows with the square of some texts; no answer is that long.
_LONGEST = 40_000
_ACTIVE = re.compile(r"[\\`*_\[\]<>|~]|&(?=#?\w+;)|^(?:[-+#=]|\d+(?=[.)](?:\s|$)))")
_ALIGNED = {"text-align:left": ":--", "text-align:center": ":-:", "text-align:right": "--:"}


class _Reader(MarkdownIt):
    def validateLink(self, url: str) -> bool:
        return url.lower().startswith(_SCHEMES)


class _Writing:
    """What the writer of Markdown does not do by itself: tables, and to escape each `<`."""

    @staticmethod
    def _text(node: RenderTreeNode, context: RenderContext) -> str:
        text = DEFAULT_RENDERERS["text"](node, context)
        # After an odd number of backslashes it is escaped.
        return re.sub(r"(?<!\\)((?:\\\\)*)<", r"\1\\<", text)

    @staticmethod
    def _table(node: RenderTreeNode, context: RenderContext) -> str:
        rows = [row.children for part in node.children for row in part.children]
        lines = [[cell.render(context).replace("|", "\\|") for cell in row] for row in rows]
        lines.insert(1, [_ALIGNED.get(str(cell.attrs.get("style")), "---") for cell in rows[0]])
        return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)

    @staticmethod
    def _cell(node: RenderTreeNode, context: RenderContext) -> str:
        return "".join(child.render(context) for child in node.children)

    RENDERERS: ClassVar = {"text": _text, "table": _table, "th": _cell, "td": _cell}


_HTML = _Reader("commonmark", {"html": False}).enable(["table", "strikethrough"]).disable("image")
_MARKDOWN = _Reader("commonmark", {"html": False}).enable("table").disable("image")
_WRITER_OPTIONS = {"mdformat": {"number": True}, "parser_extension": [_Writing]}


def to_html(text: str, top: int = 3, marked: Sequence[tuple[int, int]] = ()) -> Markup:
    """Return a model's Markdown as HTML; its highest heading becomes `<h{top}>`.

    marked: stretches of its `visible` text that are to stand out.
    """
    text = sanitize(text)
    if len(text) > _LONGEST:
        return Markup("<pre>{}</pre>").format(text)
    env: dict[str, Any] = {}
    tokens = _below(_HTML.parse(text, env), top)
    if marked:
        _mark(tokens, marked)
    html = str(_HTML.renderer.render(tokens, _HTML.options, env))
    return Markup(  # noqa: S704 (sanitised)
        nh3.clean(
            # An empty cell heads nothing.
            html.replace("<th></th>", "<td></td>"),
            tags=_TAGS,
            attributes={"*": set(), "a": {"href"}, "ol": {"start"}},
            set_tag_attribute_values={"th": {"scope": "col"}},
            url_schemes={scheme.rstrip(":") for scheme in _SCHEMES},
            url_relative="deny",
            link_rel="noopener noreferrer nofollow",
        )
    )


def visible(text: str) -> str:
    """Return what a reader of a model's Markdown sees as prose: no code, a blank line a block."""
    text = sanitize(text)
    tokens = [] if len(text) > _LONGEST else _HTML.parse(text)
    return "".join(words for _, words in _words(tokens))


def to_markdown(text: str, top: int = 3) -> str:
    """Return a model's Markdown as Markdown for a place inside another document.

    Its highest heading becomes one of level `top`. Raw HTML, images and unsafe links become text.
    """
    text = sanitize(text)
    if len(text) > _LONGEST:
        return fenced(text)
    env: dict[str, Any] = {}
    # Where the text ends in a fence, its writer counts on the end of the line.
    tokens = _below(_MARKDOWN.parse(f"{text}\n", env), top)
    return MDRenderer().render(tokens, _WRITER_OPTIONS, env).rstrip("\n")


def escaped(text: str) -> str:
    """Return foreign text on one line, as Markdown that shows it as it is."""
    return _ACTIVE.sub(_inert, one_line(text))


def quoted(text: str) -> str:
    """Return foreign text as a Markdown quotation that shows its lines as they are."""
    lines = [escaped(line) for line in sanitize(text).strip("\n").split("\n")]
    ends = [*("\\" if line and after else "" for line, after in pairwise(lines)), ""]
    return "\n".join(f"> {line}{end}".rstrip() for line, end in zip(lines, ends, strict=True))


def fenced(text: str, language: str = "") -> str:
    """Return foreign text as a Markdown code block that it cannot end by itself."""
    text = sanitize(text).rstrip("\n")
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text}\n{fence}"


def _words(tokens: Sequence[Token]) -> Iterator[tuple[Token | None, str]]:
    """Yield the tokens that show words, and what they show; breaks come without a token."""
    for block in tokens:
        for token in block.children or []:
            if token.type in ("text", "code_inline"):
                yield token, token.content
            elif token.type in ("softbreak", "hardbreak"):
                yield None, "\n"
        if block.type == "inline":
            yield None, "\n\n"


def _mark(tokens: Sequence[Token], marked: Sequence[tuple[int, int]]) -> None:
    """Put `<mark>` around stretches of what the tokens show, within the text of each of them."""
    at, pieces = 0, {}
    for token, words in _words(tokens):
        if token is not None:
            pieces[id(token)] = _pieces(token, at, marked)
        at += len(words)
    for block in tokens:
        if block.children:
            block.children = [
                piece for token in block.children for piece in pieces.get(id(token), [token])
            ]


def _pieces(token: Token, at: int, marked: Sequence[tuple[int, int]]) -> list[Token]:
    length = len(token.content)
    spans = [(max(0, start - at), min(length, end - at)) for start, end in marked]
    spans = [(start, end) for start, end in spans if start < end]
    if token.type == "code_inline" and spans:
        spans = [(0, length)]
    pieces, shown = [], 0
    for start, end in [*spans, (length, length)]:
        pieces.append(token.copy(content=token.content[shown:start]))
        if start < end:
            new = token.copy(content=token.content[start:end])
            pieces += [_tag("<mark>"), new, _tag("</mark>")]
        shown = end
    return [piece for piece in pieces if piece.content]


def _tag(html: str) -> Token:
    return Token("html_inline", "", 0, content=html)


def _below(tokens: Sequence[Token], top: int) -> Sequence[Token]:
    """Move headings below those of the document around them, leaving no level out."""
    headings = [token for token in tokens if token.type in ("heading_open", "heading_close")]
    levels = sorted({token.tag for token in headings})
    for token in headings:
        level = min(6, top + levels.index(token.tag))
        token.tag, token.markup = f"h{level}", "#" * level
    return tokens


def _inert(found: re.Match[str]) -> str:
    # A number is made no list by what stands behind it: `1\\.`
    return f"{found[0]}\\" if found[0].isdigit() else f"\\{found[0]}"
