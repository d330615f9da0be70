"""What only one of several answers says: found to the word, and marked in the HTML of each."""

from __future__ import annotations

import pytest

from llm_reasonkit.render.contrast import only_here
from llm_reasonkit.render.prose import to_html, visible


def unique(*texts: str) -> list[list[str]]:
    """The stretches of each text that no other one says."""
    found = only_here(texts)
    return [[text[start:end] for start, end in new] for text, new in zip(texts, found, strict=True)]


def test_differences_are_found_to_the_word() -> None:
    """Sentences in about the same words differ where their words do, others as a whole."""
    assert unique(
        "The capital is Sydney. It lies at the sea.",
        "It lies inland. The capital is Canberra.",
    ) == [["Sydney", "It lies at the sea"], ["It lies inland", "Canberra"]]


def test_a_word_that_others_lack_stands_out() -> None:
    """What one sentence has beside the words of another is all that differs."""
    assert unique("The test is not prime.", "The test is prime.") == [["not"], []]


def test_what_any_other_says_is_not_new() -> None:
    """It is enough that one of the others says it; order, case and punctuation do not count."""
    assert unique("So it is. Yes!", "yes", "So, it is") == [[], [], []]


@pytest.mark.parametrize("texts", [(), ("Alone.",), ("Alone.", "", "…"), ("", "")])
def test_nothing_to_compare_with(texts: tuple[str, ...]) -> None:
    """Where fewer than two answers say anything, nothing stands out."""
    assert unique(*texts) == [[] for _ in texts]


def test_languages_without_spaces() -> None:
    """Scripts that set no spaces between words are compared by their characters."""
    assert unique("澳大利亚的首都是悉尼。", "澳大利亚的首都是堪培拉。") == [["悉尼"], ["堪培拉"]]


def test_very_long_answers() -> None:
    """Of answers that take too long to compare word by word, equal sentences are told apart."""
    long = " ".join(f"Sentence number {number} stands here." for number in range(400))
    first, second = unique(long, long.replace("number 7 ", "number seven "))
    assert (first, second) == (
        ["Sentence number 7 stands here"],
        ["Sentence number seven stands here"],
    )


@pytest.mark.parametrize(
    ("text", "new", "html"),
    [
        ("It is so.", "so", "<p>It is <mark>so</mark>.</p>\n"),
        (
            "It **is so**.",
            "It is so",
            "<p><mark>It </mark><strong><mark>is so</mark></strong>.</p>\n",
        ),
        (
            "One\ntwo `three` x",
            "two three",
            "<p>One\n<mark>two </mark><mark><code>three</code></mark> x</p>\n",
        ),
        ("a\n\n- b\n- c", "c", "<p>a</p>\n<ul>\n<li>b</li>\n<li><mark>c</mark></li>\n</ul>\n"),
        (
            "1 < 2 & <mark>x</mark>",
            "2 & <mark>x",
            "<p>1 &lt; <mark>2 &amp; &lt;mark&gt;x</mark>&lt;/mark&gt;</p>\n",
        ),
    ],
)
def test_words_are_marked_in_markdown(text: str, new: str, html: str) -> None:
    """Marks stand within the text of each element, and what looks like one in it stays text."""
    shown = visible(text)
    start = shown.index(new)
    assert to_html(text, marked=[(start, start + len(new))]) == html


def test_code_is_no_prose() -> None:
    """Blocks of code are not compared, nor is what is too long to be read as Markdown."""
    assert visible("Before\n\n```\ncode\n```\n\nafter").split() == ["Before", "after"]
    assert visible("x" * 50_000) == ""
