"""The states of processors in memory: the twin of `storage.redis.processor_states`."""

from collections.abc import Mapping, Sequence
from typing import Generic, TypeVar

from domain.errors import OutageError
from storage.processor_states import StateRead, StateWrite
from storage.redis.keys import PartitionTag

T = TypeVar("T")


class MemoryProcessorStates(Generic[T]):
    """A `ProcessorStates` that can be emptied, and be away for a time."""

    def __init__(self) -> None:
        self.away = False
        """While True every call raises OutageError."""
        self._marks: dict[PartitionTag, int] = {}
        self._values: dict[tuple[PartitionTag, str], T] = {}

    def empty(self) -> None:
        """Forgets everything, as Redis does when it is flushed."""
        self._marks.clear()
        self._values.clear()

    def read(self, wanted: Mapping[PartitionTag, Sequence[str]]) -> dict[PartitionTag, StateRead[T]]:
        """See ProcessorStates."""
        self._answer()
        return {
            tag: StateRead(
                self._marks.get(tag), {name: self._values[tag, name] for name in names if (tag, name) in self._values}
            )
            for tag, names in wanted.items()
        }

    def write(self, writes: Sequence[StateWrite[T]]) -> list[PartitionTag]:
        """See ProcessorStates."""
        self._answer()
        return [write.tag for write in writes if not self._write(write)]

    def _answer(self) -> None:
        if self.away:
            raise OutageError("the store is away")

    def _write(self, write: StateWrite[T]) -> bool:
        if self._marks.get(write.tag) != write.expected:
            return False
        self._values.update({(write.tag, name): value for name, value in write.values.items()})
        if write.next_mark is not None:
            self._marks[write.tag] = write.next_mark
        return True
