"""A batch handler that keeps what it is given, and raises what the test wants."""

from collections.abc import Callable, Sequence

from backbone.partition_ref import PartitionRef
from backbone.record import InRecord


class RecordingHandler:
    """`before` is called with each batch and may raise; what it lets pass is in `handled`."""

    def __init__(
        self,
        before: Callable[[Sequence[InRecord]], None] = lambda records: None,
        start: Callable[[PartitionRef, int | None], int | None] = lambda partition, committed: None,
    ) -> None:
        self.before = before
        self.start = start
        self.handled: list[InRecord] = []
        self.batches: list[int] = []
        self.ticks = 0
        self.assignments: list[tuple[PartitionRef, int | None]] = []
        self.releases: list[tuple[PartitionRef, bool]] = []

    def assigned(self, partition: PartitionRef, committed: int | None) -> int | None:
        start = self.start(partition, committed)
        self.assignments.append((partition, committed))
        return start

    def handle(self, records: Sequence[InRecord]) -> None:
        self.before(records)
        self.batches.append(len(records))
        self.handled += records

    def tick(self) -> None:
        self.ticks += 1

    def released(self, partition: PartitionRef, *, lost: bool) -> None:
        self.releases.append((partition, lost))

    def values(self, partition: int | None = None) -> list[bytes]:
        return [each.value or b"" for each in self.handled if partition in (None, each.partition)]

    def refs(self) -> list[PartitionRef]:
        """What it has now, in the order of its coming."""
        now = [ref for ref, _ in self.assignments]
        for ref, _ in self.releases:
            now.remove(ref)
        return now
