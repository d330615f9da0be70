"""The members of a panel, as documents name and describe them."""

from __future__ import annotations

from llm_reasonkit.reasoning.result import Dissent, Member, Result
from llm_reasonkit.render import figures
from llm_reasonkit.render.sanitize import one_line


def name_of(result: Result, number: int) -> str:
    """Return the name of a member, counted from 0: its place and its model."""
    known = 0 <= number < len(result.members)
    return f"{number + 1} {result.members[number].model}" if known else str(number + 1)


def names_of(result: Result, numbers: list[int]) -> str:
    """Return the names of some members."""
    return ", ".join(name_of(result, number) for number in numbers)


def origin_of(result: Result, position: Dissent) -> str:
    """Say who holds an answer that did not win, or which step found what speaks against one."""
    if position.members:
        return f"held by {names_of(result, position.members)}"
    return f"found by {position.step}"


def positions(result: Result) -> list[str]:
    """Say of each answer that did not win who holds it, and where it parts from the winner."""
    return [
        f"{names_of(result, position.members) or position.step}: "
        f"{one_line(position.answer, 60)}"
        + (f" ({one_line(position.point, 200)})" if position.point else "")
        for position in result.dissent
    ]


def in_figures(member: Member) -> list[str]:
    """Return what there is to say of how a member answered: status, model, times, tokens, cost."""
    first = figures.duration(member.first_token_ms)
    served = member.model_served if member.model_served != member.model else None
    tokens = figures.tokens_in_out(member.tokens)
    parts = [
        member.status.replace("_", " "),
        served,
        member.provider,
        first and f"first word after {first}",
        figures.duration(member.duration_ms),
        tokens and f"{tokens} tokens",
        figures.call_cost(member.cost),
        member.error,
    ]
    return [part for part in parts if part]
