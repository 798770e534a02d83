"""Time limits without a timer or a task for each: entries that all have the same limit expire in order of arrival."""

from collections.abc import Hashable
from typing import Generic, TypeVar

Entry = TypeVar("Entry", bound=Hashable)


class Deadlines(Generic[Entry]):
    """Who must be done within `seconds`. `now` is monotonic, in seconds."""

    __slots__ = ("_due", "seconds")

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._due: dict[Entry, float] = {}

    def __len__(self) -> int:
        return len(self._due)

    def start(self, entry: Entry, now: float) -> None:
        """The entry's time begins; if it was running, it begins anew."""
        self._due.pop(entry, None)
        self._due[entry] = now + self.seconds

    def stop(self, entry: Entry) -> None:
        """The entry is done. Unknown ones are ignored."""
        self._due.pop(entry, None)

    def expired(self, now: float) -> list[Entry]:
        """Removes and gives those whose time is over."""
        over: list[Entry] = []
        for entry, due in self._due.items():
            if due > now:
                break
            over.append(entry)
        for entry in over:
            del self._due[entry]
        return over
