"""When a record may be handed over: at once, or when the time has come that it names."""

from collections.abc import Callable

from backbone.record import InRecord
from domain.instants import SECOND, Micros

DueAt = Callable[[InRecord], Micros | None]
"""The instant that a record waits for; None: it waits for nothing. It must not raise."""


class DueTimes:
    """`due_at` None: no record waits. `longest` seconds after it was produced a record waits no more, whatever it says:
    a header with a nonsensical date must not stop a partition for good.
    """

    def __init__(self, due_at: DueAt | None, clock: Callable[[], Micros], longest: float) -> None:
        self._due_at = due_at
        self._clock = clock
        self._longest = round(longest * SECOND)

    def wait(self, record: InRecord) -> float:
        """Seconds until the record is due; 0.0 when it is."""
        if self._due_at is None:
            return 0.0
        due = self._due_at(record)
        if due is None:
            return 0.0
        due = min(due, record.timestamp_ms * 1000 + self._longest)
        return max(0.0, (due - self._clock()) / SECOND)

    def is_due(self, record: InRecord) -> bool:
        """Whether it may be handed over now."""
        return self.wait(record) == 0.0
