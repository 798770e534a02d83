"""The states of the partitions that this process owns, by the replay rule.

Each partition has a mark in the store: the offset of the next source record. What is below it was put out and is
skipped; the write of states and mark is a compare-and-set on the mark. A mark that is not the one expected means that
somebody else owns the partition, or that the store was emptied: LostPartition, and the partition is taken anew. Where
there is no mark the states are rebuilt from Kafka; a partition never starts empty that was not.
"""

import time
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Generic, Protocol, TypeVar

import msgspec
import structlog

from backbone.errors import LostPartition
from backbone.partition_ref import PartitionRef
from domain.errors import OutageError
from storage.processor_states import ProcessorStates, StateWrite
from storage.redis.keys import PartitionTag

log = structlog.get_logger(__name__)

T = TypeVar("T")

REBUILD_CHUNK = 500  # values in one write of a rebuild, so that no single script holds Redis for long


class Rebuilt(msgspec.Struct, Generic[T], frozen=True):
    """What Kafka tells about a partition whose state was lost."""

    mark: int
    values: Mapping[str, T]


class Rebuild(Protocol[T]):
    """How a kind of state is made again from Kafka."""

    def rebuilt(self, partition: PartitionRef, committed: int | None) -> Rebuilt[T]:
        """`committed`: everything below was put out, perhaps more; None: nothing is known. Raises OutageError."""
        ...

    def forget(self) -> None:
        """Let go of what was kept to rebuild several partitions in a row."""
        ...


class Advance(msgspec.Struct, Generic[T], frozen=True):
    """What a batch makes of one partition."""

    mark: int
    values: Mapping[str, T]


class _Owned(Generic[T]):
    """One partition: its mark, and the values that were used lately."""

    def __init__(self, tag: PartitionTag, mark: int) -> None:
        self.tag = tag
        self.mark = mark
        self.recent: OrderedDict[str, T | None] = OrderedDict()

    def remember(self, values: Mapping[str, T | None], bound: int) -> None:
        for name, value in values.items():
            self.recent[name] = value
            self.recent.move_to_end(name)
        while len(self.recent) > bound:
            self.recent.popitem(last=False)


class OwnedStates(Generic[T]):
    """Not thread-safe. `cached` bounds the values kept in memory for each partition."""

    def __init__(self, store: ProcessorStates[T], rebuild: Rebuild[T], cached: int) -> None:
        self._store = store
        self._rebuild = rebuild
        self._cached = cached
        self._owned: dict[PartitionRef, _Owned[T]] = {}

    def take(self, partition: PartitionRef, committed: int | None) -> int:
        """Own a partition; gives the offset to begin at. Raises OutageError."""
        tag = tag_of(partition)
        mark = self._store.read({tag: ()})[tag].mark
        if mark is None:
            mark = self._rebuilt(partition, committed)
        self._owned[partition] = _Owned(tag, mark)
        return mark

    def drop(self, partition: PartitionRef) -> None:
        """Own it no longer, and forget what was in memory."""
        self._owned.pop(partition, None)

    def mark(self, partition: PartitionRef) -> int:
        """Records below this offset were put out. Raises LostPartition for one that is not owned."""
        return self._own(partition).mark

    def values(self, wanted: Mapping[PartitionRef, Sequence[str]]) -> dict[PartitionRef, dict[str, T]]:
        """The values of these names, absent where there is none: from memory, else in one round trip for all.

        Of a partition that another process owns they are as that one wrote them last, and always read. Raises
        LostPartition before anything is made of a state that is no longer ours; OutageError also when another
        process has yet to rebuild a partition.
        """
        unknown = {partition: self._unknown(partition, names) for partition, names in wanted.items()}
        found = self._read({partition: names for partition, names in unknown.items() if names})
        return {
            partition: self._known(partition, names, found.get(partition, {})) for partition, names in wanted.items()
        }

    def heal(self) -> None:
        """Rebuild the partitions whose state the store has lost. Raises OutageError.

        Call it now and then: other processes read these states too, and wait for their owner.
        """
        reads = self._store.read({tag_of(partition): () for partition in self._owned})
        for partition, owned in self._owned.items():
            if reads[tag_of(partition)].mark is None:
                # What was in memory is forgotten: the rebuilt state may be ahead of it, by a batch that was put out.
                self._owned[partition] = _Owned(owned.tag, self._rebuilt(partition, owned.mark))
        self._rebuild.forget()

    def advance(self, advances: Mapping[PartitionRef, Advance[T]]) -> None:
        """Write what a batch made, in one round trip. Raises LostPartition (the others are written) and OutageError."""
        if not advances:
            return
        self._rebuild.forget()
        refused = self._store.write(
            [
                StateWrite(tag_of(partition), self._own(partition).mark, advance.mark, advance.values)
                for partition, advance in advances.items()
            ]
        )
        lost = [partition for partition in advances if tag_of(partition) in refused]
        for partition, advance in advances.items():
            if partition not in lost:
                owned = self._own(partition)
                owned.mark = advance.mark
                owned.remember(advance.values, self._cached)
        if lost:
            raise LostPartition(lost[0])

    def _own(self, partition: PartitionRef) -> _Owned[T]:
        owned = self._owned.get(partition)
        if owned is None:
            raise LostPartition(partition)
        return owned

    def _unknown(self, partition: PartitionRef, names: Sequence[str]) -> Sequence[str]:
        owned = self._owned.get(partition)
        return names if owned is None else [name for name in names if name not in owned.recent]

    def _read(self, asked: Mapping[PartitionRef, Sequence[str]]) -> dict[PartitionRef, Mapping[str, T]]:
        if not asked:
            return {}
        reads = self._store.read({tag_of(partition): names for partition, names in asked.items()})
        for partition in asked:
            mark, owned = reads[tag_of(partition)].mark, self._owned.get(partition)
            if mark is None:
                # Two processes may wait for each other's partitions: each rebuilds its own before it waits.
                self.heal()
                raise OutageError(f"the state of {partition.topic}/{partition.partition} was lost and is rebuilt")
            if owned is not None and owned.mark != mark:
                raise LostPartition(partition)
        return {partition: reads[tag_of(partition)].values for partition in asked}

    def _known(self, partition: PartitionRef, names: Sequence[str], found: Mapping[str, T]) -> dict[str, T]:
        owned = self._owned.get(partition)
        if owned is None:
            return dict(found)
        recent = owned.recent
        both = {name: recent[name] if name in recent else found.get(name) for name in names}
        owned.remember(both, self._cached)
        return {name: value for name, value in both.items() if value is not None}

    def _rebuilt(self, partition: PartitionRef, committed: int | None) -> int:
        place = {"topic": partition.topic, "partition": partition.partition}
        log.debug("no state in the store, rebuilding it from Kafka", **place)
        began = time.monotonic()
        rebuilt = self._rebuild.rebuilt(partition, committed)
        tag = tag_of(partition)
        writes = [StateWrite(tag, None, None, chunk) for chunk in _chunks(rebuilt.values)]
        # The mark comes last: until then whoever reads finds none, and a second rebuilder that is late is refused.
        writes.append(StateWrite(tag, None, rebuilt.mark, {}))
        for write in writes:
            if self._store.write([write]):
                raise OutageError(f"somebody else has rebuilt {partition.topic}/{partition.partition} meanwhile")
        seconds = round(time.monotonic() - began, 3)
        log.info("state rebuilt", **place, mark=rebuilt.mark, values=len(rebuilt.values), seconds=seconds)
        return rebuilt.mark


def tag_of(partition: PartitionRef) -> PartitionTag:
    """What the keys of a partition have in common."""
    return PartitionTag(partition.topic_id, partition.partition)


def _chunks(values: Mapping[str, T]) -> Iterator[dict[str, T]]:
    items = iter(values.items())
    while chunk := dict(islice(items, REBUILD_CHUNK)):
        yield chunk
