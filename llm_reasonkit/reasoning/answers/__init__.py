"""Read the answer out of a reply, and make it comparable with those of other models.

    form = form_of(question, kind=None, choices=())    what answers to this question look like
    prompt = question + request_for(form)              asks for a short typed answer at the end
    schema = reply_schema(form)                        for models that are held to one
    reading = read(reply, form, finished=True)         an Answer, or why this is no vote
    sameness(one, other, form)                         `same`, `different` or `unsure`

Nothing is guessed: what cannot be read without doubt is no vote.
"""

from llm_reasonkit.reasoning.answers.answer import Answer
from llm_reasonkit.reasoning.answers.asking import reply_schema, request_for
from llm_reasonkit.reasoning.answers.canonical import canonical
from llm_reasonkit.reasoning.answers.equality import Sameness, sameness
from llm_reasonkit.reasoning.answers.form import AnswerForm, Kind
from llm_reasonkit.reasoning.answers.questions import form_of
from llm_reasonkit.reasoning.answers.reading import Reading, read

__all__ = [
    "Answer",
    "AnswerForm",
    "Kind",
    "Reading",
    "Sameness",
    "canonical",
    "form_of",
    "read",
    "reply_schema",
    "request_for",
    "sameness",
]
