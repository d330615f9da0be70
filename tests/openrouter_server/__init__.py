"""A look-alike of OpenRouter's HTTP API on a loopback port, for tests of its clients.

    with Server() as server:
        server.script(rate_limited(retry_after=1), Answer("hello"))
        ...  # point a client at server.base_url, with the key server.key
        assert server.requests[-1].body["model"] == "acme/small"
        assert server.ledger.total == Decimal("0.00012")

What is not scripted is answered sensibly: requests are checked as OpenRouter checks them, a JSON
Schema gets a smallest instance, other prompts a short text. Same seed, same ids and replies.
"""

from .behaviours import Answer, Behaviour, Drop, Raw, Refuse, Stall, ToolCall
from .refusals import (
    bad_gateway,
    daily_limit,
    in_flight,
    key_limit,
    moderated,
    no_credits,
    no_endpoint,
    overloaded,
    rate_limited,
    refuse,
    upstream_rate_limited,
    web_page,
)
from .server import Server

__all__ = [
    "Answer",
    "Behaviour",
    "Drop",
    "Raw",
    "Refuse",
    "Server",
    "Stall",
    "ToolCall",
    "bad_gateway",
    "daily_limit",
    "in_flight",
    "key_limit",
    "moderated",
    "no_credits",
    "no_endpoint",
    "overloaded",
    "rate_limited",
    "refuse",
    "upstream_rate_limited",
    "web_page",
]
