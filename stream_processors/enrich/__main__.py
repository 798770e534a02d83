"""`python -m stream_processors.enrich`: one process of enrich; start more to share its partitions."""

import threading

from backbone.batch_publisher import BatchPublisher
from backbone.codec import AvroCodec
from backbone.dead_letters import DeadLetters
from backbone.global_table import GlobalTable, TableMetrics
from backbone.group_consumer import GroupConsumer, GroupOptions
from backbone.kafka_metrics import ConsumerMetrics, PublisherMetrics
from backbone.kafka_settings import KafkaSettings
from backbone.registry import SchemaRegistry
from backbone.registry_settings import RegistrySettings
from backbone.topic_scan import TopicScan
from backbone.topics import PINGS, REFERENCE
from runtime.http.probes import add_probes
from runtime.http.server import AdminSettings, HttpService, new_app
from runtime.process import Process, run_process
from runtime.settings import Loaded
from runtime.supervision import ThreadService
from storage.redis.asset_states import redis_asset_states
from storage.redis.connection import connect_sync
from storage.redis.settings import RedisSettings
from stream_processors.enrich.handler import EnrichHandler
from stream_processors.enrich.metrics import EnrichMetrics
from stream_processors.enrich.rebuild import AssetRebuild
from stream_processors.enrich.reference_view import ReferenceView
from stream_processors.enrich.settings import EnrichSettings
from stream_processors.enrich.watcher import AssetWatcher
from stream_processors.owned_states import OwnedStates

GROUP = "enrich"
SECTIONS = (AdminSettings, KafkaSettings, RegistrySettings, RedisSettings, EnrichSettings)


async def compose(settings: Loaded, process: Process) -> None:
    """Builds the adapters and adds the services."""
    kafka, enrich, admin = settings[KafkaSettings], settings[EnrichSettings], settings[AdminSettings]
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
    letters = DeadLetters(publisher, GROUP, process.registry)

    reference = ReferenceView(codec)
    table = GlobalTable(
        kafka,
        REFERENCE.name,
        reference,
        letters.bury,
        TableMetrics(process.registry),
        process.health.require("reference data"),
    )
    limits = enrich.limits()
    watcher = AssetWatcher(reference, enrich.watch_limits())
    rebuild = AssetRebuild(TopicScan(kafka), codec, reference, watcher, limits)
    handler = EnrichHandler(
        codec=codec,
        publisher=publisher,
        letters=letters,
        states=OwnedStates(redis_asset_states(redis), rebuild, enrich.cached_assets),
        reference=reference,
        watcher=watcher,
        limits=limits,
        metrics=EnrichMetrics(process.registry),
        reached=process.fail_points.reached,
    )
    consumer = GroupConsumer(
        kafka,
        GROUP,
        [PINGS.name],
        handler,
        ConsumerMetrics(process.registry),
        process.health.require("pings"),
        GroupOptions(batch_records=enrich.batch_records),
    )

    def consume(stop: threading.Event) -> None:
        """No ping is judged before the reference data is whole."""
        if table.wait(stop):
            consumer.run(stop)

    process.add(ThreadService("reference data", table.run))
    process.add(ThreadService("pings", consume, stopping))


if __name__ == "__main__":
    run_process("stream_processors.enrich", SECTIONS, compose)
