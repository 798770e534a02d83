"""`python -m push_service.dispatcher`: one process of the dispatcher; start more to share its partitions.

It runs four services beside its probes: notifications, deadlines of acknowledgements, timelines, and the timer of what
waits for hours. Each consumer has a thread, a producer and a group of its own, so that none waits for another.
"""

import asyncio
import threading
from typing import NamedTuple

from sqlalchemy import Engine

from backbone.batch_publisher import BatchPublisher
from backbone.codec import AvroCodec
from backbone.dead_letters import DeadLetters
from backbone.group_consumer import GroupConsumer, GroupOptions
from backbone.headers import due_at_of
from backbone.kafka_metrics import ConsumerMetrics, PublisherMetrics
from backbone.kafka_settings import KafkaSettings
from backbone.publisher import AsyncPublisher
from backbone.registry import SchemaRegistry
from backbone.registry_settings import RegistrySettings
from backbone.topics import (
    NOTIFICATION_REQUESTS,
    NOTIFICATIONS,
    PUSH_PENDING,
    PUSH_PROVIDERS,
    PUSH_RECEIPTS,
    USER_LIVE,
    push_outbox,
)
from domain.instants import SECOND
from push_service.dispatcher.classification import Classifier
from push_service.dispatcher.delivery_metrics import PendingMetrics, TimelineMetrics, TimerMetrics
from push_service.dispatcher.due_pushes import DuePushes
from push_service.dispatcher.handler import GROUP, DispatcherHandler
from push_service.dispatcher.handover import Handover
from push_service.dispatcher.metrics import DispatcherMetrics
from push_service.dispatcher.outbox import Outbox
from push_service.dispatcher.pending import GROUP as PENDING_GROUP
from push_service.dispatcher.pending import PendingHandler
from push_service.dispatcher.settings import DispatcherSettings
from push_service.dispatcher.timeline import GROUP as TIMELINE_GROUP
from push_service.dispatcher.timeline import TimelineHandler
from push_service.dispatcher.timer import Timer
from runtime.collector import calm_collector
from runtime.http.probes import add_probes
from runtime.http.server import AdminSettings, HttpService, new_app
from runtime.process import Process, run_process
from runtime.settings import Loaded
from runtime.supervision import ThreadService
from storage.notification_types import NotificationsSettings
from storage.postgres.delivery_days import DeliveryDays
from storage.postgres.digests import Digests
from storage.postgres.engine import open_engine, open_sync_engine
from storage.postgres.notification_log import NotificationLog
from storage.postgres.preference_documents import PostgresPreferenceDocuments
from storage.postgres.push_decisions import PushDecisions
from storage.postgres.push_targets import PostgresPushTargets
from storage.postgres.scheduled import AsyncScheduled, Scheduled
from storage.postgres.settings import PostgresSettings
from storage.postgres.timeline import DeliverySteps
from storage.redis.connection import connect_sync
from storage.redis.notices import RedisNotices
from storage.redis.settings import RedisSettings

SECTIONS = (
    AdminSettings,
    KafkaSettings,
    RegistrySettings,
    RedisSettings,
    PostgresSettings,
    NotificationsSettings,
    DispatcherSettings,
)
TOPICS = (
    NOTIFICATIONS,
    USER_LIVE,
    PUSH_PENDING,
    PUSH_RECEIPTS,
    NOTIFICATION_REQUESTS,
    *(push_outbox(provider) for provider in PUSH_PROVIDERS),
)


GATHER_SECONDS = 0.1
GATHER_BYTES = 64 * 1024
"""Nobody waits for a timeline: few and large batches are better."""


class _Parts(NamedTuple):
    """What all services are built of."""

    settings: Loaded
    process: Process
    engine: Engine
    codec: AvroCodec
    publishing: PublisherMetrics
    consuming: ConsumerMetrics


async def compose(settings: Loaded, process: Process) -> None:
    """Builds the adapters and adds the services."""
    admin = settings[AdminSettings]
    app = new_app()
    add_probes(app, process.health, process.registry)
    process.add(HttpService("admin", app, admin.host, admin.port))

    engine = open_sync_engine(settings[PostgresSettings], GROUP)
    process.resources.callback(engine.dispose)
    registry = SchemaRegistry.of(settings[RegistrySettings])
    process.resources.callback(registry.close)
    codec = AvroCodec(registry)
    await asyncio.to_thread(codec.prepare, TOPICS)
    publishing, consuming = PublisherMetrics(process.registry), ConsumerMetrics(process.registry)
    parts = _Parts(settings, process, engine, codec, publishing, consuming)
    letters = _add_notifications(parts)
    _add_deadlines(parts, letters)
    _add_timelines(parts, letters)
    _add_timer(parts)
    calm_collector()


def _add_notifications(parts: _Parts) -> DeadLetters:
    settings, process, engine, codec, publishing, consuming = parts
    kafka, dispatcher = settings[KafkaSettings], settings[DispatcherSettings]
    types = settings[NotificationsSettings].load()
    redis = connect_sync(settings[RedisSettings])
    process.resources.callback(redis.close)
    stopping = threading.Event()
    publisher = BatchPublisher(kafka, publishing, stopping)
    process.resources.callback(publisher.close)
    decisions, documents, scheduled = PushDecisions(engine), PostgresPreferenceDocuments(engine), Scheduled(engine)
    outbox = Outbox(PostgresPushTargets(engine), codec)
    handover = Handover(decisions, outbox, publisher, codec, process.fail_points.reached)
    letters = DeadLetters(publisher, GROUP, process.registry)
    handler = DispatcherHandler(
        codec=codec,
        publisher=publisher,
        letters=letters,
        classifier=Classifier(RedisNotices(redis), documents, types),
        log=NotificationLog(engine),
        scheduled=scheduled,
        handover=handover,
        returns=DuePushes(
            decisions=decisions,
            digests=Digests(engine),
            scheduled=scheduled,
            documents=documents,
            types=types,
            handover=handover,
            codec=codec,
            reached=process.fail_points.reached,
        ),
        metrics=DispatcherMetrics(process.registry),
        ack_within=round(dispatcher.ack_seconds * SECOND),
        reached=process.fail_points.reached,
    )
    consumer = GroupConsumer(
        kafka,
        GROUP,
        [NOTIFICATIONS.name],
        handler,
        consuming,
        process.health.require("notifications"),
        GroupOptions(batch_records=dispatcher.batch_records),
    )
    process.add(ThreadService("notifications", consumer.run, stopping))
    return letters


def _add_deadlines(parts: _Parts, letters: DeadLetters) -> None:
    settings, process, engine, codec, publishing, consuming = parts
    kafka, dispatcher = settings[KafkaSettings], settings[DispatcherSettings]
    stopping = threading.Event()
    publisher = BatchPublisher(kafka, publishing, stopping)
    process.resources.callback(publisher.close)
    outbox = Outbox(PostgresPushTargets(engine), codec)
    handler = PendingHandler(
        codec=codec,
        handover=Handover(PushDecisions(engine), outbox, publisher, codec, process.fail_points.reached),
        letters=letters.of(PENDING_GROUP, publisher),
        metrics=PendingMetrics(process.registry),
    )
    consumer = GroupConsumer(
        kafka,
        PENDING_GROUP,
        [PUSH_PENDING.name],
        handler,
        consuming,
        process.health.require("deadlines"),
        GroupOptions(batch_records=dispatcher.batch_records, due_at=due_at_of),
    )
    process.add(ThreadService("deadlines", consumer.run, stopping))


def _add_timelines(parts: _Parts, letters: DeadLetters) -> None:
    settings, process, engine, codec, publishing, consuming = parts
    kafka, dispatcher = settings[KafkaSettings], settings[DispatcherSettings]
    stopping = threading.Event()
    publisher = BatchPublisher(kafka, publishing, stopping)
    process.resources.callback(publisher.close)
    handler = TimelineHandler(
        codec=codec,
        steps=DeliverySteps(engine),
        days=DeliveryDays(engine),
        letters=letters.of(TIMELINE_GROUP, publisher),
        metrics=TimelineMetrics(process.registry),
        reached=process.fail_points.reached,
    )
    consumer = GroupConsumer(
        kafka,
        TIMELINE_GROUP,
        [PUSH_RECEIPTS.name],
        handler,
        consuming,
        process.health.require("timelines"),
        GroupOptions(batch_records=dispatcher.timeline_records, gather=GATHER_SECONDS, gather_bytes=GATHER_BYTES),
    )
    process.add(ThreadService("timelines", consumer.run, stopping))


def _add_timer(parts: _Parts) -> None:
    settings, process, _, codec, publishing, _ = parts
    engine = open_engine(settings[PostgresSettings], Timer.name)
    process.resources.push_async_callback(engine.dispose)
    publisher = AsyncPublisher(
        settings[KafkaSettings], [NOTIFICATION_REQUESTS.name], publishing, process.health.require("timer")
    )
    process.add(publisher)
    process.add(
        Timer(
            AsyncScheduled(engine),
            publisher,
            codec,
            TimerMetrics(process.registry),
            every=settings[DispatcherSettings].timer_seconds,
            reached=process.fail_points.reached,
        )
    )


if __name__ == "__main__":
    run_process("push_service.dispatcher", SECTIONS, compose)
