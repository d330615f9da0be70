"""A model's Markdown as HTML and as Markdown, and other text of models inside Markdown."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from selectolax.lexbor import LexborHTMLParser

from llm_reasonkit.render.prose import escaped, fenced, quoted, to_html, to_markdown
from llm_reasonkit.render.sanitize import one_line, sanitize

READER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
HARMLESS = """\
### Findings

Some *words*, **strong** ones, `code <b>` and a [link](https://a.example/b?c=d&e).

1. first
2. second
   - inner

   more of the second

> a quote
> of two lines

| a | b | c |
|:--|--:|---|
| 1 | 2 \\| 3 | `|` |

```python
print("<b>")  # not *emphasis*
```

***

5 < 6 & 7 > 3, 2 * 3 * 4, snake_case_name, [brackets], C:\\path
"""


def words_of(html: str) -> str:
    """What a reader sees of HTML, on one line."""
    found = LexborHTMLParser(f"<body>{html}").body
    assert found is not None
    return " ".join(found.text().split())


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("**a** *b* `c`", "<p><strong>a</strong> <em>b</em> <code>c</code></p>\n"),
        ("~~a~~", "<p><s>a</s></p>\n"),
        ("- a\n- b", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>\n"),
        ("3. a", '<ol start="3">\n<li>a</li>\n</ol>\n'),
        ("```py\na < b\n```", "<pre><code>a &lt; b\n</code></pre>\n"),
        ("a  \nb", "<p>a<br>\nb</p>\n"),
        (
            "[a](https://b.example 'title')",
            '<p><a href="https://b.example" rel="noopener noreferrer nofollow">a</a></p>\n',
        ),
        (
            "<a@b.c>",
            '<p><a href="mailto:a@b.c" rel="noopener noreferrer nofollow">a@b.c</a></p>\n',
        ),
        ("<b>a</b>", "<p>&lt;b&gt;a&lt;/b&gt;</p>\n"),
        ("[a](javascript:b)", "<p>[a](javascript:b)</p>\n"),
        ("[a](/b)", "<p>[a](/b)</p>\n"),
        (
            "![a](https://b.example/c.png)",
            '<p>!<a href="https://b.example/c.png" rel="noopener noreferrer nofollow">a</a></p>\n',
        ),
    ],
)
def test_markdown_becomes_html(text: str, html: str) -> None:
    """Markdown is shown as what it means; HTML, images and unsafe links as text or plain links."""
    assert to_html(text) == html


def test_tables_are_for_screen_readers_too() -> None:
    """Each cell of the head says that it heads a column, but for an empty one."""
    html = to_html("| a | |\n|---|---|\n| 1 | 2 |")
    assert '<th scope="col">a</th>\n<td></td>' in html


@pytest.mark.parametrize(
    ("text", "headings"),
    [
        ("# a\n\n## b\n\n# c", ["h3 a", "h4 b", "h3 c"]),
        ("##### a\n\n## b", ["h4 a", "h3 b"]),
        ("a\n=\n\nb\n-", ["h3 a", "h4 b"]),
        ("# 1\n## 2\n### 3\n#### 4\n##### 5", ["h3 1", "h4 2", "h5 3", "h6 4", "h6 5"]),
    ],
)
def test_headings_stand_below_those_of_the_document(text: str, headings: list[str]) -> None:
    """The highest becomes the level asked for; none is left out; the same in both forms."""
    for html in (to_html(text), READER.render(to_markdown(text))):
        found = LexborHTMLParser(html).css("h1, h2, h3, h4, h5, h6")
        assert [f"{node.tag} {node.text()}" for node in found] == headings


def test_harmless_markdown_keeps_its_meaning() -> None:
    """Written anew as Markdown, an answer reads as before."""
    assert READER.render(to_markdown(HARMLESS)) == READER.render(HARMLESS)


@given(st.text(alphabet="`~ab\n\t >#-*_+[](){}!|\\<&:/1."))
@example("```\ncode")
@example("- ```\n  code")
@example("> ~~~\n> code")
@example("[a]: b\n\n<!-- c")
def test_markdown_ends_where_it_ends(text: str) -> None:
    """Whatever is open at its end does not swallow what follows it in the document."""
    html = READER.render(to_markdown(text) + "\n\n# Mine")
    assert html.endswith("<h1>Mine</h1>\n")
    assert "<h1>" not in html.removesuffix("<h1>Mine</h1>\n")


def test_text_without_end_is_shown_as_it_is() -> None:
    """A text too long to be read as Markdown is code, whole."""
    text = "*a*\n" * 20_000
    assert to_html(text) == f"<pre>{text}</pre>"
    assert to_markdown(text) == f"```\n{text}```"


@given(st.text())
def test_escaped_text_reads_as_itself(text: str) -> None:
    """Escaped, any text is one paragraph that shows it as it was; so too in a table and a list."""
    plain = one_line(text)
    words = escaped(text)
    cell = READER.render(f"| a |\n|---|\n| {words} |")
    assert words_of(READER.render(words)) == plain
    assert words_of(READER.render(f"- {words}")) == plain
    assert words_of(cell) == f"a {plain}".strip()


@given(st.text(alphabet="`~ab\n<>#-*\\"))
def test_fenced_text_reads_as_itself(text: str) -> None:
    """Fenced, any text is one block of code."""
    (block,) = READER.parse(fenced(text, "json"))
    assert (block.type, block.info) == ("fence", "json")
    assert block.content.rstrip("\n") == sanitize(text).rstrip("\n")


@given(st.text(alphabet="ab \n>#-=`*1.\\<&;|"))
def test_quoted_text_reads_as_itself(text: str) -> None:
    """Quoted, any text is one quotation with the words of its own."""
    tokens = READER.parse(quoted(text))
    assert (tokens[0].type, tokens[-1].type) == ("blockquote_open", "blockquote_close")
    assert {token.type for token in tokens[1:-1]} <= {"paragraph_open", "inline", "paragraph_close"}
    assert words_of(READER.render(quoted(text))) == one_line(text)
