"""The configuration for the terminal: what holds, and where it comes from."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from llm_reasonkit.render.sanitize import one_line

if TYPE_CHECKING:
    from llm_reasonkit.config.origins import Origin


def origin_lines(origins: Sequence[Origin]) -> str:
    """A line for each value, with its source; written as TOML, so that it can be copied."""
    rows = []
    for origin in origins:
        key = one_line(origin.key)
        if origin.value is None:
            rows.append(f"# {key} is not set")
        else:
            rows.append(f"{key} = {one_line(_toml(origin.value))}  # {one_line(origin.source)}")
    return "\n".join(rows)


def _toml(value: object) -> str:
    # What both write differently, floats and dates, does not occur: numbers are Decimal or int.
    is_plain = isinstance(value, str | bool | list)
    return json.dumps(value, ensure_ascii=False) if is_plain else str(value)
