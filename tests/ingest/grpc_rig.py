"""The gRPC server of ingest on a real port, with twins of Kafka and PostgreSQL, and a client of it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import grpc
import pytest
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from grpc import aio

from access.credential_book import CredentialBook
from access.metrics import BookMetrics
from access.settings import CredentialsSettings
from domain.notification import NotificationRequest
from ingest.grpc_api.generated import notifications_pb2 as pb
from ingest.grpc_api.health import HealthService
from ingest.grpc_api.metrics import GrpcMetrics
from ingest.grpc_api.server import GrpcService
from ingest.grpc_api.service import NotificationsService
from ingest.grpc_api.settings import GrpcSettings
from runtime.health import Health
from tests.ingest.rig import Parts, clock, edge_of, make_parts, outcomes_of, requests_in

METHODS = "/fleetcast.notifications.v1.Notifications"
LOOPBACK = "127.0.0.1"


class Failed:
    """How a call failed, as a program sees it."""

    def __init__(self, error: aio.AioRpcError) -> None:
        self.code = error.code()
        self.message = error.details()
        self.metadata = dict(error.trailing_metadata() or ())
        self.problem: Any = pb.Problem()
        self.retry: Any = None
        raw = self.metadata.get("grpc-status-details-bin")
        if raw is not None:
            for each in Status.FromString(raw).details:
                if each.Is(pb.Problem.DESCRIPTOR):
                    each.Unpack(self.problem)
                elif each.Is(RetryInfo.DESCRIPTOR):
                    self.retry = RetryInfo()
                    each.Unpack(self.retry)

    def check(self, code: grpc.StatusCode, slug: str, *pointers: str) -> "Failed":
        assert self.code is code, (self.code, self.message)
        assert self.message
        check_problem(self.problem, slug, *pointers)
        return self


def check_problem(problem: Any, slug: str, *pointers: str) -> None:
    assert problem.type == f"/problems/{slug}", problem
    assert problem.title
    assert problem.detail
    assert sorted(each.pointer for each in problem.errors) == sorted(pointers), problem
    assert all(each.detail and each.type.startswith("/problems/") for each in problem.errors)


class GrpcIngest:
    """A running server and a channel to it."""

    def __init__(
        self, target: str, channel: aio.Channel, parts: Parts, health: Health, stop: Callable[[], None]
    ) -> None:
        self.target = target
        self.channel = channel
        self.parts = parts
        self.kafka = parts.kafka
        self.health = health
        self.stop = stop

    def metadata(self, credential: object = None) -> tuple[tuple[str, str], ...]:
        return (("authorization", f"Bearer {credential or self.parts.backend.text}"),)

    async def call(self, method: str, message: bytes, **options: Any) -> bytes:
        """Raw bytes to a method with one answer, as the back end unless told otherwise."""
        options.setdefault("metadata", self.metadata())
        return await self.unary(method)(message, **options)

    def unary(self, method: str) -> aio.UnaryUnaryMultiCallable[bytes, bytes]:
        return self.channel.unary_unary(f"{METHODS}/{method}")

    async def send(self, request: Any, **options: Any) -> Any:
        return pb.SendReply.FromString(await self.call("Send", request.SerializeToString(), **options))

    async def bulk(self, requests: Sequence[Any], **options: Any) -> list[Any]:
        message = pb.SendBulkRequest(requests=requests).SerializeToString()
        return list(pb.SendBulkReply.FromString(await self.call("SendBulk", message, **options)).replies)

    def stream(self, **options: Any) -> aio.StreamStreamCall[bytes, bytes]:
        options.setdefault("metadata", self.metadata())
        return self.channel.stream_stream(f"{METHODS}/SendStream")(**options)

    async def streamed(self, requests: Sequence[Any], **options: Any) -> list[Any]:
        """Sends them all and closes; the replies."""
        call = self.stream(**options)
        for each in requests:
            await call.write(each if isinstance(each, bytes) else each.SerializeToString())
        await call.done_writing()
        return [pb.SendReply.FromString(raw) async for raw in call]

    def sent(self) -> list[NotificationRequest]:
        return requests_in(self.parts)

    def books(self) -> dict[str, float]:
        return outcomes_of(self.parts, "notifications")

    def calls(self, method: str, code: str) -> float:
        labels = {"method": method, "code": code}
        return self.parts.registry.get_sample_value("fleetcast_ingest_grpc_calls_total", labels) or 0.0


async def until(holds: Callable[[], bool]) -> None:
    deadline = asyncio.get_running_loop().time() + 10
    while not holds():
        assert asyncio.get_running_loop().time() < deadline
        await asyncio.sleep(0.005)


async def failure(call: Awaitable[Any]) -> Failed:
    """How the call fails, which it must."""
    with pytest.raises(aio.AioRpcError) as raised:
        await call
    return Failed(raised.value)


@asynccontextmanager
async def running_grpc(
    grpc_settings: GrpcSettings | None = None, options: Sequence[tuple[str, Any]] = (), **settings: float
) -> AsyncIterator[GrpcIngest]:
    """A server with these GrpcSettings and IngestSettings, and a client with these channel options."""
    parts = await make_parts()
    health = Health()
    book = CredentialBook(
        parts.store,
        CredentialsSettings(poll_seconds=0.05),
        condition=health.require("credentials"),
        metrics=BookMetrics(parts.registry),
    )
    chosen = grpc_settings or GrpcSettings(port=0, drain_seconds=1.0)
    notifications = NotificationsService(edge_of(parts, book, **settings), chosen, GrpcMetrics(parts.registry))
    service = GrpcService(chosen, notifications, HealthService(health))
    stopping, polling = asyncio.Event(), asyncio.Event()
    tasks = [asyncio.create_task(book.run(polling)), asyncio.create_task(service.run(stopping))]
    listening = asyncio.create_task(service.listening.wait())
    await asyncio.wait({listening, tasks[1]}, return_when=asyncio.FIRST_COMPLETED, timeout=10)
    if not listening.done():
        listening.cancel()
        polling.set()
        await asyncio.gather(*tasks)
    # A channel of its own: clients of one process share connections otherwise.
    options = [("grpc.use_local_subchannel_pool", 1), *options]
    async with aio.insecure_channel(service.target, options=options) as channel:
        yield GrpcIngest(service.target, channel, parts, health, stopping.set)
    stopping.set()
    polling.set()
    async with asyncio.timeout(20):
        await asyncio.gather(*tasks)


def request(**fields: Any) -> Any:
    """A good one, to one user unless `fields` say to whom."""
    to = {} if {"users", "installation", "interest"} & set(fields) else {"user": "u1"}
    return pb.SendRequest(**({"type": "message", "title": "Hello"} | to | fields))


def now_seconds() -> int:
    return clock() // 1_000_000
