"""The HTTP client: connections, retries, timeouts. The only place here that knows httpx."""

from llm_reasonkit.openrouter.client.calls import Client, OnRetry, client_of_running_loop

__all__ = ["Client", "OnRetry", "client_of_running_loop"]
