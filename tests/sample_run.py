"""A run of twenty steps as a team might have made it, and the texts it was given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from llm_reasonkit.reasoning.result import (
    CheckItem,
    CheckStatus,
    Cost,
    Result,
    StepResult,
    Tokens,
    confidence_from_checks,
    count_checks,
    count_models,
    total_cost,
    total_tokens,
)

STARTED = datetime(2026, 11, 3, 9, 41, 12, tzinfo=UTC)
QUESTION = (
    "Should our team of six split the order system into microservices before the spring sale? "
    "The monolith cannot handle more than 40 orders a second, and deployments take 50 minutes."
)
REPORT = (
    "Load test, 14 October. The order system held 65 orders a second for ten minutes with the "
    "median at 180 ms. At 80 orders a second the connection pool was exhausted; the application "
    "servers were idle at 30 % CPU. Last year's sale peaked at 52 orders a second."
)
NOTES = (
    "Retrospective, October. Deployments take 50 minutes because the whole test suite runs twice. "
    "Two of the six engineers have run a service in production before. The on-call rota is "
    "thin: everybody is on call every third week."
)
ANSWER = """\
**Not before the sale.** What limits you is the connection pool, not the shape of the system.

1. Raise the pool size and repeat the load test. The test held 65 orders a second with the \
application servers at 30 % CPU; last year's peak was 52.
2. Run the test suite once per deployment instead of twice.
3. After the sale, split off *one* service with a clear border, and learn to run it.

| | before the sale | after it |
|---|---|---|
| raise the pool | yes | |
| one test run | yes | |
| first service | no | yes |

> The claim that the monolith cannot handle more than 40 orders a second is refuted by your own \
load test.
"""


@dataclass(frozen=True, slots=True)
class Text:
    """A text given with a question."""

    name: str
    text: str


SOURCES = [Text("load-test.md", REPORT), Text("retrospective.md", NOTES)]


def place(words: str, text: str, document: str) -> dict[str, Any]:
    """Where words stand in a text, as checks say it."""
    start = text.index(words)
    return {"document": document, "start": start, "end": start + len(words)}


def quote(ident: str, claim: str, stance: str, words: str, number: int) -> dict[str, Any]:
    """A quote that a check found in one of the texts."""
    found = place(words, SOURCES[number - 1].text, f"S{number}")
    where = {"source": found["document"], "start": found["start"], "end": found["end"]}
    return {"id": ident, "claim": claim, "stance": stance, **where, "quote": words}


QUOTES = [
    quote("e1.1", "C1", "refutes", "held 65 orders a second for ten minutes", 1),
    quote("E2", "C2", "supports", "Deployments take 50 minutes", 2),
]
CLAIMS = [
    {
        "id": "C1",
        "text": "The monolith cannot handle more than 40 orders a second.",
        "kind": "numeric",
        "origin": "text",
        **place("The monolith cannot handle more than 40 orders a second", QUESTION, "question"),
    },
    {
        "id": "C2",
        "text": "Deployments take 50 minutes.",
        "kind": "numeric",
        "origin": "text",
        **place("deployments take 50 minutes", QUESTION, "question"),
    },
]
FINDING = {
    "id": "F1",
    "severity": "serious",
    "span": "before the spring sale",
    "problem": "It moves the riskiest change to the weeks with the highest load.",
    "consequence": "A failed migration hits the sale itself.",
    "fix": "Split one service after the sale.",
    "place": f"question, character {QUESTION.index('before the spring sale')}",
    "raised_by": ["failure", "cost"],
}


def ideas(who: str) -> dict[str, Any]:
    """What a lens gives."""
    return {
        "ideas": [
            {
                "title": f"Buy time for {who}",
                "claim": "A larger connection pool carries the sale without any new service.",
                "mechanism": "The servers were idle when the pool ran out.",
                "first_test": "Double the pool and run the load test again.",
                "how_common": "uncommon",
            },
            {
                "title": f"One border, chosen by {who}",
                "claim": "Payments change least often and have the clearest border.",
                "mechanism": "A service that rarely changes is the cheapest to learn on.",
                "first_test": "Count the changes that touched payments and anything else.",
                "how_common": "usual",
            },
        ]
    }


class Recorder:
    """Writes down steps one after the other; parallel ones begin together."""

    def __init__(self) -> None:
        self.steps: list[StepResult] = []
        self.checks: list[CheckItem] = []
        self._at = STARTED

    def call(self, ident: str, output: object, seconds: float = 3.2, **fields: Any) -> None:
        """Write down a call that begins when the one before has ended."""
        self.calls([(ident, output)], seconds, **fields)

    def calls(
        self, given: Sequence[tuple[str, object]], seconds: float = 3.2, **fields: Any
    ) -> None:
        """Write down calls that begin together; each lasts a little longer than the one before."""
        longest = 0.0
        for number, (ident, output) in enumerate(given):
            longest = seconds * (1 + number / 4)
            known: dict[str, Any] = {
                "id": ident,
                "name": ident.partition(".")[2].partition("[")[0],
                "kind": "prompt",
                "role": "main",
                "model": "openrouter/anthropic/claude-sonnet-4",
                "model_served": "anthropic/claude-sonnet-4-20250514",
                "provider": "Anthropic",
                "status": "done",
                "output": output,
                "tokens": Tokens(input=1_180 + 97 * len(self.steps), output=310 + 21 * number),
                "cost": Cost(usd=Decimal("0.0031") + Decimal(number) / 10_000, source="billed"),
                "started": self._at,
                "duration_ms": round(longest * 1000),
                "turn_id": f"01k9turn{len(self.steps):02}",
                "inputs": [step.id for step in self.steps[-1:]],
            }
            self.steps.append(StepResult(**{**known, **fields}))
        self._at += timedelta(seconds=longest)

    def check(self, ident: str, output: object, *facts: tuple[str, CheckStatus, str]) -> None:
        """Write down what code established."""
        self.checks += [
            CheckItem(step=ident, name=name, status=status, detail=detail)
            for name, status, detail in facts
        ]
        name = ident.partition(".")[2]
        self.steps.append(
            StepResult(
                id=ident,
                name=name,
                kind="check",
                status="done",
                output=output,
                started=self._at,
                duration_ms=2,
                inputs=[step.id for step in self.steps[-1:]],
            )
        )


def sample() -> Result:
    """A run of the profile `deep` with passed, failed and uncheckable facts and one failed call."""
    run = Recorder()
    lenses = ["the one who pays", "the engineer", "the opponent"]
    run.calls([(f"gigathink.lenses[{n}]", ideas(who)) for n, who in enumerate(lenses, 1)])
    run.check("gigathink.ideas", {"asked": 5, "kept": 6}, ("there are enough ideas", "passed", ""))
    run.call("gigathink.answer", "Raise the pool **first**; split *one* service afterwards.", 4.1)
    run.call("proofguard.extraction", {"claims": CLAIMS, "rest": []}, role="verifier")
    run.check(
        "proofguard.claims",
        {"claims": CLAIMS},
        ("C1 stands in the text", "passed", f"question, character {CLAIMS[0]['start']}"),
        ("C2 stands in the text", "passed", f"question, character {CLAIMS[1]['start']}"),
        ("the claims cover the text", "passed", ""),
    )
    run.calls(
        [
            ("proofguard.evidence[1]", {"evidence": [QUOTES[0]]}),
            ("proofguard.evidence[2]", {"evidence": [QUOTES[1]]}),
        ]
    )
    run.check(
        "proofguard.quotes",
        {"quotes": QUOTES, "dropped": [{"id": "E3", "reason": "altered"}]},
        ("quote e1.1 stands in its source", "passed", f"S1, character {QUOTES[0]['start']}"),
        ("quote E2 stands in its source", "passed", f"S2, character {QUOTES[1]['start']}"),
        (
            "quote E3 stands in its source",
            "failed",
            "altered: “the pool was exhausted at 40 orders”; there stands “the connection pool”",
        ),
    )
    run.call(
        "proofguard.judgement", {"judgements": [{"evidence": "e1.1", "relation": "contradicts"}]}
    )
    run.check(
        "proofguard.verdicts",
        {"claims": [{"id": "C1", "verdict": "refuted"}, {"id": "C2", "verdict": "supported"}]},
        ("C1 is supported by a source", "failed", f"S1, character {QUOTES[0]['start']}"),
        ("C2 is supported by a source", "passed", f"S2, character {QUOTES[1]['start']}"),
    )
    run.call("proofguard.answer", "- **C1** is refuted.\n- **C2** is supported.", 2.8)
    run.calls(
        [
            ("brutalhonesty.critics[1]", {"findings": [FINDING]}),
            ("brutalhonesty.critics[2]", {"findings": []}),
        ],
        5.0,
        role="critic",
        model="openrouter/openai/gpt-5",
        model_served="openai/gpt-5-2025-08-07",
        provider="OpenAI",
    )
    run.check(
        "brutalhonesty.located",
        {"findings": [FINDING]},
        ("finding F1 points at something", "passed", FINDING["place"]),
    )
    run.call(
        "brutalhonesty.refutations[1]",
        None,
        30.0,
        status="failed",
        error="openai/gpt-5: no reply for 30 seconds; tried 3 times",
        role="verifier",
        model="openrouter/openai/gpt-5",
        model_served=None,
        provider=None,
        tokens=Tokens(),
        cost=Cost(unknown_calls=1),
        turn_id=None,
    )
    run.check(
        "brutalhonesty.survivors",
        {"verdict": "fix", "findings": [{**FINDING, "outcome": "unsettled"}]},
        ("finding F1 was put to the test", "not_checkable", "nobody tried to refute it"),
    )
    run.call("brutalhonesty.answer", "Verdict: **fix**. Do it after the sale.", 3.0)
    run.call("synthesis.answer", ANSWER, 6.4)
    run.check("synthesis.links", {"invented": []}, ("no link was invented", "passed", ""))
    return ended(run)


def ended(run: Recorder) -> Result:
    """Give what the run of these steps ends in."""
    calls = [step for step in run.steps if step.cost is not None]
    checks = count_checks(run.checks)
    last = run.steps[-1]
    lasted = last.started - STARTED
    return Result(
        run_id="01k9c2v7m8n4q0r5t6w8x9y1za",
        command="think",
        status="done",
        question=QUESTION,
        answer=ANSWER,
        answer_kind="text",
        profile="deep",
        model_used="anthropic/claude-sonnet-4-20250514",
        models=count_models(calls),
        confidence=confidence_from_checks(checks),
        steps=run.steps,
        checks=checks,
        tokens=total_tokens(step.tokens for step in calls),
        cost=total_cost(step.cost for step in calls if step.cost is not None),
        started=STARTED,
        duration_ms=round(lasted.total_seconds() * 1000),
        trace_id="01k9c2v7m8n4q0r5t6w8x9y1za",
        warnings=["missing: brutalhonesty.refutations[1] (no reply for 30 seconds)"],
    )
