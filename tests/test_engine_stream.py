"""An answer while it is being written: shown as it will read in the end, however it arrives."""

from __future__ import annotations

import pytest

from llm_reasonkit.engine.stream import AnswerStream
from llm_reasonkit.reasoning.checks.links import links, links_in
from tests.scripted import Run, protocol

GIVEN = "See https://example.org/a."
ANSWER = (
    " \n Read **https://example.org/a** and [this](https://evil.example/b?c=1), twice:\n\n"
    "\twww.evil.example/x  and 10.1234/none, or 链接 https://evil.example/完。 Done. \n"
)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 40, 1000])
def test_links_that_nobody_gave_are_not_shown(size: int) -> None:
    """In pieces of any size the text arrives without them, and is what the check makes of it."""
    shown: list[str] = []
    stream = AnswerStream(shown.append, links_in(GIVEN))
    for start in range(0, len(ANSWER), size):
        stream(ANSWER[start : start + size])
        assert "evil" not in "".join(shown)
    stream.end()
    checked = str(links(ANSWER.strip(), GIVEN).value["text"])
    assert "".join(shown) == checked
    assert checked.count("[a link that nobody gave]") == 4
    assert stream.rest_of(f"{checked}\n\nA note.") == "\n\nA note."


def test_words_are_shown_as_they_come() -> None:
    """Only the word that is being written is held back."""
    shown: list[str] = []
    stream = AnswerStream(shown.append, set())
    for piece in ("Yes, it", " is ", "so", "."):
        stream(piece)
    assert shown == ["Yes,", " it is"]
    stream.end()
    assert shown[-1] == " so."


def test_where_any_link_may_stand_nothing_is_held_back() -> None:
    """A protocol that does not check its answer's links has it shown piece by piece."""
    shown: list[str] = []
    stream = AnswerStream(shown.append, None)
    stream("Yes, see ")
    stream("https://evil.exa")
    stream.end()
    assert shown == ["Yes, see ", "https://evil.exa"]
    assert stream.rest_of("Yes, see https://evil.exa") == ""


async def test_the_answer_of_a_run_is_streamed_without_them() -> None:
    """What is shown while the model answers is the answer of the result, in the same pieces."""
    steps = {
        "answer": {"prompt": "x"},
        "links": {"check": "links", "with": {"text": "answer", "given": "material"}},
    }
    said = "Yes.\nSee https://evil.example/a\nor nothing."
    going = Run(protocol(steps, answer="links.text"), {"answer": said})
    result = await going.go()
    shown = [text for kind, text in (e for e in going.watcher.events if e[0] == "answer")]
    assert len(shown) > 1
    assert (
        "".join(shown)
        == result.answer
        == said.replace("https://evil.example/a", "[a link that nobody gave]")
    )
    assert going.watcher.events[-1] == ("finished", "links", "done")
