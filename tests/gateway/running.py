"""A gateway in this process on a real port, over a live topic in memory."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from access.order_reader import OrderReader
from access.settings import AccessSettings
from access.token_maker import TokenMaker
from access.tokens import TokenVerifier
from access.viewer import Capability
from domain.instants import HOUR, SECOND, Micros
from push_service.gateway.entrances import SOCKET_PATH
from push_service.gateway.gateway import Gateway
from push_service.gateway.http_app import build_app
from push_service.gateway.http_streams.peers import Peers
from push_service.gateway.http_streams.settings import StreamSettings
from push_service.gateway.metrics import GatewayMetrics
from push_service.gateway.reading.live_decoder import Codec
from push_service.gateway.server_api.endpoint import ServerApi
from push_service.gateway.server_api.settings import ServerApiSettings
from push_service.gateway.server_api.table import method_table
from push_service.gateway.service import GatewayService
from push_service.gateway.settings import GatewaySettings
from runtime.health import Health
from tests.gateway.live_topic import LiveTopic, PackCodec, TopicPublisher

ACCESS = AccessSettings(jwt_hmac_secret="a secret for tests, of some length")
API_KEYS = {"acme": "a-key-of-acme-for-tests", "other": "a-key-of-other-for-tests", "*": "a-key-of-everybody"}
API = ServerApiSettings(keys=SecretStr(",".join(f"{tenant}:{key}" for tenant, key in API_KEYS.items())))
DEADLINE = 10.0


def maker(age: Micros = 0) -> TokenMaker:
    """Makes tokens as of some time ago."""
    return TokenMaker(ACCESS, clock=lambda: time.time() - age / SECOND)


def token(*fleets: str, user: str = "u1", valid_for: Micros = HOUR, age: Micros = 0) -> str:
    """A viewer's token; one with an age may have expired already."""
    return maker(age).make(
        user=user, fleets=list(fleets or ("acme",)), capabilities=[Capability.WATCH], valid_for=valid_for
    )


class ClosingClient(Protocol):
    """Something to close at the end."""

    async def close(self) -> None: ...


@dataclass
class Running:
    """A gateway that serves."""

    gateway: Gateway
    service: GatewayService
    topic: LiveTopic
    publisher: TopicPublisher
    registry: CollectorRegistry
    health: Health
    stopping: asyncio.Event
    task: asyncio.Task[None]
    clients: list[ClosingClient] = field(default_factory=list)
    """Closed at the end, so that no test need do it."""

    @property
    def url(self) -> str:
        return self.service.url

    @property
    def socket_url(self) -> str:
        return self.url.replace("http", "ws", 1) + SOCKET_PATH

    @property
    def address(self) -> tuple[str, int]:
        host, _, port = self.url.removeprefix("http://").rpartition(":")
        return host, int(port)

    def count(self, name: str, **labels: str) -> float:
        return self.registry.get_sample_value(f"fleetcast_gateway_{name}", labels) or 0.0

    async def stop(self) -> None:
        self.stopping.set()
        await asyncio.wait_for(self.task, DEADLINE)


@asynccontextmanager
async def running(
    topic: LiveTopic | None = None,
    codec: Codec | None = None,
    tokens: TokenVerifier | None = None,
    streams: StreamSettings | None = None,
    peers: Peers | None = None,
    **settings: Any,
) -> AsyncIterator[Running]:
    """Serve on a free port inside the block."""
    topic = topic or LiveTopic()
    registry = CollectorRegistry()
    publisher = TopicPublisher(topic)
    gateway = Gateway(
        GatewaySettings(**{"drain_seconds": 0.1, **settings}),
        tokens=tokens or TokenVerifier(ACCESS),
        codec=codec or PackCodec(),
        encoder=PackCodec(),
        publisher=publisher,
        snapshots=topic.snapshots,
        scan=topic,
        presence=topic.presence,
        acks=topic.acks,
        metrics=GatewayMetrics(registry),
        stream_settings=streams,
        peers=peers,
    )
    gateway.feeds.serve(topic.facts)
    gateway.feeds.read_from(topic, gateway.lost)
    topic.listener = gateway.feeds
    health = Health()
    app = build_app(health, registry)
    gateway.stream_endpoints.mount(app)
    ServerApi(method_table(gateway, API, ACCESS.default_tenant), API, gateway.metrics).add_to(app)
    topic.read_orders(OrderReader(PackCodec(), gateway.order_book.take))
    service = GatewayService(gateway, app, health.require("gateway"), lambda: None, _orders_known)
    stopping = asyncio.Event()
    services = (
        gateway.door,
        gateway.heartbeat,
        gateway.snapshots,
        gateway.presence,
        gateway.join_news,
        gateway.receipt_news,
        gateway.expiry,
    )
    others = [asyncio.create_task(each.run(stopping)) for each in services]
    task = asyncio.create_task(service.run(stopping))
    listening = asyncio.create_task(service.listening.wait())
    await asyncio.wait({task, listening}, return_when=asyncio.FIRST_COMPLETED, timeout=DEADLINE)
    serving = Running(gateway, service, topic, publisher, registry, health, stopping, task)
    try:
        yield serving
    finally:
        stopping.set()
        await asyncio.wait_for(asyncio.gather(*(each.close() for each in serving.clients)), DEADLINE)
        await asyncio.wait_for(asyncio.gather(task, *others), DEADLINE)


async def _orders_known(_stopping: asyncio.Event) -> bool:
    await asyncio.sleep(0)
    return True


async def until(condition: Any, what: str = "the condition", seconds: float = DEADLINE) -> None:
    """Waits until `condition()` is true; fails after a deadline."""
    end = asyncio.get_running_loop().time() + seconds
    while not condition():
        assert asyncio.get_running_loop().time() < end, f"waited in vain for {what}"
        await asyncio.sleep(0.005)
