"""A comparison of four models and a vote of them, as a user might have made it."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from llm_reasonkit.reasoning.result import (
    Agreement,
    Cost,
    Dissent,
    Member,
    Result,
    StepResult,
    Tokens,
    Vote,
    total_cost,
    total_tokens,
)

STARTED = datetime(2026, 11, 4, 16, 5, 30, tzinfo=UTC)
QUESTION = "Is 2027 a prime number? Answer yes or no, with one reason."
# Models, what they said, how it was read, and what each took.
SAID: tuple[tuple[str, str | None, str | None, float], ...] = (
    ("anthropic/claude-sonnet-4", "Yes. No prime up to 45 divides it.\n\n**yes**", "yes", 2.1),
    ("openai/gpt-4o", "2027 is prime.\n\n**yes**", "yes", 1.4),
    ("google/gemini-2.5-pro", "2027 = 19 × 107 − 6, so:\n\n**no**", "no", 3.8),
    ("meta-llama/llama-3.1-8b-instruct", None, None, 30.0),
)


def _member(model: str, said: str | None, seconds: float) -> Member:
    known: dict[str, Any] = {"model": f"openrouter/{model}", "family": model.partition("/")[0]}
    known |= {"duration_ms": round(seconds * 1000), "model_served": model}
    if said is None:
        error = "no reply for 30 seconds; tried 3 times"
        return Member(**known, status="failed", error=error, cost=Cost(unknown_calls=1))
    return Member(
        **known,
        status="done",
        answer=said,
        first_token_ms=420,
        tokens=Tokens(input=41, output=30 + len(said)),
        cost=Cost(usd=Decimal("0.0007"), source="billed"),
    )


def comparison() -> Result:
    """A comparison: four members, each with a step of its own; nobody decides."""
    members = [_member(model, said, seconds) for model, said, _, seconds in SAID]
    steps = [
        StepResult(
            id=f"members[{number}]",
            name="members",
            kind="prompt",
            model=member.model,
            model_served=member.model_served,
            status=member.status,
            output=member.answer,
            error=member.error,
            tokens=member.tokens,
            cost=member.cost,
            started=STARTED,
            duration_ms=member.duration_ms,
            turn_id="a turn" if member.answer else None,
        )
        for number, member in enumerate(members, 1)
    ]
    return Result(
        run_id="compared",
        command="compare",
        status="partial",
        question=QUESTION,
        members=members,
        steps=steps,
        tokens=total_tokens(member.tokens for member in members),
        cost=total_cost(member.cost for member in members if member.cost),
        started=STARTED,
        duration_ms=30_000,
    )


def vote() -> Result:
    """The same members with their votes counted: one dissents, one has none."""
    votes = [
        Vote(
            member=number,
            model_served=model,
            raw=said or "",
            answer=read,
            canonical=read,
            cluster=None if read is None else int(read == "no"),
            status="vote" if read else "no reply",
        )
        for number, (model, said, read, _) in enumerate(SAID)
    ]
    changes: dict[str, Any] = {
        "run_id": "voted",
        "command": "consensus",
        "status": "no_consensus",
        "votes": votes,
        "dissent": [Dissent(answer="no", members=[2], point="“19 × 107 − 6”")],
    }
    return comparison().model_copy(update=changes)


def voted() -> Result:
    """A vote that ended in an answer."""
    agreement = Agreement(
        leading=2,
        members=4,
        asked=4,
        needed=2,
        share="0.5",
        families=2,
        threshold="0.5",
        accepted=True,
        decided_by="votes",
    )
    changes = {"status": "done", "answer": "yes", "answer_kind": "yes-no", "agreement": agreement}
    return vote().model_copy(update=changes)
