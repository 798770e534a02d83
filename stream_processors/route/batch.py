"""What one batch reads and changes, kept apart until all of it is written: it may have to be done again."""

from collections import Counter
from collections.abc import Iterator

from backbone.partition_ref import PartitionRef
from backbone.record import InRecord
from domain.entity_status import EntityStatus, StatusFault
from domain.errors import PermanentError
from domain.fleet_event import EventKind, FleetEvent
from domain.live_rules import status_names_of
from domain.position import Position
from domain.quality_rules import held_back_by
from domain.reference import ReferenceRecord
from domain.status_change import StatusChange
from stream_processors.owned_states import Advance
from stream_processors.route.notices import order_name


class MisplacedStatus(PermanentError):
    """The record is in another partition than its entity's key belongs to."""

    def __init__(self, name: str) -> None:
        super().__init__(
            "wrong_partition", f"{name} belongs to another partition: is the producer's partitioner murmur2?"
        )


class RouteBatch:
    """Filled step by step by `RouteHandler`."""

    def __init__(self) -> None:
        self.positions: list[tuple[InRecord, Position]] = []
        self.changes: list[tuple[InRecord, StatusChange]] = []
        self.events: list[tuple[InRecord, FleetEvent]] = []
        self.assignments: list[tuple[InRecord, ReferenceRecord]] = []
        self.faults: list[tuple[InRecord, PermanentError]] = []
        self.marks: dict[PartitionRef, int] = {}
        """Of the status changes' partitions, even when all their records were unreadable."""
        self.statuses: dict[str, EntityStatus] = {}
        """`FLEET/ENTITY` -> its status, as it was, and then with what this batch changes."""
        self.verdicts: list[tuple[InRecord, StatusChange, StatusFault | None]] = []
        self.live_records = 0
        self.requests: Counter[str] = Counter()
        """By the topic of what they were made of."""
        self._changed: dict[PartitionRef, dict[str, EntityStatus]] = {}

    def names(self) -> Iterator[str]:
        """All entities whose status matters here, each once."""
        names = dict.fromkeys(change.key for _, change in self.changes)
        for _, position in self.positions:
            if held_back_by(position.quality) is None:
                names.update(dict.fromkeys(status_names_of(position)))
        names.update((order_name(event), None) for _, event in self.events if event.kind is EventKind.LATE)
        return iter(names)

    def show(self, partition: PartitionRef, name: str, status: EntityStatus) -> None:
        """Takes the new status of an entity."""
        self.statuses[name] = status
        self._changed.setdefault(partition, {})[name] = status

    def advances(self) -> dict[PartitionRef, Advance[EntityStatus]]:
        """What to write."""
        return {partition: Advance(mark, self._changed.get(partition, {})) for partition, mark in self.marks.items()}
