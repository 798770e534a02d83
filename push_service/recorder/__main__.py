"""`python -m push_service.recorder`: one process of the recorder; start more to share its partitions."""

import asyncio
import threading

from backbone.batch_publisher import BatchPublisher
from backbone.codec import AvroCodec
from backbone.dead_letters import DeadLetters
from backbone.group_consumer import GroupConsumer, GroupOptions
from backbone.kafka_metrics import ConsumerMetrics, PublisherMetrics
from backbone.kafka_settings import KafkaSettings
from backbone.registry import SchemaRegistry
from backbone.registry_settings import RegistrySettings
from backbone.topic_scan import TopicScan
from backbone.topics import LIVE
from push_service.recorder.kafka_history import KafkaHistory
from push_service.recorder.metrics import RecorderMetrics
from push_service.recorder.recorder import Recorder
from push_service.recorder.settings import RecorderSettings
from runtime.http.probes import add_probes
from runtime.http.server import AdminSettings, HttpService, new_app
from runtime.process import Process, run_process
from runtime.settings import Loaded
from runtime.supervision import ThreadService
from storage.redis.connection import connect_sync
from storage.redis.settings import RedisSettings
from storage.redis.snapshots import RedisSnapshotWriter

GROUP = "recorder"
SECTIONS = (AdminSettings, KafkaSettings, RegistrySettings, RedisSettings, RecorderSettings)
GATHER_SECONDS = 0.1
GATHER_BYTES = 64 * 1024
"""Nobody waits for the recorder, for what came since a snapshot goes with it: few and large batches are better."""
DAY_SECONDS = 24 * 60 * 60


async def compose(settings: Loaded, process: Process) -> None:
    """Builds the adapters and adds the services."""
    kafka, recorder, admin = settings[KafkaSettings], settings[RecorderSettings], settings[AdminSettings]
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
    await asyncio.to_thread(codec.prepare, [LIVE])
    handler = Recorder(
        codec,
        publisher,
        RedisSnapshotWriter(
            redis, keep_seconds=recorder.keep_days * DAY_SECONDS, history_offsets=recorder.history_offsets
        ),
        KafkaHistory(TopicScan(kafka)),
        DeadLetters(publisher, GROUP, process.registry),
        RecorderMetrics(process.registry),
        listed=recorder.history_offsets > 0,
    )
    consumer = GroupConsumer(
        kafka,
        GROUP,
        [LIVE.name],
        handler,
        ConsumerMetrics(process.registry),
        process.health.require("live updates"),
        GroupOptions(
            batch_records=recorder.batch_records,
            batch_bytes=recorder.batch_bytes,
            gather=GATHER_SECONDS,
            gather_bytes=GATHER_BYTES,
        ),
    )
    process.add(ThreadService("consumer", consumer.run, stopping))


if __name__ == "__main__":
    run_process("push_service.recorder", SECTIONS, compose)
