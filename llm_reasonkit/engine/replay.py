"""What a trace has of a run's calls, taken in place of asking a model once more."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from llm_reasonkit.engine.budget import NotAsked, Spent
from llm_reasonkit.engine.ports import Call, ModelFacts, Recorded, Reply
from llm_reasonkit.errors import CallError
from llm_reasonkit.reasoning.result import Cost

NOT_ASKED = "not asked: "
_UNKNOWN = "the trace has no such call"


@dataclass(slots=True)
class Past:
    """The calls of a run that goes on, by id: those with a reply are not made again.

    anew: the step that is asked again whatever there is of it.
    """

    calls: Mapping[str, Recorded]
    anew: str | None = None

    def has(self, step: str) -> bool:
        """Tell whether a call came to its end, so that it need not be made."""
        known = self.calls.get(step)
        return known is not None and known.text is not None

    def recall(self, call: Call) -> Recorded | None:
        """Return what there is of a call; None if it is to be made. Raises NotAsked."""
        known = self.calls.get(call.step)
        if known is None or known.text is None or known.prompt_hash != call.prompt_hash:
            return None
        places = (call.step, call.step.removesuffix("#2"), base_of(call.step))
        return None if self.anew in places else known

    def was_repeated(self, step: str) -> bool | None:
        """Tell whether a reply was asked for again, as `step`; None where it is still open."""
        return self.has(step) or None


@dataclass(slots=True)
class WholePast(Past):
    """The calls of a run that is over: no other is made.

    differences: what the run now asks that it did not ask then.
    """

    differences: list[str] = field(default_factory=list)

    def has(self, step: str) -> bool:
        """Tell whether a call came to its end, whichever: only those of a panel whose verdict did
        not need them were cancelled."""
        known = self.calls.get(step)
        return known is not None and known.step.status != "interrupted"

    def recall(self, call: Call) -> Recorded:
        """Return what there is of a call. Raises NotAsked where it was not made."""
        known = self.calls.get(call.step)
        if known is None:
            self.differences.append(f"{call.step}: {_UNKNOWN}")
            raise NotAsked(_UNKNOWN, "skipped")
        step = known.step
        if step.status in ("skipped", "stopped_by_budget"):
            raise NotAsked((step.error or "").removeprefix(NOT_ASKED), step.status)
        if known.prompt_hash != call.prompt_hash:
            self.differences.append(f"{call.step}: it is asked in other words")
        return known

    def was_repeated(self, step: str) -> bool:
        """Tell whether a reply was asked for again, as `step`."""
        return step in self.calls


@dataclass(frozen=True, slots=True)
class Absent:
    """The models of a run that is over, of which only the facts are left; a Caller."""

    known: Mapping[str, ModelFacts]

    def facts(self, role: str) -> ModelFacts:
        """Tell what was known of the model that played `role`."""
        return self.known.get(role) or self.known["main"]

    async def call(self, call: Call, on_text: Callable[[str], None]) -> Reply:
        """Raise CallError."""
        raise CallError(_UNKNOWN)

    async def bill(self, step: str) -> Cost:
        """Tell nothing of a call that was not made."""
        return Cost()


def reply_of(known: Recorded) -> Reply:
    """Return the reply of a call as it was. Raises CallError where none came."""
    step = known.step
    if known.text is None:
        raise CallError(step.error or "", partial=step.output or "")
    return Reply(
        text=known.text,
        model=step.model or "",
        model_served=step.model_served,
        provider=step.provider,
        finish_reason=known.finish_reason,
        tokens=step.tokens,
        cost=step.cost or Cost(),
        first_token_ms=known.first_token_ms,
        turn_id=step.turn_id,
        fell_back=tuple(step.fell_back),
        taken=known,
    )


def spent_on(calls: Iterable[Recorded]) -> Spent:
    """Add up what calls took at most. Those that never came to a reply do not count as calls of
    the run, as they are made again."""
    known = list(calls)
    replied = [call for call in known if call.text is not None]
    return Spent(
        usd=sum((call.used_usd for call in known), start=Spent().usd),
        tokens=sum(call.used_tokens for call in known),
        calls=len(replied),
        repeats=sum(call.step.attempt > 1 for call in replied),
    )


def base_of(step: str) -> str:
    """Return the id of the step that an item, or a second attempt, belongs to."""
    return step.removesuffix("#2").partition("[")[0]
