"""The providers of each model, and which of them may serve a request."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from . import billing
from .behaviours import Refuse
from .refusals import no_endpoint

MILLION = 10**6
_SORTS = {"nitro": "throughput", "floor": "price", "exacto": "exacto"}
_DOCS = "https://openrouter.ai/docs/guides/routing/provider-selection"
_PRIVACY = "Configure: https://openrouter.ai/settings/privacy"


@dataclass(frozen=True)
class Endpoint:
    """A provider of a model.

    factor: of the list price. latency: seconds to the first token. throughput: tokens a second.
    trains: it learns from prompts. keeps: it stores them. full: it takes all parameters of the
    model, tools and schemas included. stops: it stops billing when a stream is cancelled. status:
    0 is fine, -2 and -5 are troubles.
    """

    slug: str
    name: str
    factor: Decimal = Decimal(1)
    quantization: str = "bf16"
    latency: float = 0.5
    throughput: float = 80
    trains: bool = False
    keeps: bool = True
    full: bool = True
    stops: bool = True
    status: int = 0

    def answers_to(self, name: str) -> bool:
        """Whether `name` means it: the slug itself, or what stands before its slash."""
        return name in (self.slug, self.slug.partition("/")[0])


ACME = Endpoint("acme", "Acme Cloud")
BUDGET = Endpoint(
    "budget", "Budget Inference", Decimal("0.5"), "fp4", 2, 30, trains=True, full=False, stops=False
)
TURBO = Endpoint("turbo/fast", "Turbo", Decimal(3), "fp8", 0.1, 400, keeps=False)
BEDROCK = Endpoint("amazon-bedrock", "Amazon Bedrock", Decimal("1.1"), "unknown", stops=False)
ENDPOINTS: dict[str, tuple[Endpoint, ...]] = {
    "acme/small": (ACME, BUDGET, TURBO),
    "acme/small:free": (Endpoint("budget", "Budget Inference", trains=True),),
    "anthropic/claude-sonnet-4": (ACME, BEDROCK),
}


def endpoints_of(row: Mapping[str, Any]) -> tuple[Endpoint, ...]:
    """Return all providers of a model, those that are usually taken first."""
    return ENDPOINTS.get(row["id"], (ACME,))


def route(
    body: Mapping[str, Any], row: Mapping[str, Any], *, trains: bool = True, guarded: bool = False
) -> list[Endpoint] | Refuse:
    """Return who may serve a request, in the order in which they are tried.

    trains: the account lets providers learn from prompts. guarded: a guardrail of the account is
    against this model.
    """
    wishes = body.get("provider") or {}
    left = list(endpoints_of(row))
    everyone = left
    funnel = [("All endpoints", len(left))]
    for step, words, keep in _filters(body, row, wishes, trains=trains, guarded=guarded):
        kept = [endpoint for endpoint in left if keep(endpoint)]
        funnel.append((step, len(kept)))
        if not kept:
            served_by = ", ".join(endpoint.slug for endpoint in everyone)
            said = words.format(id=row["id"], providers=served_by, count=len(everyone))
            return no_endpoint(step, said, funnel)
        left = kept
    left = sorted(left, key=sort_key(body)) if sort_of(body) else left
    named = wishes.get("order") or []
    left.sort(key=lambda end: next((i for i, n in enumerate(named) if end.answers_to(n)), 99))
    return left[:1] if wishes.get("allow_fallbacks") is False else left


def sort_of(body: Mapping[str, Any]) -> str | None:
    """Return by what providers are sorted: as the preferences say, else the last suffix."""
    sort = (body.get("provider") or {}).get("sort")
    if isinstance(sort, dict):
        sort = sort.get("by")
    suffixes = str(body.get("model")).split(":")[1:]
    return sort or next((_SORTS[name] for name in reversed(suffixes) if name in _SORTS), None)


def sort_key(body: Mapping[str, Any]) -> Callable[[Endpoint], float]:
    """Return what to sort a model's providers by."""
    return {
        "price": lambda endpoint: float(endpoint.factor),
        "throughput": lambda endpoint: -endpoint.throughput,
        "latency": lambda endpoint: endpoint.latency,
    }.get(sort_of(body) or "", lambda endpoint: 0)


def _filters(
    body: Mapping[str, Any],
    row: Mapping[str, Any],
    wishes: Mapping[str, Any],
    *,
    trains: bool,
    guarded: bool,
) -> Iterator[tuple[str, str, Callable[[Endpoint], bool]]]:
    """Yield the steps that a request asks for: name, words of the refusal, who passes.

    Of the price, quantization and retention steps the words are not on record.
    """
    kind = "Free" if row["id"].endswith(":free") else "Paid"
    if wishes.get("data_collection") == "deny" or not trains:
        words = f"No endpoints found matching your data policy ({kind} model training). {_PRIVACY}"
        yield "Filter by Data Policy", words, lambda endpoint: not endpoint.trains
    if wishes.get("zdr"):
        words = f"No endpoints found matching your data policy (Zero data retention). {_PRIVACY}"
        yield "Filter by Data Policy", words, lambda endpoint: not endpoint.keeps
    if guarded:
        words = (
            "0 endpoints out of {count} requested are available matching your guardrail"
            " restrictions and data policy. Model blocked by guardrail: {count} endpoints excluded"
        )
        yield "Filter by Guardrails", words, lambda endpoint: False
    only, ignored = wishes.get("only"), wishes.get("ignore") or ()
    if only or ignored:
        words = (
            "No allowed providers are available for the selected model. Providers serving {id}:"
            " {providers}, but your request's `provider.only` preference permits only: "
            + ", ".join(only or ["none"])
        )
        yield (
            "Filter by Allowed Providers",
            words,
            lambda end: (not only or _named(end, only)) and not _named(end, ignored),
        )
    if wanted := wishes.get("quantizations"):
        words = "No endpoints found that match the requested quantizations."
        yield "Filter by Quantizations", words, lambda endpoint: endpoint.quantization in wanted
    if most := wishes.get("max_price"):
        words = "No endpoints found that match the requested max_price."
        yield "Filter by Max Price", words, lambda endpoint: _is_within(endpoint, row, most)
    yield from _capabilities(body, row, wishes)


def _capabilities(
    body: Mapping[str, Any], row: Mapping[str, Any], wishes: Mapping[str, Any]
) -> Iterator[tuple[str, str, Callable[[Endpoint], bool]]]:
    supported = set(row["supported_parameters"])
    if any(tool.get("type") == "function" for tool in body.get("tools") or ()):
        words = f"No endpoints found that support tool use. To learn more, visit: {_DOCS}"
        yield "Filter by Tool Compatibility", words, lambda end: end.full and "tools" in supported
    if any(part.get("type") == "image_url" for part in billing.parts(body)):
        words = "No endpoints found that support image input"
        sees = "image" in row["architecture"]["input_modalities"]
        yield "Filter by Image Support", words, lambda endpoint: sees
    if wishes.get("require_parameters"):
        words = "No endpoints found that can handle the requested parameters."
        schema = "response_format" not in body or "structured_outputs" in supported
        yield (
            "Filter by Parameters",
            words,
            lambda end: schema and (end.full or not {"tools", "response_format"} & set(body)),
        )


def _named(endpoint: Endpoint, names: Any) -> bool:
    return any(endpoint.answers_to(name) for name in names)


def _is_within(endpoint: Endpoint, row: Mapping[str, Any], most: Mapping[str, Any]) -> bool:
    return all(
        Decimal(row["pricing"].get(kind, "0")) * endpoint.factor * MILLION <= Decimal(str(limit))
        for kind, limit in most.items()
        if kind in ("prompt", "completion")
    )
