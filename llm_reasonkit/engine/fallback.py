"""Calls that go to the next model when one fails for a reason that another may not have."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import reduce

from llm_reasonkit.engine.ports import Call, Caller, ModelFacts, Reply
from llm_reasonkit.errors import CallError
from llm_reasonkit.reasoning.limits import dearer
from llm_reasonkit.reasoning.result import Cost, total_cost

# What keeps one model of a provider from answering keeps its others, too.
_OF_PROVIDER = frozenset({"auth", "no_credits", "network"})
# Whatever a model is asked after one of these, it will answer the same.
FOR_GOOD = frozenset({"auth", "no_credits", "daily_limit", "model_not_found"})


@dataclass(slots=True)
class FallbackCaller:
    """A Caller of whose roles some stand in for others.

    chains: for a role, the roles of `caller` that are asked in its place, in order; a role without
    a chain has that of `main`. A model that fails for good is not asked again.
    """

    caller: Caller
    chains: Mapping[str, Sequence[str]]
    _gone: dict[str, _Failure] = field(default_factory=dict)
    _failed: dict[str, list[_Failure]] = field(default_factory=dict)

    def facts(self, role: str) -> ModelFacts:
        """Tell what holds for the whole chain of `role`, under the id of its first model."""
        every = [self.caller.facts(name) for name in self._chain(role)]
        return replace(
            every[0],
            reasons=any(facts.reasons for facts in every),
            effort=next((facts.effort for facts in every if facts.effort), None),
            constrains_output=all(facts.constrains_output for facts in every),
            price=reduce(dearer, (facts.price for facts in every)),
            context_length=longest([facts.context_length for facts in every]),
        )

    async def bill(self, step: str) -> Cost:
        """Find out what a cancelled call cost, together with the models that failed before."""
        failed = [cost_of(failure.error) for failure in self._failed.get(step, ())]
        return total_cost([await self.caller.bill(step), *failed])

    def _chain(self, role: str) -> Sequence[str]:
        return self.chains.get(role) or self.chains["main"]

    async def call(self, call: Call, on_text: Callable[[str], None]) -> Reply:
        """Make one call. Raises CallError when no model of the chain gave a complete reply."""
        failed = self._failed[call.step] = []
        for name in self._chain(call.role):
            facts = self.caller.facts(name)
            if self._is_in_vain(facts, failed):
                continue
            if failed and _may_be_billed(failed[-1].error) and not call.again():
                break
            text = _Shown(on_text)
            try:
                reply = await self.caller.call(replace(call, role=name), text)
            except CallError as error:
                failed.append(_Failure(facts, error))
                if error.code in FOR_GOOD:
                    self._gone[facts.id] = failed[-1]
                if text.was_shown:
                    break
            else:
                return _with_history(reply, failed)
        if failed:
            raise _combined([failure.error for failure in failed])
        raise _without_cost(_combined([failure.error for failure in self._gone.values()]))

    def _is_in_vain(self, facts: ModelFacts, failed: Sequence[_Failure]) -> bool:
        known = (*failed, *self._gone.values())
        return facts.id in self._gone or any(failure.concerns(facts) for failure in known)


@dataclass(frozen=True, slots=True)
class _Failure:
    """A model, and how it failed."""

    facts: ModelFacts
    error: CallError

    def concerns(self, other: ModelFacts) -> bool:
        """Tell whether another model would fail in the same way."""
        if self.error.code not in _OF_PROVIDER or _provider(self.facts) != _provider(other):
            return False
        # No credit is needed for what costs nothing.
        return not (self.error.code == "no_credits" and other.price and other.price.is_free)


class _Shown:
    """Hands text on and remembers that there was some: what was shown cannot be taken back."""

    def __init__(self, on_text: Callable[[str], None]) -> None:
        self._on_text = on_text
        self.was_shown = False

    def __call__(self, text: str) -> None:
        self.was_shown = True
        self._on_text(text)


def longest(lengths: Sequence[int | None]) -> int | None:
    """Return what one of several models can read, in tokens; None where one of them is unknown."""
    known = [length for length in lengths if length is not None]
    return max(known) if len(known) == len(lengths) else None


def _provider(facts: ModelFacts) -> str:
    return facts.id.partition("/")[0]


def _with_history(reply: Reply, failed: Sequence[_Failure]) -> Reply:
    if not failed:
        return reply
    return replace(
        reply,
        model_served=reply.model_served or reply.model,
        cost=total_cost([reply.cost, *(cost_of(failure.error) for failure in failed)]),
        fell_back=(*(f"{each.facts.id}: {each.error}" for each in failed), *reply.fell_back),
    )


def _combined(errors: Sequence[CallError]) -> CallError:
    """Make one error of those of a whole chain."""
    if len(errors) == 1:
        return errors[0]
    # Only if all of them failed for good is the chain as a whole past hope.
    telling = next((error for error in errors if error.code not in FOR_GOOD), errors[0])
    result = CallError(
        "; then ".join(str(error) for error in errors),
        code=telling.code,
        model=telling.model,
        status=telling.status,
        billed=any(error.billed for error in errors),
        partial=errors[-1].partial,
    )
    cost = total_cost(cost_of(error) for error in errors)
    result.usd, result.unknown_tries = cost.usd, cost.unknown_calls
    return result


def _without_cost(told_before: CallError) -> CallError:
    """Tell an error once more that was paid for when it came."""
    result = copy(told_before)
    result.billed, result.usd, result.unknown_tries = False, None, 0
    return result


def _may_be_billed(error: CallError) -> bool:
    cost = cost_of(error)
    return bool(cost.usd or cost.unknown_calls)


def cost_of(error: CallError) -> Cost:
    """Return what a call cost that failed."""
    if error.usd is None and error.billed:
        return Cost(unknown_calls=max(1, error.unknown_tries))
    usd = error.usd or Decimal(0)
    return Cost(usd=usd, source="billed", unknown_calls=error.unknown_tries)
