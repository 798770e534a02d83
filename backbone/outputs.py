"""Publishing what a batch made, so that a record that can never be published does not stop the others."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from backbone.errors import RecordTooLarge
from backbone.publishing import BatchPublishing
from backbone.record import InRecord, OutRecord
from domain.errors import PermanentError


class Output(NamedTuple):
    """A record to publish, and the one that it was made of."""

    record: OutRecord
    made_of: InRecord


class Letters(Protocol):
    """How a record becomes a dead letter: `backbone.dead_letters.DeadLetters`."""

    def letter(self, record: InRecord, error: PermanentError) -> OutRecord:
        """The dead letter of a record."""
        ...

    def buried(self, record: InRecord, error: PermanentError) -> None:
        """Counts and tells that it was published."""
        ...


def publish_all(publisher: BatchPublishing, outputs: Sequence[Output], letters: Letters) -> None:
    """Returns when all are acknowledged, in their order. Raises OutageError.

    In the place of one that the broker can never take goes the dead letter of what it was made of. A dead letter that
    is itself too large ends the process (RecordTooLarge): the topic's limits are then wrong, and nothing may be lost.
    """
    records = [output.record for output in outputs]
    start = 0
    buried = -1
    while start < len(records):
        try:
            publisher.publish(records[start:])
        except RecordTooLarge as error:
            start += error.index
            if start == buried:
                raise
            buried = start
            records[start] = letters.letter(outputs[start].made_of, error)
            letters.buried(outputs[start].made_of, error)
        else:
            return
