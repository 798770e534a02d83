"""Snapshots from Kafka, when Redis has none: the latest topic whole, then the live partition from shortly before."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import NamedTuple, Protocol

import structlog

from backbone.codec import AvroCodec
from backbone.headers import LATEST_OF_OFFSET, LATEST_OF_PARTITION, LATEST_OF_TIME, LATEST_OF_TOPIC_ID
from backbone.partition_ref import PartitionRef
from backbone.record import InRecord, header
from domain.errors import PermanentError
from domain.live_update import LiveUpdate
from push_service.recorder.latest_buffer import FLUSH_EVERY_MS
from push_service.recorder.live_partition import ChangeSet
from storage.redis.keys import PartitionTag
from storage.snapshots import LiveMark, SnapshotWriter

log = structlog.get_logger(__name__)

REPLAY_MS = 3 * FLUSH_EVERY_MS
"""How far before its newest entry the latest topic may lack something: one flush, and room for clocks that differ."""

CHUNK = 2_000


class LiveHistory(Protocol):
    """What Kafka still has. Its methods raise OutageError while Kafka is away."""

    def latest(self) -> Iterable[InRecord]:
        """All entries of `fleet.latest.v1` as it is now, of all partitions."""

    def offset_at(self, partition: PartitionRef, timestamp_ms: int) -> int:
        """The first offset of the live partition at or after the time; its end when there is none."""

    def earliest(self, partition: PartitionRef) -> int:
        """The first offset that the live partition still has."""


class _Entry(NamedTuple):
    offset: int
    timestamp_ms: int
    record: InRecord


def rebuild(partition: PartitionRef, history: LiveHistory, codec: AvroCodec, snapshots: SnapshotWriter) -> LiveMark:
    """Writes the latest of each entity, and a mark that shows nothing until the replay has reached the newest of them.

    Raises MarkMovedError when another process rebuilds the partition at the same time.
    """
    tag = PartitionTag(partition.topic_id, partition.partition)
    entries = [entry for record in history.latest() if (entry := _entry_of(partition, record)) is not None]
    newest = max(entries, key=lambda entry: entry.offset, default=None)
    if newest is None:
        mark = LiveMark(history.earliest(partition))
    else:
        start = history.offset_at(partition, newest.timestamp_ms - REPLAY_MS)
        mark = LiveMark(min(start, newest.offset + 1), valid_from=newest.offset + 1)
    expected = None
    for changes in _chunks(entries, codec):
        snapshots.write(tag, expected, mark, changes.changes())
        expected = mark.next_offset
    if expected is None:
        snapshots.write(tag, None, mark, [])
    log.info("snapshots rebuilt", partition=partition.partition, entries=len(entries), replay_from=mark.next_offset)
    return mark


def _entry_of(partition: PartitionRef, record: InRecord) -> _Entry | None:
    """The entry, if it is of this live partition; what is of a topic that was deleted is of no live partition."""
    topic_id = header(record.headers, LATEST_OF_TOPIC_ID)
    number = header(record.headers, LATEST_OF_PARTITION)
    offset = header(record.headers, LATEST_OF_OFFSET)
    time = header(record.headers, LATEST_OF_TIME)
    if record.value is None or topic_id is None or number is None or offset is None or time is None:
        return None
    if topic_id != partition.topic_id.encode() or number != str(partition.partition).encode():
        return None
    if not (offset.isdigit() and time.isdigit()):
        log.warning("entry left out", offset=record.offset, reason="headers do not name a live record")
        return None
    return _Entry(int(offset), int(time), record)


def _chunks(entries: list[_Entry], codec: AvroCodec) -> Iterator[ChangeSet]:
    """The entries as changes, each of the one channel that its key names."""
    remaining = iter(entries)
    while chunk := list(islice(remaining, CHUNK)):
        changes = ChangeSet()
        for entry in chunk:
            try:
                update = codec.decode(entry.record.value or b"", LiveUpdate)
            except PermanentError as error:
                log.warning("entry left out", offset=entry.record.offset, reason=error.reason)
                continue
            changes.add_to(_channel_of(entry.record, update), update, entry.offset)
        yield changes


def _channel_of(record: InRecord, update: LiveUpdate) -> str:
    """The key without `/kind/entity` at its end."""
    return (record.key or b"").decode().removesuffix(f"/{update.kind}/{update.entity}")
