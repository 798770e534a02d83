"""Reading ranges and whole topics of the memory cluster."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from backbone.global_table import TableView
from backbone.lookups import Place
from backbone.memory.cluster import MemoryCluster
from backbone.partition_fetcher import Wanted
from backbone.record import InRecord
from backbone.topic_scan import Range
from domain.errors import PermanentError


class MemoryTopicScan:
    """Twin of `backbone.topic_scan.TopicScan`."""

    def __init__(self, cluster: MemoryCluster) -> None:
        self._cluster = cluster

    def partitions(self, topic: str) -> int:
        return self._cluster.topics([topic])[topic].partitions

    def whole(self, topic: str) -> dict[Place, Range]:
        return self.to_end({(topic, number): 0 for number in range(self.partitions(topic))})

    def to_end(self, starts: Mapping[Place, int]) -> dict[Place, Range]:
        marks = self._cluster.watermarks(starts)
        return {
            place: Range(min(max(start, marks[place].low), marks[place].high), marks[place].high)
            for place, start in starts.items()
        }

    def since(self, times_ms: Mapping[Place, int]) -> dict[Place, Range]:
        found = {place: self._cluster.offset_for_time(place, time_ms) for place, time_ms in times_ms.items()}
        highs = {place: each.high for place, each in self._cluster.watermarks(times_ms).items()}
        return {place: Range(highs[place] if at is None else at, highs[place]) for place, at in found.items()}

    def read(self, ranges: Mapping[Place, Range]) -> Iterator[list[InRecord]]:
        for place, each in ranges.items():
            records = self._cluster.read(place, each.start, each.end - each.start)
            if records:
                yield records

    def parts(self, place: Place, ranges: Sequence[Range], wanted: Wanted | None = None) -> Iterator[list[InRecord]]:
        for each in ranges:
            for batch in self.read({place: each}):
                yield [
                    record for record in batch if wanted is None or (record.value is not None and wanted(record.value))
                ]


class MemoryTable:
    """Twin of `backbone.global_table.GlobalTable`: `refresh` applies all that came since."""

    def __init__(
        self,
        cluster: MemoryCluster,
        topic: str,
        view: TableView,
        bad: Callable[[InRecord, PermanentError], object],
    ) -> None:
        self._cluster = cluster
        self._topic = topic
        self._view = view
        self._bad = bad
        self._next: dict[Place, int] = {}

    def refresh(self) -> None:
        partitions = self._cluster.topics([self._topic])[self._topic].partitions
        for place in ((self._topic, number) for number in range(partitions)):
            low, high = self._cluster.watermarks([place])[place]
            start = max(self._next.get(place, 0), low)
            for record in self._cluster.read(place, start, high - start):
                self._apply(record)
            self._next[place] = high

    def _apply(self, record: InRecord) -> None:
        try:
            self._view.apply(record)
        except PermanentError as error:
            self._bad(record, error)
