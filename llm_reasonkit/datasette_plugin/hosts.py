"""Answers only under its own address: any web page can have its name resolve to 127.0.0.1."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from typing import Any

# Set by our launcher: the values of Host that its server answers to.
ALLOWED_HOSTS = "LLM_REASONKIT_ALLOWED_HOSTS"

Asgi = Callable[..., Awaitable[None]]


def refuse_other_hosts(app: Asgi) -> Asgi:
    """Answer 421 to a Host that is not allowed; where nobody said which are, all of them are."""
    allowed = {host for host in os.environ.get(ALLOWED_HOSTS, "").split(",") if host}
    if not allowed:
        return app

    async def checked(scope: dict[str, Any], receive: Asgi, send: Asgi) -> None:
        host = dict(scope.get("headers") or []).get(b"host", b"").decode("latin-1").lower()
        if scope["type"] != "http" or host in allowed:
            await app(scope, receive, send)
            return
        headers = [(b"content-type", b"text/plain; charset=utf-8")]
        await send({"type": "http.response.start", "status": 421, "headers": headers})
        await send({"type": "http.response.body", "body": b"Not an address of this server."})

    return checked
