"""`python -m stream_processors.address`: one process of address; start more to share its partitions."""

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
from backbone.topics import NOTIFICATION_REQUESTS, REFERENCE
from runtime.http.probes import add_probes
from runtime.http.server import AdminSettings, HttpService, new_app
from runtime.process import Process, run_process
from runtime.settings import Loaded
from runtime.supervision import ThreadService
from storage.postgres.engine import open_sync_engine
from storage.postgres.follower_pages import PostgresFollowerPages
from storage.postgres.push_targets import PostgresPushTargets
from storage.postgres.scheduled import Scheduled
from storage.postgres.settings import PostgresSettings
from stream_processors.address.audience import Audience
from stream_processors.address.handler import AddressHandler
from stream_processors.address.metrics import AddressMetrics
from stream_processors.address.settings import AddressSettings
from stream_processors.address.watchers import WatcherView

GROUP = "address"
SECTIONS = (AdminSettings, KafkaSettings, RegistrySettings, PostgresSettings, AddressSettings)


async def compose(settings: Loaded, process: Process) -> None:
    """Builds the adapters and adds the services."""
    kafka, address, admin = settings[KafkaSettings], settings[AddressSettings], settings[AdminSettings]
    app = new_app()
    add_probes(app, process.health, process.registry)
    process.add(HttpService("admin", app, admin.host, admin.port))

    engine = open_sync_engine(settings[PostgresSettings], GROUP)
    process.resources.callback(engine.dispose)
    stopping = threading.Event()
    publisher = BatchPublisher(kafka, PublisherMetrics(process.registry), stopping)
    process.resources.callback(publisher.close)
    registry = SchemaRegistry.of(settings[RegistrySettings])
    process.resources.callback(registry.close)
    codec = AvroCodec(registry)
    letters = DeadLetters(publisher, GROUP, process.registry)

    watchers = WatcherView(codec)
    table = GlobalTable(
        kafka,
        REFERENCE.name,
        watchers,
        letters.bury,
        TableMetrics(process.registry),
        process.health.require("reference data"),
    )
    handler = AddressHandler(
        codec=codec,
        publisher=publisher,
        letters=letters,
        audience=Audience(
            PostgresFollowerPages(engine), watchers, PostgresPushTargets(engine), address.chunk_followers
        ),
        scheduled=Scheduled(engine),
        metrics=AddressMetrics(process.registry),
        reached=process.fail_points.reached,
    )
    consumer = GroupConsumer(
        kafka,
        GROUP,
        [NOTIFICATION_REQUESTS.name],
        handler,
        ConsumerMetrics(process.registry),
        process.health.require("notification requests"),
        # A chunk that is done again tells thousands again: what is done is committed soon.
        GroupOptions(batch_records=address.batch_records, commit_every=0.1),
    )

    def consume(stop: threading.Event) -> None:
        """No request is addressed before all watchers are known."""
        if table.wait(stop):
            consumer.run(stop)

    process.add(ThreadService("reference data", table.run))
    process.add(ThreadService("notification requests", consume, stopping))


if __name__ == "__main__":
    run_process("stream_processors.address", SECTIONS, compose)
