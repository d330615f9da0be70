"""What every form of a run states about it: how it ended, what was checked, what it cost."""

from __future__ import annotations

import re

from llm_reasonkit.reasoning.result import ModelUse, Result
from llm_reasonkit.render import figures
from llm_reasonkit.render.sanitize import one_line

_DATE_SUFFIX = re.compile(r"[-@](\d{4}-\d{2}-\d{2}|\d{8}|\d{6}|\d{4})(?=$|:)")


def facts(result: Result) -> dict[str, str]:
    """Return label and text of each fact, in the order of reading; several models a line each."""
    costs = [step.cost for step in result.steps if step.cost is not None]
    # Where members are runs of their own, the steps are theirs.
    made = len(costs) or sum(use.calls for use in result.models)
    calls = f"{made} call{'s' * (made != 1)}"
    ended = [result.status.replace("_", " "), figures.duration(result.duration_ms), calls]
    found = {"status": ", ".join(part for part in ended if part)}
    if result.agreement is not None:
        found["agreement"] = figures.agreement(result.agreement)
    if result.checks.items or not result.members:
        found["checked"] = figures.checks(result.checks.items)
    if result.command != "compare":
        found["confidence"] = one_line(figures.confidence(result.confidence))
    found |= {
        "cost": figures.cost_by_source(result.cost, costs),
        "tokens": figures.all_tokens(result.tokens),
    }
    if names := list(dict.fromkeys(_model_use(use) for use in result.models)):
        found["model" if len(names) == 1 else "models"] = "\n".join(names)
    return found


def _model_use(use: ModelUse) -> str:
    asked = one_line(use.asked)
    if use.served is None or _same_model(use.asked, use.served):
        return asked
    return f"{asked} → {one_line(use.served)}"


def _same_model(asked: str, served: str) -> bool:
    """Tell whether two ids name one model but for the gateway's prefix and one date."""
    undated = _DATE_SUFFIX.sub("", asked), _DATE_SUFFIX.sub("", served)
    pairs = ((asked, served), (asked, undated[1]), (undated[0], served))
    return any(one == other or one.endswith(f"/{other}") for one, other in pairs)
