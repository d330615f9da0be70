"""All kinds of trouble, on a share of the requests, the same for the same seed."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from . import refusals
from .behaviours import Answer, Behaviour, Drop, Raw, Refuse, Stall

_GATEWAY = {"code": 502, "message": "Network connection lost."}
_WORDS = "one two three four five six"

PASSING: Mapping[str, Behaviour] = {
    "429 with seconds": refusals.rate_limited(0.01),
    "429 with a date": refusals.rate_limited(0, "date"),
    "429 without a hint": refusals.rate_limited(),
    "429 of the provider": refusals.upstream_rate_limited(metadata=0.01),
    "429 of the admission": refusals.admission_control(0.01),
    "402 in flight": refusals.in_flight(0.01),
    "500": refusals.refuse(500, "Internal Server Error"),
    "502": refusals.bad_gateway(),
    "503": refusals.overloaded(0.01),
    "504": refusals.refuse(504, "Timeout"),
    "529": refusals.refuse(529, "Provider returned error"),
    "web page": refusals.web_page(),
    "empty page": Refuse(502, body=b"", content_type="text/plain"),
    "200 with an error": Raw(
        [b'{"error": {"code": 502, "message": "x"}}'], 200, "application/json"
    ),
    "200 with half a reply": Raw([b'{"choices": [{"mess'], 200, "application/json"),
    "error first": Answer(_WORDS, cut="error", error=_GATEWAY),
    "reset before a reply": Drop(),
    "silence before a reply": Stall(),
    "silence before a word": Answer(_WORDS, cut="stall"),
    "nothing said": Answer(""),
    "nothing said, no end": Answer(None, finish_reason=None),
    "nothing said, no usage": Answer("", usage=None),
}
"""What may pass: a client tries again."""

BREAKING: Mapping[str, Behaviour] = {
    "error after a word": Answer(_WORDS, cut="error", cut_after=1, error=_GATEWAY),
    "reset after a word": Answer(_WORDS, cut="drop", cut_after=1),
    "end after a word": Answer(_WORDS, cut="end", cut_after=2),
    "silence after a word": Answer(_WORDS, cut="stall", cut_after=1),
}
"""What ends a reply that had begun: a client keeps what came, and does not begin again."""

ODD: Mapping[str, Behaviour] = {
    "no usage": Answer(_WORDS, usage=None),
    "no cost": Answer(_WORDS, usage_changes={"cost": None, "cost_details": ...}),
    "cut off": Answer(_WORDS, finish_reason="length"),
    "finish_reason twice": Answer(_WORDS, usage=3),
    "usage beside a choice": Answer(_WORDS, usage=1),
    "unknown keys": Answer(_WORDS, odd=True),
    "nothing but reasoning": Answer("", reasoning=_WORDS, finish_reason="length"),
    "slow": Answer(_WORDS, delay=0.1),
    "no [DONE]": Answer(_WORDS, done=False),
    "many comments": Answer(_WORDS, comments=30, comments_between=3),
}
"""What is a reply all the same."""

EVERY = {**PASSING, **BREAKING, **ODD}


@dataclass
class Trouble:
    """A `reply` for the server that does one of EVERY to a share of the requests.

    What happens to a request depends on its prompt, on how often that was asked before, and on the
    seed, not on the order in which requests arrive. happened: what was done to each prompt, in
    order; an answer without trouble is "".
    """

    seed: int = 0
    share: float = 0.3
    happened: dict[str, list[str]] = field(default_factory=dict)

    def __call__(self, body: Mapping[str, Any]) -> Behaviour:
        """Return what to do with a request."""
        prompt = str(body["messages"][-1]["content"])
        before = self.happened.setdefault(prompt, [])
        chance = random.Random(f"{self.seed}/{prompt}/{len(before)}")
        name = chance.choice(list(EVERY)) if chance.random() < self.share else ""
        before.append(name)
        return EVERY.get(name) or Answer(f"{_WORDS}: {chance.randrange(10**6)}")

    @property
    def counts(self) -> Counter[str]:
        """How often each trouble was made."""
        return Counter(name for names in self.happened.values() for name in names)
