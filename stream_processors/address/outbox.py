"""What a batch puts out, piece by piece: a chunk of followers is published before the next is made."""

from collections.abc import Iterable

from backbone.outputs import Letters, Output, publish_all
from backbone.publishing import BatchPublishing
from backbone.record import InRecord, OutRecord
from runtime.fail_points import Reached, never

PIECE_RECORDS = 10_000
PIECE_BYTES = 8 * 1024 * 1024


class Outbox:
    """Publishes in the order in which records are put, at the latest when a piece is full."""

    def __init__(self, publisher: BatchPublishing, letters: Letters, reached: Reached = never) -> None:
        self._publisher = publisher
        self._letters = letters
        self._reached = reached
        self._piece: list[Output] = []
        self._bytes = 0

    def put(self, records: Iterable[OutRecord], made_of: InRecord) -> int:
        """How many they were. Raises OutageError."""
        count = 0
        for record in records:
            self._piece.append(Output(record, made_of))
            self._bytes += len(record.value or b"")
            count += 1
            if len(self._piece) >= PIECE_RECORDS or self._bytes >= PIECE_BYTES:
                self.flush()
        return count

    def flush(self) -> None:
        """Returns when everything is acknowledged. Raises OutageError."""
        publish_all(self._publisher, self._piece, self._letters)
        self._reached("address.published")
        self._piece.clear()
        self._bytes = 0
