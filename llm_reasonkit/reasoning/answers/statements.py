"""Where a reply says what its answer is, in many languages, and what stands there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from llm_reasonkit.reasoning.answers.latex import boxed
from llm_reasonkit.reasoning.answers.patterns import any_of, words_of

_IS = r"is|are|would be|should be|must be|will be|seems to be|appears to be|therefore|thus"
_PRAISE = words_of(
    "final correct right best true overall closest appropriate resulting suitable likely end"
)
_WHOSE = words_of("to for from among of in that which based given here provided available listed")
# How an answer is called in other languages, and what stands between it and the answer.
_ELSEWHERE = (
    ("antwort|lösung|ergebnis", "ist|lautet|beträgt"),
    ("réponse(?: finale| correcte| exacte)?", "est|serait"),
    ("respuesta(?: final| correcta)?", "es|sería"),
    ("risposta(?: finale| corretta| esatta)?", "è|sarebbe"),
    ("resposta(?: final| correta)?", "é|seria"),
    ("antwoord", "is"),
    ("ответ", "—|–|-|это|равен"),
    ("答案|答", "应该是|应为|是|为|為|选|選"),
    ("答え|答|解答|正解|回答", "は"),
    ("정답|답", "은|는"),
    ("jibu(?: la mwisho| sahihi)?", "ni"),
    ("उत्तर|जवाब", "है"),
    ("উত্তরটি|উত্তর", "হলো|হল|হবে"),
    ("คำตอบ(?:สุดท้าย|ที่ถูกต้อง)?", "คือ"),
    ("సమాధానం", r"(?=\d)"),
    ("(?:الجواب|الإجابة)(?: الصحيحة| الصحيح| النهائية)?", "هو|هي"),
    ("cevap|odpowiedzią|odpowiedź", "jest|to"),
)
# the correct answer is; the best option would be; final answer:
_THE_BEST = (
    rf"(?:{_PRAISE})[ -]*(?:\w+ )?(?:answers?|options?|choices?|statements?|conclusion|response"
    rf"|result|letter|one)(?:\*\*)? *(?:(?:{_WHOSE})\b[^.:\n]{{0,80}}?)? *"
    rf"(?:\b(?:{_IS})\b|=|→|->|—|(?=[:：]|\s*\n))"
)
# the answer is; answer:; the answer to the question is
_THE_ANSWER = (
    r"(?:answers?|solutions?)(?: choice| option| key)?[*}]* *"
    r"(?:(?:to|for|of|in) (?:the|this|your|that|which)\b[^.:\n]{0,80}?)? *"
    rf"(?:\b(?:{_IS})\b|→|->|(?=[:：=]|\s*\n))"
)
# this corresponds to option; matches the choice
_POINTS = (
    r"(?<!not )(?<!n't )(?:(?:corresponds?|corresponding) to|match(?:es|ing)?|agrees? with"
    r"|(?:this|that|which) is) (?:the )?(?:answer )?(?:option|choice)\b(?= ?\W{0,3}[A-Z\d]\b)"
)
# closest to (B); I would choose option B
_PICKS = (
    r"(?:\bclosest(?: (?:one|value|match))?,? *(?:is|to|would be)|\bI(?: would| will|['’]d| must"
    r"| have to)? (?:choose|pick|select|go with))(?: the)?(?: (?:answer|option|choice|letter))?\b"
    r"(?=\W{1,4}(?-i:[A-Z])\b)"
)
_SAYS = "|".join(
    (
        _THE_BEST,
        _THE_ANSWER,
        _POINTS,
        _PICKS,
        *(
            rf"(?:{name})(?:\*\*)? *(?:(?:{verbs})(?!(?-i:[a-z]))|(?=[:：]))"
            for name, verbs in _ELSEWHERE
        ),
    )
)
_MARK = re.compile(
    rf"(?<![a-z\u00df-\u024f\u0400-\u04ff])(?:{_SAYS})|^ *####(?=\s*\S)",
    re.IGNORECASE | re.MULTILINE,
)
_PLURAL = any_of(rf"(?:(?!\b(?:{_WHOSE})\b).)*(?:answer|option|choice|statement|solution)s\b")
_FINAL = any_of(
    "final", "correct", "right", "####", "richtig", "最终", "正确", "最終", "окончательн"
)
_REVISES = any_of(
    r"\b(?:wait|actually|however|but|sorry|instead|let me|hmm|incorrect|wrong|step|part|error)\b",
    r"\bno,|\bcorrect(?:ed|ion|ing)\b|\b(?:mistake|apolog|revis|update|double-check)\w*",
    r"\bre-?(?:check|consider|evaluat|calculat|examin|think)\w*",
)
_HYPOTHETICAL = any_of(
    r"\b(?:if|whether|suppose|assum\w*|check|verify|unless|not sure|wonder|what|how|why|hints?"
    r"|wrong|incorrect|another|other|each|every|any|down|through)\s+(?:that\s+)?"
    r"(?:the |this |a |an |our |my )?(?:\w+ )?$",
    r"\b(?:is|are|as|not) an? (?:\w+ )?$",
)
_DENIED = any_of(
    r"[\s*(]*(?:not\b|n't|neither|none of|nothing|wrong|incorrect|unclear|unknown|n/a\b)"
)
# `9, which is not among the options`
_NOT_THERE = any_of(
    r"(?!\W*(?-i:[A-Z])\b)[^.]*(?:\.\d[^.]*)*\b(?:not|n't) "
    r"(?:in|on|listed|among|one of|available)\b[^.]*\b(?:options|choices|list)\b"
)
# Bounds on what a hostile reply can make us do.
_MOST = 40
_LONGEST = 1000
_PADDING = " \t:：=*_#>\"'`“”-–—\\[]$|.…"


@dataclass(frozen=True, slots=True)
class Statement:
    """A place where a reply says its answer: where it stands, and the text that holds it.

    whole: the text is the answer and nothing but it (as in a box). following: the lines after it.
    denies: it says that there is none (`the answer is not among the options`). final: it is said to
    be the final or correct one.
    """

    place: int
    text: str
    whole: bool = False
    following: str = ""
    denies: bool = False
    final: bool = False


def statements(text: str, *, several: bool = False) -> list[Statement]:
    """Return the places where a reply says what its answer is, in order.

    several: also read `the answers are`.
    """
    found = [Statement(place, inside, whole=True, final=True) for place, inside in boxed(text)]
    found += _marked(text, several)
    found.sort(key=lambda statement: statement.place)
    return found if len(found) <= _MOST else [*found[: _MOST // 2], *found[-_MOST // 2 :]]


def revises(text: str) -> bool:
    """Tell whether a stretch between two statements takes the first one back, or is a step on."""
    return bool(_REVISES.search(text))


def _marked(text: str, several: bool) -> Iterator[Statement]:
    for mark in _MARK.finditer(text):
        before = text[max(0, mark.start() - 40) : mark.start()].rpartition("\n")[2]
        plural = _PLURAL.match(mark[0]) is not None
        if _HYPOTHETICAL.search(before) or (plural and not several):
            continue
        line, _, after = text[mark.end() : mark.end() + _LONGEST].partition("\n")
        # `Answer:` as a heading: the answer is what comes next.
        while after.strip() and not line.strip(_PADDING):
            line, _, after = after.lstrip("\n").partition("\n")
        if not line.strip(_PADDING):
            continue
        denies = bool(_DENIED.match(text, mark.end()) or _NOT_THERE.match(line))
        yield Statement(
            mark.end(),
            line.strip(),
            following=after,
            denies=denies,
            final=bool(_FINAL.search(mark[0])),
        )
