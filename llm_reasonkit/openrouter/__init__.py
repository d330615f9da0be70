"""OpenRouter: its wire format, an HTTP client, its catalogue, and its models as llm's."""
