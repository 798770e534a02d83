"""The processors on a Kafka, a registry and a Redis in memory, whose steps can be made to fail."""

from collections.abc import Callable, Mapping, Sequence

import msgspec
from prometheus_client import CollectorRegistry

from backbone.codec import AvroCodec
from backbone.dead_letters import DeadLetters
from backbone.headers import LATEST_OF_OFFSET, LATEST_OF_PARTITION, LATEST_OF_TIME, LATEST_OF_TOPIC_ID, channels_of
from backbone.memory.cluster import MemoryCluster
from backbone.memory.group_consumer import MemoryGroupConsumer
from backbone.memory.publishers import MemoryBatchPublisher
from backbone.memory.topic_scan import MemoryTable, MemoryTopicScan
from backbone.memory_registry import MemoryRegistry
from backbone.record import Ack, InRecord, OutRecord
from backbone.schema_files import SchemaFiles, schema_text
from backbone.topics import (
    DEAD_LETTERS,
    EVENTS,
    LATEST,
    LIVE,
    NOTIFICATION_REQUESTS,
    NOTIFICATIONS,
    PINGS,
    POSITIONS,
    REFERENCE,
    STATUS_CHANGES,
)
from domain.asset_watch import WatchLimits
from domain.entity_status import EntityStatus
from domain.instants import SECOND
from domain.last_position import AssetState
from domain.live_update import LiveUpdate
from domain.ping import Attributes, GpsPing
from domain.position import Position
from domain.quality_limits import QualityLimits
from domain.reference import Asset, Assignment, ReferenceKind, ReferenceRecord, reference_key
from domain.status_change import StatusChange
from storage.memory.processor_states import MemoryProcessorStates
from storage.notification_types import NotificationsSettings
from storage.processor_states import ProcessorStates, StateRead, StateWrite, T
from storage.redis.keys import PartitionTag
from stream_processors.enrich.handler import EnrichHandler
from stream_processors.enrich.metrics import EnrichMetrics
from stream_processors.enrich.rebuild import AssetRebuild
from stream_processors.enrich.reference_view import ReferenceView
from stream_processors.enrich.watcher import AssetWatcher
from stream_processors.owned_states import OwnedStates
from stream_processors.route.handler import RouteHandler
from stream_processors.route.metrics import RouteMetrics
from stream_processors.route.notices import Notices
from stream_processors.route.rebuild import StatusRebuild
from stream_processors.route.status_places import StatusPlaces
from tests.domain.fixes import NOON

PARTITIONS = 4
KEYED = (PINGS, STATUS_CHANGES, REFERENCE, POSITIONS, EVENTS, LIVE, LATEST, NOTIFICATION_REQUESTS, NOTIFICATIONS)


class Crash(Exception):
    """The process dies here."""


class Fuse:
    """Lets `after` uses pass and then blows once, with a crash unless told otherwise."""

    def __init__(self, after: int, blow: Callable[[], Exception] = Crash) -> None:
        self._left = after
        self._blow = blow
        self.blown = False

    def use(self) -> None:
        if self._left == 0 and not self.blown:
            self.blown = True
            raise self._blow()
        self._left -= 1


NEVER = Fuse(10**9)


class FusedPublisher:
    """Blows between two records of a batch."""

    def __init__(self, publisher: MemoryBatchPublisher, fuse: Fuse) -> None:
        self._publisher = publisher
        self._fuse = fuse

    def publish(self, records: Sequence[OutRecord]) -> list[Ack]:
        acks = []
        for record in records:
            self._fuse.use()
            acks += self._publisher.publish([record])
        return acks


class FusedStates(ProcessorStates[T]):
    """Blows before or after a write."""

    def __init__(self, states: ProcessorStates[T], before: Fuse, after: Fuse) -> None:
        self._states = states
        self._before = before
        self._after = after

    def read(self, wanted: Mapping[PartitionTag, Sequence[str]]) -> dict[PartitionTag, StateRead[T]]:
        return self._states.read(wanted)

    def write(self, writes: Sequence[StateWrite[T]]) -> list[PartitionTag]:
        self._before.use()
        refused = self._states.write(writes)
        self._after.use()
        return refused


class World:
    """One Kafka and one Redis; processes come and go."""

    def __init__(self) -> None:
        self.now_ms = NOON // 1000
        self.cluster = MemoryCluster(lambda: self.now_ms)
        registry, files = MemoryRegistry(), SchemaFiles()
        for topic in KEYED:
            self.cluster.create_topic(topic.name, PARTITIONS)
            assert topic.record is not None
            registry.register(topic.subject, schema_text(files.current(topic.record)))
        for topic in DEAD_LETTERS:
            self.cluster.create_topic(topic.name)
        self.codec = AvroCodec(registry, files)
        self.assets: MemoryProcessorStates[AssetState] = MemoryProcessorStates()
        self.statuses: MemoryProcessorStates[EntityStatus] = MemoryProcessorStates()
        self.metrics = CollectorRegistry()
        self._recorded: dict[int, int] = {}

    def enrich(
        self,
        *,
        publish: Fuse = NEVER,
        before: Fuse = NEVER,
        after: Fuse = NEVER,
        all_partitions: bool = True,
        batch: int = 500,
    ) -> MemoryGroupConsumer:
        """A new process, with its reference data whole."""
        publisher = FusedPublisher(MemoryBatchPublisher(self.cluster), publish)
        letters = DeadLetters(publisher, "enrich", CollectorRegistry())
        reference, limits = ReferenceView(self.codec), QualityLimits()
        MemoryTable(self.cluster, REFERENCE.name, reference, letters.bury).refresh()
        watcher = AssetWatcher(reference, WatchLimits())
        scan = MemoryTopicScan(self.cluster)
        rebuild = AssetRebuild(scan, self.codec, reference, watcher, limits, lambda: self.now_ms / 1000)
        self.metrics = CollectorRegistry()
        handler = EnrichHandler(
            codec=self.codec,
            publisher=publisher,
            letters=letters,
            states=OwnedStates(FusedStates(self.assets, before, after), rebuild, cached=100),
            reference=reference,
            watcher=watcher,
            limits=limits,
            metrics=EnrichMetrics(self.metrics),
        )
        return MemoryGroupConsumer(
            self.cluster, "enrich", [PINGS.name], handler, batch_records=batch, assign_all=all_partitions
        )

    def route(
        self,
        *,
        publish: Fuse = NEVER,
        before: Fuse = NEVER,
        after: Fuse = NEVER,
        all_partitions: bool = True,
        batch: int = 500,
    ) -> MemoryGroupConsumer:
        """A new process."""
        publisher = FusedPublisher(MemoryBatchPublisher(self.cluster), publish)
        rebuild = StatusRebuild(MemoryTopicScan(self.cluster), self.codec)
        self.metrics = CollectorRegistry()
        handler = RouteHandler(
            codec=self.codec,
            publisher=publisher,
            letters=DeadLetters(publisher, "route", CollectorRegistry()),
            statuses=OwnedStates(FusedStates(self.statuses, before, after), rebuild, cached=100),
            places=StatusPlaces(lambda: self.cluster.topics([STATUS_CHANGES.name])[STATUS_CHANGES.name]),
            notices=Notices(self.codec, NotificationsSettings().load()),
            metrics=RouteMetrics(self.metrics),
            clock=lambda: self.now_ms / 1000,
        )
        return MemoryGroupConsumer(
            self.cluster,
            "route",
            [POSITIONS.name, STATUS_CHANGES.name, EVENTS.name, REFERENCE.name],
            handler,
            batch_records=batch,
            assign_all=all_partitions,
        )

    # What others write

    def post(self, *pings: GpsPing) -> None:
        for ping in pings:
            value = self.codec.encode(PINGS, ping)
            self.cluster.append(OutRecord(PINGS.name, ping.key.encode(), value, [("traceparent", b"00-aa-bb-01")]))

    def change(
        self,
        entity: str,
        status: str,
        version: int,
        *,
        event: str | None = None,
        fleet: str = "acme",
        attributes: Attributes | None = None,
    ) -> None:
        event = event or f"{entity.replace('/', '-')}-{version}"
        time = NOON + version * SECOND
        change = StatusChange(event, fleet, entity, status, time, time, version, "c-1", attributes or {})
        self.cluster.append(
            OutRecord(STATUS_CHANGES.name, change.key.encode(), self.codec.encode(STATUS_CHANGES, change))
        )

    def assign(
        self,
        asset: str,
        order: str,
        since: float = 0,
        until: float | None = None,
        *,
        order_fleet: str | None = None,
        assignment: str | None = None,
    ) -> None:
        """From and until: seconds after NOON."""
        valid_to = None if until is None else NOON + round(until * SECOND)
        carried = Assignment(asset, order, NOON + round(since * SECOND), valid_to, order_fleet)
        self.refer(
            ReferenceRecord(ReferenceKind.ASSIGNMENT, "acme", assignment or f"{asset}-{order}", 1, assignment=carried)
        )

    def know_asset(self, asset: str, max_speed: float) -> None:
        self.refer(ReferenceRecord(ReferenceKind.ASSET, "acme", asset, 1, asset=Asset(max_speed=max_speed)))

    def forget_reference(self, kind: ReferenceKind, entry: str) -> None:
        self.cluster.append(OutRecord(REFERENCE.name, reference_key(kind, "acme", entry).encode(), None))

    def refer(self, record: ReferenceRecord) -> None:
        self.cluster.append(OutRecord(REFERENCE.name, record.key.encode(), self.codec.encode(REFERENCE, record)))

    def record_latest(self, behind: int = 0) -> None:
        """What the recorder does, but for the last `behind` records of each live partition."""
        topic_id = self.cluster.topics([LIVE.name])[LIVE.name].topic_id
        for partition in range(PARTITIONS):
            place = (LIVE.name, partition)
            start, end = self._recorded.get(partition, 0), max(0, self.cluster.watermarks([place])[place].high - behind)
            for record in self.cluster.read(place, start, max(0, end - start)):
                self._record(record, topic_id)
            self._recorded[partition] = max(start, end)

    def _record(self, record: InRecord, topic_id: str) -> None:
        update = self.codec.decode(record.value or b"", LiveUpdate)
        stands = [
            (LATEST_OF_TOPIC_ID, topic_id.encode()),
            (LATEST_OF_PARTITION, str(record.partition).encode()),
            (LATEST_OF_OFFSET, str(record.offset).encode()),
            (LATEST_OF_TIME, str(record.timestamp_ms).encode()),
        ]
        for channel in update.channels:
            key = f"{channel}/{update.kind}/{update.entity}".encode()
            self.cluster.append(OutRecord(LATEST.name, key, record.value, [*record.headers, *stands]))

    def empty_redis(self) -> None:
        self.assets.empty()
        self.statuses.empty()

    # What others read

    def positions(self) -> list[Position]:
        return [self.codec.decode(record.value or b"", Position) for record in self.cluster.records(POSITIONS.name)]

    def live(self) -> list[LiveUpdate]:
        updates = []
        for record in self.cluster.records(LIVE.name):
            update = self.codec.decode(record.value or b"", LiveUpdate)
            assert channels_of(record.headers) == update.channels
            assert record.key == update.fleet.encode()
            updates.append(update)
        return updates

    def seen(self, channel: str) -> list[LiveUpdate]:
        """What a subscriber of a channel gets: repeats are skipped as the gateway and the recorder skip them."""
        seen: list[LiveUpdate] = []
        highest: dict[tuple[int, tuple[str, int]], tuple[int, int]] = {}
        for record in self.cluster.records(LIVE.name):
            update = self.codec.decode(record.value or b"", LiveUpdate)
            assert update.source is not None
            stream = (record.partition, update.source.stream)
            if update.source.rank > highest.get(stream, (-1, -1)):
                highest[stream] = update.source.rank
                seen += [update] if channel in update.channels else []
        return seen

    def payloads(self, channel: str) -> list[dict[str, object]]:
        return [msgspec.json.decode(update.payload, type=dict[str, object]) for update in self.seen(channel)]

    def count(self, name: str, **labels: str) -> float:
        """A metric of the newest process."""
        return self.metrics.get_sample_value(name, labels) or 0.0
