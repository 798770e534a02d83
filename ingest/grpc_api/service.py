"""The service `fleetcast.notifications.v1.Notifications`.

Messages come as bytes, so that bad ones get an answer, and are read by us, also where a call has only one: else gRPC
would wait for it without an end, and for everybody, before any credential is looked at. On the wire it is the same.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from uuid import uuid4

import grpc
import structlog
from grpc.aio import AbortError

from ingest.carrying import Carrier, Place
from ingest.edge import Edge
from ingest.grpc_api.answers import Context, Methods, encoded, fail, only_message, reply_of
from ingest.grpc_api.generated import notifications_pb2 as pb
from ingest.grpc_api.messages import MessageIntake
from ingest.grpc_api.metadata import metadata_of
from ingest.grpc_api.metrics import GrpcMetrics
from ingest.grpc_api.problems import CALL_TIMEOUT, STOPPING, code_of
from ingest.grpc_api.settings import GrpcSettings
from ingest.grpc_api.stream import NotificationStream
from ingest.grpc_api.wire import members
from ingest.problems import EMPTY_BATCH
from ingest.responses import Result, outcomes
from runtime.http.problem import INTERNAL_ERROR, Problem

log = structlog.get_logger(__name__)

_SERVICE = pb.DESCRIPTOR.services_by_name["Notifications"].full_name
_REQUESTS = pb.SendBulkRequest.REQUESTS_FIELD_NUMBER


class NotificationsService:
    """Takes notifications of back ends, with the checks, limits and books of the HTTP interface."""

    def __init__(self, edge: Edge, settings: GrpcSettings, metrics: GrpcMetrics) -> None:
        self._edge = edge
        self._settings = settings
        self._metrics = metrics
        self._items = edge.metrics.notifications
        self._carrier = Carrier(MessageIntake(edge.notifications), edge.publisher, edge.now)
        self._streams: set[NotificationStream] = set()
        self._draining = False

    def handler(self) -> grpc.GenericRpcHandler:
        """Its methods, to be served."""
        methods: Methods = {
            "Send": grpc.stream_unary_rpc_method_handler(self._send),
            "SendStream": grpc.stream_stream_rpc_method_handler(self._send_stream),
            "SendBulk": grpc.stream_unary_rpc_method_handler(self._send_bulk),
        }
        return grpc.method_handlers_generic_handler(_SERVICE, methods)

    def drain(self) -> None:
        """Has every stream end soon, and takes no more."""
        self._draining = True
        for each in self._streams:
            each.drain()

    async def _send(self, _: object, context: Context) -> bytes:
        async def act() -> bytes:
            (result,) = await self._taken(context, lambda raw: [raw], lambda _: "")
            if isinstance(result, Problem):
                raise result
            return encoded(reply_of(0, result))

        return await self._timed("Send", context, act)

    async def _send_bulk(self, _: object, context: Context) -> bytes:
        def split(raw: bytes) -> list[bytes]:
            found = members(raw, _REQUESTS, self._settings.bulk_items)
            if not found:
                raise Problem(EMPTY_BATCH, "the list has no requests")
            return found

        async def act() -> bytes:
            results = await self._taken(context, split, lambda index: f"/requests/{index}")
            replies = [reply_of(index, each) for index, each in enumerate(results)]
            return encoded(pb.SendBulkReply(replies=replies))

        return await self._timed("SendBulk", context, act)

    async def _send_stream(self, _: object, context: Context) -> None:
        edge = self._edge
        async with self._counted("SendStream", context):
            if self._draining:
                raise Problem(STOPPING, "this server is about to stop")
            stream = NotificationStream(
                context,
                self._settings,
                admission=edge.admission,
                budget=edge.budget,
                carrier=self._carrier,
                metrics=self._items,
            )
            self._streams.add(stream)
            self._metrics.streams.inc()
            try:
                await stream.run()
            finally:
                self._streams.discard(stream)
                self._metrics.streams.dec()

    async def _taken(self, context: Context, split: Callable[[bytes], list[bytes]], place: Place) -> list[Result]:
        """What became of each request of the call's one message."""
        began = time.perf_counter()
        edge, items = self._edge, 1
        metadata = metadata_of(context)
        try:
            caller = await edge.admission.admit_backend(metadata.authorization)
            raw = await only_message(context)
            requests = split(raw)
            items = len(requests)
            edge.admission.spend(caller, items)
            with edge.budget.reserved(len(raw)):
                results = await self._carrier.carry(requests, caller, metadata.traceparent, place)
        except Problem as problem:
            self._items.refused(problem.slug, items)
            raise
        except BaseException:  # also when the client leaves: what came in is in the books
            self._items.refused(INTERNAL_ERROR.slug, items)
            raise
        self._items.answered(outcomes(results), time.perf_counter() - began)
        return results

    async def _timed(self, method: str, context: Context, act: Callable[[], Awaitable[bytes]]) -> bytes:
        answer = b""
        async with self._counted(method, context):
            try:
                async with asyncio.timeout(self._settings.call_seconds):
                    answer = await act()
            except TimeoutError:
                detail = f"not answered within {self._settings.call_seconds:g} s"
                raise Problem(CALL_TIMEOUT, detail) from None
        return answer

    @asynccontextmanager
    async def _counted(self, method: str, context: Context) -> AsyncIterator[None]:
        """Counts the call, and ends it with what goes wrong inside, nothing internal in it."""
        code = grpc.StatusCode.CANCELLED
        try:
            yield
            code = grpc.StatusCode.OK
        except Problem as problem:
            code = code_of(problem.type)
            await fail(context, problem)
        except AbortError:
            raise
        except Exception:
            instance = f"urn:uuid:{uuid4()}"
            log.exception("call failed", method=method, instance=instance)
            code = grpc.StatusCode.INTERNAL
            await fail(context, Problem(INTERNAL_ERROR, f"an unexpected error; it has been logged as {instance}"))
        finally:
            self._metrics.calls.labels(method, code.name).inc()
