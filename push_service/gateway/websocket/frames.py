"""WebSocket framing, the server's side: bytes in, events out, frames built. No I/O. Source of the rules: RFC 6455.

Strict: what the RFC forbids fails the connection with the close code it names. After a failure or a close frame the
reader takes nothing more.
"""

import enum

import msgspec

_CONTINUATION, _TEXT, _BINARY, _CLOSE, _PING, _PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
_OPCODES = frozenset({_CONTINUATION, _TEXT, _BINARY, _CLOSE, _PING, _PONG})
_WHOLE = frozenset({0x80 | _TEXT, 0x80 | _BINARY})
_MAX_CONTROL = 125

PROTOCOL_ERROR = 1002
INVALID_DATA = 1007
TOO_BIG = 1009
# What a peer may close with besides 3000 to 4999: RFC 6455 section 7.4.1, and IANA's registry for 1012 to 1014.
_CLOSE_CODES = frozenset({1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014})


class EventKind(enum.Enum):
    """What has arrived."""

    TEXT = "text"
    BINARY = "binary"
    PING = "ping"
    PONG = "pong"
    CLOSE = "close"
    FAILURE = "failure"


class Event(msgspec.Struct, frozen=True):
    """A whole message, a control frame, or the end."""

    kind: EventKind
    data: bytes = b""
    """The message; of a ping and pong its payload; of a close its payload as it came; of a failure the reason."""
    code: int = 0
    """Of a close the peer's code (1005 when it gave none), of a failure the code to close with."""


class _ViolationError(Exception):
    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.event = Event(EventKind.FAILURE, reason.encode(), code)


class FrameReader:
    """Reads what one client sends. `feed` bytes as they come, cut anywhere."""

    __slots__ = ("_buffer", "_ended", "_message", "_opcode", "max_message")

    def __init__(self, max_message: int) -> None:
        """`max_message`: bytes of a message at most, over all its fragments."""
        self.max_message = max_message
        self._buffer: bytearray | None = None  # no object of its own while nothing is left over: most of the time
        self._message: bytearray | None = None
        self._opcode = 0
        self._ended = False

    def feed(self, data: bytes) -> list[Event]:
        """The events that these bytes complete, in order. The last one is a close or failure when it is over."""
        events: list[Event] = []
        if self._ended:
            return events
        if self._buffer is not None:
            self._buffer += data
            source: bytes | bytearray = self._buffer
        else:
            source = data
        at = 0
        try:
            if source is data and self._message is None and (event := self._whole_message(data)) is not None:
                events.append(event)
                return events
            while at < len(source) and (frame := self._frame_at(source, at)) is not None:
                at, fin, opcode, payload = frame
                event = self._control(opcode, payload) if opcode >= _CLOSE else self._fragment(opcode, payload, fin=fin)
                if event is not None:
                    events.append(event)
                if opcode == _CLOSE:
                    break
        except _ViolationError as violation:
            self._ended = True
            events.append(violation.event)
        self._keep(source, at)
        return events

    def _whole_message(self, data: bytes) -> Event | None:
        """What nearly always comes: exactly one frame with one message. None if it is anything else, or wrong."""
        size = len(data)
        if size < 6 or data[0] not in _WHOLE:
            return None
        length, head = data[1] ^ 0x80, 2  # over 127 if it is not masked
        if length == 126:
            length, head = int.from_bytes(data[2:4]), 4
        elif length > 125:
            return None
        if size != head + 4 + length or length > self.max_message:
            return None
        return _message(data[0] & 0x0F, _unmasked(data[head + 4 :], data[head : head + 4]))

    def _keep(self, source: bytes | bytearray, at: int) -> None:
        if self._ended or at == len(source):
            self._buffer = None
        elif source is self._buffer:
            del self._buffer[:at]
        else:
            self._buffer = bytearray(memoryview(source)[at:])
        if self._ended:
            self._message = None

    def _frame_at(self, source: bytes | bytearray, at: int) -> tuple[int, bool, int, bytes] | None:
        """(where the next one begins, fin, opcode, payload) of the frame at `at`; None while it is incomplete."""
        available = len(source) - at
        if available < 2:
            return None
        first, second = source[at], source[at + 1]
        opcode = first & 0x0F
        if opcode not in _OPCODES:
            raise _ViolationError(PROTOCOL_ERROR, "unknown opcode")
        if not second & 0x80:
            raise _ViolationError(PROTOCOL_ERROR, "a client's frame is not masked")
        length = second & 0x7F
        head = 2
        if length >= 126:
            head = 4 if length == 126 else 10
            if available < head:
                return None
            length = int.from_bytes(source[at + 2 : at + head])
        self._check(first, opcode, length)
        end = head + 4 + length
        if available < end:
            return None
        mask = source[at + head : at + head + 4]
        return at + end, bool(first & 0x80), opcode, _unmasked(source[at + head + 4 : at + end], mask)

    def _check(self, first: int, opcode: int, length: int) -> None:
        """Everything that a frame's head tells, so that nothing is buffered for a frame that will be refused."""
        held = len(self._message) if self._message is not None and opcode < _CLOSE else 0
        if length > self.max_message - held:
            raise _ViolationError(TOO_BIG, f"a message is over {self.max_message} bytes")
        if first & 0x70:
            raise _ViolationError(PROTOCOL_ERROR, "reserved bits are set")
        if opcode >= _CLOSE:
            if length > _MAX_CONTROL:
                raise _ViolationError(PROTOCOL_ERROR, "a control frame is over 125 bytes")
            if not first & 0x80:
                raise _ViolationError(PROTOCOL_ERROR, "a control frame is fragmented")
        elif (opcode == _CONTINUATION) != (self._message is not None):
            raise _ViolationError(PROTOCOL_ERROR, "fragments are out of sequence")

    def _fragment(self, opcode: int, payload: bytes, *, fin: bool) -> Event | None:
        if opcode != _CONTINUATION:
            if fin:
                return _message(opcode, payload)
            self._opcode = opcode
            self._message = bytearray(payload)
            return None
        assert self._message is not None
        self._message += payload
        if not fin:
            return None
        whole, self._message = bytes(self._message), None
        return _message(self._opcode, whole)

    def _control(self, opcode: int, payload: bytes) -> Event:
        if opcode == _PING:
            return Event(EventKind.PING, payload)
        if opcode == _PONG:
            return Event(EventKind.PONG, payload)
        code = _close_code(payload)
        if self._message is not None:
            raise _ViolationError(PROTOCOL_ERROR, "closed inside a fragmented message")
        self._ended = True
        return Event(EventKind.CLOSE, payload, code)


def _message(opcode: int, payload: bytes) -> Event:
    if opcode == _BINARY:
        return Event(EventKind.BINARY, payload)
    if not payload.isascii():
        try:
            payload.decode()
        except UnicodeDecodeError:
            raise _ViolationError(INVALID_DATA, "a text message is not UTF-8") from None
    return Event(EventKind.TEXT, payload)


def _close_code(payload: bytes) -> int:
    if not payload:
        return 1005  # never on the wire: "no code was given" (RFC 6455 section 7.1.5)
    if len(payload) == 1:
        raise _ViolationError(PROTOCOL_ERROR, "a close frame of one byte")
    try:
        payload[2:].decode()
    except UnicodeDecodeError:
        raise _ViolationError(INVALID_DATA, "a close reason is not UTF-8") from None
    code = int.from_bytes(payload[:2])
    if code not in _CLOSE_CODES and not 3000 <= code < 5000:
        raise _ViolationError(PROTOCOL_ERROR, "a close code that must not be sent")
    return code


def _unmasked(data: bytes | bytearray, mask: bytes | bytearray) -> bytes:
    """XOR as one big number: far faster than byte by byte."""
    size = len(data)
    key = int.from_bytes((mask * (size // 4 + 1))[:size])
    return (int.from_bytes(data) ^ key).to_bytes(size)


def text_frame(payload: bytes) -> bytes:
    """A whole text message."""
    return _frame(_TEXT, payload)


def binary_frame(payload: bytes) -> bytes:
    """A whole binary message."""
    return _frame(_BINARY, payload)


def pong_frame(payload: bytes) -> bytes:
    """The answer to a ping, with its payload."""
    return _frame(_PONG, payload)


def close_frame(code: int, reason: str = "") -> bytes:
    """A close with a code and a reason, which is cut to what fits."""
    return _frame(_CLOSE, code.to_bytes(2) + reason.encode()[: _MAX_CONTROL - 2].decode(errors="ignore").encode())


def close_echo(payload: bytes) -> bytes:
    """The answer to a peer's close: its payload."""
    return _frame(_CLOSE, payload)


def _frame(opcode: int, payload: bytes) -> bytes:
    size = len(payload)
    if size < 126:
        return bytes((0x80 | opcode, size)) + payload
    if size < 65_536:
        return bytes((0x80 | opcode, 126)) + size.to_bytes(2) + payload
    return bytes((0x80 | opcode, 127)) + size.to_bytes(8) + payload
