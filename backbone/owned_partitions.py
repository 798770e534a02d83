"""The partitions that a group member has, and how far each is."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from confluent_kafka import TopicPartition

from backbone.backoff import Backoff
from backbone.lookups import Place
from backbone.partition_ref import PartitionRef
from backbone.record import InRecord


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
    waiting: list[InRecord] = field(default_factory=list)
    """Fetched and not handled: at most a batch and what was fetched before it was paused."""
    paused: bool = False

    @property
    def place(self) -> Place:
        return (self.topic, self.partition)

    def at(self, offset: int, metadata: str = "") -> TopicPartition:
        """The partition and an offset, as the library wants them."""
        return TopicPartition(self.topic, self.partition, offset, metadata)


class OwnedPartitions:
    """All partitions of this member, by topic and number."""

    def __init__(self, backoff_first: float, backoff_cap: float) -> None:
        self._backoff = (backoff_first, backoff_cap)
        self._owned: dict[Place, OwnedPartition] = {}

    def __iter__(self) -> Iterator[OwnedPartition]:
        return iter(list(self._owned.values()))

    def __len__(self) -> int:
        return len(self._owned)

    def get(self, topic: str, partition: int) -> OwnedPartition | None:
        return self._owned.get((topic, partition))

    def add(self, topic: str, partition: int) -> OwnedPartition:
        """It begins as unopened. One that was there before is replaced."""
        owned = OwnedPartition(topic, partition, Backoff(*self._backoff))
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
        """Seconds until something here is to be tried again; infinity if nothing is. Records wait for `outage` too."""
        unopened = [owned.backoff.wait() for owned in self.unopened()]
        waiting = [max(owned.backoff.wait(), outage) for owned in self.open() if owned.waiting]
        return min(unopened + waiting, default=float("inf"))

    def take_due(self, limit: int) -> list[InRecord]:
        """Waiting records whose time has come: of whole partitions, until there are `limit`."""
        taken: list[InRecord] = []
        for owned in self.open():
            if owned.waiting and owned.backoff.wait() == 0.0 and len(taken) < limit:
                taken += owned.waiting
                owned.waiting = []
        return taken
