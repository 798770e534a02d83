"""The opening handshake, the server's side: a request's head in, an answer out. No I/O. Source: RFC 6455, 4.2."""

import base64
import hashlib
import re
from collections.abc import Collection
from typing import NamedTuple

from runtime.http.origins import is_permitted

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_REQUEST_LINE = re.compile(r"GET [\x21-\x7e]+ HTTP/1\.1")
_FIELD_LINES = re.compile(r"(?:\r\n[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t\x20-\x7e\x80-\xff]*)*")
_KEY = re.compile(r"[A-Za-z0-9+/]{22}==")
_LISTS = frozenset({"upgrade", "connection", "sec-websocket-protocol"})
_SINGLE = frozenset(
    {"host", "origin", "sec-websocket-key", "sec-websocket-version", "content-length", "transfer-encoding"}
)
_REPEATED = "\x00"
"""In place of the value of a field that may be there but once: no value is this."""
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
    end = head.find(b"\r\n")
    if end < 0:
        return None
    parts = head[:end].split(b" ")
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
    if fields.get("host", _REPEATED) == _REPEATED:
        raise HandshakeError("400 Bad Request", "exactly one Host is required")
    _check_upgrade(fields)
    if "origin" in fields:
        _check_origin(fields["origin"], fields["host"], origins)
    asked = "protobuf" in request_line and _PROTOBUF_QUERY.search(request_line.split(" ")[1]) is not None
    return Handshake(_key(fields), _tokens(fields.get("sec-websocket-protocol", "")), asked)


def _fields(lines: list[str]) -> dict[str, str]:
    """Those that count here, by lower-case name: a list's lines as one, of the others `_REPEATED` if there are more."""
    if len(lines) > _MAX_FIELDS:
        raise HandshakeError("431 Request Header Fields Too Large", f"more than {_MAX_FIELDS} header fields")
    fields: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(":")
        name = name.lower()
        if name in _SINGLE:
            fields[name] = _REPEATED if name in fields else value.strip(" \t")
        elif name in _LISTS:
            fields[name] = f"{fields[name]},{value}" if name in fields else value
    return fields


def _tokens(text: str) -> list[str]:
    return [token for each in text.split(",") if (token := each.strip())] if text else []


def _names(fields: dict[str, str], name: str, token: str) -> bool:
    text = fields.get(name, "").strip().lower()
    return text == token or token in _tokens(text)


def _check_upgrade(fields: dict[str, str]) -> None:
    upgrade = "Upgrade: websocket\r\n"
    if not _names(fields, "upgrade", "websocket"):
        raise HandshakeError("426 Upgrade Required", "this is a WebSocket endpoint: Upgrade: websocket", upgrade)
    if not _names(fields, "connection", "upgrade"):
        raise HandshakeError("426 Upgrade Required", "Connection must name Upgrade", upgrade)
    if fields.get("sec-websocket-version") != "13":
        raise HandshakeError(
            "426 Upgrade Required", "only WebSocket version 13 is spoken", f"{upgrade}Sec-WebSocket-Version: 13\r\n"
        )


def _key(fields: dict[str, str]) -> bytes:
    key = fields.get("sec-websocket-key", _REPEATED)
    if _KEY.fullmatch(key) is None:
        raise HandshakeError("400 Bad Request", "Sec-WebSocket-Key must be 16 bytes in base64, once")
    return key.encode()


def _check_origin(origin: str, host: str, allowed: Collection[str]) -> None:
    if origin == _REPEATED or not is_permitted(origin, host, allowed):
        raise HandshakeError("403 Forbidden", "this origin may not connect")
