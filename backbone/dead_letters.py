"""Records that can never be processed: set aside in a topic of their own, bytes unchanged, with the reason."""

import copy
import time

import structlog
from prometheus_client import CollectorRegistry, Counter

from backbone.publishing import BatchPublishing
from backbone.record import Headers, InRecord, OutRecord
from backbone.topics import dead_letter_topic
from domain.errors import PermanentError
from domain.instants import format_rfc3339

log = structlog.get_logger(__name__)

REASON = "dlq-reason"
DETAIL = "dlq-detail"
TOPIC = "dlq-topic"
PARTITION = "dlq-partition"
OFFSET = "dlq-offset"
TIME = "dlq-time"
GROUP = "dlq-group"
LONGEST_DETAIL = 1000  # characters


class DeadLetters:
    """The dead letters of one group."""

    def __init__(self, publisher: BatchPublishing, group: str, registry: CollectorRegistry) -> None:
        self._publisher = publisher
        self._group = group
        self._buried = Counter(
            "fleetcast_dead_letters_total",
            "Records set aside because they can never be processed.",
            ["group", "topic", "reason"],
            registry=registry,
        )

    def of(self, group: str, publisher: BatchPublishing) -> "DeadLetters":
        """Those of another group in the same process, counted in the same metric."""
        other = copy.copy(self)
        other._group, other._publisher = group, publisher  # noqa: SLF001 it is one of us
        return other

    def letter(self, record: InRecord, error: PermanentError) -> OutRecord:
        """What is written for `record`: its key, value and headers, and headers that say why and whence."""
        why: Headers = [
            (REASON, error.reason.encode()),
            (DETAIL, error.detail[:LONGEST_DETAIL].encode(errors="replace")),
            (TOPIC, record.topic.encode()),
            (PARTITION, str(record.partition).encode()),
            (OFFSET, str(record.offset).encode()),
            (TIME, format_rfc3339(time.time_ns() // 1000).encode()),
            (GROUP, self._group.encode()),
        ]
        return OutRecord(
            topic=dead_letter_topic(record.topic, self._group),
            key=record.key,
            value=record.value,
            headers=[*record.headers, *why],
        )

    def bury(self, record: InRecord, error: PermanentError) -> OutRecord:
        """Write the record to its dead-letter topic and return what was written. Raises OutageError: bury it again."""
        letter = self.letter(record, error)
        self._publisher.publish([letter])
        self.buried(record, error)
        return letter

    def buried(self, record: InRecord, error: PermanentError) -> None:
        """Counts and tells that the letter was written, by whoever published it together with other records."""
        self._buried.labels(self._group, record.topic, error.reason).inc()
        log.warning(
            "record buried",
            group=self._group,
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
            reason=error.reason,
            detail=error.detail[:LONGEST_DETAIL],
        )
