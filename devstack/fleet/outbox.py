"""What waits to be sent: bounded, in order, and honest about what it had to drop."""

from collections import deque
from typing import Generic, TypeVar

T = TypeVar("T")


class Outbox(Generic[T]):
    """A queue of at most `limit` items. When full the oldest goes, as in a device whose memory is full."""

    def __init__(self, limit: int) -> None:
        self._items: deque[T] = deque()
        self._limit = limit
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._items)

    def put(self, items: list[T]) -> None:
        self._items.extend(items)
        while len(self._items) > self._limit:
            self._items.popleft()
            self.dropped += 1

    def take(self, most: int) -> list[T]:
        """The oldest items, at most so many; they are the taker's now."""
        return [self._items.popleft() for _ in range(min(most, len(self._items)))]
