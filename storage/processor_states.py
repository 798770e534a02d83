"""What a processor remembers between records: one small value for each name, valid to a stated offset of its source.

Everything belongs to one partition of the source topic, and has a mark: the offset of the next source record. Values
and mark are written as one and only by who expects the right mark, so two owners of a partition never mix their work.
"""

from collections.abc import Mapping, Sequence
from typing import Generic, Protocol, TypeVar

import msgspec

from storage.redis.keys import PartitionTag

T = TypeVar("T")


class StateRead(msgspec.Struct, Generic[T], frozen=True):
    """Values of one partition and its mark, read at the same instant. Names that have no value are absent."""

    mark: int | None
    """None: there is no state (first start, the store was emptied, or a rebuild is under way)."""
    values: dict[str, T]


class StateWrite(msgspec.Struct, Generic[T], frozen=True):
    """What becomes of one partition. `next_mark` None leaves the mark as it is: a part of a rebuild."""

    tag: PartitionTag
    expected: int | None
    next_mark: int | None
    values: Mapping[str, T]


class ProcessorStates(Protocol[T]):
    """The store; blocking. Every method raises OutageError while it is away."""

    def read(self, wanted: Mapping[PartitionTag, Sequence[str]]) -> dict[PartitionTag, StateRead[T]]:
        """The values of these names, and the marks, of several partitions in one round trip."""

    def write(self, writes: Sequence[StateWrite[T]]) -> list[PartitionTag]:
        """Writes each partition as a whole, in one round trip for all.

        Gives the partitions that were refused, where the mark is not the one expected (None: no mark); of those
        nothing is written.
        """
