"""The control_api process: `python -m control_api`. Builds the adapters, passes them on, runs."""

import asyncio
import time

from access.authenticator import Authenticator
from access.credential_book import CredentialBook
from access.metrics import BookMetrics
from access.order_reader import OrderReader, skip_order
from access.published_keys import published_keys
from access.revocations import Revocations
from access.settings import AccessSettings, CredentialsSettings
from access.tokens import TokenVerifier
from backbone.codec import AvroCodec
from backbone.global_table import GlobalTable, TableMetrics
from backbone.kafka_metrics import PublisherMetrics
from backbone.kafka_settings import KafkaSettings
from backbone.publisher import AsyncPublisher
from backbone.registry import SchemaRegistry
from backbone.registry_settings import RegistrySettings
from backbone.topics import GATEWAY_CONTROL, PUSH_RECEIPTS, USER_LIVE
from control_api.app import Adapters, build_app
from control_api.forgetting import ForgottenRevocations
from control_api.settings import ControlSettings
from runtime.http.server import HttpLimits, HttpService
from runtime.process import Process, run_process
from runtime.settings import Loaded
from runtime.supervision import ThreadService
from storage.notification_types import NotificationsSettings
from storage.postgres.credentials import PostgresCredentials
from storage.postgres.engine import open_engine
from storage.postgres.settings import PostgresSettings
from storage.redis.connection import connect_async
from storage.redis.preferences_cache import RedisPreferencesCache
from storage.redis.presence import RedisPresence
from storage.redis.settings import RedisSettings

WRITTEN = (USER_LIVE, PUSH_RECEIPTS)


async def compose(loaded: Loaded, process: Process) -> None:
    """Puts the process together. Raises when the registry is away or does not have our schemas."""
    settings = loaded[ControlSettings]
    registry = SchemaRegistry.of(loaded[RegistrySettings])
    process.resources.callback(registry.close)
    codec = AvroCodec(registry)
    await asyncio.to_thread(codec.prepare, (*WRITTEN, GATEWAY_CONTROL))
    engine = open_engine(loaded[PostgresSettings], f"fleetcast {process.name}")
    process.resources.push_async_callback(engine.dispose)
    redis = connect_async(loaded[RedisSettings])
    process.resources.push_async_callback(redis.aclose)
    book = CredentialBook(
        PostgresCredentials(engine),
        loaded[CredentialsSettings],
        condition=process.health.require("credentials"),
        metrics=BookMetrics(process.registry),
    )
    publisher = AsyncPublisher(
        loaded[KafkaSettings],
        [each.name for each in WRITTEN],
        PublisherMetrics(process.registry),
        process.health.require("kafka"),
    )
    revocations, known = Revocations(_now), process.health.require("revocations")
    orders = GlobalTable(
        loaded[KafkaSettings],
        GATEWAY_CONTROL.name,
        OrderReader(codec, revocations.apply),
        skip_order,
        TableMetrics(process.registry),
        known,
    )
    adapters = Adapters(
        engine=engine,
        presence=RedisPresence(redis),
        preferences_cache=RedisPreferencesCache(redis),
        publisher=publisher,
        encoder=codec,
        tokens=TokenVerifier(loaded[AccessSettings], jwks=published_keys(loaded[AccessSettings], process)),
        revocations=revocations,
        revocations_known=lambda: known.report()["up"],
        authenticator=Authenticator(book, _now),
        types=loaded[NotificationsSettings].load(),
        now=_now,
        reached=process.fail_points.reached,
    )
    app = build_app(settings, adapters, process.health, process.registry)
    process.add(publisher)
    process.add(book)
    process.add(ThreadService(orders.name, orders.run))
    process.add(ForgottenRevocations(revocations))
    limits = HttpLimits(max_connections=settings.connections)
    process.add(HttpService("http", app, settings.host, settings.port, limits))


def _now() -> int:
    return time.time_ns() // 1000


if __name__ == "__main__":
    run_process(
        "control_api",
        (
            ControlSettings,
            AccessSettings,
            CredentialsSettings,
            NotificationsSettings,
            PostgresSettings,
            RedisSettings,
            KafkaSettings,
            RegistrySettings,
        ),
        compose,
    )
