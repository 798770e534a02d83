"""A live topic in memory: the gateway's partition source, its codec, and a recorder in a few lines."""

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import msgspec

from access.order_reader import OrderReader
from backbone.lookups import Place, TopicFacts, Watermarks
from backbone.partition_fetcher import Wanted
from backbone.partition_reader import OpenedPartition, PartitionListener, ReadProblem
from backbone.partition_ref import PartitionRef
from backbone.partitioner import partition_of
from backbone.publishing import PublishFailed
from backbone.record import Ack, InRecord, OutRecord
from backbone.topic_scan import Range
from backbone.topics import GATEWAY_CONTROL, PUSH_RECEIPTS, USER_LIVE, Topic
from domain.delivery_step import PushReceipt
from domain.errors import OutageError, PermanentError
from domain.live_update import LiveUpdate
from domain.source_position import SourcePosition
from storage.memory.presence import MemoryPresence
from storage.memory.snapshots import MemorySnapshots
from storage.redis.keys import PartitionTag
from storage.snapshots import ChannelChange, LiveMark, SnapshotItem
from tests.gateway.notice_board import NoticeBoard

TOPIC = "fleet.live.v1"
TOPIC_ID = "topic-id-1"
PARTITIONS = 4
StructT = TypeVar("StructT", bound=msgspec.Struct)
FRAMING = b"\0\0\0\0\1"


class PackCodec:
    """Stands in for Avro."""

    def encode(self, topic: Topic, value: msgspec.Struct) -> bytes:
        assert topic.name in (TOPIC, USER_LIVE.name, GATEWAY_CONTROL.name, PUSH_RECEIPTS.name)
        return FRAMING + msgspec.msgpack.encode(value)

    def decode(self, raw: bytes, into: type[StructT]) -> StructT:
        if not raw.startswith(FRAMING):
            raise PermanentError("wrong_magic", "not framed")
        return msgspec.msgpack.decode(raw[len(FRAMING) :], type=into)


def position(
    asset: str,
    n: int,
    *,
    fleet: str = "acme",
    offset: int | None = None,
    channels: list[str] | None = None,
    pad: int = 0,
) -> LiveUpdate:
    """The n-th position of an asset."""
    now = time.time_ns() // 1000
    source = None if offset is None else SourcePosition("fleet.positions.v1", "positions", 0, offset)
    payload = {"kind": "position", "id": f"{asset}-{n}", "asset": asset, "n": n, "pad": "x" * pad}
    return LiveUpdate(
        id=f"{asset}-{n}",
        fleet=fleet,
        channels=channels or [f"fleet:{fleet}", f"asset:{fleet}/{asset}"],
        kind="position",
        entity=f"asset/{asset}",
        event_time=now,
        version=n,
        received_at=now,
        payload=msgspec.json.encode(payload),
        source=source,
    )


def status(entity: str, version: int, *, fleet: str = "acme", channels: list[str] | None = None) -> LiveUpdate:
    """A status of an entity."""
    now = time.time_ns() // 1000
    payload = {"kind": "status", "id": f"{entity}-{version}", "entity": entity, "status": f"s{version}"}
    return LiveUpdate(
        id=f"{entity}-s{version}",
        fleet=fleet,
        channels=channels or [f"fleet:{fleet}"],
        kind="status",
        entity=entity,
        event_time=now,
        version=version,
        received_at=now,
        payload=msgspec.json.encode(payload),
    )


def partition_for(fleet: str) -> int:
    return partition_of(fleet.encode(), PARTITIONS)


@dataclass
class TopicPublisher:
    """What a gateway publishes with; `failing` answers instead of the topic."""

    topic: "LiveTopic"
    failing: PublishFailed | None = None

    async def publish(self, records: Sequence[OutRecord]) -> list[Ack | PublishFailed]:
        await asyncio.sleep(0)
        if self.failing is not None:
            return [self.failing for _ in records]
        return [self._append(record) for record in records]

    def _append(self, record: OutRecord) -> Ack:
        if record.topic == GATEWAY_CONTROL.name:
            return self.topic.order(record)
        if record.topic == PUSH_RECEIPTS.name:
            self.topic.receipts.append(PackCodec().decode(record.value or b"", PushReceipt))
            return Ack(record.topic, 0, len(self.topic.receipts) - 1)
        assert record.topic == self.topic.name
        assert record.key is not None
        assert record.value is not None
        partition = partition_for(record.key.decode())
        self.topic.publish_raw(record.key.decode(), record.value)
        return Ack(record.topic, partition, len(self.topic.records[partition]) - 1)


@dataclass
class LiveTopic:
    """Records by partition. `publish` delivers to open partitions in the next turn of the loop."""

    records: dict[int, list[InRecord]] = field(default_factory=lambda: {each: [] for each in range(PARTITIONS)})
    low: dict[int, int] = field(default_factory=dict)
    opened: dict[int, int] = field(default_factory=dict)
    """Open partitions, each with the offset to deliver next."""
    history: list[tuple[int, int]] = field(default_factory=list)
    """Every (partition, start) that was ever opened."""
    scans: list[list[tuple[int, int]]] = field(default_factory=list)
    """The parts of every scan."""
    topic_id: str = TOPIC_ID
    name: str = TOPIC
    away: bool = False
    held: bool = False
    """While true nothing is delivered."""
    snapshots: MemorySnapshots = field(default_factory=MemorySnapshots)
    presence: MemoryPresence = field(default_factory=MemoryPresence)
    acks: NoticeBoard = field(default_factory=NoticeBoard)
    receipts: list[PushReceipt] = field(default_factory=list)
    """What gateways told of notifications."""
    listener: PartitionListener | None = None
    orders: list[InRecord] = field(default_factory=list)
    """Of `gateway.control.v1`."""
    order_readers: list[OrderReader] = field(default_factory=list)
    twins: "list[LiveTopic]" = field(default_factory=list)
    """The same topic, as other gateways read it."""

    def twin(self) -> "LiveTopic":
        """The same records, snapshots and presence, for another gateway."""
        other = LiveTopic(self.records, self.low, topic_id=self.topic_id, name=self.name, snapshots=self.snapshots)
        other.presence, other.acks, other.receipts = self.presence, self.acks, self.receipts
        other.orders, other.order_readers = self.orders, self.order_readers
        self.twins.append(other)
        other.twins.append(self)
        return other

    @property
    def facts(self) -> dict[str, TopicFacts]:
        return {self.name: TopicFacts(self.topic_id, PARTITIONS)}

    def publish(self, *updates: LiveUpdate) -> None:
        for update in updates:
            self.publish_raw(update.fleet, FRAMING + msgspec.msgpack.encode(update))

    def publish_raw(self, fleet: str, value: bytes, *, age_seconds: float = 0) -> None:
        partition = partition_for(fleet)
        kept = self.records[partition]
        now_ms = int((time.time() - age_seconds) * 1000)
        kept.append(InRecord(self.name, partition, len(kept), fleet.encode(), value, [], now_ms))
        for each in (self, *self.twins):
            asyncio.get_running_loop().call_soon(each.deliver, partition)

    def grow_old(self, fleet: str, seconds: float) -> None:
        """What the fleet's partition has so far was produced that long ago."""
        partition = partition_for(fleet)
        then = int((time.time() - seconds) * 1000)
        self.records[partition] = [
            msgspec.structs.replace(each, timestamp_ms=min(each.timestamp_ms, then)) for each in self.records[partition]
        ]

    def deliver(self, partition: int, at_most: int = 1_000_000) -> None:
        if self.held or partition not in self.opened or self.listener is None:
            return
        ref = PartitionRef(self.name, self.topic_id, partition)
        start = self.opened[partition]
        batch = self.records[partition][start : start + at_most]
        if batch:
            self.opened[partition] = start + len(batch)
            self.listener.on_records(ref, batch)
        if self.opened.get(partition) == len(self.records[partition]):
            self.listener.on_caught_up(ref, len(self.records[partition]))

    def fail(self, partition: int, problem: ReadProblem) -> None:
        del self.opened[partition]
        assert self.listener is not None
        self.listener.on_failed(PartitionRef(self.name, self.topic_id, partition), problem)

    def make_again(self, topic_id: str) -> None:
        """The topic is deleted and made again: another id, no records."""
        reading = tuple(self.opened)
        for partition in reading:
            self.fail(partition, ReadProblem.RECREATED)
        self.topic_id = topic_id
        self.records = {each: [] for each in range(PARTITIONS)}

    def record(self, fleet: str = "acme", upto: int | None = None) -> None:
        """What the recorder does: brings the snapshots of the fleet's partition up to an offset."""
        partition = partition_for(fleet)
        tag = PartitionTag(self.topic_id, partition)
        mark = self.snapshots.mark(tag)
        start = mark.next_offset if mark else 0
        end = len(self.records[partition]) if upto is None else upto
        for record in self.records[partition][start:end]:
            assert record.value is not None
            update = PackCodec().decode(record.value, LiveUpdate)
            item = SnapshotItem(update.kind, update.entity, update.version, record.offset, update.payload)
            changes = [
                ChannelChange(channel, record.offset, [item], [] if channel.startswith("fleet:") else [record.offset])
                for channel in update.channels
            ]
            mark = self.snapshots.mark(tag)
            self.snapshots.write(
                tag,
                mark.next_offset if mark else None,
                LiveMark(next_offset=record.offset + 1, history_from=0),
                changes,
            )
        if self.snapshots.mark(tag) is None:
            self.snapshots.write(tag, None, LiveMark(next_offset=0, history_from=0), [])

    # PartSource, in a thread

    def parts(self, place: Place, ranges: Sequence[Range], wanted: Wanted | None = None) -> Iterator[list[InRecord]]:
        if self.away:
            raise OutageError("no broker")
        self.scans.append([(each.start, each.end) for each in ranges])
        for each in ranges:
            assert self.low.get(place[1], 0) <= each.start <= each.end <= len(self.records[place[1]])
            for start in range(each.start, each.end, 1_000):
                batch = self.records[place[1]][start : min(each.end, start + 1_000)]
                yield [record for record in batch if wanted is None or (record.value and wanted(record.value))]

    def order(self, record: OutRecord) -> Ack:
        """Keeps an order, and hands it to every gateway."""
        kept = InRecord(record.topic, 0, len(self.orders), record.key, record.value, record.headers, 0)
        self.orders.append(kept)
        for reader in self.order_readers:
            reader.apply(kept)
        return Ack(record.topic, 0, kept.offset)

    def read_orders(self, reader: OrderReader) -> None:
        """What the global table does: all orders so far, then every further one."""
        for record in self.orders:
            reader.apply(record)
        self.order_readers.append(reader)

    # PartitionSource

    async def open(self, topic: str, partition: int, offset: int | None, *, since_ms: int | None) -> OpenedPartition:
        await self._answer()
        assert offset is not None
        assert partition not in self.opened
        low, high = self.low.get(partition, 0), len(self.records[partition])
        start = min(max(offset, low), high)
        self.opened[partition] = start
        self.history.append((partition, start))
        asyncio.get_running_loop().call_soon(self.deliver, partition)
        return OpenedPartition(PartitionRef(topic, self.topic_id, partition), start, low, high)

    def close(self, topic: str, partition: int) -> None:
        self.opened.pop(partition, None)

    async def offset_for_time(self, topic: str, partition: int, time_ms: int) -> int | None:
        await self._answer()
        return next((each.offset for each in self.records[partition] if each.timestamp_ms >= time_ms), None)

    async def watermarks(self, topic: str, partition: int) -> Watermarks:
        await self._answer()
        return Watermarks(self.low.get(partition, 0), len(self.records[partition]))

    async def _answer(self) -> None:
        await asyncio.sleep(0)
        if self.away:
            raise OutageError("no broker")
