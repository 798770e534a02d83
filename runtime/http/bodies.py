"""Request bodies, read with a bound on everything: bytes sent, bytes once inflated, gzip members, and time.

Servers run with aiohttp's own inflating switched off (see `runtime/http/server.py`): it answers garbage with 500 and
hands on a truncated body as if it were whole.
"""

import asyncio
import zlib

from aiohttp import web

from runtime.http.problem import (
    BAD_CONTENT_ENCODING,
    BODY_TIMEOUT,
    BODY_TOO_LARGE,
    MALFORMED_REQUEST,
    UNSUPPORTED_CONTENT_ENCODING,
    Problem,
)

MAX_GZIP_MEMBERS = 100  # each costs a new decompressor; a client that joins files has a few
_GZIP_WINDOW = 16 + zlib.MAX_WBITS  # zlib.h, inflateInit2: plus 16 takes the gzip format only


async def read_body(request: web.Request, max_bytes: int, max_inflated: int, timeout: float) -> bytes:  # noqa: ASYNC109
    """The whole body, inflated if it is gzip (RFC 1952, also of several members).

    `max_bytes` bounds what is sent, `max_inflated` what comes out, `timeout` (seconds) the wait for all of it.
    Raises Problem: 413 over a bound (at once, if Content-Length says so), 408 too slow, 400 damaged or incomplete gzip
    or chunks, 415 any other Content-Encoding; and ConnectionError if the client leaves.
    """
    content = _content(request, max_bytes, max_inflated)
    declared = request.content_length
    if declared is not None and declared > max_bytes:
        raise _too_large(max_bytes)
    try:
        if request.content.is_eof():  # it came with the head, as small bodies do: no timer for what needs no wait
            content.feed(request.content.read_nowait())
        else:
            async with asyncio.timeout(timeout):
                async for chunk in request.content.iter_any():
                    content.feed(chunk)
    except TimeoutError:
        raise Problem(
            BODY_TIMEOUT, f"the body took longer than {timeout:g} s", headers={"Connection": "close"}
        ) from None
    except web.RequestPayloadError:
        raise Problem(MALFORMED_REQUEST, "the body is not framed as its headers say") from None
    return content.finish()


def _content(request: web.Request, max_bytes: int, max_inflated: int) -> "Plain":
    encodings = ",".join(request.headers.getall("Content-Encoding", ())).strip().lower()
    if encodings in ("", "identity"):
        return Plain(min(max_bytes, max_inflated))
    if encodings in ("gzip", "x-gzip"):  # RFC 9110, 8.4.1.3: x-gzip is the same
        return Gzip(max_bytes, max_inflated)
    raise Problem(
        UNSUPPORTED_CONTENT_ENCODING,
        "Content-Encoding may be gzip, or absent",
        headers={"Accept-Encoding": "gzip, identity"},  # RFC 9110, 12.5.3: tells the client what would be taken
    )


def _too_large(max_bytes: int) -> Problem:
    return Problem(BODY_TOO_LARGE, f"the body is over {max_bytes} bytes")


class Plain:
    """Collects a body that is sent as it is."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._received = 0
        self._parts: list[bytes] = []

    def feed(self, chunk: bytes) -> None:
        """Take what arrived. Raises Problem."""
        self._received += len(chunk)
        if self._received > self._max_bytes:
            raise _too_large(self._max_bytes)
        self._decode(chunk)

    def finish(self) -> bytes:
        """The whole body. Raises Problem if it is not whole."""
        return b"".join(self._parts)

    def _decode(self, chunk: bytes) -> None:
        self._parts.append(chunk)


class Gzip(Plain):
    """Inflates a body as it arrives, and stops at the first byte over the bound."""

    def __init__(self, max_bytes: int, max_inflated: int) -> None:
        super().__init__(max_bytes)
        self._max_inflated = max_inflated
        self._inflated = 0
        self._members = 1
        self._member = zlib.decompressobj(_GZIP_WINDOW)

    def finish(self) -> bytes:
        if not self._member.eof:
            raise Problem(BAD_CONTENT_ENCODING, "the gzip body ends too early")
        return super().finish()

    def _decode(self, chunk: bytes) -> None:
        while chunk:
            if self._member.eof:
                self._next_member()
            # One byte over the bound is asked for, so that less than that means: all of the input was used.
            part = self._inflate(chunk, self._max_inflated - self._inflated + 1)
            self._inflated += len(part)
            if self._inflated > self._max_inflated:
                raise Problem(BODY_TOO_LARGE, f"the body inflates to over {self._max_inflated} bytes")
            if part:
                self._parts.append(part)
            chunk = self._member.unused_data

    def _inflate(self, chunk: bytes, most: int) -> bytes:
        try:
            return self._member.decompress(chunk, most)
        except zlib.error:
            where = "what follows it" if self._members > 1 else "it"
            raise Problem(BAD_CONTENT_ENCODING, f"the body is not gzip, or {where} is damaged") from None

    def _next_member(self) -> None:
        self._members += 1
        if self._members > MAX_GZIP_MEMBERS:
            raise Problem(BODY_TOO_LARGE, f"the gzip body has over {MAX_GZIP_MEMBERS} members")
        self._member = zlib.decompressobj(_GZIP_WINDOW)
