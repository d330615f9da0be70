"""Open answers, claim by claim: who supports what, and where a synthesis has each sentence from.

Answers in prose are not voted on. A model lists the claims of the answers and says, for each
member, whether its answer supports, contradicts or leaves out the claim; code counts, and checks
that the synthesis says nothing that no member said.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from llm_reasonkit.reasoning.checks.folding import says_something, sentences
from llm_reasonkit.reasoning.checks.similarity import Fingerprint, share_of_words_in

Stance = Literal["supports", "contradicts", "silent"]
Standing = Literal["agreed", "contested", "single", "partial"]

_CITED = re.compile(r"(?<!\s)\s*\[\s*([\w.-]+(?:\s*[,;]\s*[\w.-]+)*)\s*\]")
_ALIKE = 0.3


@dataclass(frozen=True, slots=True)
class Claim:
    """One statement of the answers: its id, given by code, and its words."""

    id: str
    text: str


@dataclass(frozen=True, slots=True)
class ClaimRow:
    """Where the members stand on a claim; each list holds their names, sorted.

    standing: `agreed` (all support it), `contested` (someone contradicts it), `single` (one member
    only), `partial` (several support it, the others are silent).
    """

    claim: Claim
    supports: tuple[str, ...]
    contradicts: tuple[str, ...]
    silent: tuple[str, ...]

    @property
    def standing(self) -> Standing:
        """How the panel as a whole stands on the claim."""
        if self.contradicts:
            return "contested"
        if len(self.supports) == 1:
            return "single"
        return "partial" if self.silent else "agreed"


@dataclass(frozen=True, slots=True)
class Traced:
    """A sentence of a synthesis and the claims it rests on; without any it was introduced."""

    sentence: str
    claims: tuple[str, ...]
    reason: str = ""

    @property
    def is_introduced(self) -> bool:
        """Whether no member said it."""
        return not self.claims


def matrix(
    claims: Sequence[Claim], members: Sequence[str], stances: Mapping[tuple[str, str], Stance]
) -> list[ClaimRow]:
    """Lay out who stands where on each claim that someone makes, in the order of the claims.

    stances: by claim id and member; what is missing is silence.
    """
    rows = []
    for claim in claims:
        found: dict[Stance, list[str]] = {"supports": [], "contradicts": [], "silent": []}
        for member in sorted(members):
            found[stances.get((claim.id, member), "silent")].append(member)
        if found["supports"]:
            rows.append(ClaimRow(claim, *(tuple(side) for side in found.values())))
    return rows


def trace(synthesis: str, rows: Sequence[ClaimRow]) -> list[Traced]:
    """Find for each sentence of a synthesis the claims that it rests on.

    A sentence names them (`[c1]`, `[c2, c3]`); that is held against their words: it has to speak
    of the same, and no claim it names may contradict it. A sentence that names none rests on the
    claims that say the same. Of a contested claim both sides are members': to deny it is no news.
    """
    known = {row.claim.id: row for row in rows}
    traced = []
    for start, end in sentences(synthesis):
        cited = [
            i for ids in _CITED.findall(synthesis[start:end]) for i in re.split(r"\s*[,;]\s*", ids)
        ]
        sentence = " ".join(_CITED.sub("", synthesis[start:end]).split())
        if says_something(sentence):
            traced.append(_traced(sentence, cited, known))
    return traced


def _traced(sentence: str, cited: Sequence[str], known: Mapping[str, ClaimRow]) -> Traced:
    said = Fingerprint.of(sentence)
    if not cited:
        same = [
            i for i, row in known.items() if said.says_the_same_as(Fingerprint.of(row.claim.text))
        ]
        return Traced(sentence, tuple(same), "" if same else "no member's claim says it")
    unknown = [ident for ident in cited if ident not in known]
    if unknown:
        return Traced(sentence, (), f"there is no claim {', '.join(unknown)}")
    named = [known[ident].claim.text for ident in cited]
    numbers = frozenset().union(*(Fingerprint.of(text).numbers for text in named))
    if said.numbers - numbers:
        new = ", ".join(sorted(said.numbers - numbers))
        return Traced(sentence, (), f"{new} is in no claim that it names")
    if (share_of_words_in(sentence, " ".join(named)) or 0.0) < _ALIKE:
        return Traced(sentence, (), "it speaks of something else than the claims it names")
    agreed = not known[cited[0]].contradicts
    if len(named) == 1 and agreed and said.contradicts(Fingerprint.of(named[0])):
        return Traced(sentence, (), "it contradicts the claim it names")
    return Traced(sentence, tuple(cited))
