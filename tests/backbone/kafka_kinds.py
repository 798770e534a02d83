"""The real Kafka and its twin in memory behind one face, so that the same contract tests run over both."""

import asyncio
import contextlib
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from typing import Any, Protocol

from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from prometheus_client import CollectorRegistry

from backbone.batch_publisher import BatchPublisher
from backbone.global_table import GlobalTable, TableMetrics, TableView
from backbone.group_consumer import BatchHandler, GroupConsumer, GroupOptions
from backbone.kafka_metrics import ConsumerMetrics, PublisherMetrics
from backbone.kafka_settings import KafkaSettings
from backbone.memory.cluster import MemoryCluster
from backbone.memory.group_consumer import MemoryGroupConsumer
from backbone.memory.partition_reader import MemoryPartitionReader
from backbone.memory.publishers import MemoryAsyncPublisher, MemoryBatchPublisher
from backbone.memory.topic_scan import MemoryTable, MemoryTopicScan
from backbone.partition_reader import PartitionListener, PartitionReader, PartitionSource
from backbone.publisher import AsyncPublisher
from backbone.publishing import AsyncPublishing, BatchPublishing
from backbone.record import InRecord
from backbone.topic_scan import Scanning, TopicScan
from domain.errors import PermanentError
from runtime.health import Health

DEADLINE = 30.0  # seconds
QUICK = GroupOptions(
    batch_records=50, commit_every=0.1, session=6.0, retry_first=0.02, retry_cap=0.1, check_topics_every=0.3
)

Until = Callable[[Callable[[], bool]], None]
Bad = Callable[[InRecord, PermanentError], object]


class KafkaKind(Protocol):
    """What a contract test needs."""

    def create_topic(self, name: str, partitions: int = 1) -> None: ...

    def delete_topic(self, name: str) -> None: ...

    def delete_records(self, topic: str, partition: int, before: int) -> None: ...

    def batch_publisher(self) -> BatchPublishing: ...

    def async_publisher(self, *topics: str) -> AbstractAsyncContextManager[AsyncPublishing]: ...

    def member(
        self, group: str, topic: str, handler: BatchHandler, options: GroupOptions = QUICK
    ) -> AbstractContextManager[Until]:
        """A member at work; what is yielded lets it work until a condition holds. It leaves in good order."""
        ...

    def reader(self, listener: PartitionListener) -> AbstractAsyncContextManager[PartitionSource]: ...

    def scan(self) -> Scanning: ...

    def table(self, topic: str, view: TableView, bad: Bad) -> AbstractContextManager[Until]: ...


def wait_until(condition: Callable[[], bool], within: float = DEADLINE) -> None:
    """Raises AssertionError if it does not come to hold in time."""
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come to hold in time"
        time.sleep(0.005)


async def soon(condition: Callable[[], bool], within: float = DEADLINE) -> None:
    """The same on the event loop."""
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come to hold in time"
        await asyncio.sleep(0.005)


class MemoryKafka:
    """The twin."""

    def __init__(self) -> None:
        self.cluster = MemoryCluster()

    def create_topic(self, name: str, partitions: int = 1) -> None:
        self.cluster.create_topic(name, partitions)

    def delete_topic(self, name: str) -> None:
        self.cluster.delete_topic(name)

    def delete_records(self, topic: str, partition: int, before: int) -> None:
        self.cluster.delete_records((topic, partition), before)

    def batch_publisher(self) -> BatchPublishing:
        return MemoryBatchPublisher(self.cluster)

    @contextlib.asynccontextmanager
    async def async_publisher(self, *topics: str) -> AsyncIterator[AsyncPublishing]:
        yield MemoryAsyncPublisher(self.cluster)

    @contextlib.contextmanager
    def member(self, group: str, topic: str, handler: BatchHandler, options: GroupOptions = QUICK) -> Iterator[Until]:
        consumer = MemoryGroupConsumer(
            self.cluster,
            group,
            [topic],
            handler,
            batch_records=options.batch_records,
            due_at=options.due_at,
            clock=options.clock,
        )

        def until(condition: Callable[[], bool]) -> None:
            def worked() -> bool:
                consumer.drain()
                return condition()

            wait_until(worked, within=2.0)

        stop = threading.Event()
        try:
            yield until
        finally:
            stop.set()
            consumer.run(stop)  # ends at once: releases

    @contextlib.asynccontextmanager
    async def reader(self, listener: PartitionListener) -> AsyncIterator[PartitionSource]:
        reader = MemoryPartitionReader(self.cluster, listener)
        async with _running(reader.run):
            yield reader

    def scan(self) -> Scanning:
        return MemoryTopicScan(self.cluster)

    @contextlib.contextmanager
    def table(self, topic: str, view: TableView, bad: Bad) -> Iterator[Until]:
        table = MemoryTable(self.cluster, topic, view, bad)

        def until(condition: Callable[[], bool]) -> None:
            table.refresh()
            assert condition()

        table.refresh()
        yield until


class RealKafka:
    """Adapters on a broker."""

    def __init__(self, bootstrap: str) -> None:
        self.settings = KafkaSettings(bootstrap=bootstrap)
        self.registry = CollectorRegistry()
        self.publisher_metrics = PublisherMetrics(self.registry)
        self.consumer_metrics = ConsumerMetrics(self.registry)
        self.health = Health()
        self.admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0})
        self.stop = threading.Event()
        self._publishers: list[BatchPublisher] = []

    def create_topic(self, name: str, partitions: int = 1) -> None:
        def created() -> bool:
            # A topic that was just deleted may still be there for a moment.
            (future,) = self.admin.create_topics([NewTopic(name, partitions, 1)]).values()
            return future.exception(DEADLINE) is None

        wait_until(created)
        wait_until(lambda: self._has_leaders(name))

    def _has_leaders(self, name: str) -> bool:
        found = self.admin.list_topics(name, timeout=5.0).topics[name]
        return found.error is None and all(each.leader >= 0 for each in found.partitions.values())

    def delete_topic(self, name: str) -> None:
        (future,) = self.admin.delete_topics([name]).values()
        future.result(DEADLINE)

    def delete_records(self, topic: str, partition: int, before: int) -> None:
        (future,) = self.admin.delete_records([TopicPartition(topic, partition, before)]).values()
        future.result(DEADLINE)

    def batch_publisher(self) -> BatchPublishing:
        publisher = BatchPublisher(self.settings, self.publisher_metrics, self.stop)
        self._publishers.append(publisher)
        return publisher

    @contextlib.asynccontextmanager
    async def async_publisher(self, *topics: str) -> AsyncIterator[AsyncPublishing]:
        condition = self.health.require("publisher")
        publisher = AsyncPublisher(self.settings, topics, self.publisher_metrics, condition)
        async with _running(publisher.run):
            await soon(self.health.ready)
            yield publisher

    def consumer(
        self, group: str, topic: str, handler: BatchHandler, options: GroupOptions = QUICK, **more: Any
    ) -> GroupConsumer:
        health = Health()
        settings = self.settings.model_copy(update=more)
        return GroupConsumer(settings, group, [topic], handler, self.consumer_metrics, health.require("group"), options)

    @contextlib.contextmanager
    def member(self, group: str, topic: str, handler: BatchHandler, options: GroupOptions = QUICK) -> Iterator[Until]:
        with in_thread(self.consumer(group, topic, handler, options).run) as failed:

            def until(condition: Callable[[], bool]) -> None:
                def holds() -> bool:
                    if failed:
                        raise failed[0]
                    return condition()

                wait_until(holds)

            yield until

    @contextlib.asynccontextmanager
    async def reader(self, listener: PartitionListener) -> AsyncIterator[PartitionSource]:
        reader = PartitionReader(self.settings, listener, check_topics_every=0.3)
        async with _running(reader.run):
            yield reader

    def scan(self) -> Scanning:
        return TopicScan(self.settings)

    @contextlib.contextmanager
    def table(self, topic: str, view: TableView, bad: Bad) -> Iterator[Until]:
        health = Health()
        metrics = TableMetrics(CollectorRegistry())
        table = GlobalTable(self.settings, topic, view, bad, metrics, health.require("table"))
        with in_thread(table.run):
            assert table.wait(self.stop)
            assert health.ready()
            yield wait_until

    def close(self) -> None:
        self.stop.set()
        for publisher in self._publishers:
            publisher.close()


@contextlib.contextmanager
def in_thread(target: Callable[[threading.Event], None]) -> Iterator[Sequence[Exception]]:
    """Yields what the thread raised: nothing, or one exception."""
    stop, failed = threading.Event(), list[Exception]()

    def body() -> None:
        try:
            target(stop)
        except Exception as error:  # noqa: BLE001 the test looks at it
            failed.append(error)

    thread = threading.Thread(target=body)
    thread.start()
    try:
        yield failed
    finally:
        stop.set()
        thread.join(DEADLINE)
        assert not thread.is_alive()


@contextlib.asynccontextmanager
async def _running(run: Callable[[asyncio.Event], Any]) -> AsyncIterator[None]:
    stopping = asyncio.Event()
    task = asyncio.create_task(run(stopping))
    try:
        await asyncio.sleep(0)
        yield
    finally:
        stopping.set()
        async with asyncio.timeout(DEADLINE):
            await task
