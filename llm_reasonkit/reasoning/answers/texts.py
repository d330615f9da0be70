"""Short texts made comparable, yes and no in many languages."""

from __future__ import annotations

import re
import unicodedata

from llm_reasonkit.reasoning.answers.latex import plain
from llm_reasonkit.reasoning.checks.folding import fold
from llm_reasonkit.reasoning.checks.wordlists import STOP_WORDS

_YES = (
    "yes yeah yep true correct ja oui sí si sim да はい 是 是的 对 正确 हाँ हां ndiyo হ্যাঁ evet tak "
    "ใช่ అవును 예 네 نعم"
)
_NO = (
    "no nope false incorrect nein non não nao нет いいえ 否 不 不是 错误 नहीं hapana না hayır nie "
    "ไม่ ไม่ใช่ కాదు 아니요 아니오 لا"
)
_POLARITY = {
    fold(word): side for side, said in (("yes", _YES), ("no", _NO)) for word in said.split()
}
_ENDS = " \t\n.,;:!?。！？、*_`\"'"
_ARTICLE = re.compile(r"(?:the|an?)\s+(?=\S)")
_GROUPED = re.compile(r"(?<![\d.,])\d{1,3}(?:,\d{3})+(?![\d,])")
_LATIN_END = "\u0250"
# After an initial, these begin a sentence (`vitamin C. It …`); other words go on with the name.
_OPENERS = "|".join(
    word.title()
    for word in (*STOP_WORDS, "because", "since", "therefore", "thus", "however", "although", "no")
)
_ABBREVIATED = re.compile(
    r"\b(?:Mrs?|Ms|Drs?|Prof|Mt|Gen|Capt|Lt|Rev|Sen|Gov|vs|approx|cf|e\.g|i\.e)\."
    r"|\b(?:Nos?|Nr|Vol|Fig)\.(?=[ \t]*\d)"
    r"|(?<![\w°])(?<!\d )(?:[A-ZÀ-ÖØ-ÞА-Я]|St|Jr|Sr|Bros|Inc|Co)\."
    rf"(?=[ \t]*(?!(?:{_OPENERS})\b(?!\.))[^\W\d_])"
)


def text_key(text: str) -> str:
    """Return the form in which short texts are compared.

    Case, white space, quotation marks, a leading article, accents, hyphens between words and the
    point at the end do not matter; digits, signs, symbols and the order of words do.
    """
    key = fold(plain(text)).casefold().strip(_ENDS)
    key = _ARTICLE.sub("", key, count=1) if _ARTICLE.match(key) else key
    key = _GROUPED.sub(lambda number: number[0].replace(",", ""), key)
    key = re.sub(r"(?<=[^\W\d_])-(?=[^\W\d_])|[,;]\s|\s+", " ", key)
    return " ".join(_without_accents(key).split())


def blank_abbreviations(text: str) -> str:
    """Return a text with spaces for the points that end no sentence: `Dr. X`, `J. Y`, `U.S. Z`.

    It is as long as before, so that places found in it hold for the text itself.
    """
    return _ABBREVIATED.sub(lambda found: found[0].replace(".", " "), text)


def _without_accents(text: str) -> str:
    """Drop accents from Latin letters; in other scripts such marks are letters."""
    if text.isascii():
        return text
    kept: list[str] = []
    for character in unicodedata.normalize("NFD", text):
        if not (unicodedata.combining(character) and kept and kept[-1] < _LATIN_END):
            kept.append(character)
    return unicodedata.normalize("NFC", "".join(kept))


def polarity(text: str) -> str | None:
    """Return `yes` or `no` for a text that is just that, None for any other."""
    return _POLARITY.get(fold(plain(text)).casefold().strip(_ENDS + "()[]"))


def leading_polarity(text: str) -> str | None:
    """Return `yes` or `no` where a text begins with it as a word of its own (`No, because …`)."""
    head = re.match(r"[\s*_`\"'(\[]*([^\W\d_]+)\s*[)\]*_`\"']*\s*(?:[.,;:!。，、—–\n-]|$)", text)
    return _POLARITY.get(fold(head[1]).casefold()) if head else None
