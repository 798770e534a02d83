"""What a record costs in the publishers and the group consumer: `python -m benchmarks.backbone_cost [RECORDS]`.

Starts a broker of its own. CPU is that of this process alone, so it says what a service spends, whatever else runs.
"""

import asyncio
import resource
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from backbone.batch_publisher import BatchPublisher
from backbone.group_consumer import GroupConsumer, PartitionRef
from backbone.kafka_metrics import ConsumerMetrics, PublisherMetrics
from backbone.kafka_settings import KafkaSettings
from backbone.publisher import AsyncPublisher
from backbone.record import Ack, InRecord, OutRecord
from devstack.stack import Stack
from runtime.health import Health

VALUE = bytes(range(256))
HEADERS = [(name, b"value-of-a-header") for name in ("ce_id", "ce_type", "ce_source", "ce_time", "traceparent")]
PARTITIONS = 8
RATE = 1000  # records/s of the test of latency
BATCH = 500


@dataclass(frozen=True)
class Cost:
    """Of `records` records: seconds by the clock, and of CPU."""

    records: int
    wall: float
    cpu: float

    def __str__(self) -> str:
        return f"{self.cpu / self.records * 1e6:6.1f} us CPU a record, {self.records / self.wall:9,.0f} records/s"


class Counting:
    """A handler that does nothing but count."""

    def __init__(self, wanted: int) -> None:
        self._left = wanted
        self.done = threading.Event()

    def assigned(self, partition: PartitionRef, committed: int | None) -> int | None:  # noqa: ARG002 the protocol
        return None

    def handle(self, records: Sequence[InRecord]) -> None:
        self._left -= len(records)
        if self._left <= 0:
            self.done.set()

    def tick(self) -> None:
        return

    def released(self, partition: PartitionRef, *, lost: bool) -> None:  # noqa: ARG002
        return


def records(topic: str, count: int) -> list[OutRecord]:
    return [OutRecord(topic, f"demo/truck-{number % 500}".encode(), VALUE, HEADERS) for number in range(count)]


def cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def measured(count: int, work: Callable[[], object]) -> Cost:
    wall, cpu = time.perf_counter(), cpu_seconds()
    work()
    return Cost(count, time.perf_counter() - wall, cpu_seconds() - cpu)


async def ingest_like(settings: KafkaSettings, topic: str, seconds: float) -> None:
    """Single records at a steady rate, each awaited by its own request: latency and cost as ingest has them."""
    health = Health()
    publisher = AsyncPublisher(settings, [topic], PublisherMetrics(CollectorRegistry()), health.require("kafka"))
    stopping = asyncio.Event()
    running = asyncio.create_task(publisher.run(stopping))
    await asyncio.sleep(1.0)  # connecting is not measured
    await publisher.publish(records(topic, 100))
    latencies: list[float] = []

    async def one(record: OutRecord) -> None:
        began = time.perf_counter()
        (outcome,) = await publisher.publish([record])
        assert isinstance(outcome, Ack), outcome
        latencies.append(time.perf_counter() - began)

    async def none(_: OutRecord) -> None:
        return

    sent = records(topic, int(seconds * RATE))
    idle = await at_a_rate(sent, none)
    cost = await at_a_rate(sent, one)
    cost = Cost(cost.records, cost.wall, cost.cpu - idle.cpu)  # without what the load itself costs
    latencies.sort()
    p50, p99 = latencies[len(latencies) // 2] * 1e3, latencies[len(latencies) * 99 // 100] * 1e3
    print(f"  one record a call at {RATE}/s:     {cost}; ack p50 {p50:.1f} ms, p99 {p99:.1f} ms")
    wall, cpu = time.perf_counter(), cpu_seconds()
    for _ in range(40):
        await publisher.publish(records(topic, BATCH))
    print(f"  {BATCH} records a call:          {Cost(40 * BATCH, time.perf_counter() - wall, cpu_seconds() - cpu)}")
    stopping.set()
    await running


async def at_a_rate(sent: Sequence[OutRecord], each: Callable[[OutRecord], Coroutine[Any, Any, None]]) -> Cost:
    wall, cpu = time.perf_counter(), cpu_seconds()
    async with asyncio.TaskGroup() as group:
        for number, record in enumerate(sent):
            group.create_task(each(record))
            await asyncio.sleep(max(0.0, wall + number / RATE - time.perf_counter()))
    return Cost(len(sent), time.perf_counter() - wall, cpu_seconds() - cpu)


def processor_like(settings: KafkaSettings, topic: str, count: int) -> None:
    publisher = BatchPublisher(settings, PublisherMetrics(CollectorRegistry()), threading.Event())
    publisher.publish(records(topic, BATCH))
    sent = records(topic, count)

    def publish() -> None:
        for start in range(0, count, BATCH):
            publisher.publish(sent[start : start + BATCH])

    print(f"BatchPublisher, batches of {BATCH}:   {measured(count, publish)}")
    publisher.close()
    handler, stop = Counting(count), threading.Event()
    consumer = GroupConsumer(
        settings, "bench", [topic], handler, ConsumerMetrics(CollectorRegistry()), Health().require("group")
    )
    thread = threading.Thread(target=consumer.run, args=(stop,))

    def consume() -> None:
        thread.start()
        handler.done.wait()

    print(f"GroupConsumer, with its joining: {measured(count, consume)}")
    stop.set()
    thread.join()


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 50_000
    with tempfile.TemporaryDirectory() as directory:
        stack = Stack(Path(directory))
        try:
            stack["kafka"].start()
            admin = AdminClient({"bootstrap.servers": stack.kafka_bootstrap})
            for name in ("latency", "throughput"):
                admin.create_topics([NewTopic(name, PARTITIONS, 1)])[name].result()
            settings = KafkaSettings(bootstrap=stack.kafka_bootstrap)
            for linger, compression in (("2", "lz4"), ("5", "lz4"), ("20", "lz4"), ("2", "none")):
                given = {"linger.ms": SecretStr(linger), "compression.type": SecretStr(compression)}
                print(f"AsyncPublisher, linger {linger} ms, {compression}:")
                asyncio.run(ingest_like(settings.model_copy(update={"properties": given}), "latency", 5.0))
            processor_like(settings, "throughput", count)
        finally:
            stack.stop()


if __name__ == "__main__":
    main()
