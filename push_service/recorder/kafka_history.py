"""What Kafka still has, for the rebuilding of snapshots."""

from collections.abc import Iterator, Mapping
from typing import Protocol

from backbone.lookups import Place
from backbone.partition_ref import PartitionRef
from backbone.record import InRecord
from backbone.topic_scan import Range
from backbone.topics import LATEST


class Scan(Protocol):
    """What is used of `backbone.topic_scan.TopicScan`, or of its twin in memory."""

    def whole(self, topic: str) -> dict[Place, Range]: ...

    def to_end(self, starts: Mapping[Place, int]) -> dict[Place, Range]: ...

    def since(self, times_ms: Mapping[Place, int]) -> dict[Place, Range]: ...

    def read(self, ranges: Mapping[Place, Range]) -> Iterator[list[InRecord]]: ...


class KafkaHistory:
    """A `LiveHistory` over a cluster."""

    def __init__(self, scan: Scan) -> None:
        self._scan = scan

    def latest(self) -> Iterator[InRecord]:
        """See LiveHistory."""
        for batch in self._scan.read(self._scan.whole(LATEST.name)):
            yield from batch

    def offset_at(self, partition: PartitionRef, timestamp_ms: int) -> int:
        """See LiveHistory."""
        place = (partition.topic, partition.partition)
        return self._scan.since({place: max(0, timestamp_ms)})[place].start

    def earliest(self, partition: PartitionRef) -> int:
        """See LiveHistory."""
        place = (partition.topic, partition.partition)
        return self._scan.to_end({place: 0})[place].start
