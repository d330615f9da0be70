"""The options of OpenRouter's models, as `llm models --options` shows them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Literal

import llm
from pydantic import BeforeValidator, Field, TypeAdapter, model_validator

MAX_FALLBACKS = 3

Effort = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]
Route = Literal["lowest-cost", "lowest-latency", "highest-throughput", "fallback", "auto"]
SORT_OF_ROUTE = {
    "lowest-cost": "price",
    "lowest-latency": "latency",
    "highest-throughput": "throughput",
}


def _read_list(value: object) -> object:
    """Accept a JSON list as well as items separated by commas."""
    if not isinstance(value, str):
        return value
    if value.lstrip().startswith("["):
        return _read_json(value)
    return [item.strip() for item in value.split(",") if item.strip()]


def _read_stop(value: object) -> object:
    """Accept a JSON list; any other string is one stop sequence, commas and all."""
    if not isinstance(value, str):
        return value
    return _read_json(value) if value.lstrip().startswith("[") else [value]


def _read_json(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError as error:
        raise ValueError(f"not valid JSON: {error}") from None


def _read_prices(value: object) -> object:
    """Accept one price for both directions as well as a JSON object."""
    prices = _read_json(value)
    if isinstance(prices, int | float | Decimal):
        return {"prompt": str(prices), "completion": str(prices)}
    return prices


def _plain_price(value: object) -> str:
    """Accept any number that can be a price, as text: llm could not log a Decimal."""
    try:
        price = Decimal(str(value))
    except InvalidOperation:
        raise ValueError("not a number") from None
    if not price.is_finite() or price < 0:
        raise ValueError("a price must be greater than or equal to 0")
    return format(price, "f")


def _bare_id(model: str) -> str:
    return model.removeprefix("openrouter/") if model.count("/") > 1 else model


Price = Annotated[str, BeforeValidator(_plain_price)]
PriceKind = Literal["prompt", "completion", "request", "image", "audio"]
ModelIds = Annotated[
    list[Annotated[str, BeforeValidator(_bare_id)]],
    BeforeValidator(_read_list),
    Field(min_length=1, max_length=MAX_FALLBACKS),
]
Stop = Annotated[list[str], BeforeValidator(_read_stop), Field(min_length=1, max_length=4)]
Prices = Annotated[dict[PriceKind, Price], BeforeValidator(_read_prices)]
_PRICES: TypeAdapter[dict[PriceKind, str]] = TypeAdapter(Prices)
JsonObject = Annotated[dict[str, Any], BeforeValidator(_read_json)]


class OpenRouterOptions(llm.Options):
    """What can be set for one call; what is not set is not sent."""

    temperature: float | None = Field(
        default=None, ge=0, le=2, description="Randomness: 0 is the most focused, 2 the wildest"
    )
    top_p: float | None = Field(
        default=None, gt=0, le=1, description="Choose among tokens of this total probability"
    )
    top_k: int | None = Field(
        default=None, ge=0, description="Choose among this many likeliest tokens (0: all)"
    )
    min_p: float | None = Field(
        default=None, ge=0, le=1, description="Least probability, relative to the likeliest token"
    )
    frequency_penalty: float | None = Field(
        default=None, ge=-2, le=2, description="Penalty that grows with each use of a token"
    )
    presence_penalty: float | None = Field(
        default=None, ge=-2, le=2, description="Penalty for tokens that were used at all"
    )
    repetition_penalty: float | None = Field(
        default=None, gt=0, le=2, description="Factor against repetition; 1 changes nothing"
    )
    max_tokens: int | None = Field(
        default=None, ge=1, description="Most tokens to generate, reasoning included"
    )
    seed: int | None = Field(default=None, description="Ask for the same reply to the same seed")
    stop: Stop | None = Field(
        default=None, description="End the reply at this text, or at one of a JSON list of up to 4"
    )
    reasoning_effort: Effort | None = Field(
        default=None, description="How hard to reason: none, minimal, low, medium, high, xhigh, max"
    )
    reasoning_max_tokens: int | None = Field(
        default=None, ge=1, description="Most tokens for reasoning; instead of reasoning_effort"
    )
    models: ModelIds | None = Field(
        default=None,
        description="Models to fall back on, in order: up to 3, separated by commas or as JSON",
    )
    route: Route | None = Field(
        default=None,
        description="Which provider to prefer: lowest-cost, lowest-latency, highest-throughput;"
        " fallback: the order of `models`; auto: OpenRouter's own choice",
    )
    max_price: Prices | None = Field(
        default=None,
        description="Highest price, in USD per million tokens: one number, or JSON with any of"
        " prompt, completion, request, image, audio",
    )
    provider: JsonObject | None = Field(
        default=None,
        description="Provider preferences as JSON, sent as they are; they win over route, and of"
        " two max_price the lower counts. See"
        " https://openrouter.ai/docs/features/provider-routing",
    )

    @model_validator(mode="after")
    def _check_together(self) -> OpenRouterOptions:
        if self.reasoning_effort and self.reasoning_max_tokens:
            raise ValueError("give reasoning_effort or reasoning_max_tokens, not both")
        if self.route == "fallback" and not self.models:
            raise ValueError("route fallback needs models to fall back on, in the option models")
        if self.provider and "max_price" in self.provider:
            prices = _PRICES.validate_python(self.provider["max_price"])
            self.provider = {**self.provider, "max_price": prices}
        return self


def provider_preferences(options: OpenRouterOptions) -> Mapping[str, Any]:
    """Return the routing object that `route`, `max_price` and `provider` amount to."""
    preferences: dict[str, Any] = {}
    sort = SORT_OF_ROUTE.get(options.route or "")
    if sort:
        # Without a partition each model would be exhausted before the next is considered.
        preferences["sort"] = {"by": sort, "partition": "none"} if options.models else sort
    preferences |= options.provider or {}
    most = lower_prices(options.max_price or {}, preferences.get("max_price") or {})
    return preferences | {"max_price": most} if most else preferences


def lower_prices(
    one: Mapping[PriceKind, str], other: Mapping[PriceKind, str]
) -> dict[PriceKind, str]:
    """Return the lower price of each kind: a budget must not be lifted by a preference."""
    return {
        kind: min((prices[kind] for prices in (one, other) if kind in prices), key=Decimal)
        for kind in {**one, **other}
    }
