"""Options of a question: found in its words, and told by letter or by text."""

from __future__ import annotations

import re
from collections.abc import Sequence

from llm_reasonkit.reasoning.answers.texts import text_key

LETTERS = tuple("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
# What may stand in front of a letter: `option B`, `la opción B`.
CALLED = "option|choice|answer|letter|statement|(?:la )?opción|(?:die )?antwort|(?:la )?réponse"
_MARK = r"(?:\((?P<{0}1>[A-Z]|\d{{1,2}})\)|(?P<{0}2>[A-Z]|\d{{1,2}})[.):])"
_ON_A_LINE = re.compile(
    rf"^[ \t]*(?:[-*•][ \t]*)?\**{_MARK.format('m')}\**[ \t]*(.+?)[ \t]*$", re.M
)
_INLINE = re.compile(r"\(([A-Z])\)\s*(.+?)\s*(?=\([A-Z]\)|$)", re.S)
_LEAD = re.compile(
    rf"(?:(?:{CALLED})\s+)?[\[(\"'`*]*\s*(?P<letter>[A-Za-z]|\d{{1,2}})"
    r"(?![A-Za-z0-9])\s*[\])\"'`*]*\s*(?P<after>[.):,\-–—]*)\s*[*\"'`]*\s*(?P<rest>.*)",
    re.S | re.I,
)


def options_in(question: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Find lettered or numbered options in a question: their letters, and their texts.

    They have to follow each other from the first on; two empty tuples when there are none.
    """
    lines = [(m["m1"] or m["m2"], m[3]) for m in _ON_A_LINE.finditer(question)]
    inline = _INLINE.findall(question)
    for found in (lines, inline):
        run = _longest_run(found)
        if len(run) >= 2:
            return tuple(letter for letter, _ in run), tuple(text.strip() for _, text in run)
    return (), ()


def _longest_run(found: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the last A, B, C … (or 1, 2, 3 …) that stands in a row."""
    run: list[tuple[str, str]] = []
    best: list[tuple[str, str]] = []
    for letter, text in found:
        expected = _following(run[-1][0]) if run else None
        if letter == expected:
            run.append((letter, text))
        else:
            run = [(letter, text)] if letter in ("A", "1") else []
        best = list(run) if len(run) >= 2 else best
    return best


def _following(letter: str) -> str:
    return str(int(letter) + 1) if letter.isdigit() else chr(ord(letter) + 1)


def read_choice(text: str, letters: Sequence[str], choices: Sequence[str]) -> str | None:
    """Return the letter of the option that a text names, by letter, by text, or by both.

    None where it names none, or a letter and the text of another option.
    """
    wanted = text_key(text)
    if text.strip(" ()[].*") in letters:
        return text.strip(" ()[].*")
    by_text = [
        letter
        for letter, choice in zip(letters, choices, strict=False)
        if text_key(choice) == wanted
    ]
    lead = _LEAD.fullmatch(text.strip())
    letter = lead["letter"].upper() if lead else ""
    if lead is None or letter not in letters:
        return by_text[0] if len(by_text) == 1 else None
    rest = text_key(lead["rest"])
    if by_text and by_text != [letter]:
        return by_text[0] if len(by_text) == 1 and rest else None
    if not rest:
        # A lone small letter is an article or a variable, unless it is all there is in brackets.
        return letter if lead["letter"].isupper() or len(text.strip()) <= 3 else None
    # What follows a small letter has to be its option: in `(a) 4.2` it is a part of the question.
    after = lead["after"] if lead["letter"] in letters else ""
    return letter if _goes_with(letter, rest, after, letters, choices) else None


def _goes_with(
    letter: str, rest: str, after: str, letters: Sequence[str], choices: Sequence[str]
) -> bool:
    """Tell whether what follows a letter is its option, or an explanation, but no other option."""
    texts = dict(zip(letters, (text_key(choice) for choice in choices), strict=False))
    own = texts.get(letter, "")
    if rest != own and rest in texts.values():
        return False
    if own and (rest.startswith(own) or own.startswith(rest)):
        return True
    return bool(after) or not texts
