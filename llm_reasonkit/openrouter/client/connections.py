"""Connections to one server, in small pools."""

from __future__ import annotations

import functools
import ssl

import httpx

from llm_reasonkit.openrouter.settings import ClientSettings

# httpcore walks its whole pool for every request: many small pools are faster than a big one.
_POOL_SIZE = 25


class Pool:
    """A few connections, and how many of them are taken."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http
        self.in_use = 0


class Connections:
    """As many pools as the calls that run at the same time need."""

    def __init__(self, settings: ClientSettings) -> None:
        self._settings = settings
        self._pools: list[Pool] = []

    def free_pool(self) -> Pool:
        """Return a pool with room for one more call."""
        for pool in self._pools:
            if pool.in_use < _POOL_SIZE:
                return pool
        self._pools.append(Pool(_http_client(self._settings)))
        return self._pools[-1]

    async def aclose(self) -> None:
        """Close all connections."""
        pools, self._pools = self._pools, []
        for pool in pools:
            await pool.http.aclose()


@functools.cache
def _tls() -> ssl.SSLContext:
    return httpx.create_ssl_context()


def _http_client(settings: ClientSettings) -> httpx.AsyncClient:
    headers = {b"User-Agent": b"llm-reasonkit", b"X-OpenRouter-Metadata": b"enabled"}
    if settings.site_url:
        headers[b"HTTP-Referer"] = settings.site_url.encode()
    if settings.site_name:
        headers[b"X-OpenRouter-Title"] = settings.site_name.encode()
    return httpx.AsyncClient(
        base_url=settings.base_url,
        headers=headers,
        verify=_tls() if settings.is_secure else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
        timeout=httpx.Timeout(None, connect=settings.connect_timeout),
        limits=httpx.Limits(max_connections=_POOL_SIZE, max_keepalive_connections=_POOL_SIZE),
        # A proxy would see the key on its way to a server on this machine.
        trust_env=settings.is_secure,
        follow_redirects=False,
    )
