"""How to reach OpenRouter and how patient to be; carries no key."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from llm_reasonkit.errors import UsageError

DEFAULT_BASE_URL = "https://openrouter.ai/api/v1"


@dataclass(frozen=True, slots=True)
class ClientSettings:
    """Everything a client needs to know besides the key.

    site_url, site_name: what OpenRouter shows as the app that made the request.
    key_env: environment variables that may hold the key, first one wins.
    retry_attempts: retries after the first request. retry_delay_ms: shortest first pause,
    in milliseconds, where the server does not name one. requests_per_minute: chat requests of all
    processes of this user with the same key together. max_cost_per_request: USD that one call may
    cost, None where whoever calls keeps a budget. idle_timeout: seconds without a byte from
    the server. total_timeout: seconds for one call with all its retries and pauses.

    Raises UsageError when a value cannot be used.
    """

    base_url: str = DEFAULT_BASE_URL
    site_url: str | None = None
    site_name: str | None = None
    key_env: tuple[str, ...] = ("OPENROUTER_API_KEY", "OPENROUTER_KEY")
    retry_attempts: int = 3
    retry_delay_ms: int = 1000
    requests_per_minute: int | None = None
    max_cost_per_request: Decimal | None = None
    connect_timeout: float = 15
    idle_timeout: float = 90
    total_timeout: float = 900

    def __post_init__(self) -> None:
        _check_url(self.base_url)
        for name, value in (("site_url", self.site_url), ("site_name", self.site_name)):
            if value and not value.isprintable():
                raise UsageError(f"{name} has control characters; use one line of plain text")
        if self.retry_attempts < 0 or self.retry_delay_ms < 0:
            raise UsageError("retry_attempts and retry_delay_ms must be 0 or more")
        if min(self.connect_timeout, self.idle_timeout, self.total_timeout) <= 0:
            raise UsageError("timeouts must be more than 0 seconds")

    @classmethod
    def from_environ(
        cls,
        environ: Mapping[str, str],
        **values: Any,  # noqa: ANN401 (the fields have types of their own)
    ) -> ClientSettings:
        """Read OPENROUTER_BASE_URL, _SITE_URL and _SITE_NAME; `values` fill in what is not set.

        A value of None counts as not given. Raises UsageError when a value cannot be used.
        """
        given = {name: value for name, value in values.items() if value is not None}
        for name in ("base_url", "site_url", "site_name"):
            if value := environ.get(f"OPENROUTER_{name.upper()}"):
                given[name] = value
        return cls(**given)

    @property
    def is_secure(self) -> bool:
        """Whether the connection is encrypted; if not, it does not leave this machine."""
        return self.base_url.startswith("https:")


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if "@" in url:
        raise UsageError("OPENROUTER_BASE_URL must not hold a user name or password")
    if not host or parts.scheme not in ("http", "https"):
        raise UsageError(
            f"OPENROUTER_BASE_URL {url!r} is not a web address; the usual one is {DEFAULT_BASE_URL}"
        )
    if parts.scheme == "http" and not _is_loopback(host):
        raise UsageError(
            f"OPENROUTER_BASE_URL {url!r} would send your key unencrypted; use https://"
            " (http:// is for this machine only, such as http://127.0.0.1:8000/api/v1)"
        )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
