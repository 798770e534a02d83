"""Snapshots in memory: the twin of `storage.redis.snapshots`."""

from collections import defaultdict
from collections.abc import Sequence

from storage.redis.keys import PartitionTag
from storage.snapshots import ChannelChange, LiveMark, MarkMovedError, Snapshot, SnapshotItem


class MemorySnapshots:
    """A SnapshotWriter and a SnapshotReader over the same memory."""

    def __init__(self) -> None:
        self._marks: dict[PartitionTag, LiveMark] = {}
        self._states: dict[tuple[PartitionTag, str], dict[tuple[str, str], SnapshotItem]] = defaultdict(dict)
        self._last: dict[tuple[PartitionTag, str], int] = {}

    def empty(self) -> None:
        """Forgets everything, as Redis does when it is flushed."""
        self._marks.clear()
        self._states.clear()
        self._last.clear()

    def mark(self, tag: PartitionTag) -> LiveMark | None:
        """See SnapshotWriter."""
        return self._marks.get(tag)

    def write(self, tag: PartitionTag, expected: int | None, mark: LiveMark, changes: Sequence[ChannelChange]) -> None:
        """See SnapshotWriter."""
        stored = self._marks.get(tag)
        if (stored.next_offset if stored else None) != expected:
            raise MarkMovedError(f"expected the mark of {tag} at {expected}")
        sources = {**(stored.sources if stored else {}), **mark.sources}
        self._marks[tag] = LiveMark(mark.next_offset, mark.valid_from, mark.latest_from, sources)
        for change in changes:
            place = (tag, change.channel)
            self._last[place] = max(change.last, self._last.get(place, 0))
            state = self._states[place]
            for item in change.items:
                shown = state.get((item.kind, item.entity))
                if shown is None or shown.version < item.version:
                    state[item.kind, item.entity] = item

    async def read(self, tag: PartitionTag, channel: str) -> Snapshot | None:
        """See SnapshotReader."""
        mark = self._marks.get(tag)
        if mark is None or not mark.valid:
            return None
        place = (tag, channel)
        return Snapshot(mark.next_offset, self._last.get(place), list(self._states.get(place, {}).values()))
