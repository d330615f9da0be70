"""Connections to one server, in small pools."""

from __future__ import annotations

import functools
import ssl
from urllib.request import getproxies, proxy_bypass

import httpx

from llm_reasonkit.openrouter.settings import ClientSettings

# httpcore walks its whole pool for every request: many small pools are faster than a big one.
_POOL_SIZE = 4

Headers = list[tuple[bytes, bytes]]


class Pool:
    """A few connections, and how many of them are taken.

    A transport of httpx's without the client around it: redirects, cookies and passwords of the
    environment's are not wanted here, and looking for them would cost a sixth of a short call.
    """

    def __init__(self, settings: ClientSettings) -> None:
        self.in_use = 0
        self._base_url = settings.base_url.rstrip("/")
        self._chat_url = httpx.URL(f"{self._base_url}/chat/completions")
        self._headers = _headers(settings)
        self._timeouts = httpx.Timeout(None, connect=settings.connect_timeout)
        self._transport = httpx.AsyncHTTPTransport(
            verify=_tls() if settings.is_secure else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
            limits=httpx.Limits(max_connections=_POOL_SIZE, max_keepalive_connections=_POOL_SIZE),
            proxy=_proxy(self._chat_url.host) if settings.is_secure else None,
        )

    def chat(self, content: bytes, bearer: str) -> httpx.Request:
        """Return a request with a chat as JSON."""
        # Compression would hold pieces of the answer back.
        headers = [(b"Content-Type", b"application/json"), (b"Accept-Encoding", b"identity")]
        return self._request("POST", self._chat_url, headers, bearer, content)

    def get(self, path: str, bearer: str | None) -> httpx.Request:
        """Return a request for what is under `path`."""
        url = httpx.URL(f"{self._base_url}/{path.lstrip('/')}")
        return self._request("GET", url, [(b"Accept-Encoding", b"gzip, deflate")], bearer)

    async def send(self, request: httpx.Request) -> httpx.Response:
        """Send a request; the body of the reply is still to be read. Raises httpx.HTTPError."""
        return await self._transport.handle_async_request(request)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._transport.aclose()

    def _request(
        self,
        method: str,
        url: httpx.URL,
        headers: Headers,
        bearer: str | None,
        content: bytes | None = None,
    ) -> httpx.Request:
        if bearer:
            headers.append((b"Authorization", bearer.encode()))
        extensions = {"timeout": self._timeouts.as_dict()}
        return httpx.Request(
            method, url, headers=[*self._headers, *headers], content=content, extensions=extensions
        )


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
        self._pools.append(Pool(self._settings))
        return self._pools[-1]

    async def aclose(self) -> None:
        """Close all connections."""
        pools, self._pools = self._pools, []
        for pool in pools:
            await pool.aclose()


@functools.cache
def _tls() -> ssl.SSLContext:
    return httpx.create_ssl_context()


def _proxy(host: str) -> str | None:
    """Return the proxy that the environment names for secure connections to `host`."""
    proxies = getproxies()
    proxy = proxies.get("https") or proxies.get("all")
    if not proxy or proxy_bypass(host):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"


def _headers(settings: ClientSettings) -> Headers:
    headers = [
        (b"Accept", b"*/*"),
        (b"User-Agent", b"llm-reasonkit"),
        (b"X-OpenRouter-Metadata", b"enabled"),
    ]
    if settings.site_url:
        headers.append((b"HTTP-Referer", settings.site_url.encode()))
    if settings.site_name:
        headers.append((b"X-OpenRouter-Title", settings.site_name.encode()))
    return headers
