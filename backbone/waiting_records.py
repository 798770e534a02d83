"""Records that were fetched and are not handled yet, in the order of their partition."""

from collections import deque
from collections.abc import Callable, Sequence

from backbone.received import size_of
from backbone.record import InRecord


class WaitingRecords:
    """Of one partition. `size` is in bytes of keys and values."""

    def __init__(self) -> None:
        self.size = 0
        self._records: deque[InRecord] = deque()

    def __len__(self) -> int:
        return len(self._records)

    def first(self) -> InRecord | None:
        """The one whose turn is next."""
        return self._records[0] if self._records else None

    def append(self, record: InRecord) -> None:
        """Behind all others."""
        self._records.append(record)
        self.size += size_of(record)

    def put_back(self, records: Sequence[InRecord]) -> None:
        """Before all others: they were taken, and could not be handled."""
        self._records.extendleft(reversed(records))
        self.size += sum(size_of(record) for record in records)

    def take(self, limit: int, is_due: Callable[[InRecord], bool]) -> list[InRecord]:
        """At most `limit`, up to the first that is not due."""
        taken: list[InRecord] = []
        while self._records and len(taken) < limit and is_due(self._records[0]):
            record = self._records.popleft()
            self.size -= size_of(record)
            taken.append(record)
        return taken
