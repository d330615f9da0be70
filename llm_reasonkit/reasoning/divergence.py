"""Where a dissenting reply first parts from the one that won."""

from __future__ import annotations

from llm_reasonkit.reasoning.answers import Answer
from llm_reasonkit.reasoning.answers.replies import visible
from llm_reasonkit.reasoning.checks.folding import sentences, words
from llm_reasonkit.reasoning.checks.outcome import shortened
from llm_reasonkit.reasoning.checks.similarity import Fingerprint, share_of_words_in

_READ_SENTENCES = 200
# From here on two sentences speak of the same thing, so that a contradiction is one.
_ALIKE = 0.6
_SHOWN_CHARACTERS = 200


def first_divergence(leading: str, dissenting: str) -> str:
    """Return the first sentence of the dissenting reply that contradicts the leading one.

    That is one that differs in a number, a negation or a direction from the likest sentence there,
    or names a number that the leading reply does not; else its last. Empty for an empty reply.
    """
    here, there = _sentences(visible(dissenting)), _sentences(visible(leading))
    known = {word for word in words(visible(leading)) if word.isdigit()}
    for sentence in here:
        said = Fingerprint.of(sentence)
        alike, near = max(((_shared(sentence, other), other) for other in there), default=(0.0, ""))
        if alike >= _ALIKE:
            differs = said.contradicts(Fingerprint.of(near))
        else:
            differs = not said.numbers <= known
        if differs:
            return shortened(sentence, _SHOWN_CHARACTERS)
    return shortened(here[-1], _SHOWN_CHARACTERS) if here else ""


def first_field_apart(leading: Answer, dissenting: Answer) -> str:
    """Return the first field of a JSON answer, by name, that the leading one does not have so."""
    known = {field.name: field.key for field in leading.items}
    apart = (each for each in dissenting.items if known.get(each.name) != each.key)
    first = next(apart, None)
    return "" if first is None else shortened(f"{first.name}: {first.text}", _SHOWN_CHARACTERS)


def _shared(text: str, other: str) -> float:
    return share_of_words_in(text, other) or 0.0


def _sentences(text: str) -> list[str]:
    spans = sentences(text)[:_READ_SENTENCES]
    return [text[start:end].strip() for start, end in spans]
