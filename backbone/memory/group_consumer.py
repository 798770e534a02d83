"""A group member on the memory cluster, driven by the test: nothing happens but in `drain`."""

import itertools
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from backbone.batch_handler import BatchHandler
from backbone.due_times import DueAt, DueTimes
from backbone.errors import LostPartition, PartitionBlocked
from backbone.group_options import GroupOptions, now_micros
from backbone.lookups import Place
from backbone.memory.cluster import MemoryCluster
from backbone.partition_ref import PartitionRef
from backbone.record import InRecord
from domain.errors import OutageError
from domain.instants import Micros

IDLE_SECONDS = 0.005


@dataclass(eq=False)
class _Open:
    ref: PartitionRef
    next_offset: int
    done: int | None = None
    blocked: bool = False


class MemoryGroupConsumer:
    """Twin of `backbone.group_consumer.GroupConsumer`. It has all partitions unless told which; the test moves them
    with `assign`, `revoke` and `lose`. A new instance is a new member: it begins at the group's commits. `due_at`
    and `clock` are those of `GroupOptions`.
    """

    def __init__(
        self,
        cluster: MemoryCluster,
        group: str,
        topics: Sequence[str],
        handler: BatchHandler,
        *,
        batch_records: int = 500,
        due_at: DueAt | None = None,
        clock: Callable[[], Micros] = now_micros,
        assign_all: bool = True,
    ) -> None:
        self._cluster = cluster
        self._group = group
        self._handler = handler
        self._batch_records = batch_records
        self._due = DueTimes(due_at, clock, GroupOptions.longest_wait)
        self._wanted: set[Place] = set()
        self._open: dict[Place, _Open] = {}
        if assign_all:
            facts = cluster.topics(topics)
            self.assign((topic, number) for topic, each in facts.items() for number in range(each.partitions))

    def drain(self) -> bool:
        """Handle all that is due, in batches, and commit. False: an outage or a blocked partition holds some of it up;
        the next `drain` tries that again.
        """
        for opened in self._open.values():
            opened.blocked = False
        try:
            while self._step():
                pass
            self._tick()
            while self._step():
                pass
        except OutageError:
            return False
        finally:
            self._commit(self._open.values())
        return not any(opened.blocked for opened in self._open.values())

    def run(self, stop: threading.Event) -> None:
        """The same in a thread, until `stop`; then the partitions are released in good order."""
        while not stop.is_set():
            self.drain()
            stop.wait(IDLE_SECONDS)
        self.revoke(list(self._wanted))

    def assign(self, places: Iterable[Place]) -> None:
        """Give this member partitions; the handler hears of them in the next `drain`."""
        self._wanted |= set(places)

    def revoke(self, places: Iterable[Place]) -> None:
        """Take partitions away in good order: what is done is committed."""
        gone = self._take(places)
        self._commit(gone)
        for opened in gone:
            self._handler.released(opened.ref, lost=False)

    def lose(self, places: Iterable[Place]) -> None:
        """Take partitions away as when the member was thought dead."""
        for opened in self._take(places):
            self._handler.released(opened.ref, lost=True)

    def _take(self, places: Iterable[Place]) -> list[_Open]:
        places = set(places)
        self._wanted -= places
        return [self._open.pop(place) for place in sorted(places & self._open.keys())]

    def _step(self) -> bool:
        """One batch, of all partitions that have records. False: nothing was left to handle."""
        for place in sorted(self._wanted):
            self._check(place)
        records = self._fetch()
        if not records:
            return False
        try:
            self._handler.handle(records)
        except LostPartition as error:
            self._reload((error.partition.topic, error.partition.partition))
        except PartitionBlocked as error:
            self._open[error.partition.topic, error.partition.partition].blocked = True
        else:
            for record in records:
                opened = self._open[record.topic, record.partition]
                opened.next_offset = opened.done = record.offset + 1
        return True

    def _tick(self) -> None:
        """Time passes between two calls of `drain`."""
        try:
            self._handler.tick()
        except LostPartition as error:
            self._reload((error.partition.topic, error.partition.partition))

    def _check(self, place: Place) -> None:
        """Open the partition, or open it again if its topic was made again or its records are gone."""
        opened = self._open.get(place)
        ref = PartitionRef(place[0], self._cluster.topics([place[0]])[place[0]].topic_id, place[1])
        low, high = self._cluster.watermarks([place])[place]
        if opened is not None and (opened.ref != ref or not low <= opened.next_offset <= high):
            self._reload(place)
            opened = None
        if opened is not None:
            return
        committed = self._cluster.committed(self._group, ref)
        start = self._handler.assigned(ref, committed)
        start = committed if start is None else start
        self._open[place] = _Open(ref, start if start is not None and low <= start <= high else low)

    def _reload(self, place: Place) -> None:
        self._handler.released(self._open.pop(place).ref, lost=True)

    def _fetch(self) -> list[InRecord]:
        records: list[InRecord] = []
        for place, opened in sorted(self._open.items(), key=lambda each: each[0]):
            if not opened.blocked:
                there = self._cluster.read(place, opened.next_offset, self._batch_records - len(records))
                records += itertools.takewhile(self._due.is_due, there)
        return records

    def _commit(self, partitions: Iterable[_Open]) -> None:
        try:
            for opened in partitions:
                if opened.done is not None:
                    self._cluster.commit(self._group, opened.ref, opened.done)
        except OutageError:
            return  # the next commit says the same or more
