"""One connection on the gateway's port: a WebSocket, or HTTP that is handed over. A plain protocol, without a task."""

import asyncio
from typing import TYPE_CHECKING, cast

from push_service.gateway.delivery.push import Pushed
from push_service.gateway.delivery.send_queue import SendQueue, joined
from push_service.gateway.metrics import ConnectOutcome
from push_service.gateway.protocol.codec import Codec
from push_service.gateway.protocol.disconnects import SLOW, Disconnect
from push_service.gateway.sessions.session import Session
from push_service.gateway.websocket.frames import Event, EventKind, FrameReader, close_echo, close_frame, pong_frame
from push_service.gateway.websocket.handshake import (
    MAX_HEAD,
    PROTOBUF,
    Handshake,
    HandshakeError,
    path_of,
    read_handshake,
)
from push_service.gateway.websocket.wire import SocketWire

if TYPE_CHECKING:
    from push_service.gateway.websocket.door import SocketDoor

_WRITE_BUFFER = 64 * 1024
_MESSAGES = (EventKind.TEXT, EventKind.BINARY)


class SocketConnection(asyncio.Protocol):
    """Reads the request's head; then it is a WebSocket and a session's `Transport`, or no longer ours.

    What a turn of the loop brings for it is written at the turn's end at once, for a write is a system call, which is
    what a delivery costs most. While the transport is full all waits in a bounded queue.
    """

    __slots__ = (
        "_closing",
        "_door",
        "_head",
        "_paused",
        "_pending",
        "_queue",
        "_reader",
        "_session",
        "_transport",
        "_wire",
    )

    def __init__(self, door: "SocketDoor") -> None:
        self._door = door
        self._head = b""
        self._transport: asyncio.Transport
        self._reader: FrameReader | None = None
        self._wire: SocketWire
        self._session: Session | None = None
        self._pending: list[Pushed | bytes] = []
        self._queue: SendQueue | None = None
        self._paused = False
        self._closing = False

    # What the event loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one, without inheriting from it
        self._door.arrived(self)

    def data_received(self, data: bytes) -> None:
        if self._reader is None:
            self._read_head(data)
        else:
            self._handle(self._reader.feed(data))

    def connection_lost(self, _error: Exception | None) -> None:
        self._closing = True
        self._end_session()
        self._door.gone(self)

    def pause_writing(self) -> None:
        self._paused = True
        if self._queue is None:
            self._queue = SendQueue(self._door.limits.queue)
        self._door.stalls(self)

    def resume_writing(self) -> None:
        self._paused = False
        queue = self._queue
        if queue is None:
            return
        for piece in joined(queue.take(), _WRITE_BUFFER):
            self._transport.write(piece)
            if self._paused:  # set by `pause_writing`, which `write` calls
                return
        if queue.conflated:
            self._door.metrics.conflated.inc(queue.conflated)
        self._queue = None
        self._door.flows(self)

    # What the session calls.

    @property
    def codec(self) -> Codec:
        """See Transport."""
        return self._wire.codec

    def send(self, payload: bytes) -> None:
        """See Transport."""
        self._add(self._wire.frame(payload))

    def push(self, push: Pushed) -> None:
        """See Transport. As `_add`, without the call: this is what a delivery costs."""
        if not self._closing:
            if not self._pending:
                self._door.flush_soon(self)
            self._pending.append(push)

    def close(self, disconnect: Disconnect) -> None:
        """See Transport. The close frame's code and reason are the protocol's; see `disconnects`."""
        if not self._closing:
            self._door.metrics.disconnects.labels(disconnect.code).inc()
            self.flush()
            self._close(close_frame(disconnect.code, disconnect.reason))

    def authenticated(self) -> None:
        """See Transport."""
        self._door.authenticated(self)

    # What the door calls.

    def give_up(self, disconnect: Disconnect) -> None:
        """Its time is over: say so if it is a WebSocket, and end it."""
        if self._session is not None:
            self._session.disconnect(disconnect)
        elif not self._closing:
            self.abort()

    def abort(self) -> None:
        """Cut it off."""
        self._transport.abort()

    def flush(self) -> None:
        """Writes what this turn of the loop has brought, or queues it."""
        pending = self._pending
        if self._closing:
            pending.clear()
        elif len(pending) == 1 and self._queue is None:
            self._transport.write(self._frame(pending.pop()))
        elif pending:
            self._pending = []
            self._flush_all(pending)

    # The handshake.

    def _read_head(self, data: bytes) -> None:
        if self._closing:
            return
        self._head += data
        path = path_of(self._head)
        if path is None and len(self._head) <= MAX_HEAD:
            return
        if path != self._door.path:
            self._hand_over()
            return
        head, end, rest = self._head.partition(b"\r\n\r\n")
        if not end and len(head) <= MAX_HEAD:
            return
        try:
            self._open(read_handshake(head, self._door.origins))
        except HandshakeError as refused:
            self._refuse(refused)
            return
        if rest and self._reader is not None:
            self._handle(self._reader.feed(rest))

    def _hand_over(self) -> None:
        """The rest of this connection is HTTP: probes, and whatever else is served there."""
        self._door.gone(self)
        http = self._door.new_http()
        self._transport.set_protocol(http)
        http.connection_made(self._transport)
        http.data_received(self._head)

    def _open(self, handshake: Handshake) -> None:
        subprotocol = self._chosen(handshake.subprotocols)
        if not self._door.opened(self):
            raise HandshakeError("503 Service Unavailable", "too many sockets", "Retry-After: 1\r\n")
        self._head = b""
        self._wire = self._door.wires[PROTOBUF if subprotocol is None and handshake.protobuf else subprotocol]
        self._reader = FrameReader(self._door.limits.max_frame_bytes)
        self._transport.set_write_buffer_limits(high=_WRITE_BUFFER)
        self._session = self._door.new_session(self)
        self._transport.write(handshake.response(subprotocol))

    def _chosen(self, offered: list[str]) -> str | None:
        wires = self._door.wires
        for each in offered:
            if each in wires:
                return each
        if not offered:
            return None
        spoken = ", ".join(each for each in wires if each)
        raise HandshakeError("400 Bad Request", f"of subprotocols only these are spoken, or none: {spoken}")

    def _refuse(self, refused: HandshakeError) -> None:
        self._closing = True
        if not refused.status.startswith("503"):
            self._door.metrics.connect(ConnectOutcome.REFUSED)
        self._transport.write(refused.response())
        self._transport.close()

    # Frames.

    def _handle(self, events: list[Event]) -> None:
        for event in events:
            if event.kind in _MESSAGES:
                if self._session is not None and not self._closing:
                    self._door.receive(self._session, event.data)
            elif event.kind is EventKind.CLOSE:
                self._peer_closed(event.data)
            elif self._closing:
                continue
            elif event.kind is EventKind.FAILURE:
                self._end_session()
                self._close(close_frame(event.code, event.data.decode()))
                self._transport.write_eof()  # what it still sends is not read as frames any more
            elif event.kind is EventKind.PING:
                self._add(pong_frame(event.data))

    def _peer_closed(self, payload: bytes) -> None:
        if not self._closing:
            self.flush()
            self._closing = True
            self._end_session()
            self._transport.write(close_echo(payload))
        self._transport.close()

    def _add(self, item: bytes) -> None:
        """A frame that is for this client alone."""
        if not self._closing:
            if not self._pending:
                self._door.flush_soon(self)
            self._pending.append(item)

    def _frame(self, item: Pushed | bytes) -> bytes:
        return item if isinstance(item, bytes) else item.frame(self._wire)

    def _flush_all(self, items: list[Pushed | bytes]) -> None:
        rest = iter(items)
        if self._queue is None:
            for piece in joined((self._frame(each) for each in rest), _WRITE_BUFFER):
                self._transport.write(piece)
                if self._paused:  # set by `pause_writing`, which `write` calls
                    break
        for item in rest:
            key = None if isinstance(item, bytes) else item.conflation_key
            if self._queue is not None and not self._queue.put(self._frame(item), key):
                self._too_slow()
                return

    def _too_slow(self) -> None:
        if self._session is not None:
            self._session.disconnect(SLOW)

    def _close(self, frame: bytes) -> None:
        """What still waits is dropped: the client recovers it. It gets a moment to answer, and is cut off then."""
        self._closing = True
        self._queue = None
        self._transport.write(frame)
        self._door.closing(self)

    def _end_session(self) -> None:
        if self._session is not None:
            self._session.close()
            self._session = None
