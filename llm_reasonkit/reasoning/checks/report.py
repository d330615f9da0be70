"""What ProofGuard answers: written by code from the verdicts, so that no model can word them
otherwise, with a statement that says only what is supported, where a model wrote one that does."""

from __future__ import annotations

from collections.abc import Mapping

from llm_reasonkit.reasoning.checks.figures import figures_asserted, figures_given
from llm_reasonkit.reasoning.checks.folding import sentences
from llm_reasonkit.reasoning.checks.names import Usage, names_lacking
from llm_reasonkit.reasoning.checks.outcome import Fact, Outcome, Row, fact, listed, rows, text_of
from llm_reasonkit.reasoning.checks.passages import Document
from llm_reasonkit.reasoning.checks.similarity import share_of_words_in

_HEADINGS = {
    "supported": "Supported by the texts given",
    "refuted": "Refuted by the texts given",
    "conflicting": "The texts given contradict each other",
    "no_evidence": "No evidence in the texts given",
    "unverified": "Not verified",
    "not_checkable": "Opinions, which no source could settle",
}
# Of the words of a sentence that carry meaning, those that the claims have to share.
_SHARED_FROM = 0.5


def report(
    claims: object, has_sources: object, rewriting: object = None, sources: object = None
) -> Outcome:
    """Write down the verdicts, and keep the rewritten statement if it says nothing else.

    claims: those of `verdicts`. rewriting: the statement anew, by a model, from the supported
    ones. It may hold no number, date or name that these and their quotes do not, nor a sentence
    about anything else. The value has `text`, and `rewriting`, empty if it did not hold.
    """
    table = rows(claims)
    names = {text_of(row, "id"): text_of(row, "name") for row in rows(sources)}
    kept, facts = _checked(rewriting, [row for row in table if row.get("verdict") == "supported"])
    parts = [_summary(table, bool(has_sources))]
    for verdict, heading in _HEADINGS.items():
        lines = [_line(row, names) for row in table if row.get("verdict") == verdict]
        if lines:
            parts.append("\n".join([f"{heading}:", *lines]))
    if kept:
        parts.append(f"What is supported, and nothing else:\n{kept}")
    return Outcome(facts, {"text": "\n\n".join(parts), "rewriting": kept})


def _summary(table: list[Row], has_sources: bool) -> str:
    if not table:
        return "No claim was found that could be checked."
    number = len(table)
    claims = "1 claim" if number == 1 else f"{number} claims"
    if not has_sources:
        return f"{claims}, none verified: no text was given to check against."
    supported = sum(row.get("verdict") == "supported" for row in table)
    return f"{supported} of {claims} supported by the texts given."


def _line(row: Row, names: Mapping[str, str]) -> str:
    lines = [f"- {text_of(row, 'text')}"]
    for quote in rows(row.get("quotes")):
        source = text_of(quote, "source")
        where = f"{source} ({names[source]})" if names.get(source) else source
        against = "against it, " if quote.get("stance") == "refutes" else ""
        lines.append(f"  {against}{where}: “{' '.join(text_of(quote, 'quote').split())}”")
    if isinstance(row.get("sources"), int) and len(rows(row.get("quotes"))) > row["sources"]:
        lines.append(f"  Independent of each other: {row['sources']}.")
    if objection := text_of(row, "objection"):
        lines.append(f"  Another model remembers otherwise, which proves nothing: {objection}")
    if settled_by := text_of(row, "settled_by"):
        lines.append(f"  What would settle it: {settled_by}")
    return "\n".join(lines)


def _checked(rewriting: object, supported: list[Row]) -> tuple[str, list[Fact]]:
    text = rewriting.strip() if isinstance(rewriting, str) else ""
    if not text:
        return "", []
    basis = "\n".join(
        part
        for row in supported
        for part in (text_of(row, "text"), *(text_of(q, "quote") for q in rows(row.get("quotes"))))
    )
    figures = figures_asserted(text).lacking_in(figures_given(basis))
    document = Document("", basis)
    added = [figure.text for figure in figures]
    added += names_lacking(text, basis, document.words, Usage.of([basis]))
    strange = [text[a:b].strip() for a, b in sentences(text) if not _is_about(text[a:b], basis)]
    name = "the rewritten statement says only what is supported"
    problem = listed([*added, *strange])
    held = not problem
    return (text if held else ""), [fact(name, held, f"left out, as it adds {problem}")]


def _is_about(sentence: str, basis: str) -> bool:
    share = share_of_words_in(sentence, basis)
    return share is None or share >= _SHARED_FROM
