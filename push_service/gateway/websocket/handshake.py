"""The opening handshake, the server's side: a request's head in, an answer out. No I/O. Source: RFC 6455, 4.2."""

import base64
import binascii
import hashlib
import re
from collections.abc import Collection
from typing import NamedTuple

from push_service.gateway.origins import is_permitted

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_REQUEST_LINE = re.compile(r"GET [\x21-\x7e]+ HTTP/1\.1")
_FIELD_LINES = re.compile(r"(?:\r\n[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t\x20-\x7e\x80-\xff]*)*")
_MAX_FIELDS = 64
MAX_HEAD = 8_192
"""Bytes of a request's line and header fields."""
PROTOBUF = "centrifuge-protobuf"
"""The subprotocol of clients that speak Protobuf; without it a client speaks JSON."""
_PROTOBUF_QUERY = re.compile(r"[?&](?:cf_protocol|format)=protobuf(?:&|$)")


class HandshakeError(Exception):
    """The request is refused; `status` and the message are its answer."""

    def __init__(self, status: str, reason: str, header: str = "") -> None:
        super().__init__(reason)
        self.status = status
        self.header = header

    def response(self) -> bytes:
        """The bytes to answer with, before the connection is closed."""
        body = f"{self}\n".encode()
        head = (
            f"HTTP/1.1 {self.status}\r\nContent-Type: text/plain; charset=utf-8\r\n"
            f"Content-Length: {len(body)}\r\n{self.header}Connection: close\r\n\r\n"
        )
        return head.encode() + body


class Handshake(NamedTuple):
    """What an acceptable request asks for."""

    key: bytes
    subprotocols: list[str]
    """What the client offers, in its order of preference; empty when it named none."""
    protobuf: bool = False
    """Whether the address asks for Protobuf (`?cf_protocol=protobuf`), for clients that cannot name a subprotocol."""

    def response(self, subprotocol: str | None) -> bytes:
        """The bytes that open the WebSocket, with the subprotocol that was chosen."""
        accept = base64.b64encode(hashlib.sha1(self.key + _GUID, usedforsecurity=False).digest())
        chosen = b"" if subprotocol is None else b"Sec-WebSocket-Protocol: %b\r\n" % subprotocol.encode()
        return (
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: %b\r\n%b\r\n" % (accept, chosen)
        )


def path_of(head: bytes) -> bytes | None:
    """The path that a request's first line asks for, without its query; empty for a line that asks for nothing.

    None while there is no whole line yet.
    """
    line, newline, _ = head.partition(b"\r\n")
    if not newline:
        return None
    parts = line.split(b" ")
    return parts[1].partition(b"?")[0] if len(parts) == 3 else b""


def read_handshake(head: bytes, origins: Collection[str]) -> Handshake:
    """Reads a request's head (without the empty line that ends it). Raises HandshakeError.

    `origins` are the pages that may connect, such as `https://app.example.com`, or `*` for all. A page of the same host
    and port always may, and so does a client without an Origin, which is no browser.
    """
    if len(head) > MAX_HEAD:
        raise HandshakeError("431 Request Header Fields Too Large", f"the head is over {MAX_HEAD} bytes")
    text = head.decode("latin-1")
    request_line, *lines = text.split("\r\n")
    if not _REQUEST_LINE.fullmatch(request_line):
        raise HandshakeError("400 Bad Request", "a WebSocket is opened by GET over HTTP/1.1")
    if not _FIELD_LINES.fullmatch(text, len(request_line)):
        raise HandshakeError("400 Bad Request", "a header field is malformed")
    fields = _fields(lines)
    if "content-length" in fields or "transfer-encoding" in fields:
        raise HandshakeError("400 Bad Request", "the request has a body")
    if len(fields.get("host", [])) != 1:
        raise HandshakeError("400 Bad Request", "exactly one Host is required")
    _check_upgrade(fields)
    _check_origin(fields, origins)
    asked = _PROTOBUF_QUERY.search(request_line.split(" ")[1]) is not None
    return Handshake(_key(fields), _tokens(fields, "sec-websocket-protocol"), asked)


def _fields(lines: list[str]) -> dict[str, list[str]]:
    if len(lines) > _MAX_FIELDS:
        raise HandshakeError("431 Request Header Fields Too Large", f"more than {_MAX_FIELDS} header fields")
    fields: dict[str, list[str]] = {}
    for line in lines:
        name, _, value = line.partition(":")
        fields.setdefault(name.lower(), []).append(value.strip(" \t"))
    return fields


def _tokens(fields: dict[str, list[str]], name: str) -> list[str]:
    return [token.strip() for value in fields.get(name, []) for token in value.split(",") if token.strip()]


def _check_upgrade(fields: dict[str, list[str]]) -> None:
    upgrade = "Upgrade: websocket\r\n"
    if "websocket" not in (token.lower() for token in _tokens(fields, "upgrade")):
        raise HandshakeError("426 Upgrade Required", "this is a WebSocket endpoint: Upgrade: websocket", upgrade)
    if "upgrade" not in (token.lower() for token in _tokens(fields, "connection")):
        raise HandshakeError("426 Upgrade Required", "Connection must name Upgrade", upgrade)
    if fields.get("sec-websocket-version") != ["13"]:
        raise HandshakeError(
            "426 Upgrade Required", "only WebSocket version 13 is spoken", f"{upgrade}Sec-WebSocket-Version: 13\r\n"
        )


def _key(fields: dict[str, list[str]]) -> bytes:
    keys = fields.get("sec-websocket-key", [])
    if len(keys) == 1:
        try:
            if len(base64.b64decode(keys[0], validate=True)) == 16:
                return keys[0].encode()
        except (binascii.Error, ValueError):
            pass
    raise HandshakeError("400 Bad Request", "Sec-WebSocket-Key must be 16 bytes in base64, once")


def _check_origin(fields: dict[str, list[str]], allowed: Collection[str]) -> None:
    origins = fields.get("origin")
    if origins is None:
        return
    if len(origins) == 1 and is_permitted(origins[0], fields["host"][0], allowed):
        return
    raise HandshakeError("403 Forbidden", "this origin may not connect")
