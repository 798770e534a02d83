"""One client of the gateway as an SDK behaves, as cheaply as can be: thousands share a core with Kafka and the load."""

import os
import re
import socket
import time
from collections.abc import Callable
from enum import IntEnum

import msgspec

BUFFER = bytearray(256 * 1024)
"""What is received lands here; all sockets of a process take turns."""
_VIEW = memoryview(BUFFER)
_PUSH = b'{"push":'
_PUSH_END = b"}}}"
_PING = b"\x81\x02{}"
_SENT = re.compile(rb'"sent":(\d{16})')
_MASK = os.urandom(4)
_IP_BIND_ADDRESS_NO_PORT = 24  # Linux: the port is chosen at connect, so that sources can share it


class Stage(IntEnum):
    """How far it has come."""

    CONNECTING = 0
    HANDSHAKE = 1
    CONNECT = 2
    SUBSCRIBE = 3
    WATCHING = 4


_AWAITED = {Stage.HANDSHAKE: b"\r\n\r\n", Stage.CONNECT: b'"connect":{', Stage.SUBSCRIBE: b'"subscribe":{'}


class CrowdSocketError(Exception):
    """The gateway did not do what a client may expect."""


class CrowdSocket:
    """Handshake, connect, subscribe one after the other, each when the last is answered; then it counts pushes."""

    __slots__ = ("_channels", "_left", "_tail", "_token", "_watch", "silent", "socket", "stage")

    def __init__(self, channels: list[str], token: str, *, watch: Callable[[int], None] | None, silent: bool) -> None:
        """`watch` is told of each push's age in microseconds. A silent one never reads once it is subscribed."""
        self._channels = channels
        self._left = len(channels)
        self._token = token
        self._tail = b""
        self._watch = watch
        self.silent = silent
        self.stage = Stage.CONNECTING
        self.socket: socket.socket

    def open(self, source: str, address: tuple[str, int]) -> int:
        """Begins to connect; gives the file descriptor."""
        self.socket = socket.socket()
        self.socket.setblocking(False)  # noqa: FBT003 the socket module's own way
        self.socket.setsockopt(socket.IPPROTO_IP, _IP_BIND_ADDRESS_NO_PORT, 1)
        self.socket.bind((source, 0))
        self.socket.connect_ex(address)
        return self.socket.fileno()

    def connected(self) -> None:
        """The connection is there, or has failed."""
        error = self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if error:
            raise CrowdSocketError(f"cannot connect: {os.strerror(error)}")
        self.stage = Stage.HANDSHAKE
        self.socket.send(
            b"GET /connection/websocket HTTP/1.1\r\nHost: gateway\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
            b"Sec-WebSocket-Protocol: centrifuge-json\r\nUser-Agent: benchmark\r\n\r\n"
        )

    def advance(self) -> bool:
        """Reads an answer and asks the next thing. True once it is subscribed."""
        data = self.socket.recv(65_536)
        if not data:
            raise CrowdSocketError(f"closed while it waited for {self.stage.name}: {self._tail[-200:]!r}")
        self._tail += data
        if b'"error":' in self._tail:
            raise CrowdSocketError(f"refused: {self._tail[:300]!r}")
        if _PING in data:
            self.socket.send(masked(b"{}"))
        if _AWAITED[self.stage] not in self._tail:
            return False
        if self.stage is not Stage.HANDSHAKE and not ends_a_frame(self._tail):
            return False  # what is still to come of the answer, such as what was missed, is no push
        self._tail = b""
        if self.stage is Stage.HANDSHAKE:
            self.stage = Stage.CONNECT
            self._ask(1, "connect", {"token": self._token, "name": "bench", "version": "1"})
        else:
            if self.stage is Stage.SUBSCRIBE:
                self._left -= 1
                if self._left == 0:
                    self.stage = Stage.WATCHING
                    return True
            self.stage = Stage.SUBSCRIBE
            self._ask(1 + self._left, "subscribe", {"channel": self._channels[self._left - 1]})
        return False

    @property
    def last(self) -> bytes:
        """The end of what it was sent last, such as why it was closed."""
        return self._tail[-100:]

    def take(self) -> int:
        """Reads what has come; gives the number of pushes. -1: the gateway has closed the connection."""
        kept = len(self._tail)
        size = self.socket.recv_into(_VIEW[kept:])
        if size == 0:
            return -1
        if kept:
            BUFFER[:kept] = self._tail
            self._tail = b""
        size += kept
        if BUFFER.find(_PING, max(0, kept - 3), size) >= 0:
            self.socket.send(masked(b"{}"))
        end = BUFFER.rfind(_PUSH_END, 0, size) + len(_PUSH_END)
        if end < len(_PUSH_END):
            end = 0
        if end < size and BUFFER[end:size] != _PING:
            self._tail = bytes(BUFFER[end:size])
        if self._watch is not None:
            now = time.time_ns() // 1000
            for found in _SENT.finditer(BUFFER, 0, end):
                self._watch(now - int(found[1]))
        return BUFFER.count(_PUSH, 0, end)

    def _ask(self, number: int, command: str, request: dict[str, str]) -> None:
        self.socket.send(masked(msgspec.json.encode({"id": number, command: request})))


def ends_a_frame(data: bytes) -> bool:
    """Whether these are whole frames of a server."""
    at = 0
    while at + 2 <= len(data):
        head, size = 2, data[at + 1]
        if size >= 126:
            head = 4 if size == 126 else 10
            size = int.from_bytes(data[at + 2 : at + head])
        at += head + size
    return at == len(data)


def masked(payload: bytes) -> bytes:
    """A client's text frame."""
    size = len(payload)
    head = bytes((0x81, 0x80 | size)) if size < 126 else b"\x81\xfe" + size.to_bytes(2)
    key = int.from_bytes((_MASK * (size // 4 + 1))[:size])
    return head + _MASK + (int.from_bytes(payload) ^ key).to_bytes(size)
