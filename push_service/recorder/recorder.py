"""The recorder's work on each batch: what is latest to Kafka, then snapshots and mark to Redis."""

from collections.abc import Sequence

import structlog

from backbone.codec import AvroCodec
from backbone.dead_letters import DeadLetters
from backbone.errors import LostPartition
from backbone.partition_ref import PartitionRef
from backbone.publishing import BatchPublishing
from backbone.record import InRecord, OutRecord
from domain.errors import OutageError, PermanentError
from domain.live_update import LiveUpdate
from push_service.recorder.live_partition import LivePartition
from push_service.recorder.metrics import RecorderMetrics
from push_service.recorder.rebuild import LiveHistory, rebuild
from storage.redis.keys import PartitionTag
from storage.snapshots import MarkMovedError, SnapshotWriter

FLUSH_IDLE_TICKS = 10
"""Ticks come every second: a partition that stands still writes after as long as one that moves."""

log = structlog.get_logger(__name__)


class Recorder:
    """A BatchHandler of `fleet.live.v1`. Where to start is what the store says, never the group's commit."""

    def __init__(
        self,
        codec: AvroCodec,
        publisher: BatchPublishing,
        snapshots: SnapshotWriter,
        history: LiveHistory,
        dead_letters: DeadLetters,
        metrics: RecorderMetrics,
        *,
        listed: bool = True,
    ) -> None:
        """`listed`: whether channels get lists of the offsets of their last records."""
        self._codec = codec
        self._publisher = publisher
        self._snapshots = snapshots
        self._history = history
        self._dead_letters = dead_letters
        self._metrics = metrics
        self._listed = listed
        self._partitions: dict[tuple[str, int], tuple[PartitionRef, LivePartition]] = {}

    def assigned(self, partition: PartitionRef, committed: int | None) -> int:  # noqa: ARG002 the mark says where
        """Loads the mark, or rebuilds the snapshots when there is none."""
        tag = PartitionTag(partition.topic_id, partition.partition)
        mark = self._snapshots.mark(tag)
        if mark is None:
            try:
                mark = rebuild(partition, self._history, self._codec, self._snapshots)
            except MarkMovedError as error:
                raise OutageError(f"another process rebuilds partition {partition.partition}") from error
            self._metrics.rebuilds.inc()
        live = LivePartition(tag, mark, listed=self._listed)
        self._partitions[partition.topic, partition.partition] = (partition, live)
        return live.start

    def handle(self, records: Sequence[InRecord]) -> None:
        """See BatchHandler."""
        for record in records:
            self._take(record)
        touched = [self._partitions[place] for place in {(record.topic, record.partition) for record in records}]
        due = [entry for _, live in touched for entry in live.latest.due()]
        if due:
            self._publish(due)
        for partition, live in touched:
            live.latest.written()
            self._store(partition, live)

    def tick(self) -> None:
        """Looks after partitions where nothing happens: Redis may have been emptied, and positions may wait."""
        for partition, live in list(self._partitions.values()):
            idle = live.ticked()
            if idle and not live.stands_in(self._snapshots):
                raise LostPartition(partition)
            due = live.latest.due(whole=True) if idle >= FLUSH_IDLE_TICKS else []
            if due:
                self._publish(due)
                live.latest.written()
                self._store(partition, live)

    def released(self, partition: PartitionRef, *, lost: bool) -> None:  # noqa: ARG002 either way
        """Forgets the partition. What waits for the latest topic is read again by whoever has it next."""
        self._partitions.pop((partition.topic, partition.partition), None)

    def _publish(self, entries: Sequence[OutRecord]) -> None:
        self._publisher.publish(entries)
        self._metrics.latest.inc(len(entries))

    def _take(self, record: InRecord) -> None:
        """Takes one record in, or buries it when it cannot be read."""
        _, live = self._partitions[record.topic, record.partition]
        try:
            update = self._codec.decode(record.value or b"", LiveUpdate)
        except PermanentError as error:
            self._dead_letters.bury(record, error)
            live.skip(record)
            outcome = "dead_letter"
        else:
            outcome = "recorded" if live.take(record, update) else "repeat"
        self._metrics.records.labels(outcome).inc()

    def _store(self, partition: PartitionRef, live: LivePartition) -> None:
        with self._metrics.store_seconds.time():
            try:
                live.store(self._snapshots)
            except MarkMovedError as error:
                log.warning("another process has written the mark", partition=partition.partition, problem=str(error))
                raise LostPartition(partition) from error
