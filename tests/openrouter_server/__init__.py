"""A look-alike of OpenRouter's HTTP API on a loopback port, for tests of its clients.

    with Server() as server:
        server.script(rate_limited(1), Answer("hello"))
        ...  # point a client at server.base_url, with the key server.key
        assert server.requests[-1].body["model"] == "acme/small"
        assert server.ledger.total == Decimal("0.00012")

What is not scripted is answered sensibly: requests are checked as OpenRouter checks them, held to
the limits of the account (`server.account`) and routed to a provider, whose prices they are billed
at; a JSON Schema gets a smallest instance, other prompts a short text. `script` says what happens
to single requests, by model, provider or any condition; `server.reply = Trouble(seed=7)` makes
trouble of every kind. Same seed, same ids and replies.
"""

from .accounts import KeyLimit
from .behaviours import Answer, Behaviour, Drop, Raw, Refuse, Stall, ToolCall, citation
from .refusals import (
    admission_control,
    bad_gateway,
    daily_limit,
    guardrail,
    in_flight,
    key_limit,
    moderated,
    no_credits,
    no_endpoint,
    overloaded,
    provider_refuses,
    rate_limited,
    refuse,
    upstream_rate_limited,
    web_page,
)
from .server import Request, Server
from .trouble import Trouble

__all__ = [
    "Answer",
    "Behaviour",
    "Drop",
    "KeyLimit",
    "Raw",
    "Refuse",
    "Request",
    "Server",
    "Stall",
    "ToolCall",
    "Trouble",
    "admission_control",
    "bad_gateway",
    "citation",
    "daily_limit",
    "guardrail",
    "in_flight",
    "key_limit",
    "moderated",
    "no_credits",
    "no_endpoint",
    "overloaded",
    "provider_refuses",
    "rate_limited",
    "refuse",
    "upstream_rate_limited",
    "web_page",
]
