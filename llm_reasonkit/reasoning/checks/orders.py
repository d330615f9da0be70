"""Find the words of a text that give its reader orders: what to conclude, or what to give away.

A text that is to be examined has no business to tell its examiner the result. The wording of such
orders is open-ended and these patterns know the usual ones only, in English, German and French;
what has to hold whatever the wording (fences, isolation, exact quotes, rules) does not lean on
them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from llm_reasonkit.reasoning.checks.folding import Folded, sentences
from llm_reasonkit.reasoning.checks.outcome import Fact, fact, shortened
from llm_reasonkit.reasoning.checks.passages import Document

_READ_CHARACTERS = 300_000
_SHOWN_AFTER = 40
_PATTERNS = {
    "THING": r"""
claims? quotes? findings? statements? evidence verdicts? pairs? ideas? arguments? behauptung(?:en)?
aussagen? zitate? befunde? affirmations? citations? constats?
""",
    "RESULT": r"""
supported verified confirmed true correct refuted upheld rejected entails? contradicts? valid ship
rethink approved belegt bestatigt wahr gestutzt widerlegt verifie\w* confirme\w* vraie?s? etaye\w*
refute\w*
""",
    "VERB": r"""
mark label classify rate treat report judge declare record return set count consider accept reject
uphold drop dismiss approve markiere\w* bewerte\w* werte stufe verwirf marque[rz]? considere[rz]?
declare[rz]? rejette[rz]? traite[rz]?
""",
    "REMOVE": "reject uphold drop dismiss verwirf rejette[rz]?",
    "ALL": r"every all each any (?:the|alle)\sother alle jeden tou(?:te)?s",
    "IGNORE": r"ignore disregard forget override ignorier\w* vergiss ignorez oubliez?",
    "RULES": r"""
instructions? prompts? rules? above previous earlier anweisungen regeln consignes
""",
    "TELL": r"""
reveal print output repeat leak send include append show write give nenne zeige drucke
revele[rz]? affiche[rz]? envoie
""",
    "PRIVATE": r"""
system\sprompt your\s(?:instructions|prompt|rules) api[\s_-]?keys? secrets? passwords?
environment\svariables? delimiters? fences? systemprompt prompt\ssysteme cle\sapi schlussel
""",
    "MUST": r"must should will have\sto are\sto are\snow",
    "ANSWER": r"""
conclude approve mark find\snothing
(?:answer|reply|respond|say|report|return|agree)\s(?:that|with|only)
""",
    "NOTE": "note message instructions? attention hinweis anweisung avis",
    "READER": r"""
ais? llms? language\smodels? assistants? models? reviewers? judges? verifiers? graders? ki
sprachmodell\w* pruf\w* modeles?
""",
    "CHOOSE": "choose pick prefer select rank rate score mark declare",
    "FIELD": "verdict relation outcome stance urteil",
    "IS": r"is must\sbe to : = lautet est",
    "TO": "to for an fur pour aux?",
    "THE": "the any all die das les?",
    "ROLE": "system im_start inst assistant",
}
_ORDERS = re.compile(
    "|".join(
        re.sub(
            "[A-Z]{2,}", lambda name: f"(?:{'|'.join(_PATTERNS[name.group()].split())})", pattern
        )
        for pattern in (
            r"\bIGNORE\b[^.!?]{0,40}\bRULES\b",
            r"(?:^|[\[<|#\n*-])\s*/?ROLE\b\s*(?:\||\]|>|:|message|note)",
            r"\bVERB\b[^.!?]{0,30}\bTHING\b[^.!?]{0,80}\bRESULT\b",
            r"\bFIELD\b\W{0,3}IS\W{0,3}RESULT\b",
            r"\bREMOVE\b ALL\b[^.!?]{0,20}\bTHING\b",
            r"\bTELL\b[^.!?]{0,40}\bPRIVATE\b",
            r"\byou MUST\b (?:now )?ANSWER\b",
            r"\bNOTE\b,? ?(?:TO )?(?:THE )?READER\b",
            r"\byour (?:new|real|only) task\b",
            r"\b(?:end|begin|start) your (?:answer|reply) with\b",
            r"\b(?:answer|reply|say|respond)\b[^.!?]{0,20}\bfor ALL THING\b",
            r"\bsay that there (?:is|are) no\b",
            r"\btreat\b[^.!?]{0,20}\b(?:answer|reply|text) as\b",
            r"\bCHOOSE\b[^.!?]{0,15}\b(?:this|my|the (?:first|second)) (?:answer|reply)\b",
            r"\bmy (?:answer|reply) (?:is|must be) (?:the )?best\b",
        )
    ),
    re.IGNORECASE,
)


class Order(NamedTuple):
    """Where a document gives its reader an order, and the words in which it does."""

    document: str
    start: int
    words: str


def first_order(text: str) -> str:
    """Return the first order in a text, with some of what follows, or an empty string."""
    start, end = _first_span(text)
    last = end + _SHOWN_AFTER
    if not end or last >= len(text):
        return shortened(text[start:last]) if end else ""
    # Whole words, where the order itself is not cut by that.
    return shortened(text[start : max(end, text.rfind(" ", end, last))] + "…")


def without_orders(text: str) -> str:
    """Return a text without the sentences in which it gives its reader orders."""
    found = list(_spans(text))
    whole = sentences(text) if found else []
    kept, place = [], 0
    for start, end in found:
        touched = [span for span in whole if span[0] < end and start < span[1]]
        kept.append(text[place : max(place, min(start, *(first for first, _ in touched)))])
        place = max(place, end, *(last for _, last in touched))
    return "".join(kept) + text[place:]


def orders_among(places: Sequence[Document]) -> list[Order]:
    """Return the first order of each document that gives any."""
    found = []
    for place in places:
        text = place.folded.original
        start, end = _first_span(text)
        if end:
            found.append(Order(place.id, start, text[start:end]))
    return found


def facts_about(orders: Sequence[Order]) -> list[Fact]:
    """State for each document that gives orders that it does."""
    return [
        fact(f"{order.document} gives its reader no orders", False, f"it says “{order.words}”")
        for order in orders
    ]


def _first_span(text: str) -> tuple[int, int]:
    return next(_spans(text), (0, 0))


def _spans(text: str) -> Iterator[tuple[int, int]]:
    folded = Folded(text[:_READ_CHARACTERS])
    if folded.text.isascii():
        for match in _ORDERS.finditer(folded.text):
            yield folded.span_in_original(*match.span())
        return
    kept = [n for n, c in enumerate(folded.text) if not unicodedata.combining(c)]
    for match in _ORDERS.finditer("".join(folded.text[n] for n in kept)):
        yield folded.span_in_original(kept[match.start()], kept[match.end() - 1] + 1)
