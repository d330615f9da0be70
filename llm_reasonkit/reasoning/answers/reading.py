"""Read the answer out of a reply: the right one, or none and why."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from llm_reasonkit.reasoning.answers.answer import Answer
from llm_reasonkit.reasoning.answers.canonical import canonical, from_json
from llm_reasonkit.reasoning.answers.endings import read_ending
from llm_reasonkit.reasoning.answers.equality import sameness
from llm_reasonkit.reasoning.answers.form import AnswerForm
from llm_reasonkit.reasoning.answers.heads import (
    head_letter,
    only_amount,
    options_named,
    read_head,
)
from llm_reasonkit.reasoning.answers.literals import concluded_literal
from llm_reasonkit.reasoning.answers.objects import read_json
from llm_reasonkit.reasoning.answers.patterns import unmarked
from llm_reasonkit.reasoning.answers.replies import (
    holds_object,
    is_refusal,
    names_answer,
    next_turns,
    stated_values,
    visible,
)
from llm_reasonkit.reasoning.answers.statements import Statement, revises, statements
from llm_reasonkit.reasoning.answers.texts import blank_abbreviations
from llm_reasonkit.reasoning.checks.folding import sentences
from llm_reasonkit.reasoning.extract import ExtractError

Found = Literal["json", "statement", "whole", "opening", "ending", "code"]

_FENCED = re.compile(r"```[\w+-]*[ \t]*\n(.*?)\n?```", re.S)
_SHORT_WORDS = 12


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read from a reply: an answer, or the reason why it is no vote.

    found: where the answer stood.
    """

    answer: Answer | None = None
    reason: str = ""
    found: Found | None = None


def read(reply: str, form: AnswerForm, *, finished: bool = True) -> Reading:
    """Read the answer out of a reply.

    finished: False for a reply that was cut off at its length limit. Looked at in turn: JSON, what
    the reply says its answer is (`\\boxed{}`, "the answer is …", the last such place counts), a
    reply that is nothing but the answer, its opening, its ending. Hidden reasoning is not read.
    """
    text = visible(reply)
    if not text:
        return Reading(reason="nothing but hidden reasoning" if reply.strip() else "empty reply")
    text, went_on = _own_turn(text)
    if not finished and not went_on:
        return Reading(reason="cut off")
    if form.kind == "code":
        return _code(text, form)
    if form.kind == "json":
        return _json(text, form)
    reading = _in_json(text, form) or _in_statements(text, form)
    if reading is not None:
        return reading
    if is_refusal(text):
        return Reading(reason="refused")
    if form.literal:
        return _literal(text, form)
    # What was begun and not ended may have gone on: 4 may have become 42.
    cut_off = holds_object(text) and not text.rstrip("` \n").endswith("}")
    answer = canonical(text, form) if _is_short(text, form) and not cut_off else None
    if answer is not None:
        return Reading(answer, found="whole")
    if holds_object(text):
        return Reading(reason="the JSON that it began holds no answer")
    return _at_the_edges(text, form)


def _in_json(text: str, form: AnswerForm) -> Reading | None:
    stated = False
    for value in stated_values(text, literal=form.literal):
        stated = True
        answer = from_json(value, form)
        if answer is None and isinstance(value, str):
            answer = _from_prose(value, form)
        if answer is not None:
            later = _in_statements(text.rpartition("}")[2], form)
            if later and later.answer and sameness(answer, later.answer, form) == "different":
                return Reading(reason="it gives several answers")
            return Reading(answer, found="json")
    if stated:
        return Reading(reason=f"what it gives as its answer is no {form.kind}")
    return None


def _from_prose(text: str, form: AnswerForm) -> Answer | None:
    reading = _in_statements(text, form)
    if reading is not None:
        return reading.answer
    if _is_one_sentence(text):
        return read_head(text, form)
    answer = _at_the_edges(text, form).answer
    return only_amount(text, form) if answer is None and form.kind == "number" else answer


def _in_statements(text: str, form: AnswerForm) -> Reading | None:
    said = statements(text, several=form.kind in ("list", "text"))
    if said and said[-1].denies and _stated(said[-1], form) is None:
        return Reading(reason="it says that none of the answers is right")
    read_so_far: list[tuple[Statement, Answer]] = []
    for statement in said:
        answer = _stated(statement, form)
        if answer is not None:
            read_so_far.append((statement, answer))
    if not read_so_far:
        return _after(text, said[-1], form) if said and form.kind in ("choice", "yes-no") else None
    (first, opening), (last, answer) = read_so_far[0], read_so_far[-1]
    changed = sameness(opening, answer, form) == "different"
    # Taken back, the first one does not count; else the reply holds two.
    if changed and not last.final and not revises(text[first.place : last.place]):
        return Reading(reason="it gives several answers")
    return Reading(answer, found="statement")


def _after(text: str, unread: Statement, form: AnswerForm) -> Reading:
    """Read on behind what a reply gave as its answer and was none: it may have come to one."""
    rest = text[unread.place :]
    end = next((end for _, end in sentences(blank_abbreviations(rest))), len(rest))
    named = options_named(rest[:end], form) or head_letter(unmarked(unread.text), form)[0]
    answer = None if named else _at_the_edges(rest[end:], form).answer
    if answer is None:
        return Reading(reason=f"what it gives as its answer is no {form.kind}")
    return Reading(answer, found="ending")


def _stated(statement: Statement, form: AnswerForm) -> Answer | None:
    if statement.denies:
        # Of the options `none of the above` may be one.
        return canonical(statement.text.strip(" ().*"), form) if form.choices else None
    if statement.whole:
        return canonical(statement.text, form) or read_head(statement.text, form)
    return read_head(statement.text, form, statement.following)


def _own_turn(text: str) -> tuple[str, bool]:
    """Return a reply up to where the model, having answered, asks itself the next question."""
    for start in next_turns(text):
        if statements(text[:start]) or any(stated_values(text[:start])):
            return text[:start].rstrip(), True
    return text, False


def _is_short(text: str, form: AnswerForm) -> bool:
    if form.kind == "list":
        return len(text) <= 400
    if form.kind == "choice" and "\n" in text:
        return False
    return len(text.split()) <= _SHORT_WORDS and _is_one_sentence(text)


def _is_one_sentence(text: str) -> bool:
    return len(sentences(blank_abbreviations(text))) == 1


def _at_the_edges(text: str, form: AnswerForm) -> Reading:
    for found, answer in read_ending(text, form):
        if answer is not None:
            return Reading(answer, found=found)
    return Reading(reason="no answer found")


def _literal(text: str, form: AnswerForm) -> Reading:
    if names_answer(text):
        return Reading(reason="no answer found")
    value = concluded_literal(text) or (text if len(text.split()) == 1 else None)
    answer = canonical(value, form) if value else None
    return Reading(answer, found="ending") if answer else Reading(reason="no answer found")


def _json(text: str, form: AnswerForm) -> Reading:
    try:
        return Reading(read_json(text, form.schema), found="json")
    except ExtractError as error:
        return Reading(reason=str(error))


def _code(text: str, form: AnswerForm) -> Reading:
    blocks = _FENCED.findall(text)
    if blocks:
        answer = canonical(blocks[-1], form)
    else:
        is_prose = is_refusal(text) or "```" in text or statements(text)
        answer = None if is_prose else canonical(text, form)
    return Reading(answer, found="code") if answer else Reading(reason="no whole block of code")
