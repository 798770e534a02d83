"""Snapshots in memory: the twin of `storage.redis.snapshots`."""

from collections import defaultdict
from collections.abc import Sequence

from storage.redis.keys import PartitionTag
from storage.snapshots import (
    ChannelChange,
    ChannelIndex,
    LiveMark,
    MarkMovedError,
    Snapshot,
    SnapshotItem,
    channel_index,
)

HISTORY_OFFSETS = 256
_Place = tuple[PartitionTag, str]


class MemorySnapshots:
    """A SnapshotWriter and a SnapshotReader over the same memory."""

    def __init__(self, history_offsets: int = HISTORY_OFFSETS) -> None:
        self._history_offsets = history_offsets
        self._marks: dict[PartitionTag, LiveMark] = {}
        self._states: dict[_Place, dict[tuple[str, str], SnapshotItem]] = defaultdict(dict)
        self._last: dict[_Place, int] = {}
        self._history: dict[_Place, list[int]] = {}
        self._cut_at: dict[_Place, int] = {}

    def empty(self) -> None:
        """Forgets everything, as Redis does when it is flushed."""
        self._marks.clear()
        self._states.clear()
        self._last.clear()
        self._history.clear()
        self._cut_at.clear()

    def mark(self, tag: PartitionTag) -> LiveMark | None:
        """See SnapshotWriter."""
        return self._marks.get(tag)

    def write(self, tag: PartitionTag, expected: int | None, mark: LiveMark, changes: Sequence[ChannelChange]) -> None:
        """See SnapshotWriter."""
        stored = self._marks.get(tag)
        if (stored.next_offset if stored else None) != expected:
            raise MarkMovedError(f"expected the mark of {tag} at {expected}")
        sources = {**(stored.sources if stored else {}), **mark.sources}
        self._marks[tag] = LiveMark(mark.next_offset, mark.valid_from, mark.latest_from, mark.history_from, sources)
        for change in changes:
            place = (tag, change.channel)
            self._list(place, change.offsets, mark)
            self._last[place] = max(change.last, self._last.get(place, 0))
            state = self._states[place]
            for item in change.items:
                shown = state.get((item.kind, item.entity))
                if shown is None or shown.version < item.version:
                    state[item.kind, item.entity] = item

    def _list(self, place: _Place, offsets: Sequence[int], mark: LiveMark) -> None:
        if not offsets:
            return
        known = self._history.get(place, [])
        listed = [*known, *offsets]
        self._history[place] = listed[-self._history_offsets :]
        unlisted_before = not known and self._last.get(place, -1) >= (mark.history_from or 0)
        if unlisted_before or len(listed) > self._history_offsets:
            self._cut_at[place] = self._history[place][0]

    async def read(self, tag: PartitionTag, channel: str) -> Snapshot | None:
        """See SnapshotReader."""
        mark = self._marks.get(tag)
        if mark is None or not mark.valid:
            return None
        return Snapshot(mark.next_offset, list(self._states.get((tag, channel), {}).values()))

    async def index(self, tag: PartitionTag, channel: str) -> ChannelIndex | None:
        """See SnapshotReader."""
        mark = self._marks.get(tag)
        if mark is None or not mark.valid:
            return None
        place = (tag, channel)
        return channel_index(
            mark.next_offset,
            mark.history_from,
            self._last.get(place),
            self._cut_at.get(place),
            self._history.get(place, ()),
        )
