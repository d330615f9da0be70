"""Values of Python: what a function returns, compared exactly, case and spaces in strings too."""

from __future__ import annotations

import ast
import json
import re
import warnings
from collections.abc import Iterable
from contextlib import suppress
from itertools import islice

from llm_reasonkit.reasoning.answers.patterns import any_of

_PYTHON = any_of(r"\bdef \w+ ?\(|\blambda\b[^\n]*:|```py|\bprint ?\(|>>> |\bassert \w+\(")
# Not across a colon, behind which the code itself may say `return`.
_ASKED_FOR = any_of(
    r"\bwhat (?:is|will be|would be|was) (?:the )?(?:\w+ ){0,2}(?:outputs?|results?|value|returned"
    r"|printed)\b",
    r"\bwhat (?:does|do|did|will|would)\b[^\n:]*\b(?:return|output|print|evaluate|produce|give)\b",
    r"\b(?:predict|determine|find|give|work out|complete|provide|state) (?:the )?(?:\w+ ){0,3}"
    r"(?:outputs?|results?|value|assert(?:ion)?)\b",
    r"\bthe (?:\w+ )?(?:outputs?|return(?:ed)? value) (?:of|for|when|if|given|from)\b",
    r"\boutput\s*[:=]?\s*\??\s*$",
    r"\bassert [^\n]*==\s*(?:\?+|_{2,}|\.{3}|…)?\s*(?:\n|$)",
)
_CALL = any_of(r"\bwhat (?:does|will|would) `?\w+\([^\n]*\)`? (?:return|output|print|evaluate)")
_ASSERTED = re.compile(r"(?:assert\s+)?[A-Za-z_][\w.]*\(.*\)\s*==\s*(?=\S)", re.S)
_FENCED = re.compile(r"```[\w+-]*[ \t]*\n(.*?)\n?```|(`{1,2})(?!`)(.+?)\2", re.S)
_SET_CALL = re.compile(r"(?:frozen)?set\((.+)\)", re.S)
_WORD = re.compile(r"(?:True|False|None|[-+]?\d[\d_]*(?:\.\d+)?(?:[eE][-+]?\d+)?)(?![\w.]*\w)")
_SAYS = re.compile(
    r"(?:\b(?:is|be|are|returns?|returning|outputs?|prints?|gives|equals|to)\b:?|[=:→])\s+"
)
_WRAPPED = re.compile(r"\\(?:boxed|text\w*|math\w+|verb)\s*\{(.*)\}", re.S)
_OR = re.compile(r"`?,? or [`\d'\"(\[{-]")
_PADDING = " \t\r\n*:#>"
_LONGEST = 2000
_MOST_CUTS = 60


def asks_for_literal(question: str) -> bool:
    """Tell whether a question asks what a piece of Python returns or prints."""
    return bool(_CALL.search(question)) or bool(
        _PYTHON.search(question) and _ASKED_FOR.search(question)
    )


def literal_key(text: str) -> str | None:
    """Return the one spelling of a value of Python, or None for what is no value.

    1 and 1.0 are one value, as in Python; True and 1, a list and a tuple, 'a' and 'A' are not.
    Sets and dicts have no order. JSON's true and null are read as well, and calls (`Counter(…)`)
    by their syntax tree.
    """
    bare = text.strip()
    if not bare or len(bare) > _LONGEST:
        return None
    called = _SET_CALL.fullmatch(bare)
    for source in (bare, bare.replace("\n", "\\n").replace("\t", "\\t")):
        with suppress(ValueError):
            value = literal_value(called[1] if called else source)
            if called and isinstance(value, list | tuple | set):
                return _unordered(map(_written, value))
            return _written(value)
    with suppress(ValueError, RecursionError):
        return _written(json.loads(bare, strict=False))
    with suppress(ValueError):
        tree = parsed_expression(bare)
        return ast.unparse(tree) if isinstance(tree, ast.Call) else None
    return None


def read_literal(text: str) -> str | None:
    """Read a text that is a value, also in backticks or behind `assert f(…) ==`; as its key.

    Words that are no value are a string whose quotation marks were left out.
    """
    bare = text.strip(_PADDING)
    fenced = _FENCED.fullmatch(bare)
    bare = (fenced[1] or fenced[3] or "").strip() if fenced else bare
    bare = _ASSERTED.sub("", bare, count=1)
    while wrapped := _WRAPPED.fullmatch(bare):
        bare = re.sub(r"\\([{}_$%&#])", r"\1", wrapped[1].strip())
    key = literal_key(bare) or literal_key(bare.rstrip("."))
    if key is None and bare[:1] not in "[({'\"" and len(bare) <= _LONGEST:
        key = repr(bare) if bare else None
    return key


def literal_at(text: str) -> str | None:
    """Return the value that a text begins with, as it is written there; None where it does not."""
    bare = text.strip(_PADDING)[:_LONGEST]
    fenced = _FENCED.match(bare)
    if fenced is not None:
        return str(fenced[1] or fenced[3]).strip()
    bare = _ASSERTED.sub("", bare, count=1)
    ends = [place.end() for place in re.finditer(r"[\])}'\"]", bare)]
    for end in (len(bare), *ends[: -_MOST_CUTS - 1 : -1], *ends[:_MOST_CUTS]):
        if literal_key(bare[:end]) is not None:
            return None if _OR.match(bare, end) else bare[:end]
    word = _WORD.match(bare)
    return word[0] if word else None


def concluded_literal(text: str) -> str | None:
    """Return the value that the last line of a reply ends in: in backticks, or after `returns`."""
    blocks = list(_FENCED.finditer(text))
    if blocks and not text[blocks[-1].end() :].strip(_PADDING + ".`"):
        return str(blocks[-1][1] or blocks[-1][3]).strip()
    line = text.strip().rpartition("\n")[2].strip(_PADDING).rstrip(".")
    if literal_key(line) is not None:
        return line
    for said in islice(_SAYS.finditer(line), _MOST_CUTS):
        value = line[said.end() :].strip(_PADDING)
        if literal_key(value) is not None:
            return value
    return None


def literal_value(source: str) -> object:
    """Return the value that a literal of Python stands for. Raises ValueError."""
    try:
        return ast.literal_eval(parsed_expression(source))
    except (TypeError, MemoryError, RecursionError) as error:
        raise ValueError("no literal") from error


def parsed_expression(source: str) -> ast.expr:
    """Parse an expression of Python. Raises ValueError."""
    with warnings.catch_warnings():
        # `'\\d'` is text of a model, not code of ours to be warned about.
        warnings.simplefilter("ignore")
        try:
            return ast.parse(source, mode="eval").body
        except (SyntaxError, MemoryError, RecursionError) as error:
            raise ValueError("no expression") from error


def _written(value: object) -> str:
    match value:
        case float() if value.is_integer():
            return repr(int(value))
        case list():
            return f"[{', '.join(map(_written, value))}]"
        case tuple():
            return f"({''.join(f'{_written(item)}, ' for item in value).rstrip()})"
        case set():
            return _unordered(map(_written, value)) if value else "set()"
        case dict():
            return _unordered(f"{_written(key)}: {_written(value[key])}" for key in value)
    return repr(value)


def _unordered(items: Iterable[str]) -> str:
    return f"{{{', '.join(sorted(set(items)))}}}"
