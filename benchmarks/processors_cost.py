"""What a ping costs enrich and route in CPU: their own code on twins in memory, no client of Kafka or Redis.

`python -m benchmarks.processors_cost` prints one line for each case.
"""

import logging
import time
from collections.abc import Callable, Sequence

import structlog
from prometheus_client import CollectorRegistry

from backbone.codec import AvroCodec
from backbone.dead_letters import DeadLetters
from backbone.lookups import TopicFacts
from backbone.memory_registry import MemoryRegistry
from backbone.partition_ref import PartitionRef
from backbone.partitioner import partition_of
from backbone.record import Ack, InRecord, OutRecord
from backbone.schema_files import SchemaFiles, schema_text
from backbone.topics import EVENTS, LIVE, PINGS, POSITIONS, REFERENCE, STATUS_CHANGES
from domain.asset_watch import WatchLimits
from domain.entity_status import EntityStatus
from domain.instants import SECOND
from domain.last_position import AssetState
from domain.ping import GpsPing
from domain.quality_limits import QualityLimits
from domain.reference import Assignment, Geofence, Point, ReferenceKind, ReferenceRecord
from storage.memory.processor_states import MemoryProcessorStates
from storage.notification_types import NotificationsSettings
from stream_processors.enrich.handler import EnrichHandler
from stream_processors.enrich.metrics import EnrichMetrics
from stream_processors.enrich.reference_view import ReferenceView
from stream_processors.enrich.watcher import AssetWatcher
from stream_processors.owned_states import OwnedStates, Rebuild, Rebuilt, T
from stream_processors.route.handler import RouteHandler
from stream_processors.route.metrics import RouteMetrics
from stream_processors.route.notices import Notices
from stream_processors.route.status_places import StatusPlaces

ASSETS = 200
BATCH = 10
PINGS_EACH = 30
PARTITIONS = 8


class _Sink:
    """Takes what is published."""

    def __init__(self) -> None:
        self.records: list[OutRecord] = []

    def publish(self, records: Sequence[OutRecord]) -> list[Ack]:
        self.records += records
        return []


class _Nothing(Rebuild[T]):
    """There is nothing to rebuild from."""

    def rebuilt(self, partition: PartitionRef, committed: int | None) -> Rebuilt[T]:  # noqa: ARG002
        return Rebuilt(0, {})

    def forget(self) -> None:
        pass


def main() -> None:
    """Print the cost of each case."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    for orders, geofences in ((0, 0), (1, 0), (150, 0), (1, 5_000)):
        codec = _codec()
        sink = _Sink()
        enrich = _timed(_enrich(codec, sink, orders, geofences).handle, _pings(codec))
        positions = _received([record for record in sink.records if record.topic == POSITIONS.name])
        sink.records = []
        route = _timed(_route(codec, sink).handle, positions)
        count = len(positions)
        print(
            f"{orders:4d} orders, {geofences:4d} geofences, batches of {BATCH}:"
            f" enrich {enrich / count * 1e6:6.1f} us a ping,"
            f" route {route / count * 1e6:6.1f} us a ping, {len(sink.records) / count:.1f} live records a ping"
        )


def _timed(handle: Callable[[Sequence[InRecord]], None], records: Sequence[InRecord]) -> float:
    began = time.process_time()
    for start in range(0, len(records), BATCH):
        handle(records[start : start + BATCH])
    return time.process_time() - began


def _codec() -> AvroCodec:
    registry, files = MemoryRegistry(), SchemaFiles()
    for topic in (PINGS, POSITIONS, EVENTS, LIVE, REFERENCE):
        assert topic.record is not None
        registry.register(topic.subject, schema_text(files.current(topic.record)))
    return AvroCodec(registry, files)


def _enrich(codec: AvroCodec, sink: _Sink, orders: int, geofences: int) -> EnrichHandler:
    states: OwnedStates[AssetState] = OwnedStates(MemoryProcessorStates(), _Nothing(), 10_000)
    reference = _reference(codec, orders)
    for number in range(geofences):
        # Over some 50 km by 70 km, the assets' road among them.
        center = Point(53.2 + number % 71 * 0.0067, -3.4 + number % 73 * 0.0143)
        reference.geofences.put("demo", f"zone-{number}", Geofence(center=center, radius=200.0))
    handler = EnrichHandler(
        codec=codec,
        publisher=sink,
        letters=DeadLetters(sink, "enrich", CollectorRegistry()),
        states=states,
        reference=reference,
        watcher=AssetWatcher(reference, WatchLimits()),
        limits=QualityLimits(),
        metrics=EnrichMetrics(CollectorRegistry()),
    )
    for number in range(PARTITIONS):
        handler.assigned(PartitionRef(PINGS.name, "pings", number), None)
    return handler


def _route(codec: AvroCodec, sink: _Sink) -> RouteHandler:
    statuses: OwnedStates[EntityStatus] = OwnedStates(MemoryProcessorStates(), _Nothing(), 50_000)
    handler = RouteHandler(
        codec=codec,
        publisher=sink,
        letters=DeadLetters(sink, "route", CollectorRegistry()),
        statuses=statuses,
        places=StatusPlaces(lambda: TopicFacts("statuses", PARTITIONS)),
        notices=Notices(codec, NotificationsSettings().load()),
        metrics=RouteMetrics(CollectorRegistry()),
    )
    for number in range(PARTITIONS):
        handler.assigned(PartitionRef(STATUS_CHANGES.name, "statuses", number), None)
    return handler


def _reference(codec: AvroCodec, orders: int) -> ReferenceView:
    view = ReferenceView(codec)
    for asset in range(ASSETS):
        for order in range(orders):
            name = f"order-{asset}-{order}"
            assigned = ReferenceRecord(
                ReferenceKind.ASSIGNMENT, "demo", name, 1, assignment=Assignment(f"asset-{asset}", name, 0)
            )
            view.apply(_record(REFERENCE.name, 0, 0, assigned.key.encode(), codec.encode(REFERENCE, assigned)))
    return view


def _pings(codec: AvroCodec) -> list[InRecord]:
    now = time.time_ns() // 1000
    records: list[OutRecord] = []
    for n in range(PINGS_EACH):
        for asset in range(ASSETS):
            ping = GpsPing(
                id=f"0b6f9d0e-7c56-5d7a-9a53-{asset:06d}{n:06d}",
                fleet="demo",
                asset=f"asset-{asset}",
                device="d-1",
                time=now + n * SECOND - 60 * SECOND,
                received_at=now + n * SECOND - 60 * SECOND,
                lat=53.4 + n * 1e-4,
                lon=-2.9,
                accuracy=5.0,
                attributes={"ignition": True, "fuel": 0.5},
            )
            records.append(OutRecord(PINGS.name, ping.key.encode(), codec.encode(PINGS, ping)))
    return _received(records)


def _received(records: Sequence[OutRecord]) -> list[InRecord]:
    ends = [0] * PARTITIONS
    received = []
    for record in records:
        partition = partition_of(record.key or b"", PARTITIONS)
        received.append(_record(record.topic, partition, ends[partition], record.key, record.value))
        ends[partition] += 1
    return received


def _record(topic: str, partition: int, offset: int, key: bytes | None, value: bytes | None) -> InRecord:
    return InRecord(topic, partition, offset, key, value, [], 0)


if __name__ == "__main__":
    main()
