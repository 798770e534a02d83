"""Reading partitions of the memory cluster by interest."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from backbone.lookups import Place, Watermarks
from backbone.memory.cluster import MemoryCluster
from backbone.partition_reader import OpenedPartition, PartitionListener, ReadProblem
from backbone.partition_ref import PartitionRef
from domain.errors import OutageError

BATCH_RECORDS = 1000


@dataclass(eq=False)
class _Reading:
    ref: PartitionRef
    next_offset: int
    caught_up_at: int = -1


class MemoryPartitionReader:
    """Twin of `backbone.partition_reader.PartitionReader`. Delivers on the event loop, soon after a record is written,
    while `run` runs.
    """

    name = "memory-reader"

    def __init__(self, cluster: MemoryCluster, listener: PartitionListener) -> None:
        self._cluster = cluster
        self._listener = listener
        self._readings: dict[Place, _Reading] = {}
        self._wake: Callable[[], None] = lambda: None

    async def run(self, stopping: asyncio.Event) -> None:
        loop = asyncio.get_running_loop()

        def wake() -> None:
            loop.call_soon_threadsafe(self._deliver)

        self._wake = wake
        end_watch = self._cluster.watch(wake)
        self._wake()
        try:
            await stopping.wait()
        finally:
            end_watch()
            self._wake = lambda: None

    async def open(
        self, topic: str, partition: int, offset: int | None = None, *, since_ms: int | None = None
    ) -> OpenedPartition:
        place = (topic, partition)
        if place in self._readings:
            raise ValueError(f"{topic}/{partition} is open already")
        ref = PartitionRef(topic, self._cluster.topics([topic])[topic].topic_id, partition)
        low, high = self._cluster.watermarks([place])[place]
        wanted = offset
        if wanted is None and since_ms is not None:
            wanted = self._cluster.offset_for_time(place, since_ms)
        start = high if wanted is None else min(max(wanted, low), high)
        self._readings[place] = _Reading(ref, start)
        self._wake()
        return OpenedPartition(ref, start, low, high)

    def close(self, topic: str, partition: int) -> None:
        self._readings.pop((topic, partition), None)

    async def offset_for_time(self, topic: str, partition: int, time_ms: int) -> int | None:
        return self._cluster.offset_for_time((topic, partition), time_ms)

    async def watermarks(self, topic: str, partition: int) -> Watermarks:
        return self._cluster.watermarks([(topic, partition)])[topic, partition]

    def _deliver(self) -> None:
        for place, reading in list(self._readings.items()):
            try:
                problem = self._problem(place, reading)
                if problem is None:
                    self._deliver_from(place, reading)
                    continue
            except OutageError:
                continue
            del self._readings[place]
            self._listener.on_failed(reading.ref, problem)

    def _problem(self, place: Place, reading: _Reading) -> ReadProblem | None:
        if self._cluster.topics([place[0]])[place[0]].topic_id != reading.ref.topic_id:
            return ReadProblem.RECREATED
        low, high = self._cluster.watermarks([place])[place]
        return None if low <= reading.next_offset <= high else ReadProblem.OUT_OF_RANGE

    def _deliver_from(self, place: Place, reading: _Reading) -> None:
        while self._readings.get(place) is reading:
            records = self._cluster.read(place, reading.next_offset, BATCH_RECORDS)
            if not records:
                break
            reading.next_offset = records[-1].offset + 1
            self._listener.on_records(reading.ref, records)
        if self._readings.get(place) is reading and reading.caught_up_at != reading.next_offset:
            reading.caught_up_at = reading.next_offset
            self._listener.on_caught_up(reading.ref, reading.next_offset)
