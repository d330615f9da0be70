"""LaTeX, as models write their answers, turned into plain text that can be read on."""

from __future__ import annotations

import re
import unicodedata

_GROUP = r"\{((?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*)\}"
_ARGUMENT = rf"\s*(?:{_GROUP}|(\d|[a-z]|\\[a-z]+))"
_FRACTION = re.compile(rf"\\[dtc]?frac{_ARGUMENT}{_ARGUMENT}")
_ROOT = re.compile(rf"\\sqrt\s*(?:\[(\d+)\])?{_ARGUMENT}")
_UNWRAPPED = re.compile(
    rf"\\(?:text|textbf|textit|mathrm|mathbf|mathit|mathsf|mbox|hbox|boxed|fbox|operatorname"
    rf"|displaystyle|emph|underline)\*?\s*{_GROUP}"
)
_POWER = re.compile(rf"\^\s*{_GROUP}")
_INDEX = re.compile(rf"_\s*{_GROUP}")
_MIXED = re.compile(r"(?<![\w.)])(\d+)\s*(?=\\[dt]?frac)")
_NOTHING = re.compile(
    r"\\(?:left|right|big|Big|bigl|bigr|displaystyle|limits|!|,|;|:|quad|qquad|\s)"
)
_SUPERSCRIPTS = re.compile(r"[⁰¹²³⁴-⁹⁻]+")
_MATRIX = re.compile(
    r"(?:\\left\s*[(\[]\s*)?\\begin\{(?:[pb]?matrix|array)\}(?:\{[clr|]+\})?(.*?)"
    r"\\end\{(?:[pb]?matrix|array)\}(?:\s*\\right\s*[)\]])?",
    re.S,
)
_MATH_SIGNS = re.compile(r"\\[()\[\]]")
_MATH = (
    re.compile(r"\$\$((?:\\.|[^$\\])*)\$\$"),
    re.compile(r"(?<!\\)\$(?=\S)((?:\\.|[^$\\])*?)(?<=\S)\$(?!\d)"),
)
_WORDS = {
    r"\cdot": "*", r"\times": "*", r"\div": "/", r"\pm": "±", r"\pi": "pi", r"\infty": "oo",
    r"\leq": "<=", r"\le": "<=", r"\geq": ">=", r"\ge": ">=", r"\neq": "!=", r"\approx": "≈",
    r"\cup": "∪", r"\cap": "∩", r"\in": "∈", r"\circ": "°", r"\degree": "°", r"\ln": "ln",
    r"\log": "log", r"\sin": "sin", r"\cos": "cos", r"\tan": "tan", r"\exp": "exp",
    r"\rightarrow": "->", r"\to": "->", r"\emptyset": "∅", r"\varnothing": "∅",
    r"\lbrace": "{", r"\rbrace": "}", r"\%": "%", r"\$": "$", r"\{": "{", r"\}": "}",
    r"\&": "&", r"\#": "#", r"\_": "_",
}  # fmt: skip
# Bounds on what a hostile reply can make us do.
_MOST_BOXES = 50
_LONGEST_BOX = 1000
_WORD = re.compile(r"\\(?:[a-zA-Z]+|[%${}&#_])")


def plain(text: str) -> str:
    r"""Return a text without LaTeX: `\frac{1}{2}` becomes `((1)/(2))`, `\text{cm}` becomes `cm`.

    A dollar sign that stands for money stays. What is not known stays as it is.
    """
    if not re.search(r"[\\${]", text):
        return text
    text = _without_math_signs(text.replace("{,}", ","))
    text = _MATRIX.sub(_rows, text)
    text = re.sub(r"\^\s*\{?\s*\\(?:circ|degree)\s*\}?", "°", text)
    text = _MIXED.sub(r"\1+", _NOTHING.sub(" ", text))
    for pattern, to in (
        (_UNWRAPPED, r" \1 "),
        (_FRACTION, r"((\1\2)/(\3\4))"),
        (_ROOT, _root),
        (_POWER, r"^(\1)"),
        (_INDEX, r"_\1"),
    ):
        text = _repeated(pattern, to, text)
    text = _WORD.sub(lambda word: _WORDS.get(word[0], word[0]), text)
    return " ".join(text.split())


def in_line(text: str) -> str:
    """Return a text with its superscripts as powers; normalised, 10² would read 102."""
    return _SUPERSCRIPTS.sub(lambda m: "^" + unicodedata.normalize("NFKC", m[0]), text)


def _repeated(pattern: re.Pattern[str], to: object, text: str) -> str:
    """Substitute from the inside out; nested deeper than this nobody writes an answer."""
    for _ in range(6):
        changed = pattern.sub(to, text)  # type: ignore[call-overload]
        if changed == text:
            break
        text = str(changed)
    return text


def _rows(matrix: re.Match[str]) -> str:
    return "[" + re.sub(r"\s*\\\\\s*", "; ", matrix[1].strip()) + "]"


def _root(match: re.Match[str]) -> str:
    radicand = match[2] or match[3]
    # `\cdot\sqrt{2}`: what stood apart is not to become one word.
    return f"(({radicand})^(1/{match[1]}))" if match[1] else f" sqrt({radicand})"


def _without_math_signs(text: str) -> str:
    r"""Drop `$…$`, `$$…$$`, `\(…\)` and `\[…\]`; a dollar sign in front of an amount is money."""
    for pattern in _MATH:
        text = pattern.sub(r" \1 ", text)
    return _MATH_SIGNS.sub(" ", text)


def boxed(text: str) -> list[tuple[int, str]]:
    r"""Return where each complete `\boxed{…}` of a text ends, and what it holds."""
    found = []
    for start in list(re.finditer(r"\\f?boxed\s*\{", text))[-_MOST_BOXES:]:
        depth, end = 1, start.end()
        while end < min(len(text), start.end() + _LONGEST_BOX) and depth:
            depth += {"{": 1, "}": -1}.get(text[end], 0) if text[end - 1] != "\\" else 0
            end += 1
        if not depth:
            found.append((end, text[start.end() : end - 1].strip()))
    return found
