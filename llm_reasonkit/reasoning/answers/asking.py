"""How a panel is asked, so that its answers can be compared."""

from __future__ import annotations

from typing import Any

from llm_reasonkit.reasoning.answers.form import AnswerForm, Kind

_WANTED: dict[Kind, str] = {
    "number": "the number alone, with its unit if it has one",
    "choice": "the letter of the option you choose",
    "yes-no": "yes or no",
    "date": "the date as YYYY-MM-DD, as far as it is known",
    "list": "the items, separated by semicolons",
    "code": "the code",
    "json": "a JSON object",
    "text": "the answer in as few words as possible",
}


def _wanted(form: AnswerForm) -> str:
    return "the value, as Python writes it" if form.literal else _WANTED[form.kind]


def request_for(form: AnswerForm) -> str:
    """Return the words to append to a question, so that a reply ends in a short typed answer."""
    if form.kind == "code":
        return "\n\nEnd your reply with the complete code in one fenced block."
    if form.kind == "json":
        # The schema goes along with the call, or is put into words where a model takes none.
        return ""
    options = ""
    if form.choices and any(form.choices):
        lettered = zip(form.letters, form.choices, strict=True)
        options = "\n\nOptions:\n" + "\n".join(f"{letter}. {text}" for letter, text in lettered)
    return (
        f"{options}\n\nExplain briefly, then end your reply with one line of this form, "
        f"and nothing after it:\nFinal answer: <{_wanted(form)}>"
    )


def reply_schema(form: AnswerForm) -> dict[str, Any]:
    """Return the JSON Schema of a reply: the work first, so that the answer follows from it."""
    value: dict[str, Any] = {"type": "string", "description": _wanted(form)}
    if form.kind == "choice":
        value["enum"] = list(form.letters)
    elif form.kind == "yes-no":
        value["enum"] = ["yes", "no"]
    elif form.kind == "list":
        value = {"type": "array", "items": {"type": "string"}, "description": "the items"}
    return {
        "type": "object",
        "properties": {
            "work": {"type": "string", "description": "the reasoning, briefly"},
            "final_answer": value,
        },
        "required": ["work", "final_answer"],
        "additionalProperties": False,
    }
