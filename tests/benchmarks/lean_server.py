"""A server that streams the same reply to every request, with next to no work of its own.

    python -m tests.benchmarks.lean_server

Prints its port and serves until its stdin ends. Under `/burst` a reply comes as fast as the
connection takes it, under `/paced` one event at a time, as from a model.
"""

from __future__ import annotations

import asyncio
import json
import sys

EVENTS = 152
GAP = 0.002  # seconds between the events of a paced reply
_END_OF_HEAD = b"\r\n\r\n"
_LENGTH = b"content-length:"


def _event(delta: dict[str, str], **more: object) -> bytes:
    choice = {
        "index": 0,
        "finish_reason": None,
        "native_finish_reason": None,
        "logprobs": None,
        "delta": {"role": "assistant", **delta},
    }
    chunk = {
        "id": "gen-1760000000-AbCdEfGhIjKlMnOpQrSt",
        "object": "chat.completion.chunk",
        "created": 1760000000,
        "model": "acme/small-2026-01-01",
        "provider": "Acme Cloud",
        "choices": [choice],
        **more,
    }
    return b"data: " + json.dumps(chunk).encode() + b"\n\n"


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def _reply() -> list[bytes]:
    """Return what is written for a request, event by event."""
    usage = {"prompt_tokens": 12, "completion_tokens": EVENTS, "cost": 0.00012}
    events = [_event({"content": f" word{number}"}) for number in range(EVENTS - 2)]
    events += [_event({"content": ""}, usage=usage), b"data: [DONE]\n\n"]
    head = (
        b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n"
        b"x-generation-id: gen-1760000000-AbCdEfGhIjKlMnOpQrSt\r\n\r\n"
    )
    written = [_chunk(event) for event in events]
    return [head + written[0], *written[1:-1], written[-1] + b"0\r\n\r\n"]


_PIECES = _reply()
_WHOLE = b"".join(_PIECES)


class LeanServer(asyncio.Protocol):
    """One connection, used for one request after the other."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._received = b""

    def data_received(self, data: bytes) -> None:
        """Answer once the request is whole."""
        self._received += data
        head, end, body = self._received.partition(_END_OF_HEAD)
        length = head.lower().partition(_LENGTH)[2].split(b"\r\n")[0]
        if end and len(body) >= int(length or 0):
            self._received = b""
            if head.startswith(b"POST /burst"):
                self._transport.write(_WHOLE)
            else:
                self._write_from(0)

    def _write_from(self, number: int) -> None:
        if self._transport.is_closing():
            return
        self._transport.write(_PIECES[number])
        if number + 1 < len(_PIECES):
            asyncio.get_running_loop().call_later(GAP, self._write_from, number + 1)


async def main() -> None:
    """Serve until stdin ends."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(LeanServer, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main())
