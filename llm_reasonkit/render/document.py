"""A run as a document of its own, in any of the forms there are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, get_args

from llm_reasonkit.reasoning.result import Result

if TYPE_CHECKING:
    from llm_reasonkit.render.quotes import Source

Form = Literal["markdown", "json", "html"]
FORMS: tuple[Form, ...] = get_args(Form)


def document(result: Result, form: Form, sources: Sequence[Source] = ()) -> str:
    """Return a run as Markdown, JSON or one HTML file; it ends in a line end.

    sources: what was given with the question, where it is known; JSON has no place for it.
    """
    if form == "json":
        from llm_reasonkit.render.result_json import to_json

        return to_json(result) + "\n"
    if form == "html":
        from llm_reasonkit.render.html import run_document

        return run_document(result, sources)
    from llm_reasonkit.render.markdown import run_markdown

    return run_markdown(result, sources)
