"""What a group consumer asks of the processor whose records it brings."""

from collections.abc import Sequence
from typing import Protocol

from backbone.partition_ref import PartitionRef
from backbone.record import InRecord


class BatchHandler(Protocol):
    """All methods are called in the consumer's one thread.

    What is raised decides: OutageError, the same again after a pause; LostPartition and PartitionBlocked, see there;
    anything else ends the process. No record is ever skipped.
    """

    def assigned(self, partition: PartitionRef, committed: int | None) -> int | None:
        """Load the partition's state. Returns the first offset to read; None: `committed`, else the earliest there is.

        `committed` is what the group has committed for exactly this topic id.
        """
        ...

    def handle(self, records: Sequence[InRecord]) -> None:
        """One bounded batch, any mix of partitions, in order in each. On return all outputs are acknowledged and state
        is written; then the consumer may commit.

        Raises:
            OutageError: nothing can be done now. The same records come again after a pause, perhaps in batches of
                other sizes, and without those of partitions that were taken away meanwhile.
            LostPartition: somebody else wrote the partition's state: its records are dropped, it is released and
                assigned again; the other records come again at once.
            PartitionBlocked: the partition's records come again after a pause; the other records at once.
        """
        ...

    def tick(self) -> None:
        """Called about once a second between batches, for what time makes due although no record comes.

        OutageError and LostPartition mean the same as in `handle`.
        """
        ...

    def released(self, partition: PartitionRef, *, lost: bool) -> None:
        """Forget the partition's state. `lost`: somebody else may have it already, so write nothing any more."""
        ...
