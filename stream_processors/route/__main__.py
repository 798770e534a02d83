"""`python -m stream_processors.route`: one process of route; start more to share its partitions."""

import threading

from backbone.batch_publisher import BatchPublisher
from backbone.codec import AvroCodec
from backbone.dead_letters import DeadLetters
from backbone.group_consumer import GroupConsumer, GroupOptions
from backbone.kafka_metrics import ConsumerMetrics, PublisherMetrics
from backbone.kafka_settings import KafkaSettings
from backbone.lookups import Lookups, TopicFacts
from backbone.registry import SchemaRegistry
from backbone.registry_settings import RegistrySettings
from backbone.topic_scan import TopicScan
from backbone.topics import EVENTS, POSITIONS, REFERENCE, STATUS_CHANGES
from runtime.http.probes import add_probes
from runtime.http.server import AdminSettings, HttpService, new_app
from runtime.process import Process, run_process
from runtime.settings import Loaded
from runtime.supervision import ThreadService
from storage.notification_types import NotificationsSettings
from storage.redis.connection import connect_sync
from storage.redis.entity_statuses import redis_entity_statuses
from storage.redis.settings import RedisSettings
from stream_processors.owned_states import OwnedStates
from stream_processors.route.handler import RouteHandler
from stream_processors.route.metrics import RouteMetrics
from stream_processors.route.notices import Notices
from stream_processors.route.rebuild import StatusRebuild
from stream_processors.route.settings import RouteSettings
from stream_processors.route.status_places import StatusPlaces

GROUP = "route"
SECTIONS = (AdminSettings, KafkaSettings, RegistrySettings, RedisSettings, NotificationsSettings, RouteSettings)


async def compose(settings: Loaded, process: Process) -> None:
    """Builds the adapters and adds the services."""
    kafka, route, admin = settings[KafkaSettings], settings[RouteSettings], settings[AdminSettings]
    app = new_app()
    add_probes(app, process.health, process.registry)
    process.add(HttpService("admin", app, admin.host, admin.port))

    redis = connect_sync(settings[RedisSettings])
    process.resources.callback(redis.close)
    stopping = threading.Event()
    publisher = BatchPublisher(kafka, PublisherMetrics(process.registry), stopping)
    process.resources.callback(publisher.close)
    registry = SchemaRegistry.of(settings[RegistrySettings])
    process.resources.callback(registry.close)
    codec = AvroCodec(registry)
    lookups = Lookups(kafka)

    def status_changes() -> TopicFacts:
        return lookups.topics([STATUS_CHANGES.name])[STATUS_CHANGES.name]

    rebuild = StatusRebuild(TopicScan(kafka), codec)
    handler = RouteHandler(
        codec=codec,
        publisher=publisher,
        letters=DeadLetters(publisher, GROUP, process.registry),
        statuses=OwnedStates(redis_entity_statuses(redis), rebuild, route.cached_statuses),
        places=StatusPlaces(status_changes),
        notices=Notices(codec, settings[NotificationsSettings].load()),
        metrics=RouteMetrics(process.registry),
        reached=process.fail_points.reached,
    )
    consumer = GroupConsumer(
        kafka,
        GROUP,
        [POSITIONS.name, STATUS_CHANGES.name, EVENTS.name, REFERENCE.name],
        handler,
        ConsumerMetrics(process.registry),
        process.health.require("positions and status changes"),
        GroupOptions(batch_records=route.batch_records),
    )
    process.add(ThreadService("positions and status changes", consumer.run, stopping))


if __name__ == "__main__":
    run_process("stream_processors.route", SECTIONS, compose)
