"""Reading what Kafka still has, from a stated place to where it ended when reading began: for rebuilding lost state."""

import time
from collections.abc import Iterator
from typing import Protocol

import structlog

from backbone.record import InRecord

log = structlog.get_logger(__name__)

TELL_EVERY = 5.0  # seconds between two lines of progress


class History(Protocol):
    """All methods wait for Kafka, and raise OutageError when it does not answer."""

    def partitions(self, topic: str) -> int:
        """How many partitions a topic has."""
        ...

    def since(self, topic: str, partition: int, time_ms: int | None) -> Iterator[InRecord]:
        """All records at or after a time (ms since the epoch), to the present end; None: from the earliest."""
        ...

    def between(self, topic: str, partition: int, start: int, end: int) -> Iterator[InRecord]:
        """All records that there are with start <= offset < end."""
        ...


def told(records: Iterator[InRecord], doing: str) -> Iterator[InRecord]:
    """The same records, with a line of progress in the log now and then."""
    tell_at = time.monotonic() + TELL_EVERY
    for count, record in enumerate(records, start=1):
        if time.monotonic() >= tell_at:
            log.info(doing, topic=record.topic, partition=record.partition, offset=record.offset, records=count)
            tell_at = time.monotonic() + TELL_EVERY
        yield record
