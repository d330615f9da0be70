"""How Datasette presents a log's tables: sorted, with facets, llm's housekeeping out of the way."""

from __future__ import annotations

from typing import Any

OURS: dict[str, dict[str, Any]] = {
    "reasonkit_runs": {
        "description": "One row a run: question, answer, how it ended, what it cost.",
        "label_column": "title",
        "sort_desc": "id",
        "facets": ["command", "protocol", "profile", "status", "model_used"],
        "fts_pk": "number",
    },
    "reasonkit_steps": {
        "description": "One row a call or check of a run. Costs are in 1e-12 USD.",
        "label_column": "name",
        # By what an index has, without reading the outputs of every step.
        "sort_desc": "run_id",
        "facets": ["model", "status"],
    },
    "reasonkit_checks": {
        "description": "What code established about a step.",
        "facets": ["name", "status"],
    },
    "reasonkit_members": {
        "description": "What each model of a panel, or of a comparison, answered.",
        "facets": ["model", "status"],
    },
    "reasonkit_votes": {
        "description": "How each reply of a member was read and counted.",
        "facets": ["status", "rung"],
    },
    "reasonkit_marks": {
        "description": "The user's verdicts on runs.",
        "sort_desc": "marked",
        "facets": ["verdict"],
    },
    "reasonkit_recipes": {
        "description": "What it takes to go on with a run, or to replay it.",
        "hidden": True,
    },
    "reasonkit_step_inputs": {"description": "Which step read which.", "hidden": True},
}
# llm's tables that join others, hold search indexes, or keep what versions before 0.32 logged.
_HOUSEKEEPING = (
    "_llm_migrations",
    "_sqlite_migrations",
    "conversations",
    "fragment_aliases",
    "part_attachments",
    "part_fragments",
    "prompt_attachments",
    "prompt_fragments",
    "responses",
    "system_fragments",
    "tool_calls",
    "tool_instances",
    "tool_responses",
    "tool_results",
    "tool_results_attachments",
    "turn_fragments",
    "turn_search",
    "turn_tools",
)
_LLMS = {"turns": {"sort_desc": "id"}, "threads": {"sort_desc": "id", "label_column": "name"}}


def layout() -> dict[str, dict[str, Any]]:
    """Return Datasette's settings for the tables of a log, by name."""
    hidden = {name: {"hidden": True} for name in _HOUSEKEEPING}
    # Copies, because Datasette 0.65 merges the user's own settings into what it is given; it asks
    # dozens of times for a page.
    return {name: {**settings} for name, settings in {**OURS, **_LLMS, **hidden}.items()}
