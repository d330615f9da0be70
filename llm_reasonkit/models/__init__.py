"""The models of a run: found by id, chained to fall back on, asked through llm."""
