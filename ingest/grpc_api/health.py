"""`grpc.health.v1`: what `/readyz` tells, for gRPC load balancers."""

import asyncio
from contextlib import suppress

import grpc
from google.protobuf.message import DecodeError
from grpc_health.v1 import health_pb2 as pb

from ingest.grpc_api.answers import Context, Methods, encoded, only_message
from ingest.grpc_api.generated import notifications_pb2
from runtime.health import Health
from runtime.http.problem import Problem

WATCH_SECONDS = 0.5
READ_SECONDS = 5.0
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
            "Check": grpc.stream_unary_rpc_method_handler(self._check),
            "Watch": grpc.stream_stream_rpc_method_handler(self._watch),
        }
        return grpc.method_handlers_generic_handler(_SERVICE, methods)

    def drain(self) -> None:
        """Ends what is watched."""
        self._draining.set()

    async def _check(self, _: object, context: Context) -> bytes:
        if await _name(context) not in _NAMES:
            await context.abort(grpc.StatusCode.NOT_FOUND, "there is no such service")
        return encoded(pb.HealthCheckResponse(status=self._status()))

    async def _watch(self, _: object, context: Context) -> None:
        """Tells every change, until the client or the server leaves."""
        known = await _name(context) in _NAMES
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


async def _name(context: Context) -> str | None:
    """Of the service that is asked about."""
    try:
        async with asyncio.timeout(READ_SECONDS):
            return str(pb.HealthCheckRequest.FromString(await only_message(context)).service)
    except (DecodeError, Problem, TimeoutError):
        return None
