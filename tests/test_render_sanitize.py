"""Hostile text in a terminal: what goes, what stays, and that splitting it changes nothing."""

from __future__ import annotations

import itertools

import pytest

from llm_reasonkit.render.sanitize import StreamCleaner, one_line, sanitize

HOSTILE = [
    # CSI: colours, cursor, erasing, modes, reports
    ("\x1b[31mred\x1b[0m", "red"),
    ("a\x1b[2Jb", "ab"),
    ("a\x1b[10;20Hb", "ab"),
    ("a\x1b[?25lb", "ab"),
    ("a\x1b[?1049hb", "ab"),
    ("a\x1b[>0cb", "ab"),
    ("a\x1b[1 qb", "ab"),
    ("a\x1b[!pb", "ab"),
    ("a\x1b[6nb", "ab"),
    ("a\x1b[38;2;1;2;3mb", "ab"),
    ("a\x1b[", "a"),
    ("a\x1b[12", "a"),
    ("a\x1b[é", "aé"),
    # OSC: title, clipboard, links, notifications, palette, the one that never ends
    ("\x1b]0;owned\x07x", "x"),
    ("\x1b]2;owned\x1b\\x", "x"),
    ("\x1b]52;c;cm0gLXJmIH4=\x07x", "x"),
    ("\x1b]52;c;cm0gLXJmIH4=\x1b\\x", "x"),
    ("\x1b]8;;https://evil.example\x07bank\x1b]8;;\x07", "bank"),
    ("\x1b]8;id=1;file:///etc/passwd\x1b\\bank\x1b]8;;\x1b\\", "bank"),
    ("\x1b]9;hello\x07x", "x"),
    ("\x1b]1337;File=inline=1:AAAA\x07x", "x"),
    ("\x1b]4;1;rgb:ff/00/00\x9cx", "x"),
    ("one \x1b]0;open\ntwo", "one \ntwo"),
    ("\x1b]0;a\x1b[31mb", "b"),
    # DCS, SOS, PM, APC
    ("\x1bPq#0;2;0;0;0\x1b\\x", "x"),
    ("\x1bXhidden\x1b\\x", "x"),
    ("\x1b^hidden\x1b\\x", "x"),
    ("\x1b_Gf=100;AAAA\x1b\\x", "x"),
    # the same as single C1 characters
    ("\x9b31mred\x9b0m", "red"),
    ("\x9d52;c;AAAA\x9cx", "x"),
    ("\x9d0;owned\x07x", "x"),
    ("\x90q\x9cx", "x"),
    ("\x98hidden\x9cx", "x"),
    ("\x9ehidden\x9cx", "x"),
    ("\x9fhidden\x9cx", "x"),
    ("a\x85b\x84c\x8dd", "abcd"),
    # short escapes: reset, charset, keypad, index; escapes of escapes
    ("a\x1bcb", "ab"),
    ("a\x1b(0b", "ab"),
    ("a\x1b#8b", "ab"),
    ("a\x1b=b\x1b>c", "abc"),
    ("a\x1bDb\x1bMc", "abc"),
    ("a\x1b7b\x1b8c", "abc"),
    ("a\x1b", "a"),
    ("a\x1b\x1b[31mb", "ab"),
    ("a\x1b\x1b\x1bcb", "ab"),
    ("a\x1b[3\x1b[1mb", "ab"),
    # C0
    ("safe\x08\x08\x08\x08evil", "safeevil"),
    ("bell\x07 null\x00 vt\x0b ff\x0c del\x7f", "bell null vt ff del"),
    ("\x0e\x0fshift", "shift"),
    ("rm -rf ~\rls", "rm -rf ~\nls"),
    ("a\r\nb\rc\r\r\nd", "a\nb\nc\n\nd"),
    # order and width
    ("\u202egnp.exe", "gnp.exe"),
    ("\u202aa\u202bb\u202cc\u202dd", "abcd"),
    ("\u2066a\u2067b\u2068c\u2069d", "abcd"),
    ("\u200ea\u200fb\u061cc", "abc"),
    ("pay\u200bpal\u2060.com\ufeff", "paypal.com"),
    ("a\u2063b\u206fc\ufff9d", "abcd"),
    ("hi\U000e0041\U000e0042\U000e007f", "hi"),
    ("a\ud800b\udfffc", "abc"),
]
HARMLESS = [
    "plain text, [brackets] and ]0; too",
    "tabs\tand\nnewlines\n\n",
    "Grüße, 漢字, עברית, العربية, हिन्दी",
    "family \U0001f468\u200d\U0001f469\u200d\U0001f467, flag \U0001f1e9\U0001f1ea",
    "Persian \u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
    "[bold]not markup[/bold] :smile:",
    "",
]


@pytest.mark.parametrize(("payload", "shown"), HOSTILE)
def test_hostile_text_loses_what_a_terminal_acts_on(payload: str, shown: str) -> None:
    """Escapes, controls and bidi tricks go, with their parameters; the words stay."""
    assert sanitize(payload) == shown


@pytest.mark.parametrize("text", HARMLESS)
def test_harmless_text_is_untouched(text: str) -> None:
    """Text of any script, emoji, brackets, tabs and newlines come through unchanged."""
    assert sanitize(text) == text


@pytest.mark.parametrize("payload", [payload for payload, _ in HOSTILE])
def test_chunks_cannot_smuggle_a_sequence(payload: str) -> None:
    """However a text is cut into two or three chunks, the stream shows what the whole would."""
    text = f"<{payload}>{payload}"
    places = range(len(text) + 1)
    for first, second in itertools.combinations_with_replacement(places, 2):
        cleaner = StreamCleaner()
        chunks = [text[:first], text[first:second], text[second:]]
        assert "".join([*map(cleaner.feed, chunks), cleaner.close()]) == sanitize(text)


def test_one_character_at_a_time_equals_the_whole() -> None:
    """All payloads one after another, fed singly, give what they give at once."""
    text = " | ".join(payload for payload, _ in HOSTILE)
    cleaner = StreamCleaner()
    assert "".join([*map(cleaner.feed, text), cleaner.close()]) == sanitize(text)


def test_stream_does_not_wait_for_the_end_of_plain_text() -> None:
    """Only an unfinished sequence is held back, not the text before it."""
    cleaner = StreamCleaner()
    assert cleaner.feed("word \x1b[3") == "word "
    assert cleaner.feed("1mred") == "red"


def test_an_endless_sequence_is_not_kept() -> None:
    """Megabytes inside one open sequence come to nothing, and text after its end shows."""
    cleaner = StreamCleaner()
    chunk = "A" * 10_000
    assert cleaner.feed("\x1b]52;c;") == ""
    assert all(cleaner.feed(chunk) == "" for _ in range(1_000))
    assert cleaner.feed("\x07after") == "after"


def test_sanitizing_twice_changes_nothing() -> None:
    """What is left holds nothing more to remove."""
    for payload, _ in HOSTILE:
        once = sanitize(payload)
        assert sanitize(once) == once


@pytest.mark.parametrize(
    ("text", "limit", "line"),
    [
        ("a\n\n  b\tc\u2028d", None, "a b c d"),
        ("\x1b[31mred\x1b[0m", 10, "red"),
        ("abcdefghij", 10, "abcdefghij"),
        ("abcdefghijk", 10, "abcdefghi…"),
        ("abcdefgh ijk", 10, "abcdefgh…"),
        ("x" * 5_000_000, 4, "xxx…"),
    ],
)
def test_one_line_folds_and_cuts(text: str, limit: int | None, line: str) -> None:
    """Lines are joined with blanks; what is too long ends in an ellipsis."""
    assert one_line(text, limit) == line
