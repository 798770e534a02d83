"""What all WebSockets of a process share: where they are served, their bounds, and who still has to hurry."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence

import msgspec
import structlog

from push_service.gateway.delivery.send_queue import QueueLimits
from push_service.gateway.delivery.transport import Transport
from push_service.gateway.metrics import ConnectOutcome, GatewayMetrics
from push_service.gateway.protocol.disconnects import SHUTDOWN, SLOW, STALE
from push_service.gateway.sessions.deadlines import Deadlines
from push_service.gateway.sessions.session import Session
from push_service.gateway.websocket.connection import SocketConnection
from push_service.gateway.websocket.wire import SocketWire

log = structlog.get_logger(__name__)

_TICK_SECONDS = 0.5
_CLOSING_SECONDS = 3.0
_DRAIN_STEP_SECONDS = 0.05


class SocketLimits(msgspec.Struct, frozen=True):
    """Bounds of each socket; see `GatewaySettings`."""

    max_sockets: int
    max_frame_bytes: int
    connect_seconds: float
    stalled_seconds: float
    queue: QueueLimits


class SocketDoor:
    """Makes the protocol of each new connection, and ends those whose time is over. One timer serves all."""

    name = "sockets"

    def __init__(
        self,
        *,
        path: str,
        origins: Sequence[str],
        wires: Mapping[str | None, SocketWire],
        limits: SocketLimits,
        new_session: Callable[[Transport], Session],
        receive: Callable[[Session, bytes], None],
        metrics: GatewayMetrics,
    ) -> None:
        """`wires` by subprotocol; None: the client names none."""
        self.path = path.encode()
        self.origins = frozenset(origins)
        self.wires = wires
        self.limits = limits
        self.new_http: Callable[[], asyncio.Protocol] = asyncio.Protocol
        """Serves every other path on the port; set before the first connection."""
        self.new_session = new_session
        self.receive = receive
        self.metrics = metrics
        self.sockets: dict[SocketConnection, None] = {}
        metrics.sockets.set_function(lambda: len(self.sockets))
        self._to_flush: list[SocketConnection] = []
        self._connecting: Deadlines[SocketConnection] = Deadlines(limits.connect_seconds)
        self._stalled: Deadlines[SocketConnection] = Deadlines(limits.stalled_seconds)
        self._closing: Deadlines[SocketConnection] = Deadlines(_CLOSING_SECONDS)

    def __call__(self) -> SocketConnection:
        """A protocol for a connection that was just accepted."""
        return SocketConnection(self)

    def arrived(self, socket: SocketConnection) -> None:
        """A connection was accepted; whether for a WebSocket is not known yet."""
        self._connecting.start(socket, time.monotonic())

    def opened(self, socket: SocketConnection) -> bool:
        """Its handshake is right. False: there are too many already."""
        if len(self.sockets) >= self.limits.max_sockets:
            self.metrics.connect(ConnectOutcome.TOO_MANY)
            return False
        self.sockets[socket] = None
        return True

    def flush_soon(self, socket: SocketConnection) -> None:
        """It has something to write: at the end of this turn of the loop, with all others."""
        if not self._to_flush:
            asyncio.get_running_loop().call_soon(self._flush)
        self._to_flush.append(socket)

    def authenticated(self, socket: SocketConnection) -> None:
        """Its client has said who it is."""
        self._connecting.stop(socket)

    def stalls(self, socket: SocketConnection) -> None:
        """Its client takes no bytes for now."""
        self._stalled.start(socket, time.monotonic())

    def flows(self, socket: SocketConnection) -> None:
        """Its client takes bytes again."""
        self._stalled.stop(socket)

    def closing(self, socket: SocketConnection) -> None:
        """It was told to close; if its client does not, it is cut off."""
        self._closing.start(socket, time.monotonic())

    def gone(self, socket: SocketConnection) -> None:
        """The connection is over, or is no WebSocket's."""
        for deadlines in (self._connecting, self._stalled, self._closing):
            deadlines.stop(socket)
        self.sockets.pop(socket, None)

    def _flush(self) -> None:
        sockets, self._to_flush = self._to_flush, []
        for socket in sockets:
            try:
                socket.flush()
            except Exception:  # the others still wait for theirs
                log.exception("a socket failed")
                socket.abort()

    def tick(self, now: float) -> None:
        """Ends those whose time is over; `now` is monotonic, in seconds."""
        for socket in self._connecting.expired(now):
            self.metrics.connect(ConnectOutcome.STALE)
            socket.give_up(STALE)
        for socket in self._stalled.expired(now):
            socket.give_up(SLOW)
        for socket in self._closing.expired(now):
            socket.abort()

    async def run(self, stopping: asyncio.Event) -> None:
        """Keeps the time limits until told to stop."""
        stopped = asyncio.ensure_future(stopping.wait())
        try:
            while not stopping.is_set():
                self.tick(time.monotonic())
                await asyncio.wait({stopped}, timeout=_TICK_SECONDS)
        finally:
            stopped.cancel()

    async def drain(self, seconds: float) -> None:
        """Sends all clients elsewhere, in slices over `seconds`, so that they do not all come back at once."""
        waiting = list(self.sockets)
        steps = max(1, round(seconds / _DRAIN_STEP_SECONDS))
        size = max(1, -(-len(waiting) // steps))
        for start in range(0, len(waiting), size):
            for socket in waiting[start : start + size]:
                socket.give_up(SHUTDOWN)
            await asyncio.sleep(_DRAIN_STEP_SECONDS)
        for _ in range(round(_CLOSING_SECONDS / _DRAIN_STEP_SECONDS)):
            if not self.sockets:
                break
            await asyncio.sleep(_DRAIN_STEP_SECONDS)
        for socket in tuple(self.sockets):
            socket.abort()
