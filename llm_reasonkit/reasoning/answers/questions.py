"""Find in a question's own words what kind of answer it asks for."""

from __future__ import annotations

import re
from collections.abc import Sequence

from llm_reasonkit.reasoning.answers.choices import LETTERS, options_in
from llm_reasonkit.reasoning.answers.form import AnswerForm, Kind
from llm_reasonkit.reasoning.answers.literals import asks_for_literal
from llm_reasonkit.reasoning.answers.patterns import any_of
from llm_reasonkit.reasoning.answers.texts import blank_abbreviations, polarity
from llm_reasonkit.reasoning.checks.folding import words
from llm_reasonkit.reasoning.checks.languages import stem
from llm_reasonkit.reasoning.checks.wordlists import STOP_WORDS
from llm_reasonkit.reasoning.units import PERCENT, Unit, money_sign, unit_of

_AUXILIARY = "|".join(
    [
        "is",
        "are",
        "was",
        "were",
        "am",
        "do",
        "does",
        "did",
        "can",
        "could",
        "will",
        "would",
        "should",
        "shall",
        "has",
        "have",
        "had",
        "may",
        "might",
        "must",
        "isn't",
        "aren't",
        "doesn't",
        "don't",
        "didn't",
        "can't",
        "won't",
    ]
)
_QUANTITY = "|".join(
    [
        "number",
        "total",
        "sum",
        "product",
        "difference",
        "average",
        "mean",
        "median",
        "probability",
        "fraction",
        "proportion",
        "chance",
        "likelihood",
        "percentage",
        "percent",
        "value",
        "area",
        "volume",
        "perimeter",
        "length",
        "distance",
        "cost",
        "price",
        "ratio",
        "remainder",
        "amount",
        "speed",
        "age",
        "size",
        "angle",
        "radius",
        "height",
        "width",
        "weight",
        "population",
        "profit",
        "root",
        "score",
        "balance",
        "bill",
        "salary",
        "pension",
        "proceeds",
        "grade",
        "rate",
        "depth",
        "charge",
        "capacity",
        "production",
        "temperature",
        "count",
        "thickness",
        "result",
        "(?:boiling|melting|freezing) point",
    ]
)


_HOW_MANY = any_of(
    r"\bhow (?:many|much|far|long|old|tall|fast|big|large|high|deep|heavy|often|wide)\b",
    r"\bcombien\b|\bwie ?(?:viele?|lange?|hoch|alt|weit|groß|teuer)\b",
    r"\bcu[áa]nt[oa]s?\b|\bquant[oiae]s?\b|\bсколько\b|\b\w{0,3}ngapi\b",
    r"多少|几[个岁人天年次本]?|いくつ|何[人個本枚円日年歳回時分匹冊台km]|いくら|কত|ఎన్ని|ఎంత|เท่าไ|กี่|كم",
)
_NUMBER = any_of(
    rf"\bwhat(?:'s|’s)?\b.{{0,60}}\b(?:{_QUANTITY})s?\b",
    rf"\bfind (?:the )?(?:\w+ )?(?:{_QUANTITY})\b",
    r"\b(?:calculate|compute|evaluate|estimate|solve for)\b|^convert\b.*\d",
    r"\bwhat(?:'s| is)\s+[-\d(√\\$]",
)
# Nothing but a sum: `17 * 23?`, `15% of 80 = ?`, also after `what is` and the like.
_SUM = re.compile(
    r"(?:(?:what(?:'s|’s| is)|how much is|calculate|compute|evaluate)\s+)?"
    r"((?:sqrt|of\b|[-+−√$€£\d.,()*/^×·⋅÷%!\s]|(?<=\d)\s*x\s*(?=\d))+?)[\s=?.]*",
    re.IGNORECASE,
)
# What is asked for is no number, however many there are in the question.
_NO_NUMBER = any_of(
    r"\bwhat (?:should|would you|do you|kind|type|sort|day|month|colou?r|shape|word|letter|name)\b"
)
_FORMULA = any_of(
    r"\b(?:integral|derivative|antiderivative|matri(?:x|ces)|vectors?|intervals?|polynomials?)\b",
    r"\bin terms of\b|\bcomplex number\b",
)
_DIFFERENCE = any_of(r"\bdifferences? between\b")
_YES_NO = any_of(
    rf"^(?!was (?:ist|sind|war)\b)(?:{_AUXILIARY})\s+(?!.*\bor\b(?!\s+(?:not|no)\b)).*\?$",
    rf",\s*(?:{_AUXILIARY})\s+(?:you|it|he|she|they|we|the|this|that|there|i)\b(?!.*\bor\b).*\?$",
    r"\b(?:yes[ /]+(?:or[ /]+)?no|true[ /]+or[ /]+false)\b",
    r"^(?:est-ce que|ist|sind|hat|kann|war|darf|soll|stimmt)\s.*\?$",
    r"^¿?(?:es|son|est[áa]|puede|hay)\s.*\?$",
    r"options:\s*-\s*(?:yes|true)\s+-\s*(?:no|false)\s*$",
)
_DATE = any_of(
    r"\b(?:what|which) (?:is the |was the |exact )*(?:date|day of the month)\b|\bthe date\b.*\?$",
    r"\bon (?:what|which) (?:date|day\b(?! of the week))\b|^when (?:was|is|did|will|were|does)\b",
    r"\bquelle date\b|\bwelche[sm] datum\b|\bqu[ée] fecha\b",
)
_DATE_PATTERN = any_of(r"\b(?:mm/dd/yyyy|dd/mm/yyyy|yyyy-mm-dd)\b")
_CODE = any_of(
    r"(?:^|[.?!:\n]\s*|\bplease |\byou )(?:write|implement|complete(?! (?:the|this) assert)|fix"
    r"|refactor|code|give me)\b.{0,60}\b(?:function|program|script|class|regex|regular expression"
    r"|sql|query|one-liner|code|method|snippet)\b"
)
_LIST = any_of(
    r"^(?:please )?(?:list|name|enumerate|give(?: me)?|state) (?:the|all|any|every|some|two|three"
    r"|four|five|six|seven|eight|nine|ten|\d+)\b",
    r"\b(?:what|which) are (?:the|all|two|three|four|five|\d+)\b|\bfind all\b|\bsort\b",
)
_ORDERED = any_of(
    r"\bin (?:\w+ )?order\b|\bsort(?:ed)?\b|\bsequence\b|\brank(?:ed|ing)?\b|\bchronological",
    r"\bsteps?\b|\bfirst to last\b",
)
_SHORT = any_of(
    r"^(?:who|whom|whose|where|which)\b",
    r"\b(?:what|which) (?:\w+ ){1,4}(?:is|was|did|does|has|won)\b",
    r"\bwhat(?:'s| is| was| are| were) the (?:\w+ ){0,3}(?:name|capital|word|title|term|currency"
    r"|colou?r|language|letter|symbol|formula|largest|smallest|tallest|longest|first|last|author"
    r"|opposite)\b",
    r"^(?:the )?(?:capital|author|currency|inventor|symbol) of\b|\bstands? for\b|^translate\b",
    r"\bin one word\b|\bone (?:word|name|term)\b|\bname of\b|\bconcatenate\b",
    r"\b(?:simplify|factor|express|find|solve|expand|evaluate|compute|calculate|determine)\b",
)
# Two alternatives at the end: `does demand increase or decrease?`
_EITHER = any_of(
    r"^(?:is|are|was|were|do|does|did|has|have|will)\b.*\w or (?:an? |the )?[\w-]+\s*\?$"
)
_PROSE = any_of(
    r"^(?:explain|describe|why|discuss|compare|summari[sz]e)\b", r"^should\b.*\band why\b"
)
_REASONS = any_of(r"\band why\b")
_SHARE = any_of(
    r"\b(?:probability|chance|likelihood|odds|fraction|proportion|share|portion|ratio)\b"
)
_PERCENT = any_of(
    r"\bpourcentage\b|\bprozent(?:satz)?\b|\bporcentaje\b|\bpercentuale\b|\bporcentagem\b",
    r"\b(?:what|which|the|a|as|in|how many|final|overall) (?:\w+ )?per ?cent(?:age)?\b",
)
_ASKED_UNIT = any_of(
    r"\b(?:how many\s+(?:more |fewer |less |total |additional |extra )?|combien d(?:e |['’])"
    r"|wie ?viele? |cu[áa]nt[oa]s |quant[ie] )([\w ]+)",
    r"\b(?:in|to)\s+((?:US )?[a-z€$£¥²³/^]+(?: per [a-z]+| [a-z]+)?)\b",
)
_MONEY = any_of(
    r"\bhow much\b|\b(?:cost|price|profit|money|revenue|earn\w*|pay|paid|spen[dt]\w*|salary|wages?"
    r"|savings?|bill)\b"
)
# What is asked, and its options, stand at the end.
_LONGEST = 8000
_LONGEST_SUM = 200
_SIGN = re.compile(r"[$€£¥₹₽₩]")
# Possessive, and from the beginning of a sentence only, so that no text can make this slow.
_SENTENCE = re.compile(r"(?<![^.?!。？！\n])[^.?!。？！\n]*+(?:\.\d[^.?!。？！\n]*+)*+[?？]")


def form_of(question: str, kind: Kind | None = None, choices: Sequence[str] = ()) -> AnswerForm:
    """Return the form of the answers to a question.

    A kind or choices that are given settle it; else it is read from the question's own words, and
    is `text` where they do not show it.
    """
    found = kind is None and not choices
    question = "\n".join(line for line in question.splitlines() if line.strip())[-_LONGEST:]
    letters, texts = _options(question, choices) if kind in (None, "choice") else ((), ())
    if {polarity(text) for text in texts} == {"yes", "no"}:
        letters, texts, kind = (), (), kind or "yes-no"
    asked = _asked(question)
    literal = kind in (None, "text") and not letters and _is_literal(asked, question)
    if kind is None:
        kind = "choice" if letters else "text" if literal else _kind_of(asked, question)
    return AnswerForm(
        kind=kind,
        choices=texts,
        letters=letters or (LETTERS if kind == "choice" else ()),
        unit=_unit(asked, question) if kind in ("number", "text") else None,
        share=bool(_SHARE.search(asked)),
        ordered=bool(_ORDERED.search(question)),
        predicate=_predicate(asked) if kind == "yes-no" else frozenset(),
        day_first=_day_first(question.lower()),
        is_open=found and kind == "text" and not literal and _wants_prose(asked),
        term=_sum_in(question),
        found=found,
        literal=literal,
        asked=asked if kind in ("number", "text", "yes-no") else "",
    )


def _is_literal(asked: str, question: str) -> bool:
    """Tell whether a value of Python is asked for, not whether or how often something is in it."""
    other = any(pattern.search(asked) for pattern in (_PROSE, _YES_NO, _HOW_MANY))
    return asks_for_literal(question) and not other and not _CODE.search(question)


def _wants_prose(asked: str) -> bool:
    is_short = _SHORT.search(asked) or _EITHER.search(asked)
    return not is_short or bool(_REASONS.search(asked))


def _options(question: str, choices: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    if not choices:
        return options_in(question)
    letters = LETTERS[: len(choices)]
    if tuple(choice.strip().upper() for choice in choices) == letters:
        there = dict(zip(*options_in(question), strict=True))
        return letters, tuple(there.get(letter, "") for letter in letters)
    return letters, tuple(choices)


def _asked(question: str) -> str:
    """Return the sentence that asks: the last with a question mark, else the whole question."""
    asking = [match.span() for match in _SENTENCE.finditer(blank_abbreviations(question))]
    return (question[slice(*asking[-1])] if asking else question).strip()


def _sum_in(question: str) -> str:
    """Return the sum that is all that a question asks for, as written; empty where it is not."""
    found = _SUM.fullmatch(question.strip()) if len(question) <= _LONGEST_SUM else None
    return found[1].strip() if found and re.search(r"\d", found[1]) else ""


def _kind_of(asked: str, question: str) -> Kind:
    if _CODE.search(question):
        return "code"
    if _sum_in(question):
        return "number"
    if _DATE.search(asked) or _DATE_PATTERN.search(question):
        return "date"
    has_figures = re.search(r"\d", question)
    if _PROSE.search(asked) or (_DIFFERENCE.search(asked) and not has_figures):
        return "text"
    if "interval notation" in question or (_FORMULA.search(asked) and not _HOW_MANY.search(asked)):
        return "text"
    if _HOW_MANY.search(asked) or _PERCENT.search(asked):
        return "number"
    if _YES_NO.search(asked) or _YES_NO.search(question.strip()):
        return "yes-no"
    if _LIST.search(asked):
        return "list"
    # A problem with numbers in it that asks `what …` asks for one more.
    if _NUMBER.search(asked) or (
        re.search(r"\bwhat\b", asked, re.I)
        and not _NO_NUMBER.search(asked)
        and len(re.findall(r"\d+", question)) >= 2
    ):
        return "number"
    return "text"


def _unit(asked: str, question: str) -> Unit | None:
    """Return what a bare number stands for, where the question leaves no doubt."""
    if _PERCENT.search(asked):
        return PERCENT
    for match in _ASKED_UNIT.finditer(asked):
        unit, _ = unit_of(" ".join((match[1] or match[2]).split()[:4]))
        if unit is not None and unit.name.startswith("pound") and _MONEY.search(asked):
            return money_sign("£")
        if unit is not None and (match[1] or len(match[2].split()[0]) > 1):
            return unit
    signs = set(_SIGN.findall(question))
    return money_sign(signs.pop()) if len(signs) == 1 and _MONEY.search(asked) else None


def _predicate(asked: str) -> frozenset[str]:
    """Return what a yes-no question asks, as stems: `do you return to the start?` return, start."""
    clause = re.split(rf"\b(?:{_AUXILIARY})\b", asked, flags=re.IGNORECASE)[-1]
    content = [stem(word) for word in words(clause) if word not in STOP_WORDS]
    return frozenset(content) if len(content) >= 2 else frozenset()


def _day_first(question: str) -> bool | None:
    if "dd/mm" in question:
        return True
    return False if "mm/dd" in question else None
