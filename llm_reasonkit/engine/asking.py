"""Carry out a prompt step: one call, or one per item in parallel, read and held to its schema."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial
from typing import Any

from llm_reasonkit.engine.budget import Budget, NotAsked, Size
from llm_reasonkit.engine.fallback import FOR_GOOD, cost_of
from llm_reasonkit.engine.ledger import Ledger, Node
from llm_reasonkit.engine.ports import Call, Caller, ModelFacts, Reply, Search
from llm_reasonkit.engine.replay import NOT_ASKED, Past, base_of, reply_of
from llm_reasonkit.engine.stream import AnswerStream
from llm_reasonkit.errors import CallError
from llm_reasonkit.reasoning.extract import ExtractError, read_object
from llm_reasonkit.reasoning.limits import Price, most_tokens_of
from llm_reasonkit.reasoning.plan import role_of_turn
from llm_reasonkit.reasoning.prompting import asked_again, hash_of, in_form, step_prompt
from llm_reasonkit.reasoning.protocol import Step, resolve
from llm_reasonkit.reasoning.result import Tokens
from llm_reasonkit.reasoning.schema import Schema, assign_ids, wire_schema
from llm_reasonkit.reasoning.template import Fence, trust

# Tokens that a reasoning model may spend on reasoning, by effort, on top of the step's bound.
_REASONING_TOKENS = {"none": 0, "minimal": 1_000, "low": 2_000, "medium": 6_000, "high": 12_000}
# A reply cut down further than this to fit a budget would not be worth its price.
_LEAST_SHARE = 4
_CUT_OFF = "the reply was cut off before its end"
# What a provider adds around the text of a request, generously.
MESSAGE_TOKENS = 64


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a step left behind: its value, the ids of its records, or why there is no value.

    reply: of a step that answers in text.
    """

    value: Any = None
    idents: tuple[str, ...] = ()
    absent: str | None = None
    reply: Reply | None = None


@dataclass(frozen=True, slots=True)
class _Prompt:
    """A prompt, and what tells it apart from others."""

    text: str
    hash: str


class Asker:
    """Asks the models of a run. `answer` is the id of the step for which a call is kept, if any,
    `system` what stands before every prompt; `past` has the replies that need not be asked for;
    `turns` says of a role how many models take turns at it, if more than one."""

    def __init__(
        self,
        ledger: Ledger,
        caller: Caller,
        budget: Budget,
        fence: Fence,
        *,
        answer: str | None,
        system: str,
        past: Past | None = None,
        turns: Mapping[str, int] | None = None,
    ) -> None:
        self._ledger = ledger
        self._caller = caller
        self._budget = budget
        self._fence = fence
        self._answer = answer
        self._system = system
        self.past = past or Past({})
        self._turns = turns or {}
        self._hopeless: dict[str, str] = {}

    async def ask(
        self, node: Node, scope: Mapping[str, Any], stream: AnswerStream | None = None
    ) -> Outcome:
        """Carry out the step; `stream` takes its text as it arrives, where that is the answer.

        Raises TemplateError or KeyError where the protocol reads what is not there.
        """
        if node.step.for_each is None:
            return await self._ask_once(node, self._prompt(node.step, scope), stream=stream)
        items = self._items(node, scope)
        nodes = [node.item(number) for number in range(1, len(items) + 1)]
        prompts = [
            self._prompt(
                one.step,
                {**scope, "item": item, "number": one.number, "thinks": self._facts(one).reasons},
            )
            for one, item in zip(nodes, items, strict=True)
        ]
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(self._ask_once(one, prompt, f"{one.number}."))
                for one, prompt in zip(nodes, prompts, strict=True)
            ]
        outcomes = [task.result() for task in tasks]
        idents = tuple(ident for outcome in outcomes for ident in outcome.idents)
        entries = [
            _entry(item, outcome.value)
            for item, outcome in zip(items, outcomes, strict=True)
            if outcome.absent is None
        ]
        if items and not entries:
            return Outcome(idents=idents, absent=f"no item of {node.ident} could be done")
        return Outcome(entries, idents)

    def abandon(self, node: Node) -> None:
        """Note that a call is not wanted any more, so that what the trace has of it, if anything,
        is recorded with what is interrupted next."""
        known = self.past.calls.get(node.ident)
        if known is not None and node.ident not in self._ledger.calls_under_way:
            self._ledger.begin(node, known.step.model, known.step, known.most_usd or Decimal(0))

    def _role(self, node: Node) -> str:
        """The role of the model whose turn it is."""
        role = node.step.role
        return role_of_turn(role, (node.number - 1) % self._turns.get(role, 1) + 1)

    def _facts(self, node: Node) -> ModelFacts:
        return self._caller.facts(self._role(node))

    def _prompt(self, step: Step, scope: Mapping[str, Any]) -> _Prompt:
        text = step_prompt(step, scope, self._fence)
        # Told apart by what is asked, not by how much one model has to be told to think.
        plain = step_prompt(step, {**scope, "thinks": False}, self._fence)
        return _Prompt(text, hash_of(self._system, plain, step.output))

    def _items(self, node: Node, scope: Mapping[str, Any]) -> list[Any]:
        source = node.step.for_each
        items = resolve(source, scope) if isinstance(source, str) else trust(source)
        if not isinstance(items, list):
            raise KeyError(f"{source} is not a list")
        limit = node.step.at_most
        most = resolve(limit, scope) if isinstance(limit, str) else limit
        if most is not None and len(items) > most:
            self._ledger.warn(f"{node.ident}: took {most} of {len(items)} items (at_most)", node)
        return items[:most]

    async def _ask_once(
        self, node: Node, prompt: _Prompt, prefix: str = "", stream: AnswerStream | None = None
    ) -> Outcome:
        try:
            if node.step.output_schema is None:
                return await self._ask_for_text(node, prompt, stream)
            return await self._ask_for_object(node, prompt, node.step.output_schema, prefix)
        except NotAsked as decision:
            return Outcome(idents=(node.ident,), absent=str(decision))

    async def _ask_for_text(
        self, node: Node, prompt: _Prompt, stream: AnswerStream | None
    ) -> Outcome:
        call = self._call(node, prompt)
        try:
            reply = await self._make(node, call, stream)
        except CallError as error:
            return await self._failed(node, error)
        if stream is not None:
            stream.end()
        text = reply.text.strip()
        if not text:
            why = "the reply was empty"
            await self._ledger.end(node, "failed", error=why, reply=reply)
            return self._lost(node, why)
        if reply.finish_reason == "length":
            self._ledger.warn(f"{node.ident}: {_CUT_OFF}", node)
        value = json.loads(text) if node.step.web else text
        await self._ledger.end(node, "done", output=value, reply=reply)
        return Outcome(value, (node.ident,), reply=reply)

    async def _ask_for_object(
        self, node: Node, prompt: _Prompt, schema: Schema, prefix: str
    ) -> Outcome:
        asked_for = wire_schema(schema)
        in_words = in_form(prompt.text, asked_for)
        constrained = self._facts(node).constrains_output
        asked, why = prompt if constrained else replace(prompt, text=in_words), ""
        for tried in (node, node.again()):
            if tried is not node and not self._may_repeat(tried):
                why = f"{why}, and no call was left to ask again"
                break
            call = self._call(tried, asked, asked_for)
            try:
                reply = await self._make(tried, call)
            except CallError as error:
                return await self._failed(tried, error)
            try:
                value = assign_ids(schema, read_object(reply.text, asked_for), prefix)
            except ExtractError as error:
                why = _complaint(error, reply)
                await self._ledger.end(
                    tried, "failed", output=reply.text or None, error=why, reply=reply
                )
                text = asked_again(in_words, reply.text, why, self._fence)
                asked = _Prompt(text, hash_of(asked.hash, reply.text, why))
                continue
            await self._ledger.end(tried, "done", output=value, reply=reply)
            return Outcome(value, (tried.ident,), reply=reply)
        return self._lost(node, why)

    def _may_repeat(self, node: Node) -> bool:
        known = self.past.was_repeated(node.ident)
        return self._budget.take_repeat() if known is None else known

    def _call(self, node: Node, prompt: _Prompt, schema: Schema | None = None) -> Call:
        return Call(
            step=node.ident,
            role=self._role(node),
            prompt=prompt.text,
            prompt_hash=prompt.hash,
            max_tokens=node.step.max_tokens + reasoning_tokens(node.step, self._facts(node)),
            system=self._system,
            schema=schema,
            effort=node.step.effort,
            web=node.step.web,
        )

    async def _make(self, node: Node, call: Call, stream: AnswerStream | None = None) -> Reply:
        """Take a reply from the trace, or make the call within the budget.

        Raises CallError, or NotAsked once that is recorded.
        """
        show = stream or partial(self._ledger.observer.step_text, node.ident)
        try:
            known = self.past.recall(call)
            if known is None:
                self._require_sense(call)
                return await self._within_budget(node, call, show)
        except NotAsked as decision:
            await self._leave(node, decision)
            raise
        self._ledger.begin(node, known.step.model, known.step)
        reply = reply_of(known)
        show(reply.text)
        return reply

    def _require_sense(self, call: Call) -> None:
        """Raise NotAsked where the model is known not to answer."""
        if why := self._hopeless.get(self._caller.facts(call.role).id):
            raise NotAsked(why, "skipped")

    async def _leave(self, node: Node, decision: NotAsked) -> None:
        """Record that a call is not made."""
        why = str(decision)
        if decision.status == "skipped":
            await self._ledger.end(node, "skipped", error=f"{NOT_ASKED}{why}")
            self._ledger.lose(node, why)
        else:
            await self._ledger.stop(node, why)

    async def _within_budget(self, node: Node, call: Call, show: Callable[[str], None]) -> Reply:
        """Make a call. Raises CallError, or LimitReached before it is made."""
        facts = self._caller.facts(call.role)
        price, size = facts.price, _size(node, call, facts)
        if call.web and facts.search is not None:
            price, size = with_search(facts.search, price, size)
        is_answer = self._answer in (None, base_of(node.ident))
        async with self._budget.reserve(price, size, is_answer=is_answer) as reservation:
            await self._ledger.announce(node, facts, call.prompt_hash, reservation)
            try:
                allowed = replace(call, max_tokens=reservation.reply, again=reservation.again)
                reply = await self._caller.call(allowed, show)
            except CallError as error:
                unused = None if error.billed or error.usd else Tokens(input=0, output=0)
                reservation.settle(cost_of(error), unused)
                raise
            reservation.settle(reply.cost, reply.tokens)
            return reply

    async def _failed(self, node: Node, error: CallError) -> Outcome:
        if error.code in FOR_GOOD:
            self._hopeless[self._facts(node).id] = str(error)
        await self._ledger.end(
            node, "failed", output=error.partial or None, error=str(error), cost=cost_of(error)
        )
        return self._lost(node, str(error))

    def _lost(self, node: Node, why: str) -> Outcome:
        self._ledger.lose(node, why)
        return Outcome(idents=(node.ident,), absent=why)


def reasoning_tokens(step: Step, facts: ModelFacts) -> int:
    """Return the tokens that a model gets for reasoning, on top of the step's bound."""
    if not facts.reasons:
        return 0
    return _REASONING_TOKENS.get(facts.effort or step.effort or "medium", 12_000)


def _size(node: Node, call: Call, facts: ModelFacts) -> Size:
    text = f"{call.system or ''}{call.prompt}{json.dumps(call.schema) if call.schema else ''}"
    prompt = most_tokens_of(text) + MESSAGE_TOKENS + facts.attached_tokens
    return Size(
        prompt=min(prompt, facts.context_length or prompt),
        reply=call.max_tokens,
        least_reply=call.max_tokens - node.step.max_tokens + node.step.max_tokens // _LEAST_SHARE,
    )


def with_search(search: Search, price: Price | None, size: Size) -> tuple[Price | None, Size]:
    """Return what a call takes at most that may search the web once."""
    # The model is run to ask for the search, and again with what it found.
    prompt = 2 * size.prompt + size.reply + search.tokens
    if price is not None:
        request = 2 * price.request + search.fee
        price = replace(price, completion=2 * price.completion, request=request)
    return price, replace(size, prompt=prompt)


def _entry(item: object, value: object) -> dict[str, Any]:
    return {"item": item, **(value if isinstance(value, dict) else {"text": value})}


def _complaint(error: ExtractError, reply: Reply) -> str:
    return _CUT_OFF if reply.finish_reason == "length" else str(error)
