"""The words around a step's own prompt: the question first, what was given, and the form asked for.

The part before the task is the same, byte for byte, in every step of a stage, so that providers
can serve it from their prompt cache.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from llm_reasonkit.reasoning.protocol import Step
from llm_reasonkit.reasoning.template import Fence, mentioned_names, render

_SYSTEM = (
    "You carry out one step of a reasoning protocol. Do what the step asks, no more, in the "
    "language of the question. Where you do not know, say so: never invent a fact, a number, "
    "a quote or a source."
)


def system_prompt(fence: Fence, own: str | None) -> str:
    """Compose the system prompt of every step; `own` is what the user gave with `-s`."""
    return "\n\n".join([_SYSTEM, fence.notice, *([own] if own else [])])


def step_prompt(step: Step, scope: Mapping[str, Any], fence: Fence) -> str:
    """Compose the prompt of a step. Raises TemplateError."""
    template = step.prompt or ""
    task = render(template, scope, fence)
    # A template may mention the question and still not show it (`{% if question %}`).
    if "question" in mentioned_names(template) and scope["question"].strip() in task:
        return task
    return "\n\n".join([*_preamble(scope, fence), f"Your task in this step:\n{task}"])


def _preamble(scope: Mapping[str, Any], fence: Fence) -> list[str]:
    parts = [f"Question:\n{scope['question']}"]
    sources: Sequence[Mapping[str, Any]] = scope["sources"]
    if sources:
        parts.append("Given with the question:")
        # Where it is from is no more to be trusted than what it says.
        texts = [fence.enclose(f"{row['name']}\n\n{row['text']}") for row in sources]
        parts += [f"[{row['id']}]\n{text}" for row, text in zip(sources, texts, strict=True)]
    if scope["findings"]:
        parts.append(f"Found so far:\n{fence.enclose(scope['findings'])}")
    return parts


def in_form(prompt: str, schema: Mapping[str, Any]) -> str:
    """Ask in words for an object, of a model that cannot be held to a schema."""
    return (
        f"{prompt}\n\nReply with one JSON object and nothing else. It must fit this JSON Schema:\n"
        f"{json.dumps(schema, ensure_ascii=False)}"
    )


def asked_again(prompt: str, reply: str, complaint: str, fence: Fence) -> str:
    """Ask once more, showing the reply and what the validator said about it."""
    return (
        f"{prompt}\n\nYou were asked this before and replied:\n{fence.enclose(reply[:4000])}\n\n"
        # The complaint quotes the reply.
        f"That reply was not accepted:\n{fence.enclose(complaint)}\n"
        "Reply again, briefly, with the whole object."
    )


def hash_of(*asked: object) -> str:
    """Return a hash (SHA-256, hexadecimal) of what a model is asked, to know it again by."""
    return hashlib.sha256(json.dumps(asked, ensure_ascii=True).encode()).hexdigest()
