"""Read a short text by a grammar, and say in plain words where it leaves it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lark import Lark, Token, Tree


class NotReadable(ValueError):
    """A text does not follow its grammar; the message names the place and what it expects."""


@lru_cache(maxsize=8)
def _parser(grammar: str) -> Lark:
    # Most commands never parse anything.
    from lark import Lark

    return Lark(grammar, parser="lalr")


def read(grammar: str, text: str, names: Mapping[str, str], most_characters: int) -> Tree[Token]:
    """Parse a text by a LALR(1) grammar in Lark's notation, whose first rule is `start`.

    names: what a reader calls the grammar's terminals, in the order to list them.
    Raises NotReadable.
    """
    from lark.exceptions import UnexpectedCharacters, UnexpectedToken

    if len(text) > most_characters:
        raise NotReadable(f"it is longer than {most_characters} characters")
    try:
        return _parser(grammar).parse(text)
    except UnexpectedCharacters as error:
        place, wanted = error.pos_in_stream or 0, error.allowed
    except UnexpectedToken as error:
        place = len(text) if error.token.type == "$END" else error.pos_in_stream or 0
        wanted = error.accepts
    rest = text[place:].split(maxsplit=1)
    what = f"character {place + 1}: unexpected {rest[0][:20]!r}" if rest else "it ends too early"
    expected = ", ".join(dict.fromkeys(names[name] for name in names if name in (wanted or ())))
    raise NotReadable(f"{what}; expected {expected}")
