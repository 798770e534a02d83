"""One response that streams a session's replies: the session's `Transport`, and the task that writes it."""

import asyncio
from collections.abc import Callable
from secrets import token_urlsafe

import msgspec
from aiohttp import web

from push_service.gateway.delivery.push import ConflationKey, Pushed
from push_service.gateway.delivery.send_queue import QueueLimits, SendQueue
from push_service.gateway.http_streams.wires import StreamWire
from push_service.gateway.protocol.codec import Codec
from push_service.gateway.protocol.disconnects import SLOW, Disconnect
from push_service.gateway.protocol.pushes import DisconnectPush, ServerPush
from push_service.gateway.protocol.replies import Reply
from push_service.gateway.sessions.session import Session

_WRITE_BYTES = 64 * 1024
_CLOSING_SECONDS = 3.0


class StreamLimits(msgspec.Struct, frozen=True):
    """Bounds of each stream; see `GatewaySettings` and `StreamSettings`."""

    connect_seconds: float
    stalled_seconds: float
    queue: QueueLimits


class Stream:
    """Everything waits in the bounded queue until the response takes it; a client that reads is never far behind."""

    def __init__(
        self,
        wire: StreamWire,
        limits: StreamLimits,
        abort: Callable[[], None],
        on_disconnect: Callable[[Disconnect], None],
    ) -> None:
        """`abort` cuts the connection, also under a hanging write; `on_disconnect` is told when we end the stream."""
        self.name = token_urlsafe(16)
        """Names the session in emulation requests. Who knows it may send commands: it is told to the client only."""
        self.session: Session | None = None
        """Set before anything is received."""
        self.conflated = 0
        self._wire = wire
        self._limits = limits
        self.abort = abort
        self._on_disconnect = on_disconnect
        self._queue = SendQueue(limits.queue)
        self._news = asyncio.Event()
        self._ended = False
        self._timer: asyncio.TimerHandle | None = None

    # What the session calls.

    @property
    def codec(self) -> Codec:
        """See Transport."""
        return self._wire.codec

    def send(self, payload: bytes) -> None:
        """See Transport."""
        self._put(self._wire.frame(payload), None)

    def push(self, push: Pushed) -> None:
        """See Transport."""
        self._put(push.frame(self._wire), push.conflation_key)

    def close(self, disconnect: Disconnect) -> None:
        """See Transport. What still waits is dropped; a push says why, for the end of a response cannot."""
        if self._ended:
            return
        self._on_disconnect(disconnect)
        self._queue = SendQueue(self._limits.queue)
        push = ServerPush(disconnect=DisconnectPush(disconnect.code, disconnect.reason))
        self._queue.put(self._wire.reply_frame(Reply(push=push)), None)
        self._end()
        self._after(_CLOSING_SECONDS, self.abort)

    def authenticated(self) -> None:
        """See Transport."""
        self._stop_timer()

    # What its request's handler calls.

    async def write_to(self, response: web.StreamResponse) -> None:
        """Writes what comes, until the stream has ended. Raises ConnectionError when the client has gone."""
        try:
            while True:
                await self._news.wait()
                self._news.clear()
                while len(self._queue):
                    await self._write(response, b"".join(self._some()))
                if self._ended:
                    return
        finally:
            self._stop_timer()

    def hurry(self, seconds: float, give_up: Callable[[], None]) -> None:
        """`give_up` is called unless the client says who it is within the time."""
        self._after(seconds, give_up)

    def lost(self) -> None:
        """The client has gone."""
        self._queue = SendQueue(self._limits.queue)
        self._end()
        if self.session is not None:
            self.session.close()

    async def _write(self, response: web.StreamResponse, chunk: bytes) -> None:
        stalled = asyncio.get_running_loop().call_later(self._limits.stalled_seconds, self.abort)
        try:
            await response.write(chunk)
        finally:
            stalled.cancel()

    def _some(self) -> list[bytes]:
        """What one write takes: the rest stays where it is counted, and conflated."""
        frames: list[bytes] = []
        size = 0
        for frame in self._queue.take():
            frames.append(frame)
            size += len(frame)
            if size >= _WRITE_BYTES:
                break
        else:
            self.conflated += self._queue.conflated
            self._queue.conflated = 0
        return frames

    def _put(self, frame: bytes, key: ConflationKey | None) -> None:
        if self._ended:
            return
        self._news.set()
        if not self._queue.put(frame, key) and self.session is not None:
            self.session.disconnect(SLOW)

    def _end(self) -> None:
        self._ended = True
        self._news.set()

    def _after(self, seconds: float, call: Callable[[], None]) -> None:
        self._stop_timer()
        self._timer = asyncio.get_running_loop().call_later(seconds, call)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
