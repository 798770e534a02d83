"""One live partition as the recorder sees it: what is recorded, what waits, and what a batch changes."""

from backbone.record import InRecord
from domain.live_update import PASSING_KINDS, LiveUpdate
from push_service.recorder.history_rule import lists_offsets
from push_service.recorder.latest_buffer import LatestBuffer
from storage.redis.keys import PartitionTag
from storage.snapshots import ChannelChange, LiveMark, SnapshotItem, SnapshotWriter


class ChangeSet:
    """What a batch changes, channel by channel: of each (kind, entity) only the highest version is kept."""

    def __init__(self) -> None:
        self._items: dict[str, dict[tuple[str, str], SnapshotItem]] = {}
        self._last: dict[str, int] = {}
        self._offsets: dict[str, list[int]] = {}

    def add(self, update: LiveUpdate, offset: int, *, listed: bool) -> None:
        """Takes the updates of one partition in their order, for all the channels that they name."""
        for channel in update.channels:
            self.add_to(channel, update, offset)
            if listed and lists_offsets(channel):
                self._offsets.setdefault(channel, []).append(offset)

    def add_to(self, channel: str, update: LiveUpdate, offset: int) -> None:
        """Takes an update for one channel. Only what processors made is state."""
        self._last[channel] = max(offset, self._last.get(channel, 0))
        items = self._items.setdefault(channel, {})
        if update.source is None:
            return
        newest = items.get((update.kind, update.entity))
        if newest is None or newest.version < update.version:
            items[update.kind, update.entity] = SnapshotItem(
                update.kind, update.entity, update.version, offset, update.payload
            )

    def changes(self) -> list[ChannelChange]:
        """The changes, ready to be written."""
        return [
            ChannelChange(channel, self._last[channel], list(items.values()), self._offsets.get(channel, []))
            for channel, items in self._items.items()
        ]


class LivePartition:
    """The recorder's memory of one partition that it owns."""

    def __init__(self, tag: PartitionTag, mark: LiveMark, *, listed: bool = True) -> None:
        """`listed`: whether channels get lists of offsets. They begin anew after a time without."""
        self.tag = tag
        self.latest = LatestBuffer(tag.topic_id)
        self._written_next = mark.next_offset  # the next write must find it in the store
        self._next = mark.next_offset
        self._valid_from = mark.valid_from
        self._history_from = (mark.next_offset if mark.history_from is None else mark.history_from) if listed else None
        self._sources = dict(mark.sources)
        self._start = mark.next_offset if mark.latest_from is None else min(mark.next_offset, mark.latest_from)
        self._changes = ChangeSet()
        self._idle_ticks = 0

    @property
    def start(self) -> int:
        """Where to begin reading: below the mark when some of what was recorded has not reached the latest topic."""
        return self._start

    def take(self, record: InRecord, update: LiveUpdate) -> bool:
        """Takes the next record. False when it is a repeat, which subscribers have not been shown either."""
        self._idle_ticks = 0
        if record.offset < self._next:
            self.latest.offer(record, update)
            return True
        self._next = record.offset + 1
        if self._repeats(update):
            return False
        if update.kind in PASSING_KINDS:
            return True
        self.latest.offer(record, update)
        self._changes.add(update, record.offset, listed=self._history_from is not None)
        return True

    def skip(self, record: InRecord) -> None:
        """Passes over a record that cannot be read."""
        self._next = max(self._next, record.offset + 1)

    def store(self, snapshots: SnapshotWriter) -> None:
        """Writes what has changed, with the mark. What could not be written is written by the next call.

        Raises MarkMovedError and OutageError, see SnapshotWriter.
        """
        mark = LiveMark(self._next, self._valid_from, self.latest.waits_from, self._history_from, dict(self._sources))
        snapshots.write(self.tag, self._written_next, mark, self._changes.changes())
        self._written_next = mark.next_offset
        self._changes = ChangeSet()

    def ticked(self) -> int:
        """A tick has passed. Returns how many have since the last record."""
        self._idle_ticks += 1
        return self._idle_ticks - 1

    def stands_in(self, snapshots: SnapshotWriter) -> bool:
        """Whether the mark is in the store as it was written. Raises OutageError."""
        mark = snapshots.mark(self.tag)
        return mark is not None and mark.next_offset == self._written_next

    def _repeats(self, update: LiveUpdate) -> bool:
        """A processor's replay, or a zombie: at or below the highest position seen of that source stream."""
        source = update.source
        if source is None:
            return False
        seen = self._sources.get(source.stream)
        if seen is not None and source.rank <= seen:
            return True
        self._sources[source.stream] = source.rank
        return False
