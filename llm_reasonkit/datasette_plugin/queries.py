"""Named queries over our tables; each name says what it answers. None touches a table of llm's."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Query:
    """A question about the log: its name in addresses, its words, and the SQL that answers it."""

    name: str
    title: str
    sql: str


# Sums of money are of whole units of 1e-12 USD and become exact decimals.
def _usd(units: str) -> str:
    digits = f"printf('%d.%012d', {units} / 1000000000000, {units} % 1000000000000)"
    return f"case when {units} is null then 'unknown' else {digits} end"


QUERIES = (
    Query(
        "what-did-each-model-cost",
        "What did each model cost?",
        f"""
select
  model,
  count(*) as calls,
  sum(input_tokens) as input_tokens,
  sum(output_tokens) as output_tokens,
  {_usd("sum(cost)")} as usd_of_known_cost,
  sum(cost is null or cost_unknown_calls > 0) as calls_of_unknown_cost
from reasonkit_steps
where cost_source is not null
group by model
order by sum(cost) desc
""",  # noqa: S608 (units of ours)
    ),
    Query(
        "which-checks-fail-most",
        "Which checks fail most often?",
        """
select
  name as check_name,
  count(*) as times,
  sum(status = 'failed') as failed,
  sum(status = 'passed') as passed,
  sum(status = 'not_checkable') as not_checkable
from reasonkit_checks
group by name
order by failed desc, times desc
limit 200
""",
    ),
    Query(
        "which-runs-have-no-answer",
        "Which runs ended without an answer?",
        """
select id, short_id, title, coalesce(status, 'not ended') as status, started, warnings
from reasonkit_runs
where answer is null
order by id desc
limit 200
""",
    ),
    Query(
        "which-calls-have-no-known-cost",
        "Which calls have no known cost?",
        """
select run_id, id as step, model, provider, status, error, started
from reasonkit_steps
where cost_source is not null and (cost is null or cost_unknown_calls > 0)
order by started desc
limit 200
""",
    ),
    Query(
        "what-do-protocols-take",
        "What does a run of each protocol or profile take?",
        f"""
select
  coalesce(protocol, profile, command) as what,
  count(*) as runs,
  sum(status = 'done') as done,
  round(avg(duration_ms) / 1000.0, 1) as seconds_on_average,
  {_usd("cast(avg(cost) as integer)")} as usd_on_average_where_known,
  sum(cost is null or cost_unknown_calls > 0) as runs_with_unknown_cost
from reasonkit_runs
group by what
order by runs desc
""",  # noqa: S608 (units of ours)
    ),
)
