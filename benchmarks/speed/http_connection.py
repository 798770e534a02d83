"""One keep-alive connection that posts prepared requests, as cheaply as can be: the load shares the machine.

It reads what ingest answers (HTTP/1.1 with Content-Length) and nothing else of HTTP.
"""

import asyncio
from collections.abc import Callable

Done = Callable[[int], None]
"""Called with the status of the answer; 0 when the connection ended without one."""

_HEAD_END = b"\r\n\r\n"
_LENGTH = b"content-length:"


class HttpConnection(asyncio.Protocol):
    """One request at a time: `post` again only after `done`."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._received = b""
        self._done: Done | None = None

    @property
    def open(self) -> bool:
        return self._transport is not None

    def post(self, request: bytes, done: Done) -> None:
        """Sends a whole request."""
        assert self._done is None
        if self._transport is None:
            done(0)
            return
        self._done = done
        self._transport.write(request)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]  # uvloop's transports are no asyncio.Transport

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 the name is asyncio's
        self._transport = None
        self._finish(0)

    def data_received(self, data: bytes) -> None:
        self._received += data
        head_end = self._received.find(_HEAD_END)
        if head_end < 0:
            return
        head = self._received[:head_end].lower()
        at = head.index(_LENGTH) + len(_LENGTH)
        length = int(head[at : head.find(b"\r\n", at) if b"\r\n" in head[at:] else len(head)])
        if len(self._received) >= head_end + len(_HEAD_END) + length:
            self._received = b""
            self._finish(int(head[9:12]))

    def _finish(self, status: int) -> None:
        done, self._done = self._done, None
        if done is not None:
            done(status)


def request_head(host: str, path: str, credential: str) -> bytes:
    """All of a request's head but the length, which `request` adds."""
    return (
        f"POST {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {credential}\r\n"
        "Content-Type: application/json\r\nContent-Length: "
    ).encode()


def request(head: bytes, body: bytes) -> bytes:
    """A whole request."""
    return b"%b%d\r\n\r\n%b" % (head, len(body), body)
