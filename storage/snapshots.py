"""Snapshots and index: the state of every channel of a live partition and where its records stand, to a stated offset.

The recorder writes them, gateways read them. What is kept and the offset to which it is valid are written together.
"""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from storage.redis.keys import PartitionTag


class MarkMovedError(Exception):
    """The mark in the store is not the one expected: it is gone, or another process has written it."""


class SnapshotItem(msgspec.Struct, frozen=True):
    """The latest update of one (kind, entity) of a channel."""

    kind: str
    entity: str
    version: int
    """Orders the updates of one (kind, entity); 0 or more."""
    offset: int
    """The Kafka offset of the live record."""
    payload: bytes
    """UTF-8 JSON, as clients get it."""


class Snapshot(msgspec.Struct, frozen=True):
    """What a channel shows."""

    next_offset: int
    """Every live record below this Kafka offset is accounted for."""
    items: list[SnapshotItem]


class ChannelIndex(msgspec.Struct, frozen=True):
    """Where a channel's records stand in its live partition. All numbers are Kafka offsets."""

    next_offset: int
    """Every record below this is accounted for."""
    known_from: int | None
    """Every record from here on is accounted for; None: nothing is known."""
    last: int | None
    """The channel's last record; None: it had none for as long as channels are kept."""
    listed_from: int | None
    """Every record from here on is in `offsets`; None: none is listed, for the channel's kind or by the settings."""
    offsets: tuple[int, ...] = ()
    """Rising."""


def channel_index(
    next_offset: int, known_from: int | None, last: int | None, cut_at: int | None, offsets: Sequence[int]
) -> ChannelIndex:
    """What can be said of a channel, from what is stored.

    `known_from`: the mark's `history_from`. `cut_at`: below it the list was cut, if ever. A list that is empty although
    the channel had a record since is one that is not kept.
    """
    if known_from is None:
        return ChannelIndex(next_offset, None, last, None)
    if not offsets and last is not None and last >= known_from:
        return ChannelIndex(next_offset, known_from, last, None)
    listed_from = known_from if cut_at is None else max(known_from, cut_at)
    # Sorted: a rebuild beside an old list lists some of them again.
    listed = sorted({each for each in offsets if each >= listed_from})
    return ChannelIndex(next_offset, known_from, last, listed_from, tuple(listed))


class LiveMark(msgspec.Struct, frozen=True):
    """How far the snapshots of a live partition have come."""

    next_offset: int
    """The first live record that they do not hold."""
    valid_from: int = 0
    """While `next_offset` is below this, a rebuild is under way and nothing is shown."""
    latest_from: int | None = None
    """The first live record that has not reached `fleet.latest.v1` yet; None when all have."""
    history_from: int | None = None
    """The first live record that the channels' indexes account for; None while they list none."""
    sources: dict[tuple[str, int], tuple[int, int]] = {}
    """The highest (offset, index) seen of each source stream (topic id, partition)."""

    @property
    def valid(self) -> bool:
        """Whether the snapshots may be shown."""
        return self.next_offset >= self.valid_from


class ChannelChange(msgspec.Struct, frozen=True):
    """What a batch of live records changes in one channel."""

    channel: str
    last: int
    items: list[SnapshotItem]
    offsets: list[int] = []
    """Offsets to list, rising; empty where the channel's kind keeps no history."""


class SnapshotWriter(Protocol):
    """The recorder's side; blocking. Both methods raise OutageError while the store is away."""

    def mark(self, tag: PartitionTag) -> LiveMark | None:
        """The mark of a live partition; None when there is none (first start, or the store was emptied)."""

    def write(self, tag: PartitionTag, expected: int | None, mark: LiveMark, changes: Sequence[ChannelChange]) -> None:
        """Writes changes and mark as one, if the stored mark's `next_offset` is `expected` (None: no mark).

        An item replaces another of the same kind and entity only with a higher version. Raises MarkMovedError.
        """


class SnapshotReader(Protocol):
    """The gateway's side."""

    async def read(self, tag: PartitionTag, channel: str) -> Snapshot | None:
        """A channel's snapshot; None when the partition has no valid mark, which is not the same as an empty one.

        Raises OutageError while the store is away.
        """

    async def index(self, tag: PartitionTag, channel: str) -> ChannelIndex | None:
        """Where a channel's records stand, without its state; None when the partition has no valid mark.

        Raises OutageError while the store is away.
        """
