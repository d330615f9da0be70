"""The members of a panel and their votes, as rows of our tables and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sqlite_utils import Database

from llm_reasonkit.reasoning.result import Agreement, Dissent, Member, Result, Vote
from llm_reasonkit.store import rows

_MEMBER_FIELDS = (
    "model",
    "model_served",
    "provider",
    "family",
    "status",
    "answer",
    "first_token_ms",
    "duration_ms",
    "error",
    "wins",
)


def member_rows(result: Result) -> list[rows.Row]:
    """Give the rows of a run's members."""
    return [
        rows.storable(
            run_id=result.run_id,
            seq=seq,
            **{name: getattr(member, name) for name in _MEMBER_FIELDS},
            **rows.usage(member.tokens, member.cost),
            own_run=member.run_id,
        )
        for seq, member in enumerate(result.members)
    ]


def vote_rows(result: Result) -> list[rows.Row]:
    """Give the rows of a run's votes."""
    return [
        rows.storable(run_id=result.run_id, seq=seq, **vote.model_dump())
        for seq, vote in enumerate(result.votes)
    ]


def run_columns(result: Result) -> rows.Row:
    """Give what a panel adds to the row of its run."""
    agreement = result.agreement
    return rows.storable(
        agreement=None if agreement is None else agreement.model_dump_json(),
        dissent=json.dumps([each.model_dump() for each in result.dissent], ensure_ascii=False),
    )


def read_panel(db: Database, row: Mapping[str, Any]) -> dict[str, Any]:
    """Rebuild what a result has of a panel; of a run that had none, the dissent."""
    dissent = [Dissent(**each) for each in json.loads(row.get("dissent") or "[]")]
    if row["command"] == "think" or not db.table("reasonkit_members").exists():
        return {"dissent": dissent}
    members, votes = (
        db.table(f"reasonkit_{name}").rows_where("run_id = ?", [row["id"]], order_by="seq")
        for name in ("members", "votes")
    )
    return {
        "agreement": Agreement.model_validate_json(row["agreement"]) if row["agreement"] else None,
        "dissent": dissent,
        "members": [
            Member(
                **{name: member[name] for name in _MEMBER_FIELDS},
                tokens=rows.read_tokens(member),
                cost=rows.read_cost(member),
                run_id=member["own_run"],
            )
            for member in members
        ],
        "votes": [Vote(**{name: vote[name] for name in Vote.model_fields}) for vote in votes],
    }
