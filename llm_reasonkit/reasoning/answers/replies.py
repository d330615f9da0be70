"""What of a reply is the answer to the question: not hidden reasoning, not the next question."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice

from llm_reasonkit.reasoning.answers.literals import literal_at
from llm_reasonkit.reasoning.answers.patterns import any_of

_NAMES = "think|thinking|thought|thoughts|reasoning|reflection|scratchpad"
_TAG = re.compile(rf"</?(?:{_NAMES})\b[^<>]{{0,100}}>|\[/?THINK\]|◁/?think▷", re.IGNORECASE)
_CHANNEL = re.compile(
    r"<\|channel\|>\s*(\w+)\s*(?:<\|[^|]*\|>)?(.*?)"
    r"(?=<\|(?:end|return|start|call)\|>|<\|channel\|>|$)",
    re.DOTALL,
)
_ANSWER_TAG = re.compile(r"<(/?)(?:final[_ ]?)?answer>", re.IGNORECASE)
_SPECIAL = re.compile(r"<\|[^|<>]{1,30}\|>|</?s>|<(?:end_of_turn|(?i:eos(?:_token)?))>")
# A base model goes on and asks itself the next question, or sums up those of its examples.
_NEXT_TURN = any_of(
    r"\n[ \t]*(?:#{1,4}\s*)?(?:\*\*)?(?:Question|Q|User|Human|Problem|Instruction|Input)"
    r"(?:\s*\d+)?\s*(?:\*\*)?\s*[:：]",
    r"\n[^\n]{0,60}(?:\ball (?:of )?(?:the|these|our|my) (?:questions and )?answers\b"
    r"|\banswers? (?:for|to|of) all\b"
    r"|(?:以上|所有)[^\n]{0,10}答案)",
)
_REFUSAL = any_of(
    r"^\W*(?:i'?m|i am|we'?re) (?:really |very |so )?"
    r"(?:sorry|afraid|unable|not able|not comfortable)",
    r"^\W*(?:sorry|apologies|unfortunately)\b.{0,40}"
    r"\b(?:can'?t|cannot|unable|won'?t|not able)",
    r"^\W*(?:i|we) (?:can(?:no|')t|could ?n[o']t|won't|will not|must decline|have to decline"
    r"|do(?:n'| no)t feel comfortable)\b",
    r"^\W*(?:as an ai\b|es tut mir leid|lo siento|je suis désolé|désolé|mi dispiace|desculpe)",
    r"^\W*(?:抱歉|很抱歉|对不起|申し訳|извините|к сожалению)",
)
_KEYS = (
    *("final_answer", "finalanswer", "final answer", "answer", "final", "result", "choice"),
    *("solution", "antwort", "réponse", "respuesta"),
)
_AFTER_VALUE = r"(?=\s*[,}\]\n]|\s*$)"
_KEY = rf"[\"'](?:{'|'.join(_KEYS)})[\"']\s*:\s*"
_BROKEN = any_of(
    rf"{_KEY}(?:[\"']?answer[\"']?\s*:\s*)?"
    rf"(?:\"(?P<text>(?:[^\"\\\n]|\\.)*)\"{_AFTER_VALUE}|'(?P<single>[^'\n]*)'{_AFTER_VALUE}"
    r"|(?P<bare>[^\s\"'{}\[\],][^\"'{}\n,]*?)\s*(?=,\s*[\n\"]|[}\n]))"
)
# A list, also one in Python's spelling (`"answer": ('a', None)`), or an object without such a key.
_NESTED = any_of(rf"{_KEY}(?=[\[(\{{])")
# The object that a value of Python is given in; `{'result': 1, 'answer': 2}` is such a value.
_ENVELOPE = any_of(
    r"^\W*(?:json\s*)?\{\s*\"answer\"\s*:|\"final[_ ]?answer\"\s*:",
    r"\"(?:work|reasoning|explanation|thoughts?|thinking|steps|rationale|analysis)\"\s*:",
)
# Models break lines inside strings.
_DECODER = json.JSONDecoder(strict=False)
_MOST_OBJECTS = 200
_MOST_TURNS = 10


def visible(reply: str) -> str:
    """Return what a reply says outside of hidden reasoning; empty when that is all there is."""
    if "<|channel|>" in reply:
        finals = [text for name, text in _CHANNEL.findall(reply) if name == "final"]
        reply = finals[-1] if finals else ""
    text = _SPECIAL.sub("", _without_hidden(reply))
    return _ANSWER_TAG.sub(lambda tag: "\n" if tag[1] else "\nAnswer: ", text).strip()


def _without_hidden(text: str) -> str:
    kept: list[str] = []
    hidden, start = False, 0
    for tag in _TAG.finditer(text):
        if tag[0][1] == "/":
            if not hidden:
                # Where the opening was left out, all that stands before is reasoning.
                kept.clear()
            hidden, start = False, tag.end()
        elif not hidden:
            kept.append(text[start : tag.start()])
            hidden = True
    return "".join(kept if hidden else [*kept, text[start:]])


def next_turns(text: str) -> list[int]:
    """Return where a model seems to ask a further question."""
    found = islice(_NEXT_TURN.finditer(text), _MOST_TURNS)
    return [match.start() for match in found if text[: match.start()].strip()]


def is_refusal(text: str) -> bool:
    """Tell whether a text begins by declining to answer."""
    return bool(_REFUSAL.match(text[:300].replace("’", "'")))


def stated_values(text: str, *, literal: bool = False) -> Iterator[object]:
    """Yield what stands under an answer's key in the JSON of a reply, the last stated first.

    literal: an object there is the answer, and holds none; so is one with such a key that holds no
    reasoning. Broken JSON is read where the value itself is whole; one that was cut off is not.
    """
    if literal and not _ENVELOPE.search(text):
        return
    whole = list(_objects(text))
    for found in reversed(whole):
        value = _under_key(found, literal=literal)
        if value is not None:
            yield value
    if not whole:
        for match in reversed(list(_BROKEN.finditer(text))):
            yield _value(match)
    for match in reversed(list(_NESTED.finditer(text))):
        value = literal_at(text[match.end() :])
        if value is not None and (literal or not value.startswith("{")):
            yield value


def holds_object(text: str) -> bool:
    """Tell whether a reply is JSON, or set out to be."""
    return bool(re.match(r"\s*(?:`{3}\s*(?:json|JSON)?\s*)?\{\s*[\"'}]", text))


def names_answer(text: str) -> bool:
    """Tell whether a reply has the key of an answer in it, as JSON writes it."""
    return re.search(_KEY.replace("'", ""), text, re.I) is not None


def _value(match: re.Match[str]) -> object:
    if match["text"] is not None:
        with suppress(ValueError):
            return json.loads(f'"{match["text"]}"')
        return match["text"]
    return match["single"] if match["single"] is not None else match["bare"]


def _under_key(found: dict[str, object], *, literal: bool = False) -> object:
    named = {key.strip().lower().replace("-", "_"): value for key, value in found.items()}
    for key in _KEYS:
        value = named.get(key)
        if isinstance(value, dict) and not literal:
            value = _under_key(value) or value.get("value")
        if value is not None and value != "":
            return value
    return None


def _objects(text: str) -> Iterator[dict[str, object]]:
    """Yield the complete JSON objects of a text, from outside in, in order."""
    start = text.find("{")
    for _ in range(_MOST_OBJECTS):
        if start == -1:
            return
        end = start + 1
        with suppress(ValueError, RecursionError):
            value, end = _DECODER.raw_decode(text, start)
            yield value
        start = text.find("{", end)
