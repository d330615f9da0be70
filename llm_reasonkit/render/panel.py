"""The members of a panel, as documents name and describe them."""

from __future__ import annotations

from llm_reasonkit.reasoning.checks.folding import words
from llm_reasonkit.reasoning.checks.wordlists import STOP_WORDS
from llm_reasonkit.reasoning.result import Dissent, Member, Result
from llm_reasonkit.render import figures
from llm_reasonkit.render.sanitize import one_line

_MARKER = {"final", "answer"}


def name_of(result: Result, number: int) -> str:
    """Return the name of a member, counted from 0: its place and its model."""
    known = 0 <= number < len(result.members)
    return f"{number + 1} {result.members[number].model}" if known else str(number + 1)


def names_of(result: Result, numbers: list[int]) -> str:
    """Return the names of some members."""
    return ", ".join(name_of(result, number) for number in numbers)


def runs_of(result: Result) -> dict[str, str]:
    """Return the id of each member's own run by the member's name, where it has one."""
    found = enumerate(result.members)
    return {name_of(result, number): m.run_id for number, m in found if m.run_id}


def is_side_by_side(result: Result) -> bool:
    """Tell whether a run has its members' answers to show, as it has none of its own."""
    answered = any(member.answer for member in result.members)
    return result.answer is None and answered and not result.votes


def origin_of(result: Result, position: Dissent) -> str:
    """Say who holds an answer that did not win, or which step found what speaks against one."""
    if position.members:
        return f"held by {names_of(result, position.members)}"
    return f"found by {position.step}"


def positions(result: Result) -> list[str]:
    """Say of each answer that did not win who holds it, and where it parts from the winner."""
    return [_position(result, position) for position in result.dissent]


def point_of(position: Dissent) -> str:
    """Say where an answer that did not win parts from the winner, unless it only says it again."""
    # The last line of a reply, where it is all that differs, says the answer again.
    both = (position.point, position.answer)
    point, answer = ({*words(text)} - _MARKER - STOP_WORDS for text in both)
    return "" if point == answer else position.point


def _position(result: Result, position: Dissent) -> str:
    # No places: who reads lines counts no members, and a number before a name looks like votes.
    holders = [result.members[n].model for n in position.members if n < len(result.members)]
    said = f"{', '.join(holders) or position.step}: {one_line(position.answer, 60)}"
    point = point_of(position)
    return f"{said} ({one_line(point, 200)})" if point else said


def wins_of(member: Member) -> str:
    """Return how often a judge found the answer of a member better than another's."""
    return "" if member.wins is None else f"{member.wins} win{'s' * (member.wins != 1)}"


def in_figures(member: Member) -> list[str]:
    """Return what there is to say of how a member answered: status, model, figures, judgement."""
    first = figures.duration(member.first_token_ms)
    served = member.model_served if member.model_served != member.model else None
    took, tokens = figures.duration(member.duration_ms), figures.tokens_in_out(member.tokens)
    parts = [
        member.status.replace("_", " "),
        served,
        member.provider,
        first and f"first word after {first}",
        took and f"{took} in all",
        tokens and f"{tokens} tokens",
        figures.call_cost(member.cost),
        wins_of(member),
        member.error,
    ]
    return [part for part in parts if part]
