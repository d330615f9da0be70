"""A model that can play a role: what is known of it and what the user set for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

import llm
from pydantic import ValidationError

from llm_reasonkit.engine.ports import ModelFacts, Search
from llm_reasonkit.errors import MissingKeyError, UsageError
from llm_reasonkit.openrouter.model import OpenRouterAsyncModel, OpenRouterModel
from llm_reasonkit.openrouter.pricing import has_fees
from llm_reasonkit.openrouter.search import MOST_FEE, MOST_TOKENS
from llm_reasonkit.rate_limit import RateLimit
from llm_reasonkit.reasoning.limits import Limits, Price
from llm_reasonkit.reasoning.mistakes import mistake
from llm_reasonkit.reasoning.names import nearest

AsyncModel = llm.AsyncModel | llm.AsyncKeyModel
AnyModel = llm.Model | llm.KeyModel | AsyncModel

FREE = Price(prompt=Decimal(0), completion=Decimal(0))


@dataclass(frozen=True, slots=True)
class Player:
    """A model that can play a role: an async llm model, or one that is run in a thread.

    reasons: it reasons whether asked to or not. runs_here: on this machine, so it costs nothing.
    price: the most it can cost, None where nobody knows. tariff: what the user says that it costs,
    for replies that come without a bill. context_length: tokens it can read, None
    where nobody knows. options: what the user set for it, validated. key: given for it, if any.
    limit: of its requests, None where there is none or its own client sees to it.
    """

    model: AnyModel
    reasons: bool = False
    runs_here: bool = False
    price: Price | None = None
    tariff: Price | None = None
    context_length: int | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    key: str | None = field(default=None, repr=False)
    limit: RateLimit | None = None

    @property
    def id(self) -> str:
        """The id under which llm knows it."""
        return str(self.model.model_id)

    @property
    def provider(self) -> str:
        """Who serves it: what its id begins with, else the key that it needs, else its plugin."""
        head, slash, _ = self.id.partition("/")
        package = type(self.model).__module__.partition(".")[0]
        return head if slash else str(self.model.needs_key or package.removeprefix("llm_"))

    @property
    def can_reason(self) -> bool:
        """Whether it can be told how hard to reason; taken for granted where nobody knows."""
        entry = getattr(self.model, "entry", None)
        return "reasoning_effort" in option_fields(self.model) and (entry is None or entry.reasons)

    @property
    def can_search(self) -> bool:
        """Whether its provider searches the web for it."""
        return self.is_openrouters and self.model.supports_tools

    @property
    def is_openrouters(self) -> bool:
        """Whether it is asked by our own client for OpenRouter."""
        return isinstance(self.model, OpenRouterModel | OpenRouterAsyncModel)

    @property
    def facts(self) -> ModelFacts:
        """What the engine must know of it."""
        effort = self.options.get("reasoning_effort")
        return ModelFacts(
            id=self.id,
            reasons=self.reasons or effort is not None,
            constrains_output=bool(self.model.supports_schema),
            effort=None if effort is None else str(getattr(effort, "value", effort)),
            price=FREE if self.runs_here else self.price,
            context_length=self.context_length,
            search=Search(MOST_FEE, MOST_TOKENS) if self.can_search else None,
        )

    def with_options(self, given: Mapping[str, Any], defaults: Mapping[str, Any]) -> Player:
        """Set the user's options, and defaults where the model knows them and the user is silent.

        Raises UsageError naming the option that the model does not take.
        """
        known = option_fields(self.model)
        values = {name: value for name, value in defaults.items() if name in known} | dict(given)
        return replace(self, options=validated_options(self.model, values))

    def within(self, limits: Limits, *, typed: bool = True) -> Player:
        """Hold OpenRouter to the price that a limit in USD is reckoned with.

        typed: the user asked for this limit, so it has to hold. Raises UsageError where it cannot,
        as nobody knows the price.
        """
        price = self.facts.price
        if limits.usd is None or (price is None and not typed):
            return self
        if price is None:
            ids = (self.id, *self.options.get("models", ()))
            why = " beside its tokens (a web search, a preset)" if any(map(has_fees, ids)) else ""
            raise UsageError(
                f"nobody knows what {self.id} costs{why}, so no budget in USD can hold; give it in "
                "tokens ('20000t') or seconds ('60s'), or its price in [prices] of the config file"
            )
        if price.is_free or "max_price" not in option_fields(self.model):
            return self
        most = dict(self.options.get("max_price") or {})
        for kind, each in (("prompt", price.prompt), ("completion", price.completion)):
            per_million = each * 10**6
            most[kind] = min(per_million, Decimal(most.get(kind, per_million)))
        return replace(
            self, options=validated_options(self.model, {**self.options, "max_price": most})
        )

    def require_key(self) -> None:
        """Raise MissingKeyError if the model needs a key and none can be found."""
        if not self.model.needs_key:
            return
        try:
            self.model.get_key(self.key)
        except llm.NeedsKeyException as error:
            raise MissingKeyError(f"{self.id}: {error}") from error

    def require_search(self) -> None:
        """Raise UsageError if the model cannot search the web."""
        if not self.can_search:
            raise UsageError(
                f"{self.id} cannot search the web, only models of OpenRouter's that take tools: "
                "name one with -m or --role searcher=MODEL, or give sources with -f"
            )

    def require_attachments(self, attachments: Sequence[llm.Attachment]) -> None:
        """Raise UsageError if the model cannot take one of the attachments."""
        for attachment in attachments:
            kind = attachment.type or attachment.resolve_type()
            if kind not in self.model.attachment_types:
                takes = ", ".join(sorted(self.model.attachment_types)) or "none"
                raise UsageError(
                    f"{self.id} takes no attachment of type {kind} (it takes: {takes})"
                )


def validated_options(model: AnyModel, values: Mapping[str, Any]) -> dict[str, Any]:
    """Turn option values as typed into the model's own types. Raises UsageError."""
    try:
        options = model.Options(**values)
    except ValidationError as error:
        row = error.errors(include_url=False)[0]
        name = str(row["loc"][0]) if row["loc"] else ""
        if row["type"] == "extra_forbidden":
            known = option_fields(model)
            text = f"unknown option {name!r} of {model.model_id}{nearest(name, known)}"
            raise UsageError(f"{text} (`llm models -m {model.model_id} --options`)") from error
        raise UsageError(mistake(f"option {name} of {model.model_id}", row)) from error
    return {name: value for name, value in options if value is not None}


def option_fields(model: AnyModel) -> list[str]:
    """Return the names of the options that a model takes."""
    return list(model.Options.model_fields)
