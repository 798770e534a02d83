"""Partitions read by interest: opened and closed at run time from the event loop, delivered on it in order."""

import asyncio
import enum
import functools
import queue
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple, Protocol, TypeVar

import structlog
from confluent_kafka import KafkaError

from backbone.kafka_settings import KafkaSettings
from backbone.lookups import Lookups, Place, Watermarks
from backbone.partition_fetcher import Fetched, PartitionFetcher
from backbone.partition_ref import PartitionRef
from backbone.record import InRecord
from backbone.topic_ids import TopicIdWatch
from runtime.supervision import ThreadService

log = structlog.get_logger(__name__)

FETCH_WAIT_MS = 20
POLL_SECONDS = 0.02  # how soon `open` and `close` are seen
LOOKUP_THREADS = 2

T = TypeVar("T")


class ReadProblem(enum.StrEnum):
    """Why the reading of a partition has ended."""

    OUT_OF_RANGE = "out-of-range"
    """The offset is no longer there: records were deleted faster than they were read."""
    GONE = "gone"
    """The topic or partition is not there, or may not be read."""
    RECREATED = "recreated"
    """The topic was deleted and made again: it has another topic id, and its offsets mean something else."""


class OpenedPartition(NamedTuple):
    """A partition as it was when it was opened. Records come from `start`, which is between `low` and `high`."""

    partition: PartitionRef
    start: int
    low: int
    high: int


class PartitionListener(Protocol):
    """Called on the event loop, for partitions that are open."""

    def on_records(self, partition: PartitionRef, records: Sequence[InRecord]) -> None:
        """The next records, in order. Offsets may have gaps (compaction, transactions)."""
        ...

    def on_caught_up(self, partition: PartitionRef, offset: int) -> None:
        """Every record below `offset` has been delivered; at that moment there were no more."""
        ...

    def on_failed(self, partition: PartitionRef, problem: ReadProblem) -> None:
        """Nothing more comes, and the partition is closed; it may be opened again."""
        ...


class PartitionSource(Protocol):
    """What reads partitions: `PartitionReader`, and its twin in memory."""

    async def open(
        self, topic: str, partition: int, offset: int | None, *, since_ms: int | None
    ) -> OpenedPartition: ...

    def close(self, topic: str, partition: int) -> None: ...

    async def offset_for_time(self, topic: str, partition: int, time_ms: int) -> int | None: ...

    async def watermarks(self, topic: str, partition: int) -> Watermarks: ...


@dataclass(frozen=True, eq=False)
class _Reading:
    """One partition from `open` to `close`; recognised by identity, since it may be opened again."""

    ref: PartitionRef
    start: int

    @property
    def place(self) -> Place:
        return (self.ref.topic, self.ref.partition)


class PartitionReader:
    """A service with a thread of its own. It stops fetching while `undelivered` batches wait for the event loop."""

    name = "kafka-reader"

    def __init__(
        self,
        settings: KafkaSettings,
        listener: PartitionListener,
        *,
        batch_records: int = 1000,
        undelivered: int = 8,
        check_topics_every: float = 10.0,
    ) -> None:
        self._settings = settings
        self._listener = listener
        self._batch_records = batch_records
        self._slots = threading.Semaphore(undelivered)
        self._lookups = Lookups(settings)
        self._watch = TopicIdWatch(self._lookups, check_topics_every)
        self._lookup_threads = ThreadPoolExecutor(LOOKUP_THREADS, thread_name_prefix="kafka-lookup")
        self._open: dict[Place, _Reading] = {}  # on the loop: what callers have open
        self._wanted: queue.SimpleQueue[tuple[bool, _Reading]] = queue.SimpleQueue()
        self._reading: dict[Place, _Reading] = {}  # in the thread: what is assigned
        self._loop: asyncio.AbstractEventLoop | None = None

    async def run(self, stopping: asyncio.Event) -> None:
        """Read until told to stop."""
        self._loop = asyncio.get_running_loop()
        try:
            await ThreadService(self.name, self._read).run(stopping)
        finally:
            self._lookup_threads.shutdown(wait=False, cancel_futures=True)

    async def open(
        self, topic: str, partition: int, offset: int | None = None, *, since_ms: int | None = None
    ) -> OpenedPartition:
        """Begin to read at `offset`, or at the first record at or after `since_ms` (ms since the epoch), else at the
        end. A start that is not between the watermarks is moved to the nearer one: compare `start`.

        No record is delivered before this returns. Raises KafkaUnavailable; ValueError if it is open already.
        """
        place = (topic, partition)
        topic_id, (low, high), found = await self._look_up(functools.partial(self._facts, place, since_ms))
        if place in self._open:
            raise ValueError(f"{topic}/{partition} is open already")
        wanted = found if offset is None else offset
        start = high if wanted is None else min(max(wanted, low), high)
        reading = _Reading(PartitionRef(topic, topic_id, partition), start)
        self._open[place] = reading
        self._wanted.put((True, reading))
        return OpenedPartition(reading.ref, start, low, high)

    def close(self, topic: str, partition: int) -> None:
        """Read it no longer; nothing of it is delivered after this. Closing what is not open does nothing."""
        reading = self._open.pop((topic, partition), None)
        if reading is not None:
            self._wanted.put((False, reading))

    async def offset_for_time(self, topic: str, partition: int, time_ms: int) -> int | None:
        """The first offset at or after a time (ms since the epoch); None: none yet. Raises KafkaUnavailable."""
        place = (topic, partition)
        return (await self._look_up(functools.partial(self._lookups.offsets_for_times, {place: time_ms})))[place]

    async def watermarks(self, topic: str, partition: int) -> Watermarks:
        """The watermarks now. Raises KafkaUnavailable."""
        place = (topic, partition)
        return (await self._look_up(functools.partial(self._lookups.watermarks, [place])))[place]

    async def _look_up(self, question: "functools.partial[T]") -> T:
        return await asyncio.get_running_loop().run_in_executor(self._lookup_threads, question)

    def _facts(self, place: Place, since_ms: int | None) -> tuple[str, Watermarks, int | None]:
        topic_id = self._lookups.topics([place[0]])[place[0]].topic_id
        watermarks = self._lookups.watermarks([place])[place]
        found = None if since_ms is None else self._lookups.offsets_for_times({place: since_ms})[place]
        return topic_id, watermarks, found

    # On the loop

    def _deliver(self, batches: Sequence[tuple[_Reading, list[InRecord], int | None]]) -> None:
        self._slots.release()
        for reading, records, end in batches:
            if records and self._open.get(reading.place) is reading:
                self._listener.on_records(reading.ref, records)
            if end is not None and self._open.get(reading.place) is reading:
                self._listener.on_caught_up(reading.ref, end)

    def _fail(self, reading: _Reading, problem: ReadProblem) -> None:
        if self._open.get(reading.place) is reading:
            del self._open[reading.place]
            self._listener.on_failed(reading.ref, problem)

    # In the thread

    def _read(self, stop: threading.Event) -> None:
        fetcher = PartitionFetcher(self._settings, wait_ms=FETCH_WAIT_MS)
        try:
            while not stop.is_set():
                self._open_and_close(fetcher)
                if self._reading:
                    self._hand_over(fetcher, fetcher.fetch(self._batch_records, POLL_SECONDS), stop)
                else:
                    stop.wait(POLL_SECONDS)
                self._check_topics(fetcher)
        finally:
            fetcher.close()

    def _open_and_close(self, fetcher: PartitionFetcher) -> None:
        while not self._wanted.empty():
            to_open, reading = self._wanted.get_nowait()
            if to_open:
                self._reading[reading.place] = reading
                fetcher.assign(reading.place, reading.start)
            elif self._reading.get(reading.place) is reading:  # else it had failed
                self._end(fetcher, reading)

    def _end(self, fetcher: PartitionFetcher, reading: _Reading) -> None:
        del self._reading[reading.place]
        fetcher.unassign(reading.place)

    def _hand_over(self, fetcher: PartitionFetcher, fetched: Fetched, stop: threading.Event) -> None:
        by_place: dict[Place, list[InRecord]] = {}
        for record in fetched.records:
            by_place.setdefault((record.topic, record.partition), []).append(record)
        places = [place for place in by_place.keys() | fetched.ends.keys() if place in self._reading]
        batches = [(self._reading[place], by_place.get(place, []), fetched.ends.get(place)) for place in places]
        if batches and self._take_slot(stop):
            self._on_loop(functools.partial(self._deliver, batches))
        for place, error in fetched.failures.items():
            self._failed(fetcher, place, _problem(error))

    def _take_slot(self, stop: threading.Event) -> bool:
        """Wait until the loop has taken an earlier batch. What is fetched ahead meanwhile is bounded by the library."""
        while not self._slots.acquire(timeout=POLL_SECONDS):
            if stop.is_set():
                return False
        return True

    def _check_topics(self, fetcher: PartitionFetcher) -> None:
        changed = self._watch.changed({each.ref.topic: each.ref.topic_id for each in self._reading.values()})
        for place in [place for place in self._reading if place[0] in changed]:
            self._failed(fetcher, place, ReadProblem.RECREATED)

    def _failed(self, fetcher: PartitionFetcher, place: Place, problem: ReadProblem) -> None:
        reading = self._reading.get(place)
        if reading is None:
            return
        log.warning("reading ended", place=place, problem=problem)
        self._end(fetcher, reading)
        self._on_loop(functools.partial(self._fail, reading, problem))

    def _on_loop(self, function: "functools.partial[None]") -> None:
        assert self._loop is not None
        try:
            self._loop.call_soon_threadsafe(function)
        except RuntimeError:
            log.warning("the event loop ended before the reader")


def _problem(error: KafkaError) -> ReadProblem:
    if error.code() in (KafkaError._AUTO_OFFSET_RESET, KafkaError.OFFSET_OUT_OF_RANGE):  # noqa: SLF001 public in fact
        return ReadProblem.OUT_OF_RANGE
    return ReadProblem.GONE
