"""A bounded look through partitions: from given offsets to where they end now, once."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from backbone.errors import KafkaUnavailable
from backbone.kafka_settings import KafkaSettings
from backbone.lookups import Lookups, Place
from backbone.partition_fetcher import Fetched, PartitionFetcher, Wanted
from backbone.record import InRecord

FETCH_WAIT_MS = 50
POLL_SECONDS = 0.1
STALL_SECONDS = 15.0


@dataclass(frozen=True)
class Range:
    """Offsets of a partition, from `start` to before `end`."""

    start: int
    end: int


class Scanning(Protocol):
    """What reads ranges of partitions: `TopicScan`, and its twin in memory."""

    def partitions(self, topic: str) -> int: ...

    def whole(self, topic: str) -> dict[Place, Range]: ...

    def to_end(self, starts: Mapping[Place, int]) -> dict[Place, Range]: ...

    def since(self, times_ms: Mapping[Place, int]) -> dict[Place, Range]: ...

    def read(self, ranges: Mapping[Place, Range]) -> Iterator[list[InRecord]]: ...

    def parts(
        self, place: Place, ranges: Sequence[Range], wanted: Wanted | None = None
    ) -> Iterator[list[InRecord]]: ...


class TopicScan:
    """Reads ranges of partitions; each call uses a client of its own, for as long as it lasts."""

    def __init__(
        self, settings: KafkaSettings, *, batch_records: int = 1000, stall_seconds: float = STALL_SECONDS
    ) -> None:
        """`stall_seconds`: no record and no end for this long is an outage."""
        self._settings = settings
        self._lookups = Lookups(settings)
        self._batch_records = batch_records
        self._stall_seconds = stall_seconds

    def partitions(self, topic: str) -> int:
        """How many partitions the topic has. Raises KafkaUnavailable."""
        return self._lookups.topics([topic])[topic].partitions

    def whole(self, topic: str) -> dict[Place, Range]:
        """All that is in the topic now. Raises KafkaUnavailable."""
        return self.to_end({(topic, number): 0 for number in range(self.partitions(topic))})

    def to_end(self, starts: Mapping[Place, int]) -> dict[Place, Range]:
        """From offsets to where the partitions end now; from the earliest record where the offset is gone already.

        Raises KafkaUnavailable.
        """
        marks = self._lookups.watermarks(starts)
        return {
            place: Range(min(max(start, marks[place].low), marks[place].high), marks[place].high)
            for place, start in starts.items()
        }

    def since(self, times_ms: Mapping[Place, int]) -> dict[Place, Range]:
        """From the first records at or after the times (ms since the epoch) to where the partitions end now.

        Raises KafkaUnavailable.
        """
        found = self._lookups.offsets_for_times(times_ms)
        marks = self._lookups.watermarks(times_ms)
        return {
            place: Range(marks[place].high if offset is None else offset, marks[place].high)
            for place, offset in found.items()
        }

    def read(self, ranges: Mapping[Place, Range]) -> Iterator[list[InRecord]]:
        """All records of the ranges, in order in each partition, in batches. It ends by itself.

        Raises KafkaUnavailable when nothing comes any more, or a partition's records vanish while they are read.
        """
        left = {place: each for place, each in ranges.items() if each.start < each.end}
        if not left:
            return
        fetcher = PartitionFetcher(self._settings, wait_ms=FETCH_WAIT_MS)
        try:
            for place, each in left.items():
                fetcher.assign(place, each.start)
            yield from self._batches(fetcher, left)
        finally:
            fetcher.close()

    def parts(self, place: Place, ranges: Sequence[Range], wanted: Wanted | None = None) -> Iterator[list[InRecord]]:
        """The records of several ranges of one partition, which rise and do not overlap, in order, in batches.

        `wanted`: only those that it says; then a batch may be empty, so that the caller can look at the time.
        Raises KafkaUnavailable as `read` does.
        """
        fetcher = PartitionFetcher(self._settings, wait_ms=FETCH_WAIT_MS)
        try:
            for each in ranges:
                if each.start < each.end:
                    fetcher.assign(place, each.start)
                    yield from self._batches(fetcher, {place: each}, wanted)
        finally:
            fetcher.close()

    def _batches(
        self, fetcher: PartitionFetcher, left: dict[Place, Range], wanted: Wanted | None = None
    ) -> Iterator[list[InRecord]]:
        heard = time.monotonic()
        while left:
            most = sum(each.end - each.start for each in left.values())
            fetched = fetcher.fetch(max(2, min(most, self._batch_records)), POLL_SECONDS, wanted)
            for place, error in fetched.failures.items():
                raise KafkaUnavailable(f"scanning {place[0]}/{place[1]}: {error.name()}: {error.str()}")
            inside = [each for each in fetched.records if _inside(each, left)]
            self._drop_finished(fetcher, fetched, left)
            if inside or fetched.passed:
                yield inside
            if fetched.records or fetched.passed or fetched.ends:
                heard = time.monotonic()  # taken after the yield, for the caller's time is not Kafka's
            elif time.monotonic() - heard > self._stall_seconds:
                raise KafkaUnavailable(f"scanning: nothing came for {self._stall_seconds:.0f} s")

    def _drop_finished(self, fetcher: PartitionFetcher, fetched: Fetched, left: dict[Place, Range]) -> None:
        """The last offsets may hold no record (compaction, transactions), so an end is told by offset or by end."""
        reached = {(each.topic, each.partition): each.offset + 1 for each in fetched.records}
        reached |= fetched.passed
        reached |= fetched.ends
        for place, offset in reached.items():
            if place in left and offset >= left[place].end:
                del left[place]
                fetcher.unassign(place)


def _inside(record: InRecord, left: Mapping[Place, Range]) -> bool:
    found = left.get((record.topic, record.partition))
    return found is not None and record.offset < found.end
