"""A bound on the bytes of all that is held at the same time, whoever sent it."""

from collections.abc import Iterator
from contextlib import contextmanager

from runtime.http.json_problems import OVERLOADED
from runtime.http.problem import Problem


class ByteBudget:
    """So many bytes at a time."""

    def __init__(self, size: int) -> None:
        self._free = size

    @contextmanager
    def reserved(self, size: int) -> Iterator[None]:
        """Holds so many of them. Raises Problem (503) when they are not free."""
        self.take(size)
        try:
            yield
        finally:
            self.give(size)

    def take(self, size: int) -> None:
        """Begins to hold so many. Raises Problem (503) when they are not free."""
        if size > self._free:
            raise Problem(OVERLOADED, "too many bodies are being read", headers={"Retry-After": "1"})
        self._free -= size

    def give(self, size: int) -> None:
        """So many are not held any more."""
        self._free += size
