"""The streams of this gateway: opened, found by name, and on the way out sent elsewhere."""

import asyncio
from collections.abc import Callable

from aiohttp import web

from push_service.gateway.delivery.transport import Transport
from push_service.gateway.http_streams.stream import Stream, StreamLimits
from push_service.gateway.http_streams.wires import StreamWire
from push_service.gateway.metrics import ConnectOutcome, GatewayMetrics
from push_service.gateway.protocol.disconnects import SHUTDOWN, STALE, Disconnect
from push_service.gateway.sessions.session import Emulated, Session
from runtime.http.server import when_lost

_DRAIN_STEP_SECONDS = 0.05
_CLOSING_SECONDS = 4.0
_HEADERS = {
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",  # nginx would hold small replies back
}


class Streams:
    """Open streams by the names of their sessions."""

    def __init__(
        self,
        *,
        max_streams: int,
        limits: StreamLimits,
        node: str,
        new_session: Callable[[Transport], Session],
        receive: Callable[[Session, bytes], None],
        metrics: GatewayMetrics,
    ) -> None:
        """`node`: this gateway's name, as clients are told."""
        self.node = node
        self._max_streams = max_streams
        self._limits = limits
        self._new_session = new_session
        self._receive = receive
        self._metrics = metrics
        self._streams: dict[str, Stream] = {}
        self._leaving = False

    def __len__(self) -> int:
        return len(self._streams)

    async def serve(self, request: web.Request, wire: StreamWire, commands: bytes) -> web.StreamResponse:
        """Answers a request with a new session's stream, until that ends. `commands`: a frame, which connects it."""
        if self._leaving or len(self._streams) >= self._max_streams:
            return self._refusal()
        response = web.StreamResponse(headers={"Content-Type": wire.content_type, **_HEADERS})
        stream = self._open(request, wire)
        try:
            await response.prepare(request)
            assert stream.session is not None
            self._receive(stream.session, commands)
            await stream.write_to(response)
            await response.write_eof()
        except ConnectionError:
            pass  # the client has gone, or took nothing until it was cut off
        finally:
            self._over(stream)
        return response

    def receive(self, name: str, commands: bytes) -> bool:
        """Runs a frame of commands of a session. False: there is none of this name."""
        stream = self._streams.get(name)
        if stream is None or stream.session is None:
            return False
        self._receive(stream.session, commands)
        return True

    def abort_all(self) -> None:
        """Cuts every stream's connection."""
        for stream in tuple(self._streams.values()):
            stream.abort()

    async def drain(self, seconds: float) -> None:
        """Sends all clients elsewhere, in slices over `seconds`, so that they do not all come back at once.

        From now on none is taken: connections that are kept open bring requests although nobody listens any more.
        """
        self._leaving = True
        waiting = [each.session for each in self._streams.values() if each.session is not None]
        steps = max(1, round(seconds / _DRAIN_STEP_SECONDS))
        size = max(1, -(-len(waiting) // steps))
        for start in range(0, len(waiting), size):
            for session in waiting[start : start + size]:
                session.disconnect(SHUTDOWN)
            await asyncio.sleep(_DRAIN_STEP_SECONDS)
        for _ in range(round(_CLOSING_SECONDS / _DRAIN_STEP_SECONDS)):
            if not self._streams:
                break
            await asyncio.sleep(_DRAIN_STEP_SECONDS)

    def _refusal(self) -> web.Response:
        if not self._leaving:
            self._metrics.connect(ConnectOutcome.TOO_MANY)
        why = "shutting down\n" if self._leaving else "too many streams\n"
        refusal = web.Response(status=503, text=why, headers={"Retry-After": "1"})
        refusal.force_close()
        return refusal

    def _open(self, request: web.Request, wire: StreamWire) -> Stream:
        def abort() -> None:
            if request.transport is not None:
                request.transport.abort()

        def too_late() -> None:
            self._metrics.connect(ConnectOutcome.STALE)
            session.disconnect(STALE)

        stream = Stream(wire, self._limits, abort, self._disconnected)
        stream.session = session = self._new_session(stream)
        session.emulated = Emulated(session=stream.name, node=self.node)
        self._streams[stream.name] = stream
        self._metrics.streams.inc()
        stream.hurry(self._limits.connect_seconds, too_late)
        when_lost(request, stream.lost)
        return stream

    def _over(self, stream: Stream) -> None:
        del self._streams[stream.name]
        stream.lost()
        self._metrics.streams.dec()
        self._metrics.conflated.inc(stream.conflated)

    def _disconnected(self, disconnect: Disconnect) -> None:
        self._metrics.disconnects.labels(disconnect.code).inc()
