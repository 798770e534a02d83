"""Which partitions are read: exactly those that local subscribers need, and a while longer."""

import asyncio
import time
from collections.abc import Callable, Sequence

import msgspec
import structlog

from backbone.channel_address import channel_address
from backbone.lookups import TopicFacts, Watermarks
from backbone.partition_reader import PartitionSource, ReadProblem
from backbone.partition_ref import PartitionRef
from backbone.partitioner import partition_of
from backbone.record import InRecord
from backbone.topics import Topic
from domain.channels import Channel
from domain.errors import OutageError
from push_service.gateway.answers.snapshots import SnapshotCache
from push_service.gateway.metrics import GatewayMetrics
from push_service.gateway.reading.partition_feed import PartitionFeed

log = structlog.get_logger(__name__)

_MOST_REFS = 10_000


class FeedLimits(msgspec.Struct, frozen=True):
    """How far back partitions are opened, and how long they are kept."""

    history_seconds: float
    history_max_records: int
    linger_seconds: float
    backlog_records: int
    """Records of a partition that may wait for a schema to be learned; then its reader stops for a while."""


class OpenPartition:
    """A partition that is held by subscriptions."""

    __slots__ = ("closing", "feed", "holds", "opening", "paused", "ref", "resuming")

    def __init__(self, ref: PartitionRef) -> None:
        self.ref = ref
        self.holds = 0
        self.feed: PartitionFeed | None = None
        self.opening: asyncio.Task[PartitionFeed] | None = None
        self.closing: asyncio.TimerHandle | None = None
        self.paused = False
        self.resuming: asyncio.Task[None] | None = None

    @property
    def current(self) -> PartitionFeed | None:
        """The feed, if it has caught up."""
        return self.feed if self.feed is not None and self.feed.caught_up else None


class FeedTable:
    """The open partitions. It is the reader's listener; everything happens on the event loop."""

    def __init__(
        self,
        snapshots: SnapshotCache,
        new_feed: Callable[[PartitionRef, int], PartitionFeed],
        limits: FeedLimits,
        metrics: GatewayMetrics,
    ) -> None:
        self._snapshots = snapshots
        self._new_feed = new_feed
        self._limits = limits
        self._metrics = metrics
        self._source: PartitionSource | None = None
        self._topics: dict[str, TopicFacts] = {}
        self._refs: dict[tuple[str, bytes], PartitionRef] = {}
        """By topic and key: to hash a key takes longer than all else that is done to find a partition."""
        self._open: dict[PartitionRef, OpenPartition] = {}
        self._on_lost: Callable[[OpenPartition], None] = lambda _: None

    def read_from(self, source: PartitionSource, on_lost: Callable[[OpenPartition], None]) -> None:
        """What reads partitions, made with this table as its listener. `on_lost`: one cannot be read on."""
        self._source = source
        self._on_lost = on_lost

    def serve(self, topics: dict[str, TopicFacts]) -> None:
        """The topics of the cluster by name, with their ids and partition counts."""
        self._topics = dict(topics)
        self._refs.clear()

    def ref_of(self, channel: Channel) -> PartitionRef | None:
        """Where a channel is read; None when its topic is not served."""
        topic, key = channel_address(channel)
        ref = self._refs.get((topic.name, key))
        if ref is None:
            facts = self._topics.get(topic.name)
            if facts is None:
                return None
            ref = PartitionRef(topic.name, facts.topic_id, partition_of(key, facts.partitions))
            if len(self._refs) >= _MOST_REFS:
                self._refs.clear()
            self._refs[topic.name, key] = ref
        return ref

    def hold(self, ref: PartitionRef) -> OpenPartition:
        """A subscription needs the partition: it stays open until released as often."""
        partition = self._open.get(ref)
        if partition is None:
            partition = self._open[ref] = OpenPartition(ref)
            self._metrics.partitions.inc()
        partition.holds += 1
        if partition.closing is not None:
            partition.closing.cancel()
            partition.closing = None
        return partition

    def release(self, partition: OpenPartition) -> None:
        """A subscription needs it no longer. The last one starts the time until it is closed."""
        partition.holds -= 1
        if partition.holds == 0 and self._open.get(partition.ref) is partition:
            loop = asyncio.get_running_loop()
            partition.closing = loop.call_later(self._limits.linger_seconds, self._close, partition)

    async def ready(self, partition: OpenPartition, channel: str) -> PartitionFeed:
        """The feed of a partition that is held, once it has caught up. Raises OutageError.

        `channel` is the one that wants it: when its snapshot is older than the usual past, reading begins there.
        """
        if partition.opening is None:
            partition.opening = asyncio.ensure_future(self._begin(partition, channel))
            partition.opening.add_done_callback(lambda done: _forget_failure(partition, done))
        # Shielded: the one who gives up must not take it from the others.
        return await asyncio.shield(partition.opening)

    async def watermarks(self, ref: PartitionRef) -> Watermarks:
        """The first offset that is kept, and the one that the partition's next record gets. Raises OutageError."""
        return await self._reader.watermarks(ref.topic, ref.partition)

    def close(self) -> None:
        """Closes everything, for the process ends."""
        for partition in tuple(self._open.values()):
            if partition.closing is not None:
                partition.closing.cancel()
            self._close(partition)

    # What the reader calls.

    def on_records(self, partition: PartitionRef, records: Sequence[InRecord]) -> None:
        """The next records of a partition."""
        reading = self._open.get(partition)
        if reading is None or reading.feed is None or reading.paused:
            return
        reading.feed.receive(records)
        if reading.feed.backlog > self._limits.backlog_records:
            self._pause(reading, records[-1].offset + 1)

    def on_caught_up(self, partition: PartitionRef, offset: int) -> None:
        """Every record below `offset` has been delivered."""
        reading = self._open.get(partition)
        if reading is not None and reading.feed is not None and not reading.paused:
            reading.feed.advance(offset)

    def on_failed(self, partition: PartitionRef, problem: ReadProblem) -> None:
        """It cannot be read on. Who follows it is sent away, to come back and be answered truthfully."""
        reading = self._open.get(partition)
        if reading is not None:
            log.warning("partition lost", topic=partition.topic, partition=partition.partition, problem=problem)
            self._forget(reading)
            self._on_lost(reading)

    @property
    def _reader(self) -> PartitionSource:
        assert self._source is not None
        return self._source

    async def _begin(self, partition: OpenPartition, channel: str) -> PartitionFeed:
        ref = partition.ref
        opened = await self._reader.open(ref.topic, ref.partition, await self._start_of(ref, channel), since_ms=None)
        if opened.partition != ref:
            self._reader.close(ref.topic, ref.partition)
            self._topics[ref.topic] = self._topics[ref.topic]._replace(topic_id=opened.partition.topic_id)
            self._refs.clear()
            raise OutageError(f"{ref.topic} was made again")
        partition.feed = feed = self._new_feed(ref, opened.start)
        log.info("partition opened", topic=ref.topic, partition=ref.partition, start=opened.start, high=opened.high)
        await feed.reach(opened.high)
        feed.caught_up = True
        return feed

    async def _start_of(self, ref: PartitionRef, channel: str) -> int:
        """A little in the past, or where the snapshots end if that is further back, within a bound."""
        since_ms = int((time.time() - self._limits.history_seconds) * 1000)
        found = await self._reader.offset_for_time(ref.topic, ref.partition, since_ms)
        high = (await self._reader.watermarks(ref.topic, ref.partition)).high
        start = high if found is None else found
        try:
            view = await self._snapshots.load(ref, channel)
        except OutageError:
            view = None  # the subscribe will say so itself, unless it needs no snapshot
        if view is not None:
            start = min(start, view.next_offset)
        return max(start, high - self._limits.history_max_records)

    def _pause(self, partition: OpenPartition, resume_at: int) -> None:
        partition.paused = True
        self._reader.close(partition.ref.topic, partition.ref.partition)
        log.warning("partition waits for a schema", topic=partition.ref.topic, partition=partition.ref.partition)
        partition.resuming = asyncio.ensure_future(self._resume(partition, resume_at))

    async def _resume(self, partition: OpenPartition, offset: int) -> None:
        assert partition.feed is not None
        await partition.feed.reach(offset)
        while self._open.get(partition.ref) is partition:
            try:
                await self._reader.open(partition.ref.topic, partition.ref.partition, offset, since_ms=None)
            except OutageError:
                await asyncio.sleep(1)
            else:
                partition.paused = False
                return

    def _close(self, partition: OpenPartition) -> None:
        self._forget(partition)
        self._reader.close(partition.ref.topic, partition.ref.partition)
        log.info("partition closed", topic=partition.ref.topic, partition=partition.ref.partition)

    def _forget(self, partition: OpenPartition) -> None:
        del self._open[partition.ref]
        self._metrics.partitions.dec()
        for task in (partition.opening, partition.resuming):
            if task is not None:
                task.cancel()
        if partition.feed is not None:
            partition.feed.close()
            partition.feed = None  # so that a subscribe that is being answered from it finds that it is over


def served_topics(topics: Sequence[Topic]) -> list[str]:
    """Those of the topics that exist already: the others are made together with their first writer."""
    return [topic.name for topic in topics if topic.record is not None]


def _forget_failure(partition: OpenPartition, done: asyncio.Task[PartitionFeed]) -> None:
    """So that the next subscriber tries again."""
    if done.cancelled() or done.exception() is not None:
        partition.opening = None
