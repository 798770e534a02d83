"""Snapshots as clients get them: JSON, cut into pages, kept for a moment for all who ask at the same time."""

import asyncio
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable

import msgspec

from backbone.partition_ref import PartitionRef
from storage.redis.keys import PartitionTag
from storage.snapshots import Snapshot, SnapshotItem, SnapshotReader


class SnapshotView(msgspec.Struct, frozen=True):
    """A channel's snapshot, ready to be cut into pages."""

    next_offset: int
    """Every record below this Kafka offset is accounted for. As the protocol counts, the offset it is valid to."""
    keys: list[str]
    """`kind|entity` of each item, sorted."""
    items: list[bytes]
    """The JSON of each item, in the order of `keys`."""
    bytes: int

    def page(self, after: str, max_bytes: int) -> msgspec.Raw:
        """`{"offset":N,"items":[...]}` from the first key above `after`; with `"next":KEY` when there is more.

        A page has at least one item, be it larger than `max_bytes`: items are bounded by what ingest accepts.
        """
        start = bisect_right(self.keys, after) if after else 0
        end, size = start, 0
        while end < len(self.items) and (end == start or size + len(self.items[end]) < max_bytes):
            size += len(self.items[end]) + 1
            end += 1
        head = b'{"offset":%d,"items":[' % self.next_offset
        tail = b"]}" if end == len(self.items) else b'],"next":%b}' % msgspec.json.encode(self.keys[end - 1])
        return msgspec.Raw(head + b",".join(self.items[start:end]) + tail)


def view_of(snapshot: Snapshot) -> SnapshotView:
    """The JSON of a snapshot. Payloads are handed on as they are."""
    pairs = sorted((f"{item.kind}|{item.entity}", _item_json(item)) for item in snapshot.items)
    keys = [key for key, _ in pairs]
    items = [json for _, json in pairs]
    size = sum(len(item) for item in items) + sum(len(key) for key in keys) + 200 * len(items)
    return SnapshotView(snapshot.next_offset, keys, items, size)


def _item_json(item: SnapshotItem) -> bytes:
    payload = item.payload if b"\n" not in item.payload else msgspec.json.format(item.payload, indent=-1)
    return b'{"kind":%b,"entity":%b,"payload":%b}' % (
        msgspec.json.encode(item.kind),
        msgspec.json.encode(item.entity),
        payload,
    )


_SWEEP_SECONDS = 1.0
_Place = tuple[PartitionRef, str]


class SnapshotCache:
    """Reads each channel's snapshot once for all who ask within a moment. Bounded in bytes."""

    name = "snapshot-cache"

    def __init__(self, reader: SnapshotReader, *, seconds: float, max_bytes: int, clock: Callable[[], float]) -> None:
        self._reader = reader
        self._seconds = seconds
        self._max_bytes = max_bytes
        self._clock = clock
        self._views: OrderedDict[_Place, tuple[float, SnapshotView]] = OrderedDict()
        self._bytes = 0
        self._reading: dict[_Place, asyncio.Task[SnapshotView | None]] = {}

    def fresh(self, ref: PartitionRef, channel: str) -> SnapshotView | None:
        """The channel's snapshot if it was read a moment ago."""
        found = self._views.get((ref, channel))
        return found[1] if found is not None and found[0] > self._clock() else None

    async def load(self, ref: PartitionRef, channel: str, *, beyond: int = -1) -> SnapshotView | None:
        """The channel's snapshot; None while there is none that is valid. Raises OutageError.

        `beyond`: one that is valid only to this offset is read again, be it fresh.
        """
        view = self.fresh(ref, channel)
        if view is not None and view.next_offset > beyond:
            return view
        place = (ref, channel)
        reading = self._reading.get(place)
        if reading is None:
            reading = self._reading[place] = asyncio.ensure_future(self._read(place))
            reading.add_done_callback(lambda done: self._settle(place, done))
        # Shielded: the one who gives up must not take the answer from the others.
        return await asyncio.shield(reading)

    def _settle(self, place: _Place, done: asyncio.Task[SnapshotView | None]) -> None:
        del self._reading[place]
        if not done.cancelled():
            done.exception()  # looked at, for all who asked may have given up

    async def _read(self, place: _Place) -> SnapshotView | None:
        ref, channel = place
        snapshot = await self._reader.read(PartitionTag(ref.topic_id, ref.partition), channel)
        if snapshot is None:
            return None
        view = view_of(snapshot)
        self._keep(place, view)
        return view

    def _keep(self, place: _Place, view: SnapshotView) -> None:
        self._drop(place)
        if view.bytes > self._max_bytes:
            return
        self._views[place] = (self._clock() + self._seconds, view)
        self._bytes += view.bytes
        while self._bytes > self._max_bytes:
            self._drop(next(iter(self._views)))

    def _drop(self, place: _Place) -> None:
        dropped = self._views.pop(place, None)
        if dropped is not None:
            self._bytes -= dropped[1].bytes

    async def run(self, stopping: asyncio.Event) -> None:
        """Drops what is no longer fresh, until told to stop."""
        stopped = asyncio.ensure_future(stopping.wait())
        try:
            while not stopping.is_set():
                self.sweep()
                await asyncio.wait({stopped}, timeout=max(self._seconds, _SWEEP_SECONDS))
        finally:
            stopped.cancel()

    def sweep(self) -> None:
        """Drops what is no longer fresh."""
        now = self._clock()
        while self._views and next(iter(self._views.values()))[0] <= now:
            self._drop(next(iter(self._views)))
