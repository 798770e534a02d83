"""What Kafka still has, for the rebuilding of snapshots."""

from collections.abc import Iterator

from backbone.lookups import Lookups
from backbone.partition_ref import PartitionRef
from backbone.record import InRecord
from backbone.topic_scan import TopicScan
from backbone.topics import LATEST


class KafkaHistory:
    """A `LiveHistory` over a cluster."""

    def __init__(self, scan: TopicScan, lookups: Lookups) -> None:
        self._scan = scan
        self._lookups = lookups

    def latest(self) -> Iterator[InRecord]:
        """See LiveHistory."""
        for batch in self._scan.read(self._scan.whole(LATEST.name)):
            yield from batch

    def offset_at(self, partition: PartitionRef, timestamp_ms: int) -> int:
        """See LiveHistory."""
        place = (partition.topic, partition.partition)
        found = self._lookups.offsets_for_times({place: timestamp_ms})[place]
        return self._lookups.watermarks([place])[place].high if found is None else found

    def earliest(self, partition: PartitionRef) -> int:
        """See LiveHistory."""
        place = (partition.topic, partition.partition)
        return self._lookups.watermarks([place])[place].low
