"""What is wrong with a value that was typed or configured, in plain words instead of pydantic's."""

from __future__ import annotations

from pydantic_core import ErrorDetails

# By what the type of the mistake begins with.
_KINDS = {
    "string": "text",
    "int": "a whole number",
    "float": "a number",
    "decimal": "a number",
    "bool": "true or false",
    "list": "a list",
    "dict": "a group of keys",
    "model": "a group of keys",
}
# By the type itself: the words, and what pydantic calls what they lack.
_BOUNDS = {
    "literal_error": ("{}", "expected"),
    "greater_than": ("more than {:g}", "gt"),
    "greater_than_equal": ("{:g} or more", "ge"),
    "less_than": ("less than {:g}", "lt"),
    "less_than_equal": ("{:g} or less", "le"),
    "too_short": ("a list of {:g} or more", "min_length"),
    "too_long": ("a list of {:g} or less", "max_length"),
}


def mistake(name: str, found: ErrorDetails) -> str:
    """Say what is wrong with the value called `name`; `found` is a row of a ValidationError."""
    if found["type"] == "missing":
        return f"{name} is missing"
    if found["type"] == "extra_forbidden":
        return f"there is no {name}"
    if found["type"] == "value_error":
        return f"{name}: {found['ctx']['error']}"
    return f"{name} must be {expected(found)}"


def expected(found: ErrorDetails) -> str:
    """Say what pydantic would have taken in the place of a value of another kind or size."""
    if found["type"] in _BOUNDS:
        words, bound = _BOUNDS[found["type"]]
        return words.format(found["ctx"][bound])
    kind = _KINDS.get(found["type"].partition("_")[0])
    return kind or f"something else ({found['msg']})"
