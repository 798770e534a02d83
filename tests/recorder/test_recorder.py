"""The recorder as a whole, on twins of Kafka and Redis: what is shown is right, or refused until it is."""

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from backbone.codec import AvroCodec
from backbone.dead_letters import DeadLetters
from backbone.memory.cluster import MemoryCluster
from backbone.memory.group_consumer import MemoryGroupConsumer
from backbone.memory.publishers import MemoryBatchPublisher
from backbone.memory.topic_scan import MemoryTopicScan
from backbone.memory_registry import MemoryRegistry
from backbone.record import InRecord, OutRecord, header
from backbone.schema_files import SchemaFiles, schema_text
from backbone.topics import LATEST, LIVE, dead_letter_topic
from domain.errors import OutageError
from domain.live_update import LiveUpdate
from domain.source_position import SourcePosition
from push_service.recorder.kafka_history import KafkaHistory
from push_service.recorder.metrics import RecorderMetrics
from push_service.recorder.recorder import FLUSH_IDLE_TICKS, Recorder
from storage.memory.snapshots import MemorySnapshots
from storage.redis.keys import PartitionTag
from storage.snapshots import ChannelChange, LiveMark
from tests.recorder.records import live_update

GROUP = "recorder"
DEAD = dead_letter_topic(LIVE.name, GROUP)
Shown = dict[tuple[str, str], int]
"""(kind, entity) -> version, as a channel's snapshot has it."""


class BrittleSnapshots(MemorySnapshots):
    """A store that can be away for a number of writes."""

    def __init__(self) -> None:
        super().__init__()
        self.away_for = 0

    def write(self, tag: PartitionTag, expected: int | None, mark: LiveMark, changes: Sequence[ChannelChange]) -> None:
        if self.away_for:
            self.away_for -= 1
            raise OutageError("away")
        super().write(tag, expected, mark, changes)


class World:
    """Kafka, Redis, and one recorder after another."""

    def __init__(self) -> None:
        self.now_ms = 1_000_000
        self.cluster = MemoryCluster(lambda: self.now_ms)
        self.live_id = self.cluster.create_topic(LIVE.name)
        self.cluster.create_topic(LATEST.name, 2)
        self.cluster.create_topic(DEAD)
        registry = MemoryRegistry()
        registry.register(LIVE.subject, schema_text(SchemaFiles().current("LiveUpdate")))
        self.codec = AvroCodec(registry)
        self.snapshots = BrittleSnapshots()
        self.start()

    def start(self) -> None:
        """A new process; the old one was killed where it stood."""
        publisher, registry = MemoryBatchPublisher(self.cluster), CollectorRegistry()
        recorder = Recorder(
            self.codec,
            publisher,
            self.snapshots,
            KafkaHistory(MemoryTopicScan(self.cluster)),
            DeadLetters(publisher, GROUP, registry),
            RecorderMetrics(registry),
        )
        self.consumer = MemoryGroupConsumer(self.cluster, GROUP, [LIVE.name], recorder, batch_records=7)

    def live(self, update: LiveUpdate) -> None:
        self.cluster.append(OutRecord(LIVE.name, b"acme", self.codec.encode(LIVE, update)))

    def drain(self) -> None:
        while not self.consumer.drain():
            pass

    def latest(self) -> dict[bytes, InRecord]:
        return {record.key or b"": record for record in self.cluster.records(LATEST.name)}

    def shown(self, channel: str) -> Shown | None:
        """None: refused."""
        found = asyncio.run(self.snapshots.read(PartitionTag(self.live_id, 0), channel))
        return None if found is None else {(item.kind, item.entity): item.version for item in found.items}

    def check_index(self, channel: str) -> None:
        """Whatever is claimed of a channel's records is so."""
        index = asyncio.run(self.snapshots.index(PartitionTag(self.live_id, 0), channel))
        if index is None or index.known_from is None:
            return
        records = [each for each in self.cluster.records(LIVE.name) if each.offset < index.next_offset]
        its = [each.offset for each in records if channel in self.codec.decode(each.value or b"", LiveUpdate).channels]
        known = [each for each in its if each >= index.known_from]
        if known:
            assert index.last == known[-1]
        if index.listed_from is not None:
            assert index.offsets == tuple(each for each in its if each >= index.listed_from)


def position(version: int, asset: str = "a", offset: int | None = None) -> LiveUpdate:
    source = SourcePosition("fleet.positions.v1", "positions-1", 0, version if offset is None else offset)
    return live_update(version, entity=f"asset/{asset}", source=source)


def test_an_emptied_redis_is_refused_until_it_is_right_again() -> None:
    world = World()
    for second in range(60):
        world.now_ms += 1_000
        world.live(position(second))
    world.drain()
    assert world.shown("fleet:acme") == {("position", "asset/a"): 59}
    world.snapshots.empty()
    assert world.shown("fleet:acme") is None
    world.live(position(60))
    world.drain()
    assert world.shown("fleet:acme") == {("position", "asset/a"): 60}


def test_a_rebuild_brings_back_what_the_live_topic_has_long_forgotten() -> None:
    world = World()
    world.live(position(1, "parked"))
    for second in range(2, 60):
        world.now_ms += 1_000
        world.live(position(second, "moving"))
    world.drain()
    world.cluster.delete_records((LIVE.name, 0), 50)
    world.snapshots.empty()
    world.start()
    world.drain()
    assert world.shown("fleet:acme") == {("position", "asset/parked"): 1, ("position", "asset/moving"): 59}


def test_an_entry_with_nonsense_in_its_headers_does_not_stop_a_rebuild() -> None:
    world = World()
    world.live(position(1))
    for headers in ([("live-offset", b"x")], [("live-partition", b"\xff")]):
        whole = {
            "live-topic-id": world.live_id.encode(),
            "live-partition": b"0",
            "live-offset": b"0",
            "live-time": b"1",
            **dict(headers),
        }
        world.cluster.append(OutRecord(LATEST.name, b"k", b"v", list(whole.items())))
    world.drain()
    assert world.shown("fleet:acme") == {("position", "asset/a"): 1}


def test_a_quiet_partition_heals_although_no_record_comes() -> None:
    world = World()
    world.live(position(1))
    world.drain()
    world.snapshots.empty()
    for _ in range(2):
        world.drain()
    assert world.shown("fleet:acme") == {("position", "asset/a"): 1}


def test_the_last_position_of_a_quiet_partition_reaches_the_latest_topic_after_ten_ticks() -> None:
    world = World()
    world.live(position(1))
    for _ in range(FLUSH_IDLE_TICKS):
        world.drain()
        assert not world.latest()
    world.drain()
    assert set(world.latest()) == {b"fleet:acme/position/asset/a", b"asset:acme/a/position/asset/a"}
    mark = world.snapshots.mark(PartitionTag(world.live_id, 0))
    assert mark is not None
    assert mark.latest_from is None


def test_a_record_that_cannot_be_read_is_buried_and_the_next_is_unaffected() -> None:
    world = World()
    world.cluster.append(OutRecord(LIVE.name, b"acme", b"\x00\x00\x00\x00\x99nonsense"))
    world.live(position(1))
    world.drain()
    (buried,) = world.cluster.records(DEAD)
    assert buried.value == b"\x00\x00\x00\x00\x99nonsense"
    assert header(buried.headers, "dlq-reason") == b"unknown_schema"
    assert world.shown("fleet:acme") == {("position", "asset/a"): 1}


def test_a_zombie_does_not_overwrite_its_successor() -> None:
    world = World()
    world.live(position(1))
    world.drain()
    zombie = world.consumer
    world.start()
    world.live(position(2))
    world.drain()
    world.live(position(3))
    zombie.drain()
    world.drain()
    assert world.shown("fleet:acme") == {("position", "asset/a"): 3}


ACTIONS = st.one_of(
    st.tuples(st.just("live"), st.sampled_from("abc"), st.integers(0, 15_000)),
    st.tuples(st.just("status"), st.sampled_from("abc"), st.integers(0, 15_000)),
    st.sampled_from([("drain",), ("kill",), ("empty",), ("away", 1), ("away", 3), ("kill-and-empty",)]),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(ACTIONS, max_size=60))
def test_whatever_is_killed_or_emptied_snapshots_end_up_right_and_are_never_wrong_before(actions: list[tuple]) -> None:  # type: ignore[type-arg]
    world, expected, version = World(), Shown(), 0
    history: list[Shown] = [{}]
    for action in [*actions, ("drain",)]:
        match action:
            case ("live" | "status" as what, asset, later_ms):
                version += 1
                world.now_ms += later_ms
                kind = "position" if what == "live" else "status"
                update = position(version, asset)
                world.live(live_update(version, kind=kind, entity=update.entity, source=update.source))
                expected = expected | {(kind, f"asset/{asset}"): version}
                history.append(expected)
            case ("drain",):
                world.drain()
            case ("kill",):
                world.start()
            case ("empty",):
                world.snapshots.empty()
            case ("kill-and-empty",):
                world.snapshots.empty()
                world.start()
            case ("away", times):
                world.snapshots.away_for = times
                world.consumer.drain()
        shown = world.shown("fleet:acme")
        assert shown is None or shown in history
        world.check_index("asset:acme/a")
        world.check_index("fleet:acme")
    world.drain()  # a tick without a record finds a store that was emptied after the last one
    world.drain()
    assert world.shown("fleet:acme") == expected


def test_a_channels_snapshot_is_gone_with_an_outage_of_kafka_only_as_long_as_that_lasts() -> None:
    world = World()
    world.live(position(1))
    world.cluster.down()
    with pytest.raises(OutageError):
        world.cluster.check()
    assert not world.consumer.drain()
    world.cluster.up()
    world.drain()
    assert world.shown("fleet:acme") == {("position", "asset/a"): 1}
