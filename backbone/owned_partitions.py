"""The partitions that a group member has, and how far each is."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from confluent_kafka import TopicPartition

from backbone.backoff import Backoff
from backbone.due_times import DueTimes
from backbone.group_options import GroupOptions
from backbone.lookups import Place
from backbone.partition_ref import PartitionRef
from backbone.record import InRecord
from backbone.waiting_records import WaitingRecords


@dataclass(eq=False)
class OwnedPartition:
    """One partition from its assignment, or its last reload, to its end. A new one is made each time, so that what
    belongs to an earlier time is recognised by identity.
    """

    topic: str
    partition: int
    backoff: Backoff
    ref: PartitionRef | None = None
    """Set while the handler has it, from `assigned` to `released`."""
    next_offset: int = 0
    """Records below were given to the handler, or wait here."""
    done: int | None = None
    """Records below are handled; None until one is."""
    committing: int | None = None
    """What was last sent as a commit and not refused."""
    waiting: WaitingRecords = field(default_factory=WaitingRecords)
    """Fetched and not handled: what is not due yet, at most a batch more, and what was fetched before it was paused."""
    paused: bool = False

    @property
    def place(self) -> Place:
        return (self.topic, self.partition)

    def at(self, offset: int, metadata: str = "") -> TopicPartition:
        """The partition and an offset, as the library wants them."""
        return TopicPartition(self.topic, self.partition, offset, metadata)


class OwnedPartitions:
    """All partitions of this member, by topic and number."""

    def __init__(self, options: GroupOptions) -> None:
        self._options = options
        self._due = DueTimes(options.due_at, options.clock, options.longest_wait)
        self._owned: dict[Place, OwnedPartition] = {}
        self._taken = 0

    def __iter__(self) -> Iterator[OwnedPartition]:
        return iter(list(self._owned.values()))

    def __len__(self) -> int:
        return len(self._owned)

    def get(self, topic: str, partition: int) -> OwnedPartition | None:
        return self._owned.get((topic, partition))

    def add(self, topic: str, partition: int) -> OwnedPartition:
        """It begins as unopened. One that was there before is replaced."""
        owned = OwnedPartition(topic, partition, Backoff(self._options.retry_first, self._options.retry_cap))
        self._owned[owned.place] = owned
        return owned

    def remove(self, topic: str, partition: int) -> OwnedPartition | None:
        return self._owned.pop((topic, partition), None)

    def open(self) -> list[OwnedPartition]:
        """Those that the handler has."""
        return [owned for owned in self if owned.ref is not None]

    def unopened(self) -> list[OwnedPartition]:
        """Those that the handler has yet to be given."""
        return [owned for owned in self if owned.ref is None]

    def next_wait(self, outage: float) -> float:
        """Seconds until something here is to be done or tried again; infinity if nothing is. Records wait for `outage`
        too.
        """
        unopened = [owned.backoff.wait() for owned in self.unopened()]
        firsts = ((owned, owned.waiting.first()) for owned in self.open())
        waiting = [max(owned.backoff.wait(), outage, self.wait(first)) for owned, first in firsts if first is not None]
        return min(unopened + waiting, default=float("inf"))

    def wait(self, record: InRecord) -> float:
        """Seconds until the record is due."""
        return self._due.wait(record)

    def take_due(self, limit: int) -> list[InRecord]:
        """At most `limit` waiting records whose time has come. Each call begins with another partition, so that one
        where much is due holds up no other.
        """
        opened = self.open()
        self._taken += 1
        taken: list[InRecord] = []
        for number in range(len(opened)):
            owned = opened[(self._taken + number) % len(opened)]
            if owned.waiting and owned.backoff.wait() == 0.0:
                taken += owned.waiting.take(limit - len(taken), self._due.is_due)
        return taken

    def has_enough(self, owned: OwnedPartition) -> bool:
        """Whether fetching of the partition is to pause. Paused, it stays so until half of what waits is gone: each
        pause costs what the library had fetched ahead.
        """
        if self._options.due_at is None or owned.backoff.wait() > 0.0:
            return bool(owned.waiting)
        part = 2 if owned.paused else 1
        waiting = owned.waiting
        return len(waiting) * part >= self._options.ahead_records or waiting.size * part >= self._options.ahead_bytes
