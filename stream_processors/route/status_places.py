"""Which partition of the status changes an entity's status belongs to: it follows from the key."""

from collections.abc import Callable

from backbone.lookups import TopicFacts
from backbone.partition_ref import PartitionRef
from backbone.partitioner import partition_of
from backbone.topics import STATUS_CHANGES

REMEMBERED = 200_000


class StatusPlaces:
    """For one thread. The topic is looked up when it is first needed, and again when it was made again."""

    def __init__(self, look_up: Callable[[], TopicFacts]) -> None:
        """`look_up` asks the cluster for the facts of the topic, and may raise OutageError."""
        self._look_up = look_up
        self._facts: TopicFacts | None = None
        self._places: dict[str, PartitionRef] = {}

    def of(self, name: str) -> PartitionRef:
        """The partition of `FLEET/ENTITY`, such as `acme/order/A-1001`. Raises OutageError."""
        place = self._places.get(name)
        if place is None:
            if len(self._places) >= REMEMBERED:
                self._places.clear()
            place = self._places[name] = self._place(name)
        return place

    def seen(self, partition: PartitionRef) -> None:
        """Takes note of a partition of the topic as it is now."""
        if self._facts is not None and self._facts.topic_id != partition.topic_id:
            self._facts = None
            self._places.clear()

    def _place(self, name: str) -> PartitionRef:
        if self._facts is None:
            self._facts = self._look_up()
        return PartitionRef(
            STATUS_CHANGES.name, self._facts.topic_id, partition_of(name.encode(), self._facts.partitions)
        )
