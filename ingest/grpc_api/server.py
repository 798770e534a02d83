"""The gRPC server as a service of the process, with bounds on what a hostile client can hold."""

import asyncio

import structlog
from grpc import aio

from ingest.grpc_api.health import HealthService
from ingest.grpc_api.service import NotificationsService
from ingest.grpc_api.settings import GrpcSettings

log = structlog.get_logger(__name__)

MAX_METADATA_BYTES = 16 * 1024
HANDSHAKE_SECONDS = 10
LOOKAHEAD_BYTES = 256 * 1024


class GrpcService:
    """Serves until it is told to stop; then streams are ended in order, calls finished, connections told to go away."""

    name = "grpc"

    def __init__(self, settings: GrpcSettings, notifications: NotificationsService, health: HealthService) -> None:
        self.listening = asyncio.Event()
        self._settings = settings
        self._notifications = notifications
        self._health = health
        self._target: str | None = None

    @property
    def target(self) -> str:
        """`host:port`, once `listening` is set; RuntimeError before."""
        if self._target is None:
            raise RuntimeError("grpc is not listening yet")
        return self._target

    async def run(self, stopping: asyncio.Event) -> None:
        """Raises OSError if the address cannot be bound."""
        settings = self._settings
        server = aio.server(options=_options(settings), maximum_concurrent_rpcs=settings.calls)
        server.add_generic_rpc_handlers((self._notifications.handler(), self._health.handler()))
        host = f"[{settings.host}]" if ":" in settings.host else settings.host
        try:
            port = server.add_insecure_port(f"{host}:{settings.port}")
        except RuntimeError as error:
            raise OSError(f"gRPC cannot listen on {host}:{settings.port}: {error}") from error
        await server.start()
        try:
            self._target = f"{host}:{port}"
            log.info("listening", service=self.name, target=self._target)
            self.listening.set()
            await stopping.wait()
            self._notifications.drain()
            self._health.drain()
        finally:
            await server.stop(settings.drain_seconds)


def _options(settings: GrpcSettings) -> list[tuple[str, int]]:
    """Channel arguments of the C core (its `channel_arg_names.h`)."""
    return [
        ("grpc.so_reuseport", 0),  # else a second server on the same port takes half of the connections unnoticed
        ("grpc.max_allowed_incoming_connections", settings.connections),
        ("grpc.server_handshake_timeout_ms", HANDSHAKE_SECONDS * 1000),
        ("grpc.max_concurrent_streams", settings.calls_per_connection),
        # Else the core refuses some calls of clients that keep to the limit, while it still tidies up after the last.
        ("grpc.http.overload_protection", 0),
        ("grpc.max_receive_message_length", settings.message_bytes),
        ("grpc.max_metadata_size", MAX_METADATA_BYTES),
        ("grpc.absolute_max_metadata_size", MAX_METADATA_BYTES),
        ("grpc.keepalive_time_ms", round(settings.keepalive_seconds * 1000)),
        ("grpc.keepalive_timeout_ms", round(settings.keepalive_timeout_seconds * 1000)),
        ("grpc.http2.min_recv_ping_interval_without_data_ms", round(settings.ping_seconds * 1000)),
        # What a stream holds of what it has not read yet. The core would go up to megabytes by itself.
        ("grpc.http2.bdp_probe", 0),
        ("grpc.http2.lookahead_bytes", LOOKAHEAD_BYTES),
        # So that whatever a client leaves behind on a connection has an end.
        ("grpc.max_connection_age_ms", round(settings.connection_seconds * 1000)),
        ("grpc.max_connection_age_grace_ms", round(settings.call_seconds * 1000)),
        # Nothing but plain messages: a compressed one is inflated before its length is looked at.
        ("grpc.compression_enabled_algorithms_bitset", 1),
    ]
