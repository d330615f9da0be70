"""Money, time and counts as a person reads them, each with what it rests on.

The unknown is said, never shown as 0.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from decimal import Decimal

from llm_reasonkit.reasoning.result import (
    Agreement,
    CheckItem,
    Confidence,
    Cost,
    CostSource,
    Tokens,
)


def usd(amount: Decimal) -> str:
    """Format USD: cents from a dollar up, else 4 decimals or two significant digits; `$0`."""
    if not amount:
        return "$0"
    sign, amount = ("-" if amount < 0 else ""), abs(amount)
    decimals = 2 if amount >= 1 else max(4, 1 - amount.adjusted())
    whole, _, fraction = f"{amount:,.{decimals}f}".partition(".")
    return f"{sign}${whole}.{fraction.rstrip('0'):0<2}"


def call_cost(cost: Cost | None) -> str:
    """Format what a step cost, with where the figure comes from; empty for a check."""
    if cost is None:
        return ""
    if cost.usd is None:
        return "cost unknown"
    if cost.unknown_calls:
        return f"{usd(cost.usd)}, {cost.unknown_calls} unknown"
    return f"{usd(cost.usd)} {cost.source}" if cost.usd else "$0"


def run_cost(cost: Cost | None) -> str:
    """Format what a run cost for a list: `≥ $0.0123` where part is unknown, `-` for no call."""
    if cost is None or (cost.usd is None and not cost.unknown_calls):
        return "-"
    if cost.usd is None:
        return "unknown"
    return f"≥ {usd(cost.usd)}" if cost.unknown_calls else usd(cost.usd)


def cost_by_source(total: Cost, calls: Iterable[Cost]) -> str:
    """Format what a run cost, with billed, computed and unknown figures apart."""
    sums: dict[CostSource, Decimal] = {}
    for call in calls:
        if call.usd:
            sums[call.source] = sums.get(call.source, Decimal(0)) + call.usd
    parts = [f"{usd(amount)} {source}" for source, amount in sorted(sums.items())]
    if not parts and total.usd is not None:
        parts = [f"{usd(total.usd)} {total.source}" if total.usd else "$0"]
    if total.unknown_calls:
        parts.append(f"{total.unknown_calls} call{'s' * (total.unknown_calls > 1)} of unknown cost")
    return " + ".join(parts) or "no call was made"


def duration(ms: int | None) -> str:
    """Format milliseconds: `0.4 s`, `2m 05s`, `1h 02m`; empty when unknown."""
    if ms is None:
        return ""
    if ms < 60_000:
        return f"{ms // 100 / 10} s"
    minutes, seconds = divmod(ms // 1000, 60)
    return f"{minutes}m {seconds:02}s" if minutes < 60 else f"{minutes // 60}h {minutes % 60:02}m"


def count(number: int | None) -> str:
    """Format a count in full: `12,040`; `?` when unknown."""
    return "?" if number is None else f"{number:,}"


def short_count(number: int | None) -> str:
    """Format a count in at most 5 characters: `9,876`, `12k`, `4.5M`; `?` when unknown."""
    if number is None or number < 10_000:
        return count(number)
    return f"{number // 1000}k" if number < 1_000_000 else f"{number // 100_000 / 10}M"


def tokens_in_out(tokens: Tokens) -> str:
    """Format the tokens of one step as `in→out`; empty when the provider stated none."""
    if tokens.input is None and tokens.output is None:
        return ""
    return f"{short_count(tokens.input)}→{short_count(tokens.output)}"


def all_tokens(tokens: Tokens) -> str:
    """Format the tokens of a run in full, with how many were cached or spent on reasoning."""
    if tokens.input is None and tokens.output is None:
        return "unknown"
    cached = f" ({tokens.cached:,} cached)" if tokens.cached else ""
    thought = f" ({tokens.reasoning:,} reasoning)" if tokens.reasoning else ""
    return f"{count(tokens.input)} in{cached}, {count(tokens.output)} out{thought}"


def checks(items: Sequence[CheckItem]) -> str:
    """Format how checks came out: `4 passed, 1 failed`, or `nothing to check` without any."""
    words = {"passed": "passed", "failed": "failed", "not_checkable": "not checkable"}
    counts = {word: sum(item.status == status for item in items) for status, word in words.items()}
    said = [f"{count} {word}" for word, count in counts.items() if count]
    return ", ".join(said) or "nothing to check"


def confidence(stated: Confidence) -> str:
    """Format a confidence with its interval, its kind and what it was counted from."""
    if stated.kind == "none" or math.isnan(stated.overall):
        return f"none: {stated.basis}"
    span = ""
    if stated.interval is not None:
        low, high = stated.interval
        span = f", {low:.1%} to {high:.1%}"
    return f"{stated.overall:.1%}{span} ({stated.kind}): {stated.basis}"


def agreement(found: Agreement) -> str:
    """Format how far a panel agreed, and what the threshold takes in words."""
    # With `--ask` the share is one of those asked.
    is_of_all = abs(found.share * found.members - found.leading) < Decimal("0.01")
    counted = found.members if is_of_all else found.asked
    families = f"{found.families} famil{'y' if found.families == 1 else 'ies'}"
    needed = f"all {counted}" if found.needed == counted else f"{found.needed} of {counted}"
    verdict = "accepted" if found.accepted else "not accepted"
    who = "members" if is_of_all else "members asked"
    parts = [
        f"{found.leading} of {counted} {who}, {families}",
        f"{found.threshold} of {counted} = {needed}: {verdict}",
    ]
    if found.calls_saved:
        parts.append(f"{found.calls_saved} call{'s' * (found.calls_saved > 1)} saved")
    if found.cancelled:
        parts.append(f"{found.cancelled} cancelled")
    return "; ".join(parts)
