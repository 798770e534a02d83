"""Where clients come in: WebSockets, and streams over HTTP. Made of the settings and of what makes sessions."""

from collections.abc import Callable

from push_service.gateway.delivery.send_queue import QueueLimits
from push_service.gateway.delivery.transport import Transport
from push_service.gateway.http_streams.emulation import Emulation
from push_service.gateway.http_streams.endpoints import StreamEndpoints
from push_service.gateway.http_streams.node_name import node_name
from push_service.gateway.http_streams.peers import Peers
from push_service.gateway.http_streams.settings import StreamSettings
from push_service.gateway.http_streams.stream import StreamLimits
from push_service.gateway.http_streams.streams import Streams
from push_service.gateway.metrics import GatewayMetrics
from push_service.gateway.protocol.json_codec import JsonCodec
from push_service.gateway.protocol.protobuf.codec import ProtobufCodec
from push_service.gateway.sessions.session import Session
from push_service.gateway.settings import GatewaySettings
from push_service.gateway.websocket.door import SocketDoor, SocketLimits
from push_service.gateway.websocket.handshake import PROTOBUF
from push_service.gateway.websocket.wire import SocketWire

SOCKET_PATH = "/connection/websocket"


class Entrances:
    """All of a gateway's."""

    def __init__(
        self,
        settings: GatewaySettings,
        stream_settings: StreamSettings,
        *,
        node: str,
        peers: Peers | None,
        new_session: Callable[[Transport], Session],
        receive: Callable[[Session, bytes], None],
        metrics: GatewayMetrics,
    ) -> None:
        """`node`: this gateway's name; `receive` takes each frame of a client."""
        self._settings = settings
        self._stream_settings = stream_settings
        self._new_session = new_session
        self._receive = receive
        self._metrics = metrics
        self.door = self._new_door()
        self.streams = self._new_streams(node)
        self.stream_endpoints = StreamEndpoints(
            self.streams,
            Emulation(self.streams, peers, stream_settings.sealing_key),
            origins=settings.allowed_origins,
            max_body=settings.max_frame_bytes,
            body_seconds=stream_settings.body_seconds,
            metrics=metrics,
        )

    def _new_door(self) -> SocketDoor:
        settings = self._settings
        json = SocketWire.text(JsonCodec())
        return SocketDoor(
            path=SOCKET_PATH,
            origins=settings.allowed_origins,
            wires={None: json, "centrifuge-json": json, PROTOBUF: SocketWire.binary(ProtobufCodec())},
            limits=SocketLimits(
                max_sockets=settings.max_sockets,
                max_frame_bytes=settings.max_frame_bytes,
                connect_seconds=settings.connect_seconds,
                stalled_seconds=settings.stalled_seconds,
                queue=self._queue_limits(),
            ),
            new_session=self._new_session,
            receive=self._receive,
            metrics=self._metrics,
        )

    def _new_streams(self, node: str) -> Streams:
        settings = self._stream_settings
        return Streams(
            max_streams=settings.max_streams,
            limits=StreamLimits(self._settings.connect_seconds, self._settings.stalled_seconds, self._queue_limits()),
            node=node_name(node, settings.peer_url, settings.sealing_key),
            new_session=self._new_session,
            receive=self._receive,
            metrics=self._metrics,
        )

    def _queue_limits(self) -> QueueLimits:
        settings = self._settings
        return QueueLimits(settings.queue_conflate_bytes, settings.queue_max_bytes, settings.queue_max_frames)
