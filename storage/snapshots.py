"""Snapshots: the state of every channel of a live partition, valid to a stated offset.

The recorder writes them, gateways read them. State and the offset to which it is valid are written together.
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
    last: int | None
    """The Kafka offset of the channel's last record below `next_offset`; None when it never had one that is kept."""
    items: list[SnapshotItem]


class LiveMark(msgspec.Struct, frozen=True):
    """How far the snapshots of a live partition have come."""

    next_offset: int
    """The first live record that they do not hold."""
    valid_from: int = 0
    """While `next_offset` is below this, a rebuild is under way and nothing is shown."""
    latest_from: int | None = None
    """The first live record that has not reached `fleet.latest.v1` yet; None when all have."""
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
