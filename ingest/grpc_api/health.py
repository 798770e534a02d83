"""`grpc.health.v1`: what `/readyz` tells, for gRPC load balancers."""

import asyncio
from contextlib import suppress

import grpc
from google.protobuf.message import DecodeError
from grpc_health.v1 import health_pb2 as pb

from ingest.grpc_api.answers import Context, Methods, encoded
from ingest.grpc_api.generated import notifications_pb2
from runtime.health import Health

WATCH_SECONDS = 0.5
_SERVICE = pb.DESCRIPTOR.services_by_name["Health"].full_name
_NAMES = ("", notifications_pb2.DESCRIPTOR.services_by_name["Notifications"].full_name)


class HealthService:
    """Answers for the whole server (no name) and for the service of notifications."""

    def __init__(self, health: Health) -> None:
        self._health = health
        self._draining = asyncio.Event()

    def handler(self) -> grpc.GenericRpcHandler:
        """Its methods, to be served."""
        methods: Methods = {
            "Check": grpc.unary_unary_rpc_method_handler(self._check),
            "Watch": grpc.unary_stream_rpc_method_handler(self._watch),
        }
        return grpc.method_handlers_generic_handler(_SERVICE, methods)

    def drain(self) -> None:
        """Ends what is watched."""
        self._draining.set()

    async def _check(self, raw: bytes, context: Context) -> bytes:
        if _name(raw) not in _NAMES:
            await context.abort(grpc.StatusCode.NOT_FOUND, "there is no such service")
        return encoded(pb.HealthCheckResponse(status=self._status()))

    async def _watch(self, raw: bytes, context: Context) -> None:
        """Tells every change, until the client or the server leaves."""
        known = _name(raw) in _NAMES
        told = None
        while not self._draining.is_set():
            status = self._status() if known else pb.HealthCheckResponse.SERVICE_UNKNOWN
            if status != told:
                await context.write(encoded(pb.HealthCheckResponse(status=status)))
                told = status
            with suppress(TimeoutError):
                async with asyncio.timeout(WATCH_SECONDS):
                    await self._draining.wait()

    def _status(self) -> pb.HealthCheckResponse.ServingStatus:
        ready = self._health.ready()
        return pb.HealthCheckResponse.SERVING if ready else pb.HealthCheckResponse.NOT_SERVING


def _name(raw: bytes) -> str | None:
    try:
        return str(pb.HealthCheckRequest.FromString(raw).service)
    except DecodeError:
        return None
