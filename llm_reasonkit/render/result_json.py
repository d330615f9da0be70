"""A result as JSON, and the JSON Schema of that form.

`python -m llm_reasonkit.render.result_json` writes the schema that the package ships.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, SerializeAsAny
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from llm_reasonkit.reasoning.result import SCHEMA_VERSION, Result
from llm_reasonkit.render.sanitize import UNSEEN


class Listing(BaseModel, defer_build=True):
    """What `--json` prints of a list: `{schema_version, items[]}`."""

    schema_version: int = SCHEMA_VERSION
    items: Sequence[SerializeAsAny[BaseModel]]


def to_json(value: BaseModel) -> str:
    """Return the JSON of a result or a listing: indented, keys in the model's order.

    Unknown is null, USD are decimal strings, times ISO 8601. Safe to print on a terminal.
    """
    # JSON itself escapes the C0 controls only; written as an escape, the rest is harmless, too.
    text = value.model_dump_json(indent=2)
    return UNSEEN.sub(lambda found: json.dumps(found[0])[1:-1], text)


def result_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of what `to_json` gives for a result."""
    schema = Result.model_json_schema(mode="serialization", schema_generator=_AsPrinted)
    return {"$schema": GenerateJsonSchema.schema_dialect, **schema}


class _AsPrinted(GenerateJsonSchema):
    """Describes what is printed: every key is always there, so none has a default."""

    def field_is_required(
        self,
        field: core_schema.ModelField | core_schema.DataclassField | core_schema.TypedDictField,
        total: bool,
    ) -> bool:
        return True

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ANN401 (pydantic's union)
        return False


if __name__ == "__main__":
    sys.stdout.write(json.dumps(result_schema(), indent=2) + "\n")
