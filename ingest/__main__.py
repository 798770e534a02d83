"""The ingest process: `python -m ingest`. Builds the adapters, passes them on, runs."""

import asyncio
import os
import time

from access.authenticator import Authenticator
from access.credential_book import CredentialBook
from access.metrics import BookMetrics
from access.settings import CredentialsSettings
from backbone.codec import AvroCodec
from backbone.kafka_metrics import PublisherMetrics
from backbone.kafka_settings import KafkaSettings
from backbone.publisher import AsyncPublisher
from backbone.registry import SchemaRegistry
from backbone.registry_settings import RegistrySettings
from backbone.topics import NOTIFICATION_REQUESTS, PINGS, REFERENCE, STATUS_CHANGES
from ingest.app import build_app
from ingest.edge import build_edge
from ingest.grpc_api.health import HealthService
from ingest.grpc_api.metrics import GrpcMetrics
from ingest.grpc_api.server import GrpcService
from ingest.grpc_api.service import NotificationsService
from ingest.grpc_api.settings import GrpcSettings
from ingest.publishing import EventPublisher
from ingest.settings import IngestSettings
from runtime.collector import calm_collector
from runtime.http.server import HttpLimits, HttpService
from runtime.process import Process, run_process
from runtime.settings import Loaded
from storage.notification_types import NotificationsSettings
from storage.postgres.credentials import PostgresCredentials
from storage.postgres.engine import open_engine
from storage.postgres.settings import PostgresSettings

TOPICS = (PINGS, STATUS_CHANGES, REFERENCE, NOTIFICATION_REQUESTS)


async def compose(loaded: Loaded, process: Process) -> None:
    """Puts the process together. Raises when the registry is away or does not have our schemas."""
    settings = loaded[IngestSettings]
    registry = SchemaRegistry.of(loaded[RegistrySettings])
    process.resources.callback(registry.close)
    codec = AvroCodec(registry)
    await asyncio.to_thread(codec.prepare, TOPICS)

    engine = open_engine(loaded[PostgresSettings], f"fleetcast {process.name}")
    process.resources.push_async_callback(engine.dispose)
    book = CredentialBook(
        PostgresCredentials(engine),
        loaded[CredentialsSettings],
        condition=process.health.require("credentials"),
        metrics=BookMetrics(process.registry),
    )
    publisher = AsyncPublisher(
        loaded[KafkaSettings],
        [each.name for each in TOPICS],
        PublisherMetrics(process.registry),
        process.health.require("kafka"),
    )
    edge = build_edge(
        settings,
        authenticator=Authenticator(book, _now),
        publisher=EventPublisher(publisher, codec),
        types=loaded[NotificationsSettings].load(),
        registry=process.registry,
        now=_now,
    )
    app = build_app(edge, process.health, process.registry)
    process.add(publisher)
    process.add(book)
    limits = HttpLimits(max_connections=settings.connections)
    process.add(HttpService("http", app, settings.host, settings.port, limits))
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # its C core writes a line of its own for every bad client
    grpc_settings = loaded[GrpcSettings]
    notifications = NotificationsService(edge, grpc_settings, GrpcMetrics(process.registry))
    process.add(GrpcService(grpc_settings, notifications, HealthService(process.health)))
    calm_collector()


def _now() -> int:
    return time.time_ns() // 1000


if __name__ == "__main__":
    run_process(
        "ingest",
        [
            IngestSettings,
            GrpcSettings,
            NotificationsSettings,
            CredentialsSettings,
            PostgresSettings,
            KafkaSettings,
            RegistrySettings,
        ],
        compose,
    )
