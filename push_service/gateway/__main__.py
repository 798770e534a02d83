"""The gateway process: `python -m push_service.gateway [--check]`."""

import asyncio
import functools

import structlog
from aiohttp import ClientSession, TCPConnector

from access.order_reader import OrderReader, orders_known, skip_order
from access.published_keys import published_keys
from access.settings import AccessSettings
from access.tokens import TokenVerifier
from backbone.codec import AvroCodec
from backbone.global_table import GlobalTable, TableMetrics
from backbone.kafka_metrics import PublisherMetrics
from backbone.kafka_settings import KafkaSettings
from backbone.lookups import Lookups, TopicFacts
from backbone.partition_reader import PartitionReader
from backbone.publisher import AsyncPublisher
from backbone.registry import SchemaRegistry
from backbone.registry_settings import RegistrySettings
from backbone.topic_scan import TopicScan
from backbone.topics import GATEWAY_CONTROL, LIVE, PUSH_RECEIPTS, USER_LIVE
from domain.errors import OutageError
from push_service.gateway.gateway import Gateway
from push_service.gateway.http_app import build_app
from push_service.gateway.http_streams.peers import HttpPeers
from push_service.gateway.http_streams.settings import StreamSettings
from push_service.gateway.metrics import GatewayMetrics
from push_service.gateway.reading.feed_table import served_topics
from push_service.gateway.server_api.endpoint import ServerApi
from push_service.gateway.server_api.settings import ServerApiSettings
from push_service.gateway.server_api.table import method_table
from push_service.gateway.service import GatewayService
from push_service.gateway.settings import GatewaySettings
from runtime.collector import calm_collector
from runtime.health import Condition
from runtime.process import Process, run_process
from runtime.settings import Loaded
from runtime.supervision import ThreadService
from storage.postgres.engine import open_engine
from storage.postgres.push_decisions import AsyncPushDecisions
from storage.postgres.settings import PostgresSettings
from storage.redis.connection import connect_async
from storage.redis.presence import RedisPresence
from storage.redis.settings import RedisSettings
from storage.redis.snapshots import RedisSnapshotReader

log = structlog.get_logger(__name__)

_RETRY_SECONDS = 1.0
_PEER_CONNECTIONS = 64


async def compose(loaded: Loaded, process: Process) -> None:
    """Builds the adapters and hands them to the gateway."""
    listening = process.health.require("gateway")
    registry = SchemaRegistry.of(loaded[RegistrySettings])
    process.resources.callback(registry.close)
    redis = connect_async(loaded[RedisSettings])
    process.resources.push_async_callback(redis.aclose)
    engine = open_engine(loaded[PostgresSettings], f"fleetcast {process.name}")  # connects with the first ack
    process.resources.push_async_callback(engine.dispose)
    codec = AvroCodec(registry)
    publisher = AsyncPublisher(
        loaded[KafkaSettings],
        served_topics((LIVE, USER_LIVE, PUSH_RECEIPTS)),
        PublisherMetrics(process.registry),
        Condition("kafka"),  # not of the process's health: without Kafka, all gateways would be taken out together
    )
    client = ClientSession(connector=TCPConnector(limit=_PEER_CONNECTIONS))
    process.resources.push_async_callback(client.close)
    gateway = Gateway(
        loaded[GatewaySettings],
        tokens=TokenVerifier(loaded[AccessSettings], jwks=published_keys(loaded[AccessSettings], process)),
        codec=codec,
        encoder=codec,
        publisher=publisher,
        snapshots=RedisSnapshotReader(redis),
        scan=TopicScan(loaded[KafkaSettings], stall_seconds=loaded[GatewaySettings].scan_seconds),
        presence=RedisPresence(redis),
        acks=AsyncPushDecisions(engine),
        reached=process.fail_points.reached,
        metrics=GatewayMetrics(process.registry),
        stream_settings=loaded[StreamSettings],
        peers=HttpPeers(client) if loaded[StreamSettings].peer_url else None,
    )
    gateway.feeds.serve(await _topics(loaded[KafkaSettings]))
    await _prepare(codec)
    reader = PartitionReader(loaded[KafkaSettings], gateway.feeds)
    gateway.feeds.read_from(reader, gateway.lost)
    app = build_app(process.health, process.registry)
    api = loaded[ServerApiSettings]
    ServerApi(method_table(gateway, api, loaded[AccessSettings].default_tenant), api, gateway.metrics).add_to(app)
    gateway.stream_endpoints.mount(app)
    process.add(publisher)
    process.add(reader)
    process.add(gateway.presence)
    process.add(gateway.join_news)
    process.add(gateway.receipt_news)
    process.add(gateway.snapshots)
    process.add(gateway.heartbeat)
    process.add(gateway.expiry)
    process.add(gateway.door)
    orders = GlobalTable(
        loaded[KafkaSettings],
        GATEWAY_CONTROL.name,
        OrderReader(codec, gateway.order_book.take),
        skip_order,
        TableMetrics(process.registry),
        process.health.require("orders"),
    )
    process.add(ThreadService(orders.name, orders.run))
    known = functools.partial(orders_known, orders.wait)
    process.add(GatewayService(gateway, app, listening, calm_collector, known))


async def _topics(settings: KafkaSettings) -> dict[str, TopicFacts]:
    """Waits for Kafka, and for the topics to be made."""
    lookups = Lookups(settings)
    while True:
        try:
            return await asyncio.to_thread(lookups.topics, served_topics((LIVE, USER_LIVE)))
        except OutageError as error:
            log.warning("waiting for Kafka", reason=str(error))
            await asyncio.sleep(_RETRY_SECONDS)


async def _prepare(codec: AvroCodec) -> None:
    """Waits for the schema registry, so that no publish has to. Raises SchemaNotRegistered."""
    while True:
        try:
            return await asyncio.to_thread(codec.prepare, (LIVE, USER_LIVE, PUSH_RECEIPTS, GATEWAY_CONTROL))
        except OutageError as error:
            log.warning("waiting for the schema registry", reason=str(error))
            await asyncio.sleep(_RETRY_SECONDS)


if __name__ == "__main__":
    run_process(
        "push_service.gateway",
        (
            GatewaySettings,
            ServerApiSettings,
            AccessSettings,
            KafkaSettings,
            RegistrySettings,
            RedisSettings,
            PostgresSettings,
            StreamSettings,
        ),
        compose,
    )
