"""The live topic on a real Kafka, its snapshots in a real Redis, and a real recorder: for gateways in this process.

The topic has a name of its own in the shared Kafka; gateways are told that it is `fleet.live.v1`.
"""

import asyncio
import contextlib
import random
import time
from collections.abc import Iterator, Sequence
from typing import Any

from confluent_kafka import Producer
from prometheus_client import CollectorRegistry

from backbone.batch_handler import BatchHandler
from backbone.codec import AvroCodec
from backbone.dead_letters import DeadLetters
from backbone.group_consumer import GroupConsumer
from backbone.group_options import GroupOptions
from backbone.headers import channels_header
from backbone.kafka_metrics import ConsumerMetrics
from backbone.kafka_settings import KafkaSettings
from backbone.lookups import Lookups, Place, TopicFacts, Watermarks
from backbone.memory.cluster import MemoryCluster
from backbone.memory.publishers import MemoryBatchPublisher
from backbone.memory_registry import MemoryRegistry
from backbone.partition_fetcher import Wanted
from backbone.partition_reader import OpenedPartition, PartitionListener, PartitionReader, ReadProblem
from backbone.partition_ref import PartitionRef
from backbone.partitioner import partition_of
from backbone.record import InRecord
from backbone.schema_files import SchemaFiles, schema_text
from backbone.topic_scan import Range, TopicScan
from backbone.topics import LATEST, LIVE
from domain.live_update import LiveUpdate
from push_service.recorder.metrics import RecorderMetrics
from push_service.recorder.recorder import Recorder
from runtime.health import Health
from storage.redis.connection import connect_async, connect_sync
from storage.redis.settings import RedisSettings
from storage.redis.snapshots import RedisSnapshotReader, RedisSnapshotWriter
from tests.backbone.kafka_kinds import RealKafka, in_thread
from tests.gateway.live_topic import LiveTopic


def live_codec() -> AvroCodec:
    """Avro, with a registry in memory."""
    registry = MemoryRegistry()
    registry.register(LIVE.subject, schema_text(SchemaFiles().current("LiveUpdate")))
    return AvroCodec(registry)


class Site:
    """One Kafka topic, one Redis database."""

    def __init__(self, bootstrap: str, redis_url: str, name: str, partitions: int) -> None:
        self.kafka = KafkaSettings(bootstrap=bootstrap)
        self.redis = RedisSettings(url=redis_url)
        self.name = name
        self.partitions = partitions
        self.codec = live_codec()
        RealKafka(bootstrap).create_topic(name, partitions)
        self.facts = Lookups(self.kafka).topics([name])[name]
        self.scan = TopicScan(self.kafka)
        self._producer = Producer({"bootstrap.servers": bootstrap, "linger.ms": 0, "log_level": 0})

    def partition_for(self, fleet: str) -> int:
        return partition_of(fleet.encode(), self.partitions)

    def publish(self, updates: Sequence[LiveUpdate], *, at_ms: int | None = None) -> None:
        """Produces, and waits for the broker."""
        for number, update in enumerate(updates):
            self._producer.produce(
                self.name,
                self.codec.encode(LIVE, update),
                update.fleet.encode(),
                self.partition_for(update.fleet),
                headers=[channels_header(update.channels)],
                timestamp=at_ms or 0,
            )
            if number % 1_000 == 0:
                self._producer.poll(0)
        assert self._producer.flush(60) == 0

    def records(self) -> Iterator[tuple[InRecord, LiveUpdate]]:
        """All that is in the topic."""
        for batch in self.scan.read(self.scan.whole(self.name)):
            for record in batch:
                yield record, self.codec.decode(record.value or b"", LiveUpdate)

    @contextlib.contextmanager
    def recording(self, rng: random.Random | None = None) -> Iterator[None]:
        """A recorder at work; with `rng` one that falls behind now and then."""
        memory = MemoryCluster()
        memory.create_topic(LATEST.name)
        publisher, registry = MemoryBatchPublisher(memory), CollectorRegistry()
        redis = connect_sync(self.redis)
        recorder: BatchHandler = Recorder(
            self.codec,
            publisher,
            RedisSnapshotWriter(redis, keep_seconds=600, history_offsets=20),
            _FirstStart(),
            DeadLetters(publisher, "recorder", registry),
            RecorderMetrics(registry),
        )
        if rng is not None:
            recorder = _Halting(recorder, rng)
        consumer = GroupConsumer(
            self.kafka,
            f"{self.name}-recorder",
            [self.name],
            recorder,
            ConsumerMetrics(registry),
            Health().require("recorder"),
            GroupOptions(batch_records=50, commit_every=0.2),
        )
        with in_thread(consumer.run):
            yield
        redis.close()


class _FirstStart:
    """There is nothing to rebuild from: the recorder begins with the first record."""

    def latest(self) -> list[InRecord]:
        return []

    def offset_at(self, partition: PartitionRef, timestamp_ms: int) -> int:
        return 0

    def earliest(self, partition: PartitionRef) -> int:
        return 0


class _Halting:
    def __init__(self, handler: BatchHandler, rng: random.Random) -> None:
        self._handler = handler
        self._rng = rng

    def handle(self, records: Sequence[InRecord]) -> None:
        if self._rng.random() < 0.1:
            time.sleep(self._rng.uniform(0, 0.5))
        self._handler.handle(records)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._handler, name)


class RealTopic(LiveTopic):
    """What one gateway reads from: stands where `running` takes a topic in memory."""

    def __init__(self, site: Site) -> None:
        super().__init__()
        self._site = site
        self._redis = connect_async(site.redis)
        self.snapshots: Any = RedisSnapshotReader(self._redis)
        self._stopping = asyncio.Event()
        self._reader: PartitionReader | None = None
        self._reading: asyncio.Task[None] | None = None
        self.delivered: set[int] = set()
        """Partitions of which records came."""

    @property
    def facts(self) -> dict[str, TopicFacts]:
        return {LIVE.name: self._site.facts}

    @property
    def reader(self) -> PartitionReader:
        if self._reader is None:
            assert self.listener is not None
            self._reader = PartitionReader(self._site.kafka, _Renamed(self.listener, self.delivered))
            self._reading = asyncio.ensure_future(self._reader.run(self._stopping))
        return self._reader

    async def open(self, topic: str, partition: int, offset: int | None, *, since_ms: int | None) -> OpenedPartition:
        self.history.append((partition, offset or 0))
        opened = await self.reader.open(self._site.name, partition, offset, since_ms=since_ms)
        return opened._replace(partition=_named_live(opened.partition))

    def close(self, topic: str, partition: int) -> None:
        self.reader.close(self._site.name, partition)

    async def offset_for_time(self, topic: str, partition: int, time_ms: int) -> int | None:
        return await self.reader.offset_for_time(self._site.name, partition, time_ms)

    async def watermarks(self, topic: str, partition: int) -> Watermarks:
        return await self.reader.watermarks(self._site.name, partition)

    def parts(self, place: Place, ranges: Sequence[Range], wanted: Wanted | None = None) -> Iterator[list[InRecord]]:
        self.scans.append([(each.start, each.end) for each in ranges])
        return self._site.scan.parts((self._site.name, place[1]), ranges, wanted)

    async def aclose(self) -> None:
        """Stops reading."""
        self._stopping.set()
        if self._reading is not None:
            await self._reading
        await self._redis.aclose()


class _Renamed:
    """A listener that knows the topic by its real name."""

    def __init__(self, listener: PartitionListener, delivered: set[int]) -> None:
        self._listener = listener
        self._delivered = delivered

    def on_records(self, partition: PartitionRef, records: Sequence[InRecord]) -> None:
        self._delivered.add(partition.partition)
        self._listener.on_records(_named_live(partition), records)

    def on_caught_up(self, partition: PartitionRef, offset: int) -> None:
        self._listener.on_caught_up(_named_live(partition), offset)

    def on_failed(self, partition: PartitionRef, problem: ReadProblem) -> None:
        self._listener.on_failed(_named_live(partition), problem)


def _named_live(partition: PartitionRef) -> PartitionRef:
    return partition._replace(topic=LIVE.name)
